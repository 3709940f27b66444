import type { Dashboard } from '../model/dashboard.js';
import { Connections } from './connections.js';
import { Header } from './header.js';
import { linkText } from './link-state.js';
import { Streams } from './streams.js';
import { TrendPanel } from './trend-panel.js';

interface Props {
  readonly dashboard: Dashboard;
  readonly repaint: () => void;
}

export function App({ dashboard, repaint }: Props) {
  return (
    <>
      <Header dashboard={dashboard} />
      {dashboard.refusal !== null && <p class="refusal">The hub refuses: {dashboard.refusal}</p>}
      {/* Rows of a lost connection stay, dimmed: the last known is worth more than nothing, and must not pass for now. */}
      <main class={dashboard.isCurrent ? '' : 'stale'}>
        <Streams dashboard={dashboard} repaint={repaint} />
        <TrendPanel dashboard={dashboard} />
        <Connections dashboard={dashboard} repaint={repaint} />
      </main>
    </>
  );
}

/** For a tab among many: the state first, for it is all that can be read there. */
export function titleOf(dashboard: Dashboard): string {
  const { feed, place, connectionTable } = dashboard;
  const { alerts } = connectionTable.order.census;
  const state = feed.state === 'live' ? (alerts > 0 ? `▲ ${alerts}` : '●') : `◌ ${linkText(dashboard)}`;
  return [state, place.stream, 'Auralis'].filter((part) => part !== null).join(' · ');
}
