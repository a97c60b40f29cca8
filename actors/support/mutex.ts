/** Runs asynchronous sections one after another, in the order of their arrival. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `section` when all earlier ones have ended, whatever their result. */
  run<T>(section: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(section);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
