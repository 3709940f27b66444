/** A name that turns lines, moves a cursor, clears a terminal (CSI of both sets) and breaks lines in three ways. */
export const STRANGE = 'a\u001b[2J\u009b1m\u202eb\u2066c\u2028d\u0000\u007f';
/** The same, written out. */
export const WRITTEN_OUT = 'a\\u001b[2J\\u009b1m\\u202eb\\u2066c\\u2028d\\u0000\\u007f';

/** Characters that a terminal obeys, or that turn the direction of writing, without ends of lines. */
export const OBEYED = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
