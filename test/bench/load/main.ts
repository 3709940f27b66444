/** The load process: opens sockets, sends on schedule, counts what comes. Told what to do by the benchmark. */
import { answerQuestions } from '../child.js';
import { Group, type GroupCounts, type GroupOptions } from './group.js';
import { pace, type Schedule, type Sent } from './pacer.js';

const groups = new Map<string, Group>();
/** Where each group's round of sockets goes on. */
const places = new Map<string, { at: number }>();

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
  counts: ({ group }: { group: string }): GroupCounts => groupOf(group).counts(),
  reset: ({ group }: { group: string }): void => groupOf(group).reset(),
  close({ group }: { group: string }): void {
    groupOf(group).close();
    groups.delete(group);
  },
});
