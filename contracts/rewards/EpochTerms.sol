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
    /// Epochs of the canonical bucket: `canonicalFrom` and later, before `canonicalUntil`.
    uint256 canonicalFrom;
    uint256 canonicalUntil;
    /// Oldest epoch that can be claimed, and the last time of a proof whose delay is over whatever the pause: what lies
    /// inside both needs no closer look.
    uint256 oldest;
    uint256 settled;
}

/// @title Terms of an epoch
/// @notice
///
///   proof ── claimDelay, longer by pauses ──▶ claims ── end of epoch e + claimWindow ──▶ sweep ── end of e + epochRing - 1
///
/// The word of epoch e is overwritten by epoch e + epochRing at the earliest, and stays when that one has no blocks: it is
/// the deadlines, not the ring, that end claims.
library EpochTermsLib {
    /// @notice Works out what all epochs of a transaction share.
    /// @param from span of the rewards contract: epochs that begin at `from` or later
    /// @param until and before `until`
    function prepare(EpochTerms memory terms, uint256 from, uint256 until) internal view {
        terms.canonicalFrom = _firstAt(terms, from);
        terms.canonicalUntil = _firstAt(terms, until);
        uint256 now_ = current(terms);
        terms.oldest = now_ > terms.window ? now_ - terms.window : 0;
        uint256 wait = terms.delay + (terms.pause.end() - terms.pause.start());
        terms.settled = block.timestamp > wait ? block.timestamp - wait : 0;
    }

    /// @notice Refuses an epoch outside its time of claims.
    /// @param when epoch << 64 | provenAt
    function requireClaimable(EpochTerms memory terms, uint256 when) internal view {
        if (when >> 64 >= terms.oldest && when & type(uint64).max <= terms.settled) return;

        requireOver(terms, when);
        uint256 epoch = when >> 64;
        if (epoch < terms.oldest) revert IRewards.Rewards__ClaimDeadlinePassed(epoch, epoch + terms.window);
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
        return terms.canonicalFrom <= epoch && epoch < terms.canonicalUntil;
    }

    function current(EpochTerms memory terms) internal view returns (uint256) {
        return (block.timestamp - terms.genesis) / terms.epochDuration;
    }

    /// @dev The first epoch that begins at a time or later.
    function _firstAt(EpochTerms memory terms, uint256 time) private pure returns (uint256) {
        if (time <= terms.genesis) return 0;
        return (time - terms.genesis + terms.epochDuration - 1) / terms.epochDuration;
    }
}
