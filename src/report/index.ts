export { formatDuration, formatRoughly } from '../util/text/duration.js';
export { toJsonText } from '../util/text/json-text.js';
export { junitXml } from './ci/junit.js';
export { createReporter } from './create-reporter.js';
export type { Progress } from './live/progress.js';
export { progressOf } from './live/progress.js';
export type { RenderOptions } from './live/table.js';
export type { Reporter, ReporterOptions, ReportStream } from './reporter.js';
export { sanitize } from './sanitize.js';
export { statusToJson } from './status-json.js';
export { renderMergePreview } from './text/merge-preview.js';
export { type Outcome, outcomeOf, type RunState } from './text/outcome.js';
export { renderStatus } from './text/status.js';
export { renderSummary } from './text/summary.js';
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
