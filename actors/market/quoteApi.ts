/**
 * Quotes over HTTP, for provers outside the gossip and for whoever brings claims to L1:
 *
 *     GET  /quotes/EPOCH    valid quotes, cheapest first
 *     POST /quotes          {prover, epoch, fee, bond, validUntil, nonce, signature}, answers {"added": true}
 */
import { z } from "zod";

import { addressToHex, toAddress } from "../../protocol/address.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { MAX_QUOTE_SIGNATURE, type SignedQuote } from "../../protocol/quote.ts";
import { toEpoch } from "../../protocol/time.ts";
import type { RpcExtension } from "../rpc/rpcExtension.ts";
import { RpcError } from "../rpc/rpcError.ts";
import type { QuotePool, QuoteResult } from "./quotePool.ts";

const amount = z.codec(z.string().regex(/^\d{1,29}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => String(value),
});
const whole = z.number().int().nonnegative();

/** A signed quote as JSON. */
export const quoteSchema = z.strictObject({
  prover: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  epoch: whole.max(2 ** 32 - 1),
  fee: whole.max(10_000),
  bond: amount,
  validUntil: whole.max(2 ** 40 - 1),
  nonce: amount,
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})*$/)
    .max(2 + 2 * MAX_QUOTE_SIGNATURE),
});

/** Parameters of {@link quoteApi}. */
export interface QuoteApiOptions {
  pool: QuotePool;
  /** Takes a quote; a process with gossip passes it on. Default: the pool alone. */
  submit?: (signed: SignedQuote) => Promise<QuoteResult>;
}

/** The handler that a node's API server takes. */
export function quoteApi({ pool, submit = (signed) => pool.add(signed) }: QuoteApiOptions): RpcExtension {
  return {
    resource: "quotes",
    get(argument) {
      const epoch = whole.safeParse(Number(argument ?? "x"));
      if (!epoch.success) throw new RpcError("INPUT_INVALID", "no epoch is named", "ask for /quotes/EPOCH");
      return Promise.resolve({ quotes: pool.quotes(epoch.data).map(quoteToJson) });
    },
    async post(body) {
      const parsed = quoteSchema.safeParse(body);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new RpcError(
          "INPUT_INVALID",
          `${["quote", ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "invalid"}`,
          "see docs/market.md for its form",
        );
      }
      const result = await submit(quoteFromJson(parsed.data));
      if (!result.added) {
        throw new RpcError(
          "QUOTE_REFUSED",
          `the quote is refused: ${result.reason}`,
          "see docs/market.md for the pool's rules",
        );
      }
      return { added: true };
    },
  };
}

export function quoteToJson({ quote, signature }: SignedQuote): z.input<typeof quoteSchema> {
  return z.encode(quoteSchema, { ...quote, prover: addressToHex(quote.prover), signature });
}

export function quoteFromJson(json: z.output<typeof quoteSchema>): SignedQuote {
  const { signature, prover, epoch, ...rest } = json;
  return {
    quote: { ...rest, prover: toAddress(prover), epoch: toEpoch(epoch) },
    signature: signature as Hex,
  };
}
