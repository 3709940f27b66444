import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { DataDirError } from './data-dir-error.js';

/** The kernel takes paths of sockets up to 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Who holds a data directory. */
interface Owner {
  /** Name of the socket that it listens on as long as it lives. */
  readonly socket: string;
  readonly pid: number;
  readonly since: string;
}

export interface DirLock {
  release(): Promise<void>;
}

/**
 * Holds `dir` for this process: two hubs on one directory would tell every alert twice.
 *
 * The holder listens on a socket in the directory. The kernel closes it with the process, however that ends, so whoever
 * can be connected to is alive: unlike a process id, which another process or container may have as well. The name of the
 * holder's socket lies in the store, and is replaced in one transaction by whoever has found it dead: of two hubs that
 * start at once over a dead one, one gets it.
 * @throws DataDirError where another hub holds it
 */
export async function lockDir(root: RootDatabase, dir: string): Promise<DirLock> {
  const owners = root.openDB<Owner, string>('lock', { encoding: 'json' });
  const socket = `hub-${randomBytes(4).toString('hex')}.sock`;
  const server = await listen(dir, socket);
  const mine: Owner = { socket, pid: process.pid, since: new Date().toISOString() };
  let dead: string | undefined;
  for (;;) {
    const owner = root.transactionSync(() => {
      const found = owners.get('owner');
      if (found !== undefined && found.socket !== dead) return found;
      owners.putSync('owner', mine);
      return null;
    });
    if (owner === null) break;
    if (await answers(socketPath(dir, owner.socket))) {
      await close(server);
      throw new DataDirError(dir, `is held by the hub with process id ${owner.pid}, since ${owner.since}`, true);
    }
    dead = owner.socket;
  }
  if (dead !== undefined) rmSync(socketPath(dir, dead), { force: true });
  return { release: () => close(server) };
}

function socketPath(dir: string, socket: string): string {
  const path = join(dir, socket);
  if (process.platform === 'win32') return join('\\\\.\\pipe', 'auralis', socket);
  const fromHere = relative('.', path);
  return fromHere.length < path.length ? fromHere : path;
}

async function listen(dir: string, socket: string): Promise<Server> {
  const path = socketPath(dir, socket);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new DataDirError(
      dir,
      `has too long a path for the socket in it: ${path} is over ${MAX_SOCKET_PATH_BYTES} bytes`,
    );
  }
  const server = createServer((peer) => peer.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new DataDirError(dir, `cannot hold a socket: ${error.message}`)));
    server.listen(path, resolve);
  });
  server.unref();
  return server;
}

/** Whether somebody listens there. What cannot be told counts as alive: better refuse than write beside another hub. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const peer = connect(path);
    peer.once('connect', () => {
      peer.destroy();
      resolve(true);
    });
    peer.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
