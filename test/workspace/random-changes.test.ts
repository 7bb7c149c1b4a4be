import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applyEntries, composeChangesets, loadChangeset } from '../../src/workspace/index.js';
import { cases, SEED } from '../rig/effort.js';
import { Grounds, SETTINGS, unavailable } from './grounds.js';
import { snapshot } from './snapshot.js';

const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd e', '$(printf "\\377")'), { minLength: 1, maxLength: 3 })
  .map((segments) => `"${segments.join('/')}"`);

/** One operation of sh (opening a FIFO would wait for ever); what can't be done (mv of a folder into itself) is left undone. */
const operation = fc.oneof(
  path.map((p) => `mkdir -p ${p}`),
  fc.tuple(path, fc.integer({ min: 0, max: 3 })).map(([p, n]) => `test -p ${p} || echo ${n} >${p}`),
  path.map((p) => `test -p ${p} || echo more >>${p}`),
  path.map((p) => `rm -rf ${p}`),
  fc.tuple(path, path).map(([p, q]) => `mv -T ${p} ${q}`),
  fc.tuple(path, path).map(([p, q]) => `node_mv ${p} ${q}`),
  fc.tuple(path, path).map(([p, q]) => `mv ${p} ${q}`),
  fc.tuple(path, path).map(([p, q]) => `cp -a ${p} ${q}`),
  fc.tuple(path, path).map(([p, q]) => `ln -sfn ${p} ${q}`),
  fc.tuple(path, path).map(([p, q]) => `ln ${p} ${q}`),
  fc.tuple(path, fc.constantFrom('700', '755', '600', '644', '500')).map(([p, m]) => `chmod ${m} ${p}`),
  path.map((p) => `touch ${p}`),
  path.map((p) => `mkfifo ${p}`),
);

/** rename(2) and nothing else, as node's fs.rename does it; mv falls back to copying. */
const PRELUDE = `node_mv() { perl -e 'rename $ARGV[0], $ARGV[1] or exit 1' "$1" "$2"; }\n`;
const script = (operations: readonly string[]) =>
  `${PRELUDE}{ ${operations.map((line) => `${line}; `).join('')} } >/dev/null 2>&1; true`;

const BASE = `mkdir -p a/b/c b/a c "d e/a"; for f in a/b/c/a a/b/a a/c b/a/b b/b c/a "d e/a/a" "d e/b" d; do echo $f >"$f"; done
  ln -s a/b b/link; ln -s ../b c/b; mkdir "$(printf "\\377")"; echo x >"$(printf "\\377")/a"; chmod 700 c; chmod 755 a/c`;

const CASES = cases(4, 20);

for (const setting of SETTINGS.filter(({ disk }) => disk !== 'xfs')) {
  describe(`random changes on ${setting.label}`, { skip: unavailable(setting) }, () => {
    it('collected, composed and applied give the same tree as in the workspace', async () => {
      const grounds = new Grounds(setting);
      try {
        grounds.sh(BASE);
        const seed = SEED ?? Date.now() % 1_000_000;
        const pairs = fc.sample(
          fc.tuple(
            fc.array(operation, { minLength: 1, maxLength: 12 }),
            fc.array(operation, { minLength: 1, maxLength: 12 }),
          ),
          { numRuns: CASES, seed },
        );
        const works = pairs.flatMap(([first, second]) => {
          const [one, two] = [grounds.out(), grounds.out()];
          return [
            { script: script(first), into: one },
            { script: script(second), start: [one], into: two },
          ];
        });
        const done = await grounds.exerciseAll(works);
        for (const [index, { view, into, output }] of done.entries()) {
          const dirs = [...(works[index]!.start ?? []), into];
          const fresh = `${grounds.out()}-fresh`;
          execFileSync('cp', ['-a', grounds.root, fresh]);
          const changesets = await Promise.all(dirs.map(loadChangeset));
          await applyEntries(fresh, composeChangesets(changesets));
          assert.deepEqual(
            plain(snapshot(fresh, { without: ['.git', '.forge'] })),
            plain(view),
            `seed ${seed}, script ${index}: ${dirs.length === 2 ? works[index - 1]!.script : ''}\n${works[index]!.script}\n${output}`,
          );
        }
      } finally {
        grounds.remove();
      }
    });
  });
}

function plain(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.endsWith(' special'));
}
