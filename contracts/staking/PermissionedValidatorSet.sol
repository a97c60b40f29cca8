// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {MAX_COMMITTEE} from "../types/Constants.sol";
import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {IValidatorSet} from "./IValidatorSet.sol";

/// @notice One member: the address that proposes, and the hash of the BLS12-381 key that attests.
struct Member {
    address proposer;
    bytes32 keyHash;
}

/// @title Permissioned validator set
/// @notice An owner (key or multisig) lists the members; no stake. The whole list is the committee, and proposers take
/// turns. A new list takes effect at a time announced `delay` seconds ahead, from the first epoch that starts at or
/// after it, so no committee changes under its own epoch. Lists are kept, by number.
/// @dev Proofs of possession of the keys are checked by whoever assembles the list: the owner is trusted not to list a
/// key made from others' keys.
contract PermissionedValidatorSet is IValidatorSet, Ownable2Step {
    /// @dev size8 | generation32
    uint256 private constant _ENTRY = 0xffffffffff;

    /// @notice Seconds between the announcement of a list and its earliest effect; at least the longest epoch of the
    /// instances that use the set, and where aggregates are challenged the longest life of an unproven block: after two
    /// changes the committees before them are answered for by the wrong list.
    uint256 public immutable delay;

    /// @notice The list in effect and the one announced.
    ///
    ///   spare112 | nextFrom64 | nextSize8 | next32 | currentSize8 | current32
    uint256 public generations;

    mapping(uint256 generation => mapping(uint256 position => address)) private _proposers;
    mapping(uint256 generation => mapping(uint256 position => bytes32)) private _keyHashes;

    /// @notice A list was announced; it replaces one that was announced and not yet in effect.
    event MembersListed(uint256 indexed generation, Timestamp from, Member[] members);

    error PermissionedValidatorSet__SizeOutOfRange(uint256 size);
    error PermissionedValidatorSet__TooSoon(Timestamp earliest, Timestamp from);
    error PermissionedValidatorSet__ZeroMember(uint256 position);

    /// @param members in effect at once
    constructor(address owner, uint256 delay_, Member[] memory members) Ownable(owner) {
        delay = delay_;
        _list(1, members);
        generations = (members.length << 32) | 1;
        emit MembersListed(1, Timestamp.wrap(0), members);
    }

    /// @notice Announces a list, in place of one that is announced and not yet in effect.
    /// @param from time, in seconds: the first epoch that starts at or after it uses the list
    function list(Member[] calldata members, Timestamp from) external onlyOwner {
        uint256 word = generations;
        uint256 current = word & _ENTRY;
        uint256 next = (word >> 40) & _ENTRY;
        uint256 nextFrom = (word >> 80) & type(uint64).max;

        Timestamp earliest = Timestamp.wrap(block.timestamp + delay);
        if (from < earliest || Timestamp.unwrap(from) > type(uint64).max)
            revert PermissionedValidatorSet__TooSoon(earliest, from);

        uint256 generation = (current & type(uint32).max) + 1;
        if (nextFrom != 0 && block.timestamp >= nextFrom) {
            // Epochs that began under the current list may still run: it is forgotten `delay` seconds later.
            Timestamp settled = Timestamp.wrap(nextFrom + delay);
            if (block.timestamp < nextFrom + delay)
                revert PermissionedValidatorSet__TooSoon(settled, Timestamp.wrap(block.timestamp));
            current = next;
            ++generation;
        }

        _list(generation, members);
        generations = (Timestamp.unwrap(from) << 80) | (members.length << 72) | (generation << 40) | current;

        emit MembersListed(generation, from, members);
    }

    /// @notice Any list ever in effect, by its number.
    function member(uint256 generation, uint256 position) external view returns (Member memory) {
        return Member(_proposers[generation][position], _keyHashes[generation][position]);
    }

    /// @inheritdoc IValidatorSet
    function takeDuty(
        Slot slot,
        Epoch,
        Timestamp epochStart
    ) external view returns (address proposer, uint256 position, uint256 committeeSize) {
        return _duty(slot, epochStart);
    }

    /// @inheritdoc IValidatorSet
    function dutyOf(
        address,
        Slot slot,
        Epoch,
        Timestamp epochStart
    ) external view returns (address proposer, uint256 position, uint256 committeeSize) {
        return _duty(slot, epochStart);
    }

    /// @inheritdoc IValidatorSet
    function committeeOf(
        address,
        Epoch,
        Timestamp epochStart
    ) external view returns (address[] memory proposers, bytes32[] memory keyHashes) {
        (uint256 generation, uint256 size) = _generationAt(epochStart);
        proposers = new address[](size);
        keyHashes = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            proposers[i] = _proposers[generation][i];
            keyHashes[i] = _keyHashes[generation][i];
        }
    }

    /// @inheritdoc IValidatorSet
    function membersOf(
        address,
        Epoch,
        Timestamp epochStart,
        uint256 bitmap
    ) external view returns (bytes32[] memory keyHashes, uint256 committeeSize) {
        uint256 generation;
        (generation, committeeSize) = _generationAt(epochStart);
        keyHashes = new bytes32[](committeeSize);
        uint256 count = 0;
        for (uint256 i = 0; i < committeeSize; ++i) {
            if ((bitmap >> i) & 1 == 1) keyHashes[count++] = _keyHashes[generation][i];
        }
        assembly ("memory-safe") {
            mstore(keyHashes, count)
        }
    }

    /// @inheritdoc IValidatorSet
    /// @dev The whole list is the committee: nothing is drawn.
    function seedWordOf(address, Epoch) external pure returns (uint256) {
        return 0;
    }

    function _duty(Slot slot, Timestamp epochStart) private view returns (address, uint256, uint256) {
        (uint256 generation, uint256 size) = _generationAt(epochStart);
        uint256 position = Slot.unwrap(slot) % size;

        return (_proposers[generation][position], position, size);
    }

    /// @dev For times up to now plus the delay, and back to the start of the current list.
    function _generationAt(Timestamp epochStart) private view returns (uint256 generation, uint256 size) {
        uint256 word = generations;
        uint256 from = (word >> 80) & type(uint64).max;
        if (from != 0 && Timestamp.unwrap(epochStart) >= from) word >>= 40;

        return (word & type(uint32).max, (word >> 32) & type(uint8).max);
    }

    function _list(uint256 generation, Member[] memory members) private {
        if (members.length == 0 || members.length > MAX_COMMITTEE)
            revert PermissionedValidatorSet__SizeOutOfRange(members.length);

        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i].proposer == address(0) || members[i].keyHash == 0)
                revert PermissionedValidatorSet__ZeroMember(i);
            _proposers[generation][i] = members[i].proposer;
            _keyHashes[generation][i] = members[i].keyHash;
        }
    }
}
