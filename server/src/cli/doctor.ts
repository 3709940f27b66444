import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { SEVERITIES, type Transition } from '../alerts/alert.js';
import { ignoredVariables } from '../config/environment.js';
import { examineHistory } from '../history/examine.js';
import { HISTORY_DIR } from '../history/resolutions.js';
import { refusedByClients } from '../hub/certificate.js';
import { loadOptions } from '../hub/config.js';
import { descriptorLimit, lowLimit, placesOf } from '../hub/descriptors.js';
import { createNotifier, targetOf } from '../notify/create-notifier.js';
import { SEND_TIMEOUT_MS } from '../notify/delivery-queue.js';
import type { NotifierSettings } from '../notify/settings.js';
import { DataDirError } from '../store/data-dir-error.js';
import { examine } from '../store/examine.js';
import { whyNotMakeable } from '../store/make-dir.js';
import { selectTransport } from '../transport/select.js';
import { examinePort } from './examine-port.js';

const EXAMPLES = `
Exit code 0 if all checks pass, 1 if one fails, 2 if the config file is invalid.

Examples:
  auralis-hub doctor                        the transport, the address, the data directory, the certificate
  auralis-hub doctor hub.yaml --notify      and sends each notifier a test: an alert that fires and is over
`;

/** A check and its fault, or null. */
type Finding = readonly [what: string, wrong: string | null];

export function doctorCommand(exit: (code: number) => void): Command {
  return new Command('doctor')
    .description('look whether a hub would run here, and whether its notifiers can be reached')
    .argument('[FILE]', 'config file, YAML or JSON (AURALIS_CONFIG)')
    .option('--notify', 'send each notifier a test')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, { notify }: { notify?: true }) => {
      const options = loadOptions({ flags: {}, environment: process.env, file });
      const ignored = ignoredVariables(process.env);
      if (ignored !== null) process.stderr.write(`auralis-hub: ${ignored}\n`);
      let isWell = true;
      const report = ([what, wrong]: Finding) => {
        if (wrong !== null) isWell = false;
        process.stdout.write(wrong === null ? `ok    ${what}\n` : `FAIL  ${what}: ${wrong}\n`);
      };
      const { note } = await selectTransport(options.transport);
      report([`transport${note === undefined ? '' : `: ${note}`}`, null]);
      const low = lowLimit(placesOf(options));
      process.stdout.write(
        low === null ? `ok    file descriptors: ${descriptorLimit() ?? 'no limit'}\n` : `warn  ${low}\n`,
      );
      const { certificate } = options;
      if (certificate !== null)
        report([`certificate for ${certificate.names}`, refusedByClients(certificate, Date.now())]);
      report(await examinePort(options));
      if (existsSync(options.dataDir)) for (const finding of await examineDataDir(options.dataDir)) report(finding);
      else report([`data directory ${options.dataDir}: the hub will make it`, whyNotMakeable(options.dataDir)]);
      for (const notifier of notify === true ? options.notifiers : []) report(await tryNotifier(notifier));
      exit(isWell ? 0 : 1);
    });
}

async function examineDataDir(dir: string): Promise<Finding[]> {
  const what = `data directory ${dir}`;
  try {
    const damages = await examine(dir, [HISTORY_DIR], () => examineHistory(join(dir, HISTORY_DIR)));
    if (damages.length === 0) return [[what, null]];
    return damages.map(({ file, why }) => [
      what,
      `${file} ${why}. The hub starts and reads everything else; restore the file from a backup to have all of it`,
    ]);
  } catch (error) {
    if (!(error instanceof DataDirError)) throw error;
    return error.isHeld ? [[error.message, null]] : [[what, error.message]];
  }
}

/** Tells of an alert and then of its end, past the outbox, so that nothing of it is left over. */
async function tryNotifier(settings: NotifierSettings): Promise<Finding> {
  const what = `notifier ${settings.name} (${settings.type}, ${targetOf(settings)})`;
  const notifier = createNotifier(settings, { hub: 'doctor', url: () => 'http://127.0.0.1:8000' });
  const memory = new Map<string, unknown>();
  try {
    for (const transition of testTransitions(settings, Date.now())) {
      const { remember } = await notifier.send([transition], {
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
        recall: (id) => memory.get(id),
        now: Date.now(),
      });
      for (const [id, value] of remember ?? []) memory.set(id, value);
    }
    return [what, null];
  } catch (error) {
    return [what, (error as Error).message];
  } finally {
    await notifier.close?.();
  }
}

function testTransitions({ name, interest }: NotifierSettings, at: number): Transition[] {
  const id = `test-${at.toString(36)}`;
  const alert = {
    id,
    rule: 'test',
    severity: interest.severities?.[0] ?? SEVERITIES[0],
    title: `Test of notifier ${name}`,
    message: 'sent by auralis-hub doctor: nothing is wrong',
    labels: {},
    count: 1,
    value: null,
    since: at,
    blame: null,
  };
  return [
    { key: `${id}:firing`, state: 'firing', at, alert },
    { key: `${id}:resolved`, state: 'resolved', at: at + 1, alert },
  ];
}
