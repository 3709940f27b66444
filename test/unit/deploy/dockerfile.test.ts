import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { validate } from 'dockerfile-utils';
import { readImage } from '../../harness/dockerfile.js';
import { ROOT } from '../../harness/hub.js';

const image = readImage();
const lint = (text: string) => validate(text).map(({ message }) => message);

test('the linter has nothing to say about the container file', () => {
  expect(lint(image.text)).toEqual([]);
  expect(lint(image.text.replace('--interval', '--every').replace('STOPSIGNAL', 'STOPSIGNALS'))).toEqual([
    expect.stringContaining('STOPSIGNALS'),
    expect.stringContaining('every'),
  ]);
});

test('the image is for glibc, runs without root, keeps its data in a volume and stops with grace', () => {
  const stages = [...image.text.matchAll(/^FROM (\S+)/gm)].map(([, name]) => name);
  expect(stages).toEqual(['node:22-bookworm-slim', 'node:22-bookworm-slim']);
  expect(image.last('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(image.last('VOLUME')).toBe(image.env.AURALIS_DATA_DIR);
  expect(image.last('EXPOSE')).toBe(image.env.AURALIS_PORT);
  expect(image.last('STOPSIGNAL')).toBe('SIGTERM');
});

test('it has the transport of the server, and no token', () => {
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
    readFileSync(`${ROOT}server/package.json`, 'utf8'),
  ) as Record<string, Record<string, string>>;
  const transport = { ...dependencies, ...optionalDependencies, ...peerDependencies }['uWebSockets.js'];
  expect(transport).toMatch(/^npm:/);
  expect(image.text).toContain(` uWebSockets.js@${transport}\n`);
  expect(image.text).not.toMatch(/token|sha256/i);
});
