/** From least to most urgent. The names are those of the specification's `AlertSeverity`. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The cause of an alert, as far as the hub can tell. */
export interface Blame {
  readonly on: 'engine' | 'node' | 'network' | 'unknown';
  /** One sentence with figures: `39 of 40 other listeners of stream main are ok`. */
  readonly evidence: string;
}

/** An alert as receivers see it. Times are ms since 1970. */
export interface Alert {
  /** The same from firing to resolved, also over a restart of the hub. */
  readonly id: string;
  /** Name of its rule, or `manual` if it was raised by hand. */
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  /** Its subject by name: `{stream: 'main'}`, `{stream: 'main', connection: 'x7…', client: 'anna'}`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Rows that it stands for. */
  readonly count: number;
  /** The worst reading, in the unit of its column, or null. */
  readonly value: number | null;
  /** When the condition began to hold. */
  readonly since: number;
  readonly blame: Blame | null;
}

/** An alert has fired or was resolved. */
export interface Transition {
  /** Unique for this change, over restarts and repetitions. Receivers drop keys that they have seen. */
  readonly key: string;
  readonly state: 'firing' | 'resolved';
  readonly at: number;
  readonly alert: Alert;
}
