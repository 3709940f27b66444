import { encodeRequest, SUBPROTOCOLS } from '@auralis/shared';
import { sumOf } from '../hub-probe.js';
import { binaryFrame } from '../load/frames.js';
import { Load, LoadWatch, sleep } from '../load.js';
import { cpuDuring } from '../os-account.js';
import { textReports } from '../reports.js';
import { type Figure, type Refused, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { HubServer } from '../servers.js';
import { ratioOf, spreadOf } from '../statistics.js';

const COUNTS = { quick: [1_000, 3_000], full: [1_000, 5_000, 15_000] } as const;
const DASHBOARDS = 20;
const INTERVAL_MS = 250;
/** One address of this end has 28,000 ports. */
const ADDRESSES = 4;
/** Reports flow before the account begins and after it ends, so that all of it is steady. */
const LEAD_MS = 1_000;
const REPORTS = textReports('full');

/** CPU of the hub's whole work but audio, as listeners grow in number: it should grow no faster than they do. */
export const growth: Scenario = {
  id: 'growth',
  title: `Growth: CPU of the hub, each listener reporting once a second, ${DASHBOARDS} dashboards at ${INTERVAL_MS} ms`,
  async run(context) {
    const sizes: Size[] = [];
    try {
      for (const count of COUNTS[context.mode]) {
        context.progress(`opening ${count.toLocaleString('en-GB')} listeners`);
        sizes.push(await Size.open(count));
      }
      return await measure(sizes, context);
    } finally {
      await Promise.all(sizes.map((size) => size.stop()));
    }
  },
};

async function measure(sizes: readonly Size[], { mode, progress }: ScenarioContext): Promise<(Figure | Refused)[]> {
  const rounds = mode === 'quick' ? 2 : 7;
  for (let round = 0; round <= rounds; round++) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    for (const size of sizes) await size.turn(mode === 'quick' ? 3 : 5, round > 0);
  }
  const lines: (Figure | Refused)[] = [];
  for (const [at, size] of sizes.entries()) lines.push(await size.line(at === 2 ? (sizes[1] ?? null) : null));
  return lines;
}

/** A hub of its own with so many listeners, and a load process of its own. */
class Size {
  readonly #count: number;
  readonly #hub: HubServer;
  readonly #load: Load;
  readonly #watch = new LoadWatch();
  /** CPU, ms in each second, round by round. */
  readonly #ms: number[] = [];
  #reports = 0;

  private constructor(count: number, hub: HubServer, load: Load) {
    this.#count = count;
    this.#hub = hub;
    this.#load = load;
  }

  static async open(count: number): Promise<Size> {
    const hub = await HubServer.start(['--max-clients', '20000']);
    const load = new Load();
    const { port } = hub;
    await load.open({
      group: 'listeners',
      port,
      path: '/api/v1/streams/bench/listen',
      count,
      addresses: ADDRESSES,
    });
    const options = { ack: true };
    const subscribe = { kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: INTERVAL_MS, options } as const;
    await load.open({
      group: 'dashboards',
      port,
      path: '/api/v1/live',
      protocol: SUBPROTOCOLS.msgpack,
      hello: binaryFrame(encodeRequest(subscribe, 'msgpack') as Uint8Array),
      live: { acks: true },
      count: DASHBOARDS,
    });
    return new Size(count, hub, load);
  }

  async turn(seconds: number, counts: boolean): Promise<void> {
    const sending = this.#load.send({
      group: 'listeners',
      frames: REPORTS,
      perSecond: this.#count,
      seconds: seconds + (2 * LEAD_MS) / 1000,
    });
    await sleep(LEAD_MS);
    const use = await cpuDuring([this.#hub.pid, this.#load.pid], () => sleep(seconds * 1000));
    const sent = await sending;
    this.#reports += sent.sent;
    if (!counts) return;
    this.#ms.push(((use.cpuNs[0] as number) * 1000) / use.elapsedNs);
    this.#watch.note(use, use.cpuNs[1] as number, [sent]);
  }

  /** `smaller`: with a third of the listeners, where growth between the two is held against a target. */
  async line(smaller: Size | null): Promise<Figure | Refused> {
    const name = `${this.#count.toLocaleString('en-GB')} listeners`;
    try {
      await this.#check();
      if (smaller !== null) await smaller.#check();
    } catch (error) {
      if (error instanceof RefusedError) return { name, refused: error.message };
      throw error;
    }
    return {
      name,
      unit: 'ms/s',
      hub: spreadOf(this.#ms),
      peer: smaller && { name: `${smaller.#count.toLocaleString('en-GB')} listeners`, value: spreadOf(smaller.#ms) },
      ratio: smaller && ratioOf(this.#ms, smaller.#ms),
      target: smaller && { max: 3.2, of: 'ratio' },
      notes: this.#watch.notes(),
    };
  }

  async #check(): Promise<void> {
    const { gaps, closed } = await this.#load.counts('dashboards');
    if (gaps > 0) throw new RefusedError(`${gaps} frames were lost or skipped`);
    if (closed > 0) throw new RefusedError(`the hub closed ${closed} dashboards`);
    const taken = await sumOf(this.#hub.port, 'hubs', 'reports');
    if (taken !== this.#reports) throw new RefusedError(`the hub took ${taken} of ${this.#reports} reports`);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.#hub.stop()]);
  }
}
