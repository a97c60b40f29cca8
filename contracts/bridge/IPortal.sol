// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch} from "../types/Time.sol";

/// @title Portal
/// @notice Holds one token for one Rollup: what enters becomes a deposit message, what leaves is a withdrawal that the
/// Rollup's Outbox releases. Nothing else moves the token.
/// @dev No events of its own: the Rollup's `MessageSent` and `WithdrawalConsumed`, and the token's `Transfer`, say all.
interface IPortal {
    /// @notice The deposit would bring the holdings to 2^95 or more.
    error Portal__CapExceeded(uint256 holdings);

    /// @notice The token moved another amount than asked for.
    error Portal__AmountMismatch(uint256 expected, uint256 received);

    /// @notice Opens an account with its first deposit. The Rollup's `depositFee` is to be paid along, in ether; what is
    /// over it comes back.
    /// @param keyX owner's public key on Grumpkin
    /// @param amount at least the Rollup's minimum
    /// @return leaf account's index
    function register(uint256 keyX, uint256 keyY, uint256 amount) external payable returns (uint256 leaf);

    /// @notice Adds to an account, for the same fee. When the leaf has another key, the ledger sends the amount back to
    /// the caller.
    function deposit(uint256 leaf, uint256 keyX, uint256 keyY, uint256 amount) external payable;

    /// @notice Pays a withdrawal of a proven epoch. Anyone may send it; the recipient is in the word.
    /// @param count length of the epoch's list of withdrawals
    /// @param withdrawal asset1 | amount95 | recipient160
    /// @param path sibling hashes, leaf upwards
    function withdraw(
        Epoch epoch,
        uint256 index,
        uint256 count,
        uint256 withdrawal,
        bytes32[] calldata path
    ) external;

    /// @notice Rollup that created the portal, and whose withdrawals it pays.
    function rollup() external view returns (address);

    /// @notice The one token that it holds.
    function token() external view returns (address);
}
