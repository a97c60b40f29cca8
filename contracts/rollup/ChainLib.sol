// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clock} from "../types/Clock.sol";
import {Epoch} from "../types/Time.sol";
import {Tip} from "../types/Tip.sol";
import {IRollup} from "./IRollup.sol";
import {RollupState} from "./RollupState.sol";

/// @title Chain
/// @notice The pending and proven chain: deadlines, prunes and roll-backs.
///
/// An epoch's proof may take the `proofSubmissionEpochs` epochs after its end. Seconds of a pause among them are added at
/// the end, rounded up to whole epochs, so that a deadline is always the end of an epoch.
library ChainLib {
    /// @dev The ring's word of a block that was rolled back: no record hashes to it, and the slot stays in use.
    bytes32 internal constant ROLLED_BACK = bytes32(uint256(1));

    /// @notice True when unproven blocks exist and their oldest epoch can no longer be proven.
    /// @dev Deterministic at slot granularity: it depends on the epoch, not on the second. A pause cannot change it
    /// either way: it begins too late for a term that is over, and none runs out while it lasts.
    function isPruneDue(
        RollupState storage self,
        Tip tip,
        Clock memory clock,
        Epoch current,
        uint256 proofSubmissionEpochs
    ) internal view returns (bool) {
        return
            isTermOver(tip, current, proofSubmissionEpochs) &&
            current > deadlineOf(self, tip, clock, proofSubmissionEpochs);
    }

    /// @notice True when unproven blocks exist and their oldest epoch could no longer be proven if there was no pause:
    /// only then a prune may be due, and the pause's word is worth a read.
    function isTermOver(Tip tip, Epoch current, uint256 proofSubmissionEpochs) internal pure returns (bool) {
        unchecked {
            return
                tip.pending() != tip.proven() &&
                Epoch.unwrap(current) > Epoch.unwrap(tip.firstUnprovenEpoch()) + proofSubmissionEpochs;
        }
    }

    /// @notice Last epoch in which the oldest unproven epoch can be proven.
    function deadlineOf(
        RollupState storage self,
        Tip tip,
        Clock memory clock,
        uint256 proofSubmissionEpochs
    ) internal view returns (Epoch) {
        uint256 oldest = Epoch.unwrap(tip.firstUnprovenEpoch());
        uint256 length = clock.slotDuration * clock.slotsPerEpoch;
        uint256 paused = self.pause.extension((oldest + 1) * length, proofSubmissionEpochs * length);

        return Epoch.wrap(oldest + proofSubmissionEpochs + (paused + length - 1) / length);
    }

    /// @notice Drops a pending block and all after it; false when it is not pending (any more).
    /// @dev The block's own word goes, so that its offence counts once; those of the blocks after it stay, as after a
    /// prune. A due prune comes first: by it these blocks are dropped already.
    function rollBack(
        RollupState storage self,
        Clock memory clock,
        Epoch current,
        uint256 proofSubmissionEpochs,
        uint256 recordRing,
        uint256 number
    ) internal returns (bool) {
        Tip tip = self.tip;
        if (isPruneDue(self, tip, clock, current, proofSubmissionEpochs)) {
            _drop(self, tip);
            return false;
        }
        if (number <= tip.proven() || number > tip.pending()) return false;

        self.records[number % recordRing] = ROLLED_BACK;
        self.tip = tip.withPending(number - 1);

        emit IRollup.RolledBack(number - 1, tip.pending());
        return true;
    }

    /// @notice Drops the unproven blocks. Their ring words stay: nothing reads beyond pending.
    function prune(
        RollupState storage self,
        Clock memory clock,
        Epoch current,
        uint256 proofSubmissionEpochs
    ) internal {
        Tip tip = self.tip;
        if (tip.pending() == tip.proven()) revert IRollup.Rollup__NothingToPrune();
        if (!isPruneDue(self, tip, clock, current, proofSubmissionEpochs))
            revert IRollup.Rollup__PruneTooEarly(
                deadlineOf(self, tip, clock, proofSubmissionEpochs),
                current
            );

        _drop(self, tip);
    }

    /// @notice The tip without its unproven blocks, and the word of it: the caller writes it.
    function pruned(Tip tip) internal returns (Tip) {
        emit IRollup.Pruned(tip.proven(), tip.pending());
        return tip.withPending(tip.proven());
    }

    function _drop(RollupState storage self, Tip tip) private {
        self.tip = pruned(tip);
    }
}
