import type { AgentEvent, CommandEnd, OutputReader, Verdict } from '../adapter.js';
import { endReason, readRateLimit } from '../verdict.js';
import { summariseToolCall } from './tools.js';

/** A line of `droid exec -o stream-json` (NOTES-droid). Every field is checked before use: other versions may differ. */
type StreamEvent = Readonly<Record<string, unknown>> & { type: string };

/** What droid says in its `error` events besides the error itself. */
const EMPTY_PHRASE = /^exec failed\.?$/i;

/**
 * Reads droid's stream-json. Success takes a `completion` event, exit code 0 and no signal: droid also exits 0 when
 * it is ended by SIGTERM. Lines that are not JSON and types that are not known mean nothing.
 */
export class DroidStreamReader implements OutputReader {
  #cwd = '';
  readonly #calls = new Map<string, { tool: string; summary: string }>();
  readonly #errors: string[] = [];
  #completion: { empty: boolean } | undefined;

  line(text: string): AgentEvent[] {
    const event = parse(text);
    switch (event?.type) {
      case 'system':
        if (typeof event.cwd === 'string') this.#cwd = event.cwd;
        return [];
      case 'message':
        return readMessage(event);
      case 'tool_call':
        return this.#readToolCall(event);
      case 'tool_result':
        return this.#readToolResult(event);
      case 'error':
        if (typeof event.message === 'string') this.#errors.push(event.message);
        return [];
      case 'completion':
        this.#completion = { empty: event.finalText === '' && event.numTurns === 0 };
        return readUsage(event);
      default:
        return [];
    }
  }

  finish(end: CommandEnd): Verdict {
    if (end.signal !== null) return { ok: false, reason: `droid was ended by ${end.signal}` };
    if (end.exitCode === 0 && this.#completion !== undefined) {
      if (!this.#completion.empty) return { ok: true };
      return { ok: false, reason: 'the model gave an empty answer: no text and no tool call' };
    }
    const messages = this.#errors.filter((message) => !EMPTY_PHRASE.test(message.trim()));
    const reason =
      messages.length > 0
        ? `droid: ${messages.join('; ')}`
        : end.exitCode === 0
          ? 'droid stopped before it was finished (it sent no completion event)'
          : `droid ${endReason(end)}`;
    const limit = readRateLimit(messages.length > 0 ? messages.join('\n') : end.stderrTail);
    return limit === undefined ? { ok: false, reason } : { ok: false, reason, rateLimited: limit };
  }

  #readToolCall(event: StreamEvent): AgentEvent[] {
    const tool = typeof event.toolName === 'string' ? event.toolName : 'tool';
    const summary = summariseToolCall(tool, event.parameters, this.#cwd);
    if (typeof event.id === 'string') this.#calls.set(event.id, { tool, summary });
    return [{ type: 'tool', tool, summary }];
  }

  #readToolResult(event: StreamEvent): AgentEvent[] {
    const call = typeof event.id === 'string' ? this.#calls.get(event.id) : undefined;
    if (typeof event.id === 'string') this.#calls.delete(event.id);
    if (event.isError !== true) return [];
    const tool = call?.tool ?? (typeof event.toolId === 'string' ? event.toolId : 'tool');
    const message = (event.error as { message?: unknown } | undefined)?.message;
    const why = typeof message === 'string' ? firstLine(message.replace(/^(?:Error: )+/, '')) : 'failed';
    return [{ type: 'tool', tool, summary: `${call?.summary ?? tool}: ${why}`, error: true }];
  }
}

/** What the model says. A user message is the prompt, or what a hook told the agent: forge knows both. */
function readMessage(event: StreamEvent): AgentEvent[] {
  if (event.role !== 'assistant' || typeof event.text !== 'string' || event.text.trim() === '') return [];
  return [{ type: 'message', text: event.text }];
}

function readUsage(event: StreamEvent): AgentEvent[] {
  const usage = event.usage as { input_tokens?: unknown; output_tokens?: unknown } | null | undefined;
  const { input_tokens: inputTokens, output_tokens: outputTokens } = usage ?? {};
  if (typeof inputTokens !== 'number' || typeof outputTokens !== 'number') return [];
  const turns = typeof event.numTurns === 'number' ? { turns: event.numTurns } : {};
  return [{ type: 'usage', inputTokens, outputTokens, ...turns }];
}

function parse(text: string): StreamEvent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    return typeof (value as StreamEvent).type === 'string' ? (value as StreamEvent) : undefined;
  } catch {
    // Not JSON: a warning of droid's, or a line that was cut. A final answer too long for a line is still an ending.
    return text.startsWith('{"type":"completion",') ? { type: 'completion' } : undefined;
  }
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim().slice(0, 300);
}
