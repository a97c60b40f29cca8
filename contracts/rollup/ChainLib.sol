// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch} from "../types/Time.sol";
import {Tip} from "../types/Tip.sol";
import {IRollup} from "./IRollup.sol";
import {RollupState} from "./RollupState.sol";

/// @title Chain
/// @notice The pending and proven chain: deadlines and prunes.
library ChainLib {
    /// @notice True when unproven blocks exist and their oldest epoch can no longer be proven.
    /// @dev Deterministic at slot granularity: it depends on the epoch, not on the second.
    function isPruneDue(Tip tip, Epoch current, uint256 proofSubmissionEpochs) internal pure returns (bool) {
        return tip.pending() != tip.proven() && current > deadlineOf(tip, proofSubmissionEpochs);
    }

    /// @notice Last epoch in which the oldest unproven epoch can be proven.
    function deadlineOf(Tip tip, uint256 proofSubmissionEpochs) internal pure returns (Epoch) {
        return tip.firstUnprovenEpoch() + Epoch.wrap(proofSubmissionEpochs);
    }

    /// @notice Drops the unproven blocks. Their ring words stay: nothing reads beyond pending.
    function prune(RollupState storage self, Epoch current, uint256 proofSubmissionEpochs) internal {
        Tip tip = self.tip;
        if (tip.pending() == tip.proven()) revert IRollup.Rollup__NothingToPrune();
        if (!isPruneDue(tip, current, proofSubmissionEpochs))
            revert IRollup.Rollup__PruneTooEarly(deadlineOf(tip, proofSubmissionEpochs), current);

        self.tip = tip.withPending(tip.proven());

        emit IRollup.Pruned(tip.proven(), tip.pending());
    }
}
