// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SeatArray} from "./SeatArrayLib.sol";
import {SeedWord, Validator} from "./StakingWords.sol";

/// @notice An instance of the rollup that may draw committees: its clock in seconds, and when it was canonical.
struct Instance {
    /// Number of its set of pinned validators, from 1; 0 for an unknown instance.
    uint8 number;
    uint40 genesis;
    uint32 epochDuration;
    /// Followers are its validators as of times from `canonicalFrom` until before `canonicalUntil`.
    uint32 canonicalFrom;
    uint32 canonicalUntil;
    /// Whether a validator was ever pinned to it: spares a read.
    bool pinned;
}

/// @notice Storage of the ValidatorRegistry.
struct RegistryState {
    /// By key hash; never deleted, so a key is registered once.
    mapping(bytes28 keyHash => Validator) validators;
    /// Where an exit is paid, when not to the withdrawer.
    mapping(bytes28 keyHash => address) recipients;
    /// By number of the set.
    mapping(uint256 set => SeatArray) arrays;
    mapping(address => Instance) instances;
    /// Who may slash for an instance, beside itself.
    mapping(address instance => address) slashers;
    /// Number n at index n - 1.
    address[] instanceList;
    /// Instance that followers serve now; see `Instance` for when.
    address canonical;
    /// Ring of seed words, by epoch.
    mapping(address instance => mapping(uint256 index => SeedWord)) seeds;
}
