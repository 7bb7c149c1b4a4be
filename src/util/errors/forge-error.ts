import { ExitCode } from './exit-code.js';

/** An error meant for people: printed as one `forge: …` message without a stack trace, then forge exits with `exitCode`. All else that is thrown is a bug. */
export class ForgeError extends Error {
  override name = 'ForgeError';
  constructor(
    message: string,
    readonly exitCode: ExitCode = ExitCode.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
