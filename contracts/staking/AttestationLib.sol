// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381, PairingInput, Tag} from "../crypto/Bls12381.sol";
import {CompressedG2, Fp2} from "../crypto/CompressedG2.sol";
import {Bitmap} from "../types/Bitmap.sol";
import {Epoch, Timestamp} from "../types/Time.sol";
import {IValidatorSet} from "./IValidatorSet.sol";

/// @notice What a block published: who attested and the aggregate of their signatures, compressed.
struct Aggregate {
    uint256 bitmap;
    uint256[3] signature;
}

/// @notice The committee that should have attested.
struct Committee {
    IValidatorSet set;
    address instance;
    Epoch epoch;
    Timestamp epochStart;
}

/// @title Aggregate attestations
/// @notice Checks one signature of a committee's members over one digest. The caller brings what storage has only as a
/// hash: the keys of those whose bit is set, in the order of their positions, and the signature in full.
///
/// Who brought a wrong byte decides the outcome. What the *caller* brought wrong (keys that are not the members', a point
/// that is not the published one) reverts. What the *proposer* published wrong (bits beyond the committee, less than
/// quorum, an aggregate that is not of these keys, or in no subgroup) makes the aggregate invalid.
library AttestationLib {
    /// @notice The epoch has no committee, or none that is still known: nothing can be said about its blocks.
    error Attestation__NoCommittee();
    error Attestation__WrongKeyCount(uint256 expected, uint256 actual);
    /// @notice The key hashes to something else than the member's.
    error Attestation__WrongKey(uint256 index, bytes32 expected);
    /// @notice The signature in full is not the one published, or no point.
    error Attestation__WrongSignature();
    /// @notice The pairing failed, and so did a pairing of good points with the same gas.
    error Attestation__OutOfGas();

    /// @notice Whether an aggregate is valid, for those who rely on it: gas is no concern, since what is invalid for want
    /// of gas reverts, as does a signature outside the subgroup.
    function isValid(
        Committee memory committee,
        Aggregate memory aggregate,
        bytes32 digest,
        uint256[3][] calldata keys,
        uint256[6] calldata signature
    ) internal view returns (bool) {
        (bool undecided, PairingInput memory input) = _sum(committee, aggregate, digest, keys, signature);
        return undecided && Bls12381.pairs(input);
    }

    /// @notice Whether an aggregate is invalid, for those who accuse: true at no gas limit when the aggregate is valid.
    ///
    /// A precompile that refuses a point and one that runs out of gas fail alike. So the pairing gets half of the gas; when
    /// it fails, a pairing of points at infinity, which is 1 and costs the same whatever a fork says it costs, gets no more
    /// than that. Only if this one succeeds, the points were at fault. And only if the signature is on the curve, the fault
    /// is the proposer's: of the published bytes the accuser has x and a sign, and brings y.
    function isInvalid(
        Committee memory committee,
        Aggregate memory aggregate,
        bytes32 digest,
        uint256[3][] calldata keys,
        uint256[6] calldata signature
    ) internal view returns (bool) {
        (bool undecided, PairingInput memory input) = _sum(committee, aggregate, digest, keys, signature);
        if (!undecided) return true;

        uint256 allowance = gasleft() / 2;
        (bool success, bool one) = Bls12381.tryPairs(input, allowance);
        if (success) return !one;

        PairingInput memory infinities;
        (, one) = Bls12381.tryPairs(infinities, allowance);
        if (!one) revert Attestation__OutOfGas();
        if (!Bls12381.isSignatureOnCurve(input)) revert Attestation__WrongSignature();
        return true;
    }

    /// @notice Whether the published signature is no point at all, so that nobody could bring it in full.
    function isNoSignature(Aggregate memory aggregate, Fp2 memory root) internal view returns (bool) {
        return CompressedG2.isNoPoint(aggregate.signature, root);
    }

    /// @return undecided false when the aggregate is invalid before any pairing
    function _sum(
        Committee memory committee,
        Aggregate memory aggregate,
        bytes32 digest,
        uint256[3][] calldata keys,
        uint256[6] calldata signature
    ) private view returns (bool undecided, PairingInput memory input) {
        (bytes32[] memory hashes, uint256 size) = _members(committee, aggregate.bitmap);
        if (size == 0) revert Attestation__NoCommittee();
        if (aggregate.bitmap >> size != 0 || hashes.length < Bitmap.quorum(size)) return (false, input);
        if (keys.length != hashes.length) revert Attestation__WrongKeyCount(hashes.length, keys.length);
        if (!CompressedG2.matches(aggregate.signature, signature)) revert Attestation__WrongSignature();

        input = Bls12381.prepare(signature);
        uint256 wrong = _addKeys(input, hashes, keys);
        if (wrong != 0) revert Attestation__WrongKey(wrong - 1, hashes[wrong - 1]);
        // Keys with proofs of possession cancel out when one owner made them so. Then anybody's signature fits, none does.
        if (Bls12381.isKeyInfinite(input)) return (false, input);

        Bls12381.hashToG2(input, Tag.Signature, digest);
        return (true, input);
    }

    /// @dev `membersOf` whose answer stays where it arrives. The set is trusted: it says who is in the committee.
    function _members(
        Committee memory committee,
        uint256 bitmap
    ) private view returns (bytes32[] memory hashes, uint256 size) {
        bytes memory query = abi.encodeCall(
            IValidatorSet.membersOf,
            (committee.instance, committee.epoch, committee.epochStart, bitmap)
        );
        address set = address(committee.set);
        assembly ("memory-safe") {
            let success := staticcall(gas(), set, add(query, 0x20), mload(query), 0, 0)
            let answer := mload(0x40)
            returndatacopy(answer, 0, returndatasize())
            mstore(0x40, add(answer, returndatasize()))
            if iszero(success) {
                revert(answer, returndatasize())
            }
            size := mload(add(answer, 0x20))
            hashes := add(answer, mload(answer))
        }
    }

    /// @dev The sum stands at the key's place of the input; the next summand is padded behind it, where the hash comes
    /// later. Keys were checked at registration, so an addition fails only for want of gas.
    /// @return wrong 1 + index of the first key that is not the member's, or 0
    function _addKeys(
        PairingInput memory input,
        bytes32[] memory hashes,
        uint256[3][] calldata keys
    ) private view returns (uint256 wrong) {
        bool failed;
        assembly ("memory-safe") {
            let sum := add(mload(input), 0x180)
            let next := add(sum, 0x80)
            let count := mload(hashes)
            let key := keys.offset
            for {
                let i := 0
            } lt(i, count) {
                i := add(i, 1)
            } {
                calldatacopy(add(next, 0x10), key, 0x30)
                calldatacopy(add(next, 0x50), add(key, 0x30), 0x30)
                key := add(key, 0x60)
                hashes := add(hashes, 0x20)
                if shr(32, xor(keccak256(next, 0x80), mload(hashes))) {
                    wrong := add(i, 1)
                    break
                }
                // The point at infinity, all zero, is where the sum starts.
                if iszero(staticcall(gas(), 0x0b, sum, 0x100, sum, 0x80)) {
                    failed := 1
                    break
                }
            }
        }
        if (failed) revert Bls12381.Bls12381__PrecompileFailed(0x0b);
    }
}
