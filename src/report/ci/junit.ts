import type { GateView, RunView, TaskView } from '../../journal/index.js';
import { count } from '../../util/text/amounts.js';
import { oneLine, sanitize, sanitizeLines } from '../../util/text/sanitize.js';
import { whyFailed } from '../text/task-text.js';

/** How one testcase ended: nothing to add when it passed. */
type Result = { tag: 'failure' | 'error' | 'skipped'; type?: string; message: string; body?: string };

/**
 * JUnit XML in the form that Jenkins, GitLab and GitHub actions read: one testsuite, tasks and gates as testcases, times
 * in seconds. What did not end counts as an error.
 */
export function junitXml(view: RunView): string {
  const tasks = [...view.tasks.values()];
  const gates = [...view.gates.values()];
  const cases = [
    ...tasks.map((task) => ({ kind: 'task', name: task.id, ms: task.ms, result: taskResult(task) })),
    ...gates.map((gate) => ({ kind: 'gate', name: gate.name, ms: gate.ms, result: gateResult(gate) })),
  ];
  const withResult = (tag: Result['tag']) => String(cases.filter(({ result }) => result?.tag === tag).length);
  const suite = attributes({
    name: view.name,
    tests: String(cases.length),
    failures: withResult('failure'),
    errors: withResult('error'),
    skipped: withResult('skipped'),
    time: seconds(view.finished?.ms),
    timestamp: view.startedAt === undefined ? undefined : new Date(view.startedAt).toISOString().slice(0, 19),
  });
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', `  <testsuite${suite}>`];
  for (const { kind, name, ms, result } of cases) {
    const head = attributes({ classname: `${view.name}.${kind}`, name, time: seconds(ms) });
    if (!result) lines.push(`    <testcase${head}/>`);
    else lines.push(`    <testcase${head}>`, `      ${element(result)}`, '    </testcase>');
  }
  return `${[...lines, '  </testsuite>', '</testsuites>'].join('\n')}\n`;
}

function taskResult(task: TaskView): Result | undefined {
  switch (task.status) {
    case 'succeeded':
    case 'up-to-date':
      return undefined;
    case 'failed': {
      const strays = (task.strays ?? []).map((path) => `outside what it owns: ${sanitize(path)}`);
      const body = [...strays, ...task.tail].join('\n');
      return { tag: 'failure', type: task.outcome ?? 'failed', message: whyFailed(task), body };
    }
    case 'skipped':
    case 'cancelled':
      return { tag: 'skipped', message: oneLine(task.reason ?? '') || task.status };
    case 'waiting':
    case 'ready':
    case 'running':
    case 'retrying': {
      const attempts = task.attempt > 0 ? ` (${count(task.attempt, 'attempt')})` : '';
      return { tag: 'error', type: task.status, message: `did not finish${attempts}` };
    }
    default:
      return task.status satisfies never;
  }
}

function gateResult(gate: GateView): Result | undefined {
  switch (gate.status) {
    case 'passed':
      return undefined;
    case 'failed': {
      const code = typeof gate.exitCode === 'number' ? `exit code ${gate.exitCode}` : 'no exit code';
      return { tag: 'failure', type: 'gate', message: `failed with ${code}` };
    }
    case 'running':
      return { tag: 'error', type: 'gate', message: 'did not finish' };
    case 'waiting':
      return { tag: 'skipped', message: 'not run' };
    default:
      return gate.status satisfies never;
  }
}

function element({ tag, type, message, body }: Result): string {
  const head = `${tag}${attributes({ type, message })}`;
  return body ? `<${head}>${escapeXml(body)}</${tag}>` : `<${head}/>`;
}

function attributes(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escapeXml(value)}"`))
    .join('');
}

function seconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : (ms / 1000).toFixed(3);
}

/** Characters that XML 1.0 cannot hold, even escaped (section 2.2, Char), become visible; line ends of a body stay. */
function escapeXml(text: string): string {
  return sanitizeLines(text).replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
