import type { EventBody } from '../../journal/index.js';
import { SecretFinder } from './secret-finder.js';
import { formsOf } from './secret-forms.js';
import { SecretMask } from './secret-mask.js';
import type { Secret } from './secrets.js';

/** A cut secret may be shown to less than so many bytes. */
const SHORTEST_BEGINNING = 4;
/** Summaries of so many characters may have been cut without a sign of it (see droid-stream.ts). */
const LONG = 300;

/** The members of events, and of the tasks in them, that hold free text or a list of such. */
const FREE_TEXT = ['backendReason', 'description', 'reason', 'text', 'summary', 'strays', 'notes'];

/**
 * Keeps a run's secrets out of what forge shows and stores: byte streams (logs) and the free text of events. What events
 * are about (ids, states, paths that were merged) stays as it is.
 */
export class Redactor {
  readonly #finder: SecretFinder;

  constructor(secrets: Iterable<Secret>) {
    const values = Array.from(secrets, (secret) => secret.values).flat();
    const forms = new Set(values.flatMap((value) => [...formsOf(value)]));
    this.#finder = new SecretFinder(Array.from(forms, (form) => Buffer.from(form)));
  }

  /** A mask for the bytes of one stream. */
  mask(): SecretMask {
    return new SecretMask(this.#finder);
  }

  /** A text with its secrets masked; `cut` as for SecretMask.end. */
  text(text: string, cut?: number): string {
    const bytes = Buffer.from(text);
    const mask = this.mask();
    const masked = Buffer.concat([mask.push(bytes), mask.end(cut)]);
    // Lone surrogates stand for bytes of file names: a text without secrets stays as it is.
    return masked.equals(bytes) ? text : masked.toString();
  }

  /** An event with its free text masked. */
  event(event: EventBody): EventBody {
    return this.#masked('', event) as EventBody;
  }

  #masked(name: string, value: unknown): unknown {
    if (typeof value === 'string' && FREE_TEXT.includes(name))
      return name === 'summary' ? this.#summary(value) : this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#masked(name, item));
    if (typeof value !== 'object' || value === null) return value;
    const masked: Record<string, unknown> = { ...value };
    for (const key of Object.keys(masked)) masked[key] = this.#masked(key, masked[key]);
    return masked;
  }

  /** Where a summary of an agent's was cut (before `…`, or at its end) it masks the beginning of a secret too. */
  #summary(text: string): string {
    const pieces = this.text(text).split('…');
    const last = pieces.pop()!;
    const end = text.length >= LONG ? SHORTEST_BEGINNING : undefined;
    return [...pieces.map((piece) => this.text(piece, SHORTEST_BEGINNING)), this.text(last, end)].join('…');
  }
}
