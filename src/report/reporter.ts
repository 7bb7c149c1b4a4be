import type { Writable } from 'node:stream';
import type { ForgeEvent } from '../journal/index.js';

/** Shows a run while it happens. */
export interface Reporter {
  /** The next event of the journal. */
  event(event: ForgeEvent): void;
  /** Writes what is left; nothing is written afterwards. Resolves when the streams took it. */
  close(): void | Promise<void>;
  /** A question is asked: the live table leaves the screen. */
  pause?(): void;
  resume?(): void;
}

/** What `createReporter` needs to know. */
export interface ReporterOptions {
  kind: 'live' | 'plain' | 'json' | 'quiet';
  /** A terminal has a size. */
  stdout: Writable & { columns?: number; rows?: number };
  stderr: Writable;
  color: boolean;
  /** Print every line that agents and commands print. */
  verbose: boolean;
  /** Add annotations, groups and a step summary for GitHub Actions. */
  github?: boolean;
  /** Absolute path of the plan, for annotations. */
  planFile?: string;
  /** Lines of the plan's gates, for annotations. */
  gateLines?: Readonly<Record<string, number>>;
  /** Events already in the journal when a run is resumed: they are known, not shown. */
  before?: Iterable<ForgeEvent>;
  /** Default: the environment of this process. */
  env?: Readonly<Record<string, string | undefined>>;
}
