// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChurnLib, ChurnRules} from "../../contracts/staking/ChurnLib.sol";
import {Head} from "../../contracts/staking/SeatArrayLib.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Rates and windows at their borders. Windows of 100 seconds; the time is in the one from 1,000 on.
contract StakingChurnTest is Test {
    uint256 private constant WINDOW = 100;
    uint256 private constant TIME = 1_030;
    uint256 private constant NEXT = 1_100;

    function setUp() external {
        vm.warp(TIME);
    }

    function test_exitRateIsAPartOfTheSizeWithinItsBounds() external pure {
        // A fifth, at least 2, at most 6.
        uint256[2][7] memory cases = [
            [uint256(0), 2],
            [uint256(10), 2],
            [uint256(14), 2],
            [uint256(15), 3],
            [uint256(29), 5],
            [uint256(30), 6],
            [uint256(500), 6]
        ];
        for (uint256 i = 0; i < cases.length; ++i) {
            assertEq(ChurnLib.exitRate(_rules(), cases[i][0]), cases[i][1]);
        }
    }

    function test_entryRateGrowsUpToTheGrowthSizeAndIsTheExitRateFromThere() external pure {
        assertEq(ChurnLib.entryRate(_rules(), 0), 4);
        assertEq(ChurnLib.entryRate(_rules(), 24), 4);
        assertEq(ChurnLib.entryRate(_rules(), 25), 5);
    }

    function test_anEmptyQueueStartsAtTheNextWindow() external {
        Head memory head = _head({size: 8, previous: 5, stamp: TIME - 1});
        assertEq(this.activation(head), NEXT);
        // What activates now is no queue any more.
        head.lastStamp = TIME;
        assertEq(this.activation(head), NEXT);
        vm.warp(NEXT - 1);
        assertEq(this.activation(head), NEXT);
        vm.warp(NEXT);
        assertEq(this.activation(head), NEXT + WINDOW);
    }

    function test_theQueuesLastWindowIsFilledBeforeTheNext() external {
        Head memory head = _head({size: 8, previous: 5, stamp: NEXT});
        assertEq(this.activation(head), NEXT);
        head.lastSize = 9;
        assertEq(this.activation(head), NEXT + WINDOW);
        // A second from now is a queue already.
        head = _head({size: 8, previous: 5, stamp: TIME + 1});
        assertEq(this.activation(head), TIME + 1);
    }

    /// @notice The rate is that of the size before the window, so a window does not widen while it is filled.
    function test_aWindowsRateIsMeasuredBeforeIt() external {
        Head memory head = _head({size: 28, previous: 24, stamp: NEXT});
        assertEq(this.activation(head), NEXT + WINDOW);
        head = _head({size: 29, previous: 25, stamp: NEXT});
        assertEq(this.activation(head), NEXT);
    }

    function test_exitsAreCountedInTheirWindow() external {
        Head memory head = _head({size: 15, previous: 0, stamp: 0});
        // Exits of an earlier window do not count.
        (head.exitWindow, head.exits) = (9, 7);
        for (uint256 i = 1; i <= 3; ++i) {
            head = this.takeExit(head);
            assertEq(head.exitWindow, 10);
            assertEq(head.exits, i);
        }
        vm.expectRevert(abi.encodeWithSelector(ChurnLib.Churn__ExitsExhausted.selector, NEXT));
        this.takeExit(head);
        vm.warp(NEXT);
        head = this.takeExit(head);
        assertEq(head.exitWindow, 11);
        assertEq(head.exits, 1);
    }

    // External, so that each reads the clock anew

    function activation(Head calldata head) external view returns (uint256) {
        return ChurnLib.activation(head, _rules());
    }

    function takeExit(Head memory head) external view returns (Head memory) {
        ChurnLib.takeExit(head, _rules());
        return head;
    }

    function _rules() private pure returns (ChurnRules memory) {
        return
            ChurnRules({
                window: WINDOW,
                bootstrapSize: 5,
                growthSize: 25,
                growthRate: 4,
                quotient: 5,
                minRate: 2,
                maxRate: 6
            });
    }

    function _head(uint256 size, uint256 previous, uint256 stamp) private pure returns (Head memory head) {
        (head.lastSize, head.previousSize, head.lastStamp) = (size, previous, stamp);
    }
}
