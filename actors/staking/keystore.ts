/**
 * A validator's BLS key in a file of EIP-2335 (version 4), the format that Ethereum's validator clients share: the secret
 * encrypted with AES-128-CTR under a password stretched by scrypt or PBKDF2, with a checksum.
 *
 * Guarantees: a file is written whole or not at all, readable by its owner only, and never replaces another; a key that
 * was read is the one that the file names.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  pbkdf2,
  randomBytes,
  randomUUID,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";

import {
  blsPublicKey,
  blsSecretKey,
  compressKey,
  decompressKey,
  keyHash,
  type KeyHash,
  type PublicKey,
} from "../../protocol/bls.ts";
import { fromBytes, toBytes } from "../../protocol/bytes.ts";
import { writeNewFile } from "../support/newFile.ts";
import { StakingError } from "./stakingError.ts";

/** Costs of scrypt as the standard has them: 256 MiB and about a second. */
const SCRYPT = { n: 2 ** 18, r: 8, p: 1 } as const;
/** A file that asks for more is refused. */
const MOST_MEMORY = 2 ** 30;
const MOST_ROUNDS = 2 ** 24;

const bytes = z.string().regex(/^([0-9a-fA-F]{2})*$/, "hexadecimal digits");
const whole = z.number().int().positive();

const kdfSchema = z.discriminatedUnion("function", [
  z.object({
    function: z.literal("scrypt"),
    params: z.object({ dklen: z.literal(32), n: whole, r: whole, p: whole, salt: bytes }),
    message: z.literal(""),
  }),
  z.object({
    function: z.literal("pbkdf2"),
    params: z.object({ dklen: z.literal(32), c: whole, prf: z.literal("hmac-sha256"), salt: bytes }),
    message: z.literal(""),
  }),
]);

const keystoreSchema = z.object({
  crypto: z.object({
    kdf: kdfSchema,
    checksum: z.object({ function: z.literal("sha256"), params: z.object({}), message: bytes }),
    cipher: z.object({
      function: z.literal("aes-128-ctr"),
      params: z.object({ iv: bytes.length(32) }),
      message: bytes.length(64),
    }),
  }),
  description: z.string().optional(),
  pubkey: bytes.length(96).optional(),
  /** Of EIP-2334; empty for a key that was derived from nothing. */
  path: z.string(),
  uuid: z.string(),
  version: z.literal(4),
});

/** The file's content. */
export type Keystore = z.infer<typeof keystoreSchema>;

/** How the password is stretched. */
export type KeyDerivation = Keystore["crypto"]["kdf"]["function"];

/** Parameters of {@link createKeystore}. */
export interface CreateKeystoreParameters {
  path: string;
  password: string;
  /** Default: a new random one. */
  secret?: bigint;
  /** Default: scrypt. */
  kdf?: KeyDerivation;
  description?: string;
}

/** Makes a key and its file. @throws StakingError KEYSTORE_EXISTS, PASSWORD_MISSING for an empty password */
export async function createKeystore({
  path,
  password,
  secret = blsSecretKey(randomBytes(48)),
  kdf = "scrypt",
  description = "Calpulli attester",
}: CreateKeystoreParameters): Promise<KeystoreInfo> {
  const keystore = await encryptKeystore({ secret, password, kdf, description });
  if (!writeNewFile(path, `${JSON.stringify(keystore, null, 2)}\n`)) {
    throw new StakingError(
      "KEYSTORE_EXISTS",
      `${path} exists`,
      "choose another name; a key is never overwritten",
    );
  }
  return infoOf(path, keystore);
}

/** What a keystore tells without its password. */
export interface KeystoreInfo {
  path: string;
  publicKey: PublicKey;
  /** 48 bytes, as the file has it. */
  pubkey: string;
  keyHash: KeyHash;
  kdf: KeyDerivation;
  uuid: string;
  description?: string;
}

/** @throws StakingError KEYSTORE_MISSING, KEYSTORE_INVALID */
export function inspectKeystore(path: string): KeystoreInfo {
  return infoOf(path, parseKeystoreFile(path));
}

/** The keystores of a folder, by name; other files are passed over. @throws StakingError KEYSTORE_MISSING */
export function listKeystores(folder: string): KeystoreInfo[] {
  const names = onDisk(folder, () => readdirSync(folder)).filter((name) => name.endsWith(".json"));
  return names.sort().flatMap((name) => {
    try {
      return [inspectKeystore(join(folder, name))];
    } catch (error) {
      if (error instanceof StakingError && error.code === "KEYSTORE_INVALID") return [];
      throw error;
    }
  });
}

/** Parameters of {@link readKeystore}. */
export interface ReadKeystoreParameters {
  path: string;
  /** Asked for after the file was found to be good. */
  password: () => string | Promise<string>;
}

/**
 * The secret key.
 * @throws StakingError KEYSTORE_MISSING, KEYSTORE_INVALID, KEYSTORE_READABLE when others may read it, PASSWORD_WRONG
 */
export async function readKeystore({ path, password }: ReadKeystoreParameters): Promise<bigint> {
  const keystore = parseKeystoreFile(path);
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new StakingError(
      "KEYSTORE_READABLE",
      `others than its owner may read ${path}`,
      `run: chmod 600 ${path}`,
    );
  }
  return decryptKeystore(keystore, await password(), path);
}

/** Parameters of {@link encryptKeystore}. */
export interface EncryptKeystoreParameters {
  secret: bigint;
  password: string;
  kdf: KeyDerivation;
  description: string;
}

export async function encryptKeystore({
  secret,
  password,
  kdf: name,
  description,
}: EncryptKeystoreParameters): Promise<Keystore> {
  const salt = randomBytes(32).toString("hex");
  const kdf: Keystore["crypto"]["kdf"] =
    name === "scrypt"
      ? { function: "scrypt", params: { dklen: 32, ...SCRYPT, salt }, message: "" }
      : {
          function: "pbkdf2",
          params: { dklen: 32, c: 2 ** 18, prf: "hmac-sha256", salt },
          message: "",
        };
  const key = await stretch(password, kdf);
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), iv);
  const message = Buffer.concat([cipher.update(toBytes(secret, 32)), cipher.final()]);
  return {
    crypto: {
      kdf,
      checksum: { function: "sha256", params: {}, message: checksumOf(key, message).toString("hex") },
      cipher: {
        function: "aes-128-ctr",
        params: { iv: iv.toString("hex") },
        message: message.toString("hex"),
      },
    },
    description,
    pubkey: Buffer.from(compressKey(blsPublicKey(secret))).toString("hex"),
    path: "",
    uuid: randomUUID(),
    version: 4,
  };
}

/**
 * The secret of a keystore.
 * @param path names the keystore in errors
 * @throws StakingError PASSWORD_WRONG, KEYSTORE_INVALID
 */
export async function decryptKeystore(keystore: Keystore, password: string, path: string): Promise<bigint> {
  const { kdf, checksum, cipher } = keystore.crypto;
  refuseCosts(kdf, path);
  const key = await stretch(password, kdf);
  const message = Buffer.from(cipher.message, "hex");
  const wanted = Buffer.from(checksum.message, "hex");
  const actual = checksumOf(key, message);
  if (wanted.length !== actual.length || !timingSafeEqual(wanted, actual)) {
    throw new StakingError(
      "PASSWORD_WRONG",
      `the password does not open ${path}`,
      "try again; check the file too",
    );
  }
  const decipher = createDecipheriv("aes-128-ctr", key.subarray(0, 16), Buffer.from(cipher.params.iv, "hex"));
  const secret = fromBytes(Buffer.concat([decipher.update(message), decipher.final()]));
  const pubkey = publicKeyOf(secret, path);
  if (keystore.pubkey !== undefined && keystore.pubkey.toLowerCase() !== pubkey)
    throw invalid(path, "its public key is another key's");
  return secret;
}

/** Checks the form of a keystore's text. @throws StakingError KEYSTORE_INVALID */
export function parseKeystore(text: string, path: string): Keystore {
  try {
    return keystoreSchema.parse(JSON.parse(text));
  } catch (error) {
    const cause =
      error instanceof z.ZodError
        ? `${error.issues[0]!.path.join(".")} is missing or wrong`
        : "it is not JSON";
    throw invalid(path, cause);
  }
}

function parseKeystoreFile(path: string): Keystore {
  return parseKeystore(
    onDisk(path, () => readFileSync(path, "utf8")),
    path,
  );
}

function onDisk<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StakingError(
      "KEYSTORE_MISSING",
      `${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      "make a key: npx hardhat stake:keys --new FILE",
      error,
    );
  }
}

function infoOf(path: string, keystore: Keystore): KeystoreInfo {
  const { pubkey, uuid, description, crypto } = keystore;
  if (pubkey === undefined) throw invalid(path, "its public key is missing");
  let publicKey: PublicKey;
  try {
    publicKey = decompressKey(Buffer.from(pubkey, "hex"));
  } catch {
    throw invalid(path, "its public key is no point of the group");
  }
  return {
    path,
    publicKey,
    pubkey: `0x${pubkey.toLowerCase()}`,
    keyHash: keyHash(publicKey),
    kdf: crypto.kdf.function,
    uuid,
    ...(description === undefined ? {} : { description }),
  };
}

function publicKeyOf(secret: bigint, path: string): string {
  try {
    return Buffer.from(compressKey(blsPublicKey(secret))).toString("hex");
  } catch {
    throw invalid(path, "its secret is no key");
  }
}

function checksumOf(key: Buffer, message: Buffer): Buffer {
  return createHash("sha256").update(key.subarray(16, 32)).update(message).digest();
}

function refuseCosts(kdf: Keystore["crypto"]["kdf"], path: string): void {
  if (kdf.function === "pbkdf2") {
    if (kdf.params.c > MOST_ROUNDS) throw invalid(path, "its PBKDF2 rounds are out of range");
    return;
  }
  const { n, r, p } = kdf.params;
  if (128 * n * r > MOST_MEMORY || p > 16 || n < 2 || (n & (n - 1)) !== 0)
    throw invalid(path, "its scrypt costs are out of range");
}

async function stretch(
  password: string,
  { function: name, params }: Keystore["crypto"]["kdf"],
): Promise<Buffer> {
  const text = normalize(password);
  if (text.length === 0)
    throw new StakingError("PASSWORD_MISSING", "the password is empty", "choose a long one");
  const salt = Buffer.from(params.salt, "hex");
  if (name === "pbkdf2") return promisify(pbkdf2)(text, salt, params.c, params.dklen, "sha256");
  const { n, r, p, dklen } = params;
  const derive = promisify<Buffer, Buffer, number, object, Buffer>(scrypt);
  return derive(text, salt, dklen, { N: n, r, p, maxmem: 2 * MOST_MEMORY });
}

/** NFKD, without control codes, as the standard has it. */
function normalize(password: string): Buffer {
  return Buffer.from(password.normalize("NFKD").replace(/[\u0000-\u001f\u007f-\u009f]/g, ""), "utf8");
}

function invalid(path: string, reason: string): StakingError {
  return new StakingError(
    "KEYSTORE_INVALID",
    `${path} is no keystore: ${reason}`,
    "restore it from a backup",
  );
}
