// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OutboxLib} from "../bridge/OutboxLib.sol";
import {IAggregateChallenge} from "../slashing/IAggregateChallenge.sol";
import {IValidatorSet} from "../staking/IValidatorSet.sol";
import {Bitmap} from "../types/Bitmap.sol";
import {Clock} from "../types/Clock.sol";
import {BLS12_381_R} from "../types/Constants.sol";
import {CHAIN_HASH, Cursor, CURSOR, EPOCH_HASH, hashRecord, Position, POSITION} from "../types/Record.sol";
import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {Tip} from "../types/Tip.sol";
import {IVerifierPolicy} from "../verifier/IVerifierPolicy.sol";
import {BlobOpening} from "./BlobOpening.sol";
import {ChainLib} from "./ChainLib.sol";
import {EpochWordLib} from "./EpochWordLib.sol";
import {EpochProof, IRollup} from "./IRollup.sol";
import {PauseLib} from "./PauseLib.sol";
import {RollupState} from "./RollupState.sol";
import {WithdrawalLib} from "./WithdrawalLib.sol";

/// @notice Parameters of the proof's checks, in the Rollup's units.
struct EpochProofRules {
    Clock clock;
    uint256 proofSubmissionEpochs;
    uint256 recordRing;
    uint256 epochRing;
    bytes32 genesisHash;
    uint256 challengeWindow;
    IAggregateChallenge challenge;
    IValidatorSet validatorSet;
    IVerifierPolicy policy;
}

/// @title Epoch proof
/// @notice Moves the proven chain by one whole epoch.
///
/// Everything the circuit does not see is bound through the records of both ends: the epoch hash of the last one holds
/// every blob and every coinbase's fee, its fee sums and message count are the epoch's.
library EpochProofLib {
    /// @dev z and gamma are remainders in the circuit; larger ones would only be other names of the same field element.
    uint256 private constant Z_BITS = 248;
    uint256 private constant GAMMA_BITS = 128;
    uint256 private constant LIMB = (1 << 120) - 1;

    function submit(
        RollupState storage self,
        EpochProofRules memory rules,
        EpochProof calldata args
    ) internal {
        Tip tip = self.tip;
        Position end = Position.wrap(args.end[POSITION]);
        Slot slot = rules.clock.slotAt(Timestamp.wrap(block.timestamp));
        Epoch epoch = tip.firstUnprovenEpoch();

        _checkRange(self, rules, tip, end.number(), rules.clock.epochOf(slot));
        PauseLib.requireRunning(self.pause, block.timestamp - rules.clock.genesis);
        bytes32 endHash = _openRecords(self, rules, tip, args);
        if (rules.clock.epochOf(end.slotOf()) != epoch)
            revert IRollup.Rollup__WrongEpoch(epoch, rules.clock.epochOf(end.slotOf()));
        Epoch nextEpoch = _checkComplete(self, rules, tip, args, epoch, slot);
        _checkScalars(args);
        _openBlobs(args, end.number() - tip.proven());
        _checkAttestation(rules, args, end);
        (uint256 rho, uint256 accumulator, bytes32 withdrawals) = WithdrawalLib.bind(
            args.end[CHAIN_HASH],
            args.withdrawals
        );
        rules.policy.requireValid(args.proofs, _publicInputs(rules, args, rho, accumulator));

        uint256 outbox =
            withdrawals == 0 ? 0 : OutboxLib.pack(withdrawals, block.timestamp - rules.clock.genesis);
        if (outbox != 0) self.outbox[Epoch.unwrap(epoch)] = outbox;
        self.tip = tip.withProven(end.number(), nextEpoch, Cursor.wrap(args.end[CURSOR]).messageCount());
        _close(self, rules, args, epoch, endHash, outbox);
    }

    /// @dev Writes what claims about the epoch open later, and says it.
    function _close(
        RollupState storage self,
        EpochProofRules memory rules,
        EpochProof calldata args,
        Epoch epoch,
        bytes32 endHash,
        uint256 outbox
    ) private {
        uint256 number = Epoch.unwrap(epoch);
        Position end = Position.wrap(args.end[POSITION]);
        bytes32 rewards = WithdrawalLib.commit(args.coinbaseFees);
        uint256 seedWord = rules.validatorSet.seedWordOf(address(this), epoch);
        // The circuit sees a block's bitmap in the header after it: it counts all but the last one's.
        uint256[2] memory participation = args.participation;
        Bitmap.count(participation, end.bitmapOf());

        bytes32 previous = _previousWord(self, rules, args);
        uint256 when = EpochWordLib.when(epoch, block.timestamp);
        self.epochs[number % rules.epochRing] = EpochWordLib.word(
            EpochWordLib.duties(when, participation, seedWord),
            EpochWordLib.link(
                EpochWordLib.payments(when, EpochWordLib.settlement(args.prover, endHash), rewards),
                previous
            )
        );

        emit IRollup.EpochProven(
            number,
            end.number(),
            args.prover,
            block.timestamp,
            endHash,
            rewards,
            participation,
            seedWord,
            previous,
            outbox
        );
    }

    /// @dev Word of the epoch proven before, which is that of the last proven block. Nothing was written to the ring since:
    /// it is there however long ago that was, even where the new epoch shares its place and is about to overwrite it.
    /// Before the first proof the genesis block's epoch has no word.
    function _previousWord(
        RollupState storage self,
        EpochProofRules memory rules,
        EpochProof calldata args
    ) private view returns (bytes32) {
        Epoch epoch = rules.clock.epochOf(Position.wrap(args.start[POSITION]).slotOf());
        return self.epochs[Epoch.unwrap(epoch) % rules.epochRing];
    }

    /// @dev First of all, so that the loser of a race pays little.
    function _checkRange(
        RollupState storage self,
        EpochProofRules memory rules,
        Tip tip,
        uint256 number,
        Epoch current
    ) private view {
        if (number <= tip.proven()) revert IRollup.Rollup__AlreadyProven(number, tip.proven());
        if (number > tip.pending()) revert IRollup.Rollup__BlockNotPending(number, tip.pending());
        if (ChainLib.isPruneDue(self, tip, rules.clock, current, rules.proofSubmissionEpochs))
            revert IRollup.Rollup__ProofDeadlinePassed(
                ChainLib.deadlineOf(self, tip, rules.clock, rules.proofSubmissionEpochs),
                current
            );
    }

    /// @dev The block before the first and the last one. Their numbers need no check: ring words between proven and
    /// pending are their own.
    function _openRecords(
        RollupState storage self,
        EpochProofRules memory rules,
        Tip tip,
        EpochProof calldata args
    ) private view returns (bytes32 endHash) {
        bytes32 expected = self.records[tip.proven() % rules.recordRing];
        bytes32 actual = hashRecord(args.start);
        if (actual != expected) revert IRollup.Rollup__WrongStartRecord(tip.proven(), expected, actual);

        uint256 number = Position.wrap(args.end[POSITION]).number();
        expected = self.records[number % rules.recordRing];
        endHash = hashRecord(args.end);
        if (endHash != expected) revert IRollup.Rollup__WrongEndRecord(number, expected, endHash);
    }

    /// @dev No block of the epoch may come after the end: its sums and hashes would go on from those proven, and count
    /// twice. Either a later block is already of a later epoch, or the epoch cannot get another block.
    function _checkComplete(
        RollupState storage self,
        EpochProofRules memory rules,
        Tip tip,
        EpochProof calldata args,
        Epoch epoch,
        Slot slot
    ) private view returns (Epoch nextEpoch) {
        Position end = Position.wrap(args.end[POSITION]);
        Slot last = rules.clock.lastSlotOf(epoch);

        if (end.number() == tip.pending()) {
            if (slot <= last && end.slotOf() != last) revert IRollup.Rollup__EpochIncomplete(epoch);
            return epoch;
        }

        uint256 number = end.number() + 1;
        bytes32 expected = self.records[number % rules.recordRing];
        bytes32 actual = hashRecord(args.next);
        if (actual != expected) revert IRollup.Rollup__WrongNextRecord(number, expected, actual);

        nextEpoch = rules.clock.epochOf(Position.wrap(args.next[POSITION]).slotOf());
        if (nextEpoch <= epoch) revert IRollup.Rollup__EpochIncomplete(epoch);
    }

    function _checkScalars(EpochProof calldata args) private pure {
        if (
            args.z >> Z_BITS != 0 ||
            args.gamma >> GAMMA_BITS != 0 ||
            args.y >= BLS12_381_R ||
            (args.participation[0] | args.participation[1]) >> Z_BITS != 0
        ) revert IRollup.Rollup__ScalarOutOfRange();
    }

    function _openBlobs(EpochProof calldata args, uint256 blocks) private view {
        if (args.points.length != blocks || args.coinbaseFees.length != blocks)
            revert IRollup.Rollup__WrongLength(blocks, args.points.length, args.coinbaseFees.length);

        (bytes32 epochHash, uint256 combined) = BlobOpening.load(args.points, args.coinbaseFees, args.gamma);
        if (uint256(epochHash) != args.end[EPOCH_HASH])
            revert IRollup.Rollup__WrongEpochHash(bytes32(args.end[EPOCH_HASH]), epochHash);
        BlobOpening.combine(combined, blocks);
        BlobOpening.open(combined, args.z, args.y, args.opening);
    }

    /// @dev Of the epoch's blocks the last one is the youngest: those who should challenge it may not have had the time.
    /// Before it, every block was built upon by a proposer with a stake in its validity. A block without committee has
    /// nothing to show.
    function _checkAttestation(
        EpochProofRules memory rules,
        EpochProof calldata args,
        Position end
    ) private view {
        uint256 age = block.timestamp - Timestamp.unwrap(rules.clock.slotStart(end.slotOf()));
        if (age >= rules.challengeWindow || end.bitmapOf() == 0) return;

        rules.challenge.requireValid(args.end, args.attestation);
    }

    function _publicInputs(
        EpochProofRules memory rules,
        EpochProof calldata args,
        uint256 rho,
        uint256 accumulator
    ) private pure returns (bytes32[] memory inputs) {
        inputs = new bytes32[](13);
        inputs[0] = bytes32(args.start[CHAIN_HASH] >> 8);
        inputs[1] = bytes32(args.end[CHAIN_HASH] >> 8);
        inputs[2] = rules.genesisHash >> 8;
        inputs[3] = bytes32(uint256(uint160(args.prover)));
        inputs[4] = bytes32(args.z);
        inputs[5] = bytes32(args.gamma);
        inputs[6] = bytes32(args.y & LIMB);
        inputs[7] = bytes32((args.y >> 120) & LIMB);
        inputs[8] = bytes32(args.y >> 240);
        inputs[9] = bytes32(rho);
        inputs[10] = bytes32(accumulator);
        inputs[11] = bytes32(args.participation[0]);
        inputs[12] = bytes32(args.participation[1]);
    }
}
