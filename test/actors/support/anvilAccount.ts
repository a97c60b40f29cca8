/** Accounts on an anvil that mines when it is told to, for tests of what waits in the pool. */
import { join } from "node:path";
import { type Interface, type JsonRpcProvider, Wallet } from "ethers";

import { type ActorJournal, type SendEntry, openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { Anvil, type AnvilOptions } from "../../../actors/l1/anvil.ts";
import { ensureTrustedSetup } from "../../../actors/l1/blobSidecar.ts";
import { ContractErrorDecoder } from "../../../actors/l1/contractErrors.ts";
import { L1Account, type L1AccountOptions } from "../../../actors/l1/l1Account.ts";
import { connectL1 } from "../../../actors/l1/provider.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { localAddress, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

export const GWEI = 1_000_000_000n;

export interface AnvilBench {
  url: string;
  provider: JsonRpcProvider;
  /** An account of a user without transactions, with its journal. */
  account(options?: Partial<L1AccountOptions>): L1Account;
  /** Of the present user. */
  journal(): ActorJournal;
  /** The next user: another key, an empty journal, automine off. */
  nextUser(): Promise<void>;
  rpc<T>(method: string, params?: unknown[]): Promise<T>;
  /** Mines blocks with this base fee, at least one. */
  mine(options?: { baseFee?: bigint; blocks?: number }): Promise<void>;
  /** Waits until so many versions are in the journal, and the last one is in the pool. */
  untilSent(count: number): Promise<SendEntry[]>;
  /** A transaction of pool or chain, waited for. */
  transaction(hash: string): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts anvil. */
export async function startAnvilBench(
  errors: readonly Interface[] = [],
  options: Partial<AnvilOptions> = {},
): Promise<AnvilBench> {
  ensureTrustedSetup(); // takes seconds, which the first test does not have
  const anvil = new Anvil({ port: 0, logger: silentLogger, ...options });
  await anvil.start();
  const provider = await connectL1({ url: anvil.url, chainId: 31337 });
  let user = 0;
  let folder: ReturnType<typeof temporaryFolder> | undefined;
  let journal: ActorJournal | undefined;
  const rpc = <T>(method: string, params: unknown[] = []): Promise<T> =>
    provider.send(method, params) as Promise<T>;
  const transaction = async (hash: string): Promise<Record<string, string>> => {
    for (;;) {
      const found = await rpc<Record<string, string> | null>("eth_getTransactionByHash", [hash]);
      if (found) return found;
      await sleep(10);
    }
  };
  const close = (): void => {
    journal?.close();
    folder?.remove();
  };
  return {
    url: anvil.url,
    provider,
    rpc,
    account: (options = {}) =>
      new L1Account({
        provider,
        signer: new Wallet(localPrivateKey(user)),
        chainId: 31337,
        logger: silentLogger,
        errors: new ContractErrorDecoder(errors),
        journal: journal!,
        pollInterval: 10,
        ...options,
      }),
    journal: () => journal!,
    async nextUser() {
      close();
      user++;
      folder = temporaryFolder();
      journal = openActorJournal({ path: join(folder.path, "journal"), logger: silentLogger });
      await rpc("anvil_dropAllTransactions");
      await rpc("anvil_setBalance", [localAddress(user), `0x${(10n ** 21n).toString(16)}`]);
      await rpc("evm_setAutomine", [false]);
      await rpc("anvil_setNextBlockBaseFeePerGas", [`0x${GWEI.toString(16)}`]);
      await rpc("evm_mine");
    },
    async mine({ baseFee, blocks = 1 } = {}) {
      for (let i = 0; i < blocks; i++) {
        if (baseFee !== undefined)
          await rpc("anvil_setNextBlockBaseFeePerGas", [`0x${baseFee.toString(16)}`]);
        await rpc("evm_mine");
      }
    },
    async untilSent(count) {
      const sends = (): SendEntry[] => journal!.entries.filter((entry) => entry.type === "send");
      while (sends().length < count) await sleep(10);
      await transaction(sends().at(-1)!.hash);
      return sends();
    },
    transaction,
    async stop() {
      close();
      provider.destroy();
      await anvil.stop();
    },
  };
}

/** What a promise was rejected with; undefined when it was not. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
