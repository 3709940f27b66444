import type { Command } from './keys.js';
import { isWorstDescending } from './query.js';

/** The choices of the person at the terminal. */
export interface TopState {
  readonly sort: string;
  /** Shows the best first. */
  readonly isReversed: boolean;
  readonly filter: string;
  readonly isTyping: boolean;
  readonly stream: string | null;
  readonly closed: boolean;
  /** The first row shown, among those that match. */
  readonly offset: number;
  readonly help: boolean;
}

/** The possible choices. */
export interface Surroundings {
  /** The columns to sort by, in screen order. */
  readonly columns: readonly string[];
  readonly streams: readonly string[];
  /** The numbers of rows that match and that fit. */
  readonly total: number;
  readonly visible: number;
}

/** No name is longer, so no longer text can match one. */
const MAX_FILTER_CHARACTERS = 64;

export function initialState(sort: string, stream: string | null, filter: string): TopState {
  return { sort, isReversed: false, filter, isTyping: false, stream, closed: false, offset: 0, help: false };
}

export const isDescending = (state: TopState): boolean => isWorstDescending(state.sort) !== state.isReversed;

/** The state after a command. A new choice of rows starts at its first row. */
export function act(state: TopState, command: Command, around: Surroundings): TopState {
  switch (command.do) {
    case 'sort':
      return { ...state, sort: next(around.columns, state.sort, command.by), isReversed: false, offset: 0 };
    case 'reverse':
      return { ...state, isReversed: !state.isReversed, offset: 0 };
    case 'scroll':
      return { ...state, offset: scrolled(state.offset, command, around) };
    case 'next-stream': {
      const stream = next([null, ...around.streams], state.stream, 1);
      return { ...state, stream, offset: 0 };
    }
    case 'toggle-closed':
      return { ...state, closed: !state.closed, offset: 0 };
    case 'toggle-help':
      return { ...state, help: !state.help };
    case 'start-filter':
      return { ...state, isTyping: true, help: false };
    case 'end-filter':
      return { ...state, isTyping: false };
    case 'clear-filter':
      if (state.help) return { ...state, help: false };
      return filtered({ ...state, isTyping: false }, '');
    case 'type':
      return filtered(state, (state.filter + command.text).slice(0, MAX_FILTER_CHARACTERS));
    case 'erase':
      return filtered(state, Array.from(state.filter).slice(0, -1).join(''));
    case 'erase-all':
      return state.isTyping ? filtered(state, '') : state;
    case 'redraw':
    case 'suspend':
    case 'quit':
      return state;
  }
}

/** Rows left: show the last page instead of none. */
export function withinTotal(state: TopState, { total, visible }: Surroundings): TopState {
  return state.offset > 0 && state.offset >= total ? { ...state, offset: Math.max(0, total - visible) } : state;
}

function filtered(state: TopState, filter: string): TopState {
  return filter === state.filter ? state : { ...state, filter, offset: 0 };
}

function scrolled(offset: number, command: Extract<Command, { do: 'scroll' }>, around: Surroundings): number {
  const last = Math.max(0, around.total - around.visible);
  const by = { line: 1, page: Math.max(1, around.visible - 1), all: around.total }[command.by];
  return Math.max(0, Math.min(last, offset + (command.down ? by : -by)));
}

/** The item `by` places after `present`, around the ends. The first item when `present` is not among them. */
function next<Item>(items: readonly Item[], present: Item, by: number): Item {
  if (items.length === 0) return present;
  const at = items.indexOf(present);
  return items[at < 0 ? 0 : (at + by + items.length) % items.length] as Item;
}
