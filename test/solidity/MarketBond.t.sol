// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account, IProofMarket} from "../../contracts/market/IProofMarket.sol";
import {BondLib} from "../../contracts/market/BondLib.sol";
import {MarketState} from "../../contracts/market/MarketState.sol";
import {BurnableToken} from "./MarketDoubles.sol";
import {Test, Vm, vm} from "./Vm.sol";

/// @notice Accounts of bonds at the borders of every amount, nonce and time. The test is the market.
contract MarketBondTest is Test {
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);
    uint256 private constant TIME = 1_000_000;
    uint256 private constant DELAY = 1_000;

    MarketState private _state;
    BurnableToken private _token;

    function setUp() external {
        vm.warp(TIME);
        _token = new BurnableToken(ALICE);
        vm.prank(ALICE);
        _token.approve(address(this), type(uint256).max);
    }

    function test_aDepositIsOfOneUnitAtLeastAndFitsItsField() external {
        uint256[2] memory bad = [uint256(0), 1 << 96];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(ALICE);
            vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__AmountOutOfRange.selector, bad[i]));
            this.deposit(BOB, bad[i]);
        }
        vm.recordLogs();
        _deposit(1);
        _deposit(41);
        _expect(42, 0, 0);
        assertEq(_token.balanceOf(address(this)), 42);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs[0].topics[0], IProofMarket.Deposited.selector);
        assertEq(uint256(logs[0].topics[1]), uint160(BOB));
        assertEq(uint256(logs[0].topics[2]), uint160(ALICE));
        assertEq(bytes32(logs[0].data), bytes32(uint256(1)));
    }

    function test_aWithdrawalIsOfOneUnitAtLeastAndOfWhatIsFree() external {
        _deposit(100);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__AmountOutOfRange.selector, 0));
        this.initiate(0);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__InsufficientFree.selector, 100, 101));
        this.initiate(101);
        _initiate(1);
        _expect(99, 0, 1);
        _initiate(99);
        _expect(0, 0, 100);
    }

    function test_aWithdrawalIsPaidFromItsSecondOnAndOnce() external {
        _deposit(100);
        vm.recordLogs();
        _initiate(60);
        assertEq(_state.accounts[BOB].withdrawableAt, TIME + DELAY);
        vm.warp(TIME + DELAY - 1);
        vm.prank(BOB);
        vm.expectRevert(
            abi.encodeWithSelector(IProofMarket.Market__WithdrawalTooEarly.selector, TIME + DELAY)
        );
        this.finalise(ALICE);
        vm.warp(TIME + DELAY);
        uint256 before = _token.balanceOf(ALICE);
        vm.prank(BOB);
        assertEq(this.finalise(ALICE), 60);
        assertEq(_token.balanceOf(ALICE) - before, 60);
        assertEq(_token.balanceOf(address(this)), 40);
        _expect(40, 0, 0);
        vm.prank(BOB);
        vm.expectRevert(IProofMarket.Market__NothingToWithdraw.selector);
        this.finalise(ALICE);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs[0].topics[0], IProofMarket.WithdrawalInitiated.selector);
        assertEq(keccak256(logs[0].data), keccak256(abi.encode(60, TIME + DELAY)));
        assertEq(logs[1].topics[0], IProofMarket.WithdrawalFinalised.selector);
        assertEq(uint256(logs[1].topics[2]), uint160(ALICE));
        assertEq(keccak256(logs[1].data), keccak256(abi.encode(60)));
    }

    function test_aSingleUnitIsPaidToo() external {
        _deposit(1);
        _initiate(1);
        vm.warp(TIME + DELAY);
        vm.prank(BOB);
        assertEq(this.finalise(BOB), 1);
        assertEq(_token.balanceOf(BOB), 1);
    }

    function test_noncesOnlyRiseAndFitTheirField() external {
        vm.recordLogs();
        vm.prank(BOB);
        this.cancel(7);
        assertEq(_state.accounts[BOB].nonce, 7);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs[0].topics[0], IProofMarket.QuotesCancelled.selector);
        assertEq(keccak256(logs[0].data), keccak256(abi.encode(7)));
        uint256[3] memory bad = [uint256(0), 7, 1 << 64];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(BOB);
            vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__NonceNotAbove.selector, 7));
            this.cancel(bad[i]);
        }
        vm.prank(BOB);
        this.cancel(type(uint64).max);
        assertEq(_state.accounts[BOB].nonce, type(uint64).max);
    }

    function test_aClaimTakesWhatIsFreeBeforeWhatIsOnItsWayOut() external {
        _deposit(100);
        _initiate(30);
        assertEq(this.reserve(50, 4), 0);
        _expect(20, 50, 30);
        assertEq(_state.accounts[BOB].nonce, 5);
        // All that is free, to the unit.
        assertEq(this.reserve(20, 5), 0);
        _expect(0, 70, 30);
        assertEq(this.reserve(10, 6), 10);
        _expect(0, 80, 20);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__BondNotFree.selector, 21, 20));
        this.reserve(21, 7);
        assertEq(this.reserve(20, 7), 20);
        _expect(0, 100, 0);
    }

    function test_aBondOfBothPartsNamesBothWhenItIsTooMuch() external {
        _deposit(100);
        _initiate(30);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__BondNotFree.selector, 101, 100));
        this.reserve(101, 0);
        assertEq(this.reserve(100, 0), 30);
        _expect(0, 100, 0);
    }

    function test_anEndedClaimFreesItsBond() external {
        _deposit(100);
        this.reserve(70, 0);
        BondLib.unreserve(_state, BOB, 60);
        _expect(90, 10, 0);
    }

    function test_aForfeitedBondIsSharedAndWaitsToBeBurnt() external {
        _deposit(100);
        this.reserve(70, 0);
        uint256 supply = _token.totalSupply();
        BondLib.forfeit(_state, BOB, 40, ALICE, 20);
        _expect(30, 10, 0);
        assertEq(_state.accounts[ALICE].free, 20);
        assertEq(_state.toBurn, 40);
        // Either part may be nothing, or a single unit.
        BondLib.forfeit(_state, BOB, 1, ALICE, 0);
        BondLib.forfeit(_state, BOB, 0, ALICE, 1);
        _expect(30, 8, 0);
        assertEq(_state.accounts[ALICE].free, 21);
        assertEq(_state.toBurn, 41);
        assertEq(supply, _token.totalSupply());

        // One unit stays behind, and alone it cannot be burnt.
        assertEq(this.burn(), 40);
        assertEq(supply - _token.totalSupply(), 40);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__NothingToBurn.selector));
        this.burn();
        // What is left is what the accounts say, and that unit.
        assertEq(_token.balanceOf(address(this)), 30 + 8 + 21 + 1);
    }

    // Entry points: who calls is the account

    function deposit(address prover, uint256 amount) external {
        BondLib.deposit(_state, address(_token), prover, amount);
    }

    function initiate(uint256 amount) external {
        BondLib.initiate(_state, DELAY, amount);
    }

    function finalise(address to) external returns (uint256) {
        return BondLib.finalise(_state, address(_token), to);
    }

    function cancel(uint256 nonce) external {
        BondLib.cancel(_state, nonce);
    }

    function reserve(uint256 bond, uint256 nonce) external returns (uint256) {
        return BondLib.reserve(_state, BOB, bond, nonce);
    }

    function burn() external returns (uint256) {
        return BondLib.burn(_state, address(_token));
    }

    function _deposit(uint256 amount) private {
        vm.prank(ALICE);
        this.deposit(BOB, amount);
    }

    function _initiate(uint256 amount) private {
        vm.prank(BOB);
        this.initiate(amount);
    }

    function _expect(uint256 free, uint256 reserved, uint256 withdrawing) private view {
        Account storage account = _state.accounts[BOB];
        assertEq(account.free, free);
        assertEq(account.reserved, reserved);
        assertEq(account.withdrawing, withdrawing);
    }
}
