import type { Readable } from 'node:stream';
import type { Changeset, ComposedEntry, FoundChange } from './changeset/changeset.js';
import type { PathState } from './changeset/disk-tree.js';

export type BackendName = 'overlay' | 'clone' | 'copy';

/** A command for a workspace. */
export interface Command {
  /** Program and arguments, no shell. */
  argv: readonly [string, ...string[]];
  /**
   * The whole environment. Nothing is added but FORGE_ATTEMPT (the marker that finds stray processes) and, where git
   * needs it to find the right repository and no other, GIT_CEILING_DIRECTORIES or GIT_DISCOVERY_ACROSS_FILESYSTEM.
   */
  env: Readonly<Record<string, string>>;
  /** Capabilities (`sys_admin`) that it keeps beyond the usual ones. Means something to real root in a namespace only. */
  capabilities?: readonly string[];
}

/** A command that is running in a workspace. */
export interface Running {
  stdout: Readable;
  stderr: Readable;
  /** Resolves when the command itself has ended (its children may live on until `endProcesses`). Never rejects: a command that cannot be started gives `error`. */
  ended: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null; error?: Error }>;
  /** Sends a signal to the command and everything it started. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** What collecting a workspace found. */
export interface Collected {
  changeset: Changeset;
  /** Paths of FIFOs, sockets, devices: they exist but cannot be merged. */
  special: string[];
  /**
   * The top-most `.git` and `.forge` entries that were made, changed or removed (root's own two are not looked at):
   * nobody's to leave behind, so nothing of them is in the changeset.
   */
  reserved: string[];
  /**
   * What was changed in the repository that root belongs to, but outside root (`../other/y.txt`, relative to root): not in
   * a `.git` and not ignored by git. It ends with the workspace. Empty where root is the top of its repository.
   */
  outside: string[];
}

/** What is to be kept of everything that was changed, in the order of both: by path. */
export type ChooseChanges = (found: readonly FoundChange[]) => Promise<readonly FoundChange[]>;

/** A private copy-on-write view of the working tree. */
export interface Workspace {
  /** Where its commands see the tree: root's own path on `overlay`, elsewhere otherwise. */
  readonly path: string;
  /** The same tree as this process (outside any namespace) can read and write it. */
  readonly outsidePath: string;
  spawn(command: Command): Running;
  /** Ends every process still alive in the workspace; gives how many there were. */
  endProcesses(): Promise<number>;
  /**
   * Compares with what the workspace started from, lets `choose` (asked once; default: everything) say what is kept,
   * and stores that, content and all, in `into` (created; must not exist). Of what is not kept no content is ever
   * stored. Leaves out anything at or below a `.git` or `.forge`. Keeps the workspace usable.
   */
  collect(into: string, choose?: ChooseChanges): Promise<Collected>;
  /** Files changed so far, cheap enough to ask every second; undefined where that would mean walking the tree. */
  filesChanged(): Promise<number | undefined>;
  /** Ends its processes and removes everything it kept on disk. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Absolute real path of the working tree. */
  root: string;
  /** What is put on top of root first, in order: the composed changesets of what the task needs, transitively. */
  start: readonly ComposedEntry[];
  /** Unique name (run id, task, attempt), [A-Za-z0-9._-]. */
  name: string;
  /** Gives the base content of a path as it was when the run started, where it is known to differ from root now. */
  base?: BaseLookup;
}

/** Lets a collector tell a task's change from an edit that the user made to root during the run. */
export interface BaseLookup {
  /** What a path was at the start of the run; undefined = not known. */
  lookup(path: string): Promise<PathState | undefined>;
}

/** One way of making workspaces. */
export interface Backend {
  readonly name: BackendName;
  open(options: OpenOptions): Promise<Workspace>;
  /**
   * Ends and removes what its workspaces, which are closed by now, have in common (a process, a folder).
   * @throws WorkspaceError where that can't be done
   */
  close(): Promise<void>;
}

/** The backend chosen for a root, and one line that says why (shown at the start of a run). */
export interface ChosenBackend {
  backend: Backend;
  reason: string;
}
