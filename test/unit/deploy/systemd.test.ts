import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { BIN, ROOT } from '../../harness/hub.js';
import { describeWith, runProgram } from '../../harness/program.js';

const UNIT = 'auralis-hub.service';
/** Where `npm install --global` puts the hub. */
const PROGRAM = '/usr/local/bin/auralis-hub';
/** Highest exposure that `systemd-analyze security` may find, in tenths: 0 is the least, 100 the most. */
const EXPOSURE = 20;

describeWith('systemd-analyze', 'the systemd unit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-unit-'));
  const text = readFileSync(`${ROOT}deploy/systemd/${UNIT}`, 'utf8');
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Write the unit with the hub of the checkout, because systemd looks for the program. */
  const written = (unit: string) => {
    const path = join(folder, UNIT);
    writeFileSync(path, unit.replace(`ExecStart=${PROGRAM} `, `ExecStart=${BIN} `));
    return path;
  };

  test('is verified without a remark', () => {
    expect(runProgram('systemd-analyze', ['verify', written(text)])).toEqual({ status: 0, said: '' });
    // It does find faults: a setting that does not exist, and a program that does not.
    const faulty = text.replace('RestartSec=', 'RestartSecs=');
    expect(runProgram('systemd-analyze', ['verify', written(faulty)]).said).toContain("Unknown key 'RestartSecs'");
    writeFileSync(join(folder, UNIT), text.replace(PROGRAM, `${folder}/none`));
    expect(runProgram('systemd-analyze', ['verify', join(folder, UNIT)]).said).toContain('is not executable');
  });

  test('leaves little open', () => {
    const judged = (unit: string) => {
      const args = ['security', '--no-pager', '--offline=true', `--threshold=${EXPOSURE}`, written(unit)];
      return runProgram('systemd-analyze', args).status;
    };
    expect(judged(text)).toBe(0);
    expect(judged(text.replace('SystemCallFilter=@system-service', ''))).not.toBe(0);
  });

  test('keeps what the hub needs: memory for V8, devices for nvidia-smi, figures of the host', () => {
    const settings = text.split('\n').filter((line) => /^\w+=/.test(line));
    for (const name of ['MemoryDenyWriteExecute', 'PrivateDevices', 'ProtectClock', 'ProcSubset', 'DeviceAllow']) {
      expect(settings.filter((line) => line.startsWith(`${name}=`))).toEqual([]);
    }
    expect(settings).toContain('ExecReload=/bin/kill -HUP $MAINPID');
    expect(settings).toContain('Restart=on-failure');
  });
});
