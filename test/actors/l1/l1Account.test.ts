import { join } from "node:path";
import { expect } from "chai";
import { Interface, type JsonRpcProvider, Wallet } from "ethers";

import { type ActorJournal, type SendEntry, openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { Anvil } from "../../../actors/l1/anvil.ts";
import { ensureTrustedSetup } from "../../../actors/l1/blobSidecar.ts";
import { ContractErrorDecoder } from "../../../actors/l1/contractErrors.ts";
import { L1Account, RevertError } from "../../../actors/l1/l1Account.ts";
import { connectL1 } from "../../../actors/l1/provider.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { localAddress, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const GWEI = 1_000_000_000n;
const blob = new Uint8Array(131_072);
/** Creation code of a contract whose every call reverts with `Broken(7)`. */
const errors = new Interface(["error Broken(uint256 code)"]);
const revertData = errors.encodeErrorResult("Broken", [7]).slice(2).padEnd(128, "0");
const RUNTIME = `7f${revertData.slice(0, 64)}6000527f${revertData.slice(64, 128)}60205260246000fd`;
const CREATION = `0x60${(RUNTIME.length / 2).toString(16)}600c60003960${(RUNTIME.length / 2).toString(16)}6000f3${RUNTIME}`;

describe("L1 account", function () {
  this.timeout(30_000);
  let anvil: Anvil;
  let provider: JsonRpcProvider;
  let journal: ActorJournal;
  let folder: ReturnType<typeof temporaryFolder>;
  let user = 1;

  before(async () => {
    ensureTrustedSetup(); // takes seconds, which a transaction in the pool does not have
    anvil = new Anvil({ port: 0, logger: silentLogger });
    await anvil.start();
    provider = await connectL1({ url: anvil.url, chainId: 31337 });
  });
  after(async () => {
    provider.destroy();
    await anvil.stop();
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    journal = openActorJournal({ path: join(folder.path, "journal"), logger: silentLogger });
    user++;
    await rpc("anvil_setBalance", [localAddress(user), `0x${(10n ** 21n).toString(16)}`]);
  });
  afterEach(() => {
    journal.close();
    folder.remove();
  });

  const account = (options: { provider?: JsonRpcProvider; journal?: ActorJournal } = {}): L1Account =>
    new L1Account({
      provider,
      signer: new Wallet(localPrivateKey(user)),
      chainId: 31337,
      logger: silentLogger,
      errors: new ContractErrorDecoder([errors]),
      journal,
      pollInterval: 10,
      ...options,
    });
  const rpc = (method: string, params: unknown[] = []): Promise<unknown> =>
    provider.send(method, params) as Promise<unknown>;

  it("sends several at once, each with its nonce, hashes in the journal first", async () => {
    const sender = account();
    const results = await Promise.all(
      [1n, 2n, 3n].map((value) =>
        sender.send({ purpose: `pay-${value}`, to: sender.address, data: "0x", value }),
      ),
    );
    expect(results.map(({ attempts }) => attempts)).to.deep.equal([1, 1, 1]);
    const sent = journal.entries.filter((entry) => entry.type === "send");
    expect(sent.map(({ nonce }) => nonce)).to.deep.equal([0, 1, 2]);
    expect(sent.map(({ hash }) => hash).sort()).to.deep.equal(results.map(({ hash }) => hash).sort());
  });

  for (const blobs of [undefined, [blob]]) {
    it(`replaces ${blobs ? "a blob" : "an ordinary"} transaction whose fees are too low`, async () => {
      const sender = account();
      await rpc("evm_setAutomine", [false]);
      const pending = sender.send({
        purpose: "slow",
        to: sender.address,
        data: "0x",
        gasLimit: 30_000n,
        ...(blobs ? { blobs } : {}),
      });
      while (journal.entries.length === 0) await sleep(10);
      const { hash } = journal.entries[0] as SendEntry;
      while (!(await provider.getTransaction(hash))) await sleep(20);
      // A base fee above the offer: empty blocks until the account asks for a bump.
      for (let i = 0; i < 12 && journal.entries.filter(({ type }) => type === "send").length < 2; i++) {
        await rpc("anvil_setNextBlockBaseFeePerGas", [`0x${(20n * GWEI).toString(16)}`]);
        await rpc("evm_mine");
        await sleep(400);
      }
      await rpc("anvil_setNextBlockBaseFeePerGas", [`0x${GWEI.toString(16)}`]);
      await rpc("evm_mine");
      await rpc("evm_setAutomine", [true]);
      const { receipt, attempts } = await pending;
      expect(attempts).to.be.greaterThan(1);
      expect(receipt.status).to.equal(1);
      expect(await provider.getTransactionCount(sender.address)).to.equal(1);
    });
  }

  it("takes over the nonce of a transaction that an earlier run left in the pool", async () => {
    await rpc("evm_setAutomine", [false]);
    const abort = new AbortController();
    const earlier = account().send({
      purpose: "left",
      to: account().address,
      data: "0x",
      value: 1n,
      signal: abort.signal,
    });
    while (journal.entries.length === 0) await sleep(10);
    await sleep(100);
    abort.abort();
    const ended = await earlier.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isActorError(ended, "TRANSACTION_NOT_MINED")).to.equal(true);

    // Another account on the same journal, as after a restart: it knows what to replace, and needs one version.
    const next = account().send({ purpose: "next", to: account().address, data: "0x", value: 2n });
    while (journal.entries.length < 2) await sleep(10);
    await sleep(200);
    await rpc("evm_mine");
    await rpc("evm_setAutomine", [true]);
    const { hash } = await next;
    const transaction = (await provider.getTransaction(hash))!;
    expect(transaction.value).to.equal(2n);
    expect(transaction.nonce).to.equal(0);
  });

  /** The provider, some of its methods others. */
  const changed = (methods: object): JsonRpcProvider =>
    new Proxy(provider, {
      get(target, key) {
        const value: unknown = Reflect.get(key in methods ? methods : target, key, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });

  /** A connection that breaks at the first transactions, before L1 has them or after. */
  const breaking = (times: number, arrives: boolean): { provider: JsonRpcProvider; broken: () => number } => {
    let broken = 0;
    const proxy = changed({
      send: async (method: string, params: unknown[]): Promise<unknown> => {
        if (method !== "eth_sendRawTransaction" || broken === times) return provider.send(method, params);
        broken++;
        if (arrives) await provider.send(method, params);
        throw Object.assign(new Error("request timeout"), { code: "TIMEOUT" });
      },
    });
    return { provider: proxy, broken: () => broken };
  };

  // On a chain that mines on demand: no block comes that would make a replacement due.
  for (const [title, arrives, times] of [
    ["loses nothing with a lost answer", true, 1],
    ["loses nothing with lost questions", false, 3],
  ] as const) {
    it(title, async () => {
      const deaf = breaking(times, arrives);
      const sender = account({ provider: deaf.provider });
      const { receipt, attempts } = await sender.send({ purpose: "deaf", to: sender.address, data: "0x" });
      expect([deaf.broken(), attempts]).to.deep.equal([times, 1]);
      expect(receipt.status).to.equal(1);
      expect(await provider.getTransactionCount(sender.address)).to.equal(1);
    });
  }

  it("creates a contract where no receiver is named", async () => {
    const { receipt } = await account().send({ purpose: "create", data: CREATION });
    expect(await provider.getCode(receipt.contractAddress!)).to.equal(`0x${RUNTIME}`);
  });

  it("tells a revert's custom error, before sending and after mining", async () => {
    const sender = account();
    const creation = await rpc("eth_sendTransaction", [{ from: sender.address, data: CREATION }]);
    const { contractAddress } = (await provider.getTransactionReceipt(String(creation)))!;
    const call = { purpose: "broken", to: contractAddress!, data: "0x" };

    const refused = await sender.send(call).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(RevertError);
    expect((refused as RevertError).code).to.equal("TRANSACTION_REFUSED");
    expect((refused as RevertError).contractError?.text).to.equal("Broken(code: 7)");

    const reverted = await sender.send({ ...call, gasLimit: 100_000n }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect((reverted as RevertError).code).to.equal("TRANSACTION_REVERTED");
    expect((reverted as RevertError).contractError?.text).to.equal("Broken(code: 7)");
  });

  it("waits for a receipt that comes from a server behind the one that counts", async () => {
    let polls = 0;
    const lagging = changed({
      getTransactionReceipt: (hash: string) =>
        ++polls > 10 ? provider.getTransactionReceipt(hash) : Promise.resolve(null),
    });
    const sender = account({ provider: lagging });
    const { receipt } = await sender.send({ purpose: "work", to: sender.address, data: "0x" });
    expect(receipt.status).to.equal(1);
    expect(polls).to.equal(11);
  });

  it("does not take a server that fails for a revert", async () => {
    const failing = changed({
      estimateGas: () => Promise.reject(Object.assign(new Error("request timeout"), { code: "TIMEOUT" })),
    });
    const sender = account({ provider: failing });
    const error = await sender.send({ purpose: "work", to: sender.address, data: "0x" }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(isActorError(error, "L1_UNREACHABLE")).to.equal(true);
    expect(String(error)).to.include("work was not sent: L1 does not answer (request timeout); try again");
  });
});
