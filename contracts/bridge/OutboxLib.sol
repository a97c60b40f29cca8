// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {MerkleLib} from "../rollup/MerkleLib.sol";
import {RollupState} from "../rollup/RollupState.sol";
import {Epoch} from "../types/Time.sol";

/// @title Outbox
/// @notice One permanent word an epoch with withdrawals, hash224 | time32: the Merkle commitment of the epoch's list,
/// cut to 224 bits, and when it was proven, in seconds since genesis.
library OutboxLib {
    function pack(bytes32 commitment, uint256 time) internal pure returns (uint256) {
        return (uint256(commitment) & ~uint256(type(uint32).max)) | time;
    }

    /// @notice Checks that a withdrawal is in the list, its delay over, and marks it consumed.
    /// @param time now, in seconds since genesis
    function consume(
        RollupState storage self,
        uint256 time,
        uint256 delay,
        Epoch epoch,
        uint256 index,
        uint256 count,
        uint256 withdrawal,
        bytes32[] calldata path
    ) internal {
        uint256 word = self.outbox[Epoch.unwrap(epoch)];
        if (word == 0) revert IRollup.Rollup__NoWithdrawals(epoch);
        uint256 provenAt = word & type(uint32).max;
        uint256 availableAt = provenAt + delay + self.pause.extension(provenAt, delay);
        if (time < availableAt) revert IRollup.Rollup__OutboxDelayNotOver(availableAt);
        if (uint256(MerkleLib.recompute(withdrawal, index, count, path)) >> 32 != word >> 32)
            revert IRollup.Rollup__WrongWithdrawalPath(epoch, index);
        uint256 bits = self.consumed[Epoch.unwrap(epoch)][index >> 8];
        uint256 bit = 1 << (index & 0xff);
        if (bits & bit != 0) revert IRollup.Rollup__WithdrawalAlreadyConsumed(epoch, index);

        self.consumed[Epoch.unwrap(epoch)][index >> 8] = bits | bit;

        emit IRollup.WithdrawalConsumed(Epoch.unwrap(epoch), index, withdrawal);
    }
}
