import { createServer } from 'node:net';
import { ListenError, type StartTransport } from '@auralis/server/transport/transport';
import { expect, test } from '@jest/globals';
import { World } from './transport-world.js';

/** Taking a port, and saying why not. */
export function listenContract(start: StartTransport): void {
  test('a port that another transport has is refused, and the first goes on', async () => {
    const world = await World.start(start);
    const second = World.start(start, { port: world.port });
    await expect(second).rejects.toThrow(ListenError);
    await expect(second).rejects.toThrow(`127.0.0.1:${world.port} is in use by another program`);
    await expect(World.start(start, { host: '0.0.0.0', port: world.port })).rejects.toThrow('is in use');
    await expect(fetch(world.url('/')).then((response) => response.text())).resolves.toBe('hello');
    world.transport.destroy();
  });

  test('a port that another program has is refused', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(World.start(start, { port })).rejects.toThrow(`127.0.0.1:${port} is in use by another program`);
    other.close();
  });

  test('an address that is not of this machine is refused', async () => {
    await expect(World.start(start, { host: '192.0.2.1' })).rejects.toThrow(
      '192.0.2.1 is not an address of this machine',
    );
  });

  test('a port that was given back can be taken again at once', async () => {
    const first = await World.start(start);
    const { port } = first;
    await fetch(first.url('/'), { headers: { connection: 'close' } });
    first.transport.destroy();
    const second = await World.start(start, { port });
    expect(second.port).toBe(port);
    second.transport.destroy();
  });

  test('destroy and stopListening may come twice, in any order', async () => {
    const world = await World.start(start);
    world.transport.stopListening();
    world.transport.stopListening();
    world.transport.destroy();
    world.transport.destroy();
    expect(world.errors).toEqual([]);
  });
}
