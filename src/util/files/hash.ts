import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 (hex) of a file's bytes. An aborted `signal` ends the reading with an AbortError. */
export async function hashFile(path: string | Buffer, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, signal && { signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
