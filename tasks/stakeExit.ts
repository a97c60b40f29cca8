import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, OptionError, RECORD, required, RPC, show, text } from "./ledgerOptions.ts";
import { dated, KEYSTORE, PASSWORD_FILE, requiredValidator, VALIDATOR } from "./stakeOptions.ts";

export const stakeExitTask = task(
  "stake:exit",
  "Takes a validator out of the set; its stake is paid by stake:withdraw after the exit delay",
)
  .addOption(KEYSTORE)
  .addOption(VALIDATOR)
  .addOption(text("recipient", "Address that is paid; default: the withdrawer"))
  .addFlag({
    name: "signed",
    description: "Sign with the keystore's key, so that any account may send it; the withdrawer is paid",
  })
  .addOption(PASSWORD_FILE)
  .addOption({ ...ACCOUNT, description: `${ACCOUNT.description}; the withdrawer, unless --signed` })
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => stakeExit(options, hre)))
  .build();

interface StakeExitOptions {
  keystore: string | undefined;
  validator: string | undefined;
  recipient: string | undefined;
  signed: boolean;
  passphraseFile: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function stakeExit(options: StakeExitOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, passphraseOf, withL1 } = await import("./ledgerContext.ts");
  const { readKeystore } = await import("../actors/staking/keystore.ts");
  const { Staker } = await import("../actors/staking/staker.ts");
  const { toAddress } = await import("../protocol/address.ts");

  const { json, signed } = options;
  const name = await requiredValidator(options);
  const recipient = options.recipient === undefined ? undefined : toAddress(options.recipient);
  if (signed && recipient !== undefined)
    throw new OptionError("--recipient with --signed", "only the withdrawer may choose one");
  const path = signed ? required("keystore", options.keystore) : undefined;
  const deployment = openDeployment(options, hre);

  await withL1(options, deployment, hre, async ({ provider, account }) => {
    const staker = new Staker({ provider, deployment, account: await account() });
    const sent =
      path === undefined
        ? await staker.exit(name, recipient)
        : await staker.exitSigned(
            await readKeystore({ path, password: () => passphraseOf(options.passphraseFile, hre) }),
          );
    const { keyHash, state, recipient: paid, payableAt } = sent.validator;
    show(json, {
      validator: keyHash,
      state,
      recipient: paid,
      payableAt: dated(json, payableAt),
      hash: sent.hash,
      gasUsed: sent.gasUsed,
    });
  });
}
