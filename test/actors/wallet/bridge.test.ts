import { join } from "node:path";
import { expect } from "chai";
import { Interface, type JsonRpcProvider } from "ethers";

import { openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import type { L1Account, SendRequest } from "../../../actors/l1/l1Account.ts";
import type { LedgerApi } from "../../../actors/rpc/ledgerApi.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { Bridge } from "../../../actors/wallet/bridge.ts";
import { messageToWords } from "../../../protocol/message.ts";
import { depositsOf, FakeL1, keyPair } from "../support/fakeL1.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const SENDER = "0x00000000000000000000000000000000000000cc";
const TOKEN = new Interface([
  "function allowance(address owner, address spender) view returns (uint256)",
  "function balanceOf(address owner) view returns (uint256)",
]);

describe("A deposit", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => folder.remove());

  /** Sends a deposit to an account that exists while the Rollup asks for `fee`; the ether sent along. */
  async function etherFor(fee: bigint): Promise<bigint | undefined> {
    const { rollup, parameters } = new FakeL1();
    const abi = contractInterface("rollup/Rollup");
    const selector = abi.getFunction("depositFee")!.selector;
    const word = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;
    const log = {
      ...abi.encodeEventLog("MessageSent", [1, messageToWords(depositsOf(0)[1]!), 0]),
      address: parameters.address,
    };
    const requests: SendRequest[] = [];
    const provider = {
      call: ({ data }: { data: string }) => {
        if (data === selector) return Promise.resolve(word(fee));
        expect(TOKEN.parseTransaction({ data })).not.to.equal(null);
        return Promise.resolve(word(10n ** 18n));
      },
      getTransaction: () => Promise.resolve({ data: requests[0]!.data }),
    } as unknown as JsonRpcProvider;
    const account = {
      address: SENDER,
      send: (request: SendRequest) => {
        requests.push(request);
        return Promise.resolve({ receipt: { hash: "0x1", gasUsed: 1n, logs: [log] } });
      },
    } as unknown as L1Account;
    const key = keyPair(0).publicKey;
    const ledger = {
      status: () => Promise.resolve({ l1: { synced: 0, head: 0 } }),
      account: () => Promise.resolve({ leaf: 0, key }),
    } as unknown as LedgerApi;
    const journal = openActorJournal({ path: join(folder.path, "journal"), logger: silentLogger });
    try {
      const bridge = new Bridge({ provider, rollup, account, journal });
      const { leaf, registered } = await bridge.deposit({ token: "asset", key, ledger, amount: 5n });
      expect({ leaf, registered }).to.deep.equal({ leaf: 0, registered: false });
    } finally {
      journal.close();
    }
    expect(requests).to.have.length(1);
    return requests[0]!.value;
  }

  it("sends no ether while the Inbox has room", async () => {
    expect(await etherFor(0n)).to.equal(0n);
  });

  it("sends the Rollup's fee and a quarter more once there is one", async () => {
    expect(await etherFor(1_000n)).to.equal(1_250n);
  });
});
