interface Unsent {
  topic: string;
  data: Uint8Array;
  /** Milliseconds of the process's clock. */
  at: number;
}

/** Parameters of {@link UnsentMessages}. */
export interface UnsentMessagesOptions {
  /** Whether somebody is there to hear a topic. */
  isHeard: (topic: string) => boolean;
  send: (topic: string, data: Uint8Array) => void;
}

const MOST = 64;
/** Milliseconds after which nobody would miss it, and between looks. */
const KEPT = 30_000;
const EVERY = 100;

/** Messages that nobody was there to hear, such as in the seconds after a start; the newest few. */
export class UnsentMessages {
  readonly #options: UnsentMessagesOptions;
  #messages: Unsent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UnsentMessagesOptions) {
    this.#options = options;
  }

  keep(topic: string, data: Uint8Array): void {
    this.#messages.push({ topic, data, at: performance.now() });
    if (this.#messages.length > MOST) this.#messages.shift();
    this.#timer ??= setInterval(() => this.#look(), EVERY);
  }

  /** Forgets them. */
  clear(): void {
    this.#messages = [];
    this.#rest();
  }

  #look(): void {
    const { isHeard, send } = this.#options;
    const since = performance.now() - KEPT;
    const fresh = this.#messages.filter(({ at }) => at >= since);
    const [heard, unheard] = [true, false].map((is) => fresh.filter(({ topic }) => isHeard(topic) === is));
    this.#messages = unheard!;
    for (const { topic, data } of heard!) send(topic, data);
    if (this.#messages.length === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
