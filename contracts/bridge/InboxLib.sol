// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {RollupState} from "../rollup/RollupState.sol";
import {BN254_R, GAS_TRANSFER, GAS_WITHDRAW, KIND_TRANSFER, KIND_WITHDRAW} from "../types/Constants.sol";
import {packInbox} from "../types/InboxWord.sol";
import {Tip} from "../types/Tip.sol";

/// @title Inbox
/// @notice Queue of messages from L1: a ring of rolling hashes that every chain of blocks consumes in order.
///
/// A message is 88 bytes:
///
///   type8 | index24 | nonce32 or parity | address160 | amount96 | keyX256 or s | e128 or 0
///
/// rollingHash_k = first 28 bytes of sha256(rollingHash_{k-1} ‖ message): 116 bytes, two compressions in the circuit.
library InboxLib {
    /// @notice Appends a message.
    /// @param tip the tip word as stored
    /// @param newAccount whether the message uses up a leaf index
    /// @param time now, in seconds since genesis
    /// @param head type8 | index24 | nonce32 | address160, right-aligned
    /// @return number message's number, from 1
    function send(
        RollupState storage self,
        Tip tip,
        bool newAccount,
        uint256 ring,
        uint256 time,
        uint256 head,
        uint256 amount,
        uint256 keyOrS,
        uint256 e
    ) internal returns (uint256 number) {
        number = tip.inboxCount() + 1;
        // What is not consumed at proven is never overwritten, nor is the word before it: a prune may bring it back.
        if (number - tip.provenMessages() >= ring)
            revert IRollup.Rollup__InboxFull(number - 1 - tip.provenMessages());

        uint256[3] memory message = [
            (head << 32) | (amount >> 64),
            (amount << 192) | (keyOrS >> 64),
            (keyOrS << 192) | (e << 64)
        ];
        uint256 hash = roll(self.inbox[(number - 1) % ring].rollingHash(), message);

        self.inbox[number % ring] = packInbox(hash, time);
        self.tip = tip.withMessage(newAccount);

        emit IRollup.MessageSent(number, message, hash);
    }

    /// @notice First 28 bytes, right-aligned, of sha256(28 bytes ‖ 88 bytes).
    function roll(uint256 previous, uint256[3] memory message) internal view returns (uint256 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, shl(32, previous))
            mstore(add(free, 0x1c), mload(message))
            mstore(add(free, 0x3c), mload(add(message, 0x20)))
            mstore(add(free, 0x5c), mload(add(message, 0x40)))
            // The SHA-256 precompile fails only for want of gas.
            if iszero(staticcall(gas(), 0x02, free, 0x74, free, 0x20)) {
                revert(0, 0)
            }
            hash := shr(32, mload(free))
        }
    }

    /// @notice Grumpkin: y^2 = x^3 - 17 over the scalar field of BN254, both coordinates canonical. The point at
    /// infinity, (0, 0), is not on it; every point is in the one subgroup.
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= BN254_R || y >= BN254_R) return false;

        return
            mulmod(y, y, BN254_R) == addmod(mulmod(mulmod(x, x, BN254_R), x, BN254_R), BN254_R - 17, BN254_R);
    }

    /// @notice Wei a deposit pays: nothing while the ring is at most half full, then base * (2 * queue - ring) /
    /// (ring - queue): it rises from there, to almost half a ring times the base for the last place.
    /// @dev Deposits are the cheapest messages: without this, dust could shut the Inbox for gas alone.
    function depositFee(Tip tip, uint256 ring, uint256 feePerL2Gas) internal pure returns (uint256) {
        uint256 queue = tip.inboxCount() - tip.provenMessages();
        if (2 * queue <= ring) return 0;

        return (GAS_TRANSFER * feePerL2Gas * (2 * queue - ring)) / (ring - queue);
    }

    /// @notice Sends back what was paid over the fee.
    function refund(address payer, uint256 fee) internal {
        if (msg.value == fee) return;

        (bool paid, ) = payer.call{value: msg.value - fee}("");
        if (!paid) revert IRollup.Rollup__RefundFailed();
    }

    function gasOf(uint256 kind) internal pure returns (uint256) {
        if (kind == KIND_TRANSFER) return GAS_TRANSFER;
        if (kind == KIND_WITHDRAW) return GAS_WITHDRAW;

        revert IRollup.Rollup__UnknownKind(kind);
    }

    /// @notice Wei a forced transaction pays: base * ring / (ring - queue). An empty queue costs the base, a half full
    /// one twice that, the last place half a ring times.
    function forcedFee(
        Tip tip,
        uint256 ring,
        uint256 kind,
        uint256 feePerL2Gas
    ) internal pure returns (uint256) {
        uint256 queue = tip.inboxCount() - tip.provenMessages();

        return (gasOf(kind) * feePerL2Gas * ring) / (ring - queue);
    }
}
