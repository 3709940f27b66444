import { SOCKET_ROLES } from '../auth/roles.js';
import type { EngineRoom } from '../engine/room.js';
import { CmcdRecord } from '../external/cmcd.js';
import { CmcdIntake } from '../external/cmcd-intake.js';
import { ConnectionInbox } from '../external/connection-record.js';
import type { ExternalConnections } from '../external/external-connections.js';
import { ReportIntake } from '../external/report-intake.js';
import { WEB_FOLDER } from '../files.js';
import type { History } from '../history/history.js';
import type { Api } from '../http/api.js';
import { createApp } from '../http/app.js';
import { StaticFiles } from '../http/static.js';
import type { SummaryHistory } from '../http/summary.js';
import { ListenerMessages } from '../ingest/listener-message.js';
import type { Live } from '../live/live.js';
import type { PrometheusPage } from '../prometheus/page.js';
import { listenRoute, streamName } from '../relay/listen-route.js';
import { publishRoute } from '../relay/publish-route.js';
import type { Relay } from '../relay/relay.js';
import type { HubCounters } from '../state/counters.js';
import type { Tables } from '../state/tables.js';
import type { Clock } from '../time/clock.js';
import { SliceQueue } from '../time/time-slicer.js';
import type { SocketRoute, TransportOptions } from '../transport/transport.js';
import { VERSION } from '../version.js';
import type { AccessControl } from './access-control.js';
import type { AlertPipeline } from './alert-pipeline.js';
import { configSchema } from './config-schema.js';
import type { HubOptions } from './options.js';

/** Parts of the hub that sockets and requests reach. */
export interface ServiceContext {
  readonly options: HubOptions;
  readonly clock: Clock;
  readonly tables: Tables;
  readonly counters: HubCounters;
  readonly door: AccessControl;
  readonly relay: Relay;
  readonly engines: EngineRoom;
  /** External connections. */
  readonly reported: ExternalConnections;
  /** Players that report by CMCD. */
  readonly players: ExternalConnections;
  readonly live: Live;
  readonly alertPipeline: AlertPipeline;
  readonly summary: SummaryHistory;
  readonly prometheus: PrometheusPage;
  readonly history: History;
  readonly isDraining: () => boolean;
  /** Return how long the loop was blocked lately, ms. */
  readonly stalledMs: () => number;
  /** Return the part of the hub that no longer works, or null. */
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
    // Any page may receive audio.
    ...door.sockets(listenRoute(audio), { origins: 'any-origin', role: SOCKET_ROLES.listen, streamOf: streamName }),
    ...door.sockets(publishRoute(audio), { origins: 'our-origins', role: SOCKET_ROLES.publish, streamOf: streamName }),
    ...door.sockets(live.route(), { origins: 'our-origins', role: SOCKET_ROLES.live }),
  ];
}

function app(context: ServiceContext): Api {
  const { tables, counters, summary, prometheus, history, isDraining, failing, engines, relay, onError } = context;
  const { alertPipeline, clock, door, options } = context;
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
    cmcd: new CmcdIntake(context.players, (text) => new CmcdRecord(text), counters),
    reports: new ReportIntake(context.reported, new ConnectionInbox(), counters),
    alerts: alertPipeline.alerting,
    notifiers: alertPipeline.notifications,
    files: new StaticFiles(WEB_FOLDER),
    guard: door.guard,
    relay,
    version: VERSION,
    publicUrl: options.publicUrl,
    configSchema,
    now: clock.now,
    wallNow: () => clock.wallNow(),
    wallOf: (at) => clock.wallOf(at),
    onError,
  });
}
