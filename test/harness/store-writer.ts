/** Holds a data directory and writes pairs to it until it is killed: `node store-writer.js DIR`. */
import { Store } from '@auralis/server/store/store';

const store = await Store.open(process.argv[2] as string);
const left = store.database<number>('left');
const right = store.database<number>('right');
process.stdout.write('held\n');
for (let n = 1; ; n++) {
  const transaction = store.begin();
  transaction.put(left, 'n', n);
  for (let filler = 0; filler < 50; filler++) transaction.put(left, ['filler', filler], n);
  transaction.put(right, 'n', n);
  await transaction.commit();
  process.stdout.write(`${n}\n`);
}
