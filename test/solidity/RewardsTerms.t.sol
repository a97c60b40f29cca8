// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochTerms, EpochTermsLib} from "../../contracts/rewards/EpochTerms.sol";
import {IRewards} from "../../contracts/rewards/IRewards.sol";
import {packPause, Pause} from "../../contracts/types/Pause.sol";
import {Test, vm} from "./Vm.sol";

/// @notice The times of claims and sweeps to the second, and whose epochs are the canonical bucket's.
contract RewardsTermsTest is Test {
    using EpochTermsLib for EpochTerms;

    uint256 private constant GENESIS = 10_000;
    uint256 private constant EPOCH = 100;
    uint256 private constant DELAY = 250;
    uint256 private constant CLAIMS = 8;
    uint256 private constant RING = 12;
    /// An epoch and the time of its proof, a little after its end.
    uint256 private constant E = 5;
    uint256 private constant PROVEN = GENESIS + 630;

    Pause private _pause;

    function test_claimsLastFromTheDelayToTheWindowsLastSecond() external {
        vm.warp(PROVEN + DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.Rewards__NotClaimableYet.selector, E, PROVEN + DELAY)
        );
        this.claimable(E, PROVEN);
        vm.warp(PROVEN + DELAY);
        this.claimable(E, PROVEN);
        uint256 last = GENESIS + (E + CLAIMS + 1) * EPOCH - 1;
        vm.warp(last);
        this.claimable(E, PROVEN);
        vm.warp(last + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.Rewards__ClaimDeadlinePassed.selector, E, E + CLAIMS)
        );
        this.claimable(E, PROVEN);
    }

    function test_epochZeroCanBeClaimedWhileTheChainIsYoung() external {
        vm.warp(GENESIS + CLAIMS * EPOCH);
        this.claimable(0, GENESIS + 110);
        vm.warp(GENESIS + (CLAIMS + 1) * EPOCH);
        vm.expectRevert(abi.encodeWithSelector(IRewards.Rewards__ClaimDeadlinePassed.selector, 0, CLAIMS));
        this.claimable(0, GENESIS + 110);
    }

    /// @notice An L1 whose clock is below the delay: nothing is settled by accident.
    function test_nothingIsClaimableBeforeADelayHasPassedAtAll() external {
        vm.warp(GENESIS);
        _pause = packPause(20_000, 30_000);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.Rewards__NotClaimableYet.selector, 0, GENESIS + DELAY)
        );
        this.claimable(0, GENESIS);
    }

    function test_sweepsLastFromTheWindowsEndToTheLap() external {
        uint256 first = GENESIS + (E + CLAIMS + 1) * EPOCH;
        vm.warp(first - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.Rewards__NotSweepableYet.selector, E, E + CLAIMS + 1)
        );
        this.sweepable(E, PROVEN);
        vm.warp(first);
        this.sweepable(E, PROVEN);
        uint256 lap = GENESIS + (E + RING) * EPOCH;
        vm.warp(lap - 1);
        this.sweepable(E, PROVEN);
        vm.warp(lap);
        vm.expectRevert(abi.encodeWithSelector(IRewards.Rewards__Lapsed.selector, E, E + RING - 1));
        this.sweepable(E, PROVEN);
    }

    /// @notice A pause can hold the delay up until after the window: nobody could claim, so nobody may sweep.
    function test_aSweepWaitsForADelayThatAPauseHeldUp() external {
        uint256 first = GENESIS + (E + CLAIMS + 1) * EPOCH;
        uint256 held = first + 10 - PROVEN - DELAY;
        _pause = packPause(PROVEN + 1 - GENESIS, PROVEN + 1 + held - GENESIS);
        vm.warp(first + 9);
        vm.expectRevert(abi.encodeWithSelector(IRewards.Rewards__NotClaimableYet.selector, E, first + 10));
        this.sweepable(E, PROVEN);
        vm.warp(first + 10);
        this.sweepable(E, PROVEN);
    }

    /// @notice The delay against a count second by second, for every place of a pause.
    function testFuzz_theDelayCountsRunningSeconds(uint16 pauseStart, uint8 duration) external {
        uint256 start = uint256(pauseStart) % 1_000;
        _pause = packPause(start, start + duration);
        uint256 left = DELAY;
        uint256 time = PROVEN;
        for (; left > 0; ++time) if (!_pause.isActive(time - GENESIS)) --left;
        vm.warp(time - 1);
        (bool early, ) = address(this).call(abi.encodeCall(this.claimable, (E, PROVEN)));
        assertTrue(!early, "early");
        vm.warp(time);
        this.claimable(E, PROVEN);
    }

    function test_canonicalAreTheEpochsThatBeginInTheSpan() external {
        vm.warp(GENESIS + 900);
        // On a border the epoch that begins there belongs to the span; a second later the next one does.
        _expectCanonical(GENESIS + 300, GENESIS + 500, 3, 5);
        _expectCanonical(GENESIS + 301, GENESIS + 501, 4, 6);
        _expectCanonical(GENESIS + 299, GENESIS + 499, 3, 5);
        _expectCanonical(0, GENESIS, 0, 0);
        _expectCanonical(GENESIS, GENESIS + 1, 0, 1);
        _expectCanonical(type(uint64).max, 0, 12, 0);
        _expectCanonical(0, type(uint64).max, 0, 12);
    }

    // External, so that each reads the clock anew

    function claimable(uint256 epoch, uint256 provenAt) external view {
        _terms(0, type(uint64).max).requireClaimable((epoch << 64) | provenAt);
    }

    function sweepable(uint256 epoch, uint256 provenAt) external view {
        _terms(0, type(uint64).max).requireSweepable((epoch << 64) | provenAt);
    }

    function _expectCanonical(uint256 from, uint256 until, uint256 first, uint256 end) private view {
        EpochTerms memory terms = _terms(from, until);
        for (uint256 epoch = 0; epoch < 12; ++epoch)
            assertTrue(terms.isCanonical(epoch) == (first <= epoch && epoch < end), "span");
    }

    function _terms(uint256 from, uint256 until) private view returns (EpochTerms memory terms) {
        terms.genesis = GENESIS;
        terms.epochDuration = EPOCH;
        terms.delay = DELAY;
        terms.window = CLAIMS;
        terms.ring = RING;
        terms.pause = _pause;
        terms.prepare(from, until);
    }
}
