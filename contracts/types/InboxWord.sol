// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One word of the Inbox ring: messageHash224 | time32, the rolling hash after a message and when it was sent,
/// in seconds since genesis.
type InboxWord is uint256;

using {rollingHash, sentAt} for InboxWord global;

function packInbox(uint256 hash224, uint256 time) pure returns (InboxWord) {
    return InboxWord.wrap((hash224 << 32) | time);
}

function rollingHash(InboxWord word) pure returns (uint256) {
    return InboxWord.unwrap(word) >> 32;
}

function sentAt(InboxWord word) pure returns (uint256) {
    return InboxWord.unwrap(word) & type(uint32).max;
}
