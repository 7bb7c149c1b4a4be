/** Names of environment variables whose values are nobody's to read. */
const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|AUTH)(?:_|$)/i;
/** Shorter values stand in too much innocent text. */
const SHORTEST = 6;
const MASK = Buffer.from('***');

/** The values in an environment that must not be printed or stored, longest first (one may hold another). */
export function secretsOf(env: Readonly<Record<string, string>>): Buffer[] {
  const values = Object.entries(env)
    .filter(([name, value]) => SECRET_NAME.test(name) && value.length >= SHORTEST)
    .map(([, value]) => value);
  return [...new Set(values)].sort((a, b) => b.length - a.length).map((value) => Buffer.from(value));
}

/**
 * Replaces secrets by `***` in bytes that come in pieces, also when a secret is cut in two. What could be the beginning
 * of a secret is held back until the next piece (or `end`) tells.
 */
export class SecretMask {
  #held: Buffer = Buffer.alloc(0);

  constructor(readonly secrets: readonly Buffer[]) {}

  push(chunk: Buffer): Buffer {
    if (this.secrets.length === 0) return chunk;
    const bytes = Buffer.concat([this.#held, chunk]);
    return this.#mask(bytes, this.#possibleBeginning(bytes));
  }

  end(): Buffer {
    return this.#mask(this.#held, this.#held.length);
  }

  /** Masks what begins before `until` and holds back the rest. */
  #mask(bytes: Buffer, until: number): Buffer {
    const parts: Buffer[] = [];
    let start = 0;
    for (let found = this.#next(bytes, 0); found && found.at < until; found = this.#next(bytes, start)) {
      parts.push(bytes.subarray(start, found.at), MASK);
      start = found.at + found.length;
    }
    const held = Math.max(start, until);
    parts.push(bytes.subarray(start, held));
    this.#held = Buffer.from(bytes.subarray(held));
    return Buffer.concat(parts);
  }

  #next(bytes: Buffer, start: number): { at: number; length: number } | undefined {
    let first: { at: number; length: number } | undefined;
    for (const secret of this.secrets) {
      const at = bytes.indexOf(secret, start);
      if (at >= 0 && (!first || at < first.at)) first = { at, length: secret.length };
    }
    return first;
  }

  /** Where the longest end of `bytes` begins that is the beginning of a secret. */
  #possibleBeginning(bytes: Buffer): number {
    let held = bytes.length;
    for (const secret of this.secrets) {
      for (let length = Math.min(secret.length - 1, bytes.length); length > 0; length -= 1) {
        if (!bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) continue;
        held = Math.min(held, bytes.length - length);
        break;
      }
    }
    return held;
  }
}
