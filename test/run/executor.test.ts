import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EventBody } from '../../src/journal/index.js';
import { captureBase } from '../../src/merge/index.js';
import { readPlan } from '../../src/plan/index.js';
import type { AttemptRequest, AttemptResult, Plain } from '../../src/run/attempt/executor.js';
import { localExecutor } from '../../src/run/attempt/local-executor.js';
import { Redactor } from '../../src/run/secrets/redactor.js';
import { chooseBackend } from '../../src/workspace/index.js';
import { BACKENDS, type Project, project } from '../rig/project.js';

const PLAN = `
version: 1
tasks:
  first:
    run: 'printf made > "made $(printf "\\\\377")"; rm gone.txt; cat kept.txt'
    owns: ['made*', gone.txt]
  second:
    run: 'cat made* > sum.txt; test ! -e gone.txt; chmod +x kept.txt; ln -s sum.txt link; printf same > meanwhile.txt; echo done'
    owns: [sum.txt, link, kept.txt, meanwhile.txt]
    needs: [first]
    verify: 'grep -q made sum.txt; echo checked > unowned.txt'
  astray:
    run: 'echo x > stray.txt; echo y > mine.txt'
    owns: [mine.txt]
`;

const overJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Runs attempts at the tasks of a plan as another machine would: what goes in and what comes out are JSON. */
async function remote(here: Project, backend: (typeof BACKENDS)[number]) {
  const read = await readPlan({ file: here.path('forge.plan.yaml'), vars: {}, agents: [] });
  assert.ok(read.ok);
  const { plan } = read;
  const dir = join(here.dir, '../run');
  mkdirSync(join(dir, 'tasks'), { recursive: true });
  process.env.FORGE_STATE_DIR = here.state;
  await captureBase({ root: here.dir, owned: () => true, dir: join(dir, 'base') });
  const { backend: chosen } = await chooseBackend({
    root: here.dir,
    runDir: dir,
    runId: 'r',
    wanted: backend,
  });
  const executor = localExecutor(chosen, new Redactor([]));
  const attempt = async (id: string, start: AttemptRequest['start'] = []) => {
    const task = plan.tasks.find((each) => each.id === id)!;
    const events: EventBody[] = [];
    const request: AttemptRequest = {
      run: 'r',
      root: here.dir,
      caseInsensitive: false,
      task,
      attempt: 1,
      name: `r.${id}.1`,
      start,
      base: join(dir, 'base'),
      prompt: '',
      dir: join(dir, 'tasks', id, 'attempt-1'),
      others: [],
    };
    const emit = (event: EventBody) => {
      assert.deepEqual(overJson(event), event);
      events.push(event);
    };
    const result = await executor(overJson(request), emit, new AbortController().signal);
    assert.deepEqual(overJson(result), result, 'what comes out is plain data, too');
    return {
      result: overJson(result),
      output: events.flatMap((event) => ('text' in event ? event.text : [])),
    };
  };
  return { attempt, close: () => chosen.close() };
}

for (const backend of BACKENDS) {
  test(`${backend}: an attempt is run from a request that came as JSON, and what it gives goes on as JSON`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': PLAN,
      'kept.txt': 'kept\n',
      'gone.txt': 'gone\n',
    });
    const { attempt, close } = await remote(here, backend);
    const first = await attempt('first');
    assert.equal(first.result.outcome, 'succeeded', first.result.reason);
    assert.deepEqual(first.output, ['kept']);
    assert.deepEqual(
      first.result.changeset?.entries.map(({ path, change }) => [path, change]),
      [
        ['gone.txt', 'deleted'],
        ['made \udcff', 'created'],
      ],
      'a name that is not UTF-8 included',
    );
    // What is owned and was not recorded was not there: made by the user since, it is the task's all the same.
    here.write({ 'meanwhile.txt': 'same' });
    const second = await attempt('second', [first.result.changeset!]);
    assert.equal(second.result.outcome, 'succeeded', second.result.reason);
    assert.deepEqual(second.output, ['done']);
    assert.deepEqual(
      second.result.changeset?.entries.map(({ path, kind, change }) => [path, kind, change]),
      [
        ['kept.txt', 'file', 'mode'],
        ['link', 'symlink', 'created'],
        // A copy has the user's in it from the start.
        ['meanwhile.txt', 'file', backend === 'overlay' ? 'created' : 'modified'],
        ['sum.txt', 'file', 'created'],
      ],
    );
    const { outcome, strays } = (await attempt('astray')).result;
    assert.deepEqual([outcome, strays], ['strays', ['stray.txt']]);
    await close();
    assert.deepEqual(here.scratch(), []);
  });
}

/** Whether all of a type can be sent as JSON: tsc refuses the wrong answer. */
type IsPlain<T> = [T] extends [Plain<T>] ? true : false;

test('a request and a result are plain data: the compiler refuses a function, a live object, bytes', () => {
  const plain: [IsPlain<AttemptRequest>, IsPlain<AttemptResult>, IsPlain<EventBody>] = [true, true, true];
  const live: [
    IsPlain<AttemptRequest & { owned: (path: string) => boolean }>,
    IsPlain<AttemptRequest & { live: { lookup(path: string): Promise<object> } }>,
    IsPlain<AttemptRequest & { changesets: Map<string, string> }>,
    IsPlain<AttemptRequest & { bytes: Buffer }>,
    IsPlain<AttemptRequest & { nothing: undefined }>,
    IsPlain<AttemptRequest & { deep: { list: readonly { size: bigint }[] } }>,
  ] = [false, false, false, false, false, false];
  assert.ok(plain.every((is) => is) && !live.some((is) => is));
});
