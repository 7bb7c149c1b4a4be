import { readFileSync } from 'node:fs';
import type { HookTask } from './settings.js';

/*
 * The program that droid runs as a hook: `node hook.js HOOK.json`, the event as JSON on standard input, the
 * decision as JSON on standard output. Hooks fail open: if this breaks, droid goes on and the changeset check
 * decides. The two halves are imported when needed, because a process is started for every write of an agent.
 */

/** What droid sends (the fields used here). */
interface HookInput {
  hook_event_name: string;
  cwd?: string;
  tool_input?: Record<string, unknown>;
}

const task = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as HookTask;
const input = JSON.parse(readFileSync(0, 'utf8')) as HookInput;
const answer = await decide(input);
// What verify left running must not keep the hook alive: end as soon as the answer is written.
process.stdout.write(answer === undefined ? '' : JSON.stringify(answer), () => process.exit(0));

async function decide(event: HookInput): Promise<object | undefined> {
  if (event.hook_event_name === 'PreToolUse') {
    const { refuseWrite } = await import('./write-guard.js');
    const reason = refuseWrite(task, event.tool_input ?? {}, event.cwd ?? task.workspace);
    if (reason === undefined) return undefined;
    const denial = { permissionDecision: 'deny', permissionDecisionReason: reason };
    return { hookSpecificOutput: { hookEventName: 'PreToolUse', ...denial } };
  }
  if (event.hook_event_name === 'Stop') {
    const { verifyBeforeStop } = await import('./verify-before-stop.js');
    const reason = await verifyBeforeStop(task);
    return reason === undefined ? undefined : { decision: 'block', reason };
  }
  return undefined;
}
