/**
 * `pnpm bench [--quick] [--only ID,ID…] [--json FILE] [--write]`: measures the hub beside its peers. See
 * BENCHMARKS.md.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, parseOptions, UsageError } from './options.js';
import { Progress } from './progress.js';
import { mergeResults, type ScenarioResult, textOf, writeSection } from './report.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { encode } from './scenarios/encode.js';
import { fanOut } from './scenarios/fan-out.js';
import { garbage } from './scenarios/garbage.js';
import { growth } from './scenarios/growth.js';
import { hostile } from './scenarios/hostile.js';
import { ingest } from './scenarios/ingest.js';
import { memory } from './scenarios/memory.js';
import { relay } from './scenarios/relay.js';
import { scrape } from './scenarios/scrape.js';
import { staleness } from './scenarios/staleness.js';
import { trace } from './scenarios/trace.js';
import { view } from './scenarios/view.js';
import { whole } from './scenarios/whole.js';

const SCENARIOS: readonly Scenario[] = [
  whole,
  ingest,
  garbage,
  encode,
  trace,
  view,
  relay,
  fanOut,
  staleness,
  memory,
  growth,
  scrape,
  hostile,
];
const IDS = SCENARIOS.map(({ id }) => id);

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Beside what is built: a run leaves nothing in the working tree. */
const DEFAULT_JSON = fromHere('results.json');
const MARKDOWN = fromHere('../../../BENCHMARKS.md');

async function main(options: BenchOptions): Promise<void> {
  const progress = new Progress();
  for (const scenario of SCENARIOS) {
    const { id, title } = scenario;
    if (options.only !== null && !options.only.includes(id)) continue;
    const begun = progress.seconds;
    const show = (step: string) => progress.show(`${id}: ${step}`);
    const lines = await linesOf(scenario, { mode: options.mode, progress: show });
    progress.clear();
    const result = { id, title, mode: options.mode, seconds: Math.round(progress.seconds - begun), lines };
    process.stdout.write(`${textOf(result)}\n\n`);
    // At once: a run that is ended early keeps what it has measured.
    const merged = mergeResults(options.json, result, IDS);
    if (options.write) writeSection(MARKDOWN, merged);
  }
  process.stdout.write(`${Math.round(progress.seconds)} s; as JSON in ${relative(process.cwd(), options.json)}\n`);
  // Children that were told to end may not have done so, and sockets to them linger.
  process.exit();
}

/** A scenario that fails says so in its place, and the others go on. */
async function linesOf(scenario: Scenario, context: ScenarioContext): Promise<ScenarioResult['lines']> {
  try {
    return await scenario.run(context);
  } catch (error) {
    process.exitCode = 1;
    return [{ name: scenario.id, refused: String((error as Error).message).split('\n')[0] ?? '' }];
  }
}

// `exit` is what ends the servers.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await main(parseOptions(process.argv.slice(2), IDS, DEFAULT_JSON));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
