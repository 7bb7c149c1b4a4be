export { syncPath, writeFileDurably } from './durable.js';
export type { AttemptOutcome, EventBody, ForgeEvent, TaskState } from './event.js';
