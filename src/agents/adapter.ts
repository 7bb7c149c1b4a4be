import type { Task } from '../plan/index.js';
import type { Command } from '../workspace/index.js';

/** What a task owns, as the agents of other tasks are told. */
export interface Ownership {
  id: string;
  owns: readonly string[];
}

/** What an adapter needs to build any command. All paths are absolute and valid where it runs. */
export interface CommandContext {
  /** The whole prompt (agents) as the template rendered it; empty for `shell`. */
  prompt: string;
  /** The working tree itself (personas and settings are read from here). */
  root: string;
  /** A folder of this command's own, outside root, for prompt, settings and hook files. Must exist. */
  scratch: string;
  /** The environment that it gets. */
  env: Readonly<Record<string, string>>;
}

/** The same for an attempt at a task. */
export interface AttemptContext extends CommandContext {
  task: Task;
  attempt: number;
  /** Where the command sees the tree. */
  workspacePath: string;
  /** The plan's other tasks, so that an agent that is refused a write can be told whose file it is. */
  others: readonly Ownership[];
  /** Patterns match whatever the case (the root's file system does). */
  caseInsensitive: boolean;
}

/** A question to an agent that may look at the working tree and change nothing. */
export interface Question extends CommandContext {
  model?: string;
  /** A persona of the working tree's. */
  persona?: string;
}

/** Something an agent's output line meant. */
export type AgentEvent =
  | { type: 'message'; text: string }
  | { type: 'tool'; tool: string; summary: string; error?: boolean }
  | { type: 'usage'; inputTokens: number; outputTokens: number; turns?: number };

/** How a finished command is to be judged, before the changeset and `verify` are looked at. */
export type Verdict = { ok: true } | { ok: false; reason: string; rateLimited?: { retryAfterMs?: number } };

/** How a command ended. `stderrTail` is the last 4 KiB of its standard error. */
export interface CommandEnd {
  exitCode: number | null;
  signal: string | null;
  stderrTail: string;
}

/** Reads the output of one attempt, line by line. */
export interface OutputReader {
  /** What a line of standard output meant. It comes without its newline; long lines arrive cut at 1 MiB. */
  line(text: string): AgentEvent[];
  /** Judges the end. */
  finish(end: CommandEnd): Verdict;
}

/** One kind of agent (or plain command) that forge can run: a file of its own over persona.ts, preflight.ts and verdict.ts. */
export interface Adapter {
  readonly name: string;
  /** Takes prompts (agents) rather than `run:` commands. */
  readonly takesPrompt: boolean;
  /** The agent creates files with private modes: give new files what umask would give (see NOTES-droid). */
  readonly normaliseNewFileModes: boolean;
  /**
   * Checks before a run starts that the tasks' agent can run: its program, its settings, the tasks' personas.
   * `env` is forge's own environment. @throws AgentUnavailableError that names everything wrong and what to do
   */
  preflight(tasks: readonly Task[], root: string, env: NodeJS.ProcessEnv): Promise<void>;
  /** The command for an attempt; what it needs is written into `scratch`. */
  prepare(context: AttemptContext): Promise<Command>;
  /**
   * The command that answers a question without being able to change a file: the last message that `reader` finds in
   * its output is the answer. Missing where an agent cannot be kept from writing. @throws ForgeError (2)
   */
  prepareQuestion?(question: Question): Promise<Command>;
  reader(): OutputReader;
}
