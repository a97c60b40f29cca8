// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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
/// market spends it.
interface IProverPot {
    /// @notice Pot of a proven epoch. Reverts when the word does not open, when the epoch is not claimable yet or not any
    /// more, and when its pot was paid.
    /// @return pot in token units; the reward's part is paid as far as the distributor has funds
    /// @return epoch the pot is of
    /// @return provenAt L1 timestamp of the proof
    function proverPot(
        EpochOpening calldata opening
    ) external view returns (uint256 pot, uint256 epoch, uint256 provenAt);

    /// @notice Pays from an epoch's pot, once. Market only. Fees go first; what is left of them goes to the distributor,
    /// what is left of the reward is never drawn. Burns the epoch's congestion fees if nobody has.
    /// @param amount at most the pot
    /// @return paid less than `amount` only when the distributor is short
    function payProver(
        EpochOpening calldata opening,
        address to,
        uint256 amount
    ) external returns (uint256 paid);
}
