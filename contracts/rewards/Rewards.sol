// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeePortal} from "../bridge/IFeePortal.sol";
import {EpochWordLib} from "../rollup/EpochWordLib.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {WithdrawalLib} from "../rollup/WithdrawalLib.sol";
import {IValidatorRegistry} from "../staking/IValidatorRegistry.sol";
import {BASIS_POINTS, MAX_COMMITTEE} from "../types/Constants.sol";
import {Pause} from "../types/Pause.sol";
import {FEES, Fees, hashRecord} from "../types/Record.sol";
import {Epoch} from "../types/Time.sol";
import {AttesterClaim, AttesterSources} from "./AttesterClaim.sol";
import {BitCursor, BitLayout, Bits, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {EpochOpening, IProverPot} from "./IProverPot.sol";
import {IRewardDistributor} from "./IRewardDistributor.sol";
import {IRewards, RewardsConfig} from "./IRewards.sol";
import {Owed} from "./Owed.sol";
import {PotLib, Pots, ProverCredit} from "./PotLib.sol";
import {SequencerClaim, SequencerSources} from "./SequencerClaim.sol";

/// @title Rewards
/// @notice See IRewards. No owner, no upgrade, no balance.
contract Rewards is IRewards {
    using ClaimBitmap for Bits;
    using ClaimBitmap for BitCursor;
    using SequencerClaim for BitCursor;
    using AttesterClaim for BitCursor;
    using EpochTermsLib for EpochTerms;
    using PotLib for Pots;

    /// @dev Epochs that a bitmap's ring remembers beyond the ring of epoch words.
    uint256 private constant _ROOM = 2;
    uint256 private constant _MAX_BITS = 224;

    address private immutable _rollup;
    address private immutable _distributor;
    address private immutable _market;
    address private immutable _registry;
    uint256 private immutable _genesisTime;
    uint256 private immutable _epochDuration;
    uint256 private immutable _slotsPerEpoch;
    uint256 private immutable _epochRing;
    uint256 private immutable _claimDelay;
    uint256 private immutable _claimWindow;
    uint256 private immutable _committeeSize;
    uint256 private immutable _blockReward;
    uint256 private immutable _attestationBonus;
    uint256 private immutable _attesterReward;
    uint256 private immutable _proverReward;

    /// @dev A bit for every block.
    Bits private _sequencers;
    /// @dev A bit for every epoch.
    mapping(bytes28 keyHash => Bits) private _attesters;
    Pots private _pots;

    constructor(RewardsConfig memory c) {
        _validate(c);

        _rollup = c.rollup;
        _distributor = c.distributor;
        _market = c.market;
        _registry = c.registry;
        _genesisTime = c.genesisTime;
        _epochDuration = c.epochDuration;
        _slotsPerEpoch = c.slotsPerEpoch;
        _epochRing = c.epochRing;
        _claimDelay = c.claimDelay;
        _claimWindow = c.claimWindow;
        _committeeSize = c.committeeSize;
        _blockReward = c.blockReward;
        _attestationBonus = c.attestationBonus;
        _attesterReward = c.attesterReward;
        _proverReward = c.proverReward;
    }

    // Claims

    /// @inheritdoc IRewards
    function claimSequencer(
        address coinbase,
        bytes calldata claims
    ) external returns (uint256 fees, uint256 reward) {
        Owed memory owed = _sequencers.cursor(_blockLayout()).settle(
            _terms(),
            SequencerSources({
                rollup: IRollup(_rollup),
                coinbase: coinbase,
                blockReward: _blockReward,
                attestationBonus: _attestationBonus
            }),
            claims
        );
        fees = owed.fees;

        reward = _draw(coinbase, owed);
        _payFees(coinbase, fees);

        emit SequencerClaimed(coinbase, fees, reward, owed.canonical + owed.other, owed.list);
    }

    /// @inheritdoc IRewards
    function claimAttester(bytes28 keyHash, bytes calldata claims) external returns (uint256 reward) {
        if (_registry == address(0)) revert Rewards__NoAttesterRewards();
        Owed memory owed = _attesters[keyHash].cursor(_layout(1)).settle(
            _terms(),
            AttesterSources({
                rollup: IRollup(_rollup),
                registry: IValidatorRegistry(_registry),
                committeeSize: _committeeSize,
                reward: _attesterReward
            }),
            keyHash,
            claims
        );
        address to = IValidatorRegistry(_registry).withdrawerOf(keyHash);

        reward = _draw(to, owed);

        emit AttesterClaimed(keyHash, to, reward, owed.canonical + owed.other, owed.list);
    }

    // Prover pot

    /// @inheritdoc IProverPot
    function proverPot(
        EpochOpening calldata opening
    ) external view returns (uint256 pot, uint256 epoch, uint256 provenAt) {
        epoch = _open(opening);
        _terms().requireClaimable(opening.when);
        if (_pots.marksOf(_span(), epoch) & PotLib.SPENT != 0) revert Rewards__AlreadyPaid(epoch);

        return (_potOf(opening), epoch, uint64(opening.when));
    }

    /// @inheritdoc IProverPot
    function creditProver(
        EpochOpening calldata opening,
        address payee,
        uint256 fee
    ) external returns (uint256 credited) {
        if (msg.sender != _market) revert Rewards__OnlyMarket(msg.sender);
        if (fee > BASIS_POINTS) revert Rewards__OverPot(fee);
        uint256 epoch = _open(opening);
        EpochTerms memory terms = _terms();
        terms.requireClaimable(opening.when);

        uint256 proverFees = _feesOf(opening).proverFees();
        credited = (_potOf(opening) * fee) / BASIS_POINTS;
        uint256 fees = credited < proverFees ? credited : proverFees;
        uint256 burnable = _pots.spend(_span(), epoch, proverFees - fees, _feesOf(opening).burned());
        if (credited != 0) _pots.credit(payee, fees, credited - fees, terms.isCanonical(epoch));

        emit ProverCredited(epoch, payee, fees, credited - fees, proverFees - fees, burnable);
    }

    /// @inheritdoc IProverPot
    /// @dev The own bucket pays what it alone is for first: whatever the order of claims, no reward waits that a bucket
    /// could pay.
    function collectProver(address prover) external returns (uint256 fees, uint256 reward) {
        ProverCredit memory owed = _pots.takeCredit(prover);
        fees = owed.fees;
        if (fees + owed.canonical + owed.other == 0) revert Rewards__NothingToCollect(prover);

        uint256 other = _drawTo(prover, 0, owed.other);
        uint256 canonical = _drawTo(prover, owed.canonical, 0);
        reward = canonical + other;
        _pots.keepCredit(prover, owed.canonical - canonical, owed.other - other);
        _payFees(prover, fees);

        emit ProverCollected(prover, fees, reward, owed.canonical + owed.other - reward);
    }

    /// @inheritdoc IProverPot
    function flush(Epoch epoch) external returns (uint256 unspent, uint256 burned) {
        (unspent, burned) = _pots.takeLeftovers(_span(), Epoch.unwrap(epoch));
        if (unspent + burned == 0) revert Rewards__NothingToFlush(Epoch.unwrap(epoch));

        emit PotsFlushed(unspent, burned);

        _payFees(_distributor, unspent);
        if (burned != 0) _portal().burn(burned);
    }

    // Leftovers

    /// @inheritdoc IRewards
    function burnFees(EpochOpening calldata opening) external {
        uint256 epoch = _open(opening);
        EpochTerms memory terms = _terms();
        if (terms.current() > epoch + _claimWindow) terms.requireSweepable(opening.when);
        else terms.requireOver(opening.when);

        if (_pots.mark(_span(), epoch, PotLib.BURNED) & PotLib.BURNED != 0)
            revert Rewards__AlreadyPaid(epoch);

        _burn(epoch, _feesOf(opening).burned());
    }

    /// @inheritdoc IRewards
    function sweep(EpochOpening calldata opening, uint256[] calldata leaves) external {
        uint256 epoch = _open(opening);
        _terms().requireSweepable(opening.when);
        bytes32 root = leaves.length == 0 ? bytes32(0) : WithdrawalLib.commit(leaves);
        if (root != opening.rewardsRoot) revert Rewards__WrongLeaves(opening.rewardsRoot, root);

        uint256 marks = _pots.mark(_span(), epoch, PotLib.SPENT | PotLib.BURNED);
        uint256 burned = marks & PotLib.BURNED != 0 ? 0 : _feesOf(opening).burned();
        uint256 proverFees = marks & PotLib.SPENT != 0 ? 0 : _feesOf(opening).proverFees();
        uint256 sequencerFees = _settleLeaves(epoch, leaves);

        _payFees(_distributor, proverFees + sequencerFees);
        _burn(epoch, burned);

        emit Swept(epoch, proverFees, sequencerFees);
    }

    // Views

    /// @inheritdoc IRewards
    function isSequencerClaimed(Epoch epoch, uint256 index) external view returns (bool) {
        return index < _slotsPerEpoch && _sequencers.isMarked(_blockLayout(), Epoch.unwrap(epoch), index);
    }

    /// @inheritdoc IRewards
    function isAttesterClaimed(bytes28 keyHash, Epoch epoch) external view returns (bool) {
        return _attesters[keyHash].isMarked(_layout(1), Epoch.unwrap(epoch), 0);
    }

    /// @inheritdoc IRewards
    function isSettled(Epoch epoch) external view returns (bool potSpent, bool burned) {
        uint256 marks = _pots.marksOf(_span(), Epoch.unwrap(epoch));
        return (marks & PotLib.SPENT != 0, marks & PotLib.BURNED != 0);
    }

    /// @inheritdoc IProverPot
    function creditOf(address prover) external view returns (uint256 fees, uint256 reward) {
        ProverCredit memory owed = _pots.credits[prover];
        return (owed.fees, uint256(owed.canonical) + owed.other);
    }

    /// @inheritdoc IProverPot
    function leftoversOf(Epoch epoch) external view returns (uint256 unspent, uint256 burned) {
        return _pots.leftovers(_span(), Epoch.unwrap(epoch));
    }

    /// @inheritdoc IRewards
    function config() external view returns (RewardsConfig memory c) {
        c.rollup = _rollup;
        c.distributor = _distributor;
        c.market = _market;
        c.registry = _registry;
        c.genesisTime = _genesisTime;
        c.epochDuration = _epochDuration;
        c.slotsPerEpoch = _slotsPerEpoch;
        c.epochRing = _epochRing;
        c.claimDelay = _claimDelay;
        c.claimWindow = _claimWindow;
        c.committeeSize = _committeeSize;
        c.blockReward = _blockReward;
        c.attestationBonus = _attestationBonus;
        c.attesterReward = _attesterReward;
        c.proverReward = _proverReward;
    }

    // Opening

    /// @dev Checks the opening against the Rollup's word.
    function _open(EpochOpening calldata opening) private view returns (uint256 epoch) {
        epoch = opening.when >> 64;
        bytes32 word = EpochWordLib.word(
            EpochWordLib.duties(opening.when, opening.participation, opening.seedWord),
            EpochWordLib.link(
                EpochWordLib.payments(
                    opening.when,
                    EpochWordLib.settlement(opening.prover, hashRecord(opening.endRecord)),
                    opening.rewardsRoot
                ),
                opening.previous
            )
        );
        bytes32 expected = IRollup(_rollup).epochWord(Epoch.wrap(epoch));
        if (word != expected) revert Rewards__WrongOpening(epoch, expected, word);
    }

    function _feesOf(EpochOpening calldata opening) private pure returns (Fees) {
        return Fees.wrap(opening.endRecord[FEES]);
    }

    /// @dev Committee blocks are counted behind the second half of the participation.
    function _potOf(EpochOpening calldata opening) private view returns (uint256) {
        return _feesOf(opening).proverFees() + _proverReward * (opening.participation[1] >> 192);
    }

    function _terms() private view returns (EpochTerms memory terms) {
        (uint256 from, uint256 until) = IRewardDistributor(_distributor).spanOf(address(this));
        terms.genesis = _genesisTime;
        terms.epochDuration = _epochDuration;
        terms.delay = _claimDelay;
        terms.window = _claimWindow;
        terms.ring = _epochRing;
        terms.pause = Pause.wrap(IRollup(_rollup).pauseWord());
        terms.prepare(from, until);
    }

    // Marks

    /// @return fees of the leaves that were not claimed
    function _settleLeaves(uint256 epoch, uint256[] calldata leaves) private returns (uint256 fees) {
        BitCursor memory cursor = _sequencers.cursor(_blockLayout());
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (cursor.mark(epoch, i)) fees += leaves[i] & 0xffffffffffffffffffff;
        }
        cursor.flush();
    }

    function _blockLayout() private view returns (BitLayout memory) {
        return _layout(_slotsPerEpoch);
    }

    function _layout(uint256 width) private view returns (BitLayout memory) {
        return ClaimBitmap.layoutOf(width, _span());
    }

    /// @dev Epochs whose marks are kept.
    function _span() private view returns (uint256) {
        return _epochRing + _ROOM;
    }

    // Tokens

    /// @dev Rewards for a claimant. Nobody else can make it accept less than it is owed.
    function _draw(address to, Owed memory owed) private returns (uint256 paid) {
        uint256 sum = owed.canonical + owed.other;
        paid = _drawTo(to, owed.canonical, owed.other);
        if (paid != sum && msg.sender != to) revert Rewards__Short(sum, paid);
    }

    function _drawTo(address to, uint256 canonical, uint256 other) private returns (uint256) {
        if (canonical + other == 0) return 0;

        return IRewardDistributor(_distributor).draw(to, canonical, other);
    }

    function _payFees(address to, uint256 amount) private {
        if (amount != 0) _portal().pay(to, amount);
    }

    function _burn(uint256 epoch, uint256 amount) private {
        if (amount == 0) return;

        _portal().burn(amount);
        emit FeesBurned(epoch, amount);
    }

    function _portal() private view returns (IFeePortal) {
        return IFeePortal(IRollup(_rollup).feePortal());
    }

    function _validate(RewardsConfig memory c) private pure {
        _require(c.rollup != address(0), "rollup");
        _require(c.distributor != address(0), "distributor");
        _require(c.genesisTime != 0, "genesisTime");
        _require(c.epochDuration != 0, "epochDuration");
        _require(c.slotsPerEpoch != 0 && c.slotsPerEpoch <= _MAX_BITS, "slotsPerEpoch");
        // At least one whole epoch is left for the sweep.
        _require(c.claimWindow != 0 && c.claimWindow + 1 < c.epochRing, "claimWindow");
        _require(c.committeeSize != 0 && c.committeeSize <= MAX_COMMITTEE, "committeeSize");
        _require(c.registry != address(0) || c.attesterReward == 0, "attesterReward");
        // A proposer that leaves out an attestation it saw must earn less for it.
        _require(c.attestationBonus != 0, "attestationBonus");
        // An epoch's rewards are far from any overflow.
        _require(c.blockReward < 1 << 96, "blockReward");
        _require(c.attestationBonus < 1 << 96, "attestationBonus");
        _require(c.attesterReward < 1 << 96, "attesterReward");
        _require(c.proverReward < 1 << 96, "proverReward");
    }

    function _require(bool valid, string memory name) private pure {
        if (!valid) revert Rewards__InvalidParameter(name);
    }
}
