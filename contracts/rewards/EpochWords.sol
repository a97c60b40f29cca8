// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {IRewards} from "./IRewards.sol";

/// @notice Calldata of `epochWord`, made once and used for many epochs.
type EpochWordCall is uint256;

/// @title Reading of epoch words
/// @notice A claim reads one word an epoch: the encoding of a call by the compiler would cost as much as its hashing.
library EpochWords {
    function prepare() internal pure returns (EpochWordCall request) {
        bytes4 selector = IRollup.epochWord.selector;
        assembly ("memory-safe") {
            request := mload(0x40)
            mstore(0x40, add(request, 0x40))
            mstore(request, selector)
        }
    }

    /// @notice Refuses a word that is not the epoch's. Words of unproven epochs are 0 or another epoch's.
    function requireWord(EpochWordCall request, address rollup, uint256 epoch, bytes32 word) internal view {
        bytes32 expected;
        assembly ("memory-safe") {
            mstore(add(request, 4), epoch)
            // The Rollup's view cannot fail; should it, what is compared is 0 and refused.
            mstore(0, 0)
            if staticcall(gas(), rollup, request, 0x24, 0, 0x20) {
                expected := mload(0)
            }
        }
        if (word != expected) revert IRewards.Rewards__WrongOpening(epoch, expected, word);
    }
}
