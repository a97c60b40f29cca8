// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CompressedG2, Fp2} from "../crypto/CompressedG2.sol";
import {DigestLib} from "../rollup/DigestLib.sol";
import {Aggregate, AttestationLib, Committee} from "../staking/AttestationLib.sol";
import {Slot} from "../types/Time.sol";

/// @notice For tests: the aggregate check as a contract would use it.
contract AttestationProbe {
    function isValid(
        Committee calldata committee,
        Aggregate calldata aggregate,
        bytes32 digest,
        uint256[3][] calldata keys,
        uint256[6] calldata signature
    ) external view returns (bool) {
        return AttestationLib.isValid(committee, aggregate, digest, keys, signature);
    }

    function isInvalid(
        Committee calldata committee,
        Aggregate calldata aggregate,
        bytes32 digest,
        uint256[3][] calldata keys,
        uint256[6] calldata signature
    ) external view returns (bool) {
        return AttestationLib.isInvalid(committee, aggregate, digest, keys, signature);
    }

    function isNoPoint(uint256[3] calldata compressed, Fp2 calldata root) external view returns (bool) {
        return CompressedG2.isNoPoint(compressed, root);
    }

    function matches(uint256[3] calldata compressed, uint256[6] calldata point) external pure returns (bool) {
        return CompressedG2.matches(compressed, point);
    }

    function digestOf(
        uint256 slot,
        bytes32 chainHash,
        int16 modifier_,
        address coinbase
    ) external view returns (bytes32) {
        return DigestLib.attestation(DigestLib.domain(1), Slot.wrap(slot), chainHash, modifier_, coinbase);
    }
}
