import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PromptContext, renderPrompt } from '../../src/agents/index.js';

const context: PromptContext = {
  goal: 'Add JWT',
  id: 'backend',
  description: 'API endpoints',
  prompt: 'Write the endpoints.',
  owns: ['src/api/**', '!src/api/old/**'],
  reads: ['src/db/**'],
  others: [
    { id: 'docs', owns: [], state: 'finished' },
    { id: 'web', description: 'the login page', owns: ['src/web/**'], state: 'running' },
  ],
  verify: 'npm test -- api',
  gates: [{ name: 'build', run: 'npm run build' }],
};

describe('the prompt', () => {
  it('says the goal, the task, what it owns, what others do, and how it is checked', () => {
    assert.equal(
      renderPrompt(context),
      `# Task backend

You are one of several agents that work on the same project at the same time, each on a task of its own. Your working directory is a private copy of the project: you don't see what the others are doing, and they don't see what you do. When every task is finished and every check has passed, all the work is put together.

The goal of all of them together: Add JWT

## What to do

API endpoints

Write the endpoints.

## Files

You may create, change and delete only files that match these patterns (relative to the working directory; \`!\` takes away):

- \`src/api/**\`
- \`!src/api/old/**\`

Read anything you like. A change to any other file fails your task, also when a command makes it; files that git ignores (build output, caches) are dropped without harm.

You will want to read: \`src/db/**\`.

Do not commit, switch branch or change git's settings. Nobody can answer questions: where something is open, decide sensibly and say so in your final answer.

## The other tasks

Their files are theirs alone:

- web (running): the login page; owns \`src/web/**\`
- docs (finished); owns nothing

## How your work is checked

- Every path you changed is compared with what you own.
- This command runs in your working directory and must succeed:

\`\`\`
npm test -- api
\`\`\`

- When all the work has been put together, these must succeed on it:

  - build: \`npm run build\`
`,
    );
  });

  it('puts the user’s text in as it is', () => {
    const odd = 'Use $& and $1, {{owns}} and $HOME,\n\tand "quotes" \\ [[script:x]]';
    assert.ok(renderPrompt({ ...context, prompt: odd }).includes(odd));
  });

  it('tells a task that owns nothing to change nothing', () => {
    const prompt = renderPrompt({ ...context, owns: [], others: [], gates: [], reads: [], goal: undefined });
    assert.match(prompt, /You own nothing: .*\*\*must not create, change or delete any file\*\*/);
    assert.match(prompt, /you work alone/);
    assert.doesNotMatch(prompt, /goal|will want to read|put together, these/);
  });

  it('says what went wrong last time, last', () => {
    const prompt = renderPrompt({
      ...context,
      previous: {
        outcome: 'strays',
        strays: ['README.md', 'src/db/x.sql'],
        verifyOutput: '1 failing\n```\nexpected 2\n',
      },
    });
    const [, last] = prompt.split('## What went wrong last time');
    assert.match(last ?? '', /It changed files that this task does not own\./);
    assert.match(last ?? '', /- `README\.md`\n- `src\/db\/x\.sql`/);
    assert.match(last ?? '', /````\n1 failing\n```\nexpected 2\n````\n$/);
  });

  it('names every way an attempt can end', () => {
    const said = (['verify', 'timeout', 'exit', 'rate-limited', 'cancelled', 'error'] as const).map(
      (outcome) =>
        renderPrompt({ ...context, previous: { outcome, reason: 'because' } }).match(
          /thrown away\. (.*)/,
        )?.[1],
    );
    assert.deepEqual(said, [
      'The command that checks this task failed (because).',
      'It ran out of time (because); find a shorter way.',
      'The agent ended with an error (because).',
      "The model's provider refused more requests (because); nothing was wrong with the work.",
      'It was interrupted (because).',
      'It could not be run or collected (because).',
    ]);
  });

  it('stays short when there are thousands of other tasks', () => {
    const others = Array.from({ length: 2000 }, (_, i) => ({
      id: `t${i}`,
      owns: [`src/${i}/**`],
      state: i === 1999 ? ('running' as const) : ('waiting' as const),
    }));
    const prompt = renderPrompt({ ...context, others });
    assert.match(prompt, /- t1999 \(running\); .*\n- t0 \(waiting\)/);
    assert.match(prompt, /- and 1960 more/);
  });
});
