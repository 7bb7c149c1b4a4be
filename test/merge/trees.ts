import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Base,
  captureBase,
  type Merged,
  type Resolution,
  resolveMerge,
  writeMerge,
} from '../../src/merge/index.js';
import { decodeName, encodePath } from '../../src/util/paths/path.js';
import type { ComposedEntry } from '../../src/workspace/index.js';

// The tests' repositories must not depend on the settings of whoever runs them.
process.env.GIT_CONFIG_GLOBAL = '/dev/null';
process.env.GIT_CONFIG_NOSYSTEM = '1';

/** A tree as data: text and bytes are files, `{ link }` a symlink, `{ dir }` a folder with that mode, `{ text, mode }` a file with a mode. */
export type Spec = Record<
  string,
  string | Buffer | { link: string } | { dir: number } | { text: string | Buffer; mode: number }
>;

/** One line per path: what compares two trees. */
export type Snapshot = Record<string, string>;

export interface Scene {
  root: string;
  dir: string;
  git: (...args: string[]) => string;
  /** What to do before the folder is removed, last first (unmounting). */
  undo: (() => void)[];
}

/** A temp folder with a working tree in `root/` and everything else beside it; removed after the test. */
export function scene(t: TestContext, options: { git?: boolean } = {}): Scene {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'forge-merge-')));
  const undo: (() => void)[] = [];
  // Hooks run in the order they were made, so what must come before the removal is kept in a list.
  t.after(() => {
    for (const step of undo.reverse()) step();
    rmSync(dir, { recursive: true, force: true });
  });
  const root = join(dir, 'root');
  mkdirSync(join(root, '.forge'), { recursive: true });
  writeFileSync(join(root, '.forge/.gitignore'), '*\n');
  const made: Scene = { root, dir, git: (...args) => runGit(root, ...args), undo };
  if (options.git !== false) {
    made.git('init', '-q', '-b', 'main');
    made.git('config', 'user.name', 'Ada');
    made.git('config', 'user.email', 'ada@example.com');
  }
  return made;
}

export function runGit(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Writes a spec into a tree. */
export function plant(root: string, spec: Spec): void {
  for (const [path, what] of Object.entries(spec)) {
    const at = encodePath(`${root}/${path}`);
    mkdirSync(encodePath(dirname(`${root}/${path}`)), { recursive: true });
    if (typeof what === 'string' || Buffer.isBuffer(what)) writeFileSync(at, what);
    else if ('link' in what) symlinkSync(encodePath(what.link), at);
    else if ('dir' in what) {
      mkdirSync(at, { recursive: true });
      chmodSync(at, what.dir);
    } else {
      writeFileSync(at, what.text);
      chmodSync(at, what.mode);
    }
  }
}

/** Reads a whole tree without `.git` and `.forge`. */
export function snapshot(root: string): Snapshot {
  const found: Snapshot = {};
  const visit = (folder: string) => {
    for (const raw of readdirSync(encodePath(folder === '' ? root : `${root}/${folder}`), {
      encoding: 'buffer',
    }) as unknown as Buffer[]) {
      const name = decodeName(raw);
      if (name === '.git' || (folder === '' && name === '.forge')) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const at = encodePath(`${root}/${path}`);
      const stat = lstatSync(at);
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isSymbolicLink()) found[path] = `link ${decodeName(readlinkSync(at, { encoding: 'buffer' }))}`;
      else if (stat.isDirectory()) {
        found[path] = `folder ${mode}`;
        visit(path);
      } else found[path] = `file ${mode} ${sha(readFileSync(at))}`;
    }
  };
  visit('');
  return found;
}

function sha(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

let blobs = 0;

/** A file entry with its blob stored beside the tree. */
export function file(
  at: Scene,
  path: string,
  content: string | Buffer,
  options: { mode?: number; change?: 'created' | 'modified' | 'mode' } = {},
): ComposedEntry & { kind: 'file' } {
  const blob = join(at.dir, `blob-${blobs++}`);
  writeFileSync(blob, content);
  return {
    path,
    kind: 'file',
    change: options.change ?? 'modified',
    mode: options.mode ?? 0o644,
    size: Buffer.byteLength(content),
    hash: sha(content),
    blob,
  };
}

export const created = { change: 'created' } as const;

export function gone(path: string, was: 'file' | 'symlink' | 'directory' = 'file'): ComposedEntry {
  return { path, kind: 'absent', change: 'deleted', was };
}

/** Captures base with everything owned (or as told). */
export function capture(at: Scene, owned: (path: string) => boolean = () => true): Promise<Base> {
  return captureBase({ root: at.root, owned, dir: join(at.dir, 'base') });
}

let runs = 0;

/** Resolves and, unless there are conflicts, writes. */
export async function merge(
  at: Scene,
  base: Base,
  entries: ComposedEntry[],
): Promise<{ resolution: Resolution; merged?: Merged }> {
  const run = `run${runs++}`;
  const runDir = join(at.root, '.forge/runs', run);
  mkdirSync(runDir, { recursive: true });
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(runDir, 'three-way') });
  if (!resolution.ok) return { resolution };
  return {
    resolution,
    merged: await writeMerge({ root: at.root, runId: run, writes: resolution.writes }),
  };
}

/** The reasons of a refused merge by path; fails when it was not refused. */
export function reasons(resolution: Resolution): Record<string, string> {
  if (resolution.ok) throw new Error('the merge was not refused');
  return Object.fromEntries(resolution.conflicts.map(({ path, reason }) => [path, reason]));
}
