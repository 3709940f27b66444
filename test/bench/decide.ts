/**
 * `pnpm decide CHECKOUT [--rounds N] [--listeners N]`: does this checkout cost less or more CPU than another one,
 * which must be built? Both hubs do the whole job in paired rounds; then both rest. An optimisation stays if removing
 * it costs more than 1 % of the whole job, so that the interval lies above 1.01.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { jobRounds, restRounds } from './job-rounds.js';
import { Load, sleep } from './load.js';
import { Progress } from './progress.js';
import { shown } from './scenarios/whole.js';
import { HubServer } from './servers.js';
import { intervalOf } from './statistics.js';
import { startHubJob } from './whole-job.js';

const USAGE = 'usage: pnpm decide CHECKOUT [--rounds 80] [--listeners 1000] [--bytes 2000]';
const REST_ROUNDS = 20;
const REST_S = 3;
const REST_AFTER_S = 20;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '80' },
    listeners: { type: 'string', default: '1000' },
    bytes: { type: 'string', default: '2000' },
  },
});
const other = resolve(positionals[0] ?? '', 'server/bin/auralis-hub.js');
if (positionals.length !== 1 || !existsSync(other)) {
  process.stderr.write(`decide: ${other} is not there; ${USAGE}\n`);
  process.exit(2);
}
const size = { listeners: Number(values.listeners), chunkBytes: Number(values.bytes) };
const progress = new Progress();
const load = new Load();
const jobs = [await startHubJob(load, 'this', size), await startHubJob(load, 'other', size, other)];
const { msPerS, notes } = await jobRounds(jobs, load, Number(values.rounds), (step) => progress.show(step));
await Promise.all([load.stop(), ...jobs.map(({ server }) => server.stop())]);
progress.clear();
print('whole job', msPerS);
for (const note of notes) process.stdout.write(`${note}\n`);

const resting = [await HubServer.start(), await HubServer.start([], [], other)];
progress.show('at rest');
await sleep(REST_AFTER_S * 1000);
const rest = await restRounds(
  resting.map(({ pid }) => pid),
  REST_ROUNDS,
  REST_S,
);
await Promise.all(resting.map((server) => server.stop()));
progress.clear();
print('at rest', rest);
process.exit();

function print(what: string, [ours = [], theirs = []]: readonly (readonly number[])[]): void {
  const ratio = intervalOf(ours.map((used, round) => used / (theirs[round] as number)));
  const [a, b] = [intervalOf(ours), intervalOf(theirs)];
  process.stdout.write(
    `${what}, ${ours.length} rounds: this ÷ other ${shown(ratio)}; this ${shown(a)}, other ${shown(b)} ms of CPU a second\n`,
  );
}
