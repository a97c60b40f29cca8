/**
 * What one user lives through while `npm start` runs: her withdrawal is paid on L1, and a transfer that the sequencer
 * refuses is forced through L1.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Interface, type JsonRpcProvider } from "ethers";

import { openActorJournal } from "../../actors/journal/actorJournal.ts";
import type { L1Account } from "../../actors/l1/l1Account.ts";
import { connectL1 } from "../../actors/l1/provider.ts";
import { RollupContract } from "../../actors/l1/rollupContract.ts";
import { NodeLedger } from "../../actors/rpc/nodeLedger.ts";
import type { LocalNetwork, SequencerRules } from "../../actors/network/localNetwork.ts";
import { messageOf } from "../../actors/support/actorError.ts";
import type { Logger } from "../../actors/support/logger.ts";
import { sleep } from "../../actors/support/sleep.ts";
import { seededUsers } from "../../actors/traffic/user.ts";
import { Bridge } from "../../actors/wallet/bridge.ts";
import type { Payment } from "../../actors/wallet/ledgerWallet.ts";
import { Withdrawals } from "../../actors/wallet/withdrawals.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress } from "../../deploy/localAccounts.ts";
import { toAddress } from "../../protocol/address.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { KIND_TRANSFER, KIND_WITHDRAW, signTransaction } from "../../protocol/transaction.ts";
import { localAccount, POLL } from "./accounts.ts";

/** What has happened so far. */
export interface StoryResult {
  withdrawal?: { epoch: number; amount: bigint; recipient: string; transaction: string };
  /** `slots`: between L1's message and the block that had to include it. */
  forced?: { refusal: string; message: number; block: number; slot: number; slots: number };
}

/** Parameters of {@link openStory}. */
export interface StoryOptions {
  url: string;
  deployment: Deployment;
  folder: string;
  /** The rules of the network's sequencers, changed while it runs. */
  rules: SequencerRules;
  logger: Logger;
  show: (line: string) => void;
  /** Ends it, the gifts before it too. */
  signal: AbortSignal;
}

/** A story that has its money and waits for a network. */
export interface Story {
  /** Resolves when all has happened; rejects when it cannot happen any more. */
  run(network: LocalNetwork, signal: AbortSignal): Promise<void>;
  readonly told: StoryResult;
  close(): void;
}

/** Account on L1 of the user, and where the withdrawal goes: one that has none of the token. */
export const USER = 8;
const RECIPIENT = 9;
const DEPOSIT = 10n ** 18n;
const WITHDRAWN = DEPOSIT / 5n;
const FORCED = DEPOSIT / 10n;
const FEES = 10n ** 17n;
const ERC20 = new Interface(["function transfer(address to, uint256 value) returns (bool)"]);

/** Connects, and gives the user tokens of the treasury, which must not be sending anything else yet. */
export async function openStory(options: StoryOptions): Promise<Story> {
  const { url, deployment, folder, logger: parent, signal } = options;
  const logger = parent.child({ actor: "story" });
  const provider = await connectL1({ url, chainId: deployment.chainId });
  const path = join(folder, "story.journal");
  rmSync(path, { force: true });
  const journal = openActorJournal({ path, logger });
  const common = { provider, chainId: deployment.chainId, logger };
  const close = (): void => {
    journal.close();
    provider.destroy();
  };
  try {
    const treasury = localAccount({ ...common, index: LOCAL_ACCOUNTS.treasury });
    const { token, asset } = deployment.addresses;
    await Promise.all(
      [
        [token, FEES],
        [asset, DEPOSIT],
      ].map(([to, amount]) =>
        treasury.send({
          purpose: "gift",
          to: to as string,
          data: ERC20.encodeFunctionData("transfer", [localAddress(USER), amount]),
          signal,
        }),
      ),
    );
    const rollup = await RollupContract.connect({ provider, deployment });
    const user = localAccount({ ...common, index: USER, journal });
    const bridge = new Bridge({ provider, rollup, account: user, journal });
    const parts = { provider, rollup, user, bridge, told: {} };
    return {
      run: (network, signal) => run({ ...options, ...parts, network, signal }),
      told: parts.told,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

interface Scene extends StoryOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  user: L1Account;
  bridge: Bridge;
  network: LocalNetwork;
  told: StoryResult;
}

async function run(scene: Scene): Promise<void> {
  const { network, bridge, rules, show, signal } = scene;
  const { keyPair } = seededUsers({ seed: 1_521, count: 1 })[0]!;
  const { node, mempool } = network;
  const ledger = new NodeLedger({ node, mempool });

  const key = keyPair.publicKey;
  const { leaf } = await bridge.deposit({ token: "fee", key, ledger, amount: FEES, signal });
  await bridge.deposit({ token: "asset", key, ledger, amount: DEPOSIT, signal });
  await until(signal, () => node.chain.tip.state.get(leaf).balance > 0n);

  const domain = truncatedToField(node.parameters.genesisHash);
  const { prices } = await ledger.status();
  const offer = { maxFeePerL2Gas: 2n * prices.feePerL2Gas, maxFeePerDaGas: 2n * prices.feePerDaGas };
  const recipient = localAddress(RECIPIENT);
  const withdraw = { kind: KIND_WITHDRAW, from: leaf, to: toAddress(recipient), amount: WITHDRAWN };
  mempool.add(signTransaction({ domain, keyPair, body: { ...withdraw, nonce: 0, ...offer } }));
  await until(signal, () => node.chain.tip.state.get(leaf).nonce === 1);
  show(`user       withdraws to L1, in block ${node.chain.tip.number}`);

  // From here on the sequencer wants nothing of her, and takes messages as late as it may.
  rules.refuseSenders.add(leaf);
  rules.messagePolicy = "whenOverdue";
  const payment: Payment = { kind: KIND_TRANSFER, to: BigInt(otherLeaf(leaf)), amount: FORCED };
  const refusal = refusalOf(() =>
    mempool.add(signTransaction({ domain, keyPair, body: { ...payment, from: leaf, nonce: 1, ...offer } })),
  );
  await Promise.all([
    finishWithdrawal(scene, recipient),
    force(scene, { ledger, refusal, send: () => bridge.force({ keyPair, from: leaf, nonce: 1, payment }) }),
  ]);
}

async function finishWithdrawal(scene: Scene, recipient: string): Promise<void> {
  const { provider, rollup, user, told, show, signal } = scene;
  const withdrawals = new Withdrawals({ provider, rollup });
  for (;;) {
    signal.throwIfAborted();
    const [open] = await withdrawals.list({ recipient });
    if (open) {
      const { epoch, index, amount } = open;
      const paid = await withdrawals.finish({ epoch, index, account: user, wait: true, signal });
      show(`user       her withdrawal of epoch ${epoch} is paid on L1`);
      told.withdrawal = { epoch, amount, recipient, transaction: paid.hash! };
      return;
    }
    await sleep(5 * POLL, signal);
  }
}

async function force(
  { network, rules, told, show, signal }: Scene,
  parts: { ledger: NodeLedger; refusal: string; send: () => Promise<{ message: number }> },
): Promise<void> {
  const { node } = network;
  const sentInSlot = node.chain.tip.record.slot;
  const { message } = await parts.send();
  show(`user       the sequencer refuses her (${parts.refusal}); she forces a transfer on L1`);
  for (;;) {
    signal.throwIfAborted();
    const status = await parts.ledger.message(message);
    if (status.state === "skipped") throw new Error(`the forced transfer was skipped: ${status.reason}`);
    if (status.state === "included") {
      const { block } = status;
      const { slot } = node.chain.block(block)!.record;
      rules.messagePolicy = "eager";
      rules.refuseSenders.clear();
      show(`user       block ${block} of slot ${slot} had to include her transfer`);
      told.forced = { refusal: parts.refusal, message, block, slot, slots: slot - sentInSlot };
      return;
    }
    await sleep(POLL, signal);
  }
}

async function until(signal: AbortSignal, condition: () => boolean): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted();
    await sleep(POLL, signal);
  }
}

/** An account of somebody else: the first two belong to whoever came first. */
function otherLeaf(leaf: number): number {
  return leaf === 0 ? 1 : 0;
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return messageOf(error).split(";")[0]!;
  }
  throw new Error("the mempool took what it was to refuse");
}
