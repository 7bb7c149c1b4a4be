import type { TaskStatus } from '../../journal/index.js';
import type { Style } from '../../util/text/paint.js';

/** How each state of a task is shown (its mark, the same in ASCII, its colour), in the order in which states matter to a reader. */
const STATES = {
  failed: ['✗', 'x', 'red'],
  running: ['●', '>', 'cyan'],
  retrying: ['↻', '~', 'yellow'],
  ready: ['○', 'o', 'dim'],
  waiting: ['·', '.', 'dim'],
  succeeded: ['✓', '+', 'green'],
  'up-to-date': ['=', '=', 'green'],
  skipped: ['–', '-', 'yellow'],
  cancelled: ['■', '!', 'yellow'],
} as const satisfies Record<TaskStatus, readonly [mark: string, ascii: string, style: Style]>;

export const STATES_IN_ORDER = Object.keys(STATES) as TaskStatus[];

/** The colour that a state is shown in. */
export function styleOf(status: TaskStatus): Style {
  return STATES[status][2];
}

/** Characters that tables and bars are drawn with. */
export interface Symbols {
  mark(status: TaskStatus): string;
  full: string;
  empty: string;
  cut: string;
  dot: string;
}

/** What to draw with on a terminal that can show Unicode, or on one that can't. */
export function symbolsFor(unicode: boolean): Symbols {
  return unicode
    ? { mark: (status) => STATES[status][0], full: '█', empty: '░', cut: '…', dot: '·' }
    : { mark: (status) => STATES[status][1], full: '#', empty: '.', cut: '...', dot: '-' };
}
