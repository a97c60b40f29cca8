// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InboxWord} from "../types/InboxWord.sol";
import {Pause} from "../types/Pause.sol";
import {Tip} from "../types/Tip.sol";

/// @notice Storage of the Rollup. Rings are mappings keyed by index modulo size; in steady state no block, message or
/// proof writes a new slot, except one an epoch with withdrawals.
struct RollupState {
    Tip tip;
    /// Ring of record hashes, by block number.
    mapping(uint256 index => bytes32) records;
    /// Ring of epoch words, by epoch.
    mapping(uint256 index => bytes32) epochs;
    /// Ring of Inbox words, by message number.
    mapping(uint256 index => InboxWord) inbox;
    /// hash224 | time32 of an epoch's withdrawals. Permanent.
    mapping(uint256 epoch => uint256) outbox;
    /// Bitmap of the consumed withdrawals of an epoch, 256 a word. Permanent.
    mapping(uint256 epoch => mapping(uint256 word => uint256)) consumed;
    /// The newest pause.
    Pause pause;
}
