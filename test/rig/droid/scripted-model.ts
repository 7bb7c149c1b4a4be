import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScriptedCall, Scripts, SeenRequest, Step } from './script.js';

/*
 * A scripted model that speaks OpenAI's chat completions, on loopback, as a process of its own:
 *
 *   node --import tsx scripted-model.ts SCRIPTS.json
 *
 * Its standard output is NDJSON: first `{"port":N}`, then one SeenRequest per request. It ends when its standard
 * input closes, so it cannot outlive the test that started it.
 *
 * It keeps no conversation: a script is chosen by the last `[[script:NAME]]` marker in a user message, and the step
 * is the number of assistant messages since, so retries, forks and parallel agents need no care. The only thing
 * remembered is how often an error step (`times`) was already given.
 */

interface ChatMessage {
  role: string;
  content?: string | { type: string; text?: string }[] | null;
  tool_calls?: unknown[];
}

interface ChatRequest {
  model: string;
  stream?: boolean;
  messages: ChatMessage[];
  tools?: { function: { name: string } }[];
}

const errorsGiven = new Map<string, number>();
const scripts = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Scripts;

const server = createServer((request, response) => {
  readBody(request).then(
    (body) => answerRequest(body, response),
    (error: unknown) => response.destroy(error as Error),
  );
});
server.listen(0, '127.0.0.1', () => report({ port: (server.address() as AddressInfo).port }));
process.stdin.resume().on('end', () => process.exit(0));

function answerRequest(body: string, response: ServerResponse): void {
  const request = JSON.parse(body) as ChatRequest;
  const { script, step } = position(request.messages);
  const system = textOf(request.messages.find((message) => message.role === 'system'));
  const say = (answered: string) =>
    report({
      script,
      step,
      answered,
      model: request.model,
      system,
      said: request.messages.filter(({ role }) => role === 'user' || role === 'tool').map(textOf),
      tools: (request.tools ?? []).map((tool) => tool.function.name),
    } satisfies SeenRequest);
  const steps = scripts[script];
  if (steps === undefined) {
    say('no such script');
    sendError(response, 400, `the scripted model has no script called '${script}'`);
    return;
  }
  give(steps[step] ?? { text: 'Done.' }, `${script} ${step}`);

  function give(answer: Step, key: string): void {
    if ('delayMs' in answer) {
      setTimeout(() => give(answer.next, key), answer.delayMs);
    } else if ('hang' in answer) {
      say('hang');
    } else if ('status' in answer || 'drop' in answer) {
      if (spent(key, answer.times)) give(answer.next ?? { text: 'Done.' }, `${key}.`);
      else fail(answer);
    } else if ('empty' in answer) {
      say('empty');
      complete(response, request, '', []);
    } else if ('calls' in answer) {
      say('calls');
      complete(
        response,
        request,
        answer.text ?? '',
        fillIn(answer.calls, workingDirectory(request.messages)),
      );
    } else if ('text' in answer) {
      say('text');
      complete(response, request, answer.text, []);
    } else {
      answer satisfies never;
    }
  }

  function fail(answer: Extract<Step, { status: number } | { drop: true }>): void {
    if ('drop' in answer) {
      say('drop');
      response.destroy();
    } else {
      say(`status ${answer.status}`);
      sendError(response, answer.status, answer.message ?? `scripted ${answer.status}`, answer.retryAfter);
    }
  }
}

/** droid 0.215 says where it works in a reminder, as what `pwd` printed. */
function workingDirectory(messages: readonly ChatMessage[]): string {
  return /^% pwd\n(.+)$/m.exec(messages.map(textOf).join('\n'))?.[1] ?? '';
}

/** Counts one more use of an error step; true when it was given `times` times already. */
function spent(key: string, times = Number.POSITIVE_INFINITY): boolean {
  const given = errorsGiven.get(key) ?? 0;
  if (given >= times) return true;
  errorsGiven.set(key, given + 1);
  return false;
}

/** Where a conversation is: the last marker in a user message, and the number of assistant messages after it. */
function position(messages: readonly ChatMessage[]): { script: string; step: number } {
  let script = '';
  let step = 0;
  for (const message of messages) {
    if (message.role === 'assistant') step += 1;
    if (message.role !== 'user') continue;
    const marker = [...textOf(message).matchAll(/\[\[script:([\w.-]+)\]\]/g)].at(-1);
    if (marker) [script, step] = [marker[1]!, 0];
  }
  return { script, step };
}

function fillIn(calls: readonly ScriptedCall[], cwd: string): ScriptedCall[] {
  const quoted = JSON.stringify(cwd).slice(1, -1);
  return JSON.parse(JSON.stringify(calls).replaceAll('{{cwd}}', quoted)) as ScriptedCall[];
}

/** Sends one finished answer, as a stream of chunks if the request wants that. */
function complete(
  response: ServerResponse,
  request: ChatRequest,
  text: string,
  calls: readonly ScriptedCall[],
): void {
  const id = `chatcmpl-${Date.now()}`;
  const toolCalls = calls.map((call, index) => ({
    index,
    id: `call_${id}_${index}`,
    type: 'function',
    function: { name: call.tool, arguments: JSON.stringify(call.arguments) },
  }));
  const finish = calls.length > 0 ? 'tool_calls' : 'stop';
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  const base = { id, created: Math.floor(Date.now() / 1000), model: request.model };
  if (!request.stream) {
    const message = {
      role: 'assistant',
      content: text,
      ...(calls.length > 0 ? { tool_calls: toolCalls } : {}),
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        ...base,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: finish }],
        usage,
      }),
    );
    return;
  }
  const deltas: { delta: object; finish_reason: string | null }[] = [
    { delta: { role: 'assistant', content: '' }, finish_reason: null },
    ...(text === '' ? [] : [{ delta: { content: text }, finish_reason: null }]),
    ...toolCalls.map((call) => ({ delta: { tool_calls: [call] }, finish_reason: null })),
    { delta: {}, finish_reason: finish },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (chunk: object) =>
    response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...chunk })}\n\n`);
  for (const delta of deltas) send({ choices: [{ index: 0, ...delta }] });
  send({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function sendError(response: ServerResponse, status: number, message: string, retryAfter?: number): void {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  response.writeHead(status, headers);
  response.end(JSON.stringify({ error: { message, type: 'scripted_error', code: String(status) } }));
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content ?? '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('\n');
}

function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += chunk as string;
  return body;
}
