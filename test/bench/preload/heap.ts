/**
 * Loaded before a server whose garbage is measured (`--import …?to=FILE`): on SIGUSR2 writes its used heap, bytes, to
 * FILE.
 */
import { writeFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('to');

process.on('SIGUSR2', () => {
  const { heapUsed } = process.memoryUsage();
  if (file !== null) writeFileSync(file, String(heapUsed));
});
