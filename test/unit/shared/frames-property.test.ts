import { MAX_FIXED } from '@auralis/shared/limits';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SCALES, World } from './frame-world.js';

/**
 * Another seed than the usual one: `SEED=7 node test/run.js frames-property`. A failure prints the seed and the path.
 */
const seed = Number(process.env.SEED ?? 20_260_101);

const key = fc
  .tuple(fc.constantFrom('row', 'row', 'row', 'flood'), fc.integer({ min: 0, max: 9 }))
  .map(([kind, number]) => `${kind}-${number}`);
const column = fc.integer({ min: 0, max: SCALES.length - 1 });
const edge = fc.constantFrom(
  0,
  1,
  -1,
  127,
  -127,
  128,
  -128,
  129,
  255,
  32_767,
  -32_767,
  32_768,
  -32_768,
  65_535,
  0x7fff_ffff,
  -0x7fff_ffff,
  0x8000_0000,
  -0x8000_0000,
  2 ** 40,
  -(2 ** 40),
  MAX_FIXED,
  -MAX_FIXED,
  (MAX_FIXED - 1) / 10,
  (MAX_FIXED - 3) / 1000,
  MAX_FIXED * 4,
  Number.NaN,
  Infinity,
);
const near = fc.integer({ min: -300, max: 300 }).map((tenths) => tenths / 10);
const amount = fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: edge }, fc.double());
const channel = fc.integer({ min: 0, max: 3 });
const viewer = fc.integer({ min: 0, max: 5 });

type Step = (world: World) => void;
const named = (name: string, step: Step): Step => Object.assign(step, { [fc.toStringMethod]: () => name });

const open = fc.tuple(key, fc.constantFrom('odd', 'even', '')).map(([key, group]) =>
  named(`open ${key} ${group}`, ({ table }) => {
    const slot = table.slotOf(key);
    // Close and open within one tick: the slot, or another one, comes back under the same key.
    if (slot !== undefined) table.close(slot);
    table.open(key, [group]);
  }),
);
const close = key.map((key) =>
  named(`close ${key}`, ({ table }) => {
    const slot = table.slotOf(key);
    if (slot !== undefined) table.close(slot);
  }),
);
const describeRow = fc
  .tuple(key, fc.constantFrom('odd', 'even'), fc.constantFrom('', 'ü✓', 'x'.repeat(40)))
  .map(([key, group, note]) =>
    named(`attributes ${key} ${group} ${note}`, ({ table }) => {
      const slot = table.slotOf(key);
      if (slot !== undefined) table.setAttributes(slot, [group, note]);
    }),
  );
const set = fc.tuple(key, column, amount).map(([key, column, value]) =>
  named(`set ${key} ${column} ${value}`, ({ table }) => {
    const slot = table.slotOf(key);
    if (slot !== undefined) table.set(slot, column, value);
  }),
);
const add = fc.tuple(key, column, near).map(([key, column, value]) =>
  named(`add ${key} ${column} ${value}`, ({ table }) => {
    const slot = table.slotOf(key);
    if (slot !== undefined) table.add(slot, column, value);
  }),
);
const clear = fc.tuple(key, column).map(([key, column]) =>
  named(`clear ${key} ${column}`, ({ table }) => {
    const slot = table.slotOf(key);
    if (slot !== undefined) table.clear(slot, column);
  }),
);
/** Every row's cell in one go, so that columns are dense and columns repeat the slots of the one before. */
const sweep = fc.tuple(fc.integer({ min: 1, max: 15 }), near).map(([columns, value]) =>
  named(`sweep ${columns} ${value}`, ({ table }) => {
    for (const slot of table.slots())
      for (let column = 0; column < SCALES.length; column++)
        if ((columns >> column) & 1) table.set(slot, column, value + slot);
  }),
);
/**
 * Every row's cell by a little, each by another: what fits into a byte takes a way of its own, and what just does
 * not.
 */
const nudge = fc
  .tuple(fc.integer({ min: 1, max: 15 }), fc.array(fc.integer({ min: -128, max: 128 }), { minLength: 1, maxLength: 5 }))
  .map(([columns, steps]) =>
    named(`nudge ${columns} ${steps}`, ({ table }) => {
      for (const slot of table.slots())
        for (const [column, scale] of SCALES.entries())
          if ((columns >> column) & 1) table.add(slot, column, (steps[slot % steps.length] as number) / 10 ** scale);
    }),
  );
/**
 * Every row changes in the first column, and the same few in the others, as after reports: but for one more, or one
 * less, or one that is missing.
 */
const reports = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.constantFrom(1, 1000), fc.option(fc.tuple(column, near), { nil: null }))
  .map(([every, step, other]) =>
    named(`reports of each ${every}. by ${step}, and ${other}`, ({ table }) => {
      const slots = [...table.slots()];
      for (const slot of slots) table.add(slot, 0, 1);
      for (const slot of slots.filter((slot) => slot % every === 0))
        for (let column = 1; column < SCALES.length; column++) table.add(slot, column, step);
      if (other === null || slots.length === 0) return;
      const slot = slots[Math.abs(Math.round(other[1] * 10)) % slots.length] as number;
      if (other[1] < 0) table.clear(slot, other[0]);
      else table.add(slot, other[0], other[1]);
    }),
  );
/** More rows at once than a channel has room for, so that its arrays grow between two frames. */
const flood = fc.integer({ min: 1, max: 40 }).map((rows) =>
  named(`flood ${rows}`, ({ table }) => {
    for (let row = 0; row < rows; row++) if (table.slotOf(`flood-${row}`) === undefined) table.open(`flood-${row}`);
  }),
);
const tick = fc.boolean().map((evenEmpty) => named(`tick ${evenEmpty}`, (world) => world.tick(evenEmpty)));
const join = fc.tuple(channel, fc.constantFrom('msgpack' as const, 'json' as const)).map(([at, form]) =>
  named(`join ${at} ${form}`, (world) => {
    const channel = world.channels[at];
    if (channel !== undefined) world.join(channel, form);
  }),
);
const trouble = fc.tuple(channel, viewer, fc.constantFrom('conflate', 'resume', 'lose')).map(([at, who, what]) =>
  named(`${what} ${at} ${who}`, (world) => {
    const channel = world.channels[at];
    const viewer = channel?.viewers[who];
    if (channel === undefined || viewer === undefined) return;
    if (what === 'conflate') viewer.state = 'conflated';
    else if (what === 'resume') world.resume(channel, viewer);
    else viewer.loseNext = true;
  }),
);

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: open },
    { weight: 2, arbitrary: close },
    { weight: 1, arbitrary: describeRow },
    { weight: 6, arbitrary: set },
    { weight: 2, arbitrary: add },
    { weight: 1, arbitrary: clear },
    { weight: 1, arbitrary: sweep },
    { weight: 2, arbitrary: reports },
    { weight: 3, arbitrary: nudge },
    { weight: 1, arbitrary: flood },
    { weight: 5, arbitrary: tick },
    { weight: 1, arbitrary: join },
    { weight: 2, arbitrary: trouble },
  ),
  { maxLength: 40, size: 'max' },
);

test('a table rebuilt from frames alone equals the table, after any run of changes', () => {
  let frames = 0;
  fc.assert(
    fc.property(steps, (run) => {
      const world = new World();
      for (const step of run) step(world);
      for (const channel of world.channels) for (const viewer of channel.viewers) world.resume(channel, viewer);
      world.tick(false);
      frames += world.frames;
    }),
    { seed, numRuns: 4_000 },
  );
  // The run was about something.
  expect(frames).toBeGreaterThan(60_000);
}, 60_000);
