import { GpuMonitor, type GpuProcessEvents } from '@auralis/server/host/gpu-monitor';
import { describe, expect, test } from '@jest/globals';
import { document } from './fixtures.js';

const T4 = document('t4-driver-450');

/** A monitor on a simulated clock, whose processes are scripts of the test. */
class World {
  now = 1_000_000;
  readonly lines: string[] = [];
  /** Writes: the names of the GPUs, or 'cleared'. */
  readonly written: string[] = [];
  readonly processes: FakeProcess[] = [];
  readonly monitor = new GpuMonitor({
    start: (events) => {
      const process = new FakeProcess(events, this.now);
      this.processes.push(process);
      return process;
    },
    rows: {
      write: (readings) => this.written.push(readings.map(({ name }) => name).join('+')),
      clear: () => this.written.push('cleared'),
    },
    log: {
      info: (message) => this.lines.push(`info ${message}`),
      warn: (message) => this.lines.push(`warn ${message}`),
    },
    intervalMs: 1000,
    now: () => this.now,
  });

  get running(): FakeProcess[] {
    return this.processes.filter((process) => !process.isOver);
  }

  get last(): FakeProcess {
    return this.processes.at(-1) as FakeProcess;
  }

  /** Lets seconds pass; `each` is what the process does in each of them. */
  pass(seconds: number, each?: (process: FakeProcess) => void): void {
    for (let second = 0; second < seconds; second++) {
      this.now += 1000;
      if (each !== undefined && !this.last.isOver) each(this.last);
      this.monitor.tick();
      expect(this.running.length).toBeLessThanOrEqual(1);
    }
  }
}

class FakeProcess {
  isOver = false;
  kills = 0;
  /** A process that the system cannot end now. */
  isStuck = false;
  readonly #events: GpuProcessEvents;
  readonly startedAt: number;

  constructor(events: GpuProcessEvents, startedAt: number) {
    this.#events = events;
    this.startedAt = startedAt;
  }

  say(text: string): void {
    this.#events.output(Buffer.from(text));
  }

  end(reason = 'code 0', missing = false): void {
    this.isOver = true;
    this.#events.ended({ missing, reason });
  }

  kill(): void {
    this.kills++;
    if (!this.isStuck && !this.isOver) this.end('SIGKILL');
  }
}

const begun = () => {
  const world = new World();
  world.monitor.tick();
  return world;
};
const steady = () => {
  const world = begun();
  world.pass(60, (process) => process.say(T4));
  return world;
};

test('one process for an hour, a reading from each of its documents, not a word in the log', () => {
  const world = begun();
  world.pass(3600, (process) => process.say(T4));
  expect(world.processes).toHaveLength(1);
  expect(world.written).toEqual(Array(3600).fill('Tesla T4'));
  expect(world.lines).toEqual([]);
});

test('without the program: said once, and never tried again', () => {
  const world = begun();
  world.last.end('spawn nvidia-smi ENOENT', true);
  world.pass(3600);
  expect(world.processes).toHaveLength(1);
  expect(world.lines).toEqual(['info there is no nvidia-smi here: no GPU is read']);
});

describe('a process that ends', () => {
  test('is started again, after pauses that double up to a minute, and it is said once', () => {
    const world = begun();
    world.last.say('NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\n'.repeat(2));
    world.last.end('code 9');
    world.pass(600, (process) => process.end('code 9'));
    const pauses = world.processes
      .slice(1)
      .map(({ startedAt }, at) => startedAt - (world.processes[at] as FakeProcess).startedAt);
    // Each ends in the second after its start.
    expect(pauses.slice(0, 8)).toEqual([1000, 3000, 5000, 9000, 17_000, 33_000, 61_000, 61_000]);
    expect(world.lines).toHaveLength(1);
    expect(world.lines[0]).toMatch(/^warn nvidia-smi ended \(code 9 NVIDIA-SMI has failed because/);
  });

  test('one that gives a single document each time is not started every second either', () => {
    const world = begun();
    world.pass(600, (process) => {
      process.say(T4);
      process.end('SIGSEGV');
    });
    expect(world.processes.length).toBeLessThan(17);
    expect(world.lines).toHaveLength(1);
  });

  test('its readings go, and come back with the next; that all is well again is said too', () => {
    const world = steady();
    world.last.end('SIGTERM');
    expect(world.written.at(-1)).toBe('cleared');
    world.pass(2);
    world.pass(60, (process) => process.say(T4));
    expect(world.written.at(-1)).toBe('Tesla T4');
    expect(world.lines).toEqual([
      'warn nvidia-smi ended (SIGTERM): it is started again, at most once a minute if it goes on',
      'info nvidia-smi answers again',
    ]);
  });

  test('after a good while, the pauses begin anew', () => {
    const world = steady();
    for (let time = 0; time < 3; time++) {
      world.last.end('SIGTERM');
      const endedAt = world.now;
      world.pass(1);
      expect(world.last.startedAt - endedAt).toBe(1000);
      world.pass(60, (process) => process.say(T4));
    }
  });
});

describe('a process that hangs', () => {
  test('is killed after ten seconds of silence, once, and started again; its readings go', () => {
    const world = steady();
    const first = world.last;
    world.pass(10);
    expect(first.kills).toBe(0);
    world.pass(1);
    expect(first.kills).toBe(1);
    expect(world.written.at(-1)).toBe('cleared');
    world.pass(3);
    expect(world.processes).toHaveLength(2);
    expect(world.lines).toEqual(['warn nvidia-smi has said nothing for 10 s: it is ended and started again']);
  });

  test('the first document may take half a minute', () => {
    const world = begun();
    world.pass(30);
    expect(world.last.kills).toBe(0);
    world.pass(1);
    expect(world.last.kills).toBe(1);
  });

  test('documents without an end are silence', () => {
    const world = steady();
    world.pass(11, (process) => process.say(T4.slice(0, 3000)));
    expect(world.processes[0]?.kills).toBe(1);
  });

  test('one that cannot be killed is not joined by a second', () => {
    const world = steady();
    world.last.isStuck = true;
    world.pass(120);
    expect(world.processes).toHaveLength(1);
    // At last the system lets go of it: what it still says is old.
    const written = world.written.length;
    world.last.say(T4);
    expect(world.written).toHaveLength(written);
    world.last.end('SIGKILL');
    world.pass(2);
    expect(world.processes).toHaveLength(2);
  });
});

test('a document that is not well-formed is left out, said once, and the next one is read', () => {
  const world = begun();
  const broken = T4.replace('</fb_memory_usage>', '</fb_memory>');
  world.pass(10, (process) => process.say(broken + T4));
  expect(world.written).toEqual(Array(10).fill('Tesla T4'));
  expect(world.lines).toHaveLength(1);
  expect(world.lines[0]).toMatch(/^warn nvidia-smi: a document that cannot be read: /);
});

test('another program’s words are one line without control characters', () => {
  const world = begun();
  world.last.say(`\u001b[31mred\u0000 alert\nfake log line ${'x'.repeat(2000)}`);
  world.last.end('code 1');
  expect(world.lines[0]).toMatch(/^[\x20-\x7e]{20,450}$/);
});

describe('stop', () => {
  test('ends the process, and nothing is started afterwards', async () => {
    const world = steady();
    await world.monitor.stop();
    expect(world.running).toEqual([]);
    world.pass(100);
    expect(world.processes).toHaveLength(1);
    expect(world.lines).toEqual([]);
  });

  test('waits for one that takes its time', async () => {
    const world = steady();
    world.last.isStuck = true;
    setTimeout(() => world.last.end('SIGKILL'), 100);
    await world.monitor.stop();
    expect(world.running).toEqual([]);
  });

  test('while it pauses between two, and before the first', async () => {
    const world = begun();
    world.last.end('code 9');
    await world.monitor.stop();
    world.pass(100);
    expect(world.processes).toHaveLength(1);
    await new World().monitor.stop();
  });
});
