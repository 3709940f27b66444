import { readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { DataDirError } from './data-dir-error.js';

/** The kernel takes paths of sockets up to 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 103;
const SOCKET_NAME = /^hub-(\d+)\.sock$/;
/** Who holds a directory says who it is within this, or is taken at its being there. */
const ANSWER_MS = 1000;
const MAX_ANSWER_BYTES = 1000;

export interface DirLock {
  release(): Promise<void>;
}

/** Who holds a data directory, as far as is known. */
type Owner = string;

/**
 * Holds `dir` for this process: two hubs on one directory would tell every alert twice, and neither may move files of the
 * other away.
 *
 * The holder listens on a socket in the directory. The kernel closes it with the process, however that ends, so whoever
 * can be connected to is alive: unlike a process id, which another process or container may have as well. Sockets are
 * numbered, and nobody can take a number that is taken: of several hubs that find number 7 dead, one gets 8. Whoever then
 * still sees another alive leaves it the directory.
 * @throws DataDirError where another hub holds it
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
  return { release: () => close(server) };
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

/** Whether it listens now; else somebody else took the number meanwhile. */
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

/** Who listens there; null: nobody. What cannot be told counts as alive: better refuse than write beside another hub. */
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
