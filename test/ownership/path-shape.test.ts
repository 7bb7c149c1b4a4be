import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isOwnablePath, ownablePaths } from '../../src/ownership/automaton/path-shape.js';

/** Mostly what the automaton has states for. */
const PIECE = fc.constantFrom(
  ...['.', '..', '/', '.git', '.forge', '.Git', '.FORGE', 'a', 'g', 'it', 'e', '.g', '.for', 'r', '\0', 'ſ'],
);

for (const folded of [false, true]) {
  test(`the automaton accepts what may be owned, ${folded ? 'ignoring case' : 'by case'}`, () => {
    fc.assert(
      fc.property(fc.array(PIECE, { maxLength: 8 }), (pieces) => {
        const path = pieces.join('');
        assert.equal(ownablePaths(folded).matches(path), isOwnablePath(path), JSON.stringify(path));
      }),
      { numRuns: 20_000 },
    );
  });
}
