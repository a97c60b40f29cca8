// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup, Status} from "../rollup/IRollup.sol";
import {Pause} from "../types/Pause.sol";
import {Fees, FEES, hashRecord, Position, POSITION} from "../types/Record.sol";
import {Epoch, Timestamp} from "../types/Time.sol";
import {BondLib} from "./BondLib.sol";
import {Claim, IProofMarket, MarketParameters, Quote, Stage, WordOpening} from "./IProofMarket.sol";
import {MarketRules, MarketState, Switch} from "./MarketState.sol";
import {QuoteLib} from "./QuoteLib.sol";
import {ReserveLib} from "./ReserveLib.sol";
import {WordLib} from "./WordLib.sol";

/// @title Claims
/// @notice Who has the oldest unproven epoch, from the start of its turn to a firm claim.
library ClaimLib {
    using BondLib for MarketState;

    /// @notice Starts the clock of the oldest unproven epoch.
    function open(
        MarketState storage self,
        MarketRules memory rules,
        WordOpening calldata predecessor
    ) internal {
        Status memory status = rules.rollup.status();
        if (status.pending == status.proven) revert IProofMarket.Market__NothingToProve();

        _open(self, rules, status, predecessor);
    }

    function claim(
        MarketState storage self,
        MarketRules memory rules,
        Quote calldata quote,
        bytes calldata signature,
        uint256[7] calldata end,
        uint256[7] calldata next,
        WordOpening calldata predecessor
    ) internal {
        Pause pause = Pause.wrap(rules.rollup.pauseWord());
        Status memory status = rules.rollup.status();
        _checkTurn(self, rules, quote, status, pause);
        bytes32 endHash = _openEnd(rules, status, end, next);

        Claim storage claim_ = _open(self, rules, status, predecessor);
        (uint256 claimedAt, uint256 exclusiveUntil, uint256 deadline) = _take(
            self,
            rules,
            claim_,
            status,
            pause,
            quote.fee,
            endHash
        );

        uint256 bond = _checkQuote(self, rules, claim_, quote, signature, end, status.proven, pause);
        uint256 fromWithdrawing = self.reserve(quote.prover, bond, quote.nonce);

        uint256 endNumber = Position.wrap(end[POSITION]).number();
        claim_.prover = quote.prover;
        claim_.fee = uint16(quote.fee);
        claim_.stage = Stage.Claimed;
        claim_.claimedAt = uint40(claimedAt);
        claim_.exclusiveUntil = uint40(exclusiveUntil);
        claim_.deadline = uint40(deadline);
        claim_.endNumber = uint32(endNumber);
        claim_.bond = uint96(bond);
        claim_.endRecordHash = endHash;

        emit IProofMarket.Claimed(
            Epoch.unwrap(quote.epoch),
            quote.prover,
            quote.fee,
            bond,
            fromWithdrawing,
            quote.nonce,
            claimedAt,
            exclusiveUntil,
            deadline,
            endNumber,
            endHash
        );
    }

    /// @notice True when a pause stopped the clock in a claim's exclusive time, before `until`.
    function isPaused(
        Claim memory claim_,
        uint256 genesis,
        Pause pause,
        uint256 until
    ) internal pure returns (bool) {
        if (Pause.unwrap(pause) == 0) return false;
        uint256 start = genesis + pause.start();
        return start <= until && start <= claim_.exclusiveUntil && genesis + pause.end() > claim_.claimedAt;
    }

    /// @notice True when the last block of a claim's epoch is no longer what it was. Of use only before the deadline, and
    /// while the epoch is not proven: afterwards a prune takes the block in any case, and may be due without being done.
    /// @dev The view refuses a block that is not pending. It cannot be made to fail by a lack of gas: what would be left of
    /// the gas then is too little to act on the answer.
    function isGone(Claim memory claim_, IRollup rollup) internal view returns (bool) {
        try rollup.recordHash(claim_.endNumber) returns (bytes32 hash) {
            return hash != claim_.endRecordHash;
        } catch {
            return true;
        }
    }

    function isClosed(Switch memory switch_, uint256 epoch) internal pure returns (bool) {
        return epoch < switch_.fromEpoch ? switch_.before : switch_.after_;
    }

    function _checkTurn(
        MarketState storage self,
        MarketRules memory rules,
        Quote calldata quote,
        Status memory status,
        Pause pause
    ) private view {
        if (status.pending == status.proven) revert IProofMarket.Market__NothingToProve();
        uint256 oldest = Epoch.unwrap(status.firstUnprovenEpoch);
        if (Epoch.unwrap(quote.epoch) != oldest)
            revert IProofMarket.Market__NotItsTurn(oldest, Epoch.unwrap(quote.epoch));
        if (pause.isActive(block.timestamp - rules.clock.genesis))
            revert IProofMarket.Market__Paused(rules.clock.genesis + pause.end());
        if (isClosed(self.claimsSwitch, oldest)) revert IProofMarket.Market__ClaimsClosed(oldest);
        if (rules.parameters.permissioned && !self.listed[quote.prover])
            revert IProofMarket.Market__NotListed(quote.prover);
    }

    /// @dev The same rule as for a proof: the epoch can get no further block.
    function _openEnd(
        MarketRules memory rules,
        Status memory status,
        uint256[7] calldata end,
        uint256[7] calldata next
    ) private view returns (bytes32 endHash) {
        Position position = Position.wrap(end[POSITION]);
        uint256 number = position.number();
        bytes32 expected = rules.rollup.recordHash(number);
        endHash = hashRecord(end);
        if (endHash != expected) revert IProofMarket.Market__WrongEndRecord(number, expected, endHash);

        Epoch epoch = status.firstUnprovenEpoch;
        Epoch actual = rules.clock.epochOf(position.slotOf());
        if (number == status.proven || actual != epoch)
            revert IProofMarket.Market__WrongEpoch(Epoch.unwrap(epoch), Epoch.unwrap(actual));

        if (number == status.pending) {
            if (status.epoch <= epoch && position.slotOf() != rules.clock.lastSlotOf(epoch))
                revert IProofMarket.Market__EpochIncomplete(Epoch.unwrap(epoch));
            return endHash;
        }
        expected = rules.rollup.recordHash(number + 1);
        bytes32 nextHash = hashRecord(next);
        if (nextHash != expected) revert IProofMarket.Market__WrongNextRecord(number + 1, expected, nextHash);
        if (rules.clock.epochOf(Position.wrap(next[POSITION]).slotOf()) == epoch)
            revert IProofMarket.Market__EpochIncomplete(Epoch.unwrap(epoch));
    }

    /// @dev The ring word of the oldest unproven epoch, its clock started: at the end of the epoch, or at the proof of the
    /// one before if that came later.
    function _open(
        MarketState storage self,
        MarketRules memory rules,
        Status memory status,
        WordOpening calldata predecessor
    ) private returns (Claim storage claim_) {
        uint256 epoch = Epoch.unwrap(status.firstUnprovenEpoch);
        claim_ = self.claims[epoch % rules.ring];
        if (claim_.epoch == epoch && claim_.since != 0) return claim_;
        if (claim_.stage == Stage.Claimed || claim_.stage == Stage.Defaulted)
            revert IProofMarket.Market__OlderClaimNotEnded(claim_.epoch);

        uint256 since = Timestamp.unwrap(rules.clock.epochStart(Epoch.wrap(epoch + 1)));
        if (status.proven != 0) {
            bytes32 expected = rules.rollup.recordHash(status.proven);
            if (predecessor.endRecordHash != expected)
                revert IProofMarket.Market__WrongPredecessor(expected, predecessor.endRecordHash);
            uint256 provenAt = WordLib.open(rules.rollup, predecessor);
            if (provenAt > since) since = provenAt;
        }

        claim_.epoch = uint32(epoch);
        claim_.since = uint40(since);
        claim_.prover = address(0);
        claim_.fee = 0;
        claim_.stage = Stage.Open;

        emit IProofMarket.EpochOpened(epoch, since);
    }

    /// @dev Decides whether the epoch is to be had, and ends the claim that stands in the way. The times of the first
    /// claim of a turn are those of all that improve on it.
    function _take(
        MarketState storage self,
        MarketRules memory rules,
        Claim storage claim_,
        Status memory status,
        Pause pause,
        uint256 fee,
        bytes32 endHash
    ) private returns (uint256 claimedAt, uint256 exclusiveUntil, uint256 deadline) {
        MarketParameters memory p = rules.parameters;

        if (claim_.stage == Stage.Claimed) {
            Claim memory known = claim_;
            self.unreserve(known.prover, known.bond);
            if (
                known.endRecordHash == endHash &&
                !isPaused(known, rules.clock.genesis, pause, block.timestamp)
            ) {
                if (block.timestamp > known.claimedAt + p.improvementWindow)
                    revert IProofMarket.Market__ClaimIsFirm(known.epoch, known.prover);
                if (fee + p.improvementStep > known.fee)
                    revert IProofMarket.Market__NoImprovement(
                        known.fee < p.improvementStep ? 0 : known.fee - p.improvementStep,
                        fee
                    );

                emit IProofMarket.Outbid(known.epoch, known.prover, known.bond);
                return (known.claimedAt, known.exclusiveUntil, known.deadline);
            }
            emit IProofMarket.Ended(known.epoch, known.prover, Stage.Released, known.bond);
        } else if (claim_.stage == Stage.Defaulted) {
            revert IProofMarket.Market__ClaimIsFirm(claim_.epoch, claim_.prover);
        }

        claimedAt = block.timestamp;
        exclusiveUntil = claimedAt + p.improvementWindow + p.exclusivePeriod;
        deadline = Timestamp.unwrap(rules.clock.epochStart(status.deadlineEpoch + Epoch.wrap(1)));
        if (exclusiveUntil + p.raceWindow > deadline)
            revert IProofMarket.Market__TooLate(
                deadline - p.raceWindow - p.exclusivePeriod - p.improvementWindow
            );
    }

    function _checkQuote(
        MarketState storage self,
        MarketRules memory rules,
        Claim storage claim_,
        Quote calldata quote,
        bytes calldata signature,
        uint256[7] calldata end,
        uint256 proven,
        Pause pause
    ) private view returns (uint256 bond) {
        uint256 pot = ReserveLib.largestPot(
            rules.parameters,
            Fees.wrap(end[FEES]).proverFees(),
            Position.wrap(end[POSITION]).number() - proven
        );
        bond = ReserveLib.bondOf(rules.parameters, pot);
        uint256 reserve = ReserveLib.reserveAt(
            ReserveLib.curveOf(rules.parameters),
            rules.clock.genesis,
            pause,
            claim_.since,
            block.timestamp
        );
        QuoteLib.check(rules, self.accounts[quote.prover], quote, signature, reserve, bond);
    }
}
