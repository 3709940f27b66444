import type { Dashboard } from '../model/dashboard.js';
import type { LinkState } from '../model/feed.js';
import { span, timeOfDay } from '../model/format.js';

const GLYPHS: Readonly<Record<LinkState, string>> = {
  connecting: '◌',
  live: '●',
  behind: '◐',
  reconnecting: '◌',
  closed: '✕',
};

/** State of the page's own connection, so that old figures are not trusted. */
export function linkText(dashboard: Dashboard): string {
  const { state, behindMs } = dashboard.feed;
  if (state === 'behind') return `behind by ${span(Math.max(behindMs, 1000))}`;
  return state;
}

export function LinkBadge({ dashboard }: { readonly dashboard: Dashboard }) {
  const { state } = dashboard.feed;
  const since = `since ${timeOfDay(dashboard.linkSince)}`;
  return (
    <p class={`link ${state}`} data-tip={TIPS[state]}>
      <span class="dot" aria-hidden="true">
        {GLYPHS[state]}
      </span>
      {/* Only a change of state is read out; that the delay grew by a second is not. */}
      <span role="status" aria-live="polite">
        <span class="unseen">Connection: {state}</span>
      </span>
      <b aria-hidden="true">{linkText(dashboard)}</b>
      <small>{state === 'live' ? since : `${since} · ${span(Date.now() - dashboard.linkSince)}`}</small>
    </p>
  );
}

const TIPS: Readonly<Record<LinkState, string>> = {
  connecting: 'Waiting for the hub',
  live: 'Figures are as the hub has them now',
  behind: 'This page reads too slowly: the hub skips frames until it has caught up',
  reconnecting: 'The hub cannot be reached: figures are the last known',
  closed: 'The hub ended the connection for good: reload the page to try again',
};
