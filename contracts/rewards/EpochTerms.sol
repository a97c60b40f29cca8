// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pause} from "../types/Pause.sol";
import {IRewards} from "./IRewards.sol";

/// @notice When epochs can be claimed, and which of them count for the canonical bucket. Read once a transaction.
struct EpochTerms {
    uint256 genesis;
    uint256 epochDuration;
    uint256 delay;
    uint256 window;
    uint256 ring;
    Pause pause;
    /// Span of the rewards contract: epochs that begin at `from` or later and before `until`.
    uint256 from;
    uint256 until;
}

/// @title Terms of an epoch
/// @notice
///
///   proof ── claimDelay, longer by pauses ──▶ claims ── end of epoch e + claimWindow ──▶ sweep ── end of e + epochRing - 1
///
/// The word of epoch e is overwritten by epoch e + epochRing at the earliest, and stays when that one has no blocks: it is
/// the deadlines, not the ring, that end claims.
library EpochTermsLib {
    /// @notice Refuses an epoch outside its time of claims.
    /// @param when epoch << 64 | provenAt
    function requireClaimable(EpochTerms memory terms, uint256 when) internal view {
        uint256 epoch = when >> 64;
        requireOver(terms, when);
        uint256 last = epoch + terms.window;
        if (current(terms) > last) revert IRewards.Rewards__ClaimDeadlinePassed(epoch, last);
    }

    /// @notice Refuses an epoch that can still be claimed, or whose word may be overwritten.
    function requireSweepable(EpochTerms memory terms, uint256 when) internal view {
        uint256 epoch = when >> 64;
        uint256 now_ = current(terms);
        if (now_ <= epoch + terms.window)
            revert IRewards.Rewards__NotSweepableYet(epoch, epoch + terms.window + 1);
        if (now_ >= epoch + terms.ring) revert IRewards.Rewards__Lapsed(epoch, epoch + terms.ring - 1);
        requireOver(terms, when);
    }

    /// @notice Refuses an epoch whose delay is not over.
    function requireOver(EpochTerms memory terms, uint256 when) internal view {
        uint256 provenAt = (when & type(uint64).max) - terms.genesis;
        uint256 availableAt = provenAt + terms.delay + terms.pause.extension(provenAt, terms.delay);
        if (block.timestamp < terms.genesis + availableAt)
            revert IRewards.Rewards__NotClaimableYet(when >> 64, terms.genesis + availableAt);
    }

    /// @notice Whether the epoch's rewards come from the canonical bucket.
    function isCanonical(EpochTerms memory terms, uint256 epoch) internal pure returns (bool) {
        uint256 start = terms.genesis + epoch * terms.epochDuration;
        return terms.from <= start && start < terms.until;
    }

    function current(EpochTerms memory terms) internal view returns (uint256) {
        return (block.timestamp - terms.genesis) / terms.epochDuration;
    }
}
