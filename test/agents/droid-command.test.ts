import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AgentUnavailableError, loadAdapter } from '../../src/agents/index.js';
import type { Task } from '../../src/plan/index.js';
import { testTask } from '../rig/droid/run-attempt.js';

describe('the droid adapter', () => {
  let root: string;
  let bin: string;
  let scratch: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'forge-adapter-'));
    bin = join(root, 'bin');
    scratch = join(root, 'scratch');
    await mkdir(join(root, '.factory', 'droids'), { recursive: true });
    await mkdir(bin);
    await mkdir(scratch);
    await writeFile(join(bin, 'droid'), '#!/bin/sh\n');
    await chmod(join(bin, 'droid'), 0o755);
    await writeFile(join(bin, 'not-executable'), '');
    await persona('df-backend', '---\nname: df-backend\nmodel: inherit\n---\nYou write APIs.\n');
    await persona(
      'reviewer',
      '---\r\nname: reviewer\r\nmodel: claude-x\r\nreasoningEffort: high\r\ntools: read-only\r\n---\r\nYou review.\r\n---\r\nStill the body.\r\n',
    );
    await persona('caller', '---\ntools: [read-only, mcp, execute]\n---\nYou call.\n');
    await persona('no-front-matter', 'Just text.\n');
    await persona('bad-yaml', '---\nname: [\n---\nText.\n');
    await persona('empty', '---\nname: empty\n---\n\n');
    await persona('bad-tools', '---\ntools: 7\n---\nText.\n');
  });
  after(() => rm(root, { recursive: true }));

  const persona = (name: string, text: string) =>
    writeFile(join(root, '.factory', 'droids', `${name}.md`), text);

  async function command(changes: Partial<Task>) {
    const adapter = await loadAdapter('droid');
    return await adapter.prepare({
      task: testTask(changes),
      attempt: 1,
      prompt: 'The prompt.\n',
      workspacePath: '/ws',
      root,
      scratch,
      env: { PATH: `/nowhere:${bin}`, NODE_ENV: 'test' },
      others: [],
      caseInsensitive: false,
    });
  }

  async function problems(tasks: Task[], env: Record<string, string> = { PATH: bin }): Promise<string> {
    const adapter = await loadAdapter('droid');
    try {
      await adapter.preflight(tasks, root, env);
    } catch (error) {
      assert.ok(error instanceof AgentUnavailableError, String(error));
      assert.equal(error.exitCode, 2);
      return error.message;
    }
    return '';
  }

  it('builds the command line, with the prompt in a file', async () => {
    const { argv, env } = await command({ settings: { model: 'opus', auto: 'low', reasoning: 'high' } });
    const prompt = join(scratch, 'prompt.md');
    assert.deepEqual(argv, [
      join(bin, 'droid'),
      'exec',
      ...['--auto', 'low', '-o', 'stream-json', '-m', 'opus', '-r', 'high', '--cwd', '/ws', '-f', prompt],
    ]);
    assert.equal(await readFile(prompt, 'utf8'), 'The prompt.\n');
    assert.equal(env.NODE_ENV, 'test');
  });

  it('leaves the model to droid when the plan names none', async () => {
    const { argv } = await command({});
    assert.deepEqual(argv.slice(1, 6), ['exec', '--auto', 'medium', '-o', 'stream-json']);
    assert.ok(!argv.includes('-m') && !argv.includes('-r'));
  });

  it('hands a persona’s body, model, effort and tools over', async () => {
    const { argv } = await command({ persona: 'reviewer', settings: { model: 'opus' } });
    const body = join(scratch, 'persona.md');
    assert.deepEqual(argv.slice(6, -4), [
      ...['-m', 'claude-x', '-r', 'high', '--append-system-prompt-file', body],
      ...['--only-tools', 'Read,LS,Grep,Glob'],
    ]);
    assert.equal(await readFile(body, 'utf8'), 'You review.\r\n---\r\nStill the body.');
    const inherits = await command({ persona: 'df-backend', settings: { model: 'opus' } });
    assert.deepEqual(inherits.argv.slice(6, -4), ['-m', 'opus', '--append-system-prompt-file', body]);
    const caller = await command({ persona: 'caller' });
    assert.deepEqual(caller.argv.slice(-6, -4), [
      '--remove-tools',
      'Create,Edit,ApplyPatch,WebSearch,FetchUrl',
    ]);
  });

  it('finds nothing wrong with tasks that can run', async () => {
    assert.equal(await problems([testTask(), testTask({ persona: 'df-backend' })]), '');
    assert.equal(await problems([testTask({ settings: { command: 'bin/droid' } })], { PATH: '' }), '');
  });

  it('says how to get a droid, once, and who needs it', async () => {
    const tasks = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => testTask({ id }));
    assert.equal(
      await problems(tasks, { PATH: '/nowhere' }),
      'droid is not on PATH: install it with `npm i -g droid`, or set agents.droid.command (needed by tasks a, b, c, d, e and 2 more)',
    );
    assert.equal(
      await problems([testTask({ settings: { command: 'not-executable' } })]),
      "agents.droid.command names 'not-executable', which is no program (needed by task backend)",
    );
  });

  it('finds every broken persona and names the file', async () => {
    const names = ['no-front-matter', 'bad-yaml', 'empty', 'bad-tools', 'df-bakend', '../x'];
    const found = await problems(names.map((name) => testTask({ id: `t-${name}`, persona: name })));
    const folder = join(root, '.factory', 'droids');
    assert.deepEqual(
      found.split('\n').map((line) => line.replaceAll(folder, 'DROIDS')),
      [
        'DROIDS/no-front-matter.md: it must begin with front matter between two lines of --- (needed by task t-no-front-matter)',
        `DROIDS/bad-yaml.md: its front matter is not YAML: ${found.match(/not YAML: (.*) \(/)?.[1]} (needed by task t-bad-yaml)`,
        'DROIDS/empty.md: there is no text below the front matter; it is what the droid is told (needed by task t-empty)',
        "DROIDS/bad-tools.md: its 'tools' must be a category (read-only, edit, execute, web, mcp) or a list of tools (needed by task t-bad-tools)",
        "persona 'df-bakend' has no file DROIDS/df-bakend.md; did you mean 'df-backend'? (needed by task t-df-bakend)",
        "persona '../x': its name may hold only a-z, 0-9, _ and - (needed by task t-../x)",
      ],
    );
  });

  it('finds wrong settings', async () => {
    const found = await problems([testTask({ settings: { modell: 'x', auto: 'full' } })]);
    assert.deepEqual(found.split('\n'), [
      "agents.droid.modell is no setting of droid's; did you mean 'model'? (needed by task backend)",
      "agents.droid.auto is 'full'; it must be one of low, medium, high (needed by task backend)",
    ]);
  });

  it('finds a settings file that cannot be read', async () => {
    await writeFile(join(root, 'broken.json'), '[]');
    assert.equal(
      await problems([testTask()], { PATH: bin, FACTORY_RUNTIME_SETTINGS_PATH: 'broken.json' }),
      `FACTORY_RUNTIME_SETTINGS_PATH names ${join(root, 'broken.json')}: it must hold one JSON object (needed by task backend)`,
    );
    assert.match(
      await problems([testTask({ env: { FACTORY_RUNTIME_SETTINGS_PATH: '/nowhere.json' } })]),
      /^FACTORY_RUNTIME_SETTINGS_PATH names \/nowhere\.json: ENOENT/,
    );
  });
});
