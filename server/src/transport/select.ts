import type { StartTransport } from './transport.js';
import { startWs } from './ws.js';

export interface SelectedTransport {
  readonly start: StartTransport;
  /** One line for the log, where the choice was not the first one. */
  readonly note?: string;
}

/** uWebSockets was asked for by name and does not load here. */
export class TransportUnavailableError extends Error {
  override readonly name = 'TransportUnavailableError';
}

/** Loaded only when asked for: its binary exists for some platforms and versions of Node only. */
async function loadUws(): Promise<StartTransport> {
  return (await import('./uws.js')).startUws;
}

/**
 * The transport to run on: `auto` takes uWebSockets where it loads, else ws.
 * @throws TransportUnavailableError for `uws` where it does not load
 */
export async function selectTransport(
  choice: 'auto' | 'uws' | 'ws',
  load: () => Promise<StartTransport> = loadUws,
): Promise<SelectedTransport> {
  if (choice === 'ws') return { start: startWs };
  try {
    return { start: await load() };
  } catch {
    const where = `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
    const note = `uWebSockets.js has no binary for ${where}`;
    if (choice === 'uws') throw new TransportUnavailableError(`${note}: take --transport auto or ws`);
    return { start: startWs, note: `${note}; running on ws, which takes about twice the CPU for each message` };
  }
}
