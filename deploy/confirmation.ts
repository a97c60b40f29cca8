/** A deployment that costs money is confirmed by a person, who types the network's name. */
import { DeployError } from "./errors.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

/** Parameters of {@link confirm}. */
export interface ConfirmationParameters {
  network: string;
  chainId: number;
  /** Confirmed on the command line. */
  yes: boolean;
  /** Shows a question and gives the answer; absent where nobody can be asked. */
  ask: ((question: string) => Promise<string>) | undefined;
}

/** @throws DeployError NOT_CONFIRMED; never on a local chain */
export async function confirm({ network, chainId, yes, ask }: ConfirmationParameters): Promise<void> {
  if (yes || LOCAL_CHAIN_IDS.includes(chainId)) return;
  if (!ask) {
    throw new DeployError(
      "NOT_CONFIRMED",
      `a deployment to "${network}" must be confirmed, and there is no terminal to ask`,
      "read the plan with --dry-run, then add --yes",
    );
  }
  const answer = await ask(`This spends ETH on "${network}". Type the network's name to go on`);
  if (answer.trim() === network) return;
  throw new DeployError("NOT_CONFIRMED", "the plan was not confirmed, and nothing was sent", "run it again");
}
