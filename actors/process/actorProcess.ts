import type { Service } from "../support/service.ts";

/** The services of one process, in the order in which they need each other. */
export class ActorProcess implements Service {
  readonly #services: readonly Service[];
  #stopping = false;

  constructor(services: readonly Service[]) {
    this.#services = services;
  }

  async start(): Promise<void> {
    for (const service of this.#services) {
      if (this.#stopping) return;
      await service.start();
    }
  }

  /** Stops them in the opposite order, also one that is just starting. It cannot be started again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const service of this.#services.toReversed()) await service.stop();
  }
}
