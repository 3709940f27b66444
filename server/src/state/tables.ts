import { SCHEMAS, Table } from '@auralis/shared';

/** All that the hub knows. */
export function createTables() {
  return {
    hubs: new Table(SCHEMAS.hubs),
    streams: new Table(SCHEMAS.streams),
    connections: new Table(SCHEMAS.connections),
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

/** Attribute places of `connections`. */
export const CONNECTION_ATTRIBUTE = { stream: 0, client: 1, address: 2, reason: 3 } as const;

/** Values of `connections.state`. */
export const CONNECTION_STATE = { open: 0, stale: 1, closed: 2 } as const;
