// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {IRewards} from "./IRewards.sol";

/// @title Reading of epoch words
/// @notice An epoch's word commits to the word of the epoch proven before. So the Rollup is asked for the last word of a run
/// of epochs alone: when that is right, all are, and the ring need not hold the others any more. It says nothing of
/// deadlines: those are each epoch's own.
library EpochWords {
    /// @notice Refuses a word that is not the epoch's; a word of 0 is none yet. Words of unproven epochs are 0 or another
    /// epoch's.
    function requireWord(IRollup rollup, uint256 epoch, bytes32 word) internal view {
        if (word == 0) return;
        bytes4 selector = IRollup.epochWord.selector;
        bytes32 expected;
        // Call and answer fit in the scratch space: the compiler's encoding would cost more than all the hashing.
        assembly ("memory-safe") {
            mstore(0, selector)
            mstore(4, epoch)
            // The Rollup's view cannot fail; should it, what is compared is 0 and refused.
            if staticcall(gas(), rollup, 0, 0x24, 0, 0x20) {
                expected := mload(0)
            }
        }
        if (word != expected) revert IRewards.Rewards__WrongOpening(epoch, expected, word);
    }
}
