import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createMatcher } from '../../src/ownership/index.js';
import { project } from '../rig/project.js';

test('folders with any name: the plan that init writes is valid, and owns what is in them', async (t) => {
  const folders = [
    'we"b',
    'a{b}',
    '[x]',
    '!n',
    'c,d',
    'e(f',
    'g|h',

    'k l',
    '{.m',
    '$n',
    '+(o)',
    'q*?',
  ];
  const files = Object.fromEntries(
    folders.flatMap((folder) => [
      [`${folder}/package.json`, `{"name":"p","scripts":{"test":"true"}}\n`],
      [`${folder}/src/index.js`, 'export {};\n'],
      [`${folder}/test/index.test.js`, '\n'],
    ]),
  );
  const here = project(t, files);
  const made = await here.forge(['init', '--yes']);
  assert.equal(made.code, 0, made.stderr);
  const check = await here.forge(['check']);
  assert.deepEqual([check.code, check.stderr], [0, '']);
  const plan = parse(here.read('forge.plan.yaml')) as { tasks: Record<string, { owns: string[] }> };
  const owners = Object.values(plan.tasks).map(({ owns }) => createMatcher(owns));
  for (const folder of folders)
    assert.ok(
      owners.some((owned) => owned(`${folder}/src/index.js`)),
      `nobody owns ${folder}:\n${here.read('forge.plan.yaml')}`,
    );
});
