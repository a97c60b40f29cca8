// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AssetPortal} from "../bridge/AssetPortal.sol";
import {FeePortal} from "../bridge/FeePortal.sol";
import {InboxLib} from "../bridge/InboxLib.sol";
import {OutboxLib} from "../bridge/OutboxLib.sol";
import {IAggregateChallenge} from "../slashing/IAggregateChallenge.sol";
import {IValidatorSet} from "../staking/IValidatorSet.sol";
import {CLAIMS, Claims, STATE_ROOT, WITNESS, Witness} from "../types/Block.sol";
import {Clock, epochAround, slotSince, startSince} from "../types/Clock.sol";
import {
    DEPOSIT_CAP,
    MAX_ACCOUNTS,
    MESSAGE_ASSET_DEPOSIT,
    MESSAGE_FEE_DEPOSIT,
    MESSAGE_FORCED
} from "../types/Constants.sol";
import {FeeAmounts, FeeControls, FeeState} from "../types/FeeWords.sol";
import {genesisChainHash} from "../types/Header.sol";
import {InboxWord} from "../types/InboxWord.sol";
import {Pause} from "../types/Pause.sol";
import {
    CHAIN_HASH,
    Cursor,
    CURSOR,
    hashNewRecord,
    Oracle,
    ORACLE,
    Position,
    POSITION
} from "../types/Record.sol";
import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {Tip} from "../types/Tip.sol";
import {Withdrawal} from "../types/Withdrawal.sol";
import {IVerifierPolicy} from "../verifier/IVerifierPolicy.sol";
import {ChainLib} from "./ChainLib.sol";
import {ConfigLib} from "./ConfigLib.sol";
import {DigestLib} from "./DigestLib.sol";
import {EpochProofLib, EpochProofRules} from "./EpochProofLib.sol";
import {FeeLib, FeeParts} from "./FeeLib.sol";
import {EpochProof, IRollup, RollupConfig, Status} from "./IRollup.sol";
import {PauseLib, PauseRules} from "./PauseLib.sol";
import {ProposeLib} from "./ProposeLib.sol";
import {RollupState} from "./RollupState.sol";

/// @title Rollup
/// @notice See IRollup. Immutable: an upgrade is another instance.
contract Rollup is IRollup {
    using ProposeLib for RollupState;
    using EpochProofLib for RollupState;
    using ChainLib for RollupState;
    using PauseLib for RollupState;
    using InboxLib for RollupState;
    using OutboxLib for RollupState;

    uint256 private immutable _version;
    uint256 private immutable _genesisRoot;
    uint256 private immutable _genesisTime;
    uint256 private immutable _slotDuration;
    uint256 private immutable _slotsPerEpoch;
    uint256 private immutable _proofSubmissionEpochs;
    uint256 private immutable _recordRing;
    uint256 private immutable _epochRing;
    uint256 private immutable _inboxRing;
    uint256 private immutable _maxMessages;
    uint256 private immutable _maxL2Gas;
    uint256 private immutable _maxDaGas;
    FeeControls private immutable _feeControls;
    FeeAmounts private immutable _feeAmounts;
    uint256 private immutable _initialOracle;
    uint256 private immutable _maxModifier;
    uint256 private immutable _messageDeadline;
    uint256 private immutable _outboxDelay;
    uint256 private immutable _forcedFeePerL2Gas;
    uint256 private immutable _minimumFeeRegistration;
    uint256 private immutable _minimumAssetRegistration;
    uint256 private immutable _pauseMax;
    uint256 private immutable _pauseCooldown;
    address private immutable _council;
    address private immutable _validatorSet;
    address private immutable _verifierPolicy;
    address private immutable _feeToken;
    address private immutable _asset;
    address private immutable _rewards;
    address private immutable _aggregateChallenge;
    uint256 private immutable _attestationChallengeWindow;

    /// @inheritdoc IRollup
    bytes32 public immutable genesisHash;
    /// @inheritdoc IRollup
    address public immutable feePortal;
    /// @inheritdoc IRollup
    address public immutable assetPortal;
    bytes32 private immutable _domain;

    RollupState private _state;

    constructor(RollupConfig memory c) {
        ConfigLib.validate(c);

        _version = c.version;
        _genesisRoot = c.genesisRoot;
        _genesisTime = c.genesisTime;
        _slotDuration = c.slotDuration;
        _slotsPerEpoch = c.slotsPerEpoch;
        _proofSubmissionEpochs = c.proofSubmissionEpochs;
        _recordRing = c.recordRing;
        _epochRing = c.epochRing;
        _inboxRing = c.inboxRing;
        _maxMessages = c.maxMessages;
        _maxL2Gas = c.maxL2Gas;
        _maxDaGas = c.maxDaGas;
        (_feeControls, _feeAmounts) = FeeLib.pack(c.fees);
        _initialOracle = c.initialOracle;
        _maxModifier = c.maxModifier;
        _messageDeadline = c.messageDeadline;
        _outboxDelay = c.outboxDelay;
        _forcedFeePerL2Gas = c.forcedFeePerL2Gas;
        _minimumFeeRegistration = c.minimumFeeRegistration;
        _minimumAssetRegistration = c.minimumAssetRegistration;
        _pauseMax = c.pauseMax;
        _pauseCooldown = c.pauseCooldown;
        _council = c.council;
        _validatorSet = c.validatorSet;
        _verifierPolicy = c.verifierPolicy;
        _feeToken = c.feeToken;
        _asset = c.asset;
        _rewards = c.rewards;
        _aggregateChallenge = c.aggregateChallenge;
        _attestationChallengeWindow = c.attestationChallengeWindow;

        genesisHash = genesisChainHash(address(this), c.version, c.genesisRoot);
        _domain = DigestLib.domain(c.version);
        feePortal = address(new FeePortal(c.feeToken, c.rewards));
        assetPortal = address(new AssetPortal(c.asset));

        uint256[7] memory genesis;
        genesis[CHAIN_HASH] = uint256(genesisHash);
        genesis[ORACLE] = c.initialOracle;
        _state.records[0] = hashNewRecord(genesis);
        emit Genesis(genesis);
    }

    // Chain

    /// @inheritdoc IRollup
    /// @dev Checks, cheap ones first; then the record, two words and the event. Parameters go to the steps one by one: in
    /// a struct in memory they would cost more than most checks.
    function propose(uint256[7] calldata parent, uint256[6] calldata blk) external {
        Claims claims = Claims.wrap(blk[CLAIMS]);
        Position position = Position.wrap(parent[POSITION]);

        bytes32 versionedHash = ProposeLib.onlyBlob();
        Slot slot = slotSince(_genesisTime, _slotDuration, Timestamp.wrap(block.timestamp));
        ProposeLib.checkSlot(slot, claims.slot(), position.slotOf());
        (Epoch epoch, Slot first) = epochAround(slot, _slotsPerEpoch);
        Tip tip_ = _openTip(epoch);
        _state.checkParent(tip_, _recordRing, parent);
        uint256 attested = _checkAttestation(tip_, slot, epoch, first, Witness.wrap(blk[WITNESS]).bitmap());
        FeeState found = FeeLib.stateAt(_feeControls, position, slot);
        FeeParts memory parts = FeeLib.parts(_feeControls, _feeAmounts, Oracle.wrap(parent[ORACLE]), found);
        ProposeLib.checkPrices(claims, blk[STATE_ROOT], FeeLib.prices(parts));
        ProposeLib.checkLimits(claims, _maxL2Gas, _maxDaGas, _maxMessages);
        Cursor cursor = _state.consume(
            Cursor.wrap(parent[CURSOR]),
            claims.messages(),
            tip_.inboxCount(),
            _inboxRing,
            _maxMessages,
            _messageDeadline,
            startSince(0, _slotDuration, slot)
        );
        ProposeLib.checkModifier(claims.modifierOf(), _maxModifier);

        tip_ = tip_.withProposed(slot, epoch);
        uint256[7] memory record = ProposeLib.newRecord(
            parent,
            blk,
            versionedHash,
            tip_.pending(),
            attested,
            cursor,
            position.slotOf() >= first,
            _feeControls,
            found,
            parts
        );
        _state.tip = tip_;
        _state.store(_recordRing, tip_.pending(), record, blk, versionedHash);
    }

    /// @inheritdoc IRollup
    function submitEpochProof(EpochProof calldata args) external {
        _state.submit(_epochProofRules(), args);
    }

    /// @inheritdoc IRollup
    function prune() external {
        _state.prune(_clock(), currentEpoch(), _proofSubmissionEpochs);
    }

    /// @inheritdoc IRollup
    function rollBack(uint256 number) external returns (bool) {
        if (msg.sender != _aggregateChallenge) revert Rollup__OnlyChallenge(msg.sender);

        return _state.rollBack(_clock(), currentEpoch(), _proofSubmissionEpochs, _recordRing, number);
    }

    /// @inheritdoc IRollup
    function pause(uint256 duration) external {
        _state.begin(_pauseRules(), _sinceGenesis(), duration);
    }

    /// @inheritdoc IRollup
    function unpause() external {
        _state.finish(_pauseRules(), _sinceGenesis());
    }

    // Inbox

    /// @inheritdoc IRollup
    function deposit(
        uint256 leaf,
        uint256 keyX,
        uint256 keyY,
        address sender,
        uint256 amount
    ) external payable returns (uint256 index) {
        bool isFee = msg.sender == feePortal;
        if (!isFee && msg.sender != assetPortal) revert Rollup__OnlyPortal(msg.sender);
        if (amount == 0 || amount >= DEPOSIT_CAP) revert Rollup__AmountOutOfRange(amount);
        if (!InboxLib.isOnCurve(keyX, keyY)) revert Rollup__KeyNotOnCurve(keyX, keyY);

        Tip tip_ = _state.tip;
        index = leaf;
        bool opens = leaf == type(uint256).max;
        if (opens) {
            index = tip_.accounts();
            if (index == MAX_ACCOUNTS) revert Rollup__AccountsExhausted();
            uint256 minimum = isFee ? _minimumFeeRegistration : _minimumAssetRegistration;
            if (amount < minimum) revert Rollup__BelowMinimumRegistration(minimum, amount);
        } else if (leaf >= tip_.accounts()) {
            revert Rollup__UnknownAccount(leaf, tip_.accounts());
        }
        uint256 fee = InboxLib.depositFee(tip_, _inboxRing, _forcedFeePerL2Gas);
        if (msg.value < fee) revert Rollup__DepositFeeTooLow(fee, msg.value);

        uint256 kind = isFee ? MESSAGE_FEE_DEPOSIT : MESSAGE_ASSET_DEPOSIT;
        uint256 head = (kind << 216) | (index << 192) | ((keyY & 1) << 160) | uint160(sender);
        _state.send(tip_, opens, _inboxRing, _sinceGenesis(), head, amount, keyX, 0);

        InboxLib.refund(sender, fee);
    }

    /// @inheritdoc IRollup
    function force(
        uint256 kind,
        uint256 from,
        uint32 nonce,
        uint160 to,
        uint96 amount,
        uint256 s,
        uint128 e
    ) external payable returns (uint256 index) {
        Tip tip_ = _state.tip;
        if (from >= tip_.accounts()) revert Rollup__UnknownAccount(from, tip_.accounts());
        uint256 fee = InboxLib.forcedFee(tip_, _inboxRing, kind, _forcedFeePerL2Gas);
        if (msg.value < fee) revert Rollup__ForcedFeeTooLow(fee, msg.value);

        uint256 head = ((kind + MESSAGE_FORCED) << 216) | (from << 192) | (uint256(nonce) << 160) | to;
        index = _state.send(tip_, false, _inboxRing, _sinceGenesis(), head, amount, s, e);

        InboxLib.refund(msg.sender, fee);
    }

    // Outbox

    /// @inheritdoc IRollup
    function consumeWithdrawal(
        Epoch epoch,
        uint256 index,
        uint256 count,
        uint256 withdrawal,
        bytes32[] calldata path
    ) external {
        uint256 asset = Withdrawal.wrap(withdrawal).asset();
        if (msg.sender != (asset == 0 ? feePortal : assetPortal))
            revert Rollup__WrongPortal(asset, msg.sender);

        _state.consume(_sinceGenesis(), _outboxDelay, epoch, index, count, withdrawal, path);
    }

    // Views: parameters

    /// @inheritdoc IRollup
    function config() external view returns (RollupConfig memory c) {
        c.version = _version;
        c.genesisRoot = _genesisRoot;
        c.genesisTime = _genesisTime;
        c.slotDuration = _slotDuration;
        c.slotsPerEpoch = _slotsPerEpoch;
        c.proofSubmissionEpochs = _proofSubmissionEpochs;
        c.recordRing = _recordRing;
        c.epochRing = _epochRing;
        c.inboxRing = _inboxRing;
        c.maxMessages = _maxMessages;
        c.maxL2Gas = _maxL2Gas;
        c.maxDaGas = _maxDaGas;
        c.fees = FeeLib.unpack(_feeControls, _feeAmounts);
        c.initialOracle = _initialOracle;
        c.maxModifier = _maxModifier;
        c.messageDeadline = _messageDeadline;
        c.outboxDelay = _outboxDelay;
        c.forcedFeePerL2Gas = _forcedFeePerL2Gas;
        c.minimumFeeRegistration = _minimumFeeRegistration;
        c.minimumAssetRegistration = _minimumAssetRegistration;
        c.pauseMax = _pauseMax;
        c.pauseCooldown = _pauseCooldown;
        c.council = _council;
        c.validatorSet = _validatorSet;
        c.verifierPolicy = _verifierPolicy;
        c.feeToken = _feeToken;
        c.asset = _asset;
        c.rewards = _rewards;
        c.aggregateChallenge = _aggregateChallenge;
        c.attestationChallengeWindow = _attestationChallengeWindow;
    }

    // Views: state

    /// @inheritdoc IRollup
    function tip() external view returns (uint256) {
        return Tip.unwrap(_state.tip);
    }

    /// @inheritdoc IRollup
    function status() external view returns (Status memory s) {
        Tip tip_ = _state.tip;
        s.slot = currentSlot();
        s.epoch = currentEpoch();
        bool pruned = _state.isPruneDue(tip_, _clock(), s.epoch, _proofSubmissionEpochs);
        s.pending = pruned ? tip_.proven() : tip_.pending();
        s.proven = tip_.proven();
        s.firstUnprovenEpoch = tip_.firstUnprovenEpoch();
        s.deadlineEpoch = _state.deadlineOf(tip_, _clock(), _proofSubmissionEpochs);
        s.provenMessages = tip_.provenMessages();
        s.inboxCount = tip_.inboxCount();
        s.accounts = tip_.accounts();
        s.lastCommitteeSlot = tip_.lastCommitteeSlot();
    }

    /// @inheritdoc IRollup
    function pauseWord() external view returns (uint256) {
        return Pause.unwrap(_state.pause);
    }

    /// @inheritdoc IRollup
    function recordHash(uint256 number) external view returns (bytes32) {
        Tip tip_ = _state.tip;
        if (number < tip_.proven() || number > tip_.pending()) revert Rollup__RecordUnavailable(number);

        return _state.records[number % _recordRing];
    }

    /// @inheritdoc IRollup
    function recordWord(uint256 number) external view returns (bytes32) {
        return _state.records[number % _recordRing];
    }

    /// @inheritdoc IRollup
    function epochWord(Epoch epoch) external view returns (bytes32) {
        return _state.epochs[Epoch.unwrap(epoch) % _epochRing];
    }

    /// @inheritdoc IRollup
    function inboxWord(uint256 index) external view returns (uint256) {
        return InboxWord.unwrap(_state.inbox[index % _inboxRing]);
    }

    /// @inheritdoc IRollup
    function outboxWord(Epoch epoch) external view returns (uint256) {
        return _state.outbox[Epoch.unwrap(epoch)];
    }

    /// @inheritdoc IRollup
    function isWithdrawalConsumed(Epoch epoch, uint256 index) external view returns (bool) {
        return (_state.consumed[Epoch.unwrap(epoch)][index >> 8] >> (index & 0xff)) & 1 != 0;
    }

    /// @inheritdoc IRollup
    function forcedFee(uint256 kind) external view returns (uint256) {
        return InboxLib.forcedFee(_state.tip, _inboxRing, kind, _forcedFeePerL2Gas);
    }

    /// @inheritdoc IRollup
    function depositFee() external view returns (uint256) {
        return InboxLib.depositFee(_state.tip, _inboxRing, _forcedFeePerL2Gas);
    }

    // Views: duties, digests, prices

    /// @inheritdoc IRollup
    function proposerOf(Slot slot) external view returns (address, uint256, uint256) {
        Epoch epoch = epochOf(slot);
        return IValidatorSet(_validatorSet).dutyOf(address(this), slot, epoch, _clock().epochStart(epoch));
    }

    /// @inheritdoc IRollup
    function attestationOf(
        uint256 number,
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) external view returns (bytes32 word, bytes32 digest, Epoch epoch, Timestamp epochStart) {
        Clock memory clock = _clock();
        word = _state.records[number % _recordRing];
        digest = DigestLib.attestation(_domain, slot, chainHash, priceModifier, coinbase);
        epoch = clock.epochOf(slot);
        epochStart = clock.epochStart(epoch);
    }

    /// @inheritdoc IRollup
    function attestationDigest(
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) external view returns (bytes32) {
        return DigestLib.attestation(_domain, slot, chainHash, priceModifier, coinbase);
    }

    /// @inheritdoc IRollup
    function proposalDigest(
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) external view returns (bytes32) {
        return DigestLib.proposal(_domain, slot, chainHash, priceModifier, coinbase);
    }

    /// @inheritdoc IRollup
    function pricesAfter(uint256[7] calldata parent, Slot slot) external view returns (uint256, uint256) {
        Position position = Position.wrap(parent[POSITION]);
        if (slot <= position.slotOf()) revert Rollup__SlotTaken(slot, position.slotOf());

        FeeState found = FeeLib.stateAt(_feeControls, position, slot);
        uint256 prices = FeeLib.prices(
            FeeLib.parts(_feeControls, _feeAmounts, Oracle.wrap(parent[ORACLE]), found)
        );
        return (prices >> 64, prices & type(uint64).max);
    }

    // Views: time

    /// @inheritdoc IRollup
    function currentSlot() public view returns (Slot) {
        return slotAt(Timestamp.wrap(block.timestamp));
    }

    /// @inheritdoc IRollup
    function currentEpoch() public view returns (Epoch) {
        return epochOf(currentSlot());
    }

    /// @inheritdoc IRollup
    function slotAt(Timestamp time) public view returns (Slot) {
        return _clock().slotAt(time);
    }

    /// @inheritdoc IRollup
    function epochOf(Slot slot) public view returns (Epoch) {
        return _clock().epochOf(slot);
    }

    /// @inheritdoc IRollup
    function startOf(Slot slot) external view returns (Timestamp) {
        return _clock().slotStart(slot);
    }

    /// @inheritdoc IRollup
    function startOfEpoch(Epoch epoch) external view returns (Timestamp) {
        return _clock().epochStart(epoch);
    }

    // Steps of `propose`

    /// @dev The tip as a block finds it: pruned, when a prune is due.
    function _openTip(Epoch epoch) private returns (Tip tip_) {
        tip_ = _state.tip;
        if (
            ChainLib.isTermOver(tip_, epoch, _proofSubmissionEpochs) &&
            _state.isPruneDue(tip_, _clock(), epoch, _proofSubmissionEpochs)
        ) tip_ = ChainLib.pruned(tip_);
    }

    /// @dev The epoch's first committee block takes its duty, which prepares a later epoch; for the others reading it is
    /// cheaper. Pruned and rolled-back blocks count as well. Slot 0 is nobody's, so 0 means that there was none.
    function _checkAttestation(
        Tip tip_,
        Slot slot,
        Epoch epoch,
        Slot first,
        uint256 bitmap
    ) private returns (uint256) {
        Slot last = tip_.lastCommitteeSlot();
        (address proposer, uint256 place, uint256 size) = ProposeLib.duty(
            IValidatorSet(_validatorSet),
            last < first || last == Slot.wrap(0),
            slot,
            epoch,
            Timestamp.wrap(startSince(_genesisTime, _slotDuration, first))
        );
        return ProposeLib.checkAttestation(slot, proposer, place, size, bitmap);
    }

    // Parameters, grouped as the libraries take them

    function _clock() private view returns (Clock memory) {
        return Clock({genesis: _genesisTime, slotDuration: _slotDuration, slotsPerEpoch: _slotsPerEpoch});
    }

    function _epochProofRules() private view returns (EpochProofRules memory) {
        return
            EpochProofRules({
                clock: _clock(),
                proofSubmissionEpochs: _proofSubmissionEpochs,
                recordRing: _recordRing,
                epochRing: _epochRing,
                genesisHash: genesisHash,
                challengeWindow: _attestationChallengeWindow,
                challenge: IAggregateChallenge(_aggregateChallenge),
                validatorSet: IValidatorSet(_validatorSet),
                policy: IVerifierPolicy(_verifierPolicy)
            });
    }

    function _pauseRules() private view returns (PauseRules memory) {
        return PauseRules({council: _council, most: _pauseMax, cooldown: _pauseCooldown});
    }

    function _sinceGenesis() private view returns (uint256) {
        // Reverts before genesis with the clock's error.
        slotAt(Timestamp.wrap(block.timestamp));
        return block.timestamp - _genesisTime;
    }
}
