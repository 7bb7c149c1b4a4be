import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventsOf, type Project, project } from '../../rig/project.js';

/** Stands in for droid: SCRIPT is JavaScript that calls `say(event)`; what it says is escaped as Python escapes JSON. */
const DROID = `#!/usr/bin/env node
const say = (event) => console.log(JSON.stringify(event).replace(/[^\\x00-\\x7f]/g, (c) =>
  '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
const completed = { type: 'completion', finalText: 'done', numTurns: 1, usage: { input_tokens: 1, output_tokens: 1 } };
const env = process.env;
new Function('say', 'completed', 'env', 'require', env.SCRIPT)(say, completed, env, require);
`;

const withDroid = (task: string) => ({
  'droid.js*': DROID,
  'forge.plan.yaml': `version: 1\nagents: { droid: { command: ./droid.js } }\ntasks:\n  a: ${task}\n`,
});

/** Everything a run printed and kept, but the plan and how it was started, as text. */
function everything(here: Project, result: { stdout: string; stderr: string }): string {
  const dir = here.path('.forge');
  const kept = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/forge\.plan\.yaml$|request\.json$/.test(name) && statSync(join(dir, name)).isFile())
    .map((name) => `== ${name}\n${readFileSync(join(dir, name), 'utf8')}`);
  return [result.stdout, result.stderr, ...kept].join('\n');
}

function assertNowhere(text: string, ...secrets: string[]): void {
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `${secret} is shown: ${text.slice(Math.max(0, at - 100), at + 100)}`);
  }
}

test('a secret that JSON escapes is masked in what an agent says and does, however it is escaped', async (t) => {
  const here = project(t, withDroid('{ prompt: go, owns: [a], retries: 0 }'));
  const env = {
    MY_API_KEY: 'pa"ss\\word99',
    PEM_KEY: 'first-line-of-it\nsecond-line-of-it',
    UMLAUT_TOKEN: 'pässwörter/geheim',
    SCRIPT: `
      for (const name of ['MY_API_KEY', 'PEM_KEY', 'UMLAUT_TOKEN']) {
        say({ type: 'message', role: 'assistant', text: 'I found ' + env[name] });
        say({ type: 'message', role: 'assistant', text: 'it says ' + JSON.stringify({ key: env[name] }) });
        say({ type: 'tool_call', id: name, toolName: 'Execute', parameters: { command: 'echo ' + env[name] } });
        say({ type: 'tool_result', id: name, isError: true, error: { message: 'no such thing: ' + env[name] } });
        console.error('warning: ' + env[name]);
        console.error(JSON.stringify(env[name]).replaceAll('/', '\\\\/'));
        say({ type: 'error', message: 'broken by ' + env[name] });
      }
      say({ type: 'tool_call', id: 'cut', toolName: 'Execute', parameters: { command: 'echo '.padEnd(104, 'x') + env.UMLAUT_TOKEN } });
      say({ type: 'tool_result', id: 'cut', isError: true, error: { message: ''.padEnd(293, 'x') + env.UMLAUT_TOKEN } });
      process.exitCode = 1;`,
  };
  const result = await here.forge(['apply', '-v', '--junit', 'report.xml'], { env });
  assert.equal(result.code, 1, result.stderr);
  const all = everything(here, result) + here.read('report.xml');
  assertNowhere(all, 'pa"ss', 'pa\\"ss', 'word99', 'first-line-of', 'second-line-of', 'geheim', 'sswörter');
  assertNowhere(all, 'p\\u00e4ss', 'p\\u00E4ss', 'xxpäss');
  assert.match(result.stdout, /I found \*\*\*/);
  assert.match(all, /broken by \*\*\*/);
  assert.match(all, /warning: \*\*\*/);
});

test('a secret that is a word of the agent’s own JSON does not break its stream', async (t) => {
  const here = project(t, withDroid('{ prompt: go, owns: [a] }'));
  const env = {
    A_TOKEN: 'message',
    B_TOKEN: 'assistant',
    C_TOKEN: 'completion',
    D_TOKEN: '12345678',
    SCRIPT: `
      say({ type: 'message', role: 'assistant', text: 'the message is ' + env.D_TOKEN });
      completed.usage.input_tokens = 12345678;
      say(completed);`,
  };
  const result = await here.forge(['apply', '--json'], { env });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.deepEqual(
    eventsOf(result.events, 'agent.message').map(({ text }) => text),
    ['the *** is ***'],
  );
  assert.equal(eventsOf(result.events, 'agent.usage')[0]?.inputTokens, 12345678);
  const log = readFileSync(here.path(`.forge/runs/${here.run()}/tasks/a/attempt-1/output.log`), 'utf8');
  assertNowhere(log, 'message', 'assistant', 'completion', '12345678');
});

test('a secret in the name of a stray file is masked in the reason, the events, JUnit and the kept prompt', async (t) => {
  const here = project(t, withDroid('{ prompt: go, owns: [a], retries: 1 }'));
  const env = {
    MY_TOKEN: 'hunter2-hunter2',
    SCRIPT: `require('node:fs').writeFileSync(env.MY_TOKEN + '.txt', ''); say(completed);`,
  };
  const result = await here.forge(['apply', '--json', '--junit', 'report.xml'], { env });
  assert.equal(result.code, 1, result.stdout);
  const [attempt] = eventsOf(result.events, 'attempt.finished');
  assert.deepEqual([attempt?.outcome, attempt?.strays], ['strays', ['***.txt']]);
  assertNowhere(everything(here, result) + here.read('report.xml'), 'hunter2');
  assert.match(here.read('report.xml'), /\*\*\*\.txt/);
});

test('a secret that verify or a gate prints is masked in logs, reasons and the next attempt’s prompt', async (t) => {
  const here = project(t, {
    ...withDroid(
      `{ prompt: go, owns: [a], retries: 1, verify: 'printf "%s\\n" "$MY_API_KEY" "$TWO_TOKEN" >&2; exit $((2 - FORGE_TRY))' }\ngates:\n  - { name: leak, run: 'printf "%s\\n" "$MY_API_KEY" "$TWO_TOKEN" "$GATE_TOKEN"; false', env: { GATE_TOKEN: only-of-the-gate } }`,
    ),
  });
  const env = {
    MY_API_KEY: 'pa"ss\\word99',
    TWO_TOKEN: 'first-line-of-it\nsecond-line-of-it',
    SCRIPT: `say({ type: 'message', role: 'assistant', text: 'only-of-the-gate' }); say(completed);`,
  };
  const result = await here.forge(['apply', '-v'], { env });
  assert.equal(result.code, 1, result.stderr);
  const all = everything(here, result);
  assertNowhere(all, 'word99', 'first-line-of', 'second-line-of', 'only-of-the-gate');
  const prompt = readFileSync(here.path(`.forge/runs/${here.run()}/tasks/a/attempt-2/prompt.md`), 'utf8');
  assert.match(prompt, /\*\*\*/);
});

/** Runs a command that prints the variables and gives what forge showed of it. */
async function shown(
  t: Parameters<typeof project>[0],
  env: Record<string, string>,
  more = '',
): Promise<string> {
  const run = Object.keys(env).map((name) => `echo ${name} is "$${name}"`);
  const here = project(t, {
    'print.sh': `${run.join('\n')}\n`,
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: sh print.sh }\n${more}`,
  });
  const result = await here.forge(['apply', '-v'], { env });
  assert.equal(result.code, 0, result.stderr);
  return everything(here, result);
}

test('variables are known for secrets by their names, whatever the style', async (t) => {
  const names =
    'PGPASSWORD DBPASSWORD MYSQL_PWD MYTOKEN GITHUB_PAT SSHPASS OPENAI_KEY STRIPE_SECRETKEY DB_PASS NPM_AUTHTOKEN apiKey MY_TOKEN'.split(
      ' ',
    );
  const all = await shown(t, {
    ...Object.fromEntries(names.map((name) => [name, `value-of-${name}`])),
    AUTHOR: 'value-of-the-author',
    SSH_AUTH_SOCK: '/nowhere/agent.sock',
  });
  for (const name of names) {
    assertNowhere(all, `value-of-${name}`);
    assert.ok(all.includes(`${name} is ***`), name);
  }
  assert.match(all, /AUTHOR is value-of-the-author/);
  assert.match(all, /SSH_AUTH_SOCK is \/nowhere\/agent\.sock/);
});

test('a password inside a URL is masked, as it stands there and decoded; the rest of the URL is not', async (t) => {
  const all = await shown(t, {
    DATABASE_URL: 'postgres://joe:s3cr%40t-word@db.example.com/shop',
    DECODED: 's3cr@t-word',
  });
  assertNowhere(all, 's3cr%40t-word', 's3cr@t-word');
  assert.match(all, /postgres:\/\/joe:\*\*\*@db\.example\.com\/shop/);
});

test('the plan’s `secrets` adds variables, also with short values, and takes some away', async (t) => {
  const all = await shown(
    t,
    { PIN: '4711', WEBHOOK_ONE: 'hook-number-one', NOT_A_TOKEN: 'shown-to-all' },
    `secrets: [PIN, 'WEBHOOK_*', '!NOT_A_TOKEN']\n`,
  );
  assert.match(all, /PIN is \*\*\*/);
  assert.match(all, /WEBHOOK_ONE is \*\*\*/);
  assert.match(all, /NOT_A_TOKEN is shown-to-all/);
});

test('`forge check -v` names what is masked and why, and no value; without -v and in JSON it says nothing of it', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1
secrets: [PIN, NOWHERE_SET, '!SKIPPED_TOKEN']
env: { PLAN_TOKEN: value-in-plan }
tasks:
  a: { run: 'true', env: { TASK_PASSWORD: value-in-task } }
gates:
  - { name: g, run: 'true', env: { GATE_KEY: value-in-gate } }
`,
  });
  const env = {
    PIN: '4711',
    SKIPPED_TOKEN: 'value-skipped',
    MY_URL: 'https://joe:value-in-url@example.com',
    EVIL_TOKEN: '\u001b[2Jvalue',
  };
  const { code, stdout, stderr } = await here.forge(['check', '-v'], { env });
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n');
  const start = lines.indexOf('masked in logs, events and on screen:');
  assert.ok(start > 0, stdout);
  const listed = lines.slice(start + 1).filter((line) => line !== '');
  const mine = listed.filter((line) => /PIN|TOKEN|MY_URL|PASSWORD|GATE_KEY|NOWHERE/.test(line));
  const words = mine.map((line) => line.trim().replace(/ {2,}/g, ': '));
  for (const line of [
    'EVIL_TOKEN: by name',
    'GATE_KEY: by name',
    'MY_URL: credentials inside its URL',
    'PIN: by the plan',
    'PLAN_TOKEN: by name',
    'TASK_PASSWORD: by name',
  ])
    assert.ok(words.includes(line), `${line} in\n${stdout}`);
  assert.deepEqual(listed, [...listed].sort());
  assertNowhere(stdout + stderr, 'value', '4711', 'SKIPPED_TOKEN', '\u001b');
  const plain = await here.forge(['check'], { env });
  const json = await here.forge(['check', '--json', '-v'], { env });
  assertNowhere(plain.stdout + json.stdout, 'PIN', 'MY_URL', 'value-');
});

test('wrong entries of `secrets` are named, at their place', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\nsecrets: [GOOD, 'TOKEN=value', '!', '', 7]\ntasks:\n  a: { run: 'true' }\n`,
  });
  const { code, stdout } = await here.forge(['check', '--json']);
  assert.equal(code, 2);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { message: string; line: number }[] };
  assert.equal(diagnostics.length, 4, stdout);
  assert.ok(diagnostics.every(({ line }) => line === 2));
  assertNowhere(diagnostics.map(({ message }) => message).join('\n'), '=value');
});

test('whoever writes a value into `secrets` does not find it in the output', async (t) => {
  for (const secrets of [
    'TOKEN=hunter2222',
    '[TOKEN=hunter2222]',
    '[TOKEN: hunter2222]',
    '{ TOKEN: hunter2222 }',
    '["TOKEN: hunter2222"]',
    '["TOKEN hunter2222", 5]',
    '["TOKEN=x", 5, hunter 2222 hunter2222]',
  ]) {
    const here = project(t, {
      'forge.plan.yaml': `version: 1\nsecrets: ${secrets}\ntasks:\n  a: { run: 'true' }\n`,
    });
    const plain = await here.forge(['check']);
    assert.equal(plain.code, 2);
    assert.match(plain.stderr, /plan\.yaml:2:\d+: error\[schema\]/);
    const json = await here.forge(['check', '--json']);
    assertNowhere(plain.stdout + plain.stderr + json.stdout, 'hunter2222');
  }
});
