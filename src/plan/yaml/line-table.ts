import type { SourceRange } from '../plan.js';
import type { Span } from './yaml-node.js';

/** Turns offsets in a text into lines and columns, both from 1; columns count UTF-16 units, as editors do. */
export class LineTable {
  readonly #starts: number[] = [0];

  constructor(
    readonly file: string,
    text: string,
  ) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** The range of a span. */
  range({ start, end }: Span): SourceRange {
    const first = this.#lineOf(start);
    const last = end <= start ? first : this.#lineOf(end);
    return {
      file: this.file,
      line: first + 1,
      column: start - this.#starts[first]! + 1,
      endLine: last + 1,
      endColumn: Math.max(end, start) - this.#starts[last]! + 1,
    };
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
