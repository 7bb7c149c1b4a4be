import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type OfflineDroid, openOfflineDroid } from '../rig/droid/offline-droid.js';
import { type Scripts, type Step, scriptMarker } from '../rig/droid/script.js';
import { environment, FORGE, type Project, project } from '../rig/project.js';

/* The slash commands, in the real droid binary from npm, offline, with a scripted model: see test/rig/droid. */
const skip =
  process.env.FORGE_TEST_DROID === '1'
    ? false
    : 'set FORGE_TEST_DROID=1 to run the real droid binary (a 300 MB download, Linux with network namespaces)';

const PLUGIN = fileURLToPath(new URL('../../', import.meta.url));

const plan = (
  owns: string,
  marker: string,
) => `# forge: may be replaced by /forge-parallel; delete this line once the plan is yours.
version: 1
name: "greeting ${scriptMarker('status')}"
goal: A greeting with its page
agents:
  droid: { model: "custom:stub" }
tasks:
  backend:
    droid: df-backend
    prompt: "Write src/greet.js ${marker}"
    owns: [src/**]
  docs:
    run: mkdir -p docs && echo '# Greeting' > docs/greet.md
    owns: [${owns}]
gates:
  - { name: tests, run: grep -q hi src/greet.js && test -s docs/greet.md }
`;

const execute = (command: string, riskLevel: 'low' | 'medium', timeout?: number): Step => ({
  calls: [
    {
      tool: 'Execute',
      arguments: {
        command,
        summary: 'Run the forge tool',
        riskLevel,
        riskLevelReason: 'It works inside the project only.',
        ...(timeout !== undefined && { timeout }),
      },
    },
  ],
});

const create = (path: string, content: string): Step => ({
  calls: [{ tool: 'Create', arguments: { file_path: `{{cwd}}/${path}`, content } }],
});

const scripts: Scripts = {
  // The first plan lets both tasks write src/; `forge check` says so, and the second does not.
  orchestrator: [
    create('forge.plan.yaml', plan('docs/**, src/greet.js', scriptMarker('backend'))),
    execute('forge check --json', 'low'),
    create('forge.plan.yaml', plan('docs/**', scriptMarker('backend'))),
    execute('forge check --json', 'low'),
    execute('forge apply -n', 'low'),
    execute('forge apply --yes', 'medium', 14_400),
    { text: 'Everything is merged.' },
  ],
  backend: [create('src/greet.js', "export const greet = () => 'hi';\n"), { text: 'The greeting is there.' }],
  status: [{ text: 'That is the state.' }],
  guide: [{ text: 'That is how.' }],
  starter: [{ text: 'There is nothing to do in my part.' }],
  route: [{ text: 'df-doc gets it.' }],
};

describe('slash commands in the real droid', { skip, timeout: 600_000 }, () => {
  let droid: OfflineDroid;
  before(async () => {
    droid = await openOfflineDroid(scripts);
  });
  after(() => droid.close());

  /** Runs droid, or forge, in a project; forge is on PATH. */
  const runDroid = (here: Project, ...args: string[]) => run(here, ['droid', ...args]);
  const runForge = (here: Project, ...args: string[]) => run(here, [process.execPath, FORGE, ...args]);
  const run = (here: Project, argv: readonly string[]) => {
    const bin = join(here.dir, '..', 'bin');
    mkdirSync(bin, { recursive: true });
    if (!existsSync(join(bin, 'forge'))) {
      chmodSync(FORGE, 0o755);
      symlinkSync(FORGE, join(bin, 'forge'));
    }
    const env = {
      ...environment(),
      ...droid.env,
      PATH: `${bin}${delimiter}${droid.env.PATH}`,
      FORGE_STATE_DIR: here.state,
    };
    const [command, ...rest] = droid.wrap(argv);
    return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(
        command,
        rest,
        { cwd: here.dir, env, maxBuffer: 1 << 26 },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      );
      child.stdin?.end();
    });
  };
  const heard = (script: string) => {
    const request = droid.requests.findLast((seen) => seen.script === script);
    assert.ok(request, `the model was never asked for ${script}`);
    return request.said.join('\n');
  };
  const setUp = async (t: TestContext) => {
    const here = project(t, { 'package.json': '{"type":"module","private":true}\n', 'src/index.js': '' });
    const result = await here.forge(['init']);
    assert.equal(result.code, 0, result.stderr);
    here.commit('set up');
    return here;
  };

  it('/forge-parallel plans, checks, repairs, runs a nested droid and merges; /forge-status tells', async (t) => {
    const here = await setUp(t);
    const result = await runDroid(
      here,
      ...['exec', '--auto', 'medium', '-m', droid.model],
      `/forge-parallel Greet people ${scriptMarker('orchestrator')}`,
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /Everything is merged/, heard('orchestrator'));
    const told = heard('orchestrator');
    assert.match(told, /You are the orchestrator/);
    assert.match(told, /The request:\s+Greet people/, 'the words after the command are in their place');
    assert.match(told, /df-backend.*owns `src\/\*\*`/, 'it knows the project');
    assert.match(told, /"ok":false.*"ownership-overlap".*src\/greet\.js/, 'the first plan was refused');
    assert.match(told, /"ok":true/, 'the second was not');
    assert.equal(here.read('src/greet.js'), "export const greet = () => 'hi';\n");
    assert.equal(here.read('docs/greet.md'), '# Greeting\n');
    const backend = droid.requests.find((seen) => seen.script === 'backend');
    assert.match(backend?.system ?? '', /You are the backend specialist of this project/);

    const status = await runDroid(here, 'exec', '-m', droid.model, `/forge-status ${here.run()}`);
    assert.match(status.stdout, /That is the state/, status.stderr);
    const state = heard('status');
    assert.match(state, new RegExp(`Run ${here.run()}: merged`));
    for (const part of ['backend', 'docs', 'tests'])
      assert.ok(state.includes(part), `${part} is in\n${state}`);
  });

  it('the starter plan runs as it is, a droid for each part, and merges what they make', async (t) => {
    const here = await setUp(t);
    const starter = here.read('forge.plan.yaml');
    here.write({
      'forge.plan.yaml': starter.replace('{ auto: medium }', `{ auto: medium, model: "${droid.model}" }`),
    });
    const goal = `Say hello ${scriptMarker('starter')}`;
    const result = await runForge(here, 'apply', '--yes', '--var', `goal=${goal}`);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /Nothing to merge: no file changed\./);
    for (const persona of ['backend', 'test', 'documentation'])
      assert.ok(
        droid.requests.some(
          ({ script, system }) =>
            script === 'starter' && system.includes(`You are the ${persona} specialist`),
        ),
        `a ${persona} specialist was at work`,
      );
  });

  it('the plugin installs offline, and its commands and personas are found', async (t) => {
    const here = project(t, { 'README.md': 'Hello.\n' });
    const added = await runDroid(here, 'plugin', 'marketplace', 'add', PLUGIN);
    assert.equal(added.code, 0, added.stdout + added.stderr);
    // droid calls a local marketplace by the name of its folder.
    const name = /added marketplace: (\S+)/.exec(added.stdout)?.[1];
    const installed = await runDroid(here, 'plugin', 'install', `forge@${name}`);
    assert.equal(installed.code, 0, installed.stdout + installed.stderr);
    const guide = await runDroid(
      here,
      'exec',
      '-m',
      droid.model,
      `/forge-guide why ${scriptMarker('guide')}`,
    );
    assert.match(guide.stdout, /That is how/, guide.stderr);
    assert.match(heard('guide'), /forge runs a plan of coding tasks in parallel/);
    const routed = await runDroid(here, 'exec', '-m', droid.model, `/df Explain it ${scriptMarker('route')}`);
    assert.match(routed.stdout, /df-doc gets it/, routed.stderr);
    assert.match(heard('route'), /Route this request.*Explain it/s);
    for (const persona of ['df-orchestrator', 'df-backend', 'df-frontend', 'df-tester', 'df-doc'])
      assert.ok(heard('route').includes(persona), `${persona} is a subagent that droid knows`);
  });
});
