// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/rollup/IRollup.sol";
import {PauseLib, PauseRules} from "../../contracts/rollup/PauseLib.sol";
import {RollupState} from "../../contracts/rollup/RollupState.sol";
import {Pause} from "../../contracts/types/Pause.sol";
import {Test, Vm, vm} from "./Vm.sol";

/// @notice The council's two functions, bounds to the second. What a pause does to proofs, blocks and withdrawals is in
/// test/contracts/pause.test.ts.
contract PauseRulesTest is Test {
    address private constant COUNCIL = address(0xc0);
    uint256 private constant MOST = 600;
    uint256 private constant COOLDOWN = 2_000;
    /// Later than a cool-down after genesis, so that only the pause before it can be too near.
    uint256 private constant TIME = 5_000;

    RollupState private _state;

    function test_onlyTheCouncilBeginsAndEnds() external {
        bytes memory refusal = abi.encodeWithSelector(IRollup.Rollup__OnlyCouncil.selector, address(this));
        vm.expectRevert(refusal);
        this.begin(TIME, 100);
        _begin(TIME, 100);
        vm.expectRevert(refusal);
        this.finish(TIME + 1);
    }

    function test_lengthIsFromOneSecondToTheMost() external {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 duration = i == 0 ? 0 : MOST + 1;
            vm.prank(COUNCIL);
            vm.expectRevert(abi.encodeWithSelector(IRollup.Rollup__PauseOutOfRange.selector, MOST, duration));
            this.begin(TIME, duration);
        }
        _begin(TIME, 1);
        _begin(TIME + COOLDOWN, MOST);
        _expectPause(TIME + COOLDOWN, TIME + COOLDOWN + MOST);
    }

    function test_firstPauseNeedsNoCooldown() external {
        _begin(3, 10);
        _expectPause(3, 13);
    }

    function test_cooldownCountsFromStartToStart() external {
        _begin(TIME, 100);
        for (uint256 time = TIME; time < TIME + COOLDOWN; time += COOLDOWN - 1) {
            vm.prank(COUNCIL);
            vm.expectRevert(abi.encodeWithSelector(IRollup.Rollup__PauseTooSoon.selector, TIME + COOLDOWN));
            this.begin(time, 100);
        }
        _begin(TIME + COOLDOWN, 100);
    }

    /// @notice A pause from second 0 on has a word like any other, and holds up the next one too.
    function test_cooldownHoldsAfterAPauseFromGenesisOn() external {
        _begin(0, 1);
        vm.prank(COUNCIL);
        vm.expectRevert(abi.encodeWithSelector(IRollup.Rollup__PauseTooSoon.selector, COOLDOWN));
        this.begin(COOLDOWN - 1, 100);
        _begin(COOLDOWN, 100);
    }

    /// @notice Begun and ended in second 0 it has a word all the same, and its cool-down.
    function test_cooldownHoldsAfterAPauseThatSecondZeroBeganAndEnded() external {
        _begin(0, 100);
        vm.recordLogs();
        vm.prank(COUNCIL);
        this.finish(0);
        assertEq(keccak256(vm.getRecordedLogs()[0].data), keccak256(abi.encode(1)));
        _expectPause(0, 1);
        PauseLib.requireRunning(_state.pause, 1);
        vm.prank(COUNCIL);
        vm.expectRevert(abi.encodeWithSelector(IRollup.Rollup__PauseTooSoon.selector, COOLDOWN));
        this.begin(1, 100);
    }

    function test_endsEarlyOnlyWhileItRuns() external {
        for (uint256 i = 0; i < 3; ++i) {
            if (i == 1) _begin(TIME, 100);
            // Before any pause, before its first second, after its last.
            uint256 time = i == 2 ? TIME + 100 : TIME - 1;
            vm.prank(COUNCIL);
            vm.expectRevert(IRollup.Rollup__NotPaused.selector);
            this.finish(time);
        }
        vm.prank(COUNCIL);
        this.finish(TIME + 99);
        _expectPause(TIME, TIME + 99);
        vm.prank(COUNCIL);
        vm.expectRevert(IRollup.Rollup__NotPaused.selector);
        this.finish(TIME + 99);
    }

    /// @notice Ended at once, it still uses the cool-down up.
    function test_anEarlyEndGivesNoSecondPause() external {
        _begin(TIME, 100);
        vm.prank(COUNCIL);
        this.finish(TIME);
        vm.prank(COUNCIL);
        vm.expectRevert(abi.encodeWithSelector(IRollup.Rollup__PauseTooSoon.selector, TIME + COOLDOWN));
        this.begin(TIME + 1, 100);
    }

    function test_proofsStopFromItsFirstSecondToItsLast() external {
        _begin(TIME, 100);
        PauseLib.requireRunning(_state.pause, TIME - 1);
        PauseLib.requireRunning(_state.pause, TIME + 100);
        for (uint256 time = TIME; time < TIME + 100; time += 99) {
            vm.expectRevert(abi.encodeWithSelector(IRollup.Rollup__Paused.selector, TIME + 100));
            this.requireRunning(time);
        }
    }

    /// @notice The events alone give the word.
    function test_eventsGiveTheBounds() external {
        vm.recordLogs();
        _begin(TIME, 100);
        vm.prank(COUNCIL);
        this.finish(TIME + 30);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 2);
        assertEq(logs[0].topics[0], IRollup.Paused.selector);
        assertEq(keccak256(logs[0].data), keccak256(abi.encode(TIME, TIME + 100)));
        assertEq(logs[1].topics[0], IRollup.Unpaused.selector);
        assertEq(keccak256(logs[1].data), keccak256(abi.encode(TIME + 30)));
    }

    // Entry points for calls that revert

    function begin(uint256 time, uint256 duration) external {
        PauseLib.begin(_state, _rules(), time, duration);
    }

    function finish(uint256 time) external {
        PauseLib.finish(_state, _rules(), time);
    }

    function requireRunning(uint256 time) external view {
        PauseLib.requireRunning(_state.pause, time);
    }

    function _begin(uint256 time, uint256 duration) private {
        vm.prank(COUNCIL);
        this.begin(time, duration);
    }

    function _rules() private pure returns (PauseRules memory) {
        return PauseRules({council: COUNCIL, most: MOST, cooldown: COOLDOWN});
    }

    function _expectPause(uint256 start, uint256 end) private view {
        assertEq(_state.pause.start(), start);
        assertEq(_state.pause.end(), end);
    }
}
