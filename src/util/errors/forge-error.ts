import { ExitCode } from './exit-code.js';

/** An error meant for people: printed as one `forge: …` message without a stack trace, then forge exits with `exitCode`. */
export class ForgeError extends Error {
  override name = 'ForgeError';
  constructor(
    message: string,
    readonly exitCode: ExitCode = ExitCode.failed,
  ) {
    super(message);
  }
}
