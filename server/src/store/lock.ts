import { existsSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { DataDirError } from './data-dir-error.js';

/** The kernel takes paths of sockets up to 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 103;
const SOCKET_NAME = /^hub-(\d+)\.sock$/;
/** A holder that says nothing within this still holds the directory. */
const ANSWER_MS = 1000;
const MAX_ANSWER_BYTES = 1000;

export interface DirLock {
  /** Whether the lock still lies in its directory. */
  isInPlace(): boolean;
  release(): Promise<void>;
}

/** The holder of a data directory, as far as it is known. */
type Owner = string;

/**
 * Hold `dir` for this process. Two hubs on one directory would send every alert twice and remove each other's files.
 *
 * The holder listens on a socket in the directory. The kernel closes it when the process ends, so a socket that takes
 * connections belongs to a living hub. A process id may belong to another process or container by now. Sockets are
 * numbered, and a taken number cannot be taken again: of several hubs that find number 7 dead, one gets 8. A hub that
 * then still sees another alive gives up.
 * @throws DataDirError if another hub holds it
 */
export async function lockDir(dir: string): Promise<DirLock> {
  const since = new Date().toISOString();
  const server = createServer((peer) => {
    peer.on('error', () => {});
    peer.end(`the hub with process id ${process.pid}, since ${since}`);
  });
  let mine: number | null = null;
  while (mine === null) {
    const found = numbersIn(dir);
    await refuseIfHeld(dir, found);
    const next = Math.max(0, ...found) + 1;
    if (await listens(server, dir, next)) mine = next;
  }
  try {
    const others = numbersIn(dir).filter((number) => number !== mine);
    await refuseIfHeld(dir, others);
    for (const number of others) rmSync(socketPath(dir, number), { force: true });
  } catch (error) {
    await close(server);
    throw error;
  }
  server.unref();
  const path = socketPath(dir, mine);
  return { isInPlace: () => existsSync(path), release: () => close(server) };
}

function numbersIn(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => SOCKET_NAME.exec(name)?.[1] ?? [])
    .map(Number);
}

async function refuseIfHeld(dir: string, numbers: readonly number[]): Promise<void> {
  for (const owner of await Promise.all(numbers.map((number) => ownerOf(socketPath(dir, number))))) {
    if (owner !== null) throw new DataDirError(dir, `is held by ${owner}`, { isHeld: true });
  }
}

function socketPath(dir: string, number: number): string {
  const path = join(dir, `hub-${number}.sock`);
  const fromHere = relative('.', path);
  return fromHere.length < path.length ? fromHere : path;
}

/** Whether it listens now. If not, another hub took the number meanwhile. */
async function listens(server: Server, dir: string, number: number): Promise<boolean> {
  const path = socketPath(dir, number);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new DataDirError(
      dir,
      `has too long a path for the socket in it: ${path} is over ${MAX_SOCKET_PATH_BYTES} bytes`,
    );
  }
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new DataDirError(dir, `cannot hold a socket: ${error.message}`));
    };
    server.once('error', onError);
    server.listen(path, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}

/** The hub that listens there; null: none. In doubt there is one: refusing is better than writing beside it. */
function ownerOf(path: string): Promise<Owner | null> {
  return new Promise((resolve) => {
    let answer = '';
    const peer = connect(path);
    const done = (owner: Owner | null) => {
      peer.destroy();
      resolve(owner);
    };
    const known = () => done(answer === '' ? 'another hub' : answer.slice(0, MAX_ANSWER_BYTES));
    peer.setTimeout(ANSWER_MS, known);
    peer.on('data', (piece: Buffer) => {
      answer += piece.toString();
      if (answer.length > MAX_ANSWER_BYTES) known();
    });
    peer.once('end', known);
    peer.once('error', ({ code }: NodeJS.ErrnoException) =>
      code === 'ECONNREFUSED' || code === 'ENOENT' ? done(null) : known(),
    );
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
