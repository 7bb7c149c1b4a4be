import type { ComposedEntry } from '../../src/workspace/index.js';
import { created, file, gone, plant, type Scene, type Spec } from './trees.js';

const ODD = 'odd na\nme \udcff\udcfe.txt';

/** A tree with every kind of entry, and the changes of every kind to it. */
export function everything(at: Scene): { entries: ComposedEntry[]; expected: Spec } {
  plant(at.root, {
    'keep.txt': 'keep',
    'text.txt': 'old\n',
    'tool.sh': '#!/bin/sh\n',
    'gone.txt': 'gone',
    'dir/inner/a.txt': 'a',
    'dir/inner/b.txt': 'b',
    link: { link: 'text.txt' },
    'link-gone': { link: 'nowhere' },
    'becomes-dir': 'file',
    'becomes-file/x': 'x',
    'becomes-file/sub/y': 'y',
    'becomes-link': 'file',
    'link-becomes-file': { link: 'keep.txt' },
    [ODD]: 'odd',
  });
  const binary = Buffer.from([0, 255, 1, 128, 10, 13, 0]);
  const entries: ComposedEntry[] = [
    file(at, 'text.txt', 'new\n'),
    file(at, 'tool.sh', '#!/bin/sh\n', { mode: 0o755, change: 'mode' }),
    gone('gone.txt'),
    gone('dir', 'directory'),
    gone('dir/inner', 'directory'),
    gone('dir/inner/a.txt'),
    gone('dir/inner/b.txt'),
    { path: 'link', kind: 'symlink', change: 'modified', target: 'keep.txt' },
    gone('link-gone', 'symlink'),
    { path: 'becomes-dir', kind: 'directory', change: 'created', mode: 0o755 },
    file(at, 'becomes-dir/deep', 'deep', created),
    file(at, 'becomes-file', 'now a file'),
    gone('becomes-file/x'),
    gone('becomes-file/sub', 'directory'),
    gone('becomes-file/sub/y'),
    { path: 'becomes-link', kind: 'symlink', change: 'modified', target: '../out/of/\udcff' },
    file(at, 'link-becomes-file', 'real'),
    file(at, ODD, 'odder', { mode: 0o600 }),
    { path: 'new', kind: 'directory', change: 'created', mode: 0o750 },
    { path: 'new/closed', kind: 'directory', change: 'created', mode: 0o500 },
    file(at, 'new/closed/bin', binary, { ...created, mode: 0o755 }),
    file(at, 'new/empty', '', { ...created, mode: 0o400 }),
    { path: 'new/l\udc80nk', kind: 'symlink', change: 'created', target: 'bin' },
  ];
  const expected = {
    'keep.txt': 'keep',
    'text.txt': 'new\n',
    'tool.sh': { text: '#!/bin/sh\n', mode: 0o755 },
    link: { link: 'keep.txt' },
    'becomes-dir/deep': 'deep',
    'becomes-file': 'now a file',
    'becomes-link': { link: '../out/of/\udcff' },
    'link-becomes-file': 'real',
    [ODD]: { text: 'odder', mode: 0o600 },
    'new/closed/bin': { text: binary, mode: 0o755 },
    'new/empty': { text: '', mode: 0o400 },
    'new/l\udc80nk': { link: 'bin' },
    new: { dir: 0o750 },
    'new/closed': { dir: 0o500 },
  };
  return { entries, expected };
}
