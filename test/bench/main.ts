/** `pnpm bench [--quick] [--only ID,ID…] [--json FILE] [--write]`: measures the hub beside its peers. See BENCHMARKS.md. */
import { fileURLToPath } from 'node:url';
import { type BenchOptions, parseOptions, UsageError } from './options.js';
import { Progress } from './progress.js';
import { mergeResults, type ScenarioResult, textOf, writeSection } from './report.js';
import type { Scenario } from './scenario.js';
import { encode } from './scenarios/encode.js';
import { fanOut } from './scenarios/fan-out.js';
import { growth } from './scenarios/growth.js';
import { ingest } from './scenarios/ingest.js';
import { memory } from './scenarios/memory.js';
import { relay } from './scenarios/relay.js';
import { staleness } from './scenarios/staleness.js';
import { trace } from './scenarios/trace.js';

const SCENARIOS: readonly Scenario[] = [ingest, encode, trace, relay, fanOut, staleness, memory, growth];
const IDS = SCENARIOS.map(({ id }) => id);

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Beside what is built: a run leaves nothing in the working tree. */
const DEFAULT_JSON = fromHere('results.json');
const MARKDOWN = fromHere('../../../BENCHMARKS.md');

async function main(options: BenchOptions): Promise<void> {
  const progress = new Progress();
  const results: ScenarioResult[] = [];
  for (const scenario of SCENARIOS) {
    const { id, title } = scenario;
    if (options.only !== null && !options.only.includes(id)) continue;
    const begun = progress.seconds;
    const show = (step: string) => progress.show(`${id}: ${step}`);
    const lines = await scenario.run({ mode: options.mode, progress: show });
    progress.clear();
    const result = { id, title, mode: options.mode, seconds: Math.round(progress.seconds - begun), lines };
    results.push(result);
    process.stdout.write(`${textOf(result)}\n\n`);
  }
  const merged = mergeResults(options.json, results, IDS);
  if (options.write) writeSection(MARKDOWN, merged);
  process.stdout.write(`${Math.round(progress.seconds)} s; as JSON in ${options.json}\n`);
}

try {
  await main(parseOptions(process.argv.slice(2), IDS, DEFAULT_JSON));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
