export { syncPath, writeFileDurably } from '../util/files/durable.js';
export type { AttemptOutcome, EventBody, ForgeEvent, TaskState } from './event.js';
export { Journal } from './journal.js';
export { dropTornLine, JournalDamagedError, readJournal, unlessDamaged } from './replay.js';
export {
  applyEvent,
  emptyView,
  foldEvents,
  type GateView,
  isOver,
  type MergeView,
  type RunView,
  type TaskStatus,
  type TaskView,
} from './run-view.js';
