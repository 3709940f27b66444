import {
  COLUMNS,
  encodeResponse,
  type LiveForm,
  SCHEMAS,
  TABLE_NAMES,
  type Welcome,
  type Wire,
  Writer,
} from '@auralis/shared';

/**
 * Stands for the time in a WELCOME that is encoded once. In MessagePack it is the byte 0xff, which no text contains.
 */
const TIME = -1;
const TIME_JSON = `"now":${TIME}`;
const TIME_MSGPACK = Buffer.from([0xa3, ...Buffer.from('now'), 0xff]);

/**
 * Makes WELCOMEs. All but the time is encoded once: the catalogue takes 3 ms, and after a restart of the hub its
 * dashboards come back all at once.
 */
export class WelcomeWriter {
  readonly #json: readonly [before: string, after: string];
  readonly #msgpack: readonly [before: Uint8Array, after: Uint8Array];

  /** `hub`: the hub's id and boot. */
  constructor(hub: string, version: string) {
    const welcome: Welcome = { hub, version, now: TIME, tables: tables(), catalogue: catalogue() };
    const json = encodeResponse({ kind: 'welcome', welcome }, 'json') as string;
    const at = json.indexOf(TIME_JSON) + TIME_JSON.length;
    this.#json = [json.slice(0, at - String(TIME).length), json.slice(at)];
    const bytes = encodeResponse({ kind: 'welcome', welcome }, 'msgpack') as Uint8Array;
    const end = Buffer.from(bytes).indexOf(TIME_MSGPACK) + TIME_MSGPACK.length;
    this.#msgpack = [bytes.subarray(0, end - 1), bytes.subarray(end)];
  }

  /** `now`: the hub's wall clock, ms since 1970. */
  write(now: number, form: LiveForm): Wire {
    if (form === 'json') return this.#json[0] + now + this.#json[1];
    const time = new Writer(16);
    time.number(now);
    return Buffer.concat([this.#msgpack[0], time.written(), this.#msgpack[1]]);
  }
}

function tables(): Welcome['tables'] {
  const entries = TABLE_NAMES.map((name) => {
    const { attributes, columns } = SCHEMAS[name];
    return [name, { attributes, columns: columns.map((column) => column.id) }] as const;
  });
  return Object.fromEntries(entries);
}

const catalogue = (): Welcome['catalogue'] => COLUMNS.map(({ index: _, ...entry }) => entry);
