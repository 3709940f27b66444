import { randomBytes } from 'node:crypto';
import { Alerting, type AlertingContext } from './alerting.js';

/** Create alerting whose ids are unique over boots. */
export function createAlerting(context: Omit<AlertingContext, 'newId'>, now: number): Alerting {
  return new Alerting({ ...context, newId: () => randomBytes(9).toString('base64url') }, now);
}
