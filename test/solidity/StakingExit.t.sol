// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {ChurnLib} from "../../contracts/staking/ChurnLib.sol";
import {
    IValidatorRegistry,
    ValidatorInfo,
    ValidatorState
} from "../../contracts/staking/IValidatorRegistry.sol";
import {Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {TestToken} from "./StakingSigner.sol";
import {vm} from "./Vm.sol";

contract StakingExitTest is StakingFixture {
    function test_exitIsPaidByAnyoneToTheChosenRecipientAfterTheDelay() external {
        bootstrap(5);
        bytes28 keyHash = keyHashOf(1005);
        vm.prank(withdrawerOf(1005));
        registry.initiateExit(keyHash, address(0xcafe));

        ValidatorInfo memory v = info(1005);
        assertTrue(v.state == ValidatorState.EXITING, "exiting");
        assertEq(v.recipient, address(0xcafe));
        assertEq(v.payableAt, time + EXIT_DELAY);
        (uint256 amount, uint256 payableAt) = registry.withdrawableOf(keyHash);
        assertEq(amount, STAKE);
        assertEq(payableAt, time + EXIT_DELAY);

        pass(payableAt);
        vm.prank(address(0x9999));
        registry.finaliseExit(keyHash);
        assertEq(token.balanceOf(address(0xcafe)), STAKE);
        assertTrue(info(1005).state == ValidatorState.NONE, "gone");
        (amount, payableAt) = registry.withdrawableOf(keyHash);
        assertEq(amount + payableAt, 0);
    }

    function test_exitIsInitiatedByTheWithdrawerOnly() external {
        bootstrap(4);
        bytes28 keyHash = keyHashOf(1001);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__NotWithdrawer.selector,
                withdrawerOf(1001),
                proposerOf(1001)
            )
        );
        vm.prank(proposerOf(1001));
        registry.initiateExit(keyHash, address(0));
    }

    function test_attesterMayExitAndTheWithdrawerIsPaid() external {
        bootstrap(4);
        uint256[3] memory key = signer.publicKey(1002);
        uint256[6] memory signature = signer.sign(1002, Tag.Signature, _exitDigest(1002));
        vm.prank(address(0x9999));
        registry.initiateExitSigned(key, signature);
        assertTrue(info(1002).state == ValidatorState.EXITING, "exiting");
        pass(time + EXIT_DELAY);
        registry.finaliseExit(keyHashOf(1002));
        assertEq(token.balanceOf(withdrawerOf(1002)), STAKE);
    }

    function test_exitSignedByAnotherOrForAnotherIsRefused() external {
        bootstrap(4);
        uint256[3] memory key = signer.publicKey(1002);
        uint256[6] memory other = signer.sign(1003, Tag.Signature, _exitDigest(1002));
        uint256[6] memory elsewhere = signer.sign(1002, Tag.Signature, _exitDigest(1003));
        refuses(IValidatorRegistry.ValidatorRegistry__ExitSignatureFailed.selector);
        registry.initiateExitSigned(key, other);
        refuses(IValidatorRegistry.ValidatorRegistry__ExitSignatureFailed.selector);
        registry.initiateExitSigned(key, elsewhere);
    }

    function test_infiniteKeyAndSignatureExitNobody() external {
        bootstrap(4);
        uint256[3] memory key;
        uint256[6] memory signature;
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.initiateExitSigned(key, signature);
    }

    function test_exitTwiceIsRefusedAndDoesNotMoveThePayment() external {
        bootstrap(5);
        leave(1005);
        uint256 payableAt = info(1005).payableAt;
        pass(time + 10);
        bytes28 keyHash = keyHashOf(1005);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__WrongState.selector,
                keyHash,
                ValidatorState.EXITING
            )
        );
        vm.prank(withdrawerOf(1005));
        registry.initiateExit(keyHash, address(0));
        assertEq(info(1005).payableAt, payableAt);
    }

    function test_paymentEarlyOrTwiceIsRefused() external {
        bootstrap(5);
        bytes28 keyHash = keyHashOf(1005);
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.finaliseExit(keyHash);
        leave(1005);
        uint256 payableAt = info(1005).payableAt;
        pass(payableAt - 1);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__NotPayable.selector,
                payableAt,
                payableAt - 1
            )
        );
        registry.finaliseExit(keyHash);
        pass(payableAt);
        registry.finaliseExit(keyHash);
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.finaliseExit(keyHash);
    }

    function test_activeValidatorsLeaveAtALimitedRate() external {
        // A fifth of eight, at least one: one a window.
        bootstrap(8);
        leave(1001);
        bytes28 keyHash = keyHashOf(1002);
        uint256 nextWindow = (time / WINDOW + 1) * WINDOW;
        expectError(abi.encodeWithSelector(ChurnLib.Churn__ExitsExhausted.selector, nextWindow));
        vm.prank(withdrawerOf(1002));
        registry.initiateExit(keyHash, address(0));
        pass(nextWindow);
        leave(1002);
    }

    /// @notice A fifth of eleven: two a window, the rate falling with the set.
    function test_asManyLeaveAWindowAsItsRateSays() external {
        bootstrap(11);
        leave(1001);
        leave(1002);
        bytes28 keyHash = keyHashOf(1003);
        refuses(ChurnLib.Churn__ExitsExhausted.selector);
        vm.prank(withdrawerOf(1003));
        registry.initiateExit(keyHash, address(0));
    }

    function test_queuedValidatorsLeaveAtAnyRate() external {
        bootstrap(8);
        join(3);
        leave(1001);
        leave(1010);
        leave(1009);
        assertEq(registry.sizeAt(address(0), _at(time)), 8);
        assertEq(registry.sizeAt(address(0), _at(time + 10 * WINDOW)), 8);
    }

    function test_allValidatorsMayExit() external {
        bootstrap(4);
        for (uint256 i = 1001; i <= 1004; ++i) {
            leave(i);
            pass(time + WINDOW);
        }
        assertEq(registry.sizeAt(address(0), _at(time)), 0);
        pass(time + EXIT_DELAY);
        for (uint256 i = 1001; i <= 1004; ++i) registry.finaliseExit(keyHashOf(i));
        assertEq(token.balanceOf(address(registry)), 0);
        // And the set can start again.
        join();
        pass(time + WINDOW);
        assertEq(registry.sizeAt(address(0), _at(time)), 1);
    }

    function test_holeFilledByAQueuedTail() external {
        bootstrap(5);
        join(2);
        leave(1002);
        ValidatorInfo memory v = info(1007);
        assertTrue(v.state == ValidatorState.ACTIVE, "active at once");
        assertEq(v.position, 1);
        assertEq(registry.sizeAt(address(0), _at(time)), 5);
        assertEq(registry.sizeAt(address(0), _at(time + WINDOW)), 6);
    }

    function test_recipientThatCannotBePaidIsReplacedByTheWithdrawer() external {
        bootstrap(5);
        bytes28 keyHash = keyHashOf(1005);
        leave(1005);
        token.setBlocked(withdrawerOf(1005), true);
        pass(time + EXIT_DELAY);
        refuses(TestToken.Blocked.selector);
        registry.finaliseExit(keyHash);

        refuses(IValidatorRegistry.ValidatorRegistry__NotWithdrawer.selector);
        registry.chooseRecipient(keyHash, address(0xcafe));
        vm.prank(withdrawerOf(1005));
        registry.chooseRecipient(keyHash, address(0xcafe));
        registry.finaliseExit(keyHash);
        assertEq(token.balanceOf(address(0xcafe)), STAKE);
    }

    function test_recipientIsChosenOnlyWhileExiting() external {
        bootstrap(4);
        bytes28 keyHash = keyHashOf(1001);
        vm.prank(withdrawerOf(1001));
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.chooseRecipient(keyHash, address(1));
        leave(1001);
        vm.prank(withdrawerOf(1001));
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        registry.chooseRecipient(keyHash, address(0));
    }

    function test_tokenThatReentersAPaymentIsPaidOnce() external {
        bootstrap(5);
        bytes28 keyHash = keyHashOf(1005);
        leave(1005);
        pass(time + EXIT_DELAY);
        token.setHook(address(registry), abi.encodeCall(registry.finaliseExit, (keyHash)));
        registry.finaliseExit(keyHash);
        assertEq(token.balanceOf(withdrawerOf(1005)), STAKE);
        assertEq(token.balanceOf(address(registry)), 4 * STAKE);
    }

    function test_withdrawerRotatesTheProposerAtOnce() external {
        bootstrap(5);
        bytes28 keyHash = keyHashOf(1003);
        refuses(IValidatorRegistry.ValidatorRegistry__NotWithdrawer.selector);
        registry.rotateProposer(keyHash, address(0xf00));
        vm.prank(withdrawerOf(1003));
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        registry.rotateProposer(keyHash, address(0));
        vm.prank(withdrawerOf(1003));
        registry.rotateProposer(keyHash, address(0xf00));
        assertEq(info(1003).proposer, address(0xf00));
        leave(1003);
        vm.prank(withdrawerOf(1003));
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.rotateProposer(keyHash, address(0xf01));
    }

    function _at(uint256 when) private pure returns (Timestamp) {
        return Timestamp.wrap(when);
    }

    function _exitDigest(uint256 secret) private view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(keccak256("Exit(bytes32 key)"), bytes32(keyHashOf(secret)))
        );
        return keccak256(abi.encodePacked(hex"1901", registry.domain(), structHash));
    }
}
