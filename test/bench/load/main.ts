/** The load process: opens sockets, sends on schedule, counts what comes. Told what to do by the benchmark. */
import { answerQuestions } from '../child.js';
import { reportsOf } from '../reports.js';
import { textFrame } from './frames.js';
import { Group, type GroupCounts, type GroupOptions } from './group.js';
import { pace, type Schedule, type Sent } from './pacer.js';
import { Pollers, type PollOptions } from './pollers.js';
import { stampedReport } from './stamped.js';

const groups = new Map<string, Group>();
/** Where each group's round of sockets goes on. */
const places = new Map<string, { at: number }>();

const pollers = new Pollers();

/** Reports around the number that `lastSeq` has in them. */
const PARTS = reportsOf('full').map((report) => {
  const [before = '', after = ''] = JSON.stringify(report).split('"lastSeq":0');
  return { before: `${before}"lastSeq":`, after };
});

function groupOf(name: string): Group {
  const group = groups.get(name);
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
}

answerQuestions({
  /** Opens a group, or adds to it. */
  async open(options: GroupOptions): Promise<void> {
    const known = groups.get(options.group);
    if (known !== undefined) return known.add(options);
    groups.set(options.group, await Group.open(options));
    places.set(options.group, { at: 0 });
  },
  send(schedule: Schedule): Promise<Sent> {
    const place = places.get(schedule.group) ?? { at: 0 };
    return pace(groupOf(schedule.group).sockets, schedule, place);
  },
  resize(options: GroupOptions): Promise<void> {
    const group = groupOf(options.group);
    group.shrink(options.count);
    return group.add({ ...options, count: options.count - group.sockets.length });
  },
  setPollers: (options: PollOptions) => pollers.resize(options),
  poll: (options: { everyMs: number; seconds: number }) => pollers.poll(options),
  /** Like `send`, each report stamped with the time at which it leaves. */
  sendStamped({ base, ...schedule }: Omit<Schedule, 'frames'> & { base: number }): Promise<Sent> {
    const { frame, stamp } = stampedReport();
    // A copy of each: what the kernel does not take at once is read later, when the next stamp is in its place.
    const make = () => {
      stamp(base);
      return Buffer.from(frame);
    };
    const place = places.get(schedule.group) ?? { at: 0 };
    return pace(groupOf(schedule.group).sockets, { ...schedule, frames: [frame] }, place, make);
  },
  /** Like `send`; each report confirms the last chunk that its socket received. */
  sendConfirming(schedule: Omit<Schedule, 'frames'>): Promise<Sent> {
    const group = groupOf(schedule.group);
    const place = places.get(schedule.group) ?? { at: 0 };
    let next = 0;
    const make = (socket: number) => {
      const { before, after } = PARTS[next++ % PARTS.length] as (typeof PARTS)[number];
      return textFrame(before + group.lastSeq(socket) + after);
    };
    return pace(group.sockets, { ...schedule, frames: [] }, place, make);
  },
  counts: ({ group }: { group: string }): GroupCounts => groupOf(group).counts(),
  reset: ({ group }: { group: string }): void => groupOf(group).reset(),
  close({ group }: { group: string }): void {
    groupOf(group).close();
    groups.delete(group);
  },
});
