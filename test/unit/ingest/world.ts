import { Refusal } from '@auralis/server/check/refusal';
import { readJsonReport } from '@auralis/server/ingest/json-report';
import { REPORT_FIELDS, Report } from '@auralis/server/ingest/report';

export const fast = new Report();
export const general = new Report();

/** Return the readings of a path, or its refusal. */
export function outcome(read: () => void, report: Report): unknown {
  try {
    read();
  } catch (error) {
    if (error instanceof Refusal) return [error.code, error.message];
    throw error;
  }
  return {
    values: REPORT_FIELDS.map((_, at) => (report.present[at] === 1 ? report.values[at] : undefined)),
    ignored: report.ignored,
  };
}

/** Both paths on one text; null where the fast one leaves it to the other. */
export function both(text: string): { quick: unknown; slow: unknown } | null {
  let taken = false;
  const quick = outcome(() => {
    taken = true;
    taken = readJsonReport(Buffer.from(text), fast);
  }, fast);
  if (!taken) return null;
  return { quick, slow: outcome(() => general.read(JSON.parse(text).metrics), general) };
}

export const message = (fields: string) => `{"type":"client_metrics","metrics":{${fields}}}`;
