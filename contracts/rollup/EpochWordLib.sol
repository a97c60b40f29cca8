// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch} from "../types/Time.sol";

/// @title Epoch word
/// @notice What the Rollup remembers of a proven epoch, as one hash: who did its duties, who is paid for it, and the word
/// of the epoch proven before. A claim opens what it needs by preimage and brings the rest as hashes. See
/// `IRollup.epochWord`.
library EpochWordLib {
    /// @notice epoch | provenAt64
    function when(Epoch epoch, uint256 provenAt) internal pure returns (uint256) {
        return (Epoch.unwrap(epoch) << 64) | provenAt;
    }

    function duties(
        uint256 when_,
        uint256[2] memory participation,
        uint256 seedWord
    ) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, when_)
            mcopy(add(free, 0x20), participation, 0x40)
            mstore(add(free, 0x60), seedWord)
            hash := keccak256(free, 0x80)
        }
    }

    function settlement(address prover, bytes32 endRecordHash) internal pure returns (bytes32) {
        return _pair(bytes32(uint256(uint160(prover))), endRecordHash);
    }

    function payments(
        uint256 when_,
        bytes32 settlement_,
        bytes32 rewardsRoot
    ) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, when_)
            mstore(add(free, 0x20), settlement_)
            mstore(add(free, 0x40), rewardsRoot)
            hash := keccak256(free, 0x60)
        }
    }

    /// @param previous word of the epoch proven before, 0 for the first
    function link(bytes32 payments_, bytes32 previous) internal pure returns (bytes32) {
        return _pair(payments_, previous);
    }

    function word(bytes32 duties_, bytes32 link_) internal pure returns (bytes32) {
        return _pair(duties_, link_);
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0, a)
            mstore(0x20, b)
            hash := keccak256(0, 0x40)
        }
    }
}
