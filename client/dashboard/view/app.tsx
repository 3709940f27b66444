import type { Dashboard } from '../model/dashboard.js';
import { Connections } from './connections.js';
import { EngineRoom } from './engine-room.js';
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
        <div class="overview">
          <Streams dashboard={dashboard} repaint={repaint} />
          <EngineRoom dashboard={dashboard} />
        </div>
        <TrendPanel dashboard={dashboard} />
        <Connections dashboard={dashboard} repaint={repaint} />
      </main>
    </>
  );
}

/** For a tab among many: the state first, for it is all that can be read there. */
export function titleOf(dashboard: Dashboard): string {
  const { feed, place, stream } = dashboard;
  const critical = stream?.get('listeners_critical') ?? 0;
  const warning = stream?.get('listeners_warning') ?? 0;
  const trouble = critical > 0 ? `◆ ${critical}` : warning > 0 ? `◇ ${warning}` : '●';
  const state = feed.state === 'live' ? trouble : `◌ ${linkText(dashboard)}`;
  return [state, place.stream, 'Auralis'].filter((part) => part !== null).join(' · ');
}
