import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Base,
  type CommitTask,
  type Committed,
  checkCommitTarget,
  commitRun,
  recoverMerge,
  resolveMerge,
  writeMerge,
} from '../../src/merge/index.js';
import { prepareJob, runProcess } from './crash.js';
import {
  capture,
  created,
  file,
  gone,
  plant,
  runGit,
  type Scene,
  type Spec,
  scene,
  snapshot,
} from './trees.js';

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';

/** A repository with one commit. */
function repository(t: TestContext, spec: Spec): Scene {
  const at = scene(t);
  plant(at.root, spec);
  at.git('add', '-A');
  at.git('commit', '-q', '-m', 'start');
  return at;
}

async function branch(at: Scene, base: Base, tasks: CommitTask[]): Promise<Committed & { ok: true }> {
  const made = await commitRun({ root: at.root, runId: 'r1', branch: 'forge/r1', tasks, base });
  assert.ok(made.ok, JSON.stringify(made));
  return made;
}

/** `--commit`: commits, then writes the tree, as a run does. */
async function commitAndWrite(at: Scene, base: Base, tasks: CommitTask[]) {
  const made = await commitRun({ root: at.root, runId: 'r1', tasks, base });
  assert.ok(made.ok, JSON.stringify(made));
  const entries = tasks.flatMap((task) => task.entries);
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok, JSON.stringify(resolution));
  const runDir = join(at.root, '.forge/runs/r1');
  mkdirSync(runDir, { recursive: true });
  const merged = await writeMerge({
    root: at.root,
    runId: 'r1',
    writes: resolution.writes,
    ...(made.after ? { after: made.after } : {}),
  });
  return { made, merged };
}

test('--branch: one commit per task in order, trailers, author from git config, nothing else moves', async (t) => {
  const at = repository(t, { 'a.txt': 'a\n', 'b.txt': 'b\n', 'x/c.txt': 'c\n' });
  const base = await capture(at);
  const before = snapshot(at.root);
  const made = await branch(at, base, [
    { id: 'one', title: 'First\nthing  to do', entries: [file(at, 'a.txt', 'A\n')] },
    { id: 'idle', title: 'Nothing', entries: [] },
    {
      id: 'two',
      entries: [
        file(at, 'a.txt', 'AA\n'),
        gone('x/c.txt'),
        gone('x', 'directory'),
        file(at, 'new/tool', 'n', { ...created, mode: 0o755 }),
        { path: 'l', kind: 'symlink', change: 'created', target: 'a.txt' },
      ],
    },
  ]);
  assert.equal(made.ref, 'refs/heads/forge/r1');
  assert.equal(
    at.git(
      'log',
      '--reverse',
      '--format=%an <%ae> %s|%(trailers:only,unfold,separator=%x2C)',
      'main..forge/r1',
    ),
    'Ada <ada@example.com> First thing to do|Forge-Run: r1,Forge-Task: one\nAda <ada@example.com> forge: two|Forge-Run: r1,Forge-Task: two\n',
  );
  assert.equal(at.git('show', 'forge/r1~:a.txt'), 'A\n');
  assert.equal(
    at.git('ls-tree', '-r', '--format=%(objectmode) %(path)', 'forge/r1'),
    '100644 a.txt\n100644 b.txt\n120000 l\n100755 new/tool\n',
  );
  assert.deepEqual(snapshot(at.root), before);
  assert.equal(at.git('status', '--porcelain'), '');
  assert.equal(at.git('symbolic-ref', 'HEAD').trim(), 'refs/heads/main');
});

test('--branch: uncommitted edits stay out of the commits where they can be separated', async (t) => {
  const at = repository(t, { 'a.txt': LINES, 'b.txt': 'b\n', '.gitignore': 'out/\n' });
  const dirty = LINES.replace('one', 'ONE (not committed)');
  plant(at.root, { 'a.txt': dirty, 'untracked.txt': 'mine\n', 'out/x': 'x' });
  const base = await capture(at);
  // The user goes on editing during the run.
  plant(at.root, { 'b.txt': 'user\n' });
  const made = await branch(at, base, [
    { id: 'one', entries: [file(at, 'a.txt', dirty.replace('seven', 'SEVEN')), file(at, 'out/x', 'y')] },
    {
      id: 'two',
      entries: [
        file(at, 'a.txt', dirty.replace('seven', 'SEVEN').replace('five', 'FIVE')),
        file(at, 'untracked.txt', 'mine\nand more\n'),
      ],
    },
  ]);
  assert.deepEqual(made.skipped, ['out/x']);
  assert.equal(at.git('show', 'forge/r1~:a.txt'), LINES.replace('seven', 'SEVEN'));
  assert.equal(at.git('show', 'forge/r1:a.txt'), LINES.replace('seven', 'SEVEN').replace('five', 'FIVE'));
  assert.equal(at.git('show', 'forge/r1:b.txt'), 'b\n');
  assert.equal(at.git('show', 'forge/r1:untracked.txt'), 'mine\nand more\n');
  assert.equal(at.git('diff', '--name-only', 'main', 'forge/r1'), 'a.txt\nuntracked.txt\n');
});

test('--branch: an uncommitted edit in the same place refuses, names the path and makes no branch', async (t) => {
  const at = repository(t, { 'a.txt': LINES });
  plant(at.root, { 'a.txt': LINES.replace('four', 'mine') });
  const base = await capture(at);
  const tasks = [{ id: 'one', entries: [file(at, 'a.txt', LINES.replace('four', 'mine, improved'))] }];
  const made = await commitRun({ root: at.root, runId: 'r1', branch: 'b', tasks, base });
  assert.ok(!made.ok);
  assert.deepEqual(
    made.conflicts.map(({ path }) => path),
    ['a.txt'],
  );
  assert.match(made.conflicts[0]!.reason, /not committed/);
  assert.equal(at.git('branch', '--list', 'b'), '');
});

test('--branch: a file that becomes a folder and the reverse', async (t) => {
  const at = repository(t, { a: 'a', 'd/x': 'x', 'd/y/z': 'z' });
  const base = await capture(at);
  await branch(at, base, [
    {
      id: 'one',
      entries: [
        { path: 'a', kind: 'directory', change: 'created', mode: 0o755 },
        file(at, 'a/b', 'ab', created),
        file(at, 'd', 'file', created),
        gone('d/x'),
        gone('d/y', 'directory'),
        gone('d/y/z'),
      ],
    },
  ]);
  assert.equal(at.git('ls-tree', '-r', '--name-only', 'forge/r1'), 'a/b\nd\n');
});

test('--branch: root is a subfolder, names are not UTF-8', async (t) => {
  const outer = repository(t, { 'top.txt': 'top', 'sub/a.txt': 'a', 'sub/\udcff.txt': 'odd' });
  const at: Scene = { ...outer, root: join(outer.root, 'sub') };
  mkdirSync(join(at.root, '.forge'));
  const base = await capture(at);
  await branch(at, base, [
    {
      id: 'one',
      entries: [
        file(at, 'a.txt', 'A'),
        file(at, '\udcff.txt', 'ODD'),
        file(at, 'n \n\udcfe', 'new', created),
      ],
    },
  ]);
  assert.equal(
    outer.git('ls-tree', '-r', '--name-only', 'forge/r1'),
    'sub/a.txt\n"sub/n \\n\\376"\n"sub/\\377.txt"\ntop.txt\n',
  );
  assert.equal(outer.git('show', 'forge/r1:sub/a.txt'), 'A');
  assert.equal(outer.git('diff', '--name-only', 'main', 'forge/r1').split('\n').length, 4);
});

test('--branch: a git worktree', async (t) => {
  const outer = repository(t, { 'a.txt': 'a' });
  const tree = join(outer.dir, 'tree');
  outer.git('worktree', 'add', '-q', '-b', 'side', tree);
  mkdirSync(join(tree, '.forge'));
  const at: Scene = { ...outer, root: tree, git: (...args) => runGit(tree, ...args) };
  const base = await capture(at);
  await branch(at, base, [{ id: 'one', entries: [file(at, 'a.txt', 'A')] }]);
  assert.equal(outer.git('show', 'forge/r1:a.txt'), 'A');
});

test('--branch: content is converted as git add would, so that a checkout gives the same bytes', async (t) => {
  const at = repository(t, {
    'a.txt': 'a\n',
    'b.bin': 'b\r\n',
    '.gitattributes': '*.bin -text\n*.up filter=up\n',
  });
  at.git('config', 'core.autocrlf', 'true');
  at.git('config', 'filter.up.clean', 'tr A-Z a-z');
  at.git('config', 'filter.up.smudge', 'tr a-z A-Z');
  rmSync(join(at.root, 'a.txt'));
  at.git('checkout', 'a.txt');
  assert.equal(readFileSync(join(at.root, 'a.txt'), 'utf8'), 'a\r\n');
  const base = await capture(at);
  assert.equal(base.blob('a.txt'), undefined, 'the blob has other bytes than the file');
  await branch(at, base, [
    {
      id: 'one',
      entries: [
        file(at, 'a.txt', 'a\r\nmore\r\n'),
        file(at, 'b.bin', 'B\r\n'),
        file(at, 'c.up', 'LOUD\r\n', created),
      ],
    },
  ]);
  assert.equal(at.git('cat-file', 'blob', 'forge/r1:a.txt'), 'a\nmore\n');
  assert.equal(at.git('cat-file', 'blob', 'forge/r1:b.bin'), 'B\r\n');
  const there = join(at.dir, 'there');
  at.git('worktree', 'add', '-q', there, 'forge/r1');
  assert.equal(readFileSync(join(there, 'a.txt'), 'utf8'), 'a\r\nmore\r\n');
  assert.equal(readFileSync(join(there, 'c.up'), 'utf8'), 'LOUD\r\n');
});

test('no hook runs', async (t) => {
  const at = repository(t, { 'a.txt': 'a' });
  const base = await capture(at);
  const hooks = [
    'pre-commit',
    'commit-msg',
    'post-commit',
    'reference-transaction',
    'post-index-change',
    'post-checkout',
  ];
  for (const hook of hooks) {
    plant(at.root, {
      [`.git/hooks/${hook}`]: { text: `#!/bin/sh\ntouch ${at.dir}/ran-${hook}\nexit 1\n`, mode: 0o755 },
    });
  }
  at.git('config', 'core.fsmonitor', `touch ${at.dir}/ran-fsmonitor; false`);
  await branch(at, base, [{ id: 'two', entries: [file(at, 'a.txt', 'AA')] }]);
  await commitAndWrite(at, base, [{ id: 'one', entries: [file(at, 'a.txt', 'A')] }]);
  assert.deepEqual(
    Object.keys(snapshot(at.dir)).filter((path) => path.startsWith('ran-')),
    [],
  );
});

test('--commit: branch, working tree and index agree; what was not committed stays so', async (t) => {
  const at = repository(t, { 'a.txt': LINES, 'b.txt': 'b\n', 'c.txt': LINES, 'gone.txt': 'g' });
  plant(at.root, { 'a.txt': LINES.replace('one', 'ONE'), 'mine.txt': 'mine' });
  plant(at.root, { 'c.txt': LINES.replace('one', 'STAGED') });
  at.git('add', 'c.txt');
  const base = await capture(at);
  const { made, merged } = await commitAndWrite(at, base, [
    {
      id: 'one',
      entries: [file(at, 'a.txt', LINES.replace('one', 'ONE').replace('seven', 'SEVEN')), gone('gone.txt')],
    },
    {
      id: 'two',
      entries: [
        file(at, 'c.txt', LINES.replace('one', 'STAGED').replace('seven', 'SEVEN')),
        file(at, 'new.txt', 'n', created),
      ],
    },
  ]);
  assert.equal(merged.refused, undefined);
  assert.equal(at.git('rev-parse', 'main').trim(), made.commit);
  assert.equal(at.git('log', '--format=%s', 'main'), 'forge: two\nforge: one\nstart\n');
  assert.equal(at.git('status', '--porcelain'), ' M a.txt\nM  c.txt\n?? mine.txt\n');
  assert.equal(at.git('show', 'main:c.txt'), LINES.replace('seven', 'SEVEN'));
  assert.equal(at.git('show', ':c.txt'), LINES.replace('one', 'STAGED').replace('seven', 'SEVEN'));
  assert.equal(
    readFileSync(join(at.root, 'a.txt'), 'utf8'),
    LINES.replace('one', 'ONE').replace('seven', 'SEVEN'),
  );
  assert.equal(at.git('fsck', '--no-dangling'), '');
});

test('--commit: staged changes in the same place refuse', async (t) => {
  const at = repository(t, { 'a.txt': LINES });
  const base = await capture(at);
  plant(at.root, { 'a.txt': LINES.replace('four', 'STAGED') });
  at.git('add', 'a.txt');
  plant(at.root, { 'a.txt': LINES });
  const tasks = [{ id: 'one', entries: [file(at, 'a.txt', LINES.replace('four', '4'))] }];
  const made = await commitRun({ root: at.root, runId: 'r1', tasks, base });
  assert.ok(!made.ok);
  assert.match(made.conflicts[0]!.reason, /staged changes/);
});

test('--commit: the branch moved while merging; the tree is merged, the commits are named, nothing is lost', async (t) => {
  const at = repository(t, { 'a.txt': 'a' });
  const base = await capture(at);
  const entries = [file(at, 'a.txt', 'A')];
  const made = await commitRun({ root: at.root, runId: 'r1', tasks: [{ id: 'one', entries }], base });
  assert.ok(made.ok && made.after);
  at.git('commit', '-q', '--allow-empty', '-m', 'user');
  const user = at.git('rev-parse', 'HEAD').trim();
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok);
  const runDir = join(at.root, '.forge/runs/r1');
  mkdirSync(runDir, { recursive: true });
  const merged = await writeMerge({
    root: at.root,
    runId: 'r1',
    writes: resolution.writes,
    after: made.after,
  });
  assert.match(merged.refused!, new RegExp(`refs/heads/main moved.*${made.commit}`));
  assert.equal(at.git('rev-parse', 'HEAD').trim(), user);
  assert.equal(readFileSync(join(at.root, 'a.txt'), 'utf8'), 'A');
});

test('--commit: killed at every step, the next command brings tree, branch and index together', async (t) => {
  for (const fault of [
    'merge-planned',
    'merge-committed',
    'merge-renamed',
    'merge-synced',
    'merge-ref-moved',
    'merge-ref',
    'merge-unstaged',
  ]) {
    const at = repository(t, { 'a.txt': 'a', 'b.txt': 'b' });
    const base = await capture(at);
    const old = at.git('rev-parse', 'HEAD').trim();
    const entries = [file(at, 'a.txt', 'A'), gone('b.txt'), file(at, 'c.txt', 'C', created)];
    const made = await commitRun({ root: at.root, runId: 'r1', tasks: [{ id: 'one', entries }], base });
    assert.ok(made.ok);
    const { signal } = await runProcess(['write', await prepareJob(at, entries, made.after)], fault);
    assert.equal(signal, 'SIGKILL', fault);
    const recovered = await recoverMerge(at.root);
    const head = at.git('rev-parse', 'HEAD').trim();
    assert.equal(head, recovered?.outcome === 'undone' ? old : made.commit, fault);
    assert.equal(at.git('status', '--porcelain'), '', fault);
  }
});

test('checkCommitTarget: every reason is found before anything runs', async (t) => {
  const plain = scene(t, { git: false });
  await assert.rejects(checkCommitTarget(plain.root), /needs a git repository/);

  const unborn = scene(t);
  await assert.rejects(checkCommitTarget(unborn.root, 'x'), /has none yet/);

  const at = repository(t, { 'a.txt': LINES });
  assert.equal((await checkCommitTarget(at.root)).ref, 'refs/heads/main');
  assert.equal((await checkCommitTarget(at.root, 'topic/x')).ref, 'refs/heads/topic/x');
  await assert.rejects(checkCommitTarget(at.root, 'main'), /refs\/heads\/main exists already/);
  await assert.rejects(checkCommitTarget(at.root, 'main/x'), /can't be one below it/);
  for (const bad of ['a b', '-x', '@{-1}', 'x..y', '', 'x.lock', 'HEAD']) {
    await assert.rejects(checkCommitTarget(at.root, bad), /as the name of a branch/, bad);
  }
  at.git('branch', 'deep/er');
  await assert.rejects(checkCommitTarget(at.root, 'deep'), /deep\/er exists already/);

  at.git('config', 'user.useConfigOnly', 'true');
  at.git('config', '--unset', 'user.email');
  await assert.rejects(checkCommitTarget(at.root), /does not know who you are/);
  at.git('config', 'user.email', 'ada@example.com');

  at.git('switch', '-q', '--detach');
  await assert.rejects(checkCommitTarget(at.root), /HEAD is detached/);
  await checkCommitTarget(at.root, 'from-detached');
  at.git('switch', '-q', 'main');

  at.git('switch', '-q', '-c', 'other');
  writeFileSync(join(at.root, 'a.txt'), 'other\n');
  at.git('commit', '-q', '-am', 'other');
  at.git('switch', '-q', 'main');
  writeFileSync(join(at.root, 'a.txt'), 'main\n');
  at.git('commit', '-q', '-am', 'main');
  assert.throws(() => at.git('merge', 'other'));
  await assert.rejects(checkCommitTarget(at.root), /in the middle of a git operation \(MERGE_HEAD\)/);
});

test('checkCommitTarget: in a worktree of a repository whose path has a newline', async (t) => {
  const top = scene(t);
  const main = join(top.root, 'a\nb');
  mkdirSync(main);
  runGit(main, 'init', '-q', '-b', 'main');
  for (const key of ['user.name', 'user.email']) runGit(main, 'config', key, 'ada');
  runGit(main, 'commit', '-q', '--allow-empty', '-m', 'start');
  runGit(main, 'worktree', 'add', '-q', '../wt', '-b', 'wt');
  const root = join(top.root, 'wt');
  assert.equal((await checkCommitTarget(root)).ref, 'refs/heads/wt');
  for (const [name, message] of [
    ['index.lock', /index\.lock/],
    ['MERGE_HEAD', /in the middle of a git operation \(MERGE_HEAD\)/],
  ] as const) {
    const file = join(main, '.git/worktrees/wt', name);
    writeFileSync(file, runGit(root, 'rev-parse', 'HEAD'));
    await assert.rejects(checkCommitTarget(root), message);
    rmSync(file);
  }
});

test('executable bits and renames are committed', async (t) => {
  const at = repository(t, { 'a.sh': 'a', 'old.txt': LINES });
  const base = await capture(at);
  chmodSync(join(at.root, 'a.sh'), 0o644);
  renameSync(join(at.root, 'old.txt'), join(at.root, 'user.txt'));
  const mode = file(at, 'a.sh', 'a', { mode: 0o755, change: 'mode' });
  await branch(at, base, [
    { id: 'one', entries: [mode, gone('old.txt'), file(at, 'new.txt', LINES, created)] },
  ]);
  assert.equal(
    at.git('diff', '--summary', '-M', 'main', 'forge/r1'),
    ' mode change 100644 => 100755 a.sh\n rename old.txt => new.txt (100%)\n',
  );
});
