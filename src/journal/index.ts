export type { AttemptOutcome, EventBody, ForgeEvent } from './event.js';
export { Journal } from './journal.js';
export { JournalDamagedError, readJournal, replayRun, replayUnlessDamaged } from './replay.js';
export {
  applyEvent,
  doneTasks,
  foldEvents,
  type GateView,
  GIVEN_UP,
  isGivenUp,
  isMerged,
  isOver,
  type RunView,
  type TaskStatus,
  type TaskView,
} from './run-view.js';
