import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type OfflineDroid, openOfflineDroid } from '../rig/droid/offline-droid.js';
import { type Scripts, scriptMarker } from '../rig/droid/script.js';
import { environment, FORGE, type Project, project } from '../rig/project.js';

const skip =
  process.env.FORGE_TEST_DROID === '1'
    ? false
    : 'set FORGE_TEST_DROID=1 to run the real droid binary (a 300 MB download, Linux with network namespaces)';
const slow = { skip, timeout: 300_000 };

const FILES = {
  'src/api/server.js': 'export {};\n',
  'src/web/index.html': '<h1>Shop</h1>\n',
  '.factory/droids/df-backend.md':
    '---\nname: df-backend\ndescription: Server code\n---\nYou write servers.\n',
  '.factory/droids/df-orchestrator.md':
    '---\nname: df-orchestrator\ndescription: Plans\ntools: execute\n---\nORCHESTRATOR BODY\n',
};

/** In the next round the last marker of the prompt is that of the answer before. */
const first = `version: 1
tasks:
  backend:
    prompt: Write the API. ${scriptMarker('second')}
    owns: [src/**]
    estimate: 20m
  frontend:
    prompt: Write the page.
    own: [src/web/**]
    owns: [src/web/**]
`;
const persona = `version: 1
tasks:
  backend:
    droid: df-bakcend
    prompt: Write the API. ${scriptMarker('third')}
    owns: [src/api/**]
`;
const right = `version: 1
name: shop
goal: A shop with a cart
tasks:
  backend:
    description: The API of the cart
    droid: df-backend
    prompt: Write the API.
    owns: [src/api/**]
    estimate: 20m
  frontend:
    prompt: Write the page.
    owns: [src/web/**]
    estimate: 15m
  docs:
    prompt: Describe both.
    owns: [docs/**]
    needs: [backend]
    estimate: 5m
`;
const fenced = (plan: string) => `I looked at it.\n\n\`\`\`yaml\n${plan}\`\`\`\n`;

/** Empty for a process that has ended. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `forge plan` with a real droid; `meanwhile` gets its process. */
async function plan(
  t: TestContext,
  scripts: Scripts,
  args: readonly string[],
  meanwhile: (pid: number, droid: OfflineDroid) => Promise<void> = () => Promise.resolve(),
): Promise<{ here: Project; droid: OfflineDroid; ended: Ended }> {
  const here = project(t, FILES);
  const droid = await openOfflineDroid(scripts);
  t.after(() => droid.close());
  const flags = ['--model', droid.model, ...args];
  const [command, ...rest] = droid.wrap([process.execPath, FORGE, 'plan', ...flags]);
  const env = { ...environment(), ...droid.env, FORGE_STATE_DIR: here.state };
  const ended = await new Promise<Ended>((resolve, reject) => {
    const child = execFile(command, rest, { cwd: here.dir, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    meanwhile(child.pid!, droid).catch(reject);
  });
  return { here, droid, ended };
}

test(
  'an overlap and a typo, then a wrong persona, are sent back; the third plan is right',
  slow,
  async (t) => {
    const scripts = {
      first: [
        { calls: [{ tool: 'Read', arguments: { file_path: '{{cwd}}/src/api/server.js' } }] },
        { calls: [{ tool: 'Create', arguments: { file_path: '{{cwd}}/planned.txt', content: 'x' } }] },
        { text: fenced(first) },
      ],
      second: [{ text: fenced(persona) }],
      third: [{ text: right }],
    };
    const { here, droid, ended } = await plan(t, scripts, [`A cart. ${scriptMarker('first')}`]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(
      ended.stderr,
      `forge: asking droid for a plan
forge: 2 problems sent back to droid (round 2 of 3)
forge: 1 problem sent back to droid (round 3 of 3)
`,
    );
    assert.equal(
      ended.stdout,
      `shop in ${here.dir}: 3 tasks, at most 4 at once
  backend  droid (df-backend)
      The API of the cart
      owns src/api/**
  frontend  droid
      owns src/web/**
  docs  droid
      after backend
      owns docs/**
about 25 min instead of 40 min
no conflicts detected; wrote forge.plan.yaml
Next: forge apply
`,
    );
    assert.equal(here.read('forge.plan.yaml').replace(/^# .*\n/, ''), right);
    assert.equal(existsSync(here.path('planned.txt')), false, 'the planner cannot write');
    assert.equal(here.git('status', '--porcelain', '-uall').trim(), '?? forge.plan.yaml');

    const asked = (script: string) => droid.requests.find((request) => request.script === script)!;
    const prompt = (script: string) => asked(script).said.join('\n');
    for (const part of ['A cart.', 'api/  (1 file)', 'df-backend: Server code', 'estimate: 10m'])
      assert.ok(prompt('first').includes(part), part);
    assert.ok(asked('first').system.includes('ORCHESTRATOR BODY'));
    assert.deepEqual(
      asked('first').tools.filter((tool) => /create|edit|patch|execute/i.test(tool)),
      [],
    );
    for (const part of [
      'unknown key `own` in `tasks.frontend`',
      'did you mean `owns`?',
      '`backend` and `frontend` may both write src/web/',
      'witness: src/web/',
    ])
      assert.ok(prompt('second').includes(part), part);
    assert.ok(prompt('third').includes('which has no file .factory/droids/df-bakcend.md'));
    assert.ok(prompt('third').includes('did you mean `df-backend`?'));
  },
);

test('--apply goes straight on', slow, async (t) => {
  const work = `version: 1
agents: { droid: { model: "custom:stub" } }
tasks:
  docs:
    prompt: Describe the shop. ${scriptMarker('docs')}
    owns: [docs/**]
`;
  const page = { file_path: '{{cwd}}/docs/shop.md', content: '# Shop\n' };
  const scripts = {
    goal: [{ text: fenced(work) }],
    docs: [{ calls: [{ tool: 'Create', arguments: page }] }, { text: 'Done.' }],
  };
  const { here, ended } = await plan(t, scripts, ['--apply', '--json', `Docs. ${scriptMarker('goal')}`]);
  assert.equal(ended.code, 0, ended.stderr);
  const lines = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].ok, lines[0].rounds, lines[0].written], [true, 1, true]);
  assert.deepEqual([lines[1].type, lines.at(-1).type], ['run.started', 'run.finished']);
  assert.equal(here.read('docs/shop.md'), '# Shop\n');
});

test('a plan that never becomes valid: exit 2, the last text kept', slow, async (t) => {
  const again = first.replace('second', 'first');
  const args = [`A cart. ${scriptMarker('first')}`];
  const { here, ended } = await plan(t, { first: [{ text: fenced(again) }] }, args);
  assert.equal(ended.code, 2);
  assert.equal(existsSync(here.path('forge.plan.yaml')), false);
  assert.equal(here.read('forge.plan.rejected.yaml'), again);
  assert.match(ended.stderr, /^forge\.plan\.rejected\.yaml:9:5: error\[schema\]: unknown key `own`/m);
  assert.match(
    ended.stderr,
    /not valid after 3 rounds; it is kept in forge\.plan\.rejected\.yaml: repair it/,
  );
});

test('Ctrl-C ends the agent', slow, async (t) => {
  const args = [`A cart. ${scriptMarker('first')}`];
  const { here, ended } = await plan(t, { first: [{ hang: true }] }, args, async (pid, droid) => {
    await droid.asked('first');
    process.kill(pid, 'SIGINT');
  });
  assert.equal(ended.code, 130, ended.stderr);
  assert.match(ended.stderr, /stopping; no plan was written/);
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(here.dir));
  assert.deepEqual(left, []);
  assert.equal(here.git('status', '--porcelain', '-uall'), '');
});

test('an agent that fails is reported, and nothing is written', slow, async (t) => {
  const args = [`A cart. ${scriptMarker('first')}`];
  const { here, ended } = await plan(t, { first: [{ status: 400, message: 'no such thing' }] }, args);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /^forge: droid could not write a plan: .*no such thing/m);
  assert.equal(here.git('status', '--porcelain', '-uall'), '');
});
