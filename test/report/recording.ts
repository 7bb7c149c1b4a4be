import { Writable } from 'node:stream';
import type { EventBody, ForgeEvent } from '../../src/journal/index.js';

/** Midnight at the start of 2026, when every recording begins. */
export const START = Date.parse('2026-01-01T00:00:00.000Z');

type Task = Partial<Extract<EventBody, { type: 'run.started' }>['tasks'][number]> & { id: string };

/** A list of events as a journal would hold them, made step by step. */
export class Recording {
  readonly events: ForgeEvent[] = [];
  #now = START;

  /** Lets time pass, in milliseconds. */
  after(ms: number): this {
    this.#now += ms;
    return this;
  }

  add(...bodies: EventBody[]): this {
    for (const body of bodies) {
      const at = new Date(this.#now).toISOString();
      this.events.push({ v: 1, seq: this.events.length + 1, at, run: 'r1', ...body });
    }
    return this;
  }

  start(
    tasks: Task[],
    gates: string[] = [],
    more: Partial<Extract<EventBody, { type: 'run.started' }>> = {},
  ): this {
    return this.add({
      type: 'run.started',
      plan: 'forge.plan.yaml',
      name: 'jwt-auth',
      root: '/tree',
      backend: 'overlay',
      concurrency: 4,
      tasks: tasks.map((task) => ({ agent: 'shell', needs: [], ...task })),
      gates,
      pid: 4242,
      ...more,
    });
  }

  begin(task: string, attempt = 1): this {
    return this.add({ type: 'attempt.started', task, attempt, log: `logs/${task}.${attempt}.log` });
  }

  output(task: string, text: string, attempt = 1): this {
    return this.add({ type: 'attempt.output', task, attempt, stream: 'stdout', text });
  }

  /** Ends an attempt that did not succeed. */
  fail(task: string, ms: number, more: Partial<Extract<EventBody, { type: 'attempt.finished' }>> = {}): this {
    return this.add({
      type: 'attempt.finished',
      task,
      attempt: 1,
      outcome: 'exit',
      reason: 'exit code 1',
      exitCode: 1,
      ms,
      ...more,
    });
  }

  /** Ends an attempt and its task well. */
  succeed(task: string, ms: number, changes = 1, attempt = 1): this {
    return this.add(
      { type: 'attempt.finished', task, attempt, outcome: 'succeeded', exitCode: 0, ms },
      { type: 'task.finished', task, state: 'succeeded', attempts: attempt, ms, changes },
    );
  }

  gate(name: string, ok: boolean, ms: number): this {
    return this.add(
      { type: 'gate.started', name, log: `logs/gate-${name}.log` },
      { type: 'gate.finished', name, ok, exitCode: ok ? 0 : 2, ms },
    );
  }

  merged(paths: string[]): this {
    return this.add(
      { type: 'merge.started', paths: paths.length },
      { type: 'merge.finished', state: 'merged', paths },
    );
  }

  end(exitCode: number, ms: number): this {
    return this.add({ type: 'run.finished', exitCode, ms });
  }
}

/** A run of two tasks and a gate in which everything that has its own line happens, and that merges. */
export function mergedRun(): Recording {
  return new Recording()
    .start(
      [
        { id: 'api', description: 'Endpoints', line: 4 },
        { id: 'docs', needs: ['api'], line: 9 },
      ],
      ['tests'],
      {
        backendReason: 'overlayfs works here',
      },
    )
    .add({ type: 'task.ready', task: 'api' })
    .begin('api')
    .output('api', 'compiling\nerror: no\n')
    .after(1200)
    .fail('api', 1200, { outcome: 'verify', reason: 'verify failed: exit code 1', retry: true })
    .begin('api', 2)
    .add({ type: 'agent.tool', task: 'api', attempt: 2, tool: 'Edit', summary: 'src/api.ts' })
    .add({ type: 'attempt.progress', task: 'api', attempt: 2, files: 2 })
    .add({ type: 'agent.message', task: 'api', attempt: 2, text: 'Added the\nendpoints.' })
    .add({ type: 'agent.usage', task: 'api', attempt: 2, inputTokens: 1000, outputTokens: 1, turns: 3 })
    .after(2000)
    .succeed('api', 3200, 2, 2)
    .add({ type: 'task.waiting', task: 'docs', locks: ['db'], holders: ['api'] })
    .begin('docs')
    .after(1000)
    .succeed('docs', 1000, 1)
    .gate('tests', true, 1240)
    .merged(['docs/a.md', 'src/api.ts', 'src/b.ts'])
    .end(0, 5600);
}

/** A run in which a task fails with strays and hostile output, another is skipped and a gate is never reached. */
export function failedRun(): Recording {
  return new Recording()
    .start([{ id: 'api', line: 4 }, { id: 'docs', needs: ['api'], line: 9 }, { id: 'web' }], ['tests'])
    .begin('api')
    .begin('web')
    .output('api', 'one\n\u001b[31mtwo\u001b[0m\n::error::fake\n')
    .after(1500)
    .fail('api', 1500, { outcome: 'strays', reason: '1 change outside what it owns', strays: ['a\nb.txt'] })
    .add({
      type: 'task.finished',
      task: 'api',
      state: 'failed',
      attempts: 1,
      ms: 1500,
      changes: 1,
      reason: '1 change outside what it owns',
    })
    .add({
      type: 'task.finished',
      task: 'docs',
      state: 'skipped',
      attempts: 0,
      ms: 0,
      changes: 0,
      reason: 'api failed',
    })
    .succeed('web', 1500, 1)
    .end(1, 1500);
}

/** A stream that keeps what is written to it. */
export function memoryStream(): Writable & { text(): string; writes(): number } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { text: () => chunks.join(''), writes: () => chunks.length });
}
