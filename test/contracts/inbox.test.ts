import { expect } from "chai";
import { concat, type ContractTransactionResponse, type Interface, toBeHex, type Wallet } from "ethers";

import { nextRecord, packMessage, rollMessage, words } from "../helpers/layout.ts";
import { expectPlainRevert, expectRefusal } from "../helpers/refusal.ts";
import { deployRollup, type RollupDriver, type RollupParameters } from "../helpers/rollup.ts";

const P = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
/** Generator of Grumpkin, and its negation: the same x, the other parity. */
const G = [1n, 17631683881184975370165255887551781615748388533673675138860n] as const;
const NEGATED = [1n, P - G[1]] as const;

async function withUser(
  parameters: Partial<RollupParameters> = {},
): Promise<{ driver: RollupDriver; user: Wallet }> {
  const driver = await deployRollup({ parameters });
  const user = driver.members[0]!;
  await driver.fund(user.address);
  await driver.approve(user);
  await driver.toSlot(0);
  return { driver, user };
}

describe("Inbox", () => {
  let driver: RollupDriver;
  let user: Wallet;
  let abi: Interface;
  let hash = 0n;

  before(async () => {
    ({ driver, user } = await withUser());
    abi = driver.rollup.interface;
  });

  /** The `MessageSent` of a transaction, checked against the message it should be. */
  async function expectMessage(
    sending: Promise<ContractTransactionResponse>,
    index: bigint,
    message: string,
  ): Promise<void> {
    const receipt = (await (await sending).wait())!;
    const log = receipt.logs.find(({ address }) => address === driver.rollup.target)!;
    const event = abi.parseLog(log)!;
    hash = rollMessage(hash, message);
    expect(event.name).to.equal("MessageSent");
    expect(event.args.index).to.equal(index);
    expect((event.args.message as bigint[]).map((w) => toBeHex(w, 32).slice(2)).join("")).to.equal(
      `${message.slice(2)}${"00".repeat(8)}`,
    );
    expect(event.args.rollingHash).to.equal(hash);
    const time = BigInt((await receipt.getBlock()).timestamp) - driver.genesisTime;
    expect(await driver.rollup.inboxWord(index)).to.equal((hash << 32n) | time);
    expect((await driver.rollup.status()).inboxCount).to.equal(index);
  }

  it("registers accounts in order, with either token", async () => {
    const message = {
      type: 1n,
      index: 0n,
      second: G[1] & 1n,
      address: BigInt(user.address),
      amount: 5_000n,
      keyOrS: G[0],
      e: 0n,
    };
    await expectMessage(
      driver.contracts.feePortal.connect(user).register(...G, 5_000n),
      1n,
      packMessage(message),
    );
    await expectMessage(
      driver.contracts.assetPortal.connect(user).register(...NEGATED, 1_000n),
      2n,
      packMessage({ ...message, type: 2n, index: 1n, second: NEGATED[1] & 1n, amount: 1_000n }),
    );
    expect((await driver.rollup.status()).accounts).to.equal(2n);
    expect(await driver.contracts.feeToken.balanceOf(driver.contracts.feePortal.target)).to.equal(5_000n);
    expect(await driver.contracts.asset.balanceOf(driver.contracts.assetPortal.target)).to.equal(1_000n);
  });

  it("queues deposits, whatever key the leaf has: the ledger returns what does not fit", async () => {
    const amount = 2n ** 70n + 3n;
    await expectMessage(
      driver.contracts.assetPortal.connect(user).deposit(0, ...NEGATED, amount),
      3n,
      packMessage({
        type: 2n,
        index: 0n,
        second: NEGATED[1] & 1n,
        address: BigInt(user.address),
        amount,
        keyOrS: 1n,
        e: 0n,
      }),
    );
  });

  it("queues forced transactions for ether, and returns what was too much", async () => {
    const forced = {
      nonce: 7n,
      to: BigInt(user.address),
      amount: 9n,
      s: 2n ** 253n + 1n,
      e: 2n ** 127n + 5n,
    };
    for (const [kind, gas] of [
      [1n, 10_000n],
      [2n, 15_000n],
    ] as const) {
      const queue = (await driver.rollup.status()).inboxCount;
      const { inboxRing, forcedFeePerL2Gas } = driver.parameters;
      const fee = (gas * forcedFeePerL2Gas * inboxRing) / (inboxRing - queue);
      expect(await driver.rollup.forcedFee(kind)).to.equal(fee);
      const provider = driver.connection.ethers.provider;
      const before = await provider.getBalance(driver.rollup.target);
      await expectMessage(
        driver.rollup
          .connect(user)
          .force(kind, 1, forced.nonce, forced.to, forced.amount, forced.s, forced.e, {
            value: fee + 123n,
          }),
        queue + 1n,
        packMessage({
          type: kind + 2n,
          index: 1n,
          second: forced.nonce,
          address: forced.to,
          amount: forced.amount,
          keyOrS: forced.s,
          e: forced.e,
        }),
      );
      expect((await provider.getBalance(driver.rollup.target)) - before).to.equal(fee);
    }
  });

  describe("refuses", () => {
    const force = (kind: bigint, from: bigint, value: bigint) =>
      driver.rollup.connect(user).force(kind, from, 0, 1, 1, 1, 1, { value });

    it("a forced transaction that pays too little, of an unknown kind, or from an unknown account", async () => {
      const fee = await driver.rollup.forcedFee(1);
      await expectRefusal(force(1n, 0n, fee - 1n), abi, "Rollup__ForcedFeeTooLow", [fee, fee - 1n]);
      await expectRefusal(force(0n, 0n, fee), abi, "Rollup__UnknownKind", [0n]);
      await expectRefusal(force(3n, 0n, fee), abi, "Rollup__UnknownKind", [3n]);
      await expectRefusal(force(1n, 2n, fee), abi, "Rollup__UnknownAccount", [2n, 2n]);
    });

    it("a deposit past the portals", () =>
      expectRefusal(
        driver.rollup.connect(user).deposit(0, ...G, user.address, 1n),
        abi,
        "Rollup__OnlyPortal",
        [user.address],
      ));

    it("keys off the curve, at infinity, or not canonical", async () => {
      const portal = driver.contracts.feePortal.connect(user);
      for (const [x, y] of [
        [1n, 2n],
        [0n, 0n],
        [1n + P, G[1]],
        [1n, G[1] + P],
        [G[1], 1n],
      ] as const) {
        await expectRefusal(portal.deposit(0, x, y, 5n), abi, "Rollup__KeyNotOnCurve", [x, y]);
      }
    });

    it("nothing, too much, too little to register, and leaves nobody has", async () => {
      const portal = driver.contracts.feePortal.connect(user);
      await expectRefusal(portal.deposit(0, ...G, 0n), abi, "Rollup__AmountOutOfRange", [0n]);
      await expectRefusal(portal.register(...G, 999n), abi, "Rollup__BelowMinimumRegistration", [
        1_000n,
        999n,
      ]);
      await expectRefusal(portal.deposit(2, ...G, 5n), abi, "Rollup__UnknownAccount", [2n, 2n]);
    });

    it("too little of either token to register, each by its own least amount", async () => {
      const { driver: other, user: holder } = await withUser({
        minimumFeeRegistration: 50n,
        minimumAssetRegistration: 7n,
      });
      const { feePortal, assetPortal } = other.contracts;
      for (const [portal, least] of [
        [feePortal, 50n],
        [assetPortal, 7n],
      ] as const) {
        const register = portal.connect(holder).register;
        await expectRefusal(register(...G, least - 1n), abi, "Rollup__BelowMinimumRegistration", [
          least,
          least - 1n,
        ]);
        await register(...G, least);
      }
    });

    it("holdings of 2^95 and more", async () => {
      const { driver: rich, user: whale } = await withUser();
      const { feeToken, feePortal } = rich.contracts;
      await feeToken.mint(whale.address, 2n ** 95n);
      const portal = feePortal.connect(whale);
      await portal.register(...G, 2n ** 94n);
      await expectRefusal(portal.deposit(0, ...G, 2n ** 94n), feePortal.interface, "Portal__CapExceeded", [
        2n ** 95n,
      ]);
      await portal.deposit(0, ...G, 2n ** 94n - 1n);
    });

    it("a message into a full ring, until a proof has consumed some", async () => {
      const full = await withUser();
      const { rollup, feePortal } = full.driver.contracts;
      const portal = feePortal.connect(full.user);
      await portal.register(...G, 1_000n);
      const ring = full.driver.parameters.inboxRing;
      const base = 10_000n * full.driver.parameters.forcedFeePerL2Gas;
      const deposit = async () => portal.deposit(0, ...G, 1n, { value: await rollup.depositFee() });
      for (let i = 2n; i < ring - 1n; ++i) await deposit();
      // The last place.
      expect(await rollup.forcedFee(1)).to.equal((base * ring) / 2n);
      expect(await rollup.depositFee()).to.equal((base * (ring - 4n)) / 2n);
      await deposit();
      await expectRefusal(deposit(), abi, "Rollup__InboxFull", [ring - 1n]);

      await full.driver.propose(1, { messages: 2n });
      await expectRefusal(deposit(), abi, "Rollup__InboxFull");
      await full.driver.toSlot(4);
      await rollup.submitEpochProof(full.driver.epochProof(1, 1));
      expect((await rollup.status()).provenMessages).to.equal(2n);
      await deposit();
      await deposit();
      await expectRefusal(deposit(), abi, "Rollup__InboxFull");
    });

    it("a deposit into a ring more than half full that does not pay for it; what is over comes back", async () => {
      const { driver: filling, user: sender } = await withUser();
      const { rollup, feePortal } = filling.contracts;
      const portal = feePortal.connect(sender);
      await portal.register(...G, 1_000n);
      const { inboxRing: ring, forcedFeePerL2Gas } = filling.parameters;
      for (let queue = 1n; queue <= ring / 2n; ++queue) {
        expect(await rollup.depositFee()).to.equal(0n);
        await portal.deposit(0, ...G, 1n);
      }
      const fee = (10_000n * forcedFeePerL2Gas * 2n) / (ring / 2n - 1n);
      expect(await rollup.depositFee()).to.equal(fee);
      for (const value of [0n, fee - 1n]) {
        const args = [fee, value];
        const attempt = portal.deposit(0, ...G, 1n, { value });
        await expectRefusal(attempt, abi, "Rollup__DepositFeeTooLow", args);
        await expectRefusal(portal.register(...G, 1_000n, { value }), abi, "Rollup__DepositFeeTooLow", args);
      }

      const { provider } = filling.connection.ethers;
      const before = await provider.getBalance(sender.address);
      const receipt = await (await portal.deposit(0, ...G, 1n, { value: fee + 9n })).wait();
      expect(before - (await provider.getBalance(sender.address))).to.equal(fee + receipt!.fee);
      expect(await provider.getBalance(rollup.target)).to.equal(fee);
      expect(await provider.getBalance(feePortal.target)).to.equal(0n);
    });

    it("values wider than their place in the message", async () => {
      const values = [1n, 0n, 0n, 1n, 1n, 1n, 1n];
      const value = await driver.rollup.forcedFee(1);
      const selector = abi.getFunction("force")!.selector;
      // nonce32, to160, amount96, e128
      for (const [i, bits] of [
        [2, 32n],
        [3, 160n],
        [4, 96n],
        [6, 128n],
      ] as const) {
        const calldata = concat([selector, words(...values.with(i, 1n << bits))]);
        const sent = user.sendTransaction({ to: driver.rollup.target, data: calldata, value });
        await expectPlainRevert(sent);
      }
    });

    it("an amount that no balance can hold, even from a portal", async () => {
      const { networkHelpers, ethers } = driver.connection;
      const portal = driver.contracts.feePortal.target as string;
      await networkHelpers.impersonateAccount(portal);
      await networkHelpers.setBalance(portal, 10n ** 18n);
      const rollup = driver.rollup.connect(await ethers.getSigner(portal));
      await expectRefusal(rollup.deposit(0, ...G, user.address, 2n ** 95n), abi, "Rollup__AmountOutOfRange", [
        2n ** 95n,
      ]);
    });

    it("an account beyond the ledger's tree", async () => {
      const { driver: crowded, user: late } = await withUser();
      await crowded.contracts.feePortal.connect(late).register(...G, 1_000n);
      // As if 2^20 leaves were given out: the count stands in the tip, the Rollup's first slot.
      const { networkHelpers } = crowded.connection;
      const tip = await crowded.rollup.tip();
      await networkHelpers.setStorageAt(crowded.rollup.target as string, 0, tip + ((2n ** 20n - 1n) << 192n));
      await expectRefusal(
        crowded.contracts.feePortal.connect(late).register(...G, 1_000n),
        abi,
        "Rollup__AccountsExhausted",
        [],
      );
      await crowded.contracts.feePortal.connect(late).deposit(2n ** 20n - 1n, ...G, 1n);
    });

    it("to keep what was paid too much by a contract that takes no ether", async () => {
      const { networkHelpers, ethers } = driver.connection;
      // The token has no receive function.
      const contract = driver.contracts.asset.target as string;
      await networkHelpers.impersonateAccount(contract);
      await networkHelpers.setBalance(contract, 10n ** 18n);
      const rollup = driver.rollup.connect(await ethers.getSigner(contract));
      const value = await rollup.forcedFee(1);
      await expectRefusal(
        rollup.force(1, 0, 0, 1, 1, 1, 1, { value: value + 1n }),
        abi,
        "Rollup__RefundFailed",
        [],
      );
      await rollup.force(1, 0, 0, 1, 1, 1, 1, { value });
    });
  });

  describe("consumption", () => {
    it("follows the rolling hash in order, survives a prune, and goes on from the proven cursor", async () => {
      const { driver: chain, user: sender } = await withUser();
      const portal = chain.contracts.feePortal.connect(sender);
      await portal.register(...G, 1_000n);
      for (let i = 0; i < 4; ++i) await portal.deposit(0, ...G, 1n);

      await chain.propose(1, { messages: 1n });
      await chain.propose(2, { messages: 0n });
      const third = await chain.propose(3, { messages: 2n });
      expect(third.record[3] & 0xffffffffn).to.equal(3n);
      expect(await chain.rollup.recordHash(3)).to.not.equal("0x");
      await chain.toSlot(4);
      await chain.rollup.submitEpochProof(chain.epochProof(1, 3));
      await chain.propose(5, { messages: 2n });
      // Epoch 1 is not proven in time: the two messages are open again.
      chain.rewind(3);
      await chain.propose(12, { messages: 2n });
      expect((await chain.rollup.status()).provenMessages).to.equal(3n);
    });

    it("must take an overdue message, or as many as a block can", async () => {
      const { driver: chain, user: sender } = await withUser({ messageDeadline: 100n });
      const portal = chain.contracts.feePortal.connect(sender);
      await chain.toSlot(0, 30n);
      await portal.register(...G, 1_000n);
      // Sent at second 30 (and 31, 32, 33): due at 130, that is from slot 2 on, whose start is 144.
      for (let i = 1; i < 4; ++i) await portal.deposit(0, ...G, 1n);
      await chain.propose(1);

      await chain.toSlot(2);
      for (const messages of [0n, 1n]) {
        await expectRefusal(
          chain.sendPropose(chain.fields(2n, { messages })),
          abi,
          "Rollup__OverdueMessageLeft",
          [messages + 1n],
        );
      }
      // Four are overdue and two fit: that is enough.
      await chain.propose(2, { messages: 2n });
      await chain.propose(3, { messages: 2n });
      await chain.propose(4);
    });

    it("measures what is overdue at the slot's start", async () => {
      const { driver: chain, user: sender } = await withUser({ messageDeadline: 100n });
      await chain.toSlot(0, 45n);
      await chain.contracts.feePortal.connect(sender).register(...G, 1_000n);
      // Due at second 145; slot 2 starts at 144 and a block may land as late as 215.
      await chain.toSlot(2, 71n);
      await chain.sendPropose(chain.fields(2n));
      expect((await chain.rollup.status()).pending).to.equal(1n);
    });

    it("calls a message overdue that falls due at the very start", async () => {
      const { driver: chain, user: sender } = await withUser({ messageDeadline: 100n });
      await chain.toSlot(0, 44n);
      await chain.contracts.feePortal.connect(sender).register(...G, 1_000n);
      await chain.toSlot(2);
      await expectRefusal(chain.sendPropose(chain.fields(2n)), abi, "Rollup__OverdueMessageLeft", [1n]);
      await chain.propose(2, { messages: 1n });
    });

    it("goes on after a prune of several epochs with hundreds of overdue messages, in order, as fast as it can", async () => {
      const { driver: chain, user: sender } = await withUser({
        proofSubmissionEpochs: 3n,
        recordRing: 17n,
        inboxRing: 512n,
        maxMessages: 16n,
        messageDeadline: 100n,
      });
      const portal = chain.contracts.feePortal.connect(sender);
      await portal.register(...G, 1_000n);
      const sent = 240n;
      for (let i = 1n; i < sent; ++i) await portal.deposit(0, ...G, i, { gasLimit: 200_000n });

      // Four epochs that nobody proves in time take 128 of them, and give them back.
      for (const slot of [3, 4, 5, 8, 9, 12, 13, 14]) await chain.propose(slot, { messages: 16n });
      await chain.toSlot(16, 0n);
      await chain.rollup.prune();
      chain.rewind(0);
      expect((await chain.rollup.status()).provenMessages).to.equal(0n);

      let [slot, first] = [16n, 1];
      for (let consumed = 0n; consumed < sent; consumed += 16n, ++slot) {
        await chain.toSlot(slot);
        const tooFew = chain.sendPropose(chain.fields(slot, { messages: 15n }));
        await expectRefusal(tooFew, abi, "Rollup__OverdueMessageLeft", [consumed + 16n]);
        const { record } = await chain.propose(slot, { messages: 16n });
        expect(record[3] & 0xffffffffn).to.equal(consumed + 16n);
        if (slot % 4n !== 3n) continue;
        await chain.rollup.submitEpochProof(chain.epochProof(first, chain.blocks.length));
        first = chain.blocks.length + 1;
      }
      // Fifteen blocks: queue over messages a block.
      expect(slot).to.equal(16n + sent / 16n);
      await chain.propose(slot);
      expect((await chain.rollup.status()).provenMessages).to.equal(192n);
    });

    it("binds the order: a proof over the same messages in another order is refused", async () => {
      const { driver: chain, user: sender } = await withUser();
      const portal = chain.contracts.feePortal.connect(sender);
      await portal.register(...G, 1_000n);
      await portal.deposit(0, ...G, 1n);
      await chain.propose(1, { messages: 2n });
      await chain.toSlot(4);
      const [block] = chain.blocks;

      const message = (amount: bigint) =>
        packMessage({
          type: 1n,
          index: 0n,
          second: G[1] & 1n,
          address: BigInt(sender.address),
          amount,
          keyOrS: G[0],
          e: 0n,
        });
      const hashOf = (...amounts: bigint[]) =>
        amounts.reduce((hash_, amount) => rollMessage(hash_, message(amount)), 0n);
      const { slotsPerEpoch, fees } = chain.parameters;
      const recordOver = (messageHash: bigint) =>
        nextRecord({
          parent: chain.genesis,
          block: block!.fields,
          versionedHash: block!.sidecar.versionedHash,
          proposer: block!.proposer,
          messageHash,
          slotsPerEpoch,
          fees,
          l1Fees: block!.l1Fees,
        });
      expect(block!.record).to.deep.equal(recordOver(hashOf(1_000n, 1n)));
      const honest = chain.epochProof(1, 1);
      const swapped = { ...honest, end: recordOver(hashOf(1n, 1_000n)) };
      expect(swapped.end[0]).to.not.equal(honest.end[0]);
      const errors = [abi, chain.contracts.policy.interface];
      await expectRefusal(chain.rollup.submitEpochProof(swapped), errors, "Rollup__WrongEndRecord");
      const proofs = [chain.mockProof(swapped)];
      await expectRefusal(
        chain.rollup.submitEpochProof({ ...honest, proofs }),
        errors,
        "VerifierPolicy__ProofRefused",
      );
    });

    it("is of one's own messages: those of another Rollup are in another queue, under another domain", async () => {
      const { driver: chain } = await withUser();
      const other = await deployRollup({ connection: chain.connection, parameters: { version: 2n } });
      const user_ = other.members[0]!;
      await other.fund(user_.address);
      await other.approve(user_);
      await other.toSlot(0);
      await other.contracts.feePortal.connect(user_).register(...G, 1_000n);
      await other.rollup
        .connect(user_)
        .force(1, 0, 0, 0, 1, 1, 1, { value: await other.rollup.forcedFee(1) });

      await chain.toSlot(3);
      await expectRefusal(
        chain.sendPropose(chain.fields(3n, { messages: 1n })),
        abi,
        "Rollup__MessageNotSent",
        [0n, 1n],
      );
      expect(chain.genesis[0]).to.not.equal(other.genesis[0]);
    });

    it("cannot take more than was sent", async () => {
      const { driver: chain, user: sender } = await withUser();
      await chain.contracts.feePortal.connect(sender).register(...G, 1_000n);
      await chain.toSlot(1);
      await expectRefusal(
        chain.sendPropose(chain.fields(1n, { messages: 2n })),
        abi,
        "Rollup__MessageNotSent",
        [1n, 2n],
      );
    });
  });
});
