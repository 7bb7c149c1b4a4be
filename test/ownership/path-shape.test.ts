import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldText } from '../../src/ownership/fold-text.js';
import { isOwnablePath, pathShape } from '../../src/ownership/path-shape.js';

/** Mostly what the automaton has states for. */
const PIECE = fc.constantFrom(
  ...['.', '..', '/', '.git', '.forge', '.Git', '.FORGE', 'a', 'g', 'it', 'e', '.g', '.for', 'r', '\0', 'ſ'],
);

for (const folded of [false, true]) {
  test(`the automaton accepts what may be owned, ${folded ? 'ignoring case' : 'by case'}`, () => {
    const shape = pathShape(folded);
    fc.assert(
      fc.property(fc.array(PIECE, { maxLength: 8 }), (pieces) => {
        const path = pieces.join('');
        let state = shape.start;
        for (const char of folded ? foldText(path) : path)
          if (state >= 0) state = shape.step(state, char.charCodeAt(0));
        assert.equal(state >= 0 && shape.accepts(state), isOwnablePath(path), JSON.stringify(path));
      }),
      { numRuns: 20_000 },
    );
  });
}
