// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketParameters} from "../../contracts/market/IProofMarket.sol";
import {ReserveCurve} from "../../contracts/market/MarketState.sol";
import {ReserveLib} from "../../contracts/market/ReserveLib.sol";
import {packPause, Pause} from "../../contracts/types/Pause.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Prices by another way of counting: second by second, and by cross-multiplication.
contract MarketReserveTest is Test {
    uint256 private constant GENESIS = 10_000;
    uint256 private constant START = 2_000;
    uint256 private constant MOST = 8_000;
    uint256 private constant RAMP = 70;

    function testFuzz_reserveIsTheLineOverRunningSeconds(
        uint8 since,
        uint8 waited,
        uint8 pauseStart,
        uint8 duration
    ) external pure {
        Pause pause = packPause(pauseStart, uint256(pauseStart) + duration);
        uint256 from = GENESIS + since;
        uint256 running;
        for (uint256 time = from; time < from + waited; ++time)
            if (!pause.isActive(time - GENESIS)) ++running;
        uint256 expected = running >= RAMP ? MOST : START + ((MOST - START) * running) / RAMP;
        assertEq(ReserveLib.reserveAt(_curve(), GENESIS, pause, from, from + waited), expected);
    }

    function test_reserveOfAClockThatDoesNotRunIsTheStart() external pure {
        assertEq(ReserveLib.reserveAt(_curve(), GENESIS, Pause.wrap(0), 0, GENESIS + 500), START);
        assertEq(ReserveLib.reserveAt(_curve(), GENESIS, Pause.wrap(0), GENESIS + 501, GENESIS + 500), START);
    }

    function test_reserveIsAtItsMostFromTheRampsLastSecondOn() external pure {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 reserve = ReserveLib.reserveAt(
                _curve(),
                GENESIS,
                Pause.wrap(0),
                GENESIS,
                GENESIS + RAMP - 1 + i
            );
            assertEq(reserve, i == 0 ? START + ((MOST - START) * (RAMP - 1)) / RAMP : MOST);
        }
    }

    /// @notice The least bond b with b · 10^8 >= pot · reserveMax · bondMultiple, and no less than the floor.
    function testFuzz_bondIsTheLeastThatCoversTheRace(uint96 pot) external pure {
        MarketParameters memory p = _parameters();
        uint256 bond = ReserveLib.bondOf(p, pot);
        uint256 scaled = uint256(pot) * MOST * p.bondMultiple;
        assertTrue(bond * 1e8 >= scaled && bond >= p.bondFloor, "too little");
        assertTrue(bond == p.bondFloor || (bond - 1) * 1e8 < scaled, "too much");
    }

    function test_bondRoundsUpAndMeetsTheFloor() external pure {
        MarketParameters memory p = _parameters();
        assertEq(ReserveLib.bondOf(p, 0), p.bondFloor);
        p.bondFloor = 0;
        // A pot of 10^4 divides evenly; one more unit of it asks for 2.4003 more.
        p.reserveMax = 8_001;
        assertEq(ReserveLib.bondOf(p, 10_000), 24_003);
        assertEq(ReserveLib.bondOf(p, 10_001), 24_006);
    }

    function test_largestPotIsTheFeesAndEveryBlocksReward() external pure {
        MarketParameters memory p = _parameters();
        assertEq(ReserveLib.largestPot(p, 5, 3), 5 + 3 * p.blockReward);
        assertEq(ReserveLib.largestPot(p, 5, 0), 5);
    }

    function _curve() private pure returns (ReserveCurve memory) {
        return ReserveCurve({start: START, max: MOST, ramp: RAMP});
    }

    function _parameters() private pure returns (MarketParameters memory p) {
        (p.reserveStart, p.reserveMax, p.reserveRamp) = (START, MOST, RAMP);
        (p.bondFloor, p.bondMultiple, p.blockReward) = (1_000, 30_000, 7);
    }
}
