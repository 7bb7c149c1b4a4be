import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import { BlobStore } from '../../src/workspace/changeset/blobs.js';
import { DiskTree } from '../../src/workspace/changeset/disk-tree.js';
import {
  type ChooseChanges,
  type Collected,
  chooseBackend,
  type FoundChange,
  loadChangeset,
} from '../../src/workspace/index.js';
import { Grounds, SETTINGS, unavailable } from './grounds.js';

/** Runs a script in a workspace and collects; `choose` also gets the folder of the workspace as others see it. */
async function collected(
  grounds: Grounds,
  script: string,
  choose?: (found: readonly FoundChange[], outside: string) => readonly FoundChange[],
): Promise<Collected & { asked: number; into: string }> {
  const { root, setting, state } = grounds;
  process.env.FORGE_STATE_DIR = state;
  if (setting.isolation === undefined) delete process.env.FORGE_ISOLATION;
  else process.env.FORGE_ISOLATION = setting.isolation;
  mkdirSync(`${root}/.forge`, { recursive: true });
  const { backend } = await chooseBackend({
    ...{ root, wanted: setting.backend, runDir: `${root}/.forge`, runId: 'r' },
  });
  const workspace = await backend.open({ root, start: [], name: 'r.collected.1' });
  let asked = 0;
  const chosen: ChooseChanges = async (found) => {
    asked += 1;
    return choose!(found, workspace.outsidePath);
  };
  try {
    await workspace.spawn({ argv: ['sh', '-c', script], env: { PATH: process.env.PATH ?? '' } }).ended;
    await workspace.endProcesses();
    const into = grounds.out();
    return { ...(await workspace.collect(into, choose && chosen)), asked, into };
  } finally {
    await workspace.close();
    await backend.close();
  }
}

const changes = ({ changeset }: Collected) =>
  changeset.entries.map(({ change, path }) => `${change} ${path}`);

for (const setting of SETTINGS.filter(({ disk, user }) => disk === undefined && user === 'self')) {
  describe(`collecting on ${setting.label}`, { skip: unavailable(setting) }, () => {
    const onGrounds = async (body: (grounds: Grounds) => Promise<void>) => {
      const grounds = new Grounds(setting);
      try {
        await body(grounds);
      } finally {
        grounds.remove();
      }
    };

    it('asks once what is kept, in order, and stores the content of just that', () =>
      onGrounds(async (grounds) => {
        grounds.sh('echo a >a; echo b >b');
        let seen: string[] = [];
        const done = await collected(
          grounds,
          'echo 1 >>a; echo 2 >>b; echo 3 >c; mkdir d; echo 4 >d/e; rm -f x',
          (found) => {
            seen = found.map(({ path }) => path);
            return found.filter(({ path }) => path === 'b');
          },
        );
        assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'd/e']);
        assert.equal(done.asked, 1);
        assert.deepEqual(changes(done), ['modified b']);
        assert.equal(readdirSync(`${done.into}/blobs`).length, 1);
        assert.deepEqual(await loadChangeset(done.into), done.changeset);
      }));

    it('makes no folder for contents where nothing is kept', () =>
      onGrounds(async (grounds) => {
        const done = await collected(grounds, 'echo 1 >a', () => []);
        assert.equal(existsSync(`${done.into}/blobs`), false);
        assert.deepEqual((await loadChangeset(done.into)).entries, []);
      }));

    it('what was stored is what counts, and what vanished meanwhile is left out or deleted', () =>
      onGrounds(async (grounds) => {
        grounds.sh('for f in rewritten gone mode; do echo base >$f; done; echo base >back');
        const done = await collected(
          grounds,
          'for f in rewritten gone back new bad; do echo task >$f; done; chmod 700 mode; mv bad "$(printf "bad\\\\377")"',
          (found, outside) => {
            // Somebody still writes while forge decides.
            writeFileSync(`${outside}/rewritten`, 'later\n');
            writeFileSync(`${outside}/mode`, 'other\n');
            rmSync(`${outside}/gone`);
            rmSync(`${outside}/new`);
            return found;
          },
        );
        assert.deepEqual(changes(done), [
          'modified back',
          'created bad\udcff',
          'deleted gone',
          'modified mode',
          'modified rewritten',
        ]);
        const stored = done.changeset.entries.flatMap((entry) =>
          entry.kind === 'file' ? [readFileSync(`${done.into}/blobs/${entry.hash}`, 'utf8')] : [],
        );
        assert.deepEqual(stored, ['task\n', 'task\n', 'other\n', 'later\n']);
      }));

    it('tells reserved entries by their top, and keeps the folders that they stay in', () =>
      onGrounds(async (grounds) => {
        grounds.sh(
          'mkdir -p v/x/.git/objects v/w/.git same/.git; echo 1 >v/x/.git/HEAD; echo f >v/x/f; echo g >v/w/g; echo h >same/.git/h',
        );
        const done = await collected(
          grounds,
          'rm -r v/x; chmod 700 v/w/.git; mkdir -p "n/.FORGE/.git" "$(printf "a\\nb")/.git"; echo x >n/.FORGE/.git/x; : >>same/.git/h; mkfifo n/.git; mkdir -p .forge; echo >.forge/y',
        );
        assert.deepEqual(done.reserved, ['a\nb/.git', 'n/.FORGE', 'n/.git', 'v/w/.git', 'v/x/.git']);
        assert.deepEqual(changes(done), ['created a\nb', 'created n', 'deleted v/x/f']);
        assert.deepEqual(done.special, []);
      }));
  });
}

describe('storing contents', () => {
  it('follows no link and waits for no FIFO that has taken a file’s place', () => {
    const grounds = new Grounds({ label: 'none', backend: 'copy', user: 'self' });
    return (async () => {
      grounds.sh('mkfifo pipe; mkdir folder; echo secret >../secret');
      symlinkSync('../secret', `${grounds.root}/link`);
      const blobs = new BlobStore(`${grounds.dir}/blobs`);
      for (const path of ['pipe', 'link', 'folder'])
        await assert.rejects(blobs.add(new DiskTree(grounds.root), path), /still changing it|ELOOP/, path);
      assert.deepEqual(readdirSync(blobs.dir), []);
    })().finally(() => grounds.remove());
  });
});
