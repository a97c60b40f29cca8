// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {EpochOpening, IProverPot} from "../rewards/IProverPot.sol";
import {IRollup, RollupConfig, Status} from "../rollup/IRollup.sol";
import {Clock} from "../types/Clock.sol";
import {BASIS_POINTS} from "../types/Constants.sol";
import {Pause} from "../types/Pause.sol";
import {Fees, FEES} from "../types/Record.sol";
import {Epoch} from "../types/Time.sol";
import {BondLib} from "./BondLib.sol";
import {ClaimLib} from "./ClaimLib.sol";
import {Account, Claim, IProofMarket, MarketParameters, Quote, WordOpening} from "./IProofMarket.sol";
import {MarketRules, MarketState, ReserveCurve, SettlementRules, Switch} from "./MarketState.sol";
import {QuoteLib} from "./QuoteLib.sol";
import {ReserveLib} from "./ReserveLib.sol";
import {SettlementLib} from "./SettlementLib.sol";

/// @title Proof market
/// @notice See IProofMarket. Immutable, and bound to one Rollup.
contract ProofMarket is IProofMarket, Ownable {
    using BondLib for MarketState;
    using ClaimLib for MarketState;
    using SettlementLib for MarketState;

    address public immutable rollup;
    address public immutable pot;
    address public immutable token;

    bytes32 private immutable _domain;
    uint256 private immutable _genesisTime;
    uint256 private immutable _slotDuration;
    uint256 private immutable _slotsPerEpoch;
    uint256 private immutable _ring;

    bytes32 private immutable _verifierKeyHash;
    uint256 private immutable _reserveStart;
    uint256 private immutable _reserveMax;
    uint256 private immutable _reserveRamp;
    uint256 private immutable _improvementWindow;
    uint256 private immutable _improvementStep;
    uint256 private immutable _exclusivePeriod;
    uint256 private immutable _grace;
    uint256 private immutable _raceWindow;
    uint256 private immutable _bondFloor;
    uint256 private immutable _bondMultiple;
    uint256 private immutable _rescueShare;
    uint256 private immutable _withdrawalDelay;
    uint256 private immutable _blockReward;
    bool private immutable _permissioned;

    MarketState private _state;

    /// @param rollup_ instance served; gives clock, ring and fee token
    /// @param pot_ the instance's prover pots, which pay nobody but at this market's word
    constructor(IRollup rollup_, IProverPot pot_, MarketParameters memory p) Ownable(p.owner) {
        RollupConfig memory c = rollup_.config();
        _validate(c, p);
        if (address(pot_) == address(0)) revert Market__InvalidParameter("pot");

        rollup = address(rollup_);
        pot = address(pot_);
        token = c.feeToken;
        _domain = QuoteLib.domain(c.version);
        _genesisTime = c.genesisTime;
        _slotDuration = c.slotDuration;
        _slotsPerEpoch = c.slotsPerEpoch;
        _ring = c.epochRing;

        _verifierKeyHash = p.verifierKeyHash;
        _reserveStart = p.reserveStart;
        _reserveMax = p.reserveMax;
        _reserveRamp = p.reserveRamp;
        _improvementWindow = p.improvementWindow;
        _improvementStep = p.improvementStep;
        _exclusivePeriod = p.exclusivePeriod;
        _grace = p.grace;
        _raceWindow = p.raceWindow;
        _bondFloor = p.bondFloor;
        _bondMultiple = p.bondMultiple;
        _rescueShare = p.rescueShare;
        _withdrawalDelay = p.withdrawalDelay;
        _blockReward = p.blockReward;
        _permissioned = p.permissioned;
    }

    // Bonds

    /// @inheritdoc IProofMarket
    function deposit(address prover, uint256 amount) external {
        _state.deposit(token, prover, amount);
    }

    /// @inheritdoc IProofMarket
    function initiateWithdrawal(uint256 amount) external {
        _state.initiate(_withdrawalDelay, amount);
    }

    /// @inheritdoc IProofMarket
    function finaliseWithdrawal(address to) external returns (uint256 amount) {
        return _state.finalise(token, to);
    }

    /// @inheritdoc IProofMarket
    function cancelQuotes(uint256 nonce) external {
        _state.cancel(nonce);
    }

    // Epochs

    /// @inheritdoc IProofMarket
    function open(WordOpening calldata predecessor) external {
        _state.open(_rules(), predecessor);
    }

    /// @inheritdoc IProofMarket
    function claim(
        Quote calldata quote,
        bytes calldata signature,
        uint256[7] calldata end,
        uint256[7] calldata next,
        WordOpening calldata predecessor
    ) external {
        _state.claim(_rules(), quote, signature, end, next, predecessor);
    }

    /// @inheritdoc IProofMarket
    function release(Epoch epoch, WordOpening calldata word) external {
        _state.release(_settlementRules(), epoch, word);
    }

    /// @inheritdoc IProofMarket
    function slash(Epoch epoch, WordOpening calldata word) external {
        _state.slash(_settlementRules(), epoch, word);
    }

    /// @inheritdoc IProofMarket
    function resolve(EpochOpening calldata opening) external {
        _state.resolve(_settlementRules(), opening);
    }

    /// @inheritdoc IProofMarket
    function settle(EpochOpening calldata opening) external returns (address payee, uint256 credited) {
        return _state.settle(_settlementRules(), IProverPot(pot), opening);
    }

    /// @inheritdoc IProofMarket
    function burn() external returns (uint256 amount) {
        return _state.burn(token);
    }

    // Administration

    /// @inheritdoc IProofMarket
    function switchClaims(bool closed) external onlyOwner {
        Status memory status = IRollup(rollup).status();
        Switch memory last = _state.claimsSwitch;
        // Epochs before the last switch must be done with: it alone remembers what holds for them.
        if (status.pending != status.proven && Epoch.unwrap(status.firstUnprovenEpoch) < last.fromEpoch)
            revert Market__SwitchPending(last.fromEpoch);

        uint256 current = Epoch.unwrap(status.epoch);
        _state.claimsSwitch = Switch({
            fromEpoch: uint64(current + 1),
            before: ClaimLib.isClosed(last, current),
            after_: closed
        });

        emit ClaimsSwitched(closed, current + 1);
    }

    /// @inheritdoc IProofMarket
    function listProver(address prover, bool listed) external onlyOwner {
        _state.listed[prover] = listed;

        emit ProverListed(prover, listed);
    }

    // Views

    /// @inheritdoc IProofMarket
    function parameters() external view returns (MarketParameters memory p) {
        p = _rules().parameters;
        p.owner = owner();
        p.withdrawalDelay = _withdrawalDelay;
    }

    /// @inheritdoc IProofMarket
    function accountOf(address prover) external view returns (Account memory) {
        return _state.accounts[prover];
    }

    /// @inheritdoc IProofMarket
    function claimOf(Epoch epoch) external view returns (Claim memory) {
        return _state.claims[Epoch.unwrap(epoch) % _ring];
    }

    /// @inheritdoc IProofMarket
    function toBurn() external view returns (uint256) {
        return _state.toBurn;
    }

    /// @inheritdoc IProofMarket
    function isListed(address prover) external view returns (bool) {
        return _state.listed[prover];
    }

    /// @inheritdoc IProofMarket
    function isClosed(Epoch epoch) external view returns (bool) {
        return ClaimLib.isClosed(_state.claimsSwitch, Epoch.unwrap(epoch));
    }

    /// @inheritdoc IProofMarket
    function quoteDigest(Quote calldata quote) external view returns (bytes32) {
        return QuoteLib.digest(_rules(), quote);
    }

    /// @inheritdoc IProofMarket
    function reserveAt(Epoch epoch, uint256 time) external view returns (uint256) {
        Claim storage claim_ = _state.claims[Epoch.unwrap(epoch) % _ring];
        uint256 since = claim_.epoch == Epoch.unwrap(epoch) ? claim_.since : 0;
        Pause pause = Pause.wrap(IRollup(rollup).pauseWord());
        return ReserveLib.reserveAt(_reserveCurve(), _genesisTime, pause, since, time);
    }

    /// @inheritdoc IProofMarket
    function whoIsPaid(
        Epoch epoch,
        address prover,
        uint256 time
    ) external view returns (address payee, uint256 fee, uint256 bondShare) {
        return _state.preview(_settlementRules(), Epoch.unwrap(epoch), prover, time);
    }

    /// @inheritdoc IProofMarket
    function quoteProfit(
        uint256[7] calldata end,
        uint256 blocks,
        uint256 fee
    ) external view returns (uint256 pay, uint256 bond) {
        MarketParameters memory p = _rules().parameters;
        uint256 largest = ReserveLib.largestPot(p, Fees.wrap(end[FEES]).proverFees(), blocks);
        return ((largest * fee) / BASIS_POINTS, ReserveLib.bondOf(p, largest));
    }

    function _reserveCurve() private view returns (ReserveCurve memory) {
        return ReserveCurve({start: _reserveStart, max: _reserveMax, ramp: _reserveRamp});
    }

    function _settlementRules() private view returns (SettlementRules memory) {
        return
            SettlementRules({
                rollup: IRollup(rollup),
                genesis: _genesisTime,
                ring: _ring,
                reserve: _reserveCurve(),
                grace: _grace,
                rescueShare: _rescueShare
            });
    }

    function _rules() private view returns (MarketRules memory rules) {
        rules.rollup = IRollup(rollup);
        rules.domain = _domain;
        rules.clock = Clock({
            genesis: _genesisTime,
            slotDuration: _slotDuration,
            slotsPerEpoch: _slotsPerEpoch
        });
        rules.ring = _ring;
        MarketParameters memory p = rules.parameters;
        p.verifierKeyHash = _verifierKeyHash;
        p.reserveStart = _reserveStart;
        p.reserveMax = _reserveMax;
        p.reserveRamp = _reserveRamp;
        p.improvementWindow = _improvementWindow;
        p.improvementStep = _improvementStep;
        p.exclusivePeriod = _exclusivePeriod;
        p.grace = _grace;
        p.raceWindow = _raceWindow;
        p.bondFloor = _bondFloor;
        p.bondMultiple = _bondMultiple;
        p.rescueShare = _rescueShare;
        p.blockReward = _blockReward;
        p.permissioned = _permissioned;
    }

    /// @dev What the rules take for granted, and what keeps a default from paying. The same rules, with reasons, stand in
    /// docs/market.md, and in protocol/market.ts for presets.
    function _validate(RollupConfig memory c, MarketParameters memory p) private pure {
        if (p.reserveMax > BASIS_POINTS || p.reserveMax == 0) revert Market__InvalidParameter("reserveMax");
        if (p.reserveStart > p.reserveMax) revert Market__InvalidParameter("reserveStart");
        if (p.reserveRamp == 0 || p.reserveRamp > type(uint32).max)
            revert Market__InvalidParameter("reserveRamp");
        if (p.improvementStep == 0 || p.improvementStep > BASIS_POINTS)
            revert Market__InvalidParameter("improvementStep");
        if (p.exclusivePeriod == 0) revert Market__InvalidParameter("exclusivePeriod");
        if (p.rescueShare > BASIS_POINTS) revert Market__InvalidParameter("rescueShare");
        if (p.bondMultiple > 100 * BASIS_POINTS) revert Market__InvalidParameter("bondMultiple");
        if (p.bondFloor > type(uint88).max) revert Market__InvalidParameter("bondFloor");
        // Prover fees fit 80 bits; with the rewards of 255 blocks a bond stays below 2^96.
        if (p.blockReward > type(uint72).max) revert Market__InvalidParameter("blockReward");

        // What an open race pays is less than what a default burns: no second identity gains by a rescue.
        if (
            !p.permissioned &&
            (p.bondFloor == 0 ||
                (BASIS_POINTS - p.rescueShare) * p.bondMultiple <= BASIS_POINTS * BASIS_POINTS)
        ) revert Market__InvalidParameter("bond");

        // A claim at the end of its epoch is possible, and a default is slashable while a rescue is.
        uint256 epochLength = c.slotDuration * c.slotsPerEpoch;
        uint256 term = epochLength * c.proofSubmissionEpochs;
        if (
            p.improvementWindow > term ||
            p.exclusivePeriod > term ||
            p.raceWindow > term ||
            p.improvementWindow + p.exclusivePeriod + p.raceWindow > term
        ) revert Market__InvalidParameter("exclusivity");
        if (p.grace >= p.raceWindow) revert Market__InvalidParameter("grace");
        // A quote seen is funded for as long as its epoch can wait for a proof.
        if (p.withdrawalDelay < term + epochLength + c.pauseMax || p.withdrawalDelay > type(uint32).max)
            revert Market__InvalidParameter("withdrawalDelay");
    }
}
