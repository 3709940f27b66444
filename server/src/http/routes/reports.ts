import type { Api } from '../api.js';
import { addRecordsRoute, type RecordIntake, type RecordsContext } from './records.js';

export interface ReportsContext extends RecordsContext {
  readonly reports: RecordIntake;
}

/** `POST /api/v1/streams/{stream}/reports`: the connections of a server that streams by itself. */
export function addReportsRoutes(app: Api, context: ReportsContext): void {
  addRecordsRoute(app, context, {
    records: 'reports',
    schemaName: 'ConnectionReport',
    tag: 'connections',
    summary: 'Reports of connections that another server serves: one, or a list of them',
    intake: context.reports,
  });
}
