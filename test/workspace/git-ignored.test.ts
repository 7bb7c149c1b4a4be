import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gitIgnored } from '../../src/util/git/git.js';
import { foreignOwned } from '../../src/workspace/index.js';
import { Grounds } from './grounds.js';

const SETTING = { label: 'none', backend: 'copy', user: 'self' } as const;

async function onGrounds(body: (grounds: Grounds) => Promise<void>): Promise<void> {
  const grounds = new Grounds(SETTING);
  try {
    await body(grounds);
  } finally {
    grounds.remove();
  }
}

describe('what git ignores', () => {
  it('is told by the rules of the working tree, byte by byte, and never of a tracked file', () =>
    onGrounds(async (grounds) => {
      grounds.sh(
        'git init -q .; printf "build/\\n*.log\\n!keep.log\\n" >.gitignore; echo t >tracked.log; git add -f .gitignore tracked.log; git commit -qm x; ln -s build link',
      );
      const paths = [
        'build/x',
        'a.log',
        'keep.log',
        'tracked.log',
        'src/a.js',
        'deep/b\nline.log',
        'bad\udcff.log',
        '-x.log',
        ' s .log',
        'link/x.log',
        ':(glob)*.log',
      ];
      const ignored = await gitIgnored(grounds.root, paths);
      assert.deepEqual(
        [...ignored].sort(),
        [' s .log', '-x.log', 'a.log', 'bad\udcff.log', 'build/x', 'deep/b\nline.log', ':(glob)*.log'].sort(),
      );
    }));

  it('runs nothing that the repository or the environment asks for', () =>
    onGrounds(async (grounds) => {
      grounds.sh(
        'git init -q .; echo "*.log" >.gitignore; git add .; git config core.fsmonitor "touch $PWD/ran; false"',
      );
      process.env.GIT_DIR = '/nowhere';
      try {
        assert.deepEqual([...(await gitIgnored(grounds.root, ['a.log']))], ['a.log']);
      } finally {
        delete process.env.GIT_DIR;
      }
      assert.equal(grounds.sh('ls'), '');
    }));

  it('is nothing outside a repository', () =>
    onGrounds(async (grounds) => {
      assert.deepEqual(await gitIgnored(grounds.root, ['a.log']), new Set());
      assert.deepEqual(await gitIgnored(grounds.root, []), new Set());
    }));
});

describe('files of other owners', () => {
  it('are nobody’s problem for root', () =>
    onGrounds(async (grounds) => {
      grounds.sh('echo >f');
      if (process.getuid?.() === 0) assert.deepEqual(foreignOwned(grounds.root, ['f']), []);
    }));
});
