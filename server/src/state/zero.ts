/**
 * 0 for a field that will hold fractions, or what a cell of a table held. V8 lays a class out by the first value of each field.
 * A field that begins as the small integer 0 changes the layout of its class at the first double, and whatever was compiled for
 * the old one is thrown away; one that begins as `undefined` puts each number that is written into a new box of 16 bytes. −0 is a
 * double from the start, as NaN and the infinities are.
 */
export const ZERO = -0;
