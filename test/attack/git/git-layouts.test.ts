import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { isFull } from '../../rig/effort.js';
import { environment, project } from '../../rig/project.js';

/** How a repository lies on disk (made by `setUp` in an empty folder, `$W`; the root is `t`), and what a task does in it. */
interface Layout {
  setUp: string;
  run: string;
  owns?: string;
  /** The root, below `$W`. */
  root?: string;
  /** What else the task changes, and forge merges, by the name that the digest leaves out. */
  merged?: string[];
  /** Variables for forge; `$W` stands for the folder. */
  env?: Record<string, string>;
  /** Not possible: the message, and where (default: everywhere). */
  refused?: { why: RegExp; on?: 'overlay' };
}

const COMMIT = 'echo b > b; git add b; git commit -qm evil';

const LAYOUTS: Readonly<Record<string, Layout>> = {
  'objects are a link to a store elsewhere': {
    setUp:
      'make t; mv t/.git/objects store; ln -s "$W/store" t/.git/objects; cd t; echo 2 > a; git commit -qam 2',
    run: 'git reset -q --hard HEAD~1; git reflog expire --expire=now --all; rm -f .git/ORIG_HEAD; git gc -q --prune=now; git log > b',
    merged: ['a'],
    owns: '**',
  },
  'a folder of links to another git folder (git-new-workdir)': {
    setUp: `make m; mkdir -p t/.git/logs; for x in config refs logs/refs objects info hooks packed-refs; do ln -s "$W/m/.git/$x" t/.git/$x; done
      cp m/.git/HEAD t/.git/; cd t; git reset -q --hard`,
    run: `git config x.y z; echo x > .git/hooks/post-commit; ${COMMIT}; git branch evil`,
    refused: { why: /config is a link to .*, which a view can't cover/, on: 'overlay' },
  },
  'links in the git folder, and .git a link to it (repo)': {
    setUp: `make t; mkdir -p .repo/projects .repo/stores; mv t/.git/objects .repo/stores/t; mv t/.git .repo/projects/t.git
      ln -s ../../stores/t .repo/projects/t.git/objects; ln -s ../.repo/projects/t.git t/.git`,
    run: COMMIT,
  },
  'a nested clone with linked objects': {
    setUp:
      'make t; make t/sub; mv t/sub/.git/objects store; ln -s ../../../store t/sub/.git/objects; echo sub > t/.gitignore; cd t; git add .; git commit -qm i',
    run: 'cd sub; git commit -q --allow-empty -m evil; cd ..; git -C sub log > b',
  },
  'a worktree of a repository whose config is a link': {
    setUp:
      'make x; git clone -q --bare x r.git; mv r.git/config shared; ln -s "$W/shared" r.git/config; git -C r.git worktree add -q "$W/t" main',
    run: COMMIT,
    refused: { why: /config is a link to .*, which a view can't cover/, on: 'overlay' },
  },
  'a worktree of a repository whose index is a link': {
    setUp:
      'make m; cd m; git branch feat; mkdir ../ram; mv .git/index ../ram/index; ln -s "$W/ram/index" .git/index; git worktree add -q ../t feat; cd ../t; echo e > e; git add e',
    run: COMMIT,
    refused: { why: /index is a link to .*, which a view can't cover/, on: 'overlay' },
  },
  'a HEAD that is a link, in a worktree': {
    setUp:
      'make m; cd m; git worktree add -q ../t -b t; cd ../t; git config core.preferSymlinkRefs true; git switch -qc u',
    run: COMMIT,
  },
  'a submodule as the root': {
    setUp:
      'make s; make p; cd p; git -c protocol.file.allow=always submodule -q add "$W/s" sub; git commit -qm s',
    root: 'p/sub',
    run: COMMIT,
  },
  'a worktree with a submodule of its own': {
    setUp: `make s; make p; cd p; git -c protocol.file.allow=always submodule -q add "$W/s" sub; git commit -qm s
      git worktree add -q ../t -b t; cd ../t; git -c protocol.file.allow=always submodule -q update --init`,
    run: `${COMMIT}; cd sub; git commit -q --allow-empty -m evil; git config x.y z`,
  },
  'a worktree beside a main one with a sparse checkout in the middle of a merge': {
    setUp: `make m; cd m; mkdir x y; echo x > x/x; echo y > y/y; git add .; git commit -qm 2; git worktree add -q -b t ../t; git sparse-checkout set x
      git rev-parse HEAD > .git/MERGE_HEAD`,
    run: `git reset -q --hard; test -e y/y; ${COMMIT}; git log -1 --format=%P | wc -w > b; grep -q 1 b`,
    owns: '**',
  },
  'a worktree of a bare repository that says so in config.worktree': {
    setUp:
      'make x; git clone -q --bare x r.git; cd r.git; git config extensions.worktreeConfig true; git config --unset core.bare; git config --worktree core.bare true; git worktree add -q ../t main',
    run: COMMIT,
  },
  'a worktree of a repository in which other tools keep things': {
    setUp:
      'make m; mkdir m/.git/git-crypt; echo key > m/.git/git-crypt/key; git -C m worktree add -q ../t -b t',
    run: `test "$(cat "$(git rev-parse --git-common-dir)/git-crypt/key")" = key; ${COMMIT}`,
  },
  'links in the git folder to FIFOs and to nothing, and one inside it': {
    setUp:
      'make m; mkfifo ff; ln -s "$W/ff" m/.git/ff; rm -rf m/.git/hooks; ln -s "$W/gone/hooks" m/.git/hooks; cd m; git worktree add -q ../t -b t; ln -s ../../description .git/worktrees/t/foo',
    run: COMMIT,
  },
  'folders whose .git is a FIFO or a device': {
    setUp: 'make t; mkdir t/n t/o; mkfifo t/n/.git; cd t; git add .; git commit -qm x --allow-empty',
    run: COMMIT,
  },
  'a worktree inside its bare repository': {
    setUp: 'make x; git clone -q --bare x p.git; cd p.git; git worktree add -q main main',
    root: 'p.git/main',
    run: `${COMMIT}; git config x.y z`,
  },
  'GIT_DIR and GIT_WORK_TREE say where the repository is': {
    setUp: 'make t; mv t/.git r.git; git --git-dir=r.git config core.bare false',
    env: { GIT_DIR: '$W/r.git', GIT_WORK_TREE: '$W/t', GIT_INDEX_FILE: '$W/r.git/index.lock' },
    run: `(${COMMIT}) || :; git status > b 2>&1 || :`,
    owns: '**',
  },
  'worktrees inside the tree and beside it': {
    setUp:
      'make t; cd t; echo .wt > .gitignore; git add .; git commit -qm i; git worktree add -q .wt/in -b in; git worktree add -q ../sib -b sib; echo mine > .wt/in/mine',
    run: 'git worktree repair || :; git worktree move .wt/in .wt/in2 || :; git worktree remove --force ../sib || :; git worktree prune; git -C .wt/in commit -q --allow-empty -m evil || :; echo b > b',
  },
  'core.worktree names the tree in full': {
    setUp: 'make t; cd t; git config core.worktree "$PWD"; echo edit >> a',
    run: 'git stash -q; echo b > b',
    merged: ['a'],
    owns: '**',
  },
  'a git folder with a commondir in it': {
    setUp:
      'make m; cd m; git worktree add -q ../t -b t; cd ../t; rm .git; cp -r ../m/.git/worktrees/t .git; echo "$W/m/.git" > .git/commondir',
    run: COMMIT,
  },
  'alternates that are told relative to the git folder': {
    setUp: 'make m; git clone -qs m t; echo ../../../m/.git/objects > t/.git/objects/info/alternates',
    run: `git log --format=%s > b; grep -q start b; ${COMMIT}`,
  },
  'alternates of a repository behind a worktree': {
    setUp:
      'make m; git clone -qs m n; echo ../../../m/.git/objects > n/.git/objects/info/alternates; cd n; git worktree add -q ../t -b t',
    run: COMMIT,
  },
  'a git folder in the tree under another name': {
    setUp: 'make t; mv t/.git t/.gitdata; echo "gitdir: .gitdata" > t/.git',
    run: 'echo b > b',
    refused: { why: /\.gitdata, which lies in the tree under another name than \.git/ },
  },
  'a nested worktree whose name is not UTF-8': {
    setUp: `make o; make t; d=$(printf 'caf\\351'); git -C o worktree add -q "$W/t/$d" -b feat`,
    run: 'cd caf*; git commit -q --allow-empty -m evil; cd ..; echo b > b',
    owns: '**',
    refused: { why: /leads to a git folder elsewhere, and a name on the way is not UTF-8/ },
  },
  'a worktree of a repository whose name is not UTF-8': {
    setUp: `d=$(printf 'caf\\351'); make "$d"; git -C "$d" worktree add -q "$W/t" -b feat`,
    run: COMMIT,
    refused: { why: /leads to a git folder elsewhere, and a name on the way is not UTF-8/ },
  },
};

const MAKE = `make() { git init -q -b main "$1"; echo start > "$1/a"; git -C "$1" add a; git -C "$1" commit -qm start; }\n`;
const SETTINGS = [
  ['overlay', 'overlay', undefined],
  ['copy', 'copy', undefined],
  ['copy without namespaces', 'copy', 'none'],
] as const;

for (const [setting, backend, isolation] of SETTINGS) {
  for (const [index, [name, layout]] of Object.entries(LAYOUTS).entries()) {
    // Without namespaces, a copy is all that keeps git in the view: that is always tried with every layout.
    if (setting === 'copy' && index % 3 > 0 && !isFull) continue;
    const { setUp, run, owns = 'b', root = 't', merged = [], env = {}, refused } = layout;
    test(`${setting}: ${name}: what git commands of a task do stays in its view`, async (t) => {
      const here = project(t, {}, { git: false });
      const top = here.dir;
      execFileSync('sh', ['-ec', MAKE + setUp], { cwd: top, env: { ...environment(), W: top } });
      const cwd = join(top, root);
      writeFileSync(
        join(cwd, 'forge.plan.yaml'),
        JSON.stringify({ version: 1, tasks: { a: { run: `set -e; ${run}`, owns: [owns] } } }),
      );
      const leftOut = ['.forge', 'b', ...merged];
      const before = digest(top, leftOut);
      const result = await here.forge(['apply', '--yes', '--backend', backend], {
        cwd,
        env: {
          ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replace('$W', top)])),
          FORGE_ISOLATION: isolation,
        },
      });
      assertUnchanged(top, before, name, leftOut);
      assert.deepEqual(here.scratch(), []);
      if (refused !== undefined && (refused.on ?? backend) === backend) {
        assert.equal(result.code, 2, result.stdout + result.stderr);
        assert.match(result.stderr, refused.why);
        assert.equal(existsSync(join(cwd, 'b')), false);
        return;
      }
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.match(readFileSync(join(cwd, 'b'), 'utf8'), /\S/);
      assert.equal(existsSync(join(dirname(top), 'b')), false);
    });
  }
}

test("copy: an ordinary user's worktree with a submodule, with read-only objects and info", {
  skip: process.getuid?.() === 0 ? false : 'needs root, to become another user',
}, async (t) => {
  const USER = 61_001;
  const here = project(t, {}, { git: false });
  const top = dirname(here.dir);
  execFileSync(
    'sh',
    [
      '-ec',
      `${MAKE}make s; make p; cd p; git -c protocol.file.allow=always submodule -q add "$W/s" sub; git commit -qm s
      git worktree add -q ../t -b t; cd ../t; git -c protocol.file.allow=always submodule -q update --init
      cd ..; git clone -qs s q; chmod 555 q/.git/objects q/.git/objects/info`,
    ],
    { cwd: here.dir, env: { ...environment(), W: here.dir } },
  );
  execFileSync('sh', ['-ec', `mkdir "$1/state"; chown -R ${USER}:${USER} "$1"; chmod 755 "$1"`, 'sh', top]);
  for (const root of ['t', 'q']) {
    const cwd = join(here.dir, root);
    writeFileSync(
      join(cwd, 'forge.plan.yaml'),
      'version: 1\ntasks:\n  a: { run: "git log --format=%s -1 > b; git config x.y z", owns: [b] }\n',
    );
    const result = await here.forge(['apply', '--yes', '--backend', 'copy'], {
      cwd,
      as: USER,
      env: { HOME: join(top, 'state') },
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(readFileSync(join(cwd, 'b'), 'utf8'), /\S/);
  }
});
