// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IValidatorSet} from "../staking/IValidatorSet.sol";
import {Bitmap} from "../types/Bitmap.sol";
import {CLAIMS, Claims, STATE_ROOT, WITNESS, Witness} from "../types/Block.sol";
import {Clock} from "../types/Clock.sol";
import {BN254_R} from "../types/Constants.sol";
import {hashHeader} from "../types/Header.sol";
import {
    CHAIN_HASH,
    Cursor,
    CURSOR,
    EPOCH_HASH,
    Fees,
    FEES,
    hashNewRecord,
    hashRecord,
    Oracle,
    ORACLE,
    packCursor,
    packPosition,
    Position,
    POSITION,
    WITNESS_HASH
} from "../types/Record.sol";
import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {Tip} from "../types/Tip.sol";
import {ChainLib} from "./ChainLib.sol";
import {FeeConfig, FeeLib, FeeParts, L1Fees} from "./FeeLib.sol";
import {IRollup} from "./IRollup.sol";
import {RollupState} from "./RollupState.sol";

/// @notice Parameters of the checks, in the Rollup's units.
struct ProposeRules {
    Clock clock;
    FeeConfig fees;
    uint256 proofSubmissionEpochs;
    uint256 recordRing;
    uint256 inboxRing;
    uint256 maxMessages;
    uint256 maxL2Gas;
    uint256 maxDaGas;
    uint256 maxModifier;
    uint256 messageDeadline;
    IValidatorSet validatorSet;
}

/// @title Propose
/// @notice Accepts one block: checks, cheap ones first, then the new record, two storage words and one event.
library ProposeLib {
    function propose(
        RollupState storage self,
        ProposeRules memory rules,
        uint256[7] calldata parent,
        uint256[6] calldata blk
    ) internal {
        Claims claims = Claims.wrap(blk[CLAIMS]);
        Position parentPosition = Position.wrap(parent[POSITION]);

        bytes32 versionedHash = _onlyBlob();
        Slot slot = _slot(rules, claims, parentPosition);
        Epoch epoch = rules.clock.epochOf(slot);
        Tip tip = _openTip(self, rules, epoch, parent);
        _checkAttestation(rules, tip, slot, epoch, Witness.wrap(blk[WITNESS]).bitmap());
        FeeParts memory parts = FeeLib.parts(rules.fees, parentPosition, Oracle.wrap(parent[ORACLE]), slot);
        _checkClaims(rules, claims, blk[STATE_ROOT], FeeLib.prices(parts));
        Cursor cursor = _consume(self, rules, tip, slot, claims, Cursor.wrap(parent[CURSOR]));
        _checkModifier(rules, claims);

        uint256 number = tip.pending() + 1;
        uint256[7] memory record = _record(rules, parts, parent, blk, number, versionedHash, cursor);

        self.records[number % rules.recordRing] = hashNewRecord(record);
        self.tip = tip.withProposed(
            number,
            slot,
            tip.pending() == tip.proven() ? epoch : tip.firstUnprovenEpoch()
        );

        emit IRollup.Proposed(number, record, blk, versionedHash, msg.sender);
    }

    /// @dev Exactly one blob a block, so that a header holds one versioned hash.
    function _onlyBlob() private view returns (bytes32 versionedHash) {
        versionedHash = blobhash(0);
        if (versionedHash == 0) revert IRollup.Rollup__BlobMissing();
        if (blobhash(1) != 0) revert IRollup.Rollup__ExtraBlob();
    }

    function _slot(
        ProposeRules memory rules,
        Claims claims,
        Position parent
    ) private view returns (Slot slot) {
        slot = rules.clock.slotAt(Timestamp.wrap(block.timestamp));
        if (claims.slot() != slot) revert IRollup.Rollup__WrongSlot(slot, claims.slot());
        // The genesis record's slot is 0, so slot 0 stays empty.
        if (slot <= parent.slotOf()) revert IRollup.Rollup__SlotTaken(slot, parent.slotOf());
    }

    /// @dev Returns the tip as this block finds it: pruned, when a prune is due.
    function _openTip(
        RollupState storage self,
        ProposeRules memory rules,
        Epoch epoch,
        uint256[7] calldata parent
    ) private returns (Tip tip) {
        tip = self.tip;
        if (ChainLib.isPruneDue(self, tip, rules.clock, epoch, rules.proofSubmissionEpochs)) {
            emit IRollup.Pruned(tip.proven(), tip.pending());
            tip = tip.withPending(tip.proven());
        }
        // Unproven blocks of the usual term always fit; a pause may bring more. The proven tip's record stays too.
        uint256 unproven = tip.pending() - tip.proven();
        if (unproven + 1 >= rules.recordRing) revert IRollup.Rollup__RecordRingFull(unproven);

        bytes32 expected = self.records[tip.pending() % rules.recordRing];
        bytes32 actual = hashRecord(parent);
        if (actual != expected) revert IRollup.Rollup__WrongParentRecord(tip.pending(), expected, actual);
    }

    /// @dev No signature is checked here: a false aggregate can be challenged, and its block goes with it.
    function _checkAttestation(
        ProposeRules memory rules,
        Tip tip,
        Slot slot,
        Epoch epoch,
        uint256 bitmap
    ) private {
        (address proposer, uint256 position, uint256 size) = _duty(rules, tip, slot, epoch);
        if (proposer == address(0)) revert IValidatorSet.ValidatorSet__NoProposer(slot);
        if (msg.sender != proposer) revert IRollup.Rollup__WrongProposer(proposer, msg.sender);

        // The proposer signs what it publishes: the same aggregate convicts it.
        if ((bitmap >> position) & 1 == 0) revert IRollup.Rollup__OwnBitMissing(position);
        if (bitmap >> size != 0) revert IRollup.Rollup__BitmapBeyondCommittee(bitmap, size);
        if (Bitmap.popcount(bitmap) < Bitmap.quorum(size))
            revert IRollup.Rollup__QuorumMissed(Bitmap.quorum(size), Bitmap.popcount(bitmap));
    }

    /// @dev The epoch's first committee block takes its duty, which prepares a later epoch; for the others reading it is
    /// cheaper. Pruned and rolled-back blocks count as well. Slot 0 is nobody's, so 0 means that there was none.
    function _duty(
        ProposeRules memory rules,
        Tip tip,
        Slot slot,
        Epoch epoch
    ) private returns (address, uint256, uint256) {
        Slot last = tip.lastCommitteeSlot();
        Timestamp start = rules.clock.epochStart(epoch);
        if (rules.clock.epochOf(last) < epoch || last == Slot.wrap(0))
            return rules.validatorSet.takeDuty(slot, epoch, start);

        return rules.validatorSet.dutyOf(address(this), slot, epoch, start);
    }

    function _checkClaims(
        ProposeRules memory rules,
        Claims claims,
        uint256 stateRoot,
        uint256 prices
    ) private pure {
        if (stateRoot >= BN254_R) revert IRollup.Rollup__StateRootOutOfField(stateRoot);

        if (claims.prices() != prices)
            revert IRollup.Rollup__WrongPrices(prices >> 64, prices & type(uint64).max);

        if (claims.gasL2() > rules.maxL2Gas)
            revert IRollup.Rollup__L2GasOverLimit(rules.maxL2Gas, claims.gasL2());
        if (claims.gasDa() > rules.maxDaGas)
            revert IRollup.Rollup__DaGasOverLimit(rules.maxDaGas, claims.gasDa());
        if (claims.messages() > rules.maxMessages)
            revert IRollup.Rollup__TooManyMessages(rules.maxMessages, claims.messages());
    }

    /// @dev An overdue message obliges a block to consume as many as it can, not to leave none: after a prune more
    /// may be overdue than one block has room for. Overdue is measured at the slot's start, so that a block does not
    /// become wrong while it waits for inclusion.
    function _consume(
        RollupState storage self,
        ProposeRules memory rules,
        Tip tip,
        Slot slot,
        Claims claims,
        Cursor parent
    ) private view returns (Cursor) {
        uint256 consumed = claims.messages();
        uint256 count = parent.messageCount() + consumed;
        uint256 sent = tip.inboxCount();
        if (count > sent) revert IRollup.Rollup__MessageNotSent(sent, count);

        if (count < sent && consumed < rules.maxMessages) {
            uint256 deadline = self.inbox[(count + 1) % rules.inboxRing].sentAt() + rules.messageDeadline;
            if (deadline <= Slot.unwrap(slot) * rules.clock.slotDuration)
                revert IRollup.Rollup__OverdueMessageLeft(count + 1);
        }

        if (consumed == 0) return parent;
        return packCursor(self.inbox[count % rules.inboxRing].rollingHash(), count);
    }

    function _checkModifier(ProposeRules memory rules, Claims claims) private pure {
        int256 modifier_ = claims.modifierOf();
        int256 bound = int256(rules.maxModifier);
        if (modifier_ > bound || modifier_ < -bound)
            revert IRollup.Rollup__ModifierOutOfBounds(rules.maxModifier, modifier_);
    }

    function _record(
        ProposeRules memory rules,
        FeeParts memory parts,
        uint256[7] calldata parent,
        uint256[6] calldata blk,
        uint256 number,
        bytes32 versionedHash,
        Cursor cursor
    ) private view returns (uint256[7] memory record) {
        Claims claims = Claims.wrap(blk[CLAIMS]);
        Witness witness = Witness.wrap(blk[WITNESS]);
        Position parentPosition = Position.wrap(parent[POSITION]);
        Slot slot = claims.slot();
        bool sameEpoch = rules.clock.epochOf(slot) == rules.clock.epochOf(parentPosition.slotOf());

        record[CHAIN_HASH] = uint256(
            hashHeader(
                parent[CHAIN_HASH],
                blk[STATE_ROOT],
                versionedHash,
                cursor.messageHash(),
                claims,
                parentPosition.bitmapOf()
            )
        );
        record[WITNESS_HASH] = uint256(hashWitness(msg.sender, claims, witness, blk));
        record[CURSOR] = Cursor.unwrap(cursor);
        (uint256 feeState, Oracle oracle) = FeeLib.advance(
            rules.fees,
            parentPosition,
            Oracle.wrap(parent[ORACLE]),
            claims,
            L1Fees(block.basefee, block.blobbasefee)
        );
        record[POSITION] = Position.unwrap(packPosition(number, slot, witness.bitmap(), feeState));
        record[ORACLE] = Oracle.unwrap(oracle);
        (Fees fees, uint256 sequencerFee) = FeeLib.split(parts, claims);
        record[FEES] = Fees.unwrap(sameEpoch ? Fees.wrap(parent[FEES]) + fees : fees);
        record[EPOCH_HASH] = uint256(
            rollEpochHash(
                sameEpoch ? parent[EPOCH_HASH] : 0,
                versionedHash,
                packCoinbaseFee(witness, sequencerFee)
            )
        );
    }

    /// @notice keccak256(bitmap ‖ proposer ‖ signature ‖ modifier16 | coinbase160), 192 bytes.
    function hashWitness(
        address proposer,
        Claims claims,
        Witness witness,
        uint256[6] calldata blk
    ) internal pure returns (bytes32 hash) {
        uint256 bitmap = witness.bitmap();
        uint256 signed = ((Claims.unwrap(claims) & type(uint16).max) << 160) | uint160(witness.coinbase());
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, bitmap)
            mstore(add(free, 0x20), proposer)
            calldatacopy(add(free, 0x40), add(blk, 0x60), 0x60)
            mstore(add(free, 0xa0), signed)
            hash := keccak256(free, 0xc0)
        }
    }

    /// @notice coinbase160 | attested16 | sequencerFee80, where `attested` counts the block's own bitmap.
    /// @dev The constructor bounds an epoch's fees by 80 bits, so a block's fit too.
    function packCoinbaseFee(Witness witness, uint256 sequencerFee) internal pure returns (uint256) {
        return
            (uint256(uint160(witness.coinbase())) << 96) |
            (Bitmap.popcount(witness.bitmap()) << 80) |
            sequencerFee;
    }

    /// @notice keccak256(previous ‖ versionedHash ‖ coinbaseFee).
    function rollEpochHash(
        uint256 previous,
        bytes32 versionedHash,
        uint256 coinbaseFee
    ) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, previous)
            mstore(add(free, 0x20), versionedHash)
            mstore(add(free, 0x40), coinbaseFee)
            hash := keccak256(free, 0x60)
        }
    }
}
