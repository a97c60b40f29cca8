import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD, RPC, show } from "./ledgerOptions.ts";
import { dated, KEYSTORE, VALIDATOR, validatorOption } from "./stakeOptions.ts";

export const stakeStatusTask = task(
  "stake:status",
  "Shows where a validator stands; without one, the set, its queue, and when a deposit made now would be active",
)
  .addOption({ ...KEYSTORE, description: "Keystore of the validator; no password is needed" })
  .addOption(VALIDATOR)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => stakeStatus(options, hre)))
  .build();

interface StakeStatusOptions {
  keystore: string | undefined;
  validator: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function stakeStatus(options: StakeStatusOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { Registry } = await import("../actors/staking/registry.ts");

  const { json } = options;
  const name = await validatorOption(options);
  const deployment = openDeployment(options, hre);
  await withL1({ ...options, account: undefined }, deployment, hre, async ({ provider }) => {
    const registry = new Registry({ provider, deployment });
    if (name === undefined) {
      const set = await registry.set();
      const { time, nextActivation } = set;
      show(json, {
        ...set,
        time: dated(json, time),
        nextActivation: dated(json, nextActivation) ?? (json ? null : "when the bootstrap set is complete"),
      });
      return;
    }
    const validator = await registry.validator(name);
    const { activeFrom, payableAt } = validator;
    show(json, { ...validator, activeFrom: dated(json, activeFrom), payableAt: dated(json, payableAt) });
  });
}
