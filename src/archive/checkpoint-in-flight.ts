/** The checkpoint that is being brought to disk and into the journal while the restore goes on; one at a time. */
export class CheckpointInFlight {
  #saving: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  /** Only after `settle`. */
  follow(saving: Promise<void>): void {
    this.#saving = saving.catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** Nothing is in flight when it resolves, however it ended. */
  async settle(): Promise<void> {
    await this.#saving;
  }

  /** After one that failed the restore must not go on. */
  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
