export { findCycles } from './cycles.js';
export type { Edge } from './edge.js';
export { type GraphSource, graphOf, TaskGraph } from './task-graph.js';
