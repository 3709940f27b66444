/** A date, or a date and a time with its offset; other forms mean different moments to different readers. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** A moment that was typed as ISO 8601, ms since 1970; NaN where it is none. */
export const parseIsoTime = (text: string) => (ISO_8601.test(text) ? Date.parse(text) : Number.NaN);
