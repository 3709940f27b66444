import { fileURLToPath } from 'node:url';
import type { Alarm } from './alarm.js';
import { SOCKET_ROLES } from './auth/roles.js';
import type { Clock } from './clock.js';
import type { EngineRoom } from './engine/room.js';
import type { FrontDoor } from './front-door.js';
import type { History } from './history/history.js';
import type { Api } from './http/api.js';
import { createApp } from './http/app.js';
import { StaticFiles } from './http/static.js';
import type { SummaryHistory } from './http/summary.js';
import { CmcdRecord } from './ingest/cmcd.js';
import { ConnectionInbox } from './ingest/connection-record.js';
import { ListenerMessages } from './ingest/listener-message.js';
import type { Live } from './live/live.js';
import type { HubOptions } from './options.js';
import type { PrometheusPage } from './prometheus/page.js';
import { CmcdDesk } from './relay/cmcd-desk.js';
import { listenRoute, streamName } from './relay/listen-route.js';
import { publishRoute } from './relay/publish-route.js';
import type { Relay } from './relay/relay.js';
import type { ReportedConnections } from './relay/reported-connections.js';
import { ReportsDesk } from './relay/reports-desk.js';
import { SliceQueue } from './slices.js';
import type { HubCounters } from './state/counters.js';
import type { Tables } from './state/tables.js';
import type { SocketRoute, TransportOptions } from './transport/transport.js';
import { VERSION } from './version.js';

/** Parts of the hub that sockets and requests reach. */
export interface ServiceContext {
  readonly options: HubOptions;
  readonly clock: Clock;
  readonly tables: Tables;
  readonly counters: HubCounters;
  readonly door: FrontDoor;
  readonly relay: Relay;
  readonly engines: EngineRoom;
  /** Connections that other servers report. */
  readonly reported: ReportedConnections;
  /** Players that report by CMCD. */
  readonly players: ReportedConnections;
  readonly live: Live;
  readonly alarm: Alarm;
  readonly summary: SummaryHistory;
  readonly prometheus: PrometheusPage;
  readonly history: History;
  readonly isDraining: () => boolean;
  /** Return for how long the hub stood still lately, ms. */
  readonly stalledMs: () => number;
  /** Return the part of the hub that no longer works; null while everything does. */
  readonly failing: () => string | null;
  readonly onError: (error: unknown) => void;
}

export type HubService = Pick<TransportOptions, 'routes' | 'fetch' | 'stalledMs'>;

/** Return the sockets and plain HTTP of a hub, for its transport to serve. */
export function hubService(context: ServiceContext): HubService {
  const { door, stalledMs } = context;
  return { routes: sockets(context), fetch: door.fetch(app(context)), stalledMs };
}

function sockets(context: ServiceContext): readonly SocketRoute[] {
  const { door, live, relay, engines, tables, counters, isDraining, stalledMs } = context;
  const messages = new ListenerMessages();
  const { now } = context.clock;
  const audio = { relay, messages, engines, tables, counters, now, isDraining, stalledMs };
  return [
    // Audio may be listened to from any page.
    ...door.sockets(listenRoute(audio), { origins: 'any-origin', role: SOCKET_ROLES.listen, streamOf: streamName }),
    ...door.sockets(publishRoute(audio), { origins: 'our-origins', role: SOCKET_ROLES.publish, streamOf: streamName }),
    ...door.sockets(live.route(), { origins: 'our-origins', role: SOCKET_ROLES.live }),
  ];
}

function app(context: ServiceContext): Api {
  const { tables, counters, summary, prometheus, history, isDraining, failing, engines, relay, onError } = context;
  const { alarm, clock, door, options } = context;
  return createApp({
    tables,
    counters,
    summary,
    prometheus,
    history,
    isDraining,
    slices: new SliceQueue(),
    failing,
    engines,
    cmcd: new CmcdDesk(context.players, (text) => new CmcdRecord(text), counters),
    reports: new ReportsDesk(context.reported, new ConnectionInbox(), counters),
    alerts: alarm.alerting,
    notifiers: alarm.notifications,
    files: new StaticFiles(fileURLToPath(new URL('../../client/dist/web', import.meta.url))),
    guard: door.guard,
    relay,
    version: VERSION,
    publicUrl: options.publicUrl,
    now: clock.now,
    wallNow: () => clock.wallNow(),
    wallOf: (at) => clock.wallOf(at),
    onError,
  });
}
