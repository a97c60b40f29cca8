// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {MAX_COMMITTEE} from "../types/Constants.sol";
import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {ChurnLib, ChurnRules} from "./ChurnLib.sol";
import {
    Deposit,
    InstanceConfig,
    IValidatorRegistry,
    RegistryConfig,
    ValidatorInfo,
    ValidatorState
} from "./IValidatorRegistry.sol";
import {IValidatorSet} from "./IValidatorSet.sol";
import {Instance, RegistryState} from "./RegistryState.sol";
import {Head, SeatArray, SeatArrayLib} from "./SeatArrayLib.sol";
import {SelectionLib} from "./SelectionLib.sol";
import {StakeLib, StakeRules} from "./StakeLib.sol";
import {FOLLOWERS, MAX_SEATS, MAX_STAKE_GWEI, PAID, SeatKey, SeedWord, Validator} from "./StakingWords.sol";

/// @title Validator registry
/// @notice See IValidatorRegistry. Its owner names instances and has no other power over stake.
contract ValidatorRegistry is IValidatorRegistry, Ownable2Step {
    using SafeERC20 for IERC20;
    using SelectionLib for RegistryState;
    using StakeLib for RegistryState;
    using SeatArrayLib for SeatArray;
    using ChurnLib for Head;

    /// @dev Epochs from the freeze of a set to the end of its epoch.
    uint256 private constant _FREEZE_TO_END = 4;

    address public immutable token;
    uint256 public immutable minimumStake;
    uint256 public immutable exitDelay;
    uint256 public immutable evidenceWindow;
    uint256 public immutable committeeSize;
    uint256 public immutable seedRing;
    uint256 private immutable _churnWindow;
    uint256 private immutable _bootstrapSize;
    uint256 private immutable _growthSize;
    uint256 private immutable _growthRate;
    uint256 private immutable _churnQuotient;
    uint256 private immutable _minChurn;
    uint256 private immutable _maxChurn;

    /// @inheritdoc IValidatorRegistry
    bytes32 public immutable domain;

    RegistryState private _state;

    /// @param first the instance that is canonical from the beginning, or one with address 0 to name none yet: named here,
    /// its deployer needs no power over the registry at any time
    constructor(RegistryConfig memory c, InstanceConfig memory first) Ownable(c.owner) {
        _validate(c);

        token = c.token;
        minimumStake = c.minimumStake;
        exitDelay = c.exitDelay;
        evidenceWindow = c.evidenceWindow;
        committeeSize = c.committeeSize;
        seedRing = c.seedRing;
        _churnWindow = c.churnWindow;
        _bootstrapSize = c.bootstrapSize;
        _growthSize = c.growthSize;
        _growthRate = c.growthRate;
        _churnQuotient = c.churnQuotient;
        _minChurn = c.minChurn;
        _maxChurn = c.maxChurn;

        domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Calpulli"),
                keccak256("1"),
                block.chainid,
                address(this)
            )
        );

        if (first.instance == address(0)) return;
        _addInstance(first.instance, first.genesis, first.epochDuration, first.slasher);
        _setCanonical(first.instance);
    }

    // Stake

    /// @inheritdoc IValidatorRegistry
    function deposit(Deposit calldata args) external returns (bytes28) {
        return _state.deposit(_stakeRules(), args);
    }

    /// @inheritdoc IValidatorRegistry
    function topUp(bytes28 keyHash, uint256 amount) external {
        _state.topUp(_stakeRules(), keyHash, amount);
    }

    /// @inheritdoc IValidatorRegistry
    function rejoin(bytes28 keyHash, address proposer) external {
        _state.rejoin(_stakeRules(), keyHash, proposer);
    }

    /// @inheritdoc IValidatorRegistry
    function rotateProposer(bytes28 keyHash, address proposer) external {
        _state.rotateProposer(keyHash, proposer);
    }

    /// @inheritdoc IValidatorRegistry
    function pin(bytes28 keyHash, address instance, address proposer) external {
        _state.pin(_stakeRules(), keyHash, instance, proposer);
    }

    /// @inheritdoc IValidatorRegistry
    function initiateExit(bytes28 keyHash, address recipient) external {
        _state.exit(_stakeRules(), keyHash, recipient);
    }

    /// @inheritdoc IValidatorRegistry
    function initiateExitSigned(uint256[3] calldata key, uint256[6] calldata signature) external {
        _state.exitSigned(_stakeRules(), key, signature);
    }

    /// @inheritdoc IValidatorRegistry
    function chooseRecipient(bytes28 keyHash, address recipient) external {
        _state.chooseRecipient(keyHash, recipient);
    }

    /// @inheritdoc IValidatorRegistry
    function finaliseExit(bytes28 keyHash) external {
        _state.finalise(_stakeRules(), keyHash);
    }

    // Instances

    /// @inheritdoc IValidatorRegistry
    function addInstance(
        address instance,
        uint256 genesis,
        uint256 epochDuration,
        address slasher
    ) external onlyOwner {
        _addInstance(instance, genesis, epochDuration, slasher);
    }

    /// @inheritdoc IValidatorRegistry
    function setCanonical(address instance) external onlyOwner {
        _setCanonical(instance);
    }

    /// @inheritdoc IValidatorRegistry
    function setSlasher(address instance, address slasher) external onlyOwner {
        if (_known(instance).canonicalUntil != type(uint32).max)
            revert ValidatorRegistry__SlasherFrozen(instance);

        _state.slashers[instance] = slasher;
        emit SlasherSet(instance, slasher);
    }

    /// @inheritdoc IValidatorRegistry
    function slash(
        address instance,
        Epoch epoch,
        uint256 position,
        uint256 amount,
        address beneficiary
    ) external returns (uint256 slashed) {
        SeedWord word = _checkSlash(instance, epoch);
        return _slash(word, instance, epoch, position, amount, beneficiary);
    }

    /// @inheritdoc IValidatorRegistry
    function slashProposer(
        address instance,
        Slot slot,
        Epoch epoch,
        uint256 amount,
        address beneficiary
    ) external returns (uint256 slashed) {
        SeedWord word = _checkSlash(instance, epoch);
        uint256 size = _committee(word);
        if (size == 0) revert ValidatorSet__NoProposer(slot);
        uint256 position = SelectionLib.proposerPosition(word, size, slot);
        return _slash(word, instance, epoch, position, amount, beneficiary);
    }

    // Selection

    /// @inheritdoc IValidatorSet
    function takeDuty(
        Slot slot,
        Epoch epoch,
        Timestamp epochStart
    ) external returns (address proposer, uint256 position, uint256 size) {
        mapping(uint256 index => SeedWord) storage words = _state.seeds[msg.sender];
        SeedWord word = SelectionLib.wordIn(words, seedRing, epoch);
        (proposer, position, size) = _duty(word, slot);
        _state.fixAhead(words, seedRing, msg.sender, epoch, epochStart, word);
    }

    /// @inheritdoc IValidatorSet
    function dutyOf(
        address instance,
        Slot slot,
        Epoch epoch,
        Timestamp
    ) external view returns (address proposer, uint256 position, uint256 size) {
        return _duty(_state.wordOf(seedRing, instance, epoch), slot);
    }

    /// @inheritdoc IValidatorSet
    function committeeOf(
        address instance,
        Epoch epoch,
        Timestamp
    ) external view returns (address[] memory proposers, bytes32[] memory keyHashes) {
        SeedWord word = _state.wordOf(seedRing, instance, epoch);
        uint256 size = _committee(word);
        keyHashes = _state.members(word, committeeSize, type(uint256).max);
        proposers = new address[](size);
        for (uint256 k = 0; k < size; ++k) {
            proposers[k] = _state.proposerAt(word, SelectionLib.placeOf(word, committeeSize, k));
        }
    }

    /// @inheritdoc IValidatorSet
    function membersOf(
        address instance,
        Epoch epoch,
        Timestamp,
        uint256 bitmap
    ) external view returns (bytes32[] memory keyHashes, uint256 size) {
        SeedWord word = _state.wordOf(seedRing, instance, epoch);
        keyHashes = _state.members(word, committeeSize, bitmap);
        size = _committee(word);
        // The array lies in memory as it is returned, but for its offset and the size before it.
        assembly ("memory-safe") {
            let start := sub(keyHashes, 0x40)
            mstore(start, 0x40)
            mstore(add(start, 0x20), size)
            return(start, add(0x60, shl(5, mload(keyHashes))))
        }
    }

    /// @inheritdoc IValidatorSet
    /// @dev See `SeedWord`.
    function seedWordOf(address instance, Epoch epoch) external view returns (uint256) {
        return SeedWord.unwrap(_state.wordOf(seedRing, instance, epoch));
    }

    /// @inheritdoc IValidatorRegistry
    function fixSeed(address instance, Epoch epoch) external {
        _state.fix(seedRing, instance, epoch);
    }

    /// @inheritdoc IValidatorRegistry
    function seedOf(address instance, Epoch epoch) external view returns (SeedWord) {
        return _state.wordOf(seedRing, instance, epoch);
    }

    /// @inheritdoc IValidatorRegistry
    function memberOf(address instance, Epoch epoch, uint256 position) external view returns (bytes28) {
        return _memberOf(_state.wordOf(seedRing, instance, epoch), position);
    }

    // Views

    /// @inheritdoc IValidatorRegistry
    function validatorOf(bytes28 keyHash) external view returns (ValidatorInfo memory info) {
        Validator validator = _state.validators[keyHash];
        if (Validator.unwrap(validator) == 0) return info;

        uint256 place = validator.placeOf();
        info.state = _state.stateOf(validator);
        info.withdrawer = validator.withdrawerOf();
        info.recipient = _state.recipientOf(keyHash, validator);
        if (validator.setOf() != FOLLOWERS) info.instance = _state.instanceList[validator.setOf() - 1];
        info.stake = validator.stakeOf() * StakeLib.GWEI;
        if (place > PAID) info.payableAt = place;
        if (place >= MAX_SEATS) return info;

        SeatArray storage array = _state.arrays[validator.setOf()];
        Head memory head = array.load();
        info.position = place;
        info.proposer = array.seats[place].seatProposer();
        uint256 active = array.sizeAt(block.timestamp);
        info.queuePosition = info.state == ValidatorState.QUEUED ? place - active : 0;
        uint256 since = array.keys[place].keySince();
        info.activeFrom =
            head.completeAt == 0
                ? type(uint256).max
                : since < head.completeAt
                    ? head.completeAt
                    : since;
    }

    /// @inheritdoc IValidatorRegistry
    function withdrawableOf(bytes28 keyHash) external view returns (uint256 amount, uint256 payableAt) {
        Validator validator = _state.validators[keyHash];
        if (validator.placeOf() > PAID) return (validator.stakeOf() * StakeLib.GWEI, validator.placeOf());
    }

    /// @inheritdoc IValidatorRegistry
    function nextActivation(
        address instance
    ) external view returns (uint256 activation, uint256 queueLength) {
        uint256 set = _setOf(instance);
        ChurnRules memory churn = StakeLib.churnOf(_stakeRules(), set);
        SeatArray storage array = _state.arrays[set];
        Head memory head = array.load();
        queueLength = head.length - array.sizeAt(block.timestamp);
        if (head.completeAt != 0 || churn.bootstrapSize == 0) activation = head.activation(churn);
        else if (head.length + 1 == churn.bootstrapSize) activation = ChurnLib.nextWindow(churn);
        else activation = type(uint256).max;
    }

    /// @inheritdoc IValidatorRegistry
    function sizeAt(address instance, Timestamp time) external view returns (uint256) {
        return _state.arrays[_setOf(instance)].sizeAt(Timestamp.unwrap(time));
    }

    /// @inheritdoc IValidatorRegistry
    function keyAt(address instance, uint256 position, Timestamp time) external view returns (bytes28) {
        return _state.arrays[_setOf(instance)].keyAt(position, Timestamp.unwrap(time)).keyHashOf();
    }

    /// @inheritdoc IValidatorRegistry
    function tenureAt(
        address instance,
        uint256 position,
        Timestamp time
    ) external view returns (bytes28 keyHash, uint256 from, uint256 until) {
        SeatKey key;
        (key, until) = _state.arrays[_setOf(instance)].tenureAt(position, Timestamp.unwrap(time));
        return (key.keyHashOf(), key.keySince(), until);
    }

    /// @inheritdoc IValidatorRegistry
    function withdrawerOf(bytes28 keyHash) external view returns (address) {
        return _state.validators[keyHash].withdrawerOf();
    }

    /// @inheritdoc IValidatorRegistry
    function canonicalInstance() external view returns (address) {
        return _state.canonical;
    }

    /// @inheritdoc IValidatorRegistry
    function canonicalAt(Timestamp time) external view returns (address) {
        uint256 count = _state.instanceList.length;
        for (uint256 i = 0; i < count; ++i) {
            Instance storage instance = _state.instances[_state.instanceList[i]];
            if (
                instance.canonicalFrom <= Timestamp.unwrap(time) &&
                Timestamp.unwrap(time) < instance.canonicalUntil
            ) return _state.instanceList[i];
        }
        return address(0);
    }

    /// @inheritdoc IValidatorRegistry
    function instanceOf(address instance) external view returns (InstanceConfig memory config) {
        Instance storage known = _state.instances[instance];
        if (known.number == 0) return config;
        return InstanceConfig(instance, known.genesis, known.epochDuration, _state.slashers[instance]);
    }

    /// @inheritdoc IValidatorRegistry
    function churnRules() external view returns (ChurnRules memory) {
        return _churnRules();
    }

    function _addInstance(address instance, uint256 genesis, uint256 epochDuration, address slasher) private {
        if (instance == address(0)) revert ValidatorRegistry__ZeroAddress();
        if (_state.instances[instance].number != 0) revert ValidatorRegistry__InstanceKnown(instance);
        uint256 number = _state.instanceList.length + 1;
        if (number > type(uint8).max) revert ValidatorRegistry__TooManyInstances();
        if (epochDuration == 0 || epochDuration > type(uint24).max)
            revert ValidatorRegistry__InvalidParameter("epochDuration");
        if (genesis < _FREEZE_TO_END * epochDuration || genesis > type(uint32).max)
            revert ValidatorRegistry__InvalidParameter("genesis");
        // A validator answers for sets frozen before it left until their evidence is too old: it must not be paid before,
        // and their seeds must still stand in the ring.
        uint256 answerable = evidenceWindow + _FREEZE_TO_END * epochDuration;
        if (exitDelay <= answerable) revert ValidatorRegistry__InvalidParameter("exitDelay");
        if (seedRing * epochDuration <= answerable) revert ValidatorRegistry__InvalidParameter("seedRing");

        _state.instances[instance] = Instance({
            number: uint8(number),
            genesis: uint40(genesis),
            epochDuration: uint32(epochDuration),
            canonicalFrom: type(uint32).max,
            canonicalUntil: type(uint32).max,
            pinned: false
        });
        _state.instanceList.push(instance);
        _state.slashers[instance] = slasher;
        emit InstanceAdded(instance, number, genesis, epochDuration, slasher);
    }

    function _setCanonical(address instance) private {
        Instance storage next = _known(instance);
        if (next.canonicalFrom != type(uint32).max) revert ValidatorRegistry__WasCanonical(instance);

        address current = _state.canonical;
        uint256 from = current == address(0) ? 0 : block.timestamp;
        if (current != address(0)) _state.instances[current].canonicalUntil = uint32(from);
        next.canonicalFrom = uint32(from);
        _state.arrays[FOLLOWERS].serve(next.pinned ? 0 : next.number);
        _state.canonical = instance;
        emit CanonicalInstanceSet(instance, from);
    }

    function _churnRules() private view returns (ChurnRules memory rules) {
        rules.window = _churnWindow;
        rules.bootstrapSize = _bootstrapSize;
        rules.growthSize = _growthSize;
        rules.growthRate = _growthRate;
        rules.quotient = _churnQuotient;
        rules.minRate = _minChurn;
        rules.maxRate = _maxChurn;
    }

    function _duty(
        SeedWord word,
        Slot slot
    ) private view returns (address proposer, uint256 position, uint256 size) {
        size = _committee(word);
        if (size == 0) revert ValidatorSet__NoProposer(slot);
        (proposer, position) = _state.duty(word, size, slot);
    }

    function _memberOf(SeedWord word, uint256 position) private view returns (bytes28) {
        uint256 size = _committee(word);
        if (position >= size) revert ValidatorRegistry__PositionOutOfRange(size, position);

        return _state.keyAt(word, SelectionLib.placeOf(word, committeeSize, position));
    }

    function _committee(SeedWord word) private view returns (uint256 size) {
        size = word.sizeOf();
        if (size > committeeSize) size = committeeSize;
    }

    function _slash(
        SeedWord word,
        address instance,
        Epoch epoch,
        uint256 position,
        uint256 amount,
        address beneficiary
    ) private returns (uint256 slashed) {
        bytes28 keyHash = _memberOf(word, position);

        slashed = _state.slash(_stakeRules(), keyHash, amount);
        emit Slashed(keyHash, instance, epoch, slashed, beneficiary);

        if (slashed != 0) IERC20(token).safeTransfer(beneficiary, slashed);
    }

    function _checkSlash(address instance, Epoch epoch) private view returns (SeedWord word) {
        Instance storage known = _known(instance);
        if (msg.sender != instance && (msg.sender != _state.slashers[instance]))
            revert ValidatorRegistry__NotSlasher(instance, msg.sender);
        word = _state.wordOf(seedRing, instance, epoch);
        if (SeedWord.unwrap(word) == 0) revert ValidatorRegistry__SeedNotFixed(instance, epoch);

        // A set drawn before a switch holds followers, so its epochs are those in which the instance was canonical. Who is
        // pinned stays, and answers for every epoch.
        uint256 deadline = word.freezeOf() + _FREEZE_TO_END * known.epochDuration;
        if (word.followersOf() != 0 && deadline > known.canonicalUntil) deadline = known.canonicalUntil;
        deadline += evidenceWindow;
        if (block.timestamp > deadline) revert ValidatorRegistry__EvidenceExpired(deadline, block.timestamp);
    }

    function _known(address instance) private view returns (Instance storage known) {
        known = _state.instances[instance];
        if (known.number == 0) revert ValidatorRegistry__UnknownInstance(instance);
    }

    function _setOf(address instance) private view returns (uint256) {
        return instance == address(0) ? FOLLOWERS : _known(instance).number;
    }

    function _stakeRules() private view returns (StakeRules memory rules) {
        rules.token = IERC20(token);
        rules.minimumStake = minimumStake;
        rules.exitDelay = exitDelay;
        rules.domain = domain;
        rules.churn = _churnRules();
    }

    function _validate(RegistryConfig memory c) private pure {
        if (c.token == address(0)) revert ValidatorRegistry__ZeroAddress();
        _require(
            c.minimumStake != 0 &&
                c.minimumStake % StakeLib.GWEI == 0 &&
                c.minimumStake <= MAX_STAKE_GWEI * StakeLib.GWEI,
            "minimumStake"
        );
        _require(c.evidenceWindow != 0, "evidenceWindow");
        _require(c.exitDelay > c.evidenceWindow && c.exitDelay <= 365 days, "exitDelay");
        _require(c.committeeSize != 0 && c.committeeSize <= MAX_COMMITTEE, "committeeSize");
        // The seeds of an epoch, the one after and the one after that are fixed side by side.
        _require(c.seedRing > 3, "seedRing");
        _require(c.churnWindow != 0 && c.churnWindow <= 30 days, "churnWindow");
        _require(c.bootstrapSize != 0 && c.bootstrapSize < MAX_SEATS, "bootstrapSize");
        _require(c.growthRate >= c.minChurn, "growthRate");
        _require(c.churnQuotient != 0, "churnQuotient");
        _require(c.minChurn != 0, "minChurn");
        // Exits of a window are counted in 16 bits.
        _require(c.maxChurn >= c.minChurn && c.maxChurn <= type(uint16).max, "maxChurn");
    }

    function _require(bool valid, string memory name) private pure {
        if (!valid) revert ValidatorRegistry__InvalidParameter(name);
    }
}
