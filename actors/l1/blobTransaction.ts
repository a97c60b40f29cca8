import { type BaseWallet, Transaction, hexlify } from "ethers";

import type { BlobSidecar } from "./blobSidecar.ts";
import type { L1Fees } from "./fees.ts";

/** Parameters of {@link signTransaction}. */
export interface SignTransactionParameters {
  signer: BaseWallet;
  chainId: number;
  nonce: number;
  to: string | null;
  data: string;
  value: bigint;
  gasLimit: bigint;
  fees: L1Fees;
  /** With a sidecar the transaction is a blob transaction (type 3), otherwise a fee-market one (type 2). */
  sidecars?: readonly BlobSidecar[];
}

/** A signed transaction in the form `eth_sendRawTransaction` takes. */
export interface SignedTransaction {
  raw: string;
  hash: string;
}

/** Signs a transaction; its hash is known before it is sent, so that a lost answer loses nothing. */
export function signTransaction(parameters: SignTransactionParameters): SignedTransaction {
  const { signer, chainId, nonce, to, data, value, gasLimit, fees, sidecars } = parameters;
  const transaction = Transaction.from({
    type: sidecars ? 3 : 2,
    chainId,
    nonce,
    to,
    data,
    value,
    gasLimit,
    maxFeePerGas: fees.maxFeePerGas,
    maxPriorityFeePerGas: fees.maxPriorityFeePerGas,
  });
  if (sidecars) {
    transaction.maxFeePerBlobGas = fees.maxFeePerBlobGas;
    transaction.blobs = sidecars.map(({ blob, commitment, proof }) => ({
      data: hexlify(blob),
      commitment: hexlify(commitment),
      proof: hexlify(proof),
    }));
    if (sidecars.some(({ wrapper }) => wrapper === 1)) transaction.blobWrapperVersion = 1;
  }
  transaction.signature = signer.signingKey.sign(transaction.unsignedHash);
  return { raw: transaction.serialized, hash: transaction.hash! };
}
