// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Bls12381, PairingInput, Tag} from "../crypto/Bls12381.sol";
import {ChurnLib, ChurnRules} from "./ChurnLib.sol";
import {Deposit, IValidatorRegistry, ValidatorState} from "./IValidatorRegistry.sol";
import {Instance, RegistryState} from "./RegistryState.sol";
import {Head, SeatArray, SeatArrayLib} from "./SeatArrayLib.sol";
import {
    FOLLOWERS,
    JAILED,
    MAX_STAKE_GWEI,
    packSeat,
    packValidator,
    PAID,
    Validator
} from "./StakingWords.sol";

/// @notice Parameters of stake, in the registry's units.
struct StakeRules {
    IERC20 token;
    uint256 minimumStake;
    uint256 exitDelay;
    bytes32 domain;
    ChurnRules churn;
}

/// @title Stake
/// @notice Joining, leaving, and what the stake answers for.
library StakeLib {
    using SafeERC20 for IERC20;
    using SeatArrayLib for SeatArray;
    using ChurnLib for Head;

    uint256 internal constant GWEI = 1e9;

    bytes32 private constant _POSSESSION_TYPE = keccak256(
        "ProofOfPossession(bytes32 key,address withdrawer)"
    );
    bytes32 private constant _EXIT_TYPE = keccak256("Exit(bytes32 key)");

    function deposit(
        RegistryState storage self,
        StakeRules memory rules,
        Deposit calldata args
    ) internal returns (bytes28 keyHash) {
        if (args.proposer == address(0) || args.withdrawer == address(0))
            revert IValidatorRegistry.ValidatorRegistry__ZeroAddress();
        if (args.amount < rules.minimumStake)
            revert IValidatorRegistry.ValidatorRegistry__BelowMinimum(rules.minimumStake, args.amount);
        uint256 stake = _toGwei(args.amount);
        keyHash = Bls12381.hashKey(args.key);
        if (Validator.unwrap(self.validators[keyHash]) != 0)
            revert IValidatorRegistry.ValidatorRegistry__KeyUsed(keyHash);
        uint256 set = _setOf(self, args.instance);
        _checkPossession(rules, args, keyHash);

        (uint256 position, uint256 activation) = _join(self, rules, set, keyHash, args.proposer);
        self.validators[keyHash] = packValidator(args.withdrawer, position, set, stake);
        emit IValidatorRegistry.Deposited(
            keyHash,
            args.withdrawer,
            args.instance,
            args.proposer,
            args.amount,
            position,
            activation,
            args.key
        );

        _take(rules, args.amount);
    }

    function topUp(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        uint256 amount
    ) internal {
        Validator validator = self.validators[keyHash];
        if (!validator.isSeated() && validator.placeOf() != JAILED) _revertState(self, keyHash);

        uint256 stake = validator.stakeOf() + _toGwei(amount);
        if (stake > MAX_STAKE_GWEI)
            revert IValidatorRegistry.ValidatorRegistry__StakeTooGreat(MAX_STAKE_GWEI * GWEI);

        self.validators[keyHash] = validator.withStake(stake);
        emit IValidatorRegistry.ToppedUp(keyHash, amount);

        _take(rules, amount);
    }

    function rejoin(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        address proposer
    ) internal {
        Validator validator = _ownValidator(self, keyHash);
        if (validator.placeOf() != JAILED) _revertState(self, keyHash);
        uint256 stake = validator.stakeOf() * GWEI;
        if (stake < rules.minimumStake)
            revert IValidatorRegistry.ValidatorRegistry__BelowMinimum(rules.minimumStake, stake);

        _queue(self, rules, keyHash, validator, proposer);
    }

    /// @dev A set frozen by now has it among the followers, one frozen from its activation on among the pinned: never twice.
    function pin(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        address instance,
        address proposer
    ) internal {
        Validator validator = _ownValidator(self, keyHash);
        if (!validator.isSeated() || validator.setOf() != FOLLOWERS) _revertState(self, keyHash);
        uint256 set = _pinnedSet(self, instance);

        _vacate(self, rules, keyHash, validator, true);
        emit IValidatorRegistry.Pinned(keyHash, instance);
        _queue(self, rules, keyHash, validator.withSet(set), proposer);
    }

    function rotateProposer(RegistryState storage self, bytes28 keyHash, address proposer) internal {
        Validator validator = _ownValidator(self, keyHash);
        if (!validator.isSeated()) _revertState(self, keyHash);
        if (proposer == address(0)) revert IValidatorRegistry.ValidatorRegistry__ZeroAddress();

        SeatArray storage array = self.arrays[validator.setOf()];
        uint256 position = validator.placeOf();
        array.seats[position] = packSeat(proposer, array.seats[position].seatSince());
        emit IValidatorRegistry.ProposerRotated(keyHash, proposer);
    }

    function exit(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        address recipient
    ) internal {
        Validator validator = _ownValidator(self, keyHash);
        if (recipient == address(0)) recipient = validator.withdrawerOf();

        if (recipient != validator.withdrawerOf()) self.recipients[keyHash] = recipient;
        _exit(self, rules, keyHash, validator, recipient);
    }

    function exitSigned(
        RegistryState storage self,
        StakeRules memory rules,
        uint256[3] calldata key,
        uint256[6] calldata signature
    ) internal {
        bytes28 keyHash = Bls12381.hashKey(key);
        Validator validator = self.validators[keyHash];
        bytes32 structHash = keccak256(abi.encode(_EXIT_TYPE, bytes32(keyHash)));
        if (!Bls12381.verify(key, signature, Tag.Signature, _digest(rules.domain, structHash)))
            revert IValidatorRegistry.ValidatorRegistry__ExitSignatureFailed(keyHash);

        _exit(self, rules, keyHash, validator, validator.withdrawerOf());
    }

    function chooseRecipient(RegistryState storage self, bytes28 keyHash, address recipient) internal {
        Validator validator = _ownValidator(self, keyHash);
        if (recipient == address(0)) revert IValidatorRegistry.ValidatorRegistry__ZeroAddress();
        if (validator.placeOf() <= PAID) _revertState(self, keyHash);

        self.recipients[keyHash] = recipient;
        emit IValidatorRegistry.RecipientChosen(keyHash, recipient);
    }

    function finalise(RegistryState storage self, StakeRules memory rules, bytes28 keyHash) internal {
        Validator validator = self.validators[keyHash];
        uint256 payableAt = validator.placeOf();
        if (payableAt <= PAID) _revertState(self, keyHash);
        if (block.timestamp < payableAt)
            revert IValidatorRegistry.ValidatorRegistry__NotPayable(payableAt, block.timestamp);

        uint256 amount = validator.stakeOf() * GWEI;
        address recipient = recipientOf(self, keyHash, validator);
        self.validators[keyHash] = validator.withPlace(PAID).withStake(0);
        emit IValidatorRegistry.ExitFinalised(keyHash, recipient, amount);

        rules.token.safeTransfer(recipient, amount);
    }

    /// @dev The caller checked who slashes, and for what.
    function slash(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        uint256 amount
    ) internal returns (uint256 slashed) {
        Validator validator = self.validators[keyHash];
        uint256 stake = validator.stakeOf();
        uint256 taken = amount / GWEI;
        if (taken > stake) taken = stake;
        stake -= taken;
        validator = validator.withStake(stake);

        if (validator.isSeated() && stake * GWEI < rules.minimumStake) {
            _vacate(self, rules, keyHash, validator, false);
            validator = validator.withPlace(JAILED);
            emit IValidatorRegistry.Jailed(keyHash);
        }
        self.validators[keyHash] = validator;

        return taken * GWEI;
    }

    function stateOf(RegistryState storage self, Validator validator) internal view returns (ValidatorState) {
        uint256 place = validator.placeOf();
        if (Validator.unwrap(validator) == 0 || place == PAID) return ValidatorState.NONE;
        if (place == JAILED) return ValidatorState.JAILED;
        if (place > PAID) return ValidatorState.EXITING;

        SeatArray storage array = self.arrays[validator.setOf()];
        return
            SeatArrayLib.isActive(array.load(), array.keys[place].keySince())
                ? ValidatorState.ACTIVE
                : ValidatorState.QUEUED;
    }

    function recipientOf(
        RegistryState storage self,
        bytes28 keyHash,
        Validator validator
    ) internal view returns (address recipient) {
        recipient = self.recipients[keyHash];
        if (recipient == address(0)) recipient = validator.withdrawerOf();
    }

    /// @notice Churn of one set: only the followers' has a bootstrap.
    function churnOf(StakeRules memory rules, uint256 set) internal pure returns (ChurnRules memory churn) {
        churn = rules.churn;
        if (set != FOLLOWERS) churn.bootstrapSize = 0;
    }

    function _checkPossession(StakeRules memory rules, Deposit calldata args, bytes28 keyHash) private view {
        PairingInput memory input = Bls12381.prepare(args.proof);
        Bls12381.loadKey(input, args.key, 0x180);
        // An infinite key and an infinite signature satisfy every pairing.
        if (Bls12381.isKeyInfinite(input)) revert IValidatorRegistry.ValidatorRegistry__InfiniteKey();

        bytes32 structHash = keccak256(abi.encode(_POSSESSION_TYPE, bytes32(keyHash), args.withdrawer));
        Bls12381.hashToG2(input, Tag.Possession, _digest(rules.domain, structHash));
        if (!Bls12381.pairs(input))
            revert IValidatorRegistry.ValidatorRegistry__ProofOfPossessionFailed(keyHash);
    }

    /// @dev To the end of its set's queue, from no set.
    function _queue(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        Validator validator,
        address proposer
    ) private {
        if (proposer == address(0)) revert IValidatorRegistry.ValidatorRegistry__ZeroAddress();

        (uint256 position, uint256 activation) = _join(self, rules, validator.setOf(), keyHash, proposer);
        self.validators[keyHash] = validator.withPlace(position);
        emit IValidatorRegistry.Rejoined(keyHash, proposer, position, activation);
    }

    function _join(
        RegistryState storage self,
        StakeRules memory rules,
        uint256 set,
        bytes28 keyHash,
        address proposer
    ) private returns (uint256 position, uint256 activation) {
        SeatArray storage array = self.arrays[set];
        ChurnRules memory churn = churnOf(rules, set);
        Head memory head = array.load();

        if (head.completeAt == 0 && churn.bootstrapSize == 0) head.completeAt = 1;
        if (head.completeAt != 0) activation = head.activation(churn);
        position = array.append(head, keyHash, proposer, activation);
        if (head.completeAt == 0 && head.length == churn.bootstrapSize) {
            array.complete(head, ChurnLib.nextWindow(churn));
            emit IValidatorRegistry.BootstrapCompleted(head.completeAt);
        }

        array.save(head);
    }

    function _exit(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        Validator validator,
        address recipient
    ) private {
        if (validator.isSeated()) _vacate(self, rules, keyHash, validator, true);
        else if (validator.placeOf() != JAILED) _revertState(self, keyHash);

        uint256 payableAt = block.timestamp + rules.exitDelay;
        self.validators[keyHash] = validator.withPlace(payableAt);
        emit IValidatorRegistry.ExitInitiated(keyHash, recipient, payableAt);
    }

    /// @param counted whether it leaves of its own will, at the rate of exits
    function _vacate(
        RegistryState storage self,
        StakeRules memory rules,
        bytes28 keyHash,
        Validator validator,
        bool counted
    ) private {
        SeatArray storage array = self.arrays[validator.setOf()];
        Head memory head = array.load();
        uint256 position = validator.placeOf();
        // Who waits in the queue changes no committee, and may leave at any time.
        if (counted && SeatArrayLib.isActive(head, array.keys[position].keySince()))
            head.takeExit(rules.churn);

        bytes28 moved = array.remove(head, position);
        if (moved != 0) self.validators[moved] = self.validators[moved].withPlace(position);
        array.save(head);
        emit IValidatorRegistry.SeatVacated(keyHash, validator.setOf(), position, moved);
    }

    function _ownValidator(
        RegistryState storage self,
        bytes28 keyHash
    ) private view returns (Validator validator) {
        validator = self.validators[keyHash];
        if (msg.sender != validator.withdrawerOf())
            revert IValidatorRegistry.ValidatorRegistry__NotWithdrawer(validator.withdrawerOf(), msg.sender);
    }

    function _setOf(RegistryState storage self, address instance) private returns (uint256) {
        return instance == address(0) ? FOLLOWERS : _pinnedSet(self, instance);
    }

    /// @dev The number of an instance's set. A set of its own opens when the followers' bootstrap is over: before, its first
    /// member would be the whole committee.
    function _pinnedSet(RegistryState storage self, address instance) private returns (uint256) {
        Instance storage known = self.instances[instance];
        if (known.number == 0) revert IValidatorRegistry.ValidatorRegistry__UnknownInstance(instance);
        if (!SeatArrayLib.isActive(self.arrays[FOLLOWERS].load(), 0))
            revert IValidatorRegistry.ValidatorRegistry__BootstrapIncomplete();
        if (!known.pinned) {
            known.pinned = true;
            SeatArray storage followers = self.arrays[FOLLOWERS];
            if (followers.serving() == known.number) followers.serve(0);
        }
        return known.number;
    }

    function _toGwei(uint256 amount) private pure returns (uint256 gwei_) {
        gwei_ = amount / GWEI;
        if (gwei_ * GWEI != amount) revert IValidatorRegistry.ValidatorRegistry__NotWholeGwei(amount);
        if (gwei_ > MAX_STAKE_GWEI)
            revert IValidatorRegistry.ValidatorRegistry__StakeTooGreat(MAX_STAKE_GWEI * GWEI);
    }

    /// @dev A token that keeps a fee, or lies, would leave stakes without cover.
    function _take(StakeRules memory rules, uint256 amount) private {
        uint256 before = rules.token.balanceOf(address(this));
        rules.token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = rules.token.balanceOf(address(this)) - before;
        if (received != amount)
            revert IValidatorRegistry.ValidatorRegistry__WrongAmountReceived(amount, received);
    }

    function _revertState(RegistryState storage self, bytes28 keyHash) private view {
        revert IValidatorRegistry.ValidatorRegistry__WrongState(
            keyHash,
            stateOf(self, self.validators[keyHash])
        );
    }

    function _digest(bytes32 domain_, bytes32 structHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain_, structHash));
    }
}
