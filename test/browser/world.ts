import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { describeIf } from '../harness/program.js';

const PATHS = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // A name that is no loopback name, so a page under it is no secure context.
  '--host-resolver-rules=MAP music.test 127.0.0.1',
];
const AUTOPLAY = {
  free: '--autoplay-policy=no-user-gesture-required',
  strict: '--autoplay-policy=document-user-activation-required',
};

/** Pages of a headless Chromium. Tests can ask for what a page threw, and for what its security policy forbade. */
export interface World {
  open(url: string, options?: OpenOptions): Promise<Page>;
  /** Faults of pages since the last call. */
  faults(): readonly string[];
}

export interface OpenOptions extends BrowserContextOptions {
  /** A browser that plays nothing before a gesture, as they come. To read off a page is a gesture, too. */
  readonly strict?: boolean;
  /** Script that runs in the page before its own. */
  readonly before?: string;
}

/**
 * Suites share one browser and run one after the other, because sound has to keep time on two cores. Each suite
 * closes its pages, which would otherwise go on playing and painting.
 */
export function describeInBrowser(name: string, ...suites: readonly ((world: World) => void)[]): void {
  const executablePath = PATHS.find((path) => path !== undefined && existsSync(path));
  describeIf(executablePath !== undefined, 'there is no Chromium: install one or set CHROMIUM_PATH', name, () => {
    const { world, closePages } = makeWorld(executablePath ?? '');
    for (const suite of suites) {
      describe(suite.name, () => {
        suite(world);
        afterAll(closePages);
      });
    }
  });
}

function makeWorld(executablePath: string): { readonly world: World; readonly closePages: () => Promise<void> } {
  const browsers = new Map<boolean, Browser>();
  let faults: string[] = [];
  const browser = async (strict: boolean): Promise<Browser> => {
    const known = browsers.get(strict);
    if (known !== undefined) return known;
    const started = await chromium.launch({
      executablePath,
      args: [...ARGS, strict ? AUTOPLAY.strict : AUTOPLAY.free],
    });
    browsers.set(strict, started);
    return started;
  };
  beforeAll(() => browser(false).then(() => {}));
  afterAll(async () => {
    for (const started of browsers.values()) await started.close();
  });
  const world: World = {
    open: async (url, { strict = false, before, ...options } = {}) => {
      const context = await (await browser(strict)).newContext(options);
      const page = await context.newPage();
      if (before !== undefined) await page.addInitScript(before);
      page.on('pageerror', (error) => faults.push(String(error.stack ?? error)));
      page.on('console', (message) => {
        const text = message.text();
        // Frames of the hub on pages of others are refused on purpose.
        if (text.includes('Content Security Policy') && !text.includes('frame-ancestors')) faults.push(text);
      });
      await page.goto(url);
      return page;
    },
    faults: () => {
      const found = faults;
      faults = [];
      return found;
    },
  };
  const closePages = async () => {
    for (const started of browsers.values()) for (const context of started.contexts()) await context.close();
  };
  return { world, closePages };
}

/** Waits until `ask` gives something else than null or false. */
export async function until<Answer>(
  what: string,
  ms: number,
  ask: () => Promise<Answer | null | false> | Answer | null | false,
): Promise<Answer> {
  const deadline = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(100);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
