import type { Command } from './keys.js';
import { isWorstDescending } from './query.js';

/** What the person at the terminal has chosen. */
export interface TopState {
  readonly sort: string;
  /** The best first. */
  readonly isReversed: boolean;
  readonly filter: string;
  readonly isTyping: boolean;
  readonly stream: string | null;
  readonly closed: boolean;
  /** First row shown, of those that match. */
  readonly offset: number;
  readonly help: boolean;
}

/** What is there to be chosen from. */
export interface Surroundings {
  /** Columns to sort by, in their order on the screen. */
  readonly columns: readonly string[];
  readonly streams: readonly string[];
  /** Rows that match, and rows that fit. */
  readonly total: number;
  readonly visible: number;
}

/** No name is longer, so no longer text is in one. */
const MAX_FILTER_CHARACTERS = 64;

export function initialState(sort: string, stream: string | null, filter: string): TopState {
  return { sort, isReversed: false, filter, isTyping: false, stream, closed: false, offset: 0, help: false };
}

export const isDescending = (state: TopState): boolean => isWorstDescending(state.sort) !== state.isReversed;

/** The state after a command. Another choice of rows begins at its first. */
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

/** Rows have gone: the last page is shown rather than none. */
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

/** The item `by` places after `present`, around the ends; the first where `present` is none of them. */
function next<Item>(items: readonly Item[], present: Item, by: number): Item {
  if (items.length === 0) return present;
  const at = items.indexOf(present);
  return items[at < 0 ? 0 : (at + by + items.length) % items.length] as Item;
}
