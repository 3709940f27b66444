type Headers = readonly (readonly [name: string, value: string])[];

/** Policy of everything but pages: it loads nothing, and no page may frame it. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Policy of a page: everything comes from the hub, WebSockets too. `data:` images are icons in style sheets. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer that has no own of the same name: routes, problems, refused upgrades, files. */
export const SECURITY_HEADERS: Headers = [
  ['content-security-policy', NOTHING],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
];
