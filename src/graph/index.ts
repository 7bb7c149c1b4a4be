export type { Edge } from './adjacency.js';
export { findCycles } from './cycles.js';
export { type GraphSource, TaskGraph } from './task-graph.js';
