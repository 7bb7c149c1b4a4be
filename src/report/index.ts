export { junitXml } from './ci/junit.js';
export { createReporter } from './create-reporter.js';
export { progressOf } from './live/progress.js';
export type { ReporterOptions } from './reporter.js';
export { renderMergePreview } from './text/merge-preview.js';
export { outcomeOf } from './text/outcome.js';
export { renderStatus, statusToJson } from './text/status.js';
export { renderSummary } from './text/summary.js';
