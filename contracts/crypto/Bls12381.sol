// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The two domain tags of the signature scheme; see `Bls12381`.
enum Tag {
    Signature,
    Possession
}

/// @notice The 768 bytes that the pairing check takes, and where each point stands in them.
///
///   0x000  -G1                128
///   0x080  signature, in G2   256
///   0x180  public key, in G1  128
///   0x200  hash of the message, in G2   256
///
/// Coordinates are 64 bytes each, big-endian, the top 16 zero; an element of Fp2 is c0, then c1.
struct PairingInput {
    uint256[24] words;
}

/// @title BLS12-381 signatures
/// @notice Public keys in G1, signatures in G2, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ over messages of
/// 32 bytes, by the precompiles of EIP-2537. Proofs of possession use the tag BLS_POP_... of the same suite, so that no
/// other signature, whatever its message, is ever one.
///
/// Points travel in calldata without padding: a key is 96 bytes (x, y), a signature 192 (x.c0, x.c1, y.c0, y.c1).
/// @dev What the precompiles check is not checked again: coordinates below p, points on the curve, and in the pairing
/// the subgroup. What they let pass is refused by the callers: the point at infinity as a key or as a sum of keys.
library Bls12381 {
    /// @dev Field modulus p, as two words.
    uint256 private constant _P_HI = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant _P_LO = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev floor(2^636 / p), for Barrett's reduction of 512 bits.
    uint256 private constant _MU = 0x9d835d2f3cc9e45ce28101b0cc7a6ba291b82741ff6a0a94bdf4771e0286779d;

    uint256 private constant _G1_X_HI = 0x17f1d3a73197d7942695638c4fa9ac0f;
    uint256 private constant _G1_X_LO = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    uint256 private constant _MINUS_G1_Y_HI = 0x114d1d6855d545a8aa7d76c8cf2e21f2;
    uint256 private constant _MINUS_G1_Y_LO =
        0x67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca;

    /// @dev The 43 bytes of a tag and its length byte 0x2b, which is "+".
    bytes32 private constant _SIGNATURE_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_S";
    bytes32 private constant _POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_S";
    bytes32 private constant _TAG_END = "SWU_RO_POP_+";

    /// @notice A precompile failed: malformed input, or too little gas.
    error Bls12381__PrecompileFailed(uint256 precompile);

    /// @notice Whether one key signed a message. A point that the precompile refuses makes it revert.
    function verify(
        uint256[3] calldata key,
        uint256[6] calldata signature,
        Tag tag,
        bytes32 message
    ) internal view returns (bool) {
        PairingInput memory input = prepare(signature);
        loadKey(input, key, 0x180);
        hashToG2(input, tag, message);

        return pairs(input);
    }

    /// @notice First 224 bits of keccak256 over the key as the precompiles take it, 128 bytes.
    function hashKey(uint256[3] calldata key) internal pure returns (bytes28 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 0)
            mstore(add(free, 0x40), 0)
            calldatacopy(add(free, 0x10), key, 0x30)
            calldatacopy(add(free, 0x50), add(key, 0x30), 0x30)
            hash := and(keccak256(free, 0x80), not(0xffffffff))
        }
    }

    /// @notice Input with generator and signature in place.
    function prepare(uint256[6] calldata signature) internal pure returns (PairingInput memory input) {
        input.words[0] = _G1_X_HI;
        input.words[1] = _G1_X_LO;
        input.words[2] = _MINUS_G1_Y_HI;
        input.words[3] = _MINUS_G1_Y_LO;
        assembly ("memory-safe") {
            let at := add(mload(input), 0x90)
            calldatacopy(at, signature, 0x30)
            calldatacopy(add(at, 0x40), add(signature, 0x30), 0x30)
            calldatacopy(add(at, 0x80), add(signature, 0x60), 0x30)
            calldatacopy(add(at, 0xc0), add(signature, 0x90), 0x30)
        }
    }

    /// @dev Writes a key, padded, at `offset` of the input. The 128 bytes there must have zero padding.
    function loadKey(PairingInput memory input, uint256[3] calldata key, uint256 offset) internal pure {
        assembly ("memory-safe") {
            let at := add(mload(input), offset)
            calldatacopy(add(at, 0x10), key, 0x30)
            calldatacopy(add(at, 0x50), add(key, 0x30), 0x30)
        }
    }

    /// @notice Whether the key in place is the point at infinity, for which a signature at infinity would verify.
    function isKeyInfinite(PairingInput memory input) internal pure returns (bool) {
        return (input.words[12] | input.words[13] | input.words[14] | input.words[15]) == 0;
    }

    /// @notice The pairing check e(-G1, signature)·e(key, hash) = 1. Reverts when the precompile refuses a point.
    function pairs(PairingInput memory input) internal view returns (bool) {
        (bool success, bool one) = tryPairs(input, gasleft());
        if (!success) revert Bls12381__PrecompileFailed(0x0f);

        return one;
    }

    /// @notice The same with a stated allowance of gas, all of which is lost when the precompile refuses a point.
    function tryPairs(
        PairingInput memory input,
        uint256 allowance
    ) internal view returns (bool success, bool one) {
        assembly ("memory-safe") {
            success := staticcall(allowance, 0x0f, mload(input), 0x300, 0, 0x20)
            one := and(success, eq(mload(0), 1))
        }
    }

    /// @notice Whether the signature in place is a point of the curve with coordinates below p, in the subgroup or not. Too
    /// little gas gives false.
    /// @dev An addition to the point at infinity checks that much, and costs 600 gas.
    function isSignatureOnCurve(PairingInput memory input) internal view returns (bool onCurve) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mcopy(free, add(mload(input), 0x80), 0x100)
            calldatacopy(add(free, 0x100), calldatasize(), 0x100)
            onCurve := staticcall(gas(), 0x0d, free, 0x200, free, 0x100)
        }
    }

    /// @notice hash_to_curve of RFC 9380 for G2, written behind the key.
    function hashToG2(PairingInput memory input, Tag tag, bytes32 message) internal view {
        bytes32 tagStart = tag == Tag.Possession ? _POSSESSION_TAG : _SIGNATURE_TAG;
        uint256 failed;

        assembly ("memory-safe") {
            // x mod p of the 512 bits at `ptr`, in place. With q = floor(floor(x / 2^256)·mu / 2^380), q·p is at most x
            // and less than 3p below it.
            function reduce(ptr) {
                let hi := mload(ptr)
                let lo := mload(add(ptr, 0x20))
                let mm := mulmod(hi, _MU, not(0))
                let low := mul(hi, _MU)
                let q := shr(124, sub(sub(mm, low), lt(mm, low)))

                mm := mulmod(q, _P_LO, not(0))
                low := mul(q, _P_LO)
                hi := sub(hi, add(mul(q, _P_HI), sub(sub(mm, low), lt(mm, low))))
                hi := sub(hi, lt(lo, low))
                lo := sub(lo, low)
                for {} or(gt(hi, _P_HI), and(eq(hi, _P_HI), iszero(lt(lo, _P_LO)))) {} {
                    hi := sub(sub(hi, _P_HI), lt(lo, _P_LO))
                    lo := sub(lo, _P_LO)
                }
                mstore(ptr, hi)
                mstore(add(ptr, 0x20), lo)
            }

            // Scratch: 256 bytes of field elements, behind them the hash's buffer, later two points of 256 bytes.
            let u := mload(0x40)
            let buffer := add(u, 0x100)

            // expand_message_xmd, 256 bytes. b_0 hashes 64 zero bytes, the message, the length 256, 0 and the tag;
            // b_i hashes b_0 xor b_(i-1), i and the tag, all in the same place.
            mstore(buffer, 0)
            mstore(add(buffer, 0x20), 0)
            mstore(add(buffer, 0x40), message)
            mstore(add(buffer, 0x60), shl(240, 0x0100))
            mstore(add(buffer, 0x63), tagStart)
            mstore(add(buffer, 0x83), _TAG_END)
            if iszero(staticcall(gas(), 0x02, buffer, 0x8f, 0, 0x20)) {
                failed := 0x02
            }
            let b0 := mload(0)
            let previous := 0
            for {
                let i := 1
            } lt(i, 9) {
                i := add(i, 1)
            } {
                mstore(add(buffer, 0x42), xor(b0, previous))
                mstore8(add(buffer, 0x62), i)
                let out := add(u, shl(5, sub(i, 1)))
                if iszero(staticcall(gas(), 0x02, add(buffer, 0x42), 0x4d, out, 0x20)) {
                    failed := 0x02
                }
                previous := mload(out)
            }

            // hash_to_field: the residues lie as the precompile wants them.
            reduce(u)
            reduce(add(u, 0x40))
            reduce(add(u, 0x80))
            reduce(add(u, 0xc0))

            // The map's precompile clears the cofactor, so the sum lies in the subgroup.
            if iszero(staticcall(gas(), 0x11, u, 0x80, buffer, 0x100)) {
                failed := 0x11
            }
            if iszero(staticcall(gas(), 0x11, add(u, 0x80), 0x80, add(buffer, 0x100), 0x100)) {
                failed := 0x11
            }
            if iszero(staticcall(gas(), 0x0d, buffer, 0x200, add(mload(input), 0x200), 0x100)) {
                failed := 0x0d
            }
        }
        if (failed != 0) revert Bls12381__PrecompileFailed(failed);
    }
}
