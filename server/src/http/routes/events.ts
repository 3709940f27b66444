import type { Api } from '../api.js';
import { addRecordsRoute, type RecordIntake, type RecordsContext } from './records.js';

export interface EventsContext extends RecordsContext {
  readonly engines: RecordIntake;
}

/** `POST /api/v1/streams/{stream}/events`: what `/publish` takes, for an engine without a socket. */
export function addEventsRoutes(app: Api, context: EventsContext): void {
  addRecordsRoute(app, context, {
    records: 'events',
    schemaName: 'EngineEvent',
    tag: 'engines',
    summary: 'Events of an engine: one, or a list of them',
    intake: context.engines,
  });
}
