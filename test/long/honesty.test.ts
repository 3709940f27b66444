import { setMaxListeners } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Page } from '../unit/truth/page.js';
import { World } from '../unit/truth/world.js';

/** Words for a listener that is not to be believed. */
const ACCUSED = ['frozen', 'contradicting', 'stale', 'trust=contradicting', 'trust=stale', 'trust=impossible'];
/** Pages of each kind: each joins, and turns bad, at a moment of its own. */
const PAGES = 40;

/** Follows what is said of pages, second by second. */
class Watcher {
  readonly pages: Page[] = [];
  readonly world = new World(() => this.#look());
  /** For each page: each word, and the second at which it first appeared. */
  readonly said = new Map<string, Map<string, number>>();

  /** Pages that join over five seconds. */
  constructor(count: number, seed = 0, each: (page: Page) => void = () => {}) {
    for (let at = 0; at < count; at++) {
      this.world.timeline.at(this.now + (at * 5000) / count, () => {
        const page = new Page(this.world, `page${at}`, seed + at);
        this.pages.push(page);
        each(page);
      });
    }
  }

  get now(): number {
    return this.world.timeline.now;
  }

  /** Words about a page since `from`, and how many ms after that. */
  since(page: Page, from: number): Map<string, number> {
    const words = [...(this.said.get(page.client) ?? [])].filter(([, at]) => at >= from);
    return new Map(words.map(([word, at]) => [word, at - from]));
  }

  #look(): void {
    for (const { client } of this.pages) {
      if (this.world.word(client, 'state') !== 'open' && this.world.word(client, 'state') !== 'stale') continue;
      const words = this.said.get(client) ?? new Map<string, number>();
      this.said.set(client, words);
      for (const column of ['trust', 'status_reason'] as const) {
        const word = `${column === 'trust' ? 'trust=' : ''}${this.world.word(client, column)}`;
        if (!words.has(word)) words.set(word, this.now);
      }
    }
  }
}

const lie = (page: Page) => {
  page.lies = { bufferDepthMs: 400, bufferUnderruns: 0, underrunDurationMs: 0, playbackState: 'playing' };
};
const KINDS: [string, (page: Page) => void, string, readonly string[]][] = [
  ['a page that hangs', (page) => page.hang(), 'stale', ['frozen', 'contradicting']],
  ['a page that receives and plays nothing', (page) => page.freeze(), 'frozen', ['contradicting', 'stale']],
  [
    'one that says 400 ms for ever while no chunk comes',
    (page) => {
      lie(page);
      page.socket?.starve();
    },
    'contradicting',
    ['frozen', 'stale'],
  ],
  [
    'one that says 400 ms for ever while its link carries four fifths',
    (page) => {
      lie(page);
      page.socket?.slow(125);
    },
    'contradicting',
    ['frozen', 'stale'],
  ],
];

/** Checks that each page was found out in time, and suspected of nothing else. */
function expectFound(found: readonly Map<string, number>[], right: string, wrong: readonly string[]): void {
  expect(found).toHaveLength(PAGES);
  for (const words of found) {
    expect(words.get(right)).toBeLessThanOrEqual(10_000);
    for (const word of wrong) expect([...words.keys()]).not.toContain(word);
  }
}

describe('told apart within 10 s, with the right reason', () => {
  test.each(KINDS)('%s, after a minute in which it was believed', (_, turn, right, wrong) => {
    const watcher = new Watcher(PAGES);
    watcher.world.run(60);
    for (const words of watcher.said.values()) expect(accusations(words)).toEqual([]);
    watcher.said.clear();
    const turnedAt = watcher.pages.map((page, at) => {
      const moment = watcher.now + (at * 5000) / PAGES;
      watcher.world.timeline.at(moment, () => turn(page));
      return moment;
    });
    watcher.world.run(30);
    const found = watcher.pages.map((page, at) => watcher.since(page, turnedAt[at] as number));
    expectFound(found, right, wrong);
  });

  test.each(KINDS.slice(1))('%s, from its first chunk on', (_, turn, right, wrong) => {
    const joinedAt: number[] = [];
    const watcher = new Watcher(PAGES, 100, (page) => {
      joinedAt.push(watcher.now);
      // It must have heard of the hub to say anything.
      watcher.world.timeline.at(watcher.now + 700, () => turn(page));
    });
    watcher.world.run(30);
    const found = watcher.pages.map((page, at) => watcher.since(page, joinedAt[at] as number));
    expectFound(found, right, wrong);
  });
});

describe('an honest page is never taken for a false one', () => {
  test('whatever its network: late chunks, late reports, lost connections, pauses', () => {
    const watcher = new Watcher(PAGES, 200, (page) => trouble(watcher.world, page));
    watcher.world.run(300);
    const said = [...watcher.said.values()];
    expect(said).toHaveLength(PAGES);
    for (const words of said) expect(accusations(words)).toEqual([]);
    // It was no quiet life.
    const seen = new Set(said.flatMap((words) => [...words.keys()]));
    for (const word of ['rebuffering', 'trust=trusted']) expect(seen).toContain(word);
    expect(watcher.pages.filter(({ sockets }) => sockets.length > 3).length).toBeGreaterThan(PAGES / 2);
  });
});

describe('a page that is hidden', () => {
  afterEach(() => {
    Reflect.deleteProperty(globalThis, 'document');
  });

  test('says so as it hides, is late without being silent, and is believed again when it is shown', () => {
    const tab = Object.assign(new EventTarget(), { hidden: false });
    setMaxListeners(PAGES, tab);
    Object.assign(globalThis, { document: tab });
    const watcher = new Watcher(PAGES, 300);
    const turn = (hidden: boolean) => {
      watcher.said.clear();
      tab.hidden = hidden;
      for (const page of watcher.pages) page.isHidden = hidden;
      tab.dispatchEvent(new Event('visibilitychange'));
    };
    watcher.world.run(30);
    for (const hidden of [true, false, true, false]) {
      const from = watcher.now;
      turn(hidden);
      watcher.world.run(200);
      for (const page of watcher.pages) {
        const words = watcher.since(page, from);
        expect(words.get(hidden ? 'trust=hidden' : 'trust=trusted')).toBeLessThanOrEqual(2_000);
        expect(accusations(words)).toEqual([]);
      }
    }
  });
});

const accusations = (words: Map<string, number>) => ACCUSED.filter((word) => words.has(word));

/** Something happens to the page every few seconds, through no fault of its own. */
function trouble(world: World, page: Page): void {
  const { random } = page;
  const { timeline } = world;
  const events = [
    () => page.socket?.stall('down', random() * 4000),
    () => page.socket?.stall('up', random() * 2500),
    () => page.socket?.cut(),
    () => {
      page.socket?.slow(100 + random() * 100);
      timeline.at(timeline.now + 5000, () => page.socket?.slow(0));
    },
    () => {
      page.pause();
      timeline.at(timeline.now + random() * 10_000, () => page.resume());
    },
  ];
  timeline.at(timeline.now + 2000 + random() * 10_000, () => {
    events[Math.floor(random() * events.length)]?.();
    trouble(world, page);
  });
}
