import type { Dashboard } from '../model/dashboard.js';
import { AlertPanel } from './alerts.js';
import { Connections } from './connections.js';
import { EngineRoom } from './engine-room.js';
import { Header } from './header.js';
import { Streams } from './streams.js';
import { TokenForm } from './token-form.js';
import { TrendPanel } from './trend-panel.js';

interface Props {
  readonly dashboard: Dashboard;
  readonly repaint: () => void;
}

export function App({ dashboard, repaint }: Props) {
  if (dashboard.needsToken) {
    return (
      <>
        <Header dashboard={dashboard} />
        <TokenForm forRole="viewer" />
      </>
    );
  }
  return (
    <>
      <Header dashboard={dashboard} />
      <AlertPanel dashboard={dashboard} />
      {dashboard.refusal !== null && (
        <p class="refusal">
          The hub refuses: <bdi>{dashboard.refusal}</bdi>
        </p>
      )}
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
