import { randomBytes } from 'node:crypto';
import { Alerting, type AlertingContext } from './alerting.js';

/** Alerting with ids that no other alert or silence has, of this boot or of another. */
export function createAlerting(context: Omit<AlertingContext, 'newId'>, now: number): Alerting {
  return new Alerting({ ...context, newId: () => randomBytes(9).toString('base64url') }, now);
}
