import { createServer } from 'node:net';
import { ListenError, type StartTransport } from '@auralis/server/transport/transport';
import { expect, test } from '@jest/globals';
import { FRAME, RawSocket } from './raw-socket.js';
import { sleep, World } from './transport-world.js';

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

  test('it stops listening before its connections are too many, and listens again when there is room', async () => {
    const changes: [isListening: boolean, connections: number][] = [];
    const world = await World.start(start, {
      maxConnections: 10,
      onListening: (...change) => changes.push(change),
    });
    const until = async (count: number) => {
      for (let tries = 0; changes.length < count && tries < 1_000; tries++) await sleep(5);
      expect(changes).toHaveLength(count);
    };
    const sockets = await Promise.all(Array.from({ length: 5 }, () => RawSocket.open(world.port, '/lobby')));
    // Connections that end do not count, whether they asked for anything or not.
    for (let asked = 0; asked < 20; asked++)
      await (await fetch(world.url('/'), { headers: { connection: 'close' } })).text();
    for (let opened = 0; opened < 20; opened++) (await RawSocket.open(world.port, '/lobby')).destroy();
    await sleep(100);
    expect(changes).toEqual([]);
    const plain = Array.from({ length: 5 }, () => RawSocket.connect(world.port));
    await until(1);
    expect(changes[0]).toEqual([false, 10]);
    await expect(fetch(world.url('/'))).rejects.toThrow();
    const [here] = sockets as [RawSocket];
    here.send(FRAME.TEXT, 'still here');
    const [recorder] = world.recorders;
    await recorder?.until(() => recorder.of('message').length === 1);
    for (const socket of [sockets[1], plain[0]]) socket?.destroy();
    await until(2);
    expect(changes[1]).toEqual([true, 8]);
    expect(await (await fetch(world.url('/'), { headers: { connection: 'close' } })).text()).toBe('hello');
    for (const socket of [...sockets, ...plain]) socket.destroy();
    world.transport.destroy();
  });

  test('one that was told to stop never listens again', async () => {
    const world = await World.start(start, { maxConnections: 2 });
    const sockets = [await RawSocket.open(world.port, '/lobby'), await RawSocket.open(world.port, '/lobby')];
    world.transport.stopListening();
    for (const socket of sockets) socket.destroy();
    await sleep(600);
    await expect(fetch(world.url('/'))).rejects.toThrow();
    world.transport.destroy();
  });
}
