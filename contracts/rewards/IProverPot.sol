// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch} from "../types/Time.sol";

/// @notice Opening of an epoch word: all that the words of `EpochProven` hold, except that the end record is opened too.
///
///   when        = epoch << 64 | provenAt
///   duties      = keccak256(when ‖ participation0 ‖ participation1 ‖ seedWord)
///   settlement  = keccak256(prover ‖ keccak256(endRecord))
///   payments    = keccak256(when ‖ settlement ‖ rewardsRoot)
///   link        = keccak256(payments ‖ previous)
///   epoch word  = keccak256(duties ‖ link)
struct EpochOpening {
    /// epoch << 64 | L1 timestamp of the proof.
    uint256 when;
    /// Attestations by committee position, and committee blocks at bit 192 of the second word.
    uint256[2] participation;
    /// What the validator set answered for the epoch.
    uint256 seedWord;
    /// Commitment of the list of coinbaseFee words.
    bytes32 rewardsRoot;
    address prover;
    /// Record of the epoch's last block.
    uint256[7] endRecord;
    /// Word of the epoch proven before, 0 for the first.
    bytes32 previous;
}

/// @title Prover pots
/// @notice What a proof of an epoch earns: the epoch's prover fees, and a reward for each of its committee blocks. One
/// market spends it. It credits; who is credited collects for many epochs at once, and what they left goes on its way for
/// many epochs at once.
interface IProverPot {
    /// @notice Pot of a proven epoch. Reverts when the word does not open, when the epoch is not claimable yet or not any
    /// more, and when its pot was spent.
    /// @return pot in token units
    /// @return epoch the pot is of
    /// @return provenAt L1 timestamp of the proof
    function proverPot(
        EpochOpening calldata opening
    ) external view returns (uint256 pot, uint256 epoch, uint256 provenAt);

    /// @notice Spends an epoch's pot, once. Market only; reverts as `proverPot` does. Fees go first; what is left of them
    /// and the epoch's congestion fees, unless they are burnt, wait for `flush`, what is left of the reward is never drawn.
    /// @param payee credited; of no meaning when the fee is 0
    /// @param fee in basis points of the pot
    /// @return credited token units
    function creditProver(
        EpochOpening calldata opening,
        address payee,
        uint256 fee
    ) external returns (uint256 credited);

    /// @notice Pays a prover all that it was credited. Anyone may. What the distributor cannot pay yet stays owed.
    function collectProver(address prover) external returns (uint256 fees, uint256 reward);

    /// @notice Moves what the pots of 16 epochs, those that share a word with this one, left: unspent fees go to the
    /// distributor, congestion fees burn. Anyone may. What epochs of earlier laps left in the word goes with it; any epoch
    /// that shares the word names it.
    /// @return unspent token units that went to the distributor
    /// @return burned token units
    function flush(Epoch epoch) external returns (uint256 unspent, uint256 burned);

    /// @notice What a prover can collect: fees, and rewards as far as the distributor has funds.
    function creditOf(address prover) external view returns (uint256 fees, uint256 reward);

    /// @notice What `flush` would move.
    function leftoversOf(Epoch epoch) external view returns (uint256 unspent, uint256 burned);
}
