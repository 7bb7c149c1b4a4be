import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ComposedEntry } from '../../src/workspace/index.js';
import { cases, SEED } from '../rig/effort.js';
import { capture, file, gone, merge, type Scene, type Snapshot, snapshot } from './trees.js';

/** What one path is. Folders all have the same mode here; their modes have tests of their own. */
type Node = { kind: 'file'; text: string; mode: number } | { kind: 'link'; target: string } | { kind: 'dir' };
type Tree = Map<string, Node>;

const NAMES = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'f', 'f/a'];

const node: fc.Arbitrary<Node> = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    text: fc.constantFrom('', 'x\n', 'y\n', 'z\n'),
    mode: fc.constantFrom(0o644, 0o755),
  }),
  fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom('a', 'd', '/nowhere') }),
  fc.constant({ kind: 'dir' as const }),
);

/** A change of some paths: a node, or null for its removal. */
const edits = fc.dictionary(fc.constantFrom(...NAMES), fc.option(node), { maxKeys: 4 });
type Edits = Record<string, Node | null>;

/** Applies edits as people do: a parent that is no folder becomes one, what is replaced or removed takes everything below with it. */
function apply(tree: Tree, changes: Edits): Tree {
  const result = new Map(tree);
  for (const [path, change] of Object.entries(changes)) {
    if (change?.kind === 'dir' && result.get(path)?.kind === 'dir') continue;
    for (const below of [...result.keys()])
      if (below === path || below.startsWith(`${path}/`)) result.delete(below);
    if (change === null) continue;
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      if (result.get(path.slice(0, cut))?.kind !== 'dir') result.set(path.slice(0, cut), { kind: 'dir' });
    }
    result.set(path, change);
  }
  return new Map([...result].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const same = (a: Node | undefined, b: Node | undefined) => JSON.stringify(a) === JSON.stringify(b);

/** Changes `root` from one tree to another, touching only what differs. */
function transform(root: string, from: Tree, to: Tree): void {
  for (const path of [...from.keys()].reverse()) {
    const next = to.get(path);
    if (!same(from.get(path), next)) rmSync(join(root, path), { recursive: true, force: true });
  }
  for (const [path, what] of to) if (!same(from.get(path), what)) put(root, path, what);
}

function put(root: string, path: string, what: Node): void {
  const at = join(root, path);
  if (what.kind === 'dir') mkdirSync(at);
  else if (what.kind === 'link') symlinkSync(what.target, at);
  else writeFileSync(at, what.text, { mode: what.mode });
}

/** The changeset between two trees, as a collector gives it. */
function changes(at: Scene, base: Tree, ours: Tree): ComposedEntry[] {
  const entries: ComposedEntry[] = [];
  for (const path of new Set([...base.keys(), ...ours.keys()])) {
    const [b, o] = [base.get(path), ours.get(path)];
    if (same(b, o)) continue;
    if (o === undefined)
      entries.push(gone(path, b!.kind === 'dir' ? 'directory' : b!.kind === 'link' ? 'symlink' : 'file'));
    else if (o.kind === 'dir') entries.push({ path, kind: 'directory', change: 'created', mode: 0o755 });
    else if (o.kind === 'link')
      entries.push({ path, kind: 'symlink', change: b ? 'modified' : 'created', target: o.target });
    else {
      const onlyMode = b?.kind === 'file' && b.text === o.text;
      const change = onlyMode ? 'mode' : b ? 'modified' : 'created';
      entries.push(file(at, path, o.text, { mode: o.mode, change }));
    }
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The merge as a specification: undefined = conflict. */
function model(base: Tree, ours: Tree, theirs: Tree): Tree | undefined {
  const result: Tree = new Map();
  for (const path of new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])) {
    const decided = mergeNode(base.get(path), ours.get(path), theirs.get(path));
    if (decided === 'conflict') return undefined;
    if (decided) result.set(path, decided);
  }
  for (const path of [...result.keys()]) {
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      const parent = path.slice(0, cut);
      const above = result.get(parent);
      // A folder stays, or comes back, for what is in it.
      if (above === undefined) result.set(parent, { kind: 'dir' });
      else if (above.kind !== 'dir') return undefined;
    }
  }
  // Deleting through a folder that became a symlink is never taken for done.
  for (const path of base.keys()) {
    if (ours.has(path)) continue;
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      const parent = path.slice(0, cut);
      if (
        theirs.get(parent)?.kind === 'link' &&
        (same(base.get(parent), ours.get(parent)) || !ours.has(parent))
      )
        return undefined;
    }
  }
  return result;
}

function mergeNode(b?: Node, o?: Node, t?: Node): Node | undefined | 'conflict' {
  if (same(o, b)) return t;
  if (same(t, b) || same(o, t)) return o;
  if (o?.kind === 'file' && t?.kind === 'file' && b?.kind === 'file') {
    const text = o.text === b.text || o.text === t.text ? t.text : t.text === b.text ? o.text : undefined;
    if (text === undefined) return 'conflict';
    return { kind: 'file', text, mode: o.mode === b.mode ? t.mode : o.mode };
  }
  // That an (empty by then) folder went away stands in nobody's way.
  if (b?.kind === 'dir' && t === undefined) return o;
  return 'conflict';
}

function asSnapshot(tree: Tree): Snapshot {
  const dir = mkdtempSync(join(tmpdir(), 'forge-model-'));
  try {
    transform(dir, new Map(), new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1))));
    return snapshot(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('random trees: resolving and writing gives what the model says, and a refused merge changes nothing', async (t) => {
  const runs = cases(100, 500);
  let [merged, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(edits, edits, edits, async (start, run, user) => {
      const dir = mkdtempSync(join(tmpdir(), 'forge-merge-'));
      try {
        const root = join(dir, 'root');
        mkdirSync(join(root, '.forge'), { recursive: true });
        const at: Scene = { root, dir, git: () => '', undo: [] };
        const base = apply(new Map(), start);
        const ours = apply(base, run);
        const theirs = apply(base, user);
        transform(root, new Map(), base);
        const captured = await capture(at);
        transform(root, base, theirs);
        const before = snapshot(root);
        const expected = model(base, ours, theirs);
        const { resolution, merged: done } = await merge(at, captured, changes(at, base, ours));
        assert.equal(resolution.ok, expected !== undefined, JSON.stringify(resolution));
        assert.deepEqual(snapshot(root), expected ? asSnapshot(expected) : before);
        assert.deepEqual(done?.displaced ?? [], []);
        if (expected) merged += 1;
        else refused += 1;
      } finally {
        rmSync(dir, { recursive: true });
      }
    }),
    { numRuns: runs, seed: SEED },
  );
  t.diagnostic(`${merged} merged, ${refused} refused`);
  assert.ok(merged > runs / 5 && refused > runs / 20, 'both outcomes are really tried');
});
