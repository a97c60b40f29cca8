// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChurnLib} from "../../contracts/staking/ChurnLib.sol";
import {
    IValidatorRegistry,
    ValidatorInfo,
    ValidatorState
} from "../../contracts/staking/IValidatorRegistry.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {vm} from "./Vm.sol";

/// @notice A follower that stays with one instance, without an exit.
contract StakingPinTest is StakingFixture {
    /// @dev Known ahead: what a test expects is of the very next call.
    mapping(uint256 secret => bytes28) private _names;

    function setUp() public override {
        super.setUp();
        for (uint256 secret = 1001; secret < 1010; ++secret) _names[secret] = keyHashOf(secret);
    }

    function pin(uint256 secret, address to) internal {
        vm.prank(withdrawerOf(secret));
        registry.pin(_names[secret], to, proposerOf(secret));
    }

    function takeDuty(uint256 epoch) internal {
        vm.prank(INSTANCE);
        registry.takeDuty(Slot.wrap(4 * epoch), Epoch.wrap(epoch), Timestamp.wrap(startOf(epoch)));
    }

    function sizeOf(address set) internal view returns (uint256) {
        return registry.sizeAt(set, Timestamp.wrap(time));
    }

    function test_followerStaysWithAnInstanceThatIsReplaced() external {
        bootstrap(5);
        uint256 held = token.balanceOf(address(registry));
        pin(1002, INSTANCE);
        ValidatorInfo memory v = info(1002);
        assertTrue(v.state == ValidatorState.QUEUED, "queued");
        assertEq(v.instance, INSTANCE);
        assertEq(v.stake, STAKE);
        assertEq(v.proposer, proposerOf(1002));
        assertEq(v.payableAt, 0);
        assertEq(token.balanceOf(address(registry)), held);
        assertEq(sizeOf(address(0)), 4);
        assertEq(sizeOf(INSTANCE), 0);

        pass(v.activeFrom);
        assertTrue(info(1002).state == ValidatorState.ACTIVE, "active");
        assertEq(sizeOf(INSTANCE), 1);
        registry.setCanonical(OTHER);
        pass(startOf(0) - 3 * EPOCH);
        draw(0);
        (address[] memory proposers, bytes32[] memory keys) = committee(0);
        assertEq(keys.length, 1);
        assertEq(keys[0], bytes32(keyHashOf(1002)));
        assertEq(proposers[0], proposerOf(1002));
    }

    /// @notice It is in every set once at the most: a follower until it leaves, pinned from its activation on.
    function test_noSetHasItTwice() external {
        bootstrap(5);
        uint256 left = time + WINDOW / 2;
        pass(left);
        pin(1002, INSTANCE);
        uint256 activation = info(1002).activeFrom;
        assertTrue(activation > left, "at once");
        pass(activation + 1);
        for (uint256 t = left - 2; t <= activation + 1; ++t) {
            uint256 times;
            for (uint256 set = 0; set < 2; ++set) {
                address of_ = set == 0 ? address(0) : INSTANCE;
                uint256 size = registry.sizeAt(of_, Timestamp.wrap(t));
                for (uint256 i = 0; i < size; ++i)
                    if (registry.keyAt(of_, i, Timestamp.wrap(t)) == keyHashOf(1002)) ++times;
            }
            assertEq(times, t < left || t >= activation ? 1 : 0);
        }
    }

    function test_committeesAlreadyDrawnStayAnswerableAndProposeStill() external {
        bootstrap(5);
        pass(startOf(0) - 2 * EPOCH);
        draw(0);
        uint256 position = positionOf(0, 1002);
        pin(1002, INSTANCE);
        assertEq(positionOf(0, 1002), position);
        (address[] memory proposers, ) = committee(0);
        assertEq(proposers[position], proposerOf(1002));

        // A slash finds it in its new set.
        assertEq(slash(0, position, 1), 0);
        assertEq(slash(0, position, 1e18), 1e18);
        assertTrue(info(1002).state == ValidatorState.JAILED, "jailed");
        assertEq(sizeOf(address(0)), 4);
        pass(time + WINDOW);
        assertEq(sizeOf(INSTANCE), 0);
        (proposers, ) = committee(0);
        assertEq(proposers[position], address(0));
    }

    function test_leavesAtTheRateOfExits() external {
        bootstrap(8);
        pin(1001, INSTANCE);
        expectError(
            abi.encodeWithSelector(ChurnLib.Churn__ExitsExhausted.selector, (time / WINDOW + 1) * WINDOW)
        );
        vm.prank(withdrawerOf(1002));
        registry.initiateExit(_names[1002], address(0));
        refuses(ChurnLib.Churn__ExitsExhausted.selector);
        pin(1002, INSTANCE);
        pass(time + WINDOW);
        pin(1002, INSTANCE);
    }

    /// @notice Who waits changes no committee: it goes from one queue to the other.
    function test_queuedFollowerWaitsInTheOtherQueue() external {
        bootstrap(8);
        leave(1001);
        uint256 queued = join();
        pin(queued, INSTANCE);
        assertEq(info(queued).instance, INSTANCE);
        pass(time + 2 * WINDOW);
        assertEq(sizeOf(address(0)), 7);
        assertEq(sizeOf(INSTANCE), 1);
    }

    function test_rejoinsAndExitsWhereItIsPinned() external {
        bootstrap(5);
        pass(startOf(0) - 2 * EPOCH);
        draw(0);
        uint256 position = positionOf(0, 1002);
        pin(1002, INSTANCE);
        slash(0, position, 1e18);
        registry.topUp(keyHashOf(1002), 1e18);
        vm.prank(withdrawerOf(1002));
        registry.rejoin(_names[1002], proposerOf(1002));
        assertEq(info(1002).instance, INSTANCE);
        pass(info(1002).activeFrom);
        leave(1002);
        assertEq(sizeOf(INSTANCE), 0);
        pass(time + EXIT_DELAY);
        registry.finaliseExit(keyHashOf(1002));
        assertEq(token.balanceOf(withdrawerOf(1002)), STAKE);
    }

    function test_onlyTheWithdrawerPinsAndOnlyASeatedFollower() external {
        bootstrap(5);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__NotWithdrawer.selector,
                withdrawerOf(1001),
                address(this)
            )
        );
        registry.pin(_names[1001], INSTANCE, address(1));
        refuses(IValidatorRegistry.ValidatorRegistry__UnknownInstance.selector);
        pin(1001, address(0xdead));
        refuses(IValidatorRegistry.ValidatorRegistry__UnknownInstance.selector);
        pin(1001, address(0));
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        vm.prank(withdrawerOf(1001));
        registry.pin(_names[1001], INSTANCE, address(0));
        assertTrue(info(1001).state == ValidatorState.ACTIVE, "untouched");

        pin(1001, INSTANCE);
        // Neither elsewhere nor again.
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        pin(1001, OTHER);
        pass(time + WINDOW);
        leave(1002);
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        pin(1002, INSTANCE);
    }

    function test_notBeforeTheBootstrapIsActive() external {
        join(4);
        refuses(IValidatorRegistry.ValidatorRegistry__BootstrapIncomplete.selector);
        pin(1001, INSTANCE);
        pass(info(1001).activeFrom);
        pin(1001, INSTANCE);
    }

    /// @notice The canonical instance's seeds count the first that pins itself to it.
    function test_seedsOfTheCanonicalInstanceCountThePinned() external {
        bootstrap(6);
        draw(0);
        pass(startOf(0) - 10);
        pin(1003, INSTANCE);
        fix(1);
        // The instance's duty fixes the seed two epochs ahead: of epoch 2 as of before, of epoch 3 as of after.
        pass(startOf(0));
        takeDuty(0);
        (, bytes32[] memory keys) = committee(2);
        assertEq(keys.length, 6);
        assertEq(keys[2], bytes32(keyHashOf(1003)));
        pass(startOf(1));
        takeDuty(1);
        (, keys) = committee(3);
        assertEq(keys.length, 6);
        assertEq(keys[5], bytes32(keyHashOf(1003)));
    }
}
