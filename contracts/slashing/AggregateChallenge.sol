// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Fp2} from "../crypto/CompressedG2.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {Aggregate, AttestationLib, Committee} from "../staking/AttestationLib.sol";
import {IValidatorRegistry} from "../staking/IValidatorRegistry.sol";
import {IValidatorSet} from "../staking/IValidatorSet.sol";
import {CHAIN_HASH, hashRecord, Position, POSITION, WITNESS_HASH} from "../types/Record.sol";
import {Epoch, Slot} from "../types/Time.sol";
import {ChallengeConfig, IAggregateChallenge} from "./IAggregateChallenge.sol";

/// @title Aggregate challenge
/// @notice See IAggregateChallenge. The Rollup lets it roll back, the registry lets it slash.
contract AggregateChallenge is IAggregateChallenge {
    using SafeERC20 for IERC20;

    /// @dev Words of the opening: the witness and the point in full; behind them three a key.
    uint256 private constant _FIXED = 11;
    uint256 private constant _KEY = 3;

    /// @inheritdoc IAggregateChallenge
    address public immutable rollup;
    /// @inheritdoc IAggregateChallenge
    address public immutable validatorSet;
    /// @inheritdoc IAggregateChallenge
    address public immutable registry;
    /// @inheritdoc IAggregateChallenge
    address public immutable token;
    /// @inheritdoc IAggregateChallenge
    uint256 public immutable slashAmount;
    /// @inheritdoc IAggregateChallenge
    uint256 public immutable reward;
    /// @inheritdoc IAggregateChallenge
    uint256 public immutable reserve;

    /// @inheritdoc IAggregateChallenge
    mapping(bytes32 recordHash => bool) public isConvicted;

    constructor(ChallengeConfig memory c) {
        if (c.rollup == address(0)) revert AggregateChallenge__InvalidConfig("rollup");
        if (c.validatorSet.code.length == 0) revert AggregateChallenge__InvalidConfig("validatorSet");
        bool staked = c.registry != address(0);
        if (staked != (c.token != address(0))) revert AggregateChallenge__InvalidConfig("token");
        if (staked != (c.slashAmount != 0)) revert AggregateChallenge__InvalidConfig("slashAmount");
        if (c.reward > c.slashAmount / 2) revert AggregateChallenge__InvalidConfig("reward");
        if (!staked && c.reserve != 0) revert AggregateChallenge__InvalidConfig("reserve");

        rollup = c.rollup;
        validatorSet = c.validatorSet;
        registry = c.registry;
        token = c.token;
        slashAmount = c.slashAmount;
        reward = c.reward;
        reserve = c.reserve;
    }

    /// @inheritdoc IAggregateChallenge
    function invalidate(uint256[7] calldata record, uint256[] calldata opening) external {
        (uint256[5] calldata witness, uint256[6] calldata point, uint256[3][] calldata keys) = _split(
            opening
        );
        (bytes32 recordHash, bytes32 digest, Committee memory committee) = _openRecord(record, witness);
        Aggregate memory aggregate = _openWitness(record, witness);
        if (!AttestationLib.isInvalid(committee, aggregate, digest, keys, point))
            revert AggregateChallenge__AggregateValid(Position.wrap(record[POSITION]).number());

        _convict(record, recordHash, committee.epoch, address(uint160(witness[0])));
    }

    /// @inheritdoc IAggregateChallenge
    function invalidateMalformed(
        uint256[7] calldata record,
        uint256[5] calldata witness,
        Fp2 calldata root
    ) external {
        (bytes32 recordHash, , Committee memory committee) = _openRecord(record, witness);
        Aggregate memory aggregate = _openWitness(record, witness);
        if (!AttestationLib.isNoSignature(aggregate, root))
            revert AggregateChallenge__AggregateValid(Position.wrap(record[POSITION]).number());

        _convict(record, recordHash, committee.epoch, address(uint160(witness[0])));
    }

    /// @inheritdoc IAggregateChallenge
    function requireValid(uint256[7] calldata record, uint256[] calldata opening) external view {
        (uint256[5] calldata witness, uint256[6] calldata point, uint256[3][] calldata keys) = _split(
            opening
        );
        (, bytes32 digest, Committee memory committee) = _ask(record, witness);
        Aggregate memory aggregate = _openWitness(record, witness);
        if (!AttestationLib.isValid(committee, aggregate, digest, keys, point))
            revert AggregateChallenge__AggregateWrong(Position.wrap(record[POSITION]).number());
    }

    /// @inheritdoc IAggregateChallenge
    function burnExcess() external returns (uint256 burned) {
        if (registry == address(0)) return 0;

        uint256 holdings = IERC20(token).balanceOf(address(this));
        if (holdings <= reserve) return 0;

        burned = holdings - reserve;
        ERC20Burnable(token).burn(burned);
    }

    /// @dev The record's own number says which word of the ring it must match, so the word of another lap never does.
    /// What matches was a block of the Rollup, pending now, proven, or pruned since.
    function _openRecord(
        uint256[7] calldata record,
        uint256[5] calldata witness
    ) private view returns (bytes32 recordHash, bytes32 digest, Committee memory committee) {
        bytes32 expected;
        (expected, digest, committee) = _ask(record, witness);
        recordHash = hashRecord(record);
        if (recordHash != expected)
            revert AggregateChallenge__WrongRecord(
                Position.wrap(record[POSITION]).number(),
                expected,
                recordHash
            );
    }

    /// @dev What the Rollup knows about the record: its word, what was signed, and by whom. Neither record nor witness is
    /// checked here.
    function _ask(
        uint256[7] calldata record,
        uint256[5] calldata witness
    ) private view returns (bytes32 word, bytes32 digest, Committee memory committee) {
        Position position = Position.wrap(record[POSITION]);
        committee.set = IValidatorSet(validatorSet);
        committee.instance = rollup;
        (word, digest, committee.epoch, committee.epochStart) = IRollup(rollup).attestationOf(
            position.number(),
            position.slotOf(),
            bytes32(record[CHAIN_HASH]),
            int16(uint16(witness[1] >> 160)),
            address(uint160(witness[1]))
        );
    }

    /// @dev Parts of the opening, where they stand in calldata.
    function _split(
        uint256[] calldata opening
    )
        private
        pure
        returns (uint256[5] calldata witness, uint256[6] calldata point, uint256[3][] calldata keys)
    {
        uint256 length = opening.length;
        if (length < _FIXED || (length - _FIXED) % _KEY != 0) revert AggregateChallenge__WrongOpening(length);

        assembly ("memory-safe") {
            witness := opening.offset
            point := add(opening.offset, 0xa0)
            keys.offset := add(opening.offset, 0x160)
            keys.length := div(sub(length, _FIXED), _KEY)
        }
    }

    function _openWitness(
        uint256[7] calldata record,
        uint256[5] calldata witness
    ) private pure returns (Aggregate memory) {
        Position position = Position.wrap(record[POSITION]);
        uint256 bitmap = position.bitmapOf();
        if (bitmap == 0) revert AggregateChallenge__NothingAttested(position.number());
        bytes32 actual = keccak256(
            abi.encode(bitmap, witness[0], witness[2], witness[3], witness[4], witness[1])
        );
        if (actual != bytes32(record[WITNESS_HASH]))
            revert AggregateChallenge__WrongWitness(bytes32(record[WITNESS_HASH]), actual);

        return Aggregate(bitmap, [witness[2], witness[3], witness[4]]);
    }

    /// @dev A pending block leaves the ring with its roll-back, so it is convicted once; published again, it is another
    /// offence. One that is not pending stays in the ring: that it was convicted must be remembered.
    function _convict(uint256[7] calldata record, bytes32 recordHash, Epoch epoch, address proposer) private {
        Position position = Position.wrap(record[POSITION]);
        bool rolledBack = IRollup(rollup).rollBack(position.number());
        if (!rolledBack) {
            if (registry == address(0)) revert AggregateChallenge__NothingToDo(position.number());
            if (isConvicted[recordHash]) revert AggregateChallenge__AlreadyConvicted(recordHash);
            isConvicted[recordHash] = true;
        }

        uint256 slashed = _slash(position.slotOf(), epoch, rolledBack);
        uint256 paid = _pay(slashed, rolledBack);

        emit AggregateInvalid(position.number(), recordHash, msg.sender, proposer, rolledBack, slashed, paid);
    }

    /// @dev A roll-back needs no stake: where the registry refuses for good (evidence too old, an instance that was
    /// replaced, another slasher), it stands alone. Anything else, want of gas above all, reverts the challenge: nobody
    /// rolls his own block back and spares his stake.
    function _slash(Slot slot, Epoch epoch, bool rolledBack) private returns (uint256) {
        if (registry == address(0)) return 0;

        try
            IValidatorRegistry(registry).slashProposer(rollup, slot, epoch, slashAmount, address(this))
        returns (uint256 slashed) {
            return slashed;
        } catch (bytes memory reason) {
            if (rolledBack && _isFinal(bytes4(reason))) return 0;
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function _isFinal(bytes4 reason) private pure returns (bool) {
        return
            reason == IValidatorRegistry.ValidatorRegistry__EvidenceExpired.selector ||
            reason == IValidatorRegistry.ValidatorRegistry__NotSlasher.selector ||
            reason == IValidatorRegistry.ValidatorRegistry__UnknownInstance.selector;
    }

    /// @dev What is kept helps only who rolled a block back: a late conviction saves nothing. In a race for a roll-back every
    /// token move counts, so what is over the reserve burns later.
    function _pay(uint256 slashed, bool rolledBack) private returns (uint256 paid) {
        if (registry == address(0)) return 0;

        paid = reward;
        if (slashed < paid) {
            uint256 most = rolledBack ? IERC20(token).balanceOf(address(this)) : slashed;
            if (most < paid) paid = most;
        }

        if (paid != 0) IERC20(token).safeTransfer(msg.sender, paid);
    }
}
