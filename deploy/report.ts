/** `report.md` of a deployment: the record for people, every parameter with its unit. */
import { formatEther, type InterfaceAbi } from "ethers";

import type { Deployment } from "./deployment.ts";
import { namedArguments, readable } from "./namedArguments.ts";
import { dateOf, withUnit } from "./units.ts";

/** The record as Markdown; with the contracts' ABIs also every constructor argument by its name. */
export function describeDeployment(
  deployment: Deployment,
  abis: Readonly<Record<string, InterfaceAbi>> = {},
): string {
  return [
    `# ${deployment.network}: preset ${deployment.preset}, chain ${deployment.chainId}`,
    "",
    ...contractTable(deployment),
    "",
    "| parameter | value |",
    "|---|---|",
    ...parameterLines(deployment),
    "",
    ...transactionTable(deployment),
    ...argumentSections(deployment, abis),
  ].join("\n");
}

function contractTable({ addresses }: Deployment): string[] {
  const rows = Object.entries(addresses).map(([name, at]) => `| ${name} | \`${at}\` |`);
  return ["| contract | address |", "|---|---|", ...rows];
}

function parameterLines(deployment: Deployment): string[] {
  const seconds = (value: number): string => withUnit(BigInt(value), "seconds");
  return [
    `| L1 block of the Rollup | ${deployment.block} |`,
    `| genesis | ${dateOf(deployment.genesisTime)} |`,
    `| slot | ${seconds(deployment.slotSeconds)} |`,
    `| epoch | ${deployment.epochSlots} slots, ${seconds(deployment.slotSeconds * deployment.epochSlots)} |`,
    `| time to prove an epoch | ${deployment.proofSubmissionEpochs} epochs |`,
    `| message deadline | ${seconds(deployment.messageDeadlineSeconds)} |`,
    `| withdrawal delay | ${seconds(deployment.outboxDelaySeconds)} |`,
    `| longest pause | ${seconds(deployment.pauseMaxSeconds)}, every ${seconds(deployment.pauseCooldownSeconds)} at most |`,
    `| circuit, key | ${deployment.circuit}, \`${deployment.verificationKeyHash}\` |`,
    `| genesis hash | \`${deployment.genesisHash}\` |`,
    ...validatorLines(deployment),
    `| council | \`${deployment.council}\` |`,
    `| owner | \`${deployment.owner}\` |`,
    `| deployer | \`${deployment.deployer}\`, ${deployerPower(deployment)} |`,
    `| gas of the deployment | ${gasOf(deployment).toLocaleString("en")} |`,
  ];
}

function deployerPower({ deployer, owner }: Deployment): string {
  return deployer.toLowerCase() === owner.toLowerCase() ? "which is the owner" : "without power";
}

function gasOf({ transactions }: Deployment): number {
  return transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0);
}

function validatorLines({ validators }: Deployment): string[] {
  if (validators.kind === "permissioned")
    return [`| validators | a list by the owner, ${validators.listDelaySeconds} s ahead |`];
  const { minimumStake, committeeSize, exitDelaySeconds, evidenceWindowSeconds } = validators;
  return [
    `| validators | staked, at least ${formatEther(minimumStake)} TST each, ${committeeSize} in a committee |`,
    `| exit delay, evidence window | ${exitDelaySeconds} s, ${evidenceWindowSeconds} s |`,
  ];
}

function transactionTable({ transactions }: Deployment): string[] {
  const rows = transactions.map(
    ({ role, contract, hash, block, gasUsed }) =>
      `| ${role} | ${contract.split(":").at(-1)} | ${block} | ${gasUsed.toLocaleString("en")} | \`${hash}\` |`,
  );
  return ["| creation | contract | L1 block | gas | transaction |", "|---|---|---|---|---|", ...rows];
}

function argumentSections(
  { transactions }: Deployment,
  abis: Readonly<Record<string, InterfaceAbi>>,
): string[] {
  return transactions.flatMap(({ role, contract, constructorArguments }) => {
    const abi = abis[contract];
    if (abi === undefined || constructorArguments.length === 0) return [];
    const rows = namedArguments(abi, constructorArguments).map(
      (argument) => `| ${argument.name} | ${readable(argument)} | ${argument.type} |`,
    );
    return [
      "",
      `## Constructor arguments of ${role}`,
      "",
      "| name | value | type |",
      "|---|---|---|",
      ...rows,
    ];
  });
}
