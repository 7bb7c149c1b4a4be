export { processStartTime } from './util/process-identity.js';
