import { lookup } from 'node:dns/promises';
import { type AddressInfo, createServer } from 'node:net';
import { ListenError } from './transport.js';

/** Explain the system's error, with what to do. */
export function listenError(host: string, port: number, code: string | undefined): ListenError {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(`${place} is in use by another program`);
    case 'EACCES':
    case 'EPERM':
      return new ListenError(`${place} may not be listened on by this user: take a port above 1023`);
    case 'EADDRNOTAVAIL':
      return new ListenError(`${host} is not an address of this machine`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(`${host} is not a name or address that is known here`);
    default:
      return new ListenError(`cannot listen on ${place}${code === undefined ? '' : `: ${code}`}`);
  }
}

/**
 * Take an address, give it back, and call `take` before another process can have it. This serves servers that cannot
 * ask for an exclusive port. `take` gets the numeric address and the port.
 * @throws ListenError
 */
export async function takeExclusively<Taken>(
  host: string,
  port: number,
  take: (address: string, port: number) => Taken,
): Promise<Taken> {
  const { address } = await lookup(host).catch((error: NodeJS.ErrnoException) => {
    throw listenError(host, port, error.code);
  });
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => reject(listenError(host, port, error.code)));
    probe.listen({ host: address, port, exclusive: true }, () => {
      const { port: free } = probe.address() as AddressInfo;
      // The address is free again at once; what follows is in the same turn of the loop.
      probe.close();
      try {
        resolve(take(address, free));
      } catch (error) {
        reject(error);
      }
    });
  });
}
