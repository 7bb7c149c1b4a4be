/** What a write meets where nobody reads any more: a closed pipe (`forge check | head -1`), a terminal that went away. */
const NOBODY_READS = new Set([
  'EPIPE',
  'EIO',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** Whether an error of a stream means that its reader has gone: no error of ours, and nobody is left to tell. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOBODY_READS.has(String(error.code));
}
