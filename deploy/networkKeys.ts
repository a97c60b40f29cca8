/** Private keys that the configuration of a network names. */
import { HDNodeWallet } from "ethers";
import type { NetworkConfig } from "hardhat/types/config";

/** Key of an account of an HTTP network, 32 bytes as hex; undefined when the configuration has none at that place. */
export async function configuredKey(
  network: NetworkConfig | undefined,
  index: number,
): Promise<string | undefined> {
  const accounts = network?.type === "http" ? network.accounts : "remote";
  if (accounts === "remote") return undefined;
  if (Array.isArray(accounts)) return accounts[index]?.getHexString();
  if (index >= accounts.count) return undefined;
  const [phrase, passphrase] = [await accounts.mnemonic.get(), await accounts.passphrase.get()];
  const path = `${accounts.path}/${accounts.initialIndex + index}`;
  return HDNodeWallet.fromPhrase(phrase, passphrase, path).privateKey;
}
