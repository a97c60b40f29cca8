// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening} from "../rewards/IProverPot.sol";
import {EpochWordLib} from "../rollup/EpochWordLib.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {hashRecord} from "../types/Record.sol";
import {Epoch} from "../types/Time.sol";
import {IProofMarket, WordOpening} from "./IProofMarket.sol";

/// @notice A proof as the Rollup remembers it.
struct Proof {
    uint256 epoch;
    uint256 provenAt;
    address prover;
    bytes32 endRecordHash;
}

/// @title Epoch words
/// @notice What the Rollup's epoch words show about proofs that were, and were not.
library WordLib {
    /// @notice Checks the short opening of a word.
    /// @return provenAt L1 seconds
    function open(IRollup rollup, WordOpening calldata opening) internal view returns (uint256 provenAt) {
        bytes32 expected = rollup.epochWord(Epoch.wrap(opening.when >> 64));
        _require(
            expected,
            opening.when,
            opening.duties,
            opening.prover,
            opening.endRecordHash,
            opening.rewardsRoot,
            opening.previous
        );
        return uint64(opening.when);
    }

    /// @notice Checks the full opening of a word.
    function open(IRollup rollup, EpochOpening calldata opening) internal view returns (Proof memory proof) {
        proof = read(opening);
        _require(
            rollup.epochWord(Epoch.wrap(proof.epoch)),
            opening.when,
            EpochWordLib.duties(opening.when, opening.participation, opening.seedWord),
            proof.prover,
            proof.endRecordHash,
            opening.rewardsRoot,
            opening.previous
        );
    }

    /// @notice The proof of an opening that somebody else checked.
    function read(EpochOpening calldata opening) internal pure returns (Proof memory) {
        return
            Proof({
                epoch: opening.when >> 64,
                provenAt: uint64(opening.when),
                prover: opening.prover,
                endRecordHash: hashRecord(opening.endRecord)
            });
    }

    /// @notice Shows that an epoch is not proven: its place in the ring is empty or holds another epoch's word.
    /// @return lapsed true when that epoch is later: then nobody can tell any more
    function requireUnproven(
        IRollup rollup,
        uint256 epoch,
        WordOpening calldata opening
    ) internal view returns (bool lapsed) {
        bytes32 word = rollup.epochWord(Epoch.wrap(epoch));
        if (word == 0) return false;

        _require(
            word,
            opening.when,
            opening.duties,
            opening.prover,
            opening.endRecordHash,
            opening.rewardsRoot,
            opening.previous
        );
        uint256 holder = opening.when >> 64;
        if (holder == epoch) revert IProofMarket.Market__EpochProven(epoch);
        return holder > epoch;
    }

    function _require(
        bytes32 expected,
        uint256 when,
        bytes32 duties,
        address prover,
        bytes32 endRecordHash,
        bytes32 rewardsRoot,
        bytes32 previous
    ) private pure {
        bytes32 actual = EpochWordLib.word(
            duties,
            EpochWordLib.link(
                EpochWordLib.payments(when, EpochWordLib.settlement(prover, endRecordHash), rewardsRoot),
                previous
            )
        );
        if (actual != expected) revert IProofMarket.Market__WrongWord(expected, actual);
    }
}
