import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { NO_RULES } from '../harness/alerts.js';
import { BIN, HubProcess, runCommand } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';
import { TestSocket } from '../harness/socket.js';
import { TmuxTerminal } from './tmux.js';

let hub: HubProcess;
let terminal: TmuxTerminal | null = null;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  hub = await HubProcess.start(['--config', NO_RULES]);
});

afterEach(async () => {
  terminal?.close();
  terminal = null;
  for (const socket of sockets.splice(0)) socket.ws.terminate();
  await hub.stop();
});

/**
 * Listeners named `<name>-00`, `<name>-01`… with a latency of 10 ms more each, from 10 on, and a buffer that shrinks.
 */
async function listeners(name: string, stream: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const client = `${name}-${String(at).padStart(2, '0')}`;
    const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/${stream}/listen?client=${client}`);
    sockets.push(socket);
    const metrics = { avgLatencyMs: 10 * (at + 1), clockErrorMs: 1, bufferDepthMs: 900 - at };
    socket.send({ type: 'client_metrics', metrics });
  }
  const silent = `/api/v1/connections?stream=${stream}&where=reports=0`;
  while ((await hub.get<{ total: number }>(silent)).total > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

function start(args = '', width = 120, height = 24, environment = {}): TmuxTerminal {
  terminal = new TmuxTerminal(width, height, environment);
  terminal.run(`${process.execPath} ${BIN} top --url ${hub.url} --interval 250 ${args}; echo "exit=$?"`);
  return terminal;
}

/** Clients in the order on the screen. */
function clients(screen: readonly string[]): string[] {
  const head = screen.findIndex((line) => line.startsWith('CLIENT'));
  const rows = head < 0 ? [] : screen.slice(head + 1);
  return rows.map((line) => line.split(' ')[0] ?? '').filter((client) => /^\w+-\d\d$/.test(client));
}

const names = (name: string, from: number, to: number) =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => {
    return `${name}-${String(from + (to > from ? at : -at)).padStart(2, '0')}`;
  });

const shows = (first: string) => (screen: string[]) => clients(screen)[0] === first;

describeWith('tmux', 'top in a terminal', topInTerminal, ['-V']);

function topInTerminal(): void {
  test('the worst come first, as many as fit; keys sort, reverse and scroll; q leaves a clean terminal', async () => {
    await listeners('main', 'main', 40);
    const top = start();
    const screen = await top.until('the worst listener', shows('main-39'));
    expect(screen[0]).toMatch(/^auralis-hub \S+ v\d+\.\d+\.\d+ {2}● live +http:\/\//);
    expect(screen.join('\n')).toMatch(/^main +40 /m);
    // 24 lines: two of header, one stream and its head, two blank, title and head of the connections, one of keys.
    expect(clients(screen)).toEqual(names('main', 39, 25));
    expect(screen.join('\n')).toContain('Connections 1–15 of 40, worst latency_ms first');
    expect(screen.find((line) => line.startsWith('main-39'))).toContain('400.0·');
    await top.untilShown('listeners 40');

    top.press('PageDown');
    expect(clients(await top.until('the next page', shows('main-25')))).toEqual(names('main', 25, 11));
    top.press('End');
    expect(clients(await top.until('the last page', shows('main-14')))).toEqual(names('main', 14, 0));
    top.press('Home');
    await top.until('the first page', shows('main-39'));

    top.type('r');
    expect(clients(await top.until('the best', shows('main-00')))).toEqual(names('main', 0, 14));
    top.press('Right');
    await top.untilShown('worst rtt_ms first');
    top.type('>');
    await top.untilShown('smallest buffer_depth_ms first');
    expect(clients(await top.until('the smallest buffer', shows('main-39')))).toEqual(names('main', 39, 25));
    top.press('Left', 'Left');
    await top.untilShown('worst latency_ms first');

    top.type('?');
    await top.untilShown('Mean age of a chunk on arrival');
    top.press('Escape');
    await top.until('the listeners again', shows('main-39'));
    top.type('q');
    const left = await top.untilShown('exit=0');
    expect(left.filter((line) => line.includes('Connections'))).toEqual([]);
    expect(top.isClean).toBe(true);
    top.run('stty -a | tr " ;" "\\n\\n" | grep -x icanon');
    await top.until('the terminal takes lines', (lines) => lines.includes('icanon'));
  });

  test('filter and streams', async () => {
    await listeners('alice', 'left', 3);
    await listeners('bob', 'right', 3);
    const top = start();
    await top.until('all', (screen) => clients(screen).length === 6);
    top.type('/LIC');
    await top.untilShown('/LIC▏');
    expect(clients(await top.until('those with the text', (screen) => clients(screen).length === 3))).toEqual(
      names('alice', 2, 0),
    );
    await top.untilShown('of 3, worst latency_ms first, with “LIC”');
    top.press('Enter');
    await top.untilShown('←→ sort');
    // The name of a stream counts too.
    top.type('/');
    top.press('C-u');
    top.type('righ');
    await top.until('those of the stream', shows('bob-02'));
    top.press('Escape');
    await top.until('all again', (screen) => clients(screen).length === 6);
    top.type('s');
    await top.until('the first stream', (screen) => clients(screen).length === 3 && shows('alice-02')(screen));
    top.type('s');
    await top.until('the second stream', (screen) => clients(screen).length === 3 && shows('bob-02')(screen));
    top.type('s');
    await top.until('all streams', (screen) => clients(screen).length === 6);
    top.press('C-c');
    await top.untilShown('exit=0');
  });

  test('a smaller and a larger window show as many rows as they have', async () => {
    await listeners('main', 'main', 40);
    const top = start();
    await top.until('all', (screen) => clients(screen).length === 15);
    top.resize(60, 12);
    // 12 lines: header 2, stream 2, connections 2, keys 1.
    await top.until('fewer', (screen) => clients(screen).length === 5 && screen.length <= 13);
    expect(clients(top.screen())).toEqual(names('main', 39, 35));
    top.resize(160, 50);
    const large = await top.until('more', (screen) => clients(screen).length === 40);
    expect(large.find((line) => line.startsWith('CLIENT'))).toContain('JITTER');
    await top.untilShown('Connections 1–40 of 40');
  });

  test('the hub is killed and comes back on its port: the rows stay, then the new truth', async () => {
    await listeners('old', 'main', 5);
    const top = start();
    await top.until('the listeners', shows('old-04'));
    const { port } = hub;
    await hub.stop('SIGKILL');
    const away = await top.untilShown('reconnecting since');
    expect(clients(away)).toEqual(names('old', 4, 0));
    hub = await HubProcess.start(['--port', String(port), '--config', NO_RULES]);
    await listeners('new', 'other', 3);
    // They may be on the screen before they have said how late they are.
    await top.until('the new listeners', (screen) => clients(screen).join() === names('new', 2, 0).join());
    await top.untilShown('● live');
    expect(top.screen().join('\n')).not.toContain('main');
    top.type('q');
    await top.untilShown('exit=0');
    expect(top.isClean).toBe(true);
  });

  test('a server that is not understood is tried again, and its words leave no trace on the screen', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    let tries = 0;
    server.on('connection', (peer) => {
      tries++;
      peer.send('nonsense');
    });
    await once(server, 'listening');
    try {
      const top = start(`--url http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      await top.untilShown('○ connecting: not understood: ');
      while (tries < 2) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(top.screen().join('\n')).not.toMatch(/ at .*\.js:\d+/);
      top.type('q');
      await top.untilShown('exit=0');
      expect(top.isClean).toBe(true);
    } finally {
      server.close();
    }
  });

  test('a hub that stops without a word is seen to be behind', async () => {
    await listeners('main', 'main', 2);
    const top = start();
    await top.untilShown('● live');
    process.kill(hub.pid, 'SIGSTOP');
    try {
      await top.until('behind', (screen) => /behind [2-9] s/.test(screen[0] ?? ''));
    } finally {
      process.kill(hub.pid, 'SIGCONT');
    }
    await top.untilShown('● live');
  });

  test('colour shows levels, and NO_COLOR leaves the marks', async () => {
    await listeners('main', 'main', 60);
    const coloured = start();
    await coloured.until('the worst', shows('main-59'));
    const worst = coloured.screen(true).find((line) => line.includes('main-59'));
    expect(worst).toMatch(/31m *600\.0!/);
    coloured.close();
    const plain = start('', 120, 24, { NO_COLOR: '1' });
    await plain.until('the worst', shows('main-59'));
    expect(plain.screen(true).join('\n')).not.toMatch(/\[(?:\d+;)*3[1-7]m/);
    expect(plain.screen().find((line) => line.includes('main-59'))).toContain('600.0!');
  });

  test('SIGTERM and a fault of its own leave a clean terminal too', async () => {
    const top = start();
    await top.untilShown('● live');
    expect(top.isClean).toBe(false);
    process.kill(top.commandPid, 'SIGTERM');
    await top.untilShown('exit=143');
    expect(top.isClean).toBe(true);
    const fault = `data:text/javascript,process.once('SIGUSR2',()=>{throw(Error('boom'))})`;
    top.run(`clear; ${process.execPath} --import "${fault}" ${BIN} top --url ${hub.url}; echo "exit=$?"`);
    await top.untilShown('● live');
    process.kill(top.commandPid, 'SIGUSR2');
    const left = await top.untilShown('exit=1');
    expect(left.join('\n')).toContain('Error: boom');
    expect(top.isClean).toBe(true);
  });

  test('suspended and continued', async () => {
    const top = start();
    await top.untilShown('● live');
    top.press('C-z');
    await top.until('the shell’s screen', () => top.isClean);
    top.run('fg');
    await top.untilShown('● live');
    expect(top.isClean).toBe(false);
  });
}

describe('top without a terminal', () => {
  test('prints a plain table of all rows, and ends with 0', async () => {
    await listeners('main', 'main', 30);
    const { code, output } = await runCommand(['top', '--url', hub.url]);
    expect(code).toBe(0);
    expect(clients(output.split('\n'))).toEqual(names('main', 29, 0));
    expect(output).not.toContain('\x1b');
    const filtered = await runCommand(['top', '--url', hub.url, '--filter', 'main-07', '--sort', 'buffer_depth_ms']);
    expect(clients(filtered.output.split('\n'))).toEqual(['main-07']);
    expect(filtered.output).toContain('smallest buffer_depth_ms first, with “main-07”');
    const none = await runCommand(['top', '--url', hub.url, '--stream', 'nowhere', '--once']);
    expect(none).toMatchObject({ code: 0, output: expect.stringContaining('none of 0') });
  });

  test('ends with 1 where there is no hub, and with 2 where it is asked for what there is not', async () => {
    const nobody = await runCommand(['top', '--url', 'http://127.0.0.1:1']);
    expect(nobody).toEqual({
      code: 1,
      output: 'auralis-hub top: no hub at http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n',
    });
    const elsewhere = await runCommand(['top', '--url', `${hub.url}/elsewhere`]);
    expect(elsewhere).toMatchObject({ code: 1, output: expect.stringMatching(/answered 404/) });
    const unknown = await runCommand(['top', '--url', hub.url, '--sort', 'nothing']);
    expect(unknown.code).toBe(2);
    expect(unknown.output).toContain('no column of connections; known are chunks_sent, ');
    const interval = await runCommand(['top', '--interval', '300']);
    expect(interval).toMatchObject({ code: 2, output: expect.stringContaining('one of 100, 250, 1000, 5000') });
    expect((await runCommand(['top', '--url', 'nonsense'])).code).toBe(2);
  });
});
