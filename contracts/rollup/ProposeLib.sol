// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IValidatorSet} from "../staking/IValidatorSet.sol";
import {unsafeMod} from "../types/Arithmetic.sol";
import {Bitmap} from "../types/Bitmap.sol";
import {CLAIMS, Claims, STATE_ROOT, WITNESS, Witness} from "../types/Block.sol";
import {BN254_R} from "../types/Constants.sol";
import {FeeControls, FeeState} from "../types/FeeWords.sol";
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
import {FeeLib, FeeParts} from "./FeeLib.sol";
import {IRollup} from "./IRollup.sol";
import {RollupState} from "./RollupState.sol";

/// @title Propose
/// @notice The steps by which the Rollup accepts one block: checks, then the new record, two storage words and one event.
///
/// Every block pays for them, so they take values that the Rollup has at hand instead of structs in memory. Sums and
/// products are of fields of at most 64 bits: none overflows.
library ProposeLib {
    /// @notice Exactly one blob a block, so that a header holds one versioned hash.
    function onlyBlob() internal view returns (bytes32 versionedHash) {
        versionedHash = blobhash(0);
        if (versionedHash == 0) revert IRollup.Rollup__BlobMissing();
        if (blobhash(1) != 0) revert IRollup.Rollup__ExtraBlob();
    }

    function checkSlot(Slot current, Slot claimed, Slot parent) internal pure {
        if (claimed != current) revert IRollup.Rollup__WrongSlot(current, claimed);
        // The genesis record's slot is 0, so slot 0 stays empty.
        if (current <= parent) revert IRollup.Rollup__SlotTaken(current, parent);
    }

    function checkParent(
        RollupState storage self,
        Tip tip,
        uint256 recordRing,
        uint256[7] calldata parent
    ) internal view {
        unchecked {
            // Unproven blocks of the usual term always fit; a pause may bring more. The proven tip's record stays too.
            uint256 unproven = tip.pending() - tip.proven();
            if (unproven + 1 >= recordRing) revert IRollup.Rollup__RecordRingFull(unproven);
        }

        bytes32 expected = self.records[unsafeMod(tip.pending(), recordRing)];
        bytes32 actual = hashRecord(parent);
        if (actual != expected) revert IRollup.Rollup__WrongParentRecord(tip.pending(), expected, actual);
    }

    /// @notice Who may propose, its position, and the size of the committee.
    /// @param fresh whether the duty is taken, which prepares a later epoch, or only read, which is cheaper
    /// @dev Encoded by hand: `dutyOf` takes the instance before the words that it shares with `takeDuty`.
    function duty(
        IValidatorSet set,
        bool fresh,
        Slot slot,
        Epoch epoch,
        Timestamp epochStart
    ) internal returns (address proposer, uint256 position, uint256 size) {
        uint256 selector = uint32(fresh ? IValidatorSet.takeDuty.selector : IValidatorSet.dutyOf.selector);
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(add(data, 0x40), slot)
            mstore(add(data, 0x60), epoch)
            mstore(add(data, 0x80), epochStart)

            let success
            switch fresh
            case 0 {
                mstore(data, selector)
                mstore(add(data, 0x20), address())
                success := staticcall(gas(), set, add(data, 0x1c), 0x84, data, 0x60)
            }
            default {
                mstore(add(data, 0x20), selector)
                success := call(gas(), set, 0, add(data, 0x3c), 0x64, data, 0x60)
            }
            if iszero(and(success, gt(returndatasize(), 0x5f))) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }

            proposer := mload(data)
            position := mload(add(data, 0x20))
            size := mload(add(data, 0x40))
        }
    }

    /// @notice The proposer sends the block itself, and enough members attest it.
    /// @dev No signature is checked here: a false aggregate can be challenged, and its block goes with it.
    /// @return attested bits of the bitmap
    function checkAttestation(
        Slot slot,
        address proposer,
        uint256 position,
        uint256 size,
        uint256 bitmap
    ) internal view returns (uint256 attested) {
        if (msg.sender != proposer) {
            if (proposer == address(0)) revert IValidatorSet.ValidatorSet__NoProposer(slot);
            revert IRollup.Rollup__WrongProposer(proposer, msg.sender);
        }

        // The proposer signs what it publishes: the same aggregate convicts it.
        if ((bitmap >> position) & 1 == 0) revert IRollup.Rollup__OwnBitMissing(position);
        if (bitmap >> size != 0) revert IRollup.Rollup__BitmapBeyondCommittee(bitmap, size);
        attested = Bitmap.popcount(bitmap);
        uint256 quorum = Bitmap.quorum(size);
        if (attested < quorum) revert IRollup.Rollup__QuorumMissed(quorum, attested);
    }

    function checkPrices(Claims claims, uint256 stateRoot, uint256 prices) internal pure {
        if (stateRoot >= BN254_R) revert IRollup.Rollup__StateRootOutOfField(stateRoot);

        if (claims.prices() != prices)
            revert IRollup.Rollup__WrongPrices(prices >> 64, prices & type(uint64).max);
    }

    function checkLimits(
        Claims claims,
        uint256 maxL2Gas,
        uint256 maxDaGas,
        uint256 maxMessages
    ) internal pure {
        if (claims.gasL2() > maxL2Gas) revert IRollup.Rollup__L2GasOverLimit(maxL2Gas, claims.gasL2());
        if (claims.gasDa() > maxDaGas) revert IRollup.Rollup__DaGasOverLimit(maxDaGas, claims.gasDa());
        if (claims.messages() > maxMessages)
            revert IRollup.Rollup__TooManyMessages(maxMessages, claims.messages());
    }

    /// @notice The cursor behind the messages that a block consumes.
    ///
    /// An overdue message obliges a block to consume as many as it can, not to leave none: after a prune more may be
    /// overdue than one block has room for. Overdue is measured at the slot's start, so that a block does not become
    /// wrong while it waits for inclusion.
    /// @param slotStart in seconds since genesis
    function consume(
        RollupState storage self,
        Cursor parent,
        uint256 consumed,
        uint256 sent,
        uint256 inboxRing,
        uint256 maxMessages,
        uint256 deadline,
        uint256 slotStart
    ) internal view returns (Cursor cursor) {
        unchecked {
            uint256 count = parent.messageCount() + consumed;
            if (count > sent) revert IRollup.Rollup__MessageNotSent(sent, count);

            if (
                count < sent &&
                consumed < maxMessages &&
                self.inbox[unsafeMod(count + 1, inboxRing)].sentAt() + deadline <= slotStart
            ) revert IRollup.Rollup__OverdueMessageLeft(count + 1);

            cursor = parent;
            if (consumed != 0)
                cursor = packCursor(self.inbox[unsafeMod(count, inboxRing)].rollingHash(), count);
        }
    }

    function checkModifier(int256 modifier_, uint256 most) internal pure {
        int256 bound = int256(most);
        unchecked {
            if (modifier_ > bound || modifier_ < -bound)
                revert IRollup.Rollup__ModifierOutOfBounds(most, modifier_);
        }
    }

    /// @notice The record of a block on top of `parent`, with room behind it for the rest of the event.
    /// @param sameEpoch whether the parent is of the block's epoch, whose sums go on
    function newRecord(
        uint256[7] calldata parent,
        uint256[6] calldata blk,
        bytes32 versionedHash,
        uint256 number,
        uint256 attested,
        Cursor cursor,
        bool sameEpoch,
        FeeControls controls,
        FeeState found,
        FeeParts memory parts
    ) internal view returns (uint256[7] memory record) {
        Claims claims = Claims.wrap(blk[CLAIMS]);
        Witness witness = Witness.wrap(blk[WITNESS]);

        // The record is what was allocated last: `store` finds its room behind it.
        assembly ("memory-safe") {
            mstore(0x40, add(record, 0x1e0))
        }
        record[CHAIN_HASH] = uint256(
            hashHeader(
                parent[CHAIN_HASH],
                blk[STATE_ROOT],
                versionedHash,
                cursor.messageHash(),
                claims,
                Position.wrap(parent[POSITION]).bitmapOf()
            )
        );
        record[WITNESS_HASH] = uint256(hashWitness(msg.sender, claims, witness, blk));
        record[CURSOR] = Cursor.unwrap(cursor);
        (FeeState left, Oracle oracle) = FeeLib.advance(
            controls,
            Oracle.wrap(parent[ORACLE]),
            found,
            claims,
            block.basefee,
            block.blobbasefee
        );
        record[POSITION] = Position.unwrap(packPosition(number, claims.slot(), witness.bitmap(), left));
        record[ORACLE] = Oracle.unwrap(oracle);
        (Fees fees, uint256 sequencerFee) = FeeLib.split(parts, claims);
        uint256 epochHash = 0;
        if (sameEpoch) {
            fees = fees + Fees.wrap(parent[FEES]);
            epochHash = parent[EPOCH_HASH];
        }
        record[FEES] = Fees.unwrap(fees);
        record[EPOCH_HASH] = uint256(
            rollEpochHash(epochHash, versionedHash, packCoinbaseFee(witness, attested, sequencerFee))
        );
    }

    /// @notice Keeps the record's hash, says what it is of.
    /// @dev The event's data is the record and what `newRecord` left room for.
    function store(
        RollupState storage self,
        uint256 recordRing,
        uint256 blockNumber,
        uint256[7] memory record,
        uint256[6] calldata blk,
        bytes32 versionedHash
    ) internal {
        self.records[unsafeMod(blockNumber, recordRing)] = hashNewRecord(record);

        bytes32 topic = IRollup.Proposed.selector;
        assembly ("memory-safe") {
            calldatacopy(add(record, 0xe0), blk, 0xc0)
            mstore(add(record, 0x1a0), versionedHash)
            mstore(add(record, 0x1c0), caller())
            log2(record, 0x1e0, topic, blockNumber)
        }
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
    function packCoinbaseFee(
        Witness witness,
        uint256 attested,
        uint256 sequencerFee
    ) internal pure returns (uint256) {
        return (Witness.unwrap(witness) << 96) | (attested << 80) | sequencerFee;
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
