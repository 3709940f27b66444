import { SCHEMAS, Table, VALUES } from '@auralis/shared';

/** A hub that allows a million listeners will hardly have them: beyond this room is made when they come. */
const MOST_ROOM = 32_000;
const LEAST_ROOM = 16;

/** For how many connections there is room from the start, where so many listeners are allowed. */
export const roomForListeners = (most: number) => Math.max(LEAST_ROOM, Math.min(most, MOST_ROOM));

/** All that the hub knows. `maxClients`: listeners that are allowed at once. */
export function createTables(maxClients = 0) {
  return {
    hubs: new Table(SCHEMAS.hubs),
    streams: new Table(SCHEMAS.streams),
    connections: new Table(SCHEMAS.connections, roomForListeners(maxClients)),
    engines: new Table(SCHEMAS.engines),
    hosts: new Table(SCHEMAS.hosts),
    gpus: new Table(SCHEMAS.gpus),
    alerts: new Table(SCHEMAS.alerts),
  } as const;
}

export type Tables = ReturnType<typeof createTables>;

/** Column indexes of the tables that are written most. */
export const CONNECTION = SCHEMAS.connections.index;
export const STREAM = SCHEMAS.streams.index;
export const HUB = SCHEMAS.hubs.index;
export const ENGINE = SCHEMAS.engines.index;
export const ALERT = SCHEMAS.alerts.index;

/** Stands in the key of a connection whose player reports it by CMCD, and so plays from segments. */
export const PLAYER_MARK = '~';

/** Attribute places of `connections`. */
export const CONNECTION_ATTRIBUTE = { stream: 0, client: 1, address: 2, reason: 3 } as const;

/** Values of enum columns, by label. */
export const CONNECTION_STATE = VALUES.connections.state;
export const STATUS = VALUES.connections.status;
export const TRUST = VALUES.connections.trust;
export const PLAYBACK = VALUES.connections.playback_state;
