import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 (hex) of a file's bytes. An aborted `signal` ends the reading with an AbortError. */
export async function hashFile(path: string | Buffer, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, signal && { signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** SHA-256 (hex) of a text, line ends aside: git may hand out CRLF where forge wrote LF. */
export function hashText(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}
