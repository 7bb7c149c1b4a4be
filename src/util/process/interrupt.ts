import { ExitCode, ForgeError } from '../errors.js';

/** SIGINT, SIGTERM or SIGHUP came: the reason with which a signal is aborted. */
export class InterruptedError extends ForgeError {
  constructor(exitCode: ExitCode) {
    super('interrupted', exitCode);
  }
}

/** How forge ends after an interrupt; undefined where there was none. */
export function interruption(signal: AbortSignal): { exitCode: ExitCode; reason: string } | undefined {
  if (!signal.aborted) return undefined;
  const { reason } = signal;
  const exitCode = reason instanceof InterruptedError ? reason.exitCode : ExitCode.interrupted;
  return { exitCode, reason: 'interrupted' };
}

const EXIT_CODES: Readonly<Partial<Record<NodeJS.Signals, ExitCode>>> = {
  SIGINT: ExitCode.interrupted,
  SIGTERM: ExitCode.terminated,
  SIGHUP: ExitCode.terminated,
};

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. The first one aborts `signal`, so that what is going on can end in order; the
 * second ends forge at once; `second` may say with another exit code. A SIGHUP is never the second: when a terminal goes
 * away, the kernel, the shell and whoever else was in between may each send one. `dispose` stops listening.
 */
export function listenForInterrupt(on: { first: () => void; second?: () => ExitCode | undefined }): {
  signal: AbortSignal;
  dispose: () => void;
} {
  const controller = new AbortController();
  let hungUp = false;
  const handler = (name: NodeJS.Signals) => {
    const before = interruption(controller.signal);
    if (before && name === 'SIGHUP') return;
    if (before) process.exit(on.second?.() ?? before.exitCode);
    hungUp = name === 'SIGHUP';
    on.first();
    controller.abort(new InterruptedError(EXIT_CODES[name]!));
  };
  for (const name of Object.keys(EXIT_CODES)) process.on(name, handler);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of Object.keys(EXIT_CODES)) process.off(name, handler);
      // More may still come for the same terminal: they must not end forge by signal on its last steps.
      if (hungUp) process.on('SIGHUP', () => undefined);
    },
  };
}
