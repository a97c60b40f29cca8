/**
 * A ledger key in a file: 32 bytes from which the Schnorr key pair follows, encrypted with a passphrase (scrypt, then
 * AES-256-GCM), or plain for networks on one machine.
 *
 * Guarantees: a file is written whole or not at all, readable by its owner only, and never replaces another; a key that
 * was read is the one that the file names, since the public key is authenticated and derived again.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";

import { bytesToHex, hexToBytes, toHex } from "../../protocol/bytes.ts";
import type { GrumpkinPoint } from "../../protocol/grumpkin.ts";
import { schnorrKeyPair, type KeyPair } from "../../protocol/schnorr.ts";
import { writeNewFile } from "../support/newFile.ts";
import { WalletError } from "./walletError.ts";

const bytes = (count: number): z.ZodString => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * count}}$`));

/** Costs of scrypt: 128 * n * r bytes, here 128 MiB and half a second. A file that asks for more than 1 GiB is refused. */
const SCRYPT = { n: 2 ** 17, r: 8, p: 1 } as const;
const MOST_MEMORY = 2 ** 30;

const encryptionSchema = z.strictObject({
  kdf: z.literal("scrypt"),
  n: z
    .number()
    .int()
    .min(2)
    .max(2 ** 20),
  r: z.number().int().min(1).max(32),
  p: z.number().int().min(1).max(16),
  salt: bytes(32),
  cipher: z.literal("aes-256-gcm"),
  iv: bytes(12),
  tag: bytes(16),
  seed: bytes(32),
});

const keyFileSchema = z.union([
  z.strictObject({
    version: z.literal(1),
    publicKey: z.strictObject({ x: bytes(32), y: bytes(32) }),
    encrypted: encryptionSchema,
  }),
  z.strictObject({
    version: z.literal(1),
    publicKey: z.strictObject({ x: bytes(32), y: bytes(32) }),
    /** Not encrypted: whoever reads the file has the key. */
    seed: bytes(32),
  }),
]);

type KeyFile = z.infer<typeof keyFileSchema>;
type Encryption = z.infer<typeof encryptionSchema>;

/** Parameters of {@link createKeyFile}. */
export interface CreateKeyFileParameters {
  path: string;
  /** Absent: the key is kept plain. */
  passphrase?: string;
  /** Default: 32 random bytes. */
  seed?: Uint8Array;
}

/** Makes a key and its file. @throws WalletError KEY_FILE_EXISTS, PASSPHRASE_MISSING for an empty passphrase */
export async function createKeyFile({
  path,
  passphrase,
  seed = randomBytes(32),
}: CreateKeyFileParameters): Promise<KeyPair> {
  if (passphrase === "")
    throw new WalletError("PASSPHRASE_MISSING", "the passphrase is empty", "choose a long one");
  const keyPair = schnorrKeyPair(seed);
  const publicKey = { x: toHex(keyPair.publicKey.x), y: toHex(keyPair.publicKey.y) };
  const file: KeyFile =
    passphrase === undefined
      ? { version: 1, publicKey, seed: bytesToHex(seed) }
      : { version: 1, publicKey, encrypted: await encrypt({ seed, passphrase, publicKey }) };
  writeNew(path, `${JSON.stringify(file, null, 2)}\n`);
  return keyPair;
}

/** What a key file tells without its passphrase. */
export interface KeyFileInfo {
  publicKey: GrumpkinPoint;
  encrypted: boolean;
}

/** @throws WalletError KEY_FILE_MISSING, KEY_FILE_INVALID */
export function inspectKeyFile(path: string): KeyFileInfo {
  const file = parseKeyFile(path);
  return { publicKey: pointOf(file), encrypted: "encrypted" in file };
}

/** Parameters of {@link readKeyFile}. */
export interface ReadKeyFileParameters {
  path: string;
  /** Asked only for an encrypted file. */
  passphrase: () => string | Promise<string>;
  /** Whether a file that is not encrypted will do: on networks without value only. */
  allowPlain: boolean;
}

/**
 * @throws WalletError KEY_FILE_MISSING, KEY_FILE_INVALID, KEY_FILE_READABLE when others may read it, KEY_FILE_PLAIN,
 * PASSPHRASE_WRONG
 */
export async function readKeyFile({ path, passphrase, allowPlain }: ReadKeyFileParameters): Promise<KeyPair> {
  const file = parseKeyFile(path);
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new WalletError(
      "KEY_FILE_READABLE",
      `others than its owner may read ${path}`,
      `run: chmod 600 ${path}`,
    );
  }
  if (!("encrypted" in file) && !allowPlain) {
    throw new WalletError(
      "KEY_FILE_PLAIN",
      `the key in ${path} is not encrypted`,
      "make one with a passphrase: plain keys are for networks on this machine",
    );
  }
  const seed = "encrypted" in file ? await decrypt(path, file, await passphrase()) : hexToBytes(file.seed);
  const keyPair = schnorrKeyPair(seed);
  const { x, y } = pointOf(file);
  if (keyPair.publicKey.x !== x || keyPair.publicKey.y !== y)
    throw invalid(path, "its public key is another key's");
  return keyPair;
}

function parseKeyFile(path: string): KeyFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new WalletError(
      "KEY_FILE_MISSING",
      `the key file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      "make one: npx hardhat ledger:key --key FILE",
      error,
    );
  }
  try {
    return keyFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw invalid(path, error instanceof z.ZodError ? "a field is missing or wrong" : "it is not JSON");
  }
}

function pointOf({ publicKey: { x, y } }: KeyFile): GrumpkinPoint {
  return { x: BigInt(x), y: BigInt(y) } as GrumpkinPoint;
}

async function encrypt(parts: {
  seed: Uint8Array;
  passphrase: string;
  publicKey: KeyFile["publicKey"];
}): Promise<Encryption> {
  const [salt, iv] = [randomBytes(32), randomBytes(12)];
  const cipher = createCipheriv("aes-256-gcm", await stretch(parts.passphrase, { ...SCRYPT, salt }), iv);
  cipher.setAAD(authenticated(parts.publicKey));
  const seed = Buffer.concat([cipher.update(parts.seed), cipher.final()]);
  return {
    kdf: "scrypt",
    ...SCRYPT,
    salt: bytesToHex(salt),
    cipher: "aes-256-gcm",
    iv: bytesToHex(iv),
    tag: bytesToHex(cipher.getAuthTag()),
    seed: bytesToHex(seed),
  };
}

async function decrypt(
  path: string,
  { encrypted, publicKey }: Extract<KeyFile, { encrypted: unknown }>,
  passphrase: string,
): Promise<Uint8Array> {
  const { n, r, p, salt, iv, tag, seed } = encrypted;
  if (128 * n * r > MOST_MEMORY || (n & (n - 1)) !== 0)
    throw invalid(path, "its scrypt costs are out of range");
  const key = await stretch(passphrase, { n, r, p, salt: hexToBytes(salt) });
  const decipher = createDecipheriv("aes-256-gcm", key, hexToBytes(iv));
  decipher.setAAD(authenticated(publicKey)).setAuthTag(hexToBytes(tag));
  try {
    return Buffer.concat([decipher.update(hexToBytes(seed)), decipher.final()]);
  } catch {
    throw new WalletError(
      "PASSPHRASE_WRONG",
      `the passphrase does not open ${path}`,
      "try again; check the file too",
    );
  }
}

/** What the tag covers besides the seed. */
function authenticated({ x, y }: KeyFile["publicKey"]): Buffer {
  return Buffer.from(`calpulli.keyfile.v1 ${x} ${y}`, "utf8");
}

function stretch(
  passphrase: string,
  costs: { n: number; r: number; p: number; salt: Uint8Array },
): Promise<Buffer> {
  const { n, r, p, salt } = costs;
  const options = { N: n, r, p, maxmem: 2 * MOST_MEMORY };
  return new Promise((resolve, reject) => {
    // One form for what looks the same, whatever keyboard it came from.
    scrypt(passphrase.normalize("NFKC"), salt, 32, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function writeNew(path: string, text: string): void {
  if (writeNewFile(path, text)) return;
  throw new WalletError(
    "KEY_FILE_EXISTS",
    `${path} exists`,
    "choose another name; a key is never overwritten",
  );
}

function invalid(path: string, reason: string): WalletError {
  return new WalletError("KEY_FILE_INVALID", `${path} is no key file: ${reason}`, "restore it from a backup");
}
