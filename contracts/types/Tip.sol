// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch, Slot} from "./Time.sol";

/// @notice The state of both chains and of the Inbox in one storage word.
///
///   spare40 | accounts24 | inboxCount32 | lastCommitteeSlot32 | provenMessages32 | firstUnprovenEpoch32 | proven32 | pending32
///
/// `accounts` leaf indices given out; `inboxCount` messages ever sent; `lastCommitteeSlot` slot of the newest committee
/// block, untouched by prunes; `provenMessages` messages consumed at proven; `firstUnprovenEpoch` epoch of block
/// proven + 1, without meaning when there is no such block; `proven` and `pending` are block numbers.
type Tip is uint256;

using {
    pending,
    proven,
    firstUnprovenEpoch,
    provenMessages,
    lastCommitteeSlot,
    inboxCount,
    accounts,
    withPending,
    withProposed,
    withProven,
    withMessage
} for Tip global;

uint256 constant MASK_24 = 0xffffff;
uint256 constant MASK_32 = 0xffffffff;

function pending(Tip tip) pure returns (uint256) {
    return Tip.unwrap(tip) & MASK_32;
}

function proven(Tip tip) pure returns (uint256) {
    return (Tip.unwrap(tip) >> 32) & MASK_32;
}

function firstUnprovenEpoch(Tip tip) pure returns (Epoch) {
    return Epoch.wrap((Tip.unwrap(tip) >> 64) & MASK_32);
}

function provenMessages(Tip tip) pure returns (uint256) {
    return (Tip.unwrap(tip) >> 96) & MASK_32;
}

function lastCommitteeSlot(Tip tip) pure returns (Slot) {
    return Slot.wrap((Tip.unwrap(tip) >> 128) & MASK_32);
}

function inboxCount(Tip tip) pure returns (uint256) {
    return (Tip.unwrap(tip) >> 160) & MASK_32;
}

function accounts(Tip tip) pure returns (uint256) {
    return (Tip.unwrap(tip) >> 192) & MASK_24;
}

/// @dev After a prune.
function withPending(Tip tip, uint256 number) pure returns (Tip) {
    return Tip.wrap((Tip.unwrap(tip) & ~MASK_32) | number);
}

/// @dev After a committee block of a slot and its epoch, which becomes the first unproven one when the block is the first
/// on top of proven. 2^32 blocks are out of reach: the number does not overflow its field.
function withProposed(Tip tip, Slot slot, Epoch epoch) pure returns (Tip) {
    unchecked {
        uint256 word = (Tip.unwrap(tip) & ~(MASK_32 << 128)) | (Slot.unwrap(slot) << 128);
        if (tip.pending() == tip.proven()) word = (word & ~(MASK_32 << 64)) | (Epoch.unwrap(epoch) << 64);
        return Tip.wrap(word + 1);
    }
}

/// @dev After an epoch proof.
function withProven(Tip tip, uint256 number, Epoch firstUnproven, uint256 messages) pure returns (Tip) {
    uint256 kept = Tip.unwrap(tip) & ~((MASK_32 << 32) | (MASK_32 << 64) | (MASK_32 << 96));
    return Tip.wrap(kept | (number << 32) | (Epoch.unwrap(firstUnproven) << 64) | (messages << 96));
}

/// @dev After a message. Neither field can overflow: the caller bounds accounts, and 2^32 messages are out of reach.
function withMessage(Tip tip, bool newAccount) pure returns (Tip) {
    return Tip.wrap(Tip.unwrap(tip) + (1 << 160) + (newAccount ? 1 << 192 : 0));
}
