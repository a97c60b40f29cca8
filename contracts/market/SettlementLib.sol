// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening} from "../rewards/IProverPot.sol";
import {BASIS_POINTS} from "../types/Constants.sol";
import {Pause} from "../types/Pause.sol";
import {Epoch} from "../types/Time.sol";
import {BondLib} from "./BondLib.sol";
import {ClaimLib} from "./ClaimLib.sol";
import {Claim, IProofMarket, Stage, WordOpening} from "./IProofMarket.sol";
import {MarketRules, MarketState} from "./MarketState.sol";
import {ReserveLib} from "./ReserveLib.sol";
import {Proof, WordLib} from "./WordLib.sol";

/// @title Settlement
/// @notice How claims end, and who is paid. Nothing here asks whether claims are closed or provers listed.
library SettlementLib {
    using BondLib for MarketState;
    using ClaimLib for Claim;

    function resolve(
        MarketState storage self,
        MarketRules memory rules,
        EpochOpening calldata opening
    ) internal {
        Proof memory proof = WordLib.open(rules.rollup, opening);
        Claim storage claim_ = _claimOf(self, rules, proof.epoch);

        _resolve(self, rules, claim_, proof, Pause.wrap(rules.rollup.pauseWord()));
    }

    function settle(
        MarketState storage self,
        MarketRules memory rules,
        EpochOpening calldata opening
    ) internal returns (address payee, uint256 paid) {
        // Checks the word, and that the epoch may be paid.
        (uint256 pot, , ) = rules.pot.proverPot(opening);
        Proof memory proof = WordLib.read(opening);
        Pause pause = Pause.wrap(rules.rollup.pauseWord());
        Claim storage claim_ = self.claims[proof.epoch % rules.ring];
        bool known = claim_.epoch == proof.epoch;
        if (known && _isLive(claim_)) _resolve(self, rules, claim_, proof, pause);

        uint256 fee;
        (payee, fee) = known
            ? _terms(claim_, claim_.stage, rules, pause, proof)
            : (proof.prover, rules.parameters.reserveStart);
        if (payee == address(0)) fee = 0;
        uint256 due = (pot * fee) / BASIS_POINTS;
        paid = rules.pot.payProver(opening, payee, due);
        // Only the payee itself may take less than its due, and give up the rest.
        if (paid < due && msg.sender != payee) revert IProofMarket.Market__DistributorShort(due, paid);

        emit IProofMarket.Settled(proof.epoch, payee, fee, paid);
    }

    function release(
        MarketState storage self,
        MarketRules memory rules,
        Epoch epoch,
        WordOpening calldata word
    ) internal {
        Claim storage claim_ = _claimOf(self, rules, Epoch.unwrap(epoch));
        bool lapsed = WordLib.requireUnproven(rules.rollup, Epoch.unwrap(epoch), word);
        if (!lapsed) {
            if (claim_.stage != Stage.Claimed || !_isReleasable(claim_, rules))
                revert IProofMarket.Market__NotReleasable(Epoch.unwrap(epoch));
        }

        _free(self, claim_, Stage.Released);
    }

    function slash(
        MarketState storage self,
        MarketRules memory rules,
        Epoch epoch,
        WordOpening calldata word
    ) internal {
        Claim storage claim_ = _claimOf(self, rules, Epoch.unwrap(epoch));
        bool lapsed = WordLib.requireUnproven(rules.rollup, Epoch.unwrap(epoch), word);
        uint256 from =
            claim_.stage == Stage.Claimed
                ? claim_.exclusiveUntil + rules.parameters.grace + 1
                : claim_.deadline;
        if (
            lapsed ||
            block.timestamp < from ||
            (claim_.stage == Stage.Claimed && _isReleasable(claim_, rules))
        ) revert IProofMarket.Market__NotSlashable(Epoch.unwrap(epoch), from);

        uint256 bond = claim_.bond;
        address prover = claim_.prover;
        // A pause that came later may let the epoch live beyond the deadline its claim knows.
        if (block.timestamp < claim_.deadline || _isPending(claim_, rules)) {
            if (claim_.stage == Stage.Defaulted)
                revert IProofMarket.Market__NotSlashable(Epoch.unwrap(epoch), from);
            uint256 kept = _share(rules, bond);
            claim_.stage = Stage.Defaulted;
            claim_.bond = uint96(kept);
            emit IProofMarket.Defaulted(Epoch.unwrap(epoch), prover, bond - kept, kept);
            self.forfeit(rules, prover, bond - kept, address(0), 0);
        } else {
            claim_.stage = Stage.Lost;
            claim_.bond = 0;
            emit IProofMarket.Lost(Epoch.unwrap(epoch), prover, bond);
            self.forfeit(rules, prover, bond, address(0), 0);
        }
    }

    /// @notice Who is paid for a proof at a time, by what is known now.
    function preview(
        MarketState storage self,
        MarketRules memory rules,
        uint256 epoch,
        address prover,
        uint256 time
    ) internal view returns (address payee, uint256 fee, uint256 bondShare) {
        Claim storage claim_ = self.claims[epoch % rules.ring];
        if (claim_.epoch != epoch) return (prover, rules.parameters.reserveStart, 0);

        Pause pause = Pause.wrap(rules.rollup.pauseWord());
        Stage stage = claim_.stage;
        Proof memory proof = Proof(epoch, time, prover, claim_.endRecordHash);
        if (_isLive(claim_)) {
            if (stage == Stage.Claimed && claim_.isGone(rules)) proof.endRecordHash = 0;
            uint256 bond = claim_.bond;
            stage = _outcome(claim_, rules, proof, pause);
            if (stage == Stage.Rescued && prover != address(0))
                bondShare = claim_.stage == Stage.Defaulted ? bond : _share(rules, bond);
        }
        (payee, fee) = _terms(claim_, stage, rules, pause, proof);
    }

    /// @dev Ends the claim of a proven epoch.
    function _resolve(
        MarketState storage self,
        MarketRules memory rules,
        Claim storage claim_,
        Proof memory proof,
        Pause pause
    ) private {
        Stage outcome = _outcome(claim_, rules, proof, pause);
        if (outcome != Stage.Rescued) {
            _free(self, claim_, outcome);
            return;
        }

        uint256 bond = claim_.bond;
        uint256 share = claim_.stage == Stage.Defaulted ? bond : _share(rules, bond);
        if (proof.prover == address(0)) share = 0;
        claim_.stage = Stage.Rescued;
        claim_.bond = 0;

        emit IProofMarket.Rescued(proof.epoch, claim_.prover, proof.prover, share, bond - share);

        self.forfeit(rules, claim_.prover, bond - share, proof.prover, share);
    }

    /// @dev Where a live claim ends, given the epoch's proof. The claimant has the grace to be late in, nobody else has.
    function _outcome(
        Claim storage claim_,
        MarketRules memory rules,
        Proof memory proof,
        Pause pause
    ) private view returns (Stage) {
        if (claim_.stage == Stage.Defaulted) return Stage.Rescued;
        if (
            claim_.endRecordHash != proof.endRecordHash ||
            claim_.isPaused(rules.clock.genesis, pause, proof.provenAt)
        ) return Stage.Released;

        bool own = proof.prover == claim_.prover;
        if (proof.provenAt <= claim_.exclusiveUntil) return own ? Stage.Delivered : Stage.Forestalled;
        if (own && proof.provenAt <= claim_.exclusiveUntil + rules.parameters.grace) return Stage.Delivered;
        return Stage.Rescued;
    }

    /// @dev Payee and fee by how the claim ended.
    function _terms(
        Claim storage claim_,
        Stage stage,
        MarketRules memory rules,
        Pause pause,
        Proof memory proof
    ) private view returns (address payee, uint256 fee) {
        if (stage == Stage.Delivered) return (claim_.prover, claim_.fee);
        // A proof may name nobody as its prover.
        if (stage == Stage.Forestalled || proof.prover == address(0)) return (address(0), 0);
        return (proof.prover, ReserveLib.reserveAt(rules, pause, claim_.since, proof.provenAt));
    }

    function _free(MarketState storage self, Claim storage claim_, Stage stage) private {
        uint256 bond = claim_.bond;
        claim_.stage = stage;
        claim_.bond = 0;

        emit IProofMarket.Ended(claim_.epoch, claim_.prover, stage, bond);

        self.unreserve(claim_.prover, bond);
    }

    function _isReleasable(Claim storage claim_, MarketRules memory rules) private view returns (bool) {
        return
            claim_.isPaused(rules.clock.genesis, Pause.wrap(rules.rollup.pauseWord()), block.timestamp) ||
            (block.timestamp < claim_.deadline && claim_.isGone(rules));
    }

    function _isPending(Claim storage claim_, MarketRules memory rules) private view returns (bool) {
        return !claim_.isGone(rules);
    }

    function _share(MarketRules memory rules, uint256 bond) private pure returns (uint256) {
        return (bond * rules.parameters.rescueShare) / BASIS_POINTS;
    }

    function _isLive(Claim storage claim_) private view returns (bool) {
        return claim_.stage == Stage.Claimed || claim_.stage == Stage.Defaulted;
    }

    function _claimOf(
        MarketState storage self,
        MarketRules memory rules,
        uint256 epoch
    ) private view returns (Claim storage claim_) {
        claim_ = self.claims[epoch % rules.ring];
        if (claim_.epoch != epoch || !_isLive(claim_)) revert IProofMarket.Market__NoClaim(epoch);
    }
}
