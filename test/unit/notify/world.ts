import type { Alert, Transition } from '@auralis/server/alerts/alert';
import type { SendContext } from '@auralis/server/notify/notifier';

export const TELLER = { hub: 'hub-1', url: () => 'http://hub.test:8000' };
export const START = Date.UTC(2026, 0, 31, 12);

export function alert(id: string, given: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: 'dropped-chunks',
    severity: 'error',
    title: `Title of ${id}`,
    message: `Message of ${id}`,
    labels: { stream: 'main' },
    count: 3,
    value: 12.5,
    since: START,
    blame: { on: 'network', evidence: '39 of 40 others are well' },
    ...given,
  };
}

export function firing(id: string, given: Partial<Alert> = {}): Transition {
  return { key: `${id}:firing`, state: 'firing', at: START + 1000, alert: alert(id, given) };
}

export function resolved(id: string, given: Partial<Alert> = {}): Transition {
  return { key: `${id}:resolved`, state: 'resolved', at: START + 60_000, alert: alert(id, given) };
}

/** A context whose memory is that of what notifiers ask to remember. */
export class Context implements SendContext {
  readonly signal = AbortSignal.timeout(5_000);
  readonly memory = new Map<string, unknown>();
  now = START + 2000;
  readonly recall = (alertId: string) => this.memory.get(alertId);

  remember(memory: ReadonlyMap<string, unknown> | undefined): void {
    for (const [alertId, value] of memory ?? []) {
      if (value === undefined) this.memory.delete(alertId);
      else this.memory.set(alertId, value);
    }
  }
}
