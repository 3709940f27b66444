import { isNotInstalled } from './not-installed.js';
import type { StartTransport } from './transport.js';
import './uws-head-size.js';
import { startWs } from './ws.js';

export interface SelectedTransport {
  readonly start: StartTransport;
  /** One line for the log if the first choice does not load. */
  readonly note?: string;
}

/** uWebSockets was asked for by name and does not load here. */
export class TransportUnavailableError extends Error {
  override readonly name = 'TransportUnavailableError';
}

/** Package of uWebSockets, as `npm install` takes it, and `npx` after `-p`. */
export const UWS_PACKAGE = 'uWebSockets.js@npm:uws-pack@20.0.8';

/** Overrides the packaged build, which has binaries for Node 20 and 22, with its author's release for glibc 2.38. */
export const AUTHORS_RELEASE = 'github:uNetworking/uWebSockets.js#v20.64.0';

/** Load uWebSockets only if asked for: its binary exists for some platforms and versions of Node only. */
async function loadUws(): Promise<StartTransport> {
  return (await import('./uws.js')).startUws;
}

/**
 * Return the transport to run on. `auto` takes uWebSockets if it loads, else `ws`.
 * @throws TransportUnavailableError for `uws` if it does not load
 */
export async function selectTransport(
  choice: 'auto' | 'uws' | 'ws',
  load: () => Promise<StartTransport> = loadUws,
): Promise<SelectedTransport> {
  if (choice === 'ws') return { start: startWs };
  try {
    return { start: await load() };
  } catch (error) {
    const { reason, remedy } = isNotInstalled(error) ? NOT_INSTALLED : noBinary();
    if (choice === 'uws') throw new TransportUnavailableError(`${reason}: take --transport auto or ws, or ${remedy}`);
    return {
      start: startWs,
      note: `${reason}: running on ws, with twice the CPU for each message. To change that, ${remedy}`,
    };
  }
}

const NOT_INSTALLED = {
  reason: 'uWebSockets.js is not installed',
  remedy: `install ${UWS_PACKAGE} beside auralis-hub`,
};

function noBinary() {
  const override = `override uWebSockets.js with ${AUTHORS_RELEASE} in pnpm-workspace.yaml`;
  return {
    reason: `uWebSockets.js has no binary for Node ${process.versions.node}, ${process.platform} ${process.arch}, ${libc()}`,
    remedy: `run Node 20 or 22 on glibc or, on glibc 2.38 and later, ${override}`,
  };
}

/** Return the C library that binaries must match, with its version. */
function libc(): string {
  if (process.platform !== 'linux') return 'system libc';
  // Network interfaces would be looked up by name, which may take seconds.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}
