import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  applyEntries,
  type ChangesetEntry,
  composeChangesets,
  loadChangeset,
  saveManifest,
} from '../../src/workspace/index.js';
import { snapshot } from './snapshot.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'forge-cs-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const HASH = 'b'.repeat(64);
const file = (
  path: string,
  change: 'created' | 'modified' | 'mode',
  was?: 'directory' | 'symlink',
): ChangesetEntry => ({
  ...{ path, kind: 'file', change, mode: 0o644, size: 1, hash: HASH },
  ...(was === undefined ? {} : { was }),
});
const gone = (path: string, was: 'file' | 'directory' | 'symlink' = 'file'): ChangesetEntry => ({
  path,
  kind: 'absent',
  change: 'deleted',
  was,
});
const folder = (path: string, change: 'created' | 'mode' = 'created', was?: 'file'): ChangesetEntry => ({
  ...{ path, kind: 'directory', change, mode: 0o755 },
  ...(was === undefined ? {} : { was }),
});

function composed(...lists: ChangesetEntry[][]): string[] {
  return composeChangesets(lists.map((entries, index) => ({ dir: `/c${index}`, entries }))).map((entry) => {
    const was = entry.was === undefined ? '' : ` was ${entry.was}`;
    return `${entry.change} ${entry.kind} ${entry.path}${was}${entry.kind === 'file' ? ` ${entry.blob.slice(0, 3)}` : ''}`;
  });
}

describe('composing changesets', () => {
  it('later ones win, and the content is where the last one has it', () => {
    assert.deepEqual(composed([file('a', 'created')], [file('a', 'modified')]), ['created file a /c1']);
    assert.deepEqual(composed([file('a', 'modified')], [file('a', 'mode')]), ['modified file a /c1']);
    assert.deepEqual(composed([file('a', 'mode')], [file('a', 'mode')]), ['mode file a /c1']);
    assert.deepEqual(composed([file('b', 'created')], [file('a', 'created')]), [
      'created file a /c1',
      'created file b /c0',
    ]);
  });

  it('created and deleted disappears, deleted and created is a modification', () => {
    assert.deepEqual(
      composed([folder('d'), file('d/a', 'created')], [gone('d', 'directory'), gone('d/a')]),
      [],
    );
    assert.deepEqual(composed([gone('a')], [file('a', 'created')]), ['modified file a /c1']);
    assert.deepEqual(composed([gone('a')], [file('a', 'created')], [gone('a')]), [
      'deleted absent a was file',
    ]);
    assert.deepEqual(composed([gone('d', 'directory')], [folder('d')]), ['mode directory d']);
  });

  it('knows what a path was at first through changes of kind', () => {
    assert.deepEqual(composed([folder('a', 'created', 'file')], [gone('a', 'directory')]), [
      'deleted absent a was file',
    ]);
    assert.deepEqual(
      composed([file('a', 'modified', 'directory'), gone('a/b')], [gone('a')], [folder('a')]),
      ['mode directory a', 'deleted absent a/b was file'],
    );
    assert.deepEqual(composed([gone('l', 'symlink')], [file('l', 'created')]), [
      'modified file l was symlink /c1',
    ]);
  });

  it('a folder that one empties and another fills stays', () => {
    assert.deepEqual(composed([gone('d', 'directory'), gone('d/a')], [file('d/b', 'created')]), [
      'deleted absent d/a was file',
      'created file d/b /c1',
    ]);
  });
});

describe('changesets on disk', () => {
  it('come back as they were, whatever the names', async () => {
    mkdirSync(`${dir}/blobs`);
    writeFileSync(`${dir}/blobs/${HASH}`, 'x');
    const entries: ChangesetEntry[] = [
      file('bad\udcffbyte\nline "q"', 'created'),
      { path: 'l', kind: 'symlink', change: 'created', target: '\udc80/..' },
      gone('x'),
      folder('d'),
    ];
    await saveManifest({ dir, entries });
    assert.deepEqual(await loadChangeset(dir), { dir, entries });
    await saveManifest({ dir, entries: [] });
    assert.deepEqual((await loadChangeset(dir)).entries, []);
  });

  it('that are damaged, incomplete or reach outside are refused', async () => {
    await assert.rejects(loadChangeset(dir), /cannot read .*manifest\.json/);
    writeFileSync(`${dir}/manifest.json`, '{"v":1,"entries":[');
    await assert.rejects(loadChangeset(dir), /manifest\.json is damaged/);
    await saveManifest({ dir, entries: [] });
    for (const path of ['../x', '/etc/passwd', 'a//b', 'a/../b', './a', '', 'a\0b']) {
      writeFileSync(`${dir}/manifest.json`, JSON.stringify({ v: 1, entries: [gone(path)] }));
      await assert.rejects(loadChangeset(dir), /entry 1 makes no sense/, path);
    }
    writeFileSync(`${dir}/manifest.json`, JSON.stringify({ v: 1, entries: [file('a', 'created')] }));
    await assert.rejects(loadChangeset(dir), /incomplete: the content of a is missing/);
    writeFileSync(`${dir}/manifest.json`, JSON.stringify({ v: 2, entries: [] }));
    await assert.rejects(loadChangeset(dir), /not a changeset that this version/);
  });
});

describe('changesets that somebody planted', () => {
  it('are read from real files alone: no link is followed, no FIFO waited for', {
    timeout: 60_000,
  }, async () => {
    const secret = `${dir}/secret`;
    writeFileSync(secret, 'x');
    const whole = JSON.stringify({ v: 1, entries: [file('a', 'created')] });
    const plants: [what: string, plant: (at: string) => void, message: RegExp][] = [
      ['a manifest that is a link', (at) => symlinkSync(secret, `${at}/manifest.json`), /not a regular file/],
      [
        'a manifest that is a FIFO',
        (at) => execFileSync('mkfifo', [`${at}/manifest.json`]),
        /not a regular file/,
      ],
      [
        'a content that is a link',
        (at) => {
          mkdirSync(`${at}/blobs`);
          symlinkSync(secret, `${at}/blobs/${HASH}`);
        },
        /incomplete/,
      ],
      [
        'a folder of contents that is a link',
        (at) => {
          mkdirSync(`${dir}/elsewhere`);
          writeFileSync(`${dir}/elsewhere/${HASH}`, 'x');
          symlinkSync(`${dir}/elsewhere`, `${at}/blobs`);
        },
        /incomplete/,
      ],
      [
        'a content that is a FIFO',
        (at) => {
          writeFileSync(`${at}/manifest.json`, whole.replace('"size":1', '"size":0'));
          mkdirSync(`${at}/blobs`);
          execFileSync('mkfifo', [`${at}/blobs/${HASH}`]);
        },
        /incomplete/,
      ],
    ];
    for (const [what, plant, message] of plants) {
      const at = `${dir}/${what.replaceAll(' ', '-')}`;
      mkdirSync(at);
      plant(at);
      if (!existsSync(`${at}/manifest.json`)) writeFileSync(`${at}/manifest.json`, whole);
      await assert.rejects(loadChangeset(at), message, what);
    }
  });
});

describe('applying entries', () => {
  it('never writes or deletes through a link', async () => {
    mkdirSync(`${dir}/tree`);
    mkdirSync(`${dir}/outside`);
    writeFileSync(`${dir}/outside/f`, 'keep');
    writeFileSync(`${dir}/blob`, 'y');
    symlinkSync(`${dir}/outside`, `${dir}/tree/link`);
    await applyEntries(`${dir}/tree`, [gone('link/f') as never]);
    const write = { ...file('link/f', 'modified'), blob: `${dir}/blob` } as never;
    await assert.rejects(
      applyEntries(`${dir}/tree`, [write]),
      /cannot write below link .* it is not a folder there/,
    );
    assert.equal(readFileSync(`${dir}/outside/f`, 'utf8'), 'keep');
    await applyEntries(`${dir}/tree`, [gone('link', 'symlink') as never, write]);
    assert.equal(readFileSync(`${dir}/outside/f`, 'utf8'), 'keep');
    assert.deepEqual(
      snapshot(`${dir}/tree`).map((line) => line.split(' ', 2).join(' ')),
      ['"link" dir', '"link/f" file'],
    );
  });
});
