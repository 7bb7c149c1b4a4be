import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 (hex) of a file's bytes. An aborted `signal` ends the reading with an AbortError. */
export async function hashFile(path: string | Buffer, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The same of bytes in memory, or of a text as UTF-8. */
export function hashBytes(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The same of a text, line ends aside: git may hand out CRLF where forge wrote LF. */
export function hashText(text: string): string {
  return hashBytes(text.replaceAll('\r\n', '\n'));
}

/** Whether something that was read from a file is such a hash. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
