import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { project } from '../rig/project.js';

const PLAN = `version: 1
tasks:
  a:
    run: echo a > a.txt
    owns: [a.txt]
    capabilities: [sys_admin]
`;

test('a plan that an agent wrote and that asks for capabilities is not run by --apply before somebody has seen it', async (t) => {
  const answer = `Here.\n\n\`\`\`yaml\n${PLAN}\`\`\`\n`;
  const events = [
    { type: 'message', role: 'assistant', text: answer },
    { type: 'completion', finalText: answer },
  ];
  const here = project(t, {
    'events.ndjson': events.map((event) => `${JSON.stringify(event)}\n`).join(''),
    'bin/droid*': '#!/bin/sh\ncat events.ndjson\n',
  });
  const env = { PATH: `${here.path('bin')}:${process.env.PATH}` };
  const result = await here.forge(['plan', '--apply', 'Write a'], { env });
  assert.equal(result.code, 2, result.stdout + result.stderr);
  assert.match(
    result.stderr,
    /asks for capabilities \(a: sys_admin\).*look at forge\.plan\.yaml, then `forge apply`/,
  );
  assert.equal(existsSync(here.path('a.txt')), false);
  assert.match(here.read('forge.plan.yaml'), /sys_admin/);
});
