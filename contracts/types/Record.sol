// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeeState} from "./FeeWords.sol";
import {Slot} from "./Time.sol";

/// @notice A block's record: seven words of which the Rollup stores only the hash. Callers open it by its preimage.
///
///   0  chainHash      trunc(sha256(header)), see Header.sol
///   1  witnessHash    keccak256(bitmap ‖ proposer ‖ signature ‖ modifier16 | coinbase160)
///   2  epochHash      keccak256(previous ‖ versionedHash ‖ coinbaseFee), 0 before the epoch's first block
///   3  Cursor         messageHash224 | messageCount32
///   4  Position       number32 | slot32 | bitmap48 | excessL2 64 | excessDa 64 | oracleAge16
///   5  Oracle         price64 | preBase48 | preBlob48 | postBase48 | postBlob48
///   6  Fees           spare16 | burned80 | prover80 | sequencer80         of the epoch, so far
///
/// coinbaseFee = coinbase160 | attested16 | sequencerFee80 of one block; `attested` counts the bits of its bitmap.
type Cursor is uint256;
type Position is uint256;
type Oracle is uint256;
type Fees is uint256;

using {messageHash, messageCount} for Cursor global;
using {number, slotOf, bitmapOf, excessL2, excessDa, oracleAge} for Position global;
using {price, preBase, preBlob, postBase, postBlob, withPrice} for Oracle global;
using {burned, proverFees, sequencerFees, addFees as +} for Fees global;

uint256 constant CHAIN_HASH = 0;
uint256 constant WITNESS_HASH = 1;
uint256 constant EPOCH_HASH = 2;
uint256 constant CURSOR = 3;
uint256 constant POSITION = 4;
uint256 constant ORACLE = 5;
uint256 constant FEES = 6;

uint256 constant MASK_48 = 0xffffffffffff;
uint256 constant MASK_64 = 0xffffffffffffffff;
uint256 constant MASK_80 = 0xffffffffffffffffffff;

/// @dev keccak256 of the seven words as they stand in calldata.
function hashRecord(uint256[7] calldata record) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let free := mload(0x40)
        calldatacopy(free, record, 0xe0)
        hash := keccak256(free, 0xe0)
    }
}

/// @dev keccak256 of the seven words in memory.
function hashNewRecord(uint256[7] memory record) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        hash := keccak256(record, 0xe0)
    }
}

function packCursor(uint256 hash224, uint256 count) pure returns (Cursor) {
    return Cursor.wrap((hash224 << 32) | count);
}

function messageHash(Cursor cursor) pure returns (uint256) {
    return Cursor.unwrap(cursor) >> 32;
}

function messageCount(Cursor cursor) pure returns (uint256) {
    return Cursor.unwrap(cursor) & 0xffffffff;
}

function packPosition(uint256 number_, Slot slot, uint256 bitmap, FeeState state) pure returns (Position) {
    uint256 block_ = (number_ << 224) | (Slot.unwrap(slot) << 192) | (bitmap << 144);
    return Position.wrap(block_ | FeeState.unwrap(state));
}

function number(Position position) pure returns (uint256) {
    return Position.unwrap(position) >> 224;
}

function slotOf(Position position) pure returns (Slot) {
    return Slot.wrap((Position.unwrap(position) >> 192) & 0xffffffff);
}

function bitmapOf(Position position) pure returns (uint256) {
    return (Position.unwrap(position) >> 144) & MASK_48;
}

function excessL2(Position position) pure returns (uint256) {
    return (Position.unwrap(position) >> 80) & MASK_64;
}

function excessDa(Position position) pure returns (uint256) {
    return (Position.unwrap(position) >> 16) & MASK_64;
}

function oracleAge(Position position) pure returns (uint256) {
    return Position.unwrap(position) & 0xffff;
}

/// @dev Every field fits: the fee rules bound the price, and L1's fees by 48 bits.
function packOracle(
    uint256 price_,
    uint256 preBase_,
    uint256 preBlob_,
    uint256 postBase_,
    uint256 postBlob_
) pure returns (Oracle) {
    return
        Oracle.wrap((price_ << 192) | (preBase_ << 144) | (preBlob_ << 96) | (postBase_ << 48) | postBlob_);
}

function price(Oracle oracle) pure returns (uint256) {
    return Oracle.unwrap(oracle) >> 192;
}

function preBase(Oracle oracle) pure returns (uint256) {
    return (Oracle.unwrap(oracle) >> 144) & MASK_48;
}

function preBlob(Oracle oracle) pure returns (uint256) {
    return (Oracle.unwrap(oracle) >> 96) & MASK_48;
}

function postBase(Oracle oracle) pure returns (uint256) {
    return (Oracle.unwrap(oracle) >> 48) & MASK_48;
}

function postBlob(Oracle oracle) pure returns (uint256) {
    return Oracle.unwrap(oracle) & MASK_48;
}

function withPrice(Oracle oracle, uint256 price_) pure returns (Oracle) {
    return Oracle.wrap((price_ << 192) | (Oracle.unwrap(oracle) & type(uint192).max));
}

function packFees(uint256 burned_, uint256 prover_, uint256 sequencer_) pure returns (Fees) {
    return Fees.wrap((burned_ << 160) | (prover_ << 80) | sequencer_);
}

function burned(Fees fees) pure returns (uint256) {
    return (Fees.unwrap(fees) >> 160) & MASK_80;
}

function proverFees(Fees fees) pure returns (uint256) {
    return (Fees.unwrap(fees) >> 80) & MASK_80;
}

function sequencerFees(Fees fees) pure returns (uint256) {
    return Fees.unwrap(fees) & MASK_80;
}

/// @dev All three sums at once. No field carries into the next: the Rollup's constructor bounds an epoch's fees.
function addFees(Fees a, Fees b) pure returns (Fees) {
    unchecked {
        return Fees.wrap(Fees.unwrap(a) + Fees.unwrap(b));
    }
}
