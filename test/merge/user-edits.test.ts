import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveMerge, stillResolved } from '../../src/merge/index.js';
import type { ComposedEntry } from '../../src/workspace/index.js';
import {
  capture,
  created,
  file,
  gone,
  merge,
  plant,
  reasons,
  type Scene,
  type Spec,
  scene,
  snapshot,
} from './trees.js';

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';

/** One story: the tree at the start, what the user does, what the run wants, and either the tree after or the reasons of the refusal. */
interface Story {
  name: string;
  before: Spec;
  user?: (root: string) => void;
  run: (at: Scene) => ComposedEntry[];
  after?: Spec;
  refused?: Record<string, RegExp>;
  /** Started from a commit of `before`; otherwise everything is untracked. */
  tracked?: boolean;
}

const edit = (path: string, content: string | Buffer) => (root: string) =>
  writeFileSync(join(root, path), content);

const stories: Story[] = [
  {
    name: 'another file',
    before: { 'a.txt': 'a', 'b.txt': 'b' },
    user: edit('b.txt', 'user'),
    run: (at) => [file(at, 'a.txt', 'A')],
    after: { 'a.txt': 'A', 'b.txt': 'user' },
  },
  {
    name: 'another part of the file',
    before: { 'a.txt': LINES },
    user: edit('a.txt', LINES.replace('one', 'ONE')),
    run: (at) => [file(at, 'a.txt', LINES.replace('seven', 'SEVEN'))],
    after: { 'a.txt': LINES.replace('one', 'ONE').replace('seven', 'SEVEN') },
  },
  {
    name: 'another part of a file with CRLF and without a last newline',
    before: { 'a.txt': LINES.replaceAll('\n', '\r\n').slice(0, -2) },
    user: edit('a.txt', LINES.replaceAll('\n', '\r\n').slice(0, -2).replace('one', 'ONE')),
    run: (at) => [file(at, 'a.txt', LINES.replaceAll('\n', '\r\n').slice(0, -2).replace('seven', 'SEVEN'))],
    after: {
      'a.txt': LINES.replaceAll('\n', '\r\n').slice(0, -2).replace('one', 'ONE').replace('seven', 'SEVEN'),
    },
  },
  {
    name: 'the same line',
    before: { 'a.txt': LINES, 'b.txt': 'b' },
    user: edit('a.txt', LINES.replace('four', 'FOUR')),
    run: (at) => [file(at, 'a.txt', LINES.replace('four', '4')), file(at, 'b.txt', 'B')],
    refused: { 'a.txt': /in the same place/ },
  },
  {
    name: 'the same change',
    before: { 'a.txt': LINES },
    user: edit('a.txt', 'same'),
    run: (at) => [file(at, 'a.txt', 'same')],
    after: { 'a.txt': 'same' },
  },
  {
    name: 'a binary file',
    before: { 'a.bin': Buffer.from([0, 1, 2]) },
    user: edit('a.bin', Buffer.from([0, 1, 3])),
    run: (at) => [file(at, 'a.bin', Buffer.from([0, 9, 2]))],
    refused: { 'a.bin': /binary file/ },
  },
  {
    name: 'only touched, or saved with the same content',
    before: { 'a.txt': 'a', 'b.txt': 'b', 'gone.txt': 'gone' },
    user: (root) => {
      utimesSync(join(root, 'a.txt'), 1, 1);
      writeFileSync(join(root, 'b.new'), 'b');
      renameSync(join(root, 'b.new'), join(root, 'b.txt'));
      utimesSync(join(root, 'gone.txt'), 1, 1);
    },
    run: (at) => [file(at, 'a.txt', 'A'), file(at, 'b.txt', 'B'), gone('gone.txt')],
    after: { 'a.txt': 'A', 'b.txt': 'B' },
  },
  {
    name: 'deleted, changed by the run',
    before: { 'a.txt': 'a' },
    user: (root) => rmSync(join(root, 'a.txt')),
    run: (at) => [file(at, 'a.txt', 'A')],
    refused: { 'a.txt': /^deleted in the working tree/ },
  },
  {
    name: 'changed, deleted by the run',
    before: { 'a.txt': 'a' },
    user: edit('a.txt', 'user'),
    run: () => [gone('a.txt')],
    refused: { 'a.txt': /deleted by the run/ },
  },
  {
    name: 'deleted by both',
    before: { 'd/a.txt': 'a', l: { link: 'x' } },
    user: (root) => {
      rmSync(join(root, 'd'), { recursive: true });
      rmSync(join(root, 'l'));
    },
    run: () => [gone('d/a.txt'), gone('d', 'directory'), gone('l', 'symlink')],
    after: {},
  },
  {
    name: 'renamed, changed by the run',
    before: { 'a.txt': 'a' },
    user: (root) => renameSync(join(root, 'a.txt'), join(root, 'b.txt')),
    run: (at) => [file(at, 'a.txt', 'A')],
    refused: { 'a.txt': /^deleted in the working tree/ },
  },
  {
    name: 'an old file renamed over the one that the run changes',
    before: { 'a.txt': 'a', 'other.txt': 'other' },
    user: (root) => renameSync(join(root, 'other.txt'), join(root, 'a.txt')),
    run: (at) => [file(at, 'a.txt', 'A')],
    refused: { 'a.txt': /in the same place/ },
  },
  {
    name: 'made executable',
    before: { 'a.txt': LINES },
    user: (root) => chmodSync(join(root, 'a.txt'), 0o755),
    run: (at) => [file(at, 'a.txt', 'A')],
    after: { 'a.txt': { text: 'A', mode: 0o755 } },
  },
  {
    name: 'edited, made executable by the run',
    before: { 'a.txt': LINES },
    user: edit('a.txt', 'user'),
    run: (at) => [file(at, 'a.txt', LINES, { mode: 0o755, change: 'mode' })],
    after: { 'a.txt': { text: 'user', mode: 0o755 } },
  },
  {
    name: 'created by both, alike',
    before: {},
    user: edit('a.txt', 'same'),
    run: (at) => [file(at, 'a.txt', 'same', created)],
    after: { 'a.txt': 'same' },
  },
  {
    name: 'created by both, differently',
    before: {},
    user: edit('a.txt', 'user'),
    run: (at) => [file(at, 'a.txt', 'run', created)],
    refused: { 'a.txt': /created both/ },
  },
  {
    name: 'created by both, one executable',
    before: {},
    user: edit('a.txt', 'same'),
    run: (at) => [file(at, 'a.txt', 'same', { ...created, mode: 0o755 })],
    refused: { 'a.txt': /different permissions/ },
  },
  {
    name: 'a symlink pointed elsewhere',
    before: { l: { link: 'a' }, m: { link: 'a' }, n: { link: 'a' } },
    user: (root) => {
      for (const name of ['l', 'm']) {
        rmSync(join(root, name));
        symlinkSync('user', join(root, name));
      }
    },
    run: () => [
      { path: 'l', kind: 'symlink', change: 'modified', target: 'run' },
      { path: 'm', kind: 'symlink', change: 'modified', target: 'user' },
      { path: 'n', kind: 'symlink', change: 'modified', target: 'run' },
    ],
    refused: { l: /into different things/ },
  },
  {
    name: 'a file replaced by a folder',
    before: { a: 'a' },
    user: (root) => {
      rmSync(join(root, 'a'));
      mkdirSync(join(root, 'a'));
    },
    run: (at) => [file(at, 'a', 'A')],
    refused: { a: /into different things/ },
  },
  {
    name: 'a parent folder that became a symlink',
    before: { 'd/a.txt': 'a' },
    user: (root) => {
      renameSync(join(root, 'd'), join(root, 'e'));
      symlinkSync('e', join(root, 'd'));
    },
    run: (at) => [file(at, 'd/new.txt', 'new', created), gone('d/a.txt')],
    refused: { 'd/a.txt': /now a symlink/, 'd/new.txt': /now a symlink/ },
  },
  {
    name: 'a parent folder that became a file',
    before: { 'd/a.txt': 'a' },
    user: (root) => {
      rmSync(join(root, 'd'), { recursive: true });
      writeFileSync(join(root, 'd'), 'file');
    },
    run: (at) => [file(at, 'd/new.txt', 'new', created)],
    refused: { 'd/new.txt': /no longer a folder/ },
  },
  {
    name: 'a new file in a folder that the run turns into a file',
    before: { 'd/a.txt': 'a' },
    user: edit('d/mine.txt', 'mine'),
    run: (at) => [file(at, 'd', 'file'), gone('d/a.txt')],
    refused: { d: /it holds "d\/mine.txt"/ },
  },
  {
    name: 'a folder renamed over another one, files with old ctimes',
    before: { 'd/a.txt': 'a', 'e/a.txt': 'other' },
    user: (root) => {
      rmSync(join(root, 'd'), { recursive: true });
      renameSync(join(root, 'e'), join(root, 'd'));
    },
    run: (at) => [file(at, 'd/a.txt', 'A')],
    refused: { 'd/a.txt': /in the same place/ },
  },
  {
    name: 'git ignores it: unchanged',
    before: { '.gitignore': 'out/\n*.log\n', 'out/a': 'a', 'b.log': 'b' },
    run: (at) => [file(at, 'out/a', 'A'), gone('b.log'), file(at, 'out/new', 'n', created)],
    after: { '.gitignore': 'out/\n*.log\n', 'out/a': 'A', 'out/new': 'n' },
  },
  {
    name: 'git ignores it: changed',
    before: { '.gitignore': 'out/\n*.log\n', 'out/a': 'a', 'b.log': 'b' },
    user: (root) => {
      writeFileSync(join(root, 'out/a'), 'user');
      writeFileSync(join(root, 'b.log'), 'same');
    },
    run: (at) => [file(at, 'out/a', 'A'), file(at, 'b.log', 'same')],
    refused: { 'out/a': /is not known/ },
  },
  {
    name: 'git ignores it, and a folder with old files was moved into its place',
    before: { '.gitignore': 'out/\nspare/\n', 'out/a': 'a', 'spare/a': 'spare' },
    user: (root) => {
      rmSync(join(root, 'out'), { recursive: true });
      renameSync(join(root, 'spare'), join(root, 'out'));
    },
    run: (at) => [file(at, 'out/a', 'A')],
    refused: { 'out/a': /is not known/ },
  },
];

for (const tracked of [false, true]) {
  for (const story of stories) {
    test(`${story.name} (${tracked ? 'committed' : 'untracked'})`, async (t) => {
      const at = scene(t);
      plant(at.root, story.before);
      if (tracked) {
        at.git('add', '-A');
        at.git('commit', '-q', '--allow-empty', '-m', 'start');
      }
      const base = await capture(at);
      story.user?.(at.root);
      const before = snapshot(at.root);
      const { resolution } = await merge(at, base, story.run(at));
      if (story.refused) {
        const found = reasons(resolution);
        assert.deepEqual(Object.keys(found), Object.keys(story.refused));
        for (const [path, pattern] of Object.entries(story.refused)) assert.match(found[path]!, pattern);
        assert.deepEqual(snapshot(at.root), before, 'a refused merge touches nothing');
      } else {
        assert.ok(resolution.ok, JSON.stringify(resolution));
        const model = join(at.dir, 'model');
        mkdirSync(model);
        plant(model, story.after!);
        assert.deepEqual(snapshot(at.root), snapshot(model));
      }
    });
  }
}

test('an edit that keeps size and mtime is seen', async (t) => {
  const at = scene(t);
  const path = join(at.root, 'a.txt');
  plant(at.root, { 'a.txt': LINES });
  utimesSync(path, 1000, 1000);
  const base = await capture(at);
  writeFileSync(path, LINES.replace('four', 'FOUR'));
  utimesSync(path, 1000, 1000);
  const { resolution } = await merge(at, base, [file(at, 'a.txt', LINES.replace('four', '4444'))]);
  assert.match(reasons(resolution)['a.txt']!, /in the same place/);
});

test('three-way merges are named, and a later edit is noticed', async (t) => {
  const at = scene(t);
  plant(at.root, { 'a.txt': LINES, 'b.txt': 'b' });
  const base = await capture(at);
  writeFileSync(join(at.root, 'a.txt'), `zero\n${LINES}`);
  const entries = [file(at, 'a.txt', `${LINES}eight\n`), file(at, 'b.txt', 'B')];
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok);
  assert.deepEqual(resolution.merged3, ['a.txt']);
  assert.equal(await stillResolved(at.root, resolution), true);
  appendFileSync(join(at.root, 'b.txt'), 'x');
  assert.equal(await stillResolved(at.root, resolution), false);
  assert.equal(lstatSync(join(at.root, 'a.txt')).size, LINES.length + 5);
  assert.equal(readFileSync(join(at.root, 'b.txt'), 'utf8'), 'bx');
});
