import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readJournal } from '../../../src/journal/index.js';
import { isFull } from '../../rig/effort.js';
import { type Project, project } from '../../rig/project.js';
import {
  attackEnv,
  counted,
  isCommitted,
  leftInForge,
  leftovers,
  survivors,
  topOf,
} from '../../rig/traces.js';
import { FAULTS } from './faults.js';

/** Six small tasks with an order between them, a gate, and a merge of about thirty paths of every kind. */
const PLAN = `
version: 1
concurrency: 3
tasks:
  write:
    run: 'echo write >> "$COUNTER"; for n in 1 2 3 4 5 6 7 8; do echo "file $n" > write/$n.txt; done; sed -i s/old/new/ write/kept.txt'
    owns: [write/**]
  delete:
    run: 'echo delete >> "$COUNTER"; rm -r delete/tree delete/one; echo changed > delete/two'
    owns: [delete/**]
  kinds:
    run: 'echo kinds >> "$COUNTER"; (setsid sleep 600 &); rm -r kinds/folder kinds/file kinds/link; echo now > kinds/folder; mkdir kinds/file; echo deep > kinds/file/deep; ln -s ../write kinds/link; chmod 755 kinds/tool; ln -s nowhere kinds/fresh'
    owns: [kinds/**]
  copy:
    run: 'echo copy >> "$COUNTER"; mkdir -p copy/a/b && cp write/*.txt copy/a/b/'
    owns: [copy/**]
    needs: [write]
  count:
    run: 'echo count >> "$COUNTER"; ls delete kinds/file > count.txt'
    owns: [count.txt]
    needs: [delete, kinds]
  last:
    run: 'echo last >> "$COUNTER"; cat count.txt copy/a/b/*.txt > last.txt; rm write/1.txt'
    owns: [last.txt, write/1.txt]
    needs: [count, copy]
gates:
  - { name: whole, run: 'test "$(cat last.txt | wc -l)" -ge 9 && test ! -e write/1.txt && echo litter > litter' }
`;

interface Setting {
  name: string;
  args: string[];
  env?: Record<string, string>;
}

const OVERLAY: Setting = { name: 'overlay', args: ['--backend', 'overlay'] };
const COPY: Setting = { name: 'copy', args: ['--backend', 'copy'] };
const BARE: Setting = {
  name: 'copy without namespaces',
  args: ['--backend', 'copy'],
  env: { FORGE_ISOLATION: 'none' },
};
const BRANCH: Setting = {
  name: 'copy with --branch',
  args: ['--backend', 'copy', '--branch', 'made'],
};
const COMMIT: Setting = { name: 'overlay with --commit', args: ['--backend', 'overlay', '--commit'] };

/** When to kill: after this many milliseconds, or at a fault point. */
type Moment = { setting: Setting } & ({ afterMs: number } | { fault: string });

function start(t: TestContext): Project {
  const here = project(t, {
    'forge.plan.yaml': PLAN,
    'write/kept.txt': 'old\n',
    'delete/tree/a/1': '1',
    'delete/tree/b/2': '2',
    'delete/one': 'one',
    'delete/two': 'two',
    'kinds/folder/x': 'x',
    'kinds/file': 'file',
    'kinds/tool': '#!/bin/sh\n',
    'not-owned.txt': 'stays',
  });
  symlinkSync('folder', here.path('kinds/link'));
  here.commit();
  mkdirSync(join(topOf(here), 'tmp'));
  return here;
}

const environmentOf = (here: Project, setting: Setting) => ({ ...attackEnv(here), ...setting.env });

/** What an undisturbed run makes, and how long it takes. */
async function undisturbed(t: TestContext, setting: Setting) {
  const here = start(t);
  const old = here.tree();
  const began = performance.now();
  const result = await here.forge(['apply', ...setting.args], { env: environmentOf(here, setting) });
  const ms = performance.now() - began;
  assert.equal(result.code, 0, result.stderr + result.stdout);
  assert.deepEqual(await survivors(here), []);
  return { old, fresh: here.tree(), log: logOf(here), ms };
}

const logOf = (here: Project) => here.git('log', '--all', '--topo-order', '--format=%s', '--name-status');

/** Kills one run and looks at everything that forge promises about it. Gives what the next command made of the tree. */
async function killOnce(
  t: TestContext,
  moment: Moment,
  whole: Awaited<ReturnType<typeof undisturbed>>,
): Promise<'old' | 'new' | 'in time'> {
  const { setting } = moment;
  const here = start(t);
  const env = environmentOf(here, setting);
  const at = 'fault' in moment ? moment.fault : `${moment.afterMs.toFixed(0)} ms`;
  const where = `${setting.name}, killed at ${at}`;
  const same = (tree: Record<string, string>) =>
    isSame(tree, whole.old) ? 'old' : isSame(tree, whole.fresh) ? 'new' : 'neither';

  const killed = await here.forge(['apply', ...setting.args], {
    env: { ...env, FORGE_FAULT: 'fault' in moment ? moment.fault : undefined },
    started: (child) => {
      if ('afterMs' in moment) setTimeout(() => child.kill('SIGKILL'), moment.afterMs);
    },
  });
  if (killed.signal === null) {
    assert.equal(killed.code, 0, `${where}: ${killed.stderr}`);
    return 'in time';
  }
  if (setting.env === undefined) assert.deepEqual(await survivors(here), [], `${where}: orphans`);
  const halfWay = same(here.tree());
  assert.ok(halfWay !== 'neither' || isCommitted(here), `${where}: half merged before the commit point`);

  // The next forge command, whatever it is, finishes what is half written; one that only looks does nothing else.
  const status = await here.forge(['status'], { env });
  assert.ok(status.code === 0 || status.code === 2, `${where}: ${status.stderr}`);
  assert.doesNotMatch(status.stderr, /\n\s+at /, where);
  assert.notEqual(same(here.tree()), 'neither', `${where}: lost, or not finished`);
  const state = same(here.tree());

  // The next one that acts undoes what had written nothing, ends what still runs, and cleans up.
  const kept = recorded(here);
  const resumed = await here.forge(kept === undefined ? ['apply', ...setting.args] : ['resume'], { env });
  if (resumed.code === 2) assert.match(resumed.stderr, /is merged already/, where);
  else assert.equal(resumed.code, 0, `${where}: ${resumed.stderr}${resumed.stdout}`);
  assert.deepEqual(here.tree(), whole.fresh, `${where}: another tree than an undisturbed run makes`);
  assert.equal(logOf(here), whole.log, `${where}: other commits than an undisturbed run makes`);
  assert.deepEqual(leftovers(here), [], `${where}: scratch after resume`);
  assert.deepEqual(leftInForge(here), [], where);
  assert.deepEqual(await survivors(here), [], `${where}: orphans after resume`);
  const runs = counted(here);
  for (const task of kept ?? []) {
    assert.equal(runs.filter((name) => name === task).length, 1, `${where}: ${task} ran twice`);
  }
  rmSync(topOf(here), { recursive: true, force: true });
  return state as 'old' | 'new';
}

/** The tasks whose results the killed run had recorded; undefined when it had not come to keep anything. */
function recorded(here: Project): string[] | undefined {
  try {
    const [run] = readdirSync(here.path('.forge/runs'));
    const events = [...readJournal(here.path(`.forge/runs/${run}/journal.ndjson`))];
    return events.flatMap((event) =>
      event.type === 'task.finished' && event.state === 'succeeded' ? [event.task] : [],
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isSame(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Kills two runs at a time: the machine has few cores, and one that is slow makes the moments uneven. */
async function sweep(t: TestContext, moments: (Moment & { ms?: never })[]) {
  const whole = new Map<Setting, Awaited<ReturnType<typeof undisturbed>>>();
  for (const setting of new Set(moments.map((moment) => moment.setting))) {
    const isTimed = moments.some((moment) => moment.setting === setting && 'afterMs' in moment);
    // Two here as well, as each takes longer than it would alone.
    const runs = isTimed ? [undisturbed(t, setting), undisturbed(t, setting)] : [undisturbed(t, setting)];
    const done = await Promise.all(runs);
    whole.set(setting, { ...done[0]!, ms: Math.max(...done.map(({ ms }) => ms)) });
  }
  const figures = { kills: 0, old: 0, new: 0, 'in time': 0 };
  const queue = [...moments];
  const worker = async () => {
    for (let moment = queue.shift(); moment !== undefined; moment = queue.shift()) {
      const known = whole.get(moment.setting)!;
      const scaled = 'afterMs' in moment ? { ...moment, afterMs: moment.afterMs * known.ms } : moment;
      const state = await killOnce(t, scaled, known);
      figures[state] += 1;
      if (state !== 'in time') figures.kills += 1;
      // It was over before its moment came: once more, a little earlier, which hits the end of the run.
      else if ('afterMs' in moment) queue.push({ ...moment, afterMs: moment.afterMs * 0.93 });
    }
  };
  await Promise.all([worker(), worker()]);
  t.diagnostic(
    `${figures.kills} kills: ${figures.old} old, ${figures.new} new, 0 lost, 0 orphans (${figures['in time']} ended before the kill)`,
  );
  return figures;
}

/** Some runs take longer than those that were measured; a moment that comes too late is tried again a little earlier. */
const SLOWER = 1.15;

/** `count` moments spread evenly over a run (as parts of the duration that was measured). */
const spread = (setting: Setting, count: number): Moment[] =>
  Array.from({ length: count }, (_, n) => ({ setting, afterMs: ((n + 0.5) / count) * SLOWER }));

const faults = (setting: Setting, names: readonly string[]): Moment[] =>
  names.map((fault) => ({ setting, fault }));

/** FORGE_KILLS=500 kills so often; else about 20 times, with FORGE_FULL=1 about 40 times. */
const wanted = Number(process.env.FORGE_KILLS ?? 0);
const everyStep = isFull || wanted > 0;
const LINUX = process.platform === 'linux' ? false : 'processes are found in /proc';

const STEPS = [...FAULTS.filter((name) => name !== 'merge-ref'), 'merge-staging:9', 'merge-renamed:11'];
/** Some of each part of a merge; test/merge/crash.test.ts kills at every step of the merge alone. */
const SOME_STEPS = [
  ...['merge-staging:9', 'merge-planned', 'merge-committed', 'merge-displaced', 'merge-renamed:11'],
  ...['merge-synced', 'merge-recorded', 'merge-done'],
];
const FEW_STEPS = ['merge-planned', 'merge-renamed:5', 'merge-recorded'];
const AT_STEPS: Moment[] = [
  ...faults(OVERLAY, everyStep ? STEPS : SOME_STEPS),
  ...faults(COPY, wanted > 0 ? STEPS : everyStep ? FEW_STEPS : ['merge-renamed:5']),
  ...faults(BRANCH, ['merge-branch']),
  ...faults(
    COMMIT,
    everyStep ? ['merge-planned', 'merge-ref', 'merge-recorded', 'merge-done'] : ['merge-ref'],
  ),
];

test('killed at any moment of a run: the old tree or the new one, nothing running, nothing paid twice', {
  skip: LINUX,
}, async (t) => {
  // Fewer than there are steps are as many as by default.
  const share = Math.max(everyStep ? 2 : 1, Math.ceil((wanted - AT_STEPS.length) / 10));
  const figures = await sweep(t, [
    ...spread(OVERLAY, 4 * share),
    ...spread(COPY, 3 * share),
    ...spread(BARE, 3 * share),
  ]);
  assert.ok(figures.old > 0);
});

test('killed at every step of the merge: the old tree before the commit point, the new one after it', {
  skip: LINUX,
}, async (t) => {
  const figures = await sweep(t, AT_STEPS);
  assert.equal(figures['in time'], 0, 'every fault point is passed');
  assert.ok(figures.old > 0 && figures.new > 0);
});
