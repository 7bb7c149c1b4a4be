import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAdapter } from '../../src/agents/index.js';
import { testTask } from '../rig/droid/run-attempt.js';

/*
 * The hooks as droid runs them: the shell command from the settings file that the adapter writes, the event on
 * standard input. (test/agents/droid-real.test.ts has the real droid call them.)
 */

interface Hooks {
  PreToolUse: { matcher: string; hooks: { command: string; timeout: number }[] }[];
  Stop?: { hooks: { command: string; timeout: number }[] }[];
}

describe('droid’s hooks', () => {
  let base: string;
  let workspace: string;
  let count = 0;
  before(async () => {
    // A folder whose name a shell would take apart, reached through a symlink.
    base = await realpath(await mkdtemp(join(tmpdir(), "forge hook's $x ")));
    await mkdir(join(base, 'real', 'src', 'api'), { recursive: true });
    await mkdir(join(base, 'real', 'web'));
    await symlink('real', join(base, 'tree'));
    await symlink('../web', join(base, 'real', 'src', 'link'));
    workspace = join(base, 'tree');
  });
  after(() => rm(base, { recursive: true }));

  async function hooksFor(options: { owns?: string[]; verify?: string; timeout?: number } = {}) {
    count += 1;
    const scratch = join(base, `scratch ${count}`);
    await mkdir(scratch);
    const task = testTask();
    const { env } = await (await loadAdapter('droid')).prepare({
      task: {
        ...task,
        owns: (options.owns ?? ['src/**', '!src/gen']).map((text) => ({ text, at: task.at })),
        settings: { command: process.execPath },
        timeout: options.timeout ?? 60_000,
        ...(options.verify === undefined ? {} : { verify: options.verify }),
      },
      attempt: 1,
      prompt: 'p',
      workspacePath: workspace,
      root: workspace,
      scratch,
      env: { PATH: process.env.PATH ?? '' },
      others: [{ id: 'web', owns: ['web/**'] }],
      caseInsensitive: false,
    });
    const settings = JSON.parse(await readFile(env.FACTORY_RUNTIME_SETTINGS_PATH!, 'utf8')) as {
      hooks: Hooks;
    };
    return { hooks: settings.hooks, scratch };
  }

  function call(command: string, event: object): unknown {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', command], {
      cwd: workspace,
      input: JSON.stringify({ session_id: 's', cwd: workspace, ...event }),
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stdout === '' ? undefined : JSON.parse(stdout);
  }

  async function reasonAgainst(toolInput: object, owns?: string[]): Promise<string | undefined> {
    const { hooks } = await hooksFor(owns ? { owns } : {});
    const answer = call(hooks.PreToolUse[0]!.hooks[0]!.command, {
      hook_event_name: 'PreToolUse',
      tool_name: 'Create',
      tool_input: toolInput,
    }) as
      | { hookSpecificOutput: { permissionDecision: string; permissionDecisionReason: string } }
      | undefined;
    if (answer === undefined) return undefined;
    assert.equal(answer.hookSpecificOutput.permissionDecision, 'deny');
    return answer.hookSpecificOutput.permissionDecisionReason;
  }

  it('are asked before every tool that writes files', async () => {
    const { hooks } = await hooksFor();
    const matcher = new RegExp(`^(?:${hooks.PreToolUse[0]!.matcher})$`);
    for (const tool of ['Create', 'Edit', 'ApplyPatch', 'MultiEdit']) assert.match(tool, matcher);
    assert.equal(hooks.Stop, undefined, 'without a verify there is nothing to do at the end');
  });

  it('let owned paths through, however they are written', async () => {
    for (const path of ['src/api/a.ts', 'src/new/deep/a.ts', 'web/../src/a.ts', './src/a.ts'])
      assert.equal(await reasonAgainst({ file_path: path }), undefined, path);
    for (const root of [workspace, join(base, 'real')])
      assert.equal(await reasonAgainst({ file_path: join(root, 'src/a.ts') }), undefined, root);
  });

  it('refuse other paths and say whose they are and what is allowed', async () => {
    assert.equal(
      await reasonAgainst({ file_path: 'web/x.ts' }),
      [
        "forge: task 'backend' may not write web/x.ts (it belongs to task 'web').",
        'It may only write: src/**, !src/gen.',
        'Nothing was written. Go on within what you may write; anything else would be thrown away and fail the task.' +
          ' If another file has to change, say so in your final answer.',
      ].join('\n'),
    );
    for (const path of ['README.md', 'src/gen/a.ts', 'src/../README.md', '.git/config', join(workspace, 'a')])
      assert.match((await reasonAgainst({ file_path: path })) ?? '', /may not write /, path);
  });

  it('refuse what lies outside, also through a symlink', async () => {
    assert.match((await reasonAgainst({ file_path: '../x' })) ?? '', /\.\.\/x \(outside the project\)/);
    assert.match((await reasonAgainst({ file_path: '/etc/passwd' })) ?? '', /outside the project/);
    assert.match(
      (await reasonAgainst({ file_path: 'src/link/x.ts' })) ?? '',
      /may not write web\/x\.ts \(it belongs to task 'web'\)/,
    );
  });

  it('refuse everything to a task that owns nothing', async () => {
    assert.match((await reasonAgainst({ file_path: 'src/a.ts' }, [])) ?? '', /It owns nothing/);
  });

  it('read every path of a patch, as text and as the JSON that droid makes of it', async () => {
    const patch =
      '*** Begin Patch\n*** Update File: src/a.ts\n*** Move to: web/a.ts\n@@\n-1\n+2\n*** Delete File: b.ts\n*** End Patch';
    for (const input of [patch, JSON.stringify({ input: patch })]) {
      const reason = await reasonAgainst({ input });
      assert.match(reason ?? '', /may not write web\/a\.ts \(it belongs to task 'web'\) or b\.ts\./);
    }
    assert.equal(await reasonAgainst({ input: '*** Begin Patch\n*** Add File: src/a.ts\n+1' }), undefined);
  });

  it('send the agent back while verify fails, three times at most', async () => {
    const { hooks } = await hooksFor({ verify: 'pwd; seq 1 200; echo oops >&2; exit 9' });
    const stop = hooks.Stop![0]!.hooks[0]!.command;
    const answers = Array.from({ length: 5 }, () => call(stop, { hook_event_name: 'Stop' }));
    assert.deepEqual(
      answers.map((answer) => (answer as { decision?: string } | undefined)?.decision),
      ['block', 'block', 'block', undefined, undefined],
    );
    const { reason } = answers[0] as { reason: string };
    assert.match(
      reason,
      /^VERIFY FAILED: [^\n]* ended with exit code 9\. Its last lines:\n\n122\n.*200\noops\n/s,
    );
  });

  it('let the agent stop when verify passes, even if it leaves a process behind', async () => {
    const { hooks, scratch } = await hooksFor({ verify: 'sleep 600 & echo $! > "../pid"; exit 0' });
    assert.equal(call(hooks.Stop![0]!.hooks[0]!.command, { hook_event_name: 'Stop' }), undefined);
    process.kill(Number(await readFile(join(base, 'pid'), 'utf8')));
    assert.equal(await readFile(join(scratch, 'verify-output'), 'utf8'), '');
  });

  it('end a verify that takes too long, with what it started, and let the agent stop', async () => {
    const fifo = join(base, 'alive');
    spawnSync('mkfifo', [fifo]);
    const { hooks } = await hooksFor({ verify: 'sleep 600 > ../alive & wait', timeout: 1000 });
    const reader = spawn('cat', [fifo]);
    assert.equal(call(hooks.Stop![0]!.hooks[0]!.command, { hook_event_name: 'Stop' }), undefined);
    // cat ends when the last process that holds the other end is gone.
    await once(reader, 'exit');
  });

  it('give verify less time than droid gives the hook', async () => {
    const { hooks, scratch } = await hooksFor({ verify: 'true', timeout: 3_600_000 });
    const { verifyTimeoutMs } = JSON.parse(await readFile(join(scratch, 'hook.json'), 'utf8')) as {
      verifyTimeoutMs: number;
    };
    assert.equal(verifyTimeoutMs, 600_000);
    assert.equal(hooks.Stop![0]!.hooks[0]!.timeout, 630);
  });

  it('stand beside the hooks and models that the user set for the process', async () => {
    const mine = join(base, 'mine.json');
    const own = { matcher: 'Execute', hooks: [{ type: 'command', command: 'true' }] };
    await writeFile(mine, JSON.stringify({ customModels: [{ model: 'm' }], hooks: { PreToolUse: [own] } }));
    const scratch = join(base, 'scratch user');
    await mkdir(scratch);
    const { env } = await (await loadAdapter('droid')).prepare({
      task: testTask({ settings: { command: process.execPath } }),
      attempt: 1,
      prompt: 'p',
      workspacePath: workspace,
      root: base,
      scratch,
      env: { FACTORY_RUNTIME_SETTINGS_PATH: 'mine.json' },
      others: [],
      caseInsensitive: false,
    });
    assert.equal(env.FACTORY_RUNTIME_SETTINGS_PATH, join(scratch, 'settings.json'));
    const settings = JSON.parse(await readFile(join(scratch, 'settings.json'), 'utf8')) as {
      customModels: unknown;
      hooks: Hooks;
    };
    assert.deepEqual(settings.customModels, [{ model: 'm' }]);
    assert.deepEqual(settings.hooks.PreToolUse[0], own);
    assert.equal(settings.hooks.PreToolUse.length, 2);
  });
});
