import { join } from "node:path";
import { expect } from "chai";
import type { JsonRpcProvider } from "ethers";

import { type ActorJournal, openActorJournal } from "../../../actors/journal/actorJournal.ts";
import type { L1Account } from "../../../actors/l1/l1Account.ts";
import { ActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sendOnce } from "../../../actors/wallet/sendOnce.ts";
import { WalletError } from "../../../actors/wallet/walletError.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const FROM = "0x00000000000000000000000000000000000000aa";

describe("A transaction sent once", () => {
  let journal: ActorJournal;
  let folder: ReturnType<typeof temporaryFolder>;
  /** L1: receipts by hash, and the account's nonce. */
  let receipts: Map<string, { hash: string; status: number; blockNumber: number }>;
  let nonce: number;
  let sent: number;
  /** The nonce that each send was told to have. */
  let fixedNonces: (number | undefined)[];
  /** What the next send does beside its journal entry. */
  let onSend: () => void;
  /** What happens while a request is made. */
  let onMake: () => void;

  beforeEach(() => {
    folder = temporaryFolder();
    journal = openActorJournal({ path: join(folder.path, "journal"), logger: silentLogger });
    receipts = new Map();
    nonce = sent = 0;
    fixedNonces = [];
    onSend = () => mine(`0x${sent}`);
    onMake = () => undefined;
  });
  afterEach(() => {
    journal.close();
    folder.remove();
  });

  const mine = (hash: string, status = 1): void => {
    receipts.set(hash, { hash, status, blockNumber: 5 });
    nonce++;
  };
  const send = (purpose = "deposit") => {
    const provider = {
      getTransactionReceipt: (hash: string) => Promise.resolve(receipts.get(hash) ?? null),
      getTransactionCount: () => Promise.resolve(nonce),
    } as unknown as JsonRpcProvider;
    const account = {
      address: FROM,
      send: ({ nonce: fixed }: { nonce?: number }) => {
        fixedNonces.push(fixed);
        const hash = `0x${++sent}`;
        journal.append({ type: "send", purpose, from: FROM, nonce, hash, attempt: 0 });
        onSend();
        const receipt = receipts.get(hash);
        if (!receipt) throw new ActorError("TRANSACTION_NOT_MINED", "not mined", "retry");
        journal.append({ type: "mined", purpose, hash, block: 5, success: receipt.status === 1 });
        return Promise.resolve({ hash, receipt });
      },
    } as unknown as L1Account;
    return sendOnce({
      provider,
      account,
      journal,
      purpose,
      make: () => (onMake(), Promise.resolve({ to: FROM, data: "0x" })),
    });
  };
  const crash = (): void => {
    throw new Error("crash");
  };
  const failed = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("is sent anew by each call that finds the earlier one ended", async () => {
    expect((await send()).resumed).to.equal(false);
    expect((await send()).resumed).to.equal(false);
    expect(sent).to.equal(2);
  });

  it("is found when it was mined after the crash", async () => {
    onSend = crash;
    await failed(send());
    mine("0x1");
    const { receipt, resumed } = await send();
    expect(resumed).to.equal(true);
    expect(receipt.hash).to.equal("0x1");
    expect(sent).to.equal(1);
  });

  it("is sent again in its own place when it never arrived", async () => {
    onSend = crash;
    await failed(send());
    onSend = () => mine("0x2");
    expect((await send()).resumed).to.equal(false);
    expect(sent).to.equal(2);
    // With the earlier nonce: should both be on their way, one of them is mined.
    expect(fixedNonces).to.deep.equal([undefined, 0]);
  });

  it("is found when the version of the earlier call is the one that was mined", async () => {
    onSend = crash;
    await failed(send());
    onSend = () => mine("0x1");
    const { receipt, resumed } = await send();
    expect(resumed).to.equal(true);
    expect(receipt.hash).to.equal("0x1");
  });

  it("is found when it is mined while the next request is made", async () => {
    onSend = crash;
    await failed(send());
    onMake = () => mine("0x1");
    const { receipt, resumed } = await send();
    expect(resumed).to.equal(true);
    expect(receipt.hash).to.equal("0x1");
    expect(sent).to.equal(1);
  });

  it("is sent again after a revert", async () => {
    onSend = crash;
    await failed(send());
    mine("0x1", 0);
    onSend = () => mine("0x2");
    expect((await send()).receipt.hash).to.equal("0x2");
  });

  it("is not sent beside one that still may be mined", async () => {
    journal.append({ type: "send", purpose: "deposit", from: FROM, nonce: 3, hash: "0x9", attempt: 0 });
    const error = await failed(send());
    expect(error).to.be.instanceOf(WalletError).and.include({ code: "EARLIER_TRANSACTION_WAITS" });
    expect(sent).to.equal(0);
    expect((await send("another")).resumed).to.equal(false);
  });
});
