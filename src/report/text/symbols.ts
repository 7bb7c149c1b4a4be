import type { TaskStatus } from '../../journal/index.js';

/** Characters that tables and bars are drawn with. */
export interface Symbols {
  task: Readonly<Record<TaskStatus, string>>;
  passed: string;
  failed: string;
  running: string;
  pending: string;
  full: string;
  empty: string;
  cut: string;
  dot: string;
}

const UNICODE: Symbols = {
  task: {
    waiting: '·',
    ready: '○',
    running: '●',
    retrying: '↻',
    succeeded: '✓',
    failed: '✗',
    skipped: '–',
    cancelled: '■',
    'up-to-date': '=',
  },
  passed: '✓',
  failed: '✗',
  running: '●',
  pending: '·',
  full: '█',
  empty: '░',
  cut: '…',
  dot: '·',
};

const ASCII: Symbols = {
  task: {
    waiting: '.',
    ready: 'o',
    running: '>',
    retrying: '~',
    succeeded: '+',
    failed: 'x',
    skipped: '-',
    cancelled: '!',
    'up-to-date': '=',
  },
  passed: '+',
  failed: 'x',
  running: '>',
  pending: '.',
  full: '#',
  empty: '.',
  cut: '...',
  dot: '-',
};

/** Takes whether the terminal can show Unicode; gives what to draw with. */
export function symbolsFor(unicode: boolean): Symbols {
  return unicode ? UNICODE : ASCII;
}
