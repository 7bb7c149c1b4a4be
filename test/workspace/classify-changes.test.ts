import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChangesetEntry, classifyChanges } from '../../src/workspace/index.js';

const file = (path: string): ChangesetEntry => ({
  path,
  kind: 'file',
  change: 'created',
  mode: 0o644,
  size: 0,
  hash: '0'.repeat(64),
});
const folder = (path: string, change: 'created' | 'mode' = 'created'): ChangesetEntry => ({
  path,
  kind: 'directory',
  change,
  mode: 0o755,
});
const gone = (path: string, was: 'file' | 'directory' = 'file'): ChangesetEntry => ({
  path,
  kind: 'absent',
  change: 'deleted',
  was,
});

function sorted(entries: ChangesetEntry[], owned: (path: string) => boolean) {
  const { kept, strays, dropped } = classifyChanges(entries, owned);
  const paths = (list: { path: string }[]) => list.map((entry) => entry.path).join(' ');
  return { kept: paths(kept), strays: paths(strays), dropped: paths(dropped) };
}

describe('sorting changes by what is owned', () => {
  it('keeps folders above something kept, drops those above strays alone and empty ones', () => {
    const entries = [
      folder('a'),
      folder('a/b'),
      file('a/b/own'),
      folder('a/c'),
      folder('d'),
      file('d/stray'),
    ];
    assert.deepEqual(
      sorted(entries, (path) => path === 'a/b/own'),
      {
        kept: 'a a/b a/b/own',
        strays: 'd/stray',
        dropped: 'a/c d',
      },
    );
  });

  it('a removed folder goes with its content when all of that is kept', () => {
    const entries = [
      gone('a', 'directory'),
      gone('a/1'),
      gone('a/s', 'directory'),
      gone('a/s/2'),
      gone('b', 'directory'),
      gone('b/1'),
      gone('b/2'),
    ];
    assert.deepEqual(
      sorted(entries, (path) => path.startsWith('a/') || path === 'b/1'),
      {
        kept: 'a a/1 a/s a/s/2 b/1',
        strays: 'b/2',
        dropped: 'b',
      },
    );
    assert.deepEqual(
      sorted([gone('e', 'directory')], () => false),
      { kept: '', strays: '', dropped: 'e' },
    );
  });

  it('modes of folders outside are dropped, everything else outside is a stray', () => {
    const entries: ChangesetEntry[] = [
      folder('m', 'mode'),
      file('m/own'),
      { path: 'n', kind: 'directory', change: 'created', mode: 0o755, was: 'file' },
      { path: 'o', kind: 'symlink', change: 'created', target: 'x' },
      gone('p'),
    ];
    assert.deepEqual(
      sorted(entries, (path) => path === 'm/own'),
      { kept: 'm/own', strays: 'n o p', dropped: 'm' },
    );
  });

  it('a folder beside others with a longer name keeps its own content only', () => {
    const entries = [folder('a'), folder('a-b'), file('a-b/own'), folder('a/x')];
    assert.deepEqual(sorted(entries, (path) => path === 'a-b/own').kept, 'a-b a-b/own');
  });
});
