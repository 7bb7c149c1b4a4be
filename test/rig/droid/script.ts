/** A tool call that the scripted model makes. In its strings `{{cwd}}` stands for the agent's working directory. */
export interface ScriptedCall {
  tool: string;
  arguments: Readonly<Record<string, unknown>>;
}

/** One answer of the scripted model. */
export type Step =
  | { text: string }
  | { calls: readonly ScriptedCall[]; text?: string }
  /** An HTTP error, `times` times (for ever if not said), then `next`. */
  | { status: number; times?: number; retryAfter?: number; message?: string; next?: Step }
  /** The connection is closed without an answer, `times` times (for ever if not said), then `next`. */
  | { drop: true; times?: number; next?: Step }
  /** Takes the request and never answers. */
  | { hang: true }
  /** An answer without text and without calls. */
  | { empty: true }
  /** Waits, then answers as `next` says. */
  | { delayMs: number; next: Step };

/** What the model says, in order; past the end it says "Done.". */
export type Scripts = Readonly<Record<string, readonly Step[]>>;

/** One request that the scripted model got, as `ScriptedModel.requests` reports it. */
export interface SeenRequest {
  script: string;
  /** Which answer of the script it asked for, from 0. */
  step: number;
  /** What it was answered: `text`, `calls`, `status 429`, … */
  answered: string;
  model: string;
  system: string;
  /** Text of every user message and tool result, in order. */
  said: string[];
  tools: string[];
}

/** Gives the marker that makes a prompt follow a script. */
export function scriptMarker(name: string): string {
  return `[[script:${name}]]`;
}
