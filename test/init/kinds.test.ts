import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { readPersona } from '../../src/agents/index.js';
import { project } from '../rig/project.js';
import { KINDS } from './projects.js';

const PERSONAS = ['df-orchestrator', 'df-backend', 'df-frontend', 'df-tester', 'df-doc'];
const COMMANDS = ['forge-start.md', 'forge-parallel.md', 'forge-status', 'forge-guide.md', 'df.md'];

interface PlanText {
  tasks: Record<string, { droid: string; owns: string[]; prompt: string }>;
  gates: { name: string; run: string }[];
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`${name}: fitted plan and personas, the same when done twice, gone when removed`, async (t) => {
    const here = project(t, kind.files, { name: 'a project' });
    const before = here.tree();

    const dry = await here.forge(['init', '--dry-run']);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /would create\s+forge\.plan\.yaml/);
    assert.deepEqual(here.tree(), before, 'a dry run writes nothing');

    const first = await here.forge(['init']);
    assert.equal(first.code, 0, first.stderr);
    const text = here.read('forge.plan.yaml');
    assert.match(text, /^# yaml-language-server: \$schema=\.factory\/forge\.plan\.schema\.json\n/);
    const plan = parse(text) as PlanText;
    assert.deepEqual(
      plan.gates.map((gate) => `${gate.name}: ${gate.run}`),
      kind.gates,
    );
    assert.deepEqual(
      Object.fromEntries(Object.entries(plan.tasks).map(([id, { droid, owns }]) => [id, [droid, owns]])),
      kind.tasks,
    );
    const check = await here.forge(['check']);
    assert.equal(check.code, 0, check.stderr);
    assert.equal(check.stderr, '');
    const order = await here.forge(['apply', '-n', '--var', 'goal=Add accounts']);
    assert.equal(order.code, 0, order.stderr);

    for (const persona of PERSONAS) assert.equal((await readPersona(persona, here.dir)).name, persona);
    assert.deepEqual((await readPersona('df-orchestrator', here.dir)).tools, ['read-only']);
    for (const command of COMMANDS) assert.ok(here.read(`.factory/commands/${command}`).length > 100);
    assert.equal(statSync(here.path('.factory/commands/forge-status')).mode & 0o111, 0o111);
    const told = here.read('.factory/droids/df-backend.md') + here.read('.factory/droids/df-frontend.md');
    for (const word of kind.mentions) assert.ok(told.includes(word), `the personas mention ${word}`);
    for (const path of Object.keys(here.tree())) {
      if (!path.startsWith('.factory/') || path.endsWith('/')) continue;
      assert.ok(!here.read(path).includes('<!-- forge:'), `${path} has its section filled in`);
    }

    const installed = here.tree();
    const second = await here.forge(['init']);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /nothing to do/);
    assert.deepEqual(here.tree(), installed);

    const removed = await here.forge(['init', '--remove']);
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(here.tree(), before, 'not a byte is left');
  });
}
