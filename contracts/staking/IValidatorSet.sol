// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch, Slot, Timestamp} from "../types/Time.sol";

/// @title Validator set
/// @notice Who may propose in a slot, and who attests. One interface for a permissioned list and for proof of stake.
/// @dev Instances differ in genesis and lengths, so they pass slot, epoch and the epoch's start. Whatever lag between
/// the choice of the set and its use an implementation needs, it subtracts from that start.
interface IValidatorSet {
    /// @notice The slot has no proposer: the set is empty or not yet drawn, or the validator that had the duty is jailed
    /// or exits.
    error ValidatorSet__NoProposer(Slot slot);

    /// @notice The duty of a slot, asked for by the Rollup for an epoch's first committee block. An implementation may
    /// use the call to fix the randomness of a later epoch for the calling instance.
    /// @return proposer address that must send the block; 0 when whoever had the duty lost it (jailed, or exited)
    /// @return position of the proposer in the committee
    /// @return committeeSize members of the epoch's committee
    function takeDuty(
        Slot slot,
        Epoch epoch,
        Timestamp epochStart
    ) external returns (address proposer, uint256 position, uint256 committeeSize);

    /// @notice The same without effects: for an epoch's later blocks, and for any reader.
    /// @param instance Rollup that asks
    function dutyOf(
        address instance,
        Slot slot,
        Epoch epoch,
        Timestamp epochStart
    ) external view returns (address proposer, uint256 position, uint256 committeeSize);

    /// @notice What an epoch's committee was drawn from, in one word that a proof of the epoch keeps: claims about its
    /// duties need the set's own memory no longer. 0 when there is nothing to draw, or nothing drawn.
    function seedWordOf(address instance, Epoch epoch) external view returns (uint256);

    /// @notice Proposer addresses and key hashes of an epoch's committee, by position.
    function committeeOf(
        address instance,
        Epoch epoch,
        Timestamp epochStart
    ) external view returns (address[] memory proposers, bytes32[] memory keyHashes);

    /// @notice Key hashes of those members of an epoch's committee whose bit is set, in the order of their positions.
    /// @param bitmap position k at bit k; bits beyond the committee name nobody
    /// @return keyHashes see `Bls12381.hashKey`
    /// @return committeeSize members of the epoch's committee
    function membersOf(
        address instance,
        Epoch epoch,
        Timestamp epochStart,
        uint256 bitmap
    ) external view returns (bytes32[] memory keyHashes, uint256 committeeSize);
}
