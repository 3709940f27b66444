/** The token that somebody gave on a page: kept for the tab, on all pages of the hub, and never in an address. */

const KEY = 'auralis.token';

/** '' where there is none. */
export function givenToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    // A browser that lets the page keep nothing.
    return '';
  }
}

/** Keeps it and begins the page anew with it. */
export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
  location.reload();
}
