import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { collectWhile } from './collect-while.js';
import type { Collecting } from './grounds.js';
import { Grounds, SETTINGS, type Setting, unavailable } from './grounds.js';
import { snapshot } from './snapshot.js';

const GIT = 'git init -qb main . && git add -A && git commit -qm base';
const AGENT = 'git() { command git -c user.name=a -c user.email=a@example.org "$@"; }; ';

async function onGrounds(
  setting: Setting,
  body: (grounds: Grounds) => Promise<void>,
  rootName?: string,
): Promise<void> {
  const grounds = new Grounds(setting, rootName);
  try {
    await body(grounds);
  } finally {
    grounds.remove();
  }
}

/** Runs a script; everything under `guarded` must be just as it was, down to inodes and times. */
async function untouched(grounds: Grounds, guarded: string, script: string): Promise<Collecting> {
  grounds.sh('mkdir -p .forge/runs/r1');
  const before = snapshot(guarded, { times: true });
  const done = await grounds.exercise(script);
  assert.deepEqual(snapshot(guarded, { times: true }), before, 'something was written through');
  return done;
}

/** Without forge's own folder of a run, and the folders above it. */
const elsewhere = (line: string) => !/^"root\/\.forge/.test(line);
const changes = (done: Collecting) => done.entries.map((entry) => `${entry.change} ${entry.path}`);

for (const setting of SETTINGS.filter(({ disk }) => disk !== 'xfs')) {
  describe(`isolation on ${setting.label}`, { skip: unavailable(setting) }, () => {
    it('changes outside the task by relative path, absolute path, link and git hook are seen, and stay inside', () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh(
          `mkdir own other; echo 1 >own/f; echo 2 >other/f; ln -s "$PWD/other" abs; ln -s ../other own/rel; ln -s ../root/other around; ${GIT}`,
        );
        const done = await untouched(
          grounds,
          grounds.root,
          `${AGENT}
          echo mine >>own/f; echo x >other/relative; echo x >abs/by-link; echo x >own/rel/by-rel; echo x >around/by-around
          echo x >"$ROOT/other/absolute" || echo refused
          printf '#!/bin/sh\\necho x >other/by-hook' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
          git add own; git commit -qm work; git checkout -qb elsewhere; git branch -D main; git gc -q; git config a.b c`,
        );
        const expected = [
          'modified own/f',
          'created other/by-hook',
          'created other/by-link',
          'created other/by-rel',
          'created other/by-around',
          'created other/relative',
        ];
        if (setting.backend === 'overlay') expected.push('created other/absolute');
        else assert.match(done.output, /refused/);
        assert.deepEqual(changes(done).sort(), expected.sort());
        assert.equal(grounds.sh('git branch').trim(), '* main');
      }).catch((error: unknown) => {
        // Without a namespace nothing can hold an absolute path; the backend says so in its reason.
        if (setting.isolation !== 'none') throw error;
        assert.match(String(error), /something was written through/);
      }));

    it('a git worktree as root: commits stay inside, and git works', () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh(
          `mkdir ../main && cd ../main && echo 1 >f && ${GIT} && rmdir ../root && git worktree add -q ../root -b side`,
        );
        const main = `${grounds.dir}/disk/main`;
        const before = snapshot(main, { times: true });
        const done = await untouched(
          grounds,
          grounds.root,
          `${AGENT} set -e; git status --short; test "$(git branch --show-current)" = side
          echo 2 >>f; echo n >n; git add -A; git commit -qm work; git checkout -qb new; git branch -D side; git log --oneline | wc -l`,
        );
        assert.equal(done.exitCode, 0, done.output);
        assert.deepEqual(changes(done), ['modified f', 'created n']);
        assert.deepEqual(
          snapshot(main, { times: true }),
          before,
          'the repository behind the worktree was written',
        );
      }));

    it('a root below its repository: commits stay inside, git works, and what changes around root is told', () =>
      onGrounds(
        setting,
        async (grounds) => {
          const top = `${grounds.dir}/disk/repo`;
          grounds.sh(
            `echo 1 >f; mkdir -p ../other/sub; cd ..; for f in a b c d sub/e; do echo base >other/$f; done; ln -s a other/link; ln -s "$PWD/other/a" other/abs; echo '*.log' >.gitignore; ${GIT}; echo mine >other/b; echo untracked >other/u`,
          );
          const before = snapshot(top, { times: true });
          const done = await grounds.exercise(
            `${AGENT} set -e; test "$(git rev-parse --show-prefix)" = root/; echo 2 >>f; git add f; git commit -qm work; git checkout -qb new; git log --oneline | wc -l
            cd ../other; cat b; touch a; echo base >c; chmod 600 sub/e; echo x >x.log; mkdir empty; ls -l abs link >/dev/null; touch abs; git stash -uq`,
          );
          assert.equal(done.exitCode, 0, done.output);
          assert.match(done.output, /^2\nmine$/m);
          assert.deepEqual(changes(done), ['modified f']);
          assert.deepEqual(done.outside, ['../other/b', '../other/sub/e', '../other/u']);
          const after = snapshot(top, { times: true });
          assert.deepEqual(
            after.filter(elsewhere),
            before.filter(elsewhere),
            'something was written through',
          );
        },
        'repo/root',
      ));

    it('a nested repository whose .git file names a folder of root by an absolute path', () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh(
          `${GIT} --allow-empty; mkdir sub; cd sub; git init -q --separate-git-dir ../.git/modules-sub .; cat .git; echo 1 >f; git add f; git commit -qm sub`,
        );
        const done = await untouched(
          grounds,
          grounds.root,
          `${AGENT} set -e; cd sub; echo 2 >>f; git commit -qam more; git log --oneline | wc -l`,
        );
        assert.equal(`${done.exitCode} ${done.output.trim()}`, '0 2');
        assert.deepEqual(changes(done), ['modified sub/f']);
      }));

    it('links that leave the tree still lead where they led, and come back as they were', () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh(
          `mkdir d ../outside; echo out >../outside/f; ln -s ../outside up; ln -s ../../outside/f d/up; echo in >f; ln -s "$PWD/f" abs; ln -s ../root/f roundabout; ln -s "$PWD" self`,
        );
        mkdirSync(`${grounds.dir}/elsewhere`);
        symlinkSync(grounds.root, `${grounds.dir}/elsewhere/to-root`);
        symlinkSync(`${grounds.dir}/elsewhere/to-root/f`, `${grounds.root}/chain`);
        const done = await untouched(
          grounds,
          grounds.root,
          'cat up/f d/up; cat abs roundabout self/f chain; for l in abs roundabout self/f chain; do echo $l >>$l; done; mv abs moved; ln -s "$PWD/d" fresh; touch up',
        );
        assert.equal(done.output, 'out\nout\nin\nin\nin\nin\n');
        assert.deepEqual(changes(done), ['deleted abs', 'modified f', 'created fresh', 'created moved']);
        const target = (path: string) =>
          done.entries.find((entry) => entry.path === path && entry.kind === 'symlink');
        assert.equal((target('moved') as { target: string }).target, readlinkSync(`${grounds.root}/abs`));
        assert.equal((target('fresh') as { target: string }).target, `${grounds.root}/d`);
      }));

    for (const name of [
      'with space, comma',
      'co:lon\\back\\slash',
      'new\nline\ttab',
      `quo"te'$HOME`,
      '-dash',
      'x'.repeat(200),
    ]) {
      it(`works for a root called ${JSON.stringify(name.slice(0, 20))}`, () =>
        onGrounds(
          setting,
          async (grounds) => {
            grounds.sh('echo 1 >f; mkdir d; echo 2 >d/g; git init -q .');
            const done = await untouched(grounds, grounds.root, 'pwd; echo more >>f; rm -r d; git add -A');
            assert.equal(done.output, `${done.path}\n`);
            assert.deepEqual(changes(done), ['deleted d', 'deleted d/g', 'modified f']);
          },
          name,
        ));
    }

    it('a folder swapped for a link leads no reading and no writing out of the tree', () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh(
          'mkdir -p d/e ../bait; echo base >d/e/f; echo secret >../bait/f; mkdir ../bait/e; echo secret >../bait/e/f',
        );
        const first = await grounds.exercise('echo one >d/e/f; echo new >d/e/g');
        const second = await grounds.exercise(`rm -r d; ln -s ${grounds.dir}/disk/bait d`, [first.into]);
        assert.deepEqual(changes(second), ['modified d', 'deleted d/e', 'deleted d/e/f', 'deleted d/e/g']);
        const third = await grounds.exercise('rm d; mkdir -p d/e; echo one >d/e/f', [
          first.into,
          second.into,
        ]);
        assert.deepEqual(changes(third), ['created d', 'created d/e', 'created d/e/f']);
        assert.equal(grounds.sh('cat ../bait/f ../bait/e/f; ls ../bait/e'), 'secret\nsecret\nf\n');
      }));

    it('start changesets are there, and undoing them is a change', () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh('echo base >f; echo base >gone; mkdir d; echo x >d/x; echo k >kept');
        const first = await grounds.exercise(
          'echo one >>f; rm gone; echo new >new; rm -r d; echo file >d; chmod 700 kept; mkdir -p made/deep; echo m >made/deep/m',
        );
        const look = await grounds.exercise(
          'cat f new d made/deep/m; test ! -e gone; touch f new; cat new >n2; mv n2 new',
          [first.into],
        );
        assert.equal(look.output, 'base\none\nnew\nfile\nm\n');
        assert.deepEqual(look.entries, []);
        assert.ok(look.filesChanged === undefined || look.filesChanged <= 3);
        const undo = await grounds.exercise(
          'echo base >f; echo base >gone; rm new d; mkdir d; echo x >d/x; chmod 644 kept; rm -r made',
          [first.into],
        );
        assert.deepEqual(changes(undo), [
          'created d',
          'created d/x',
          'modified f',
          'created gone',
          'mode kept',
          'deleted made',
          'deleted made/deep',
          'deleted made/deep/m',
          'deleted new',
        ]);
      }));
  });
}

describe('edits by the user during the run', () => {
  for (const setting of SETTINGS.filter(({ disk, user }) => disk === undefined && user === 'self')) {
    it(`are not the task's on ${setting.label}`, { skip: unavailable(setting) }, () =>
      onGrounds(setting, async (grounds) => {
        grounds.sh('mkdir d; for f in edited touched opened both d/removed replaced; do echo base >$f; done');
        grounds.sh('touch -d "1 hour ago" edited touched opened both replaced');
        // The script plays the user too, through a path that no view covers: a process outside of it.
        const entries = await collectWhile(
          grounds,
          ': >>touched; : >>opened; echo task >>both; echo t >made; chmod +x replaced',
          () => {
            for (const file of ['edited', 'touched', 'both'])
              writeFileSync(`${grounds.root}/${file}`, 'by the user\n');
            writeFileSync(`${grounds.root}/user-made`, 'new');
            grounds.sh('rm d/removed; touch opened');
          },
        );
        assert.deepEqual(
          entries.map((entry) => `${entry.change} ${entry.path}`),
          [
            ...['modified both', 'created made', 'mode replaced'],
            // Opened by the task, so that the overlay copied it up, then edited by the user: nothing tells that from
            // content written with an old time (`cp -p`), and work must not be lost in silence.
            ...(setting.backend === 'overlay' ? ['modified touched'] : []),
          ],
        );
      }),
    );
  }
});
