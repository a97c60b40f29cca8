// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Incentives} from "../../contracts/rewards/Incentives.sol";
import {IRewardDistributor} from "../../contracts/rewards/IRewardDistributor.sol";
import {RewardDistributor} from "../../contracts/rewards/RewardDistributor.sol";
import {NetworkToken} from "../../contracts/token/NetworkToken.sol";
import {FeeOnTransferToken, ReentrantToken, SilentToken} from "./RewardTokens.sol";
import {stakingVm} from "./StakingVm.sol";
import {Test, vm} from "./Vm.sol";

/// @notice The buckets of the distributor.
contract RewardDistributorTest is Test {
    address private constant OLD = address(0x01d);
    address private constant NEW = address(0x4e3);
    address private constant TO = address(0x70);

    NetworkToken private _token;
    RewardDistributor private _distributor;

    function setUp() external {
        vm.warp(1_700_000_000);
        _token = new NetworkToken("Network token", "TST", address(this), address(this), 1e27);
        _distributor = new RewardDistributor(address(this), address(_token), OLD);
        _token.approve(address(_distributor), type(uint256).max);
    }

    function draw(address rewards, uint256 canonical, uint256 other) internal returns (uint256) {
        vm.prank(rewards);
        return _distributor.draw(TO, canonical, other);
    }

    function test_whatIsSentWithoutANameIsCanonical() external {
        _token.transfer(address(_distributor), 100);
        _distributor.fund(NEW, 30);
        assertEq(_distributor.canonicalBalance(), 100);
        assertEq(_distributor.earmarkedFor(NEW), 30);
        assertEq(draw(OLD, 1000, 0), 100);
        assertEq(_distributor.earmarkedFor(NEW), 30);
    }

    function test_anEmptyDistributorPaysNothingAndDoesNotRevert() external {
        assertEq(draw(OLD, 5, 5), 0);
        assertEq(draw(NEW, 5, 5), 0);
        assertEq(_token.balanceOf(TO), 0);
    }

    function test_canonicalDebtsFallBackOnTheOwnBucket() external {
        _token.transfer(address(_distributor), 10);
        _distributor.fund(OLD, 20);
        assertEq(draw(OLD, 15, 0), 15);
        assertEq(_distributor.earmarkedFor(OLD), 15);
        assertEq(_distributor.totalEarmarked(), 15);
    }

    function test_otherDebtsArePaidFromTheOwnBucketAlone() external {
        _token.transfer(address(_distributor), 100);
        _distributor.fund(OLD, 20);
        assertEq(draw(OLD, 0, 50), 20);
        assertEq(_distributor.canonicalBalance(), 100);
    }

    function test_whoWasNeverNamedHasNothingOfTheCanonicalBucket() external {
        _token.transfer(address(_distributor), 100);
        _distributor.fund(NEW, 7);
        assertEq(draw(NEW, 50, 0), 7);
        assertEq(_distributor.canonicalBalance(), 100);
    }

    function test_spansFollowEachOther() external {
        (uint256 from, uint256 until) = _distributor.spanOf(OLD);
        assertEq(from, 0);
        assertEq(until, type(uint64).max);
        (from, until) = _distributor.spanOf(NEW);
        assertTrue(from > until, "no span");
        vm.warp(1_700_000_500);
        _distributor.setCanonical(NEW);
        (from, until) = _distributor.spanOf(OLD);
        assertEq(from, 0);
        assertEq(until, 1_700_000_500);
        (from, until) = _distributor.spanOf(NEW);
        assertEq(from, 1_700_000_500);
        assertEq(_distributor.canonicalRewards(), NEW);
        // Served before the switch, claimed after it.
        _token.transfer(address(_distributor), 100);
        assertEq(draw(OLD, 60, 0), 60);
    }

    function test_nobodyIsCanonicalTwice() external {
        _distributor.setCanonical(NEW);
        vm.expectRevert(
            abi.encodeWithSelector(IRewardDistributor.RewardDistributor__WasCanonical.selector, OLD)
        );
        _distributor.setCanonical(OLD);
    }

    function test_onlyTheOwnerNamesAndReleases() external {
        bytes memory refusal = abi.encodeWithSelector(
            Ownable.OwnableUnauthorizedAccount.selector,
            address(0xbad)
        );
        vm.expectRevert(refusal);
        vm.prank(address(0xbad));
        _distributor.setCanonical(NEW);
        vm.expectRevert(refusal);
        vm.prank(address(0xbad));
        _distributor.release(NEW);
    }

    function test_aReleasedBucketIsCanonical() external {
        _distributor.fund(NEW, 30);
        _distributor.release(NEW);
        assertEq(_distributor.canonicalBalance(), 30);
        assertEq(_distributor.earmarkedFor(NEW), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IRewardDistributor.RewardDistributor__IsCanonical.selector, OLD)
        );
        _distributor.release(OLD);
    }

    function test_theZeroAddressIsRefused() external {
        bytes memory zero = abi.encodeWithSelector(
            IRewardDistributor.RewardDistributor__ZeroAddress.selector
        );
        vm.expectRevert(zero);
        _distributor.setCanonical(address(0));
        vm.expectRevert(zero);
        _distributor.fund(address(0), 1);
        vm.expectRevert(zero);
        new RewardDistributor(address(this), address(0), OLD);
        RewardDistributor unnamed = new RewardDistributor(address(this), address(_token), address(0));
        assertEq(unnamed.canonicalRewards(), address(0));
    }

    /// @notice Buckets add up to the balance, whatever is drawn.
    function testFuzz_bucketsAddUp(
        uint96 free,
        uint96 mine,
        uint96 others,
        uint96 owed,
        uint96 other
    ) external {
        vm.assume(uint256(free) + mine + others < 1e27);
        _token.transfer(address(_distributor), free);
        _distributor.fund(OLD, mine);
        _distributor.fund(NEW, others);
        uint256 paid = draw(OLD, owed, other);
        assertTrue(paid <= uint256(owed) + other, "too much");
        assertEq(_distributor.earmarkedFor(NEW), others);
        assertEq(
            _distributor.canonicalBalance() + _distributor.totalEarmarked(),
            uint256(free) + mine + others - paid
        );
        assertEq(_distributor.totalEarmarked(), _distributor.earmarkedFor(OLD) + others);
    }

    // Hostile tokens

    function test_aTokenWithoutReturnValuesWorks() external {
        SilentToken token = new SilentToken(1000);
        RewardDistributor distributor = new RewardDistributor(address(this), address(token), OLD);
        token.approve(address(distributor), 500);
        assertEq(distributor.fund(NEW, 500), 500);
        vm.prank(NEW);
        assertEq(distributor.draw(TO, 0, 200), 200);
        assertEq(token.balanceOf(TO), 200);
    }

    function test_aTokenThatTakesAFeeEarmarksWhatArrived() external {
        FeeOnTransferToken token = new FeeOnTransferToken(1000);
        RewardDistributor distributor = new RewardDistributor(address(this), address(token), OLD);
        token.approve(address(distributor), 1000);
        assertEq(distributor.fund(NEW, 1000), 990);
        assertEq(distributor.totalEarmarked(), 990);
    }

    /// @dev The inner funding's arrival would count for the outer one too.
    function test_aTokenThatCallsBackEarmarksNothingTwice() external {
        ReentrantToken token = new ReentrantToken(1000);
        RewardDistributor distributor = new RewardDistributor(address(this), address(token), OLD);
        token.approve(address(distributor), 1000);
        token.approveSelf(distributor);
        token.transfer(address(token), 400);
        token.arm(address(distributor), abi.encodeCall(IRewardDistributor.fund, (NEW, 400)));
        stakingVm.expectPartialRevert(IRewardDistributor.RewardDistributor__AmountOutOfRange.selector);
        distributor.fund(NEW, 100);
    }

    function test_aTokenThatCallsBackDrawsNothingTwice() external {
        ReentrantToken token = new ReentrantToken(1000);
        // The token itself is the rewards contract.
        RewardDistributor distributor = new RewardDistributor(address(this), address(token), address(token));
        token.transfer(address(distributor), 100);
        token.arm(address(distributor), abi.encodeCall(IRewardDistributor.draw, (TO, 100, 0)));
        vm.prank(address(token));
        (bool done, ) = address(distributor).call(abi.encodeCall(IRewardDistributor.draw, (TO, 100, 0)));
        assertTrue(!done || token.balanceOf(TO) <= 100, "twice");
    }
}

/// @notice What can be minted.
contract IncentivesTest is Test {
    uint256 private constant SUPPLY = 1e27;
    uint256 private constant WEEK = 7 days;

    NetworkToken private _token;
    RewardDistributor private _distributor;
    Incentives private _incentives;

    function setUp() external {
        vm.warp(1_700_000_000);
        build(WEEK, 3_300, 3_300);
    }

    /// @dev The token names its minter before that exists.
    function build(uint256 window, uint256 maxRate, uint256 rate) internal {
        address predicted = next(2);
        _token = new NetworkToken("Network token", "TST", predicted, address(this), SUPPLY);
        _distributor = new RewardDistributor(address(this), address(_token), address(0));
        _incentives = new Incentives(
            address(this),
            address(_token),
            address(_distributor),
            window,
            maxRate,
            rate
        );
        assertEq(address(_incentives), predicted);
    }

    uint256 private _nonce = 1;

    /// @dev Address of the contract that this one creates as the n-th from now, from 0.
    function next(uint256 n) internal returns (address) {
        uint256 nonce = _nonce + n;
        _nonce += 3;
        return
            address(
                uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), bytes1(uint8(nonce))))))
            );
    }

    function test_aMintGoesToTheDistributorOnceAWindow() external {
        uint256 amount = _incentives.mint();
        assertEq(amount, (SUPPLY * 3_300) / 1e6);
        assertEq(_token.balanceOf(address(_distributor)), amount);
        uint256 nextAt = (block.timestamp / WEEK + 1) * WEEK;
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__AlreadyMinted.selector, nextAt));
        _incentives.mint();
        vm.warp(nextAt - 1);
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__AlreadyMinted.selector, nextAt));
        _incentives.mint();
        vm.warp(nextAt);
        assertEq(_incentives.mint(), ((SUPPLY + amount) * 3_300) / 1e6);
    }

    function test_aMissedWindowIsLost() external {
        vm.warp(block.timestamp + 10 * WEEK);
        assertEq(_incentives.mint(), (SUPPLY * 3_300) / 1e6);
    }

    function test_onlyTheIncentivesMint() external {
        vm.expectRevert(
            abi.encodeWithSelector(NetworkToken.NetworkToken__OnlyMinter.selector, address(this))
        );
        _token.mint(address(this), 1);
    }

    function test_theOwnerSetsTheRateUpToTheLimit() external {
        _incentives.setRate(10);
        assertEq(_incentives.mint(), (SUPPLY * 10) / 1e6);
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__RateOverLimit.selector, 3_300, 3_301));
        _incentives.setRate(3_301);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(0xbad)));
        vm.prank(address(0xbad));
        _incentives.setRate(1);
    }

    /// @notice From any second on, a year of every mint there can be adds less than a fifth to the supply.
    function testFuzz_yearlyInflationIsUnderTwentyPercent(uint32 start, uint32 delay) external {
        vm.warp(1_700_000_000 + uint256(start));
        uint256 from = block.timestamp;
        uint256 before = _token.totalSupply();
        uint256 time = from + (uint256(delay) % WEEK);
        while (time <= from + 365 days) {
            vm.warp(time);
            _incentives.mint();
            time = (time / WEEK + 1) * WEEK;
        }
        vm.warp(from + 365 days);
        try _incentives.mint() {} catch {}
        assertTrue(_token.totalSupply() * 5 < before * 6, "a fifth or more");
    }

    function test_parametersOfTwentyPercentAYearAreRefused() external {
        stakingVm.expectPartialRevert(Incentives.Incentives__InflationTooHigh.selector);
        new Incentives(address(this), address(_token), address(_distributor), WEEK, 3_400, 0);
        stakingVm.expectPartialRevert(Incentives.Incentives__InflationTooHigh.selector);
        new Incentives(address(this), address(_token), address(_distributor), 1 hours, 1e6, 0);
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__RateOverLimit.selector, 100, 101));
        new Incentives(address(this), address(_token), address(_distributor), WEEK, 100, 101);
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__WindowOutOfRange.selector, 3_599));
        new Incentives(address(this), address(_token), address(_distributor), 3_599, 1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(Incentives.Incentives__WindowOutOfRange.selector, 365 days + 1)
        );
        new Incentives(address(this), address(_token), address(_distributor), 365 days + 1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__ZeroAddress.selector));
        new Incentives(address(this), address(0), address(_distributor), WEEK, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(Incentives.Incentives__ZeroAddress.selector));
        new Incentives(address(this), address(_token), address(0), WEEK, 1, 1);
    }

    /// @notice Growth as one multiplication a window, beside the contract's squares.
    function testFuzz_yearlyGrowthIsTheProduct(uint32 window_, uint16 rate) external view {
        uint256 window = 1 days + (window_ % 364 days);
        uint256 windows = (365 days + window - 1) / window + 1;
        uint256 growth = 1e18;
        for (uint256 i = 0; i < windows; ++i) growth = (growth * (1e6 + uint256(rate))) / 1e6;
        uint256 actual = _incentives.yearlyGrowth(window, rate);
        // The contract rounds up, and squares keep more of it.
        assertTrue(actual >= growth && actual - growth <= growth / 1e12, "differs");
    }
}
