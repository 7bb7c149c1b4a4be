export { syncPath, writeFileDurably } from './durable.js';
export type { AttemptOutcome, EventBody, ForgeEvent, TaskState } from './event.js';
export { Journal } from './journal.js';
export { dropTornLine, JournalDamagedError, readJournal, unlessDamaged } from './replay.js';
