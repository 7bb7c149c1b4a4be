export type { Adapter, AgentEvent, AttemptContext, OutputReader, Verdict } from './adapter.js';
