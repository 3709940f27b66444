/**
 * Holds a data directory and writes pairs to it until it is killed, or TIMES times: `node store-writer.js DIR
 * [TIMES]`.
 */
import { Store } from '@auralis/server/store/store';

const [, , dir = '', times = 'Infinity'] = process.argv;
const store = await Store.open(dir);
const left = store.database<number>('left');
const right = store.database<number>('right');
const fillers = store.database<string>('fillers');
/** With it, 50 transactions make a journal that is replaced by a snapshot. */
const PADDING = 'x'.repeat(400);
process.stdout.write('held\n');
for (let n = 1; n <= Number(times); n++) {
  const transaction = store.begin();
  transaction.put(left, 'n', n);
  for (let filler = 0; filler < 50; filler++) transaction.put(fillers, ['filler', filler], `${n} ${PADDING}`);
  transaction.put(right, 'n', n);
  await transaction.commit();
  process.stdout.write(`${n}\n`);
}
await store.close();
