/** An alert and the changes of its state: what rules decide upon, and what notifiers tell. */

/** From least to most urgent; the names are the spec's `AlertSeverity`. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Whose fault it is, as far as the hub can tell, and what makes it think so. */
export interface Blame {
  readonly on: 'engine' | 'node' | 'network' | 'unknown';
  /** One sentence with figures: `39 of 40 other listeners of stream main are well`. */
  readonly evidence: string;
}

/** One episode of trouble, from when it fires to when it is resolved. */
export interface Alert {
  /** The same from firing to resolved, also over a restart of the hub, and of no other episode. */
  readonly id: string;
  /** Name of its rule; `manual` where somebody raised it by hand. */
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  /** What it is about, by name: `{stream: 'main'}`, `{stream: 'main', connection: 'x7…', client: 'anna'}`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Rows that it stands for. */
  readonly count: number;
  /** The worst reading, in the unit of its column; null where there is none. */
  readonly value: number | null;
  /** When the condition began to hold, ms since 1970. */
  readonly since: number;
  readonly blame: Blame | null;
}

/** An alert has fired or was resolved: what somebody may have to be told. */
export interface Transition {
  /** Of this change and of no other, over restarts and repetitions: receivers drop what they have seen. */
  readonly key: string;
  readonly state: 'firing' | 'resolved';
  /** When, ms since 1970. */
  readonly at: number;
  readonly alert: Alert;
}
