/**
 * Keeps the connections that an operator asked for: dials each address at the start, and looks now and then whether its peer
 * is gone. A peer that cannot be reached is told of once, and once more when it is back.
 */
import type { Multiaddr } from "@multiformats/multiaddr";

import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { peerIdOf } from "./addresses.ts";

/** Parameters of {@link BootstrapPeers}. */
export interface BootstrapPeersOptions {
  addresses: readonly Multiaddr[];
  /** Connects, and says to whom. */
  dial: (address: Multiaddr, signal: AbortSignal) => Promise<string>;
  isConnected: (peer: string) => boolean;
  /** Milliseconds between looks. */
  every: number;
  logger: Logger;
}

interface Wanted {
  address: Multiaddr;
  /** Known from the address, or since the first connection. */
  peer: string | undefined;
  /** The last try failed. */
  lost: boolean;
  dialing: Promise<void> | undefined;
}

export class BootstrapPeers implements Service {
  readonly #options: BootstrapPeersOptions;
  readonly #wanted: readonly Wanted[];
  #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BootstrapPeersOptions) {
    this.#options = options;
    this.#wanted = options.addresses.map((address) => ({
      address,
      peer: peerIdOf(address),
      lost: false,
      dialing: undefined,
    }));
  }

  /** Does not wait for anybody. */
  start(): Promise<void> {
    this.#abort = new AbortController();
    this.#timer ??= setInterval(() => this.#look(), this.#options.every);
    this.#look();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#abort.abort();
    await Promise.all(this.#wanted.flatMap(({ dialing }) => dialing ?? []));
  }

  /** Dials whoever is missing. */
  #look(): void {
    for (const wanted of this.#wanted) {
      const { peer, dialing } = wanted;
      if (dialing || (peer !== undefined && this.#options.isConnected(peer))) continue;
      wanted.dialing = this.#dial(wanted).finally(() => (wanted.dialing = undefined));
    }
  }

  async #dial(wanted: Wanted): Promise<void> {
    const { dial, logger } = this.#options;
    const { signal } = this.#abort;
    const address = wanted.address.toString();
    try {
      wanted.peer = await dial(wanted.address, signal);
      wanted.lost = false;
      logger.info({ address, peer: wanted.peer }, "connected to a peer");
    } catch (error) {
      if (signal.aborted) return;
      const fields = { address, error: messageOf(error) };
      if (wanted.lost) logger.debug(fields, "a peer is still not reached");
      else logger.warn(fields, "a peer is not reached; trying again");
      wanted.lost = true;
    }
  }
}
