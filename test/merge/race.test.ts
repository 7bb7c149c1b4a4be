import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { recoverMerge, resolveMerge, writeMerge } from '../../src/merge/index.js';
import { capture, file, gone, plant, type Spec, scene } from './trees.js';

test('saves in the very moment of merging: each is in the tree, or moved aside and named', async (t) => {
  const at = scene(t, { git: false });
  const paths = Array.from({ length: 300 }, (_, i) => `d${i % 7}/f${i}.txt`);
  const spec: Spec = {};
  for (const path of paths) spec[path] = `base ${path}`;
  plant(at.root, spec);
  const base = await capture(at);
  const deleted = (path: string) => path.startsWith('d0');
  const entries = paths.map((path) => (deleted(path) ? gone(path) : file(at, path, `run ${path}`)));
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok);
  const runDir = join(at.root, '.forge/runs/r1');
  mkdirSync(runDir, { recursive: true });

  let merging = true;
  const saved = new Set<string>();
  // The user's editor, interleaved with every step of the merge once it is past its commit point.
  const user = async () => {
    for (let turn = 0; merging; turn += 1) {
      await new Promise(setImmediate);
      const marker = lstatSync(join(at.root, '.forge/merging'), { throwIfNoEntry: false });
      const path = paths[(turn * 37) % paths.length]!;
      if (!marker?.isFile() || saved.has(path)) continue;
      saved.add(path);
      const target = join(at.root, path);
      if (turn % 2 === 0) writeFileSync(target, `user ${path}`);
      else {
        writeFileSync(`${target}~`, `user ${path}`);
        renameSync(`${target}~`, target);
      }
    }
  };
  const [merged] = await Promise.all([
    writeMerge({ root: at.root, runId: 'r1', writes: resolution.writes }).finally(() => {
      merging = false;
    }),
    user(),
  ]);
  const kept = new Map(merged.displaced.map(({ path, kept: where }) => [path, readFileSync(where, 'utf8')]));
  let [inTree, aside] = [0, 0];
  for (const path of paths) {
    const stat = lstatSync(join(at.root, path), { throwIfNoEntry: false });
    const now = stat && readFileSync(join(at.root, path), 'utf8');
    if (!saved.has(path)) assert.equal(now, deleted(path) ? undefined : `run ${path}`);
    else if (now === `user ${path}`) inTree += 1;
    else {
      assert.equal(kept.get(path), `user ${path}`, path);
      aside += 1;
    }
  }
  t.diagnostic(`${saved.size} saves: ${inTree} in the tree, ${aside} moved aside`);
  assert.ok(inTree > 0 && aside > 0, 'both happened');
  assert.equal(await recoverMerge(at.root), null);
});
