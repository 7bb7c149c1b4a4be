/** What has to be ended or removed, in the order in which it came (as TC39's AsyncDisposableStack, which Node 20 lacks). */
export class DisposalStack {
  #steps: (() => Promise<unknown>)[] = [];

  /** Has something done when the rest that came later is done. */
  defer(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  /** Does all of it, once, the latest first, whatever fails. @throws the first error of them */
  async dispose(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
