import { health } from './health.js';

/** What answers `METHOD /path`: a function that takes `{ headers, body }` and gives `{ status, json }`. */
export const routes = {
  'GET /api/health': health,
};
