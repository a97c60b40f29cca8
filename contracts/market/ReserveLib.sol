// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BASIS_POINTS} from "../types/Constants.sol";
import {Pause} from "../types/Pause.sol";
import {MarketParameters} from "./IProofMarket.sol";
import {ReserveCurve} from "./MarketState.sol";

/// @title Reserve
/// @notice Prices: the rising reserve of an epoch's turn, and the bond that makes a default dearer than any open race.
///
/// A rescue by the defaulter's second identity gains at most pay + share and loses bond, where
///
///     pay   <= pot · reserveMax / 10^4
///     bond  >= pot · reserveMax · bondMultiple / 10^8                       rounded up
///     share  = bond · rescueShare / 10^4                                    rounded down
///
/// so it loses whenever (10^4 - rescueShare) · bondMultiple > 10^8, which the constructor demands, and the floor is not 0.
library ReserveLib {
    /// @notice Basis points of the pot at a time, `since` the epoch's turn began; 0 for a clock that does not run.
    /// @dev Seconds of the newest pause do not count.
    function reserveAt(
        ReserveCurve memory curve,
        uint256 genesis,
        Pause pause,
        uint256 since,
        uint256 time
    ) internal pure returns (uint256) {
        if (since == 0 || time <= since) return curve.start;

        uint256 elapsed = time - since - _overlap(pause, genesis, since, time);
        if (elapsed >= curve.ramp) return curve.max;
        return curve.start + ((curve.max - curve.start) * elapsed) / curve.ramp;
    }

    function curveOf(MarketParameters memory p) internal pure returns (ReserveCurve memory) {
        return ReserveCurve({start: p.reserveStart, max: p.reserveMax, ramp: p.reserveRamp});
    }

    /// @notice Bond of a claim on a pot.
    function bondOf(MarketParameters memory p, uint256 pot) internal pure returns (uint256 bond) {
        uint256 scaled = pot * p.reserveMax * p.bondMultiple;
        bond = (scaled + BASIS_POINTS ** 2 - 1) / BASIS_POINTS ** 2;
        if (bond < p.bondFloor) bond = p.bondFloor;
    }

    /// @notice Most an epoch's pot can hold: its prover fees, and every block rewarded.
    function largestPot(
        MarketParameters memory p,
        uint256 proverFees,
        uint256 blocks
    ) internal pure returns (uint256) {
        return proverFees + blocks * p.blockReward;
    }

    /// @dev Seconds of the pause within [from, to], which are L1 seconds.
    function _overlap(Pause pause, uint256 genesis, uint256 from, uint256 to) private pure returns (uint256) {
        uint256 start = genesis + pause.start();
        uint256 end = genesis + pause.end();
        if (start < from) start = from;
        if (end > to) end = to;
        return end > start ? end - start : 0;
    }
}
