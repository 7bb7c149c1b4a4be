import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extractPlan } from '../../src/plan-author/extract-plan.js';

const PLAN = `version: 1
tasks:
  docs:
    prompt: |
      Write docs/a.md with an example:
      \`\`\`js
      go();
      \`\`\`
      and no more.
    owns: [docs/**]
`;

test('the plan in an answer', () => {
  const answers = {
    bare: PLAN,
    'bare, with talk before': `Here it is.\n\n${PLAN}`,
    fenced: `\`\`\`yaml\n${PLAN}\`\`\`\n`,
    'with talk around': `I looked at it.\n\n\`\`\`yaml\n${PLAN}\`\`\`\n\nDone.`,
    'after another block': `Run\n\`\`\`sh\nforge apply\n\`\`\`\n\`\`\`yml\n${PLAN}\`\`\``,
    'before another block': `\`\`\`\n${PLAN}\`\`\`\nRun\n\`\`\`sh\nforge apply\n\`\`\``,
    'a second try': `\`\`\`yaml\nversion: 1\ntasks: {}\n\`\`\`\nNo, better:\n\`\`\`yaml\n${PLAN}\`\`\``,
    'a longer fence': `\`\`\`\`yaml\n${PLAN}\`\`\`\`\n`,
    'cut off': `\`\`\`yaml\n${PLAN}`,
    indented: `1. The plan\n\n   \`\`\`yaml\n${PLAN.replace(/^(?=.)/gm, '   ')}   \`\`\`\n`,
    'carriage returns': `\`\`\`yaml\r\n${PLAN.replaceAll('\n', '\r\n')}\`\`\`\r\n`,
  };
  for (const [kind, answer] of Object.entries(answers)) assert.equal(extractPlan(answer), PLAN, kind);
  assert.equal(extractPlan('I cannot do that.'), 'I cannot do that.\n');
  assert.equal(extractPlan(''), '\n');
});
