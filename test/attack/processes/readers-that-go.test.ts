import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { FORGE, type Project, project } from '../../rig/project.js';

const PLAN = `version: 1\ntasks:\n  a: { run: 'seq 20000; echo x > a', owns: [a] }\n`;

/** Runs forge with the reading end of some of its streams closed before it starts to write. */
function unread(here: Project, args: string[], streams: ('stdout' | 'stderr')[], cwd = here.dir) {
  return here.forge(args, {
    cwd,
    started: (child) => {
      for (const stream of streams) child[stream]!.destroy();
    },
  });
}

const CASES: [args: string[], code: number][] = [
  [['--help'], 0],
  [['--version'], 0],
  [['apply', '--help'], 0],
  [['nonsense'], 2],
  [['check'], 0],
  [['check', '--json'], 0],
  [['check', 'broken.yaml'], 2],
  [['apply', '-n'], 0],
  [['apply', '--yes', '-v'], 0],
  [['apply', '--yes', '--json'], 0],
  [['apply', '--yes', '-q'], 0],
  [['ls'], 0],
  [['status'], 0],
  [['status', '--json'], 0],
  [['logs', 'a'], 0],
  [['logs', '--all', 'a'], 0],
  [['logs', 'nothing'], 2],
  [['diff'], 0],
  [['clean', '--all'], 0],
  [['init', '-n'], 0],
];

test('a reader that goes away is no error: each command ends quietly with its own code', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN, 'broken.yaml': 'version: 2\n' });
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  for (const [args, code] of CASES) {
    const noOutput = await unread(here, args, ['stdout']);
    assert.deepEqual([noOutput.code, noOutput.signal], [code, null], `${args.join(' ')}: ${noOutput.stderr}`);
    assert.doesNotMatch(noOutput.stderr, /EPIPE|\bat .*:\d+:\d+|Error:/, args.join(' '));
    const noErrors = await unread(here, args, ['stderr']);
    assert.deepEqual([noErrors.code, noErrors.signal], [code, null], args.join(' '));
    const nothing = await unread(here, args, ['stdout', 'stderr']);
    assert.deepEqual([nothing.code, nothing.signal], [code, null], args.join(' '));
    if (args[0] === 'clean') assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  }
  assert.equal(here.read('a'), 'x\n', 'what was applied unread was merged all the same');
});

test('output that a full disk takes away is told, and is no success', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const shell = `exec "${process.execPath}" "$1" check > /dev/full`;
  const result = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
    execFile('sh', ['-c', shell, 'sh', FORGE], { cwd: here.dir }, (error, _, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    ),
  );
  assert.equal(
    result.stderr,
    'forge: standard output could not be written: ENOSPC: no space left on device, write\n',
  );
  assert.equal(result.code, 1);
});
