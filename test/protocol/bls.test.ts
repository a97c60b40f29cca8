import { expect } from "chai";

import { toAddress } from "../../protocol/address.ts";
import {
  blsAggregate,
  blsPublicKey,
  blsSecretKey,
  blsSign,
  blsVerify,
  blsVerifyAggregate,
  compressKey,
  decompressKey,
  exitDigest,
  keyHash,
  keyHashToHex,
  keyHashWord,
  noPointRoot,
  possessionDigest,
  provePossession,
  signaturePointWords,
  verifyPossession,
  type PublicKey,
  type Signature,
} from "../../protocol/bls.ts";
import { ProtocolError } from "../../protocol/errors.ts";

const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const domain = { chainId: 31337n, registry: toAddress(0x1234n) };
const withdrawer = toAddress(0x77n);
const request = { domain, withdrawer };
const digest = new Uint8Array(32).fill(7);

describe("protocol/bls", () => {
  it("verifies its own signatures and no others", () => {
    const key = blsPublicKey(5n);
    const signature = blsSign(5n, digest);
    expect(blsVerify(key, digest, signature)).to.equal(true);
    expect(blsVerify(key, new Uint8Array(32), signature)).to.equal(false);
    expect(blsVerify(blsPublicKey(6n), digest, signature)).to.equal(false);
    expect(blsVerify(key, digest, new Uint8Array(96) as Signature)).to.equal(false);
  });

  it("aggregates signatures of one digest", () => {
    const secrets = [11n, 12n, 13n, 14n];
    const keys = secrets.map(blsPublicKey);
    const aggregate = blsAggregate(secrets.map((secret) => blsSign(secret, digest)));
    expect(blsVerifyAggregate(keys, digest, aggregate)).to.equal(true);
    expect(blsVerifyAggregate(keys.slice(1), digest, aggregate)).to.equal(false);
    expect(blsVerifyAggregate([...keys, keys[0]!], digest, aggregate)).to.equal(false);
  });

  it("takes no aggregate for keys that cancel out", () => {
    const keys = [blsPublicKey(9n), blsPublicKey(ORDER - 9n)];
    const infinity = new Uint8Array(96) as Signature;
    infinity[0] = 0xc0;
    expect(blsVerifyAggregate(keys, digest, infinity)).to.equal(false);
    expect(blsVerifyAggregate([], digest, infinity)).to.equal(false);
  });

  it("proves possession to one chain, registry and withdrawer", () => {
    const key = blsPublicKey(21n);
    const proof = provePossession(21n, request);
    expect(verifyPossession(key, request, proof)).to.equal(true);
    for (const other of [
      { ...request, withdrawer: toAddress(0x78n) },
      { ...request, domain: { ...domain, chainId: 1n } },
      { ...request, domain: { ...domain, registry: toAddress(0x1235n) } },
    ]) {
      expect(verifyPossession(key, other, proof)).to.equal(false);
    }
    expect(verifyPossession(blsPublicKey(22n), request, proof)).to.equal(false);
  });

  it("keeps proofs of possession and signatures apart by their tags", () => {
    const key = blsPublicKey(21n);
    const bytes = possessionDigest(key, request);
    expect(verifyPossession(key, request, blsSign(21n, bytes))).to.equal(false);
    expect(blsVerify(key, bytes, provePossession(21n, request))).to.equal(false);
  });

  it("names a key by 224 bits of its hash", () => {
    const hash = keyHash(blsPublicKey(21n));
    expect(hash & 0xffffffffn).to.equal(0n);
    expect(hash).to.not.equal(keyHash(blsPublicKey(22n)));
    expect(exitDigest(blsPublicKey(21n), domain)).to.not.deep.equal(exitDigest(blsPublicKey(22n), domain));
  });

  it("writes a name in 28 bytes, and as the word that permissioned sets list", () => {
    const hash = keyHash(blsPublicKey(21n));
    expect(keyHashToHex(hash)).to.have.length(58);
    expect(keyHashWord(hash)).to.equal(`${keyHashToHex(hash)}00000000`);
  });

  it("compresses a key and reads it back", () => {
    const key = blsPublicKey(21n);
    const bytes = compressKey(key);
    expect(bytes).to.have.length(48);
    expect(decompressKey(bytes)).to.deep.equal(key);
    expect(() => decompressKey(new Uint8Array(48).fill(1))).to.throw(ProtocolError);
  });

  it("reduces any seed to a secret key", () => {
    expect(blsSecretKey(new Uint8Array(32))).to.equal(1n);
    expect(() => blsPublicKey(blsSecretKey(new Uint8Array(64).fill(255)))).not.to.throw();
  });

  it("finds the root that proves bytes to be no point, and none for a point", () => {
    const bytes = new Uint8Array(96);
    bytes[0] = 0x80;
    bytes[47] = 7;
    bytes[95] = 1;
    expect(noPointRoot(bytes)).to.have.length(4);
    expect(noPointRoot(blsSign(3n, digest))).to.equal(undefined);
    expect(noPointRoot(new Uint8Array(96).fill(0xff))).to.equal(undefined);
    expect(() => signaturePointWords(bytes as Signature)).to.throw(ProtocolError);
  });

  it("refuses secrets out of range and keys that are no points", () => {
    expect(() => blsPublicKey(0n)).to.throw(ProtocolError);
    expect(() => blsPublicKey(ORDER)).to.throw(ProtocolError);
    expect(blsVerify(new Uint8Array(96).fill(1) as PublicKey, digest, blsSign(1n, digest))).to.equal(false);
    expect(() => blsAggregate([new Uint8Array(96) as Signature])).to.throw(ProtocolError);
  });
});
