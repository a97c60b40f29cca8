// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening, IProverPot} from "../rewards/IProverPot.sol";
import {Status} from "../rollup/IRollup.sol";
import {BASIS_POINTS} from "../types/Constants.sol";
import {Pause} from "../types/Pause.sol";
import {Epoch} from "../types/Time.sol";
import {BondLib} from "./BondLib.sol";
import {ClaimLib} from "./ClaimLib.sol";
import {Claim, IProofMarket, Stage, WordOpening} from "./IProofMarket.sol";
import {MarketState, SettlementRules} from "./MarketState.sol";
import {ReserveLib} from "./ReserveLib.sol";
import {Proof, WordLib} from "./WordLib.sol";

/// @title Settlement
/// @notice How claims end, and who is paid. Nothing here asks whether claims are closed or provers listed.
library SettlementLib {
    using BondLib for MarketState;
    using ClaimLib for Claim;

    function resolve(
        MarketState storage self,
        SettlementRules memory rules,
        EpochOpening calldata opening
    ) internal {
        Proof memory proof = WordLib.open(rules.rollup, opening);
        Claim storage claim_ = self.claims[proof.epoch % rules.ring];
        Claim memory known = claim_;
        _requireLive(known, proof.epoch);

        _end(self, claim_, known, rules, proof, _pause(rules));
    }

    /// @dev Everything follows from the opening and the claim; the pot confirms the opening. Should it refuse, nothing that
    /// was done on the opening's word stays.
    function settle(
        MarketState storage self,
        SettlementRules memory rules,
        IProverPot pot,
        EpochOpening calldata opening
    ) internal returns (address payee, uint256 credited) {
        Proof memory proof = WordLib.read(opening);
        Claim storage claim_ = self.claims[proof.epoch % rules.ring];
        Claim memory known = claim_;
        uint256 fee;
        if (known.epoch == proof.epoch) {
            Pause pause = _pause(rules);
            Stage stage = _isLive(known) ? _end(self, claim_, known, rules, proof, pause) : known.stage;
            (payee, fee) = _terms(known, stage, rules, pause, proof);
        } else if (proof.prover != address(0)) {
            (payee, fee) = (proof.prover, rules.reserve.start);
        }
        credited = pot.creditProver(opening, payee, fee);

        emit IProofMarket.Settled(proof.epoch, payee, fee, credited);
    }

    function release(
        MarketState storage self,
        SettlementRules memory rules,
        Epoch epoch,
        WordOpening calldata word
    ) internal {
        uint256 number = Epoch.unwrap(epoch);
        Claim storage claim_ = self.claims[number % rules.ring];
        Claim memory known = claim_;
        _requireLive(known, number);
        bool lapsed = WordLib.requireUnproven(rules.rollup, number, word);
        if (!lapsed && (known.stage != Stage.Claimed || !_isReleasable(known, rules)))
            revert IProofMarket.Market__NotReleasable(number);

        _free(self, claim_, known, rules, Stage.Released);
    }

    function slash(
        MarketState storage self,
        SettlementRules memory rules,
        Epoch epoch,
        WordOpening calldata word
    ) internal {
        uint256 number = Epoch.unwrap(epoch);
        Claim storage claim_ = self.claims[number % rules.ring];
        Claim memory known = claim_;
        _requireLive(known, number);
        bool lapsed = WordLib.requireUnproven(rules.rollup, number, word);
        bool claimed = known.stage == Stage.Claimed;
        uint256 from = claimed ? known.exclusiveUntil + rules.grace + 1 : known.deadline;
        if (lapsed || block.timestamp < from || (claimed && _isReleasable(known, rules)))
            revert IProofMarket.Market__NotSlashable(number, from);

        // A pause that came later may let the epoch live beyond the deadline its claim knows.
        if (block.timestamp < known.deadline || _isPending(known, rules)) {
            if (!claimed) revert IProofMarket.Market__NotSlashable(number, from);
            uint256 kept = _share(rules, known.bond);
            uint256 burned = known.bond - kept;
            claim_.stage = Stage.Defaulted;
            emit IProofMarket.Defaulted(number, known.prover, burned, kept);
            self.forfeit(known.prover, burned, address(0), 0);
        } else {
            uint256 burned = _left(rules, known);
            claim_.stage = Stage.Lost;
            emit IProofMarket.Lost(number, known.prover, burned);
            self.forfeit(known.prover, burned, address(0), 0);
        }
    }

    /// @notice Who is paid for a proof at a time, by what is known now.
    function preview(
        MarketState storage self,
        SettlementRules memory rules,
        uint256 epoch,
        address prover,
        uint256 time
    ) internal view returns (address payee, uint256 fee, uint256 bondShare) {
        Claim memory known = self.claims[epoch % rules.ring];
        if (known.epoch != epoch) return (prover, rules.reserve.start, 0);

        Pause pause = _pause(rules);
        Stage stage = known.stage;
        Proof memory proof = Proof(epoch, time, prover, known.endRecordHash);
        if (_isLive(known)) {
            if (stage == Stage.Claimed && known.isGone(rules.rollup)) proof.endRecordHash = 0;
            stage = _outcome(known, rules, proof, pause);
            if (stage == Stage.Rescued && prover != address(0)) bondShare = _share(rules, known.bond);
        }
        (payee, fee) = _terms(known, stage, rules, pause, proof);
    }

    /// @dev Ends the claim of a proven epoch.
    function _end(
        MarketState storage self,
        Claim storage claim_,
        Claim memory known,
        SettlementRules memory rules,
        Proof memory proof,
        Pause pause
    ) private returns (Stage outcome) {
        outcome = _outcome(known, rules, proof, pause);
        if (outcome != Stage.Rescued) {
            _free(self, claim_, known, rules, outcome);
            return outcome;
        }

        uint256 share = proof.prover == address(0) ? 0 : _share(rules, known.bond);
        uint256 burned = _left(rules, known) - share;
        claim_.stage = Stage.Rescued;

        emit IProofMarket.Rescued(proof.epoch, known.prover, proof.prover, share, burned);

        self.forfeit(known.prover, burned, proof.prover, share);
    }

    /// @dev Where a live claim ends, given the epoch's proof. The claimant has the grace to be late in, nobody else has.
    function _outcome(
        Claim memory known,
        SettlementRules memory rules,
        Proof memory proof,
        Pause pause
    ) private pure returns (Stage) {
        if (known.stage == Stage.Defaulted) return Stage.Rescued;
        if (
            known.endRecordHash != proof.endRecordHash || known.isPaused(rules.genesis, pause, proof.provenAt)
        ) return Stage.Released;

        bool own = proof.prover == known.prover;
        if (proof.provenAt <= known.exclusiveUntil) return own ? Stage.Delivered : Stage.Forestalled;
        if (own && proof.provenAt <= known.exclusiveUntil + rules.grace) return Stage.Delivered;
        return Stage.Rescued;
    }

    /// @dev Payee and fee by how the claim ended.
    function _terms(
        Claim memory known,
        Stage stage,
        SettlementRules memory rules,
        Pause pause,
        Proof memory proof
    ) private pure returns (address payee, uint256 fee) {
        if (stage == Stage.Delivered) return (known.prover, known.fee);
        // A proof may name nobody as its prover.
        if (stage == Stage.Forestalled || proof.prover == address(0)) return (address(0), 0);
        return (
            proof.prover,
            ReserveLib.reserveAt(rules.reserve, rules.genesis, pause, known.since, proof.provenAt)
        );
    }

    function _free(
        MarketState storage self,
        Claim storage claim_,
        Claim memory known,
        SettlementRules memory rules,
        Stage stage
    ) private {
        uint256 bond = _left(rules, known);
        claim_.stage = stage;

        emit IProofMarket.Ended(known.epoch, known.prover, stage, bond);

        self.unreserve(known.prover, bond);
    }

    function _isReleasable(Claim memory known, SettlementRules memory rules) private view returns (bool) {
        return
            known.isPaused(rules.genesis, _pause(rules), block.timestamp) ||
            (block.timestamp < known.deadline && known.isGone(rules.rollup));
    }

    /// @dev Whether the claim's last block is still there at any time: a prune that is due counts as done.
    function _isPending(Claim memory known, SettlementRules memory rules) private view returns (bool) {
        Status memory status = rules.rollup.status();
        return known.endNumber <= status.pending && !known.isGone(rules.rollup);
    }

    /// @dev What is left of a live claim's bond.
    function _left(SettlementRules memory rules, Claim memory known) private pure returns (uint256) {
        return known.stage == Stage.Defaulted ? _share(rules, known.bond) : known.bond;
    }

    function _share(SettlementRules memory rules, uint256 bond) private pure returns (uint256) {
        return (bond * rules.rescueShare) / BASIS_POINTS;
    }

    function _pause(SettlementRules memory rules) private view returns (Pause) {
        return Pause.wrap(rules.rollup.pauseWord());
    }

    function _isLive(Claim memory known) private pure returns (bool) {
        return known.stage == Stage.Claimed || known.stage == Stage.Defaulted;
    }

    function _requireLive(Claim memory known, uint256 epoch) private pure {
        if (known.epoch != epoch || !_isLive(known)) revert IProofMarket.Market__NoClaim(epoch);
    }
}
