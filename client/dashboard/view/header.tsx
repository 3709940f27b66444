import { type Dashboard, totalOf } from '../model/dashboard.js';
import { MISSING, number, span } from '../model/format.js';
import { judge } from '../model/judge.js';
import { viewOf } from '../model/layout.js';
import { LinkBadge } from './link-state.js';
import { Mark } from './mark.js';

/** The hub's name, the state of the connection, and the hub's figures in large. */
export function Header({ dashboard }: { readonly dashboard: Dashboard }) {
  const { hub } = dashboard.feed;
  return (
    <header class="top">
      <div class="brand">
        <h1>Auralis</h1>
        <span class="note">{hub === null ? 'no hub yet' : `${hub.hub.split('@')[0]} · ${hub.version}`}</span>
      </div>
      <LinkBadge dashboard={dashboard} />
      <HubTiles dashboard={dashboard} />
    </header>
  );
}

function HubTiles({ dashboard }: { readonly dashboard: Dashboard }) {
  const { streams } = dashboard;
  const hubs = dashboard.tables.rows('hubs');
  const listeners = totalOf(hubs, 'active_connections') ?? totalOf(streams, 'active_connections');
  const started = [...hubs.values()].map((row) => row.get('started_at')).find((at) => at !== null) ?? null;
  const hubsHelp = (name: string) => dashboard.tables.catalogue('hubs').get(name)?.help;
  return (
    <dl class={`tiles ${dashboard.isCurrent ? '' : 'stale'}`}>
      <Tile label="Listeners" tip={hubsHelp('active_connections')} value={number(listeners)} />
      <Tile
        label="Chunks sent"
        unit="/s"
        tip="Chunks sent to listeners a second, over 5 s"
        value={number(dashboard.chunkRate.perSecond)}
      />
      <DroppedTile dashboard={dashboard} />
      <Tile
        label="Up"
        tip={hubsHelp('started_at')}
        value={started === null ? MISSING : span(dashboard.feed.now() - started * 1000)}
      />
    </dl>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly tip?: string | undefined;
  readonly level?: string | undefined;
  readonly mark?: preact.ComponentChildren;
}

function Tile({ label, value, unit, tip, level, mark }: TileProps) {
  return (
    <div class={`tile ${level ?? ''}`} data-tip={tip}>
      <dt>{label}</dt>
      <dd class={value === MISSING ? 'missing' : ''}>
        {mark}
        {value}
        {unit !== undefined && value !== MISSING && <small>{unit}</small>}
      </dd>
    </div>
  );
}

/** The sum over streams; its level is the worst stream's, for that is what the threshold is about. */
function DroppedTile({ dashboard }: { readonly dashboard: Dashboard }) {
  const { streams } = dashboard;
  const catalogue = dashboard.tables.catalogue('streams');
  const [column] = viewOf([{ name: 'dropped_per_min', label: '', width: 0, kind: 'reading' }], catalogue);
  const circumstances = { catalogue, publishing: null };
  const verdicts = [...streams.values()].map((row) =>
    column === undefined ? null : judge(row, column, circumstances),
  );
  const worst =
    verdicts.find((verdict) => verdict?.level === 'alert') ??
    verdicts.find((verdict) => verdict?.level === 'off-target');
  return (
    <Tile
      label="Dropped"
      unit="/min"
      tip={column?.spec?.help}
      value={number(totalOf(streams, 'dropped_per_min'))}
      level={worst?.level}
      mark={<Mark verdict={worst ?? null} />}
    />
  );
}
