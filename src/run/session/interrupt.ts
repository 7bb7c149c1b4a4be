import { ExitCode } from '../../util/errors/exit-code.js';

/** What Ctrl-C did so far. */
export interface Interrupt {
  /** Aborts at the first signal. */
  signal: AbortSignal;
  /** The exit code that the signal asks for, once there was one. */
  exitCode(): ExitCode | undefined;
  /** Stops listening. */
  dispose(): void;
}

const EXIT_CODES = {
  SIGINT: ExitCode.interrupted,
  SIGTERM: ExitCode.terminated,
  SIGHUP: ExitCode.terminated,
} as const;

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. The first one aborts `signal`: the run stops launching, ends its tasks and
 * keeps what they made. The second ends forge at once; `onSecond` may say with another exit code. A SIGHUP is never the
 * second: when a terminal goes away, the kernel, the shell and whoever else was in between may each send one.
 */
export function listenForInterrupt(options: {
  onFirst: (name: string) => void;
  onSecond: () => ExitCode | undefined;
}): Interrupt {
  const controller = new AbortController();
  let code: ExitCode | undefined;
  let hungUp = false;
  const handler = (name: NodeJS.Signals) => {
    if (code !== undefined && name === 'SIGHUP') return;
    if (code !== undefined) {
      process.exit(options.onSecond() ?? code);
    }
    hungUp = name === 'SIGHUP';
    code = EXIT_CODES[name as keyof typeof EXIT_CODES];
    options.onFirst(name);
    controller.abort();
  };
  for (const name of Object.keys(EXIT_CODES)) process.on(name, handler);
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose: () => {
      for (const name of Object.keys(EXIT_CODES)) process.off(name, handler);
      // More may still come for the same terminal: they must not end forge by signal on its last steps.
      if (hungUp) process.on('SIGHUP', () => undefined);
    },
  };
}
