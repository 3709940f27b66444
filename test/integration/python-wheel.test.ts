import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { HubProcess, ROOT } from '../harness/hub.js';
import { describeWith, runProgram } from '../harness/program.js';

/** Debian's own interpreter, which has Debian's python3-setuptools, -wheel, -pip and -venv. */
const PYTHON = '/usr/bin/python3';
// setuptools comes first: it refuses to replace a distutils that is loaded already.
const BUILDS = ['-c', 'import setuptools, ensurepip, pip, venv, wheel'];

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };

/** Print the package's file, and the functions of which an argument or the result has no annotation. */
const UNTYPED = `
import inspect, json, typing
import auralis
from auralis.monitoring import alerts, hub, metrics
untyped = []
for module in (alerts, hub, metrics):
    classes = [each for _, each in inspect.getmembers(module, inspect.isclass)]
    for _, function in [pair for owner in [module, *classes] for pair in inspect.getmembers(owner, inspect.isfunction)]:
        if function.__code__.co_filename == module.__file__:
            names = [name for name in inspect.signature(function).parameters if name != "self"]
            if not {*names, "return"} <= set(typing.get_type_hints(function)):
                untyped.append(function.__qualname__)
print(json.dumps([auralis.__file__, untyped]))
`;

function wheel(): void {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-wheel-'));
  const environment = join(folder, 'environment');
  const python = join(environment, 'bin/python');
  let wheels: readonly string[];
  let hub: HubProcess;

  const run = (program: string, args: readonly string[]) => {
    const { status, said } = runProgram(program, args);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${said}`);
    return said;
  };

  beforeAll(async () => {
    hub = await HubProcess.start(['--config', NO_HOST_RULES]);
    // The build leaves files beside its sources.
    const sources = join(folder, 'sources');
    cpSync(`${ROOT}examples/python`, sources, { recursive: true, dereference: true });
    const out = join(folder, 'out');
    run(PYTHON, ['-m', 'pip', 'wheel', '--no-build-isolation', '--no-deps', '--no-index', '-w', out, sources]);
    wheels = readdirSync(out);
    run(PYTHON, ['-m', 'venv', environment]);
    run(python, ['-m', 'pip', 'install', '--no-index', ...wheels.map((name) => join(out, name))]);
  }, 90_000);

  afterAll(async () => {
    await hub.stop();
    rmSync(folder, { recursive: true });
  });

  test('has the version of the hub in its name and in its module', () => {
    expect(wheels).toEqual([`auralis_monitoring-${version}-py3-none-any.whl`]);
    expect(run(python, ['-I', '-c', 'import auralis; print(auralis.__version__)']).trim()).toBe(version);
  });

  test('is imported from the environment, with types for every function, and with its licence', () => {
    const [file, untyped] = JSON.parse(run(python, ['-I', '-c', UNTYPED])) as [string, string[]];
    expect(file.startsWith(environment)).toBe(true);
    expect(untyped).toEqual([]);
    const files = run(python, ['-m', 'pip', 'show', '--files', 'auralis-monitoring'])
      .split('\n')
      .map((line) => line.trim());
    expect(files).toContain('auralis/py.typed');
    expect(files.filter((name) => name.endsWith('/LICENSE'))).toHaveLength(1);
    expect(files.filter((name) => name.includes('live_decoder'))).toEqual([]);
  });

  test('sends what an engine records to a hub', async () => {
    const script = `
from auralis.monitoring.alerts import AlertManager, AlertSeverity
from auralis.monitoring.hub import Hub
from auralis.monitoring.metrics import MetricsCollector
hub = Hub(${JSON.stringify(hub.url)}, "wheel")
collector = MetricsCollector(hub=hub)
collector.record_synthesis_start()
collector.record_synthesis_end(True, 22.0)
collector.take_snapshot(310, 5, 2)
alerts = AlertManager(hub=hub)
alerts.send_alert(AlertSeverity.ERROR, "Out of GPU memory", "6.1 of 6 GB")
alerts.send_alert(AlertSeverity.WARNING, "Slow disk", "30 MB/s")
hub.flush(10)
alerts.resolve_alert("Slow disk")
print(hub.flush(10), hub.dropped, hub.refused)
`;
    expect(run(python, ['-I', '-c', script]).split('\n')).toContain('True 0 0');
    expect(await hub.get('/api/v1/engines/wheel')).toMatchObject({
      phrases_generated: 1,
      phrase_queue_depth: 2,
      ring_buffer_depth_ms: 310,
      events_refused: 0,
    });
    const { items } = await hub.get<{ items: Record<string, string>[] }>('/api/v1/alerts');
    expect(items.map(({ title, stream, state }) => [title, stream, state]).sort()).toEqual([
      ['Out of GPU memory', 'wheel', 'firing'],
      ['Slow disk', 'wheel', 'resolved'],
    ]);
  });
}

describeWith(PYTHON, 'the wheel of the drop-ins', wheel, BUILDS);
