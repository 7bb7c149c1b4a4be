export { toJsonText } from '../util/json-text.js';
export { createReporter } from './create-reporter.js';
export { formatDuration, formatRoughly } from './duration.js';
export { junitXml } from './junit.js';
export { renderMergePreview } from './merge-preview.js';
export { type Outcome, outcomeOf, type RunState } from './outcome.js';
export type { Progress } from './progress.js';
export { progressOf } from './progress.js';
export type { Reporter, ReporterOptions, ReportStream } from './reporter.js';
export { sanitize } from './sanitize.js';
export { renderStatus } from './status.js';
export { statusToJson } from './status-json.js';
export { renderSummary } from './summary.js';
export type { RenderOptions } from './table.js';
export {
  applyEvent,
  emptyView,
  foldEvents,
  type GateView,
  type MergeView,
  type RunView,
  type TaskStatus,
  type TaskView,
} from './view.js';
