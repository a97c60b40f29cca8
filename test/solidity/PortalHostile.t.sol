// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {FeePortal} from "../../contracts/bridge/FeePortal.sol";
import {IFeePortal} from "../../contracts/bridge/IFeePortal.sol";
import {IPortal} from "../../contracts/bridge/IPortal.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {FeeOnTransferToken, ReentrantToken, SilentToken} from "./RewardTokens.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Says false where others revert, and moves nothing.
contract MockFalseToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Tokens that misbehave when a portal pays. The test stands in for the Rollup, whose nullifiers it keeps, and for
/// the rewards contract. The fee portal is both: it has all that the asset portal has.
contract PortalHostileTest is Test {
    address private constant RECIPIENT = address(0xbeef);
    uint256 private constant SUPPLY = 1e18;

    uint256 private _deposited;
    mapping(uint256 => bool) private _consumed;

    error AlreadyConsumed(uint256 index);

    function deposit(uint256, uint256, uint256, address, uint256 amount) external payable returns (uint256) {
        _deposited += amount;
        return 7;
    }

    function consumeWithdrawal(Epoch, uint256 index, uint256, uint256, bytes32[] calldata) external {
        if (_consumed[index]) revert AlreadyConsumed(index);
        _consumed[index] = true;
    }

    function _withdrawal(address recipient, uint256 amount) private pure returns (bytes memory) {
        uint256 word = (1 << 255) | (amount << 160) | uint160(recipient);
        return abi.encodeCall(IPortal.withdraw, (Epoch.wrap(1), 0, 1, word, new bytes32[](0)));
    }

    function _portal(address token) private returns (FeePortal) {
        return new FeePortal(token, address(this));
    }

    function _reentrant(uint256 holdings) private returns (ReentrantToken token, FeePortal portal) {
        token = new ReentrantToken(SUPPLY);
        portal = _portal(address(token));
        token.transfer(address(portal), holdings);
        token.approve(address(portal), type(uint256).max);
    }

    function test_withdrawalFromInsideItsOwnPayment_isPaidOnce() external {
        (ReentrantToken token, FeePortal portal) = _reentrant(1_000);
        token.arm(address(portal), _withdrawal(RECIPIENT, 100));
        (bool success, ) = address(portal).call(_withdrawal(RECIPIENT, 100));
        assertTrue(success, "the outer one is paid");
        assertTrue(!token.succeeded(), "the inner one is refused");
        assertEq(token.balanceOf(RECIPIENT), 100);
        assertEq(token.balanceOf(address(portal)), 900);
    }

    function test_depositFromInsideAPayment_countsWhatCame() external {
        (ReentrantToken token, FeePortal portal) = _reentrant(1_000);
        token.transfer(address(token), 50);
        // The token itself deposits, in the middle of the payment: what it moves to the portal is what is counted.
        vm.prank(address(token));
        token.approve(address(portal), type(uint256).max);
        token.arm(address(portal), abi.encodeCall(IPortal.deposit, (0, 1, 2, 50)));
        (bool success, ) = address(portal).call(_withdrawal(RECIPIENT, 100));
        assertTrue(success && token.succeeded(), "both go through");
        assertEq(_deposited, 50);
        assertEq(token.balanceOf(address(portal)), 1_000 + 50 - 100);
    }

    /// @dev The payment lowers the holdings between the deposit's two looks at them.
    function test_withdrawalFromInsideADeposit_reverts() external {
        (ReentrantToken token, FeePortal portal) = _reentrant(1_000);
        token.arm(address(portal), _withdrawal(RECIPIENT, 100));
        vm.expectRevert(abi.encodeWithSelector(IPortal.Portal__AmountMismatch.selector, 300, 200));
        portal.deposit(0, 1, 2, 300);
        assertEq(token.balanceOf(RECIPIENT), 0);
        assertTrue(!_consumed[0], "the withdrawal is still open");
    }

    function test_feesFromInsideAPaymentOfFees_arePaidOnce() external {
        (ReentrantToken token, FeePortal portal) = _reentrant(1_000);
        token.arm(address(portal), abi.encodeCall(IFeePortal.pay, (RECIPIENT, 100)));
        portal.pay(RECIPIENT, 100);
        assertTrue(!token.succeeded(), "only the rewards contract pays");
        assertEq(token.balanceOf(RECIPIENT), 100);
    }

    function test_withdrawalFromInsideAPaymentOfFees_isCountedApart() external {
        (ReentrantToken token, FeePortal portal) = _reentrant(1_000);
        token.arm(address(portal), _withdrawal(address(0xcafe), 30));
        portal.pay(RECIPIENT, 100);
        assertTrue(token.succeeded() && _consumed[0], "it is a withdrawal like any other");
        assertEq(token.balanceOf(address(0xcafe)), 30);
        assertEq(token.balanceOf(RECIPIENT), 100);
        assertEq(token.balanceOf(address(portal)), 870);
    }

    function testFuzz_feeOnTransferIsTheRecipientsLoss(uint64 amount) external {
        FeeOnTransferToken token = new FeeOnTransferToken(SUPPLY);
        FeePortal portal = _portal(address(token));
        token.transfer(address(portal), SUPPLY / 2);
        uint256 holdings = token.balanceOf(address(portal));
        uint256 value = uint256(amount) % (holdings / 2);

        (bool success, ) = address(portal).call(_withdrawal(RECIPIENT, value));
        assertTrue(success, "it is paid");
        portal.pay(RECIPIENT, value);
        assertEq(token.balanceOf(address(portal)), holdings - 2 * value);
        assertEq(token.balanceOf(RECIPIENT), 2 * (value - value / 100));
    }

    function test_silentTokenPaysFees() external {
        SilentToken token = new SilentToken(SUPPLY);
        FeePortal portal = _portal(address(token));
        token.transfer(address(portal), 500);
        portal.pay(RECIPIENT, 200);
        assertEq(token.balanceOf(RECIPIENT), 200);
        assertEq(token.balanceOf(address(portal)), 300);
    }

    function test_tokenThatSaysFalse_reverts() external {
        MockFalseToken token = new MockFalseToken();
        FeePortal portal = _portal(address(token));
        token.mint(address(portal), 500);
        bytes memory failed = abi.encodeWithSelector(
            SafeERC20.SafeERC20FailedOperation.selector,
            address(token)
        );
        vm.expectRevert(failed);
        portal.deposit(0, 1, 2, 100);
        vm.expectRevert(failed);
        portal.pay(RECIPIENT, 100);
        (bool success, ) = address(portal).call(_withdrawal(RECIPIENT, 100));
        assertTrue(!success && !_consumed[0], "the withdrawal is still open");
    }

    function test_moreThanThereIs_reverts() external {
        (ReentrantToken token, FeePortal portal) = _reentrant(100);
        (bool success, ) = address(portal).call(_withdrawal(RECIPIENT, 101));
        assertTrue(!success && !_consumed[0], "the withdrawal is still open");
        assertEq(token.balanceOf(address(portal)), 100);
    }
}
