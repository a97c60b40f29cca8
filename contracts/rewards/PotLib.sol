// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewards} from "./IRewards.sol";

/// @notice What the market credited to a prover and it has not collected. Fees are in the FeePortal, rewards with the
/// distributor, for epochs in the span of the rewards contract, and for others.
struct ProverCredit {
    uint96 fees;
    uint128 canonical;
    /// Set for good: a later credit pays for no new slot.
    bool known;
    // Second slot, rarely used.
    uint128 other;
}

/// @notice A ring of words, one for 16 epochs, and the provers' credits.
struct Pots {
    mapping(uint256 index => uint256) words;
    mapping(address prover => ProverCredit) credits;
}

/// @title Prover pots
/// @notice Marks of epochs and the sums of what their pots left share a word, so that a settlement touches one slot for
/// both:
///
///   tag32 | unspent96 | burnable96 | marks32          tag = epoch / 16 + 1; marks: spent and burned, two bits an epoch
///
/// A word of another tag has no marks of these epochs. Its sums are carried over: nothing that waits is lost, whenever it
/// is flushed.
/// @dev The sums are fees that the FeePortal holds, and the token's supply is below 2^96.
library PotLib {
    uint256 internal constant SPENT = 1;
    uint256 internal constant BURNED = 2;

    uint256 private constant _EPOCHS = 16;
    uint256 private constant _BURNABLE = 32;
    uint256 private constant _UNSPENT = 128;
    uint256 private constant _TAG = 224;
    uint256 private constant _SUMS = ((1 << 192) - 1) << _BURNABLE;

    /// @notice Spends an epoch's pot: what it left is added to the sums, the congestion fees unless they are burnt.
    /// @param span newest epochs that must be remembered
    /// @return burnable what was added of the congestion fees
    function spend(
        Pots storage self,
        uint256 span,
        uint256 epoch,
        uint256 unspent,
        uint256 congestion
    ) internal returns (uint256 burnable) {
        (uint256 index, uint256 word) = _load(self, span, epoch);
        uint256 marks = _marksOf(word, epoch);
        if (marks & SPENT != 0) revert IRewards.Rewards__AlreadyPaid(epoch);
        if (marks & BURNED == 0) burnable = congestion;

        unchecked {
            word += (unspent << _UNSPENT) + (burnable << _BURNABLE);
        }
        self.words[index] = word | ((SPENT | BURNED) << _shift(epoch));
    }

    /// @notice Marks an epoch.
    /// @return before its marks until now
    function mark(
        Pots storage self,
        uint256 span,
        uint256 epoch,
        uint256 marks
    ) internal returns (uint256 before) {
        (uint256 index, uint256 word) = _load(self, span, epoch);
        before = _marksOf(word, epoch);
        self.words[index] = word | (marks << _shift(epoch));
    }

    /// @notice Marks of an epoch.
    function marksOf(Pots storage self, uint256 span, uint256 epoch) internal view returns (uint256) {
        (, uint256 word) = _load(self, span, epoch);
        return _marksOf(word, epoch);
    }

    /// @notice Sums that wait in an epoch's word.
    function leftovers(
        Pots storage self,
        uint256 span,
        uint256 epoch
    ) internal view returns (uint256 unspent, uint256 burnable) {
        (, uint256 word) = _load(self, span, epoch);
        return (uint96(word >> _UNSPENT), uint96(word >> _BURNABLE));
    }

    /// @notice Takes the sums out of an epoch's word.
    /// @dev The epoch is anybody's word: it may be of another lap, so tag and marks stay those of the word's own epochs.
    function takeLeftovers(
        Pots storage self,
        uint256 span,
        uint256 epoch
    ) internal returns (uint256 unspent, uint256 burnable) {
        uint256 index = _indexOf(span, epoch);
        uint256 word = self.words[index];
        self.words[index] = word & ~_SUMS;
        return (uint96(word >> _UNSPENT), uint96(word >> _BURNABLE));
    }

    // Credits

    /// @param canonical whether the reward is from the canonical bucket
    function credit(
        Pots storage self,
        address prover,
        uint256 fees,
        uint256 reward,
        bool canonical
    ) internal {
        ProverCredit storage owed = self.credits[prover];
        (owed.fees, owed.canonical, owed.known) = (
            owed.fees + uint96(fees),
            owed.canonical + uint128(canonical ? reward : 0),
            true
        );
        if (!canonical) owed.other += uint128(reward);
    }

    function takeCredit(Pots storage self, address prover) internal returns (ProverCredit memory owed) {
        ProverCredit storage credit_ = self.credits[prover];
        owed = credit_;
        credit_.fees = 0;
        credit_.canonical = 0;
        if (owed.other != 0) credit_.other = 0;
    }

    /// @notice Keeps rewards that could not be paid.
    function keepCredit(Pots storage self, address prover, uint256 canonical, uint256 other) internal {
        ProverCredit storage credit_ = self.credits[prover];
        if (canonical != 0) credit_.canonical += uint128(canonical);
        if (other != 0) credit_.other += uint128(other);
    }

    /// @dev An epoch's word, as it is when it is taken over from another lap.
    function _load(
        Pots storage self,
        uint256 span,
        uint256 epoch
    ) private view returns (uint256 index, uint256 word) {
        unchecked {
            index = _indexOf(span, epoch);
            word = self.words[index];
            uint256 tag = epoch / _EPOCHS + 1;
            if (word >> _TAG != tag) word = (tag << _TAG) | (word & _SUMS);
        }
    }

    function _indexOf(uint256 span, uint256 epoch) private pure returns (uint256) {
        unchecked {
            return (epoch / _EPOCHS) % (span / _EPOCHS + 2);
        }
    }

    function _marksOf(uint256 word, uint256 epoch) private pure returns (uint256) {
        return (word >> _shift(epoch)) & (SPENT | BURNED);
    }

    function _shift(uint256 epoch) private pure returns (uint256) {
        return (epoch % _EPOCHS) * 2;
    }
}
