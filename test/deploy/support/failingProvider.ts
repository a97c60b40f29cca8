/** A connection to L1 that fails at one chosen moment: at a transaction, before L1 has it or after. */
import { JsonRpcProvider, Network } from "ethers";

import type { Target } from "../../../deploy/target.ts";

/** What goes wrong. */
export interface Failure {
  /** Which `eth_sendRawTransaction`, from 1. */
  at: number;
  /** Whether L1 gets it all the same. */
  moment: "before" | "after";
  /**
   * `death`: nothing goes through from then on, as for a process that was killed; `lost`: this answer alone is lost;
   * `full`: the pool refuses.
   */
  kind: "death" | "lost" | "full";
}

class FailingProvider extends JsonRpcProvider {
  readonly #failure: Failure;
  #sends = 0;
  #dead = false;

  constructor(url: string, chainId: number, failure: Failure) {
    const network = Network.from(chainId);
    super(url, network, { staticNetwork: network, cacheTimeout: -1, batchMaxCount: 1 });
    this.#failure = failure;
  }

  override async send(method: string, params: unknown[]): Promise<unknown> {
    if (this.#dead) throw new Error("socket hang up");
    if (method !== "eth_sendRawTransaction" || ++this.#sends !== this.#failure.at)
      return super.send(method, params);
    const { kind, moment } = this.#failure;
    this.#dead = kind === "death";
    if (moment === "after") await super.send(method, params);
    throw new Error(kind === "full" ? "txpool is full" : "socket hang up");
  }
}

/** For `DeploySurroundings.openTarget`. */
export function failingTarget(
  { url, chainId }: { url: string; chainId: number },
  failure: Failure,
): () => Promise<Target> {
  return () =>
    Promise.resolve({
      network: "public",
      url,
      chainId,
      provider: new FailingProvider(url, chainId, failure),
    });
}
