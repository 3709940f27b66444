import { jobRounds, restRounds } from '../job-rounds.js';
import { Load, sleep } from '../load.js';
import { type Figure, figureOr, type Refused, type Scenario, type ScenarioContext } from '../scenario.js';
import { HubServer } from '../servers.js';
import { intervalOf, ratioOf, spreadOf } from '../statistics.js';
import { type JobSize, startBareJob, startHubJob } from '../whole-job.js';

const KB = 1000;
const SIZES: readonly (JobSize & { readonly max: number | null })[] = [
  { listeners: 1_000, chunkBytes: 2_000, max: 1.18 },
  { listeners: 3_000, chunkBytes: 2_000, max: 1.1 },
  { listeners: 1_000, chunkBytes: 19_200, max: null },
];
const ROUNDS = { quick: 5, full: 20 } as const;
const REST_S = 5;
/** After the start, until V8 has settled. */
const REST_AFTER_S = 20;

/**
 * CPU of everything a hub does at once, beside bare uWebSockets.js that sends the same bytes and parses the same
 * texts.
 */
export const whole: Scenario = {
  id: 'whole',
  title: 'Whole job: CPU while chunks go out (10 a second), reports come in (each 2 s) and 5 dashboards view 50 rows',
  async run(context) {
    const lines: (Figure | Refused)[] = [];
    for (const size of context.mode === 'quick' ? SIZES.slice(0, 1) : SIZES) {
      const name = `${size.listeners.toLocaleString('en-GB')} listeners, ${size.chunkBytes / KB} KB`;
      lines.push(await figureOr(name, () => compare(name, size, size.max, context)));
    }
    lines.push(await atRest(context));
    return lines;
  },
};

async function compare(name: string, size: JobSize, max: number | null, context: ScenarioContext): Promise<Figure> {
  const load = new Load();
  const stops: (() => Promise<void>)[] = [() => load.stop()];
  try {
    const hub = await startHubJob(load, 'hub', size);
    stops.push(() => hub.server.stop());
    const bare = await startBareJob(load, size, hub);
    stops.push(() => bare.server.stop());
    const progress = (step: string) => context.progress(`${name}: ${step}`);
    const { msPerS, notes } = await jobRounds([hub, bare], load, ROUNDS[context.mode], progress);
    const [ours = [], theirs = []] = msPerS;
    const interval = intervalOf(ours.map((used, round) => used / (theirs[round] as number)));
    return {
      name,
      unit: 'ms/s',
      hub: spreadOf(ours),
      peer: { name: bare.server.name, value: spreadOf(theirs) },
      ratio: ratioOf(ours, theirs),
      target: max === null ? null : { max, of: 'ratio' },
      notes: [`${name}: mean ratio, with its 95 % interval, ${shown(interval)}`, ...notes],
    };
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
}

async function atRest(context: ScenarioContext): Promise<Figure> {
  const name = 'a hub at rest, without clients';
  const hub = await HubServer.start();
  try {
    context.progress(`${name}: settling`);
    await sleep(REST_AFTER_S * 1000);
    context.progress(name);
    const [used = []] = await restRounds([hub.pid], ROUNDS[context.mode], REST_S);
    return {
      name,
      unit: 'ms/s',
      hub: spreadOf(used),
      peer: null,
      ratio: null,
      target: { max: 3, of: 'hub' },
      notes: [],
    };
  } finally {
    await hub.stop();
  }
}

export const shown = ({ mean, low, high }: ReturnType<typeof intervalOf>) =>
  `${mean.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
