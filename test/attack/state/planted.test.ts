import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { thisProcess } from '../../../src/util/process/identity.js';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { NEEDS_ROOT } from '../../rig/disk.js';
import { cases, SEED } from '../../rig/effort.js';
import { environment } from '../../rig/project.js';
import { findHalfWritten, type Looked, lookAtEverything } from './planted-victim.js';

const CASES = cases(250, 5000);
const [VICTIM, ATTACKER] = [61_001, 61_002];
const RUN = '20200101-000000-abcd';
const DEAD = { ...thisProcess(), pid: 4_194_303, start: '1' };
/** Also of a boot before this one. */
const DEAD_ONES = [DEAD, { ...DEAD, boot: 'before' }];
const GOOD_NAME = `${RUN}.a.1-0123456789ab`;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Mostly what forge makes: a case with many faults at once is refused for the first, and shows nothing of the others. */
const mostly = <T, U>(right: T, wrong: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 15, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: wrong });
/** Who made a thing, and how it may be used. */
const ownership = mostly(
  { uid: VICTIM, mode: 0o700 },
  fc.record({
    uid: fc.constantFrom(VICTIM, ATTACKER, 0),
    mode: fc.constantFrom(0o700, 0o755, 0o777, 0o000, 0o1777),
  }),
);
/** A folder, or something else in its place. */
const folderKind = mostly('folder', fc.constantFrom('link', 'dangling', 'file', 'absent'));
const evilPath = fc.constantFrom(
  ...[
    '../outside/evil',
    '.git/hooks/post-commit',
    '.GIT/config',
    'sub/.git/hooks/x',
    'sub/.forge/merging',
    '.forge/lock',
  ],
  ...['/etc/forge-evil', 'a/../../outside/gold', './a', 'a//b', '', '..', 'a\0b'],
);
const someProcess = fc.constantFrom<unknown>(
  ...[
    DEAD,
    DEAD,
    DEAD,
    thisProcess(),
    { ...DEAD, host: 'elsewhere' },
    { ...DEAD, boot: 'before' },
    { pid: -1 },
    null,
    'x',
    7,
  ],
);

/** What makes a record untrue that would otherwise look just as forge writes it. */
const FLAWS = [
  'path',
  'beside',
  'hash',
  'content',
  'plan',
  'tracked',
  'owner',
  'link',
  'run',
  'dir',
  'form',
  'copy',
  'garbage',
] as const;
const flaw = fc.constantFrom(...FLAWS);
const record = fc.record({
  state: fc.constantFrom('committed', 'committed', 'staging'),
  asLink: mostly(false, fc.constant(true)),
  flaw,
  evilPath,
  process: mostly(DEAD as unknown, someProcess),
  kind: fc.constantFrom('file', 'symlink', 'absent', 'directory', 'mode'),
  garbage: fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom(
      '{"state":"staging","run":"x","dir":"../outside","owner":{"pid":999999,"started":"1","boot":"no"}}',
      '{"state":"committed","run":"x","dir":".forge/runs/x/merge","owner":{"pid":999999}}',
    ),
  ),
});
const scratch = fc.record({
  name: fc.oneof(
    { weight: 4, arbitrary: fc.constant(GOOD_NAME) },
    fc.constantFrom('photos', 'thesis', '0123456789ab', '-0123456789ab', 'probe-0123456789ab'),
    fc.stringMatching(/^[\w.-]{1,20}-[0-9a-f]{12}$/),
  ),
  kind: folderKind,
  own: ownership,
  owner: mostly(
    { v: 1, process: DEAD as unknown, name: `${RUN}.a.1` },
    fc.oneof(
      fc.record({
        v: fc.constantFrom(1, 2),
        process: someProcess,
        name: fc.constantFrom(`${RUN}.a.1`, '../../outside', 'x'),
      }),
      fc.constantFrom(null, 'x', [], {}),
    ),
  ),
  ownerIsLink: mostly(false, fc.constant(true)),
});
const planted = fc.record({
  forge: fc.record({ kind: folderKind, own: ownership }),
  runs: fc.record({ kind: folderKind, own: ownership }),
  run: fc.record({ kind: folderKind, own: ownership, name: mostly(RUN, fc.constantFrom('x', 'thesis')) }),
  merge: fc.record({ kind: folderKind, own: ownership }),
  staged: fc.record({ kind: folderKind, own: ownership }),
  record: fc.option(record, { freq: 8 }),
  lock: fc.option(
    fc.oneof(
      someProcess.map((process) => JSON.stringify({ process, doing: 'x' })),
      fc.string(),
    ),
    { freq: 1 },
  ),
  journal: fc.constantFrom('none', 'empty', 'garbage', 'fifo', 'link'),
  state: fc.record({
    kind: folderKind,
    own: ownership,
    mark: mostly('right', fc.constantFrom('wrong', 'none', 'garbage', 'link')),
    entries: fc.array(scratch, { maxLength: 4 }),
  }),
});
type Planted = typeof planted extends fc.Arbitrary<infer T> ? T : never;

/** The folders of one series: all cases share what surrounds `.forge` and the state folder, which must stay as it is. */
function surroundings(t: { after(fn: () => void): void }) {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'forge-planted-')));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  const outside = join(top, 'outside');
  for (const path of [
    'outside/deep/gold',
    'outside/gold',
    'outside/plan.json',
    'home/.profile',
    'disk/photos/p.jpg',
  ])
    put(join(top, path), path);
  // What a link could lead a sweep or a merge to looks as forge's own things look.
  put(join(outside, 'runs', RUN, 'journal.ndjson'), '');
  put(join(outside, GOOD_NAME, 'owner.json'), JSON.stringify({ v: 1, process: DEAD, name: `${RUN}.a.1` }));
  const roots: Record<string, string> = {};
  for (const name of ['plain', 'tracked']) {
    const root = join(top, name);
    put(join(root, 'a'), 'a');
    execFileSync('git', ['init', '-q', '--template=', root], { env: environment() });
    if (name === 'tracked') {
      put(join(root, '.forge/runs/keep'), 'k');
      execFileSync('git', ['-C', root, 'add', '-Af'], { env: environment() });
    }
    roots[name] = root;
  }
  execFileSync('chown', ['-R', `${VICTIM}:${VICTIM}`, top]);
  chmodSync(top, 0o755);
  const disk = join(top, 'disk');
  for (const old of ['photos', 'photos/p.jpg']) utimesSync(join(disk, old), 0, 0);
  return { top, outside, roots, disk, own: join(disk, `forge-${VICTIM}`) };
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const made: [path: string, mode: number][] = [];

/** Makes a folder, or something else in its place; gives whether there is a folder to put things into. */
function place(path: string, kind: string, own: { uid: number; mode: number }, target: string): boolean {
  if (kind === 'absent') return false;
  if (kind === 'link') symlinkSync(target, path);
  else if (kind === 'dangling') symlinkSync(join(target, 'nowhere'), path);
  else if (kind === 'file') writeFileSync(path, 'a file');
  else {
    mkdirSync(path);
    made.push([path, own.mode]);
  }
  lchownSync(path, own.uid, own.uid);
  return kind === 'folder';
}

/** Gives the folders that were made their modes, last: nothing could be put into some of them otherwise. */
function lock(): void {
  for (const [path, mode] of made.splice(0).reverse()) chmodSync(path, mode);
}

function plantForge(root: string, outside: string, what: Planted): void {
  const forge = join(root, '.forge');
  rmSync(forge, { recursive: true, force: true });
  if (!place(forge, what.forge.kind, what.forge.own, outside)) return;
  if (what.lock !== null) ours(join(forge, 'lock'), what.lock);
  const runs = join(forge, 'runs');
  const run = join(runs, what.run.name);
  const dir = join(run, 'merge');
  const { record } = what;
  // A flaw of the content is none where there is no content.
  const isIdle = record?.kind !== 'file' && ['hash', 'content'].includes(record?.flaw ?? '');
  const path = record?.flaw === 'path' || isIdle ? (record?.evilPath ?? '') : 'a';
  const content = 'EVIL\n';
  const write = {
    ...{
      n: 0,
      path,
      kind: record?.kind ?? 'file',
      expected: null,
      mode: 0o755,
      ino: '0',
      target: '../outside/gold',
    },
    hash: record?.flaw === 'hash' ? '0'.repeat(64) : sha256(content),
    ...(record?.flaw === 'beside' && { beside: '../outside' }),
  };
  const plan = JSON.stringify({ v: 1, run: what.run.name, writes: [write] });
  if (
    place(runs, what.runs.kind, what.runs.own, join(outside, 'runs')) &&
    place(run, what.run.kind, what.run.own, join(outside, 'runs', RUN))
  ) {
    plantJournal(join(run, 'journal.ndjson'), what.journal, outside);
    if (place(dir, what.merge.kind, what.merge.own, outside)) {
      ours(join(dir, 'plan.json'), plan);
      ours(
        join(dir, 'beside.json'),
        JSON.stringify([
          { n: 0, path: 'a', beside: '../outside' },
          { n: '../../gold', beside: '' },
        ]),
      );
      for (const name of ['new', 'old']) {
        const target = join(outside, 'deep');
        if (
          place(join(dir, name), record?.flaw === 'link' ? 'link' : what.staged.kind, what.staged.own, target)
        )
          ours(join(dir, name, '0'), record?.flaw === 'content' ? 'other\n' : content);
      }
    }
  }
  if (record !== null) plantRecord(join(forge, 'merging'), record, what.run.name, sha256(plan), dir);
  lock();
}

function plantRecord(
  at: string,
  record: NonNullable<Planted['record']>,
  run: string,
  plan: string,
  folder: string,
): void {
  const value = {
    ...{ v: record.flaw === 'form' ? 2 : 1, state: record.state, process: record.process },
    run: record.flaw === 'run' ? '../../outside' : run,
    dir: record.flaw === 'dir' ? '../../../../outside' : 'merge',
    ino: record.flaw === 'copy' ? '1' : inodeOf(folder),
    plan: record.flaw === 'plan' ? '0'.repeat(64) : plan,
  };
  const text = record.flaw === 'garbage' ? record.garbage : JSON.stringify(value);
  if (record.asLink && text !== '' && !text.includes('\0') && Buffer.byteLength(text) < 4000)
    symlinkSync(text, at);
  else writeFileSync(at, text);
  lchownSync(
    at,
    ...(record.flaw === 'owner' ? ([ATTACKER, ATTACKER] as const) : ([VICTIM, VICTIM] as const)),
  );
}

/** As whoever planted it can know it, too. */
function inodeOf(folder: string): string {
  try {
    return String(lstatSync(folder, { bigint: true }).ino);
  } catch {
    // What it would lie in is no folder.
    return '0';
  }
}

function plantJournal(at: string, kind: Planted['journal'], outside: string): void {
  if (kind === 'empty') ours(at, '');
  if (kind === 'garbage') ours(at, '{"v":1}\nx\n');
  if (kind === 'link') symlinkSync(join(outside, 'gold'), at);
  if (kind === 'fifo') execFileSync('mkfifo', [at]);
}

function ours(path: string, text: string): void {
  writeFileSync(path, text);
  lchownSync(path, VICTIM, VICTIM);
}

function plantState(own: string, outside: string, { state }: Planted): void {
  rmSync(own, { recursive: true, force: true });
  if (!place(own, state.kind, state.own, outside)) return;
  const ino = String(lstatSync(own, { bigint: true }).ino);
  const mark = join(own, 'made-by-forge.json');
  if (state.mark === 'right') ours(mark, JSON.stringify({ v: 1, ino }));
  if (state.mark === 'wrong') ours(mark, JSON.stringify({ v: 1, ino: '1' }));
  if (state.mark === 'garbage') ours(mark, 'x');
  if (state.mark === 'link') symlinkSync(join(outside, 'plan.json'), mark);
  for (const { name, kind, own: who, owner, ownerIsLink } of state.entries) {
    const dir = join(own, name);
    if (lstatSync(dir, { throwIfNoEntry: false }) !== undefined) continue;
    if (!place(dir, kind, who, join(outside, GOOD_NAME))) continue;
    ours(join(dir, 'gold'), 'gold');
    symlinkSync(outside, join(dir, 'upper'));
    const at = join(dir, 'owner.json');
    if (ownerIsLink) symlinkSync(join(outside, GOOD_NAME, 'owner.json'), at);
    else if (owner !== null) ours(at, JSON.stringify(owner));
  }
  lock();
}

/** What may have gone from the state folder: real folders with forge's own name, mark and owner file, of a dead process. */
function mayGo(entry: Planted['state']['entries'][number], state: Planted['state']): boolean {
  const owner = entry.owner as { v?: number; process?: unknown; name?: string } | null;
  return (
    state.kind === 'folder' &&
    state.own.uid === VICTIM &&
    (state.mark === 'right' || state.mark === 'none') &&
    entry.kind === 'folder' &&
    entry.own.uid === VICTIM &&
    !entry.ownerIsLink &&
    owner?.v === 1 &&
    entry.name.slice(0, -13) === owner.name &&
    DEAD_ONES.some((dead) => isDeepStrictEqual(owner.process, dead))
  );
}

/** Whether everything is as forge makes it but for the flaw of the record. */
function isOnlyFlawed({ forge, runs, run, merge, staged, record, lock, journal }: Planted): boolean {
  const isRight = ({ kind, own }: Planted['forge']) =>
    kind === 'folder' && own.uid === VICTIM && (own.mode & 0o700) === 0o700;
  return (
    [forge, runs, run, merge, staged].every(isRight) &&
    run.name === RUN &&
    record?.state === 'committed' &&
    !record.asLink &&
    isDeepStrictEqual(record.process, DEAD) &&
    (lock === null || lock === '') &&
    journal !== 'fifo'
  );
}

/** Everything as forge makes it, but for what is told of the record. */
function plausible(record: Partial<NonNullable<Planted['record']>>): Planted {
  const folder = { kind: 'folder', own: { uid: VICTIM, mode: 0o700 as const } } as const;
  return {
    ...{ forge: folder, runs: folder, merge: folder, staged: folder },
    ...{ run: { ...folder, name: RUN as 'x' }, lock: null, journal: 'none' },
    state: { ...folder, mark: 'right', entries: [] },
    record: {
      ...{ state: 'committed', asLink: false, flaw: 'path', evilPath: 'a' },
      ...{ process: DEAD, kind: 'file', garbage: '' },
      ...record,
    },
  };
}

test(`${CASES} planted .forge and state folders, by two users: nothing outside them is changed, nothing that is not forge's is removed`, {
  skip: NEEDS_ROOT,
  timeout: 1_200_000,
}, async (t) => {
  const here = surroundings(t);
  const leftOut = ['.forge', `forge-${VICTIM}`];
  const before = digest(here.top, leftOut);
  const seen: Record<Looked, number> = { done: 0, refused: 0 };
  /** Cases in which only the record's flaw is wrong, by flaw; entries that were rightly removed. */
  const reached = new Map<string, number>();
  let removed = 0;
  const check = async (what: Planted) => {
    const root = here.roots[what.record?.flaw === 'tracked' ? 'tracked' : 'plain']!;
    if (isOnlyFlawed(what)) reached.set(what.record!.flaw, (reached.get(what.record!.flaw) ?? 0) + 1);
    plantForge(root, here.outside, what);
    plantState(here.own, here.outside, what);
    const outcome = await lookAtEverything(root, { uid: VICTIM, stateDir: here.disk });
    for (const each of outcome) seen[each] += 1;
    assertUnchanged(here.top, before, JSON.stringify(what), leftOut);
    if (!lstatSync(here.own, { throwIfNoEntry: false })?.isDirectory()) return;
    const left = new Set(readdirSync(here.own));
    for (const entry of what.state.entries)
      if (entry.kind !== 'absent' && !left.has(entry.name)) {
        const twins = what.state.entries.filter(({ name }) => name === entry.name);
        assert.ok(
          twins.some((twin) => mayGo(twin, what.state)),
          `${entry.name} was removed`,
        );
        removed += 1;
      }
  };
  await fc.assert(fc.asyncProperty(planted, check), { numRuns: CASES, endOnFailure: true, seed: SEED });
  // Each flaw alone, whatever the random cases were.
  for (const flaw of FLAWS) await check(plausible({ flaw, evilPath: '../outside/evil', garbage: '{"v":1}' }));
  const flawed = [...reached.values()].reduce((sum, count) => sum + count, 0);
  t.diagnostic(
    `${CASES} cases: ${seen.done} steps done, ${seen.refused} refused by name; ${flawed} records with one flaw, ${removed} of the dead removed`,
  );
  assert.ok(seen.done > 0 && seen.refused > 0);
  assert.equal(reached.size, FLAWS.length, `each flaw alone: ${[...reached.keys()]}`);
  assert.ok(removed > 0, 'what forge may remove is removed');
  // Without a flaw the same is believed: the cases above fail for their flaws, not for their form.
  plantForge(here.roots.plain!, here.outside, plausible({ flaw: 'none' as 'path', evilPath: 'a' }));
  assert.equal(await findHalfWritten(here.roots.plain!, VICTIM), 'finished');
});
