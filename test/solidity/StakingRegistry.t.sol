// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {ChurnLib} from "../../contracts/staking/ChurnLib.sol";
import {
    Deposit,
    InstanceConfig,
    IValidatorRegistry,
    RegistryConfig,
    ValidatorInfo,
    ValidatorState
} from "../../contracts/staking/IValidatorRegistry.sol";
import {ValidatorRegistry} from "../../contracts/staking/ValidatorRegistry.sol";
import {Epoch, Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {TestToken} from "./StakingSigner.sol";
import {create} from "./StakingVm.sol";
import {vm} from "./Vm.sol";

contract StakingDepositTest is StakingFixture {
    function test_depositTakesTheStakeAndRegistersInOneTransaction() external {
        uint256 before = token.balanceOf(address(this));
        uint256 secret = join();

        assertEq(before - token.balanceOf(address(this)), STAKE);
        ValidatorInfo memory v = info(secret);
        assertTrue(v.state == ValidatorState.QUEUED, "queued");
        assertEq(v.withdrawer, withdrawerOf(secret));
        assertEq(v.proposer, proposerOf(secret));
        assertEq(v.instance, address(0));
        assertEq(v.stake, STAKE);
        assertEq(v.activeFrom, type(uint256).max);
    }

    function test_bootstrapSetActivatesTogetherWithoutAnotherTransaction() external {
        join(3);
        (uint256 activation, uint256 queued) = registry.nextActivation(address(0));
        assertEq(activation, START + WINDOW);
        assertEq(queued, 3);
        join();
        assertEq(info(1001).activeFrom, START + WINDOW);
        assertEq(info(1004).activeFrom, START + WINDOW);
        pass(START + WINDOW - 1);
        assertTrue(info(1001).state == ValidatorState.QUEUED, "not yet");
        pass(START + WINDOW);
        assertTrue(info(1001).state == ValidatorState.ACTIVE, "active");
        assertTrue(info(1004).state == ValidatorState.ACTIVE, "active");
    }

    function test_activationFollowsGrowthThenNormalChurn() external {
        bootstrap(4);
        uint256 window = time;
        // Growth: three a window while the set is under ten.
        join(3);
        assertEq(info(1007).activeFrom, window + WINDOW);
        assertEq(info(1005).queuePosition, 0);
        assertEq(info(1007).queuePosition, 2);
        join(3);
        assertEq(info(1008).activeFrom, window + 2 * WINDOW);
        assertEq(info(1010).activeFrom, window + 2 * WINDOW);
        // Normal: a fifth of ten.
        (uint256 activation, uint256 queued) = registry.nextActivation(address(0));
        assertEq(activation, window + 3 * WINDOW);
        assertEq(queued, 6);
        join(3);
        assertEq(info(1012).activeFrom, window + 3 * WINDOW);
        assertEq(info(1013).activeFrom, window + 4 * WINDOW);
        pass(window + 2 * WINDOW);
        assertEq(info(1013).queuePosition, 2);
        assertTrue(info(1010).state == ValidatorState.ACTIVE, "active");
    }

    function test_depositUnderTheMinimumIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        d.amount = STAKE - 1e9;
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__BelowMinimum.selector,
                STAKE,
                STAKE - 1e9
            )
        );
        registry.deposit(d);
    }

    function test_depositOfBrokenGweiOrBeyondTheFieldIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        d.amount = STAKE + 1;
        expectError(
            abi.encodeWithSelector(IValidatorRegistry.ValidatorRegistry__NotWholeGwei.selector, STAKE + 1)
        );
        registry.deposit(d);
        d.amount = (1 << 56) * 1e9;
        refuses(IValidatorRegistry.ValidatorRegistry__StakeTooGreat.selector);
        registry.deposit(d);
    }

    function test_depositWithoutProposerOrWithdrawerIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        d.proposer = address(0);
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        registry.deposit(d);
        d.proposer = address(1);
        d.withdrawer = address(0);
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        registry.deposit(d);
    }

    function test_aKeyRegistersOnceForEver() external {
        bootstrap(5);
        Deposit memory d = depositOf(1005, address(0));
        bytes memory used = abi.encodeWithSelector(
            IValidatorRegistry.ValidatorRegistry__KeyUsed.selector,
            keyHashOf(1005)
        );
        expectError(used);
        registry.deposit(d);
        leave(1005);
        expectError(used);
        registry.deposit(d);
        pass(time + EXIT_DELAY);
        registry.finaliseExit(keyHashOf(1005));
        expectError(used);
        registry.deposit(d);
    }

    function test_rogueKeyIsRefused() external {
        // key = own - victim: with the victim's signatures it would sum to the attacker's own.
        uint256 victim = join();
        uint256[3] memory own = signer.publicKey(77);
        uint256[3] memory rogue = _add(own, signer.negateKey(signer.publicKey(victim)));
        bytes28 rogueHash = bytes28(keccak256(padKey(rogue)) & ~bytes32(uint256(0xffffffff)));
        Deposit memory d = depositOf(77, address(0));
        d.key = rogue;
        bytes32 digest = possessionDigest(registry.domain(), rogueHash, d.withdrawer);
        d.proof = signer.sign(77, Tag.Possession, digest);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__ProofOfPossessionFailed.selector,
                rogueHash
            )
        );
        registry.deposit(d);
    }

    function test_proofOfPossessionForAnotherWithdrawerIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        d.withdrawer = address(0xbad);
        _expectPossessionFailure(1);
        registry.deposit(d);
    }

    function test_proofOfPossessionForAnotherRegistryIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        registry = ValidatorRegistry(create("ValidatorRegistry.sol", abi.encode(config(), none)));
        token.approve(address(registry), type(uint256).max);
        _expectPossessionFailure(1);
        registry.deposit(d);
    }

    function test_proofOfPossessionForAnotherChainIsRefused() external {
        bytes32 otherChain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Calpulli"),
                keccak256("1"),
                block.chainid + 1,
                address(registry)
            )
        );
        Deposit memory d = depositOf(1, address(0));
        d.proof = signer.sign(1, Tag.Possession, possessionDigest(otherChain, keyHashOf(1), d.withdrawer));
        _expectPossessionFailure(1);
        registry.deposit(d);
    }

    function test_proofOfPossessionUnderTheSignatureTagIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        bytes32 digest = possessionDigest(registry.domain(), keyHashOf(1), d.withdrawer);
        d.proof = signer.sign(1, Tag.Signature, digest);
        _expectPossessionFailure(1);
        registry.deposit(d);
    }

    function test_infiniteKeyWithInfiniteProofIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        delete d.key;
        delete d.proof;
        refuses(IValidatorRegistry.ValidatorRegistry__InfiniteKey.selector);
        registry.deposit(d);
    }

    function test_pointsOutsideTheSubgroupAreRefused() external {
        Deposit memory d = depositOf(1, address(0));
        uint256[3] memory good = d.key;
        d.key = offSubgroupKey();
        _expectRefusal(d);
        d.key = good;
        d.proof = offSubgroupSignature();
        _expectRefusal(d);
        d.proof[5] ^= 1;
        _expectRefusal(d);
    }

    function test_frontRunningADepositOnlyGivesStakeAway() external {
        Deposit memory d = depositOf(1, address(0));
        d.proposer = address(0xbad);
        token.mint(address(0xbad), STAKE);
        vm.startPrank(address(0xbad));
        token.approve(address(registry), STAKE);
        registry.deposit(d);
        vm.stopPrank();
        // The victim owns that stake and takes the seat over.
        bytes28 keyHash = keyHashOf(1);
        vm.prank(d.withdrawer);
        registry.rotateProposer(keyHash, proposerOf(1));
        assertEq(info(1).proposer, proposerOf(1));
        assertEq(info(1).withdrawer, withdrawerOf(1));
    }

    function test_pinnedSetOpensOnlyAfterTheBootstrap() external {
        Deposit memory d = depositOf(1, INSTANCE);
        refuses(IValidatorRegistry.ValidatorRegistry__BootstrapIncomplete.selector);
        registry.deposit(d);
        bootstrap(4);
        registry.deposit(d);
        assertEq(info(1).instance, INSTANCE);
        d = depositOf(2, address(0xdead));
        refuses(IValidatorRegistry.ValidatorRegistry__UnknownInstance.selector);
        registry.deposit(d);
    }

    function test_tokenThatKeepsAFeeIsRefused() external {
        Deposit memory d = depositOf(1, address(0));
        token.setFee(1);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__WrongAmountReceived.selector,
                STAKE,
                STAKE - 1
            )
        );
        registry.deposit(d);
    }

    function test_tokenThatReentersADepositGainsNothing() external {
        Deposit memory first = depositOf(1, address(0));
        Deposit memory second = depositOf(2, address(0));
        token.mint(address(token), STAKE);
        vm.prank(address(token));
        token.approve(address(registry), STAKE);
        token.setHook(address(registry), abi.encodeCall(registry.deposit, (second)));
        refuses(IValidatorRegistry.ValidatorRegistry__WrongAmountReceived.selector);
        registry.deposit(first);
    }

    function _expectPossessionFailure(uint256 secret) private {
        bytes28 keyHash = keyHashOf(secret);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__ProofOfPossessionFailed.selector,
                keyHash
            )
        );
    }

    /// @dev A precompile that refuses a point burns its gas; the rest suffices to say so.
    function _expectRefusal(Deposit memory d) private {
        (bool success, ) = address(registry).call{gas: 3_000_000}(abi.encodeCall(registry.deposit, (d)));
        assertTrue(!success, "refused");
    }

    function _add(uint256[3] memory a, uint256[3] memory b) private view returns (uint256[3] memory) {
        (bool success, bytes memory out) = address(0x0b).staticcall(abi.encodePacked(padKey(a), padKey(b)));
        require(success, "G1ADD");
        return signer.unpadKey(abi.decode(out, (uint256[4])));
    }
}

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

contract StakingSlashTest is StakingFixture {
    /// @dev Epoch 0's committee is drawn from six validators.
    function setUp() public override {
        super.setUp();
        bootstrap(6);
        pass(startOf(0) - 3 * EPOCH);
        draw(0);
    }

    function test_slashTakesFromTheMemberAndPaysTheBeneficiary() external {
        uint256 position = positionOf(0, 1003);
        assertEq(slash(0, position, 10e18), 10e18);
        assertEq(token.balanceOf(POT), 10e18);
        assertEq(info(1003).stake, STAKE - 10e18);
    }

    function test_slashNeverTakesMoreThanTheStake() external {
        uint256 position = positionOf(0, 1003);
        assertEq(slash(0, position, 3 * STAKE), STAKE);
        assertEq(slash(0, position, STAKE), 0);
        assertEq(token.balanceOf(POT), STAKE);
        assertEq(token.balanceOf(address(registry)), 5 * STAKE);
    }

    function test_onlyTheInstanceAndItsSlasherSlash() external {
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__NotSlasher.selector,
                INSTANCE,
                address(this)
            )
        );
        registry.slash(INSTANCE, Epoch.wrap(0), 0, 1e18, POT);
        vm.prank(OTHER);
        refuses(IValidatorRegistry.ValidatorRegistry__NotSlasher.selector);
        registry.slash(INSTANCE, Epoch.wrap(0), 0, 1e18, POT);
        vm.prank(INSTANCE);
        registry.slash(INSTANCE, Epoch.wrap(0), 0, 1e18, POT);
    }

    function test_onlyMembersOfADrawnCommitteeAreSlashed() external {
        vm.prank(SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__PositionOutOfRange.selector);
        registry.slash(INSTANCE, Epoch.wrap(0), 6, 1e18, POT);
        vm.prank(SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__SeedNotFixed.selector);
        registry.slash(INSTANCE, Epoch.wrap(1), 0, 1e18, POT);
    }

    function test_exitingStakeStaysSlashableUntilPaid() external {
        uint256 position = positionOf(0, 1002);
        leave(1002);
        assertEq(slash(0, position, 40e18), 40e18);
        // The last moment of evidence is before the payment.
        pass(startOf(1) + EVIDENCE);
        assertTrue(time < info(1002).payableAt, "not payable");
        assertEq(slash(0, position, 10e18), 10e18);
        pass(time + 1);
        vm.prank(SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__EvidenceExpired.selector);
        registry.slash(INSTANCE, Epoch.wrap(0), position, 1e18, POT);
        pass(info(1002).payableAt);
        registry.finaliseExit(keyHashOf(1002));
        assertEq(token.balanceOf(withdrawerOf(1002)), STAKE - 50e18);
    }

    function test_slashedUnderTheMinimumIsJailedAndRefusedAsProposerAtOnce() external {
        uint256 position = positionOf(0, 1003);
        uint256 slot = _slotOf(position);
        (address proposer, , ) = duty(0, slot);
        assertEq(proposer, proposerOf(1003));

        slash(0, position, 1e9);
        assertTrue(info(1003).state == ValidatorState.JAILED, "jailed");
        assertEq(registry.sizeAt(address(0), Timestamp.wrap(time)), 5);
        (proposer, , ) = duty(0, slot);
        assertEq(proposer, address(0));
        // Its place in committees already drawn is untouched.
        assertEq(positionOf(0, 1003), position);
        // Others', who moved, too.
        for (uint256 k = 0; k < 6; ++k) {
            if (k == position) continue;
            (proposer, , ) = duty(0, _slotOf(k));
            (, bytes32[] memory keys) = committee(0);
            assertEq(proposer, proposerOf(secretOf(keys[k])));
        }
    }

    function test_jailedValidatorRejoinsThroughTheQueue() external {
        slash(0, positionOf(0, 1003), 50e18);
        bytes28 keyHash = keyHashOf(1003);
        vm.prank(withdrawerOf(1003));
        refuses(IValidatorRegistry.ValidatorRegistry__BelowMinimum.selector);
        registry.rejoin(keyHash, address(0xf00));

        registry.topUp(keyHash, 50e18);
        assertTrue(info(1003).state == ValidatorState.JAILED, "a top-up alone frees nobody");
        refuses(IValidatorRegistry.ValidatorRegistry__NotWithdrawer.selector);
        registry.rejoin(keyHash, address(0xf00));
        vm.prank(withdrawerOf(1003));
        registry.rejoin(keyHash, address(0xf00));
        ValidatorInfo memory v = info(1003);
        assertTrue(v.state == ValidatorState.QUEUED, "queued");
        assertEq(v.proposer, address(0xf00));
        pass(v.activeFrom);
        assertTrue(info(1003).state == ValidatorState.ACTIVE, "active");
        vm.prank(withdrawerOf(1003));
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.rejoin(keyHash, address(0xf00));
    }

    function test_jailedValidatorMayExit() external {
        slash(0, positionOf(0, 1003), 50e18);
        leave(1003);
        pass(time + EXIT_DELAY);
        registry.finaliseExit(keyHashOf(1003));
        assertEq(token.balanceOf(withdrawerOf(1003)), STAKE - 50e18);
    }

    function test_topUpIsForValidatorsThatAreNotExiting() external {
        bytes28 keyHash = keyHashOf(1001);
        registry.topUp(keyHash, 5e18);
        assertEq(info(1001).stake, STAKE + 5e18);
        refuses(IValidatorRegistry.ValidatorRegistry__NotWholeGwei.selector);
        registry.topUp(keyHash, 1);
        refuses(IValidatorRegistry.ValidatorRegistry__StakeTooGreat.selector);
        registry.topUp(keyHash, ((1 << 56) - 1) * 1e9);
        leave(1001);
        refuses(IValidatorRegistry.ValidatorRegistry__WrongState.selector);
        registry.topUp(keyHash, 1e18);
    }

    function test_reRegistrationVoidsNoSlash() external {
        uint256 position = positionOf(0, 1004);
        leave(1004);
        Deposit memory d = depositOf(1004, address(0));
        refuses(IValidatorRegistry.ValidatorRegistry__KeyUsed.selector);
        registry.deposit(d);
        assertEq(slash(0, position, STAKE), STAKE);
    }

    function test_replacedInstanceSlashesFollowersOnlyForItsEpochsAndAWhile() external {
        // Epoch 1 is drawn before the switch, epoch 4 after it.
        draw(1);
        pass(startOf(0) + 10);
        registry.setCanonical(OTHER);
        uint256 switched = time;
        draw(4);
        (, bytes32[] memory keys) = committee(4);
        assertEq(keys.length, 0);
        assertEq(slash(1, 0, 1e18), 1e18);
        pass(switched + EVIDENCE);
        assertEq(slash(1, 0, 1e18), 1e18);
        pass(switched + EVIDENCE + 1);
        vm.prank(SLASHER);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__EvidenceExpired.selector,
                switched + EVIDENCE,
                time
            )
        );
        registry.slash(INSTANCE, Epoch.wrap(1), 0, 1e18, POT);
    }

    function test_slasherIsFrozenAtTheSwitch() external {
        registry.setSlasher(INSTANCE, address(0x99));
        vm.prank(address(0x99));
        registry.slash(INSTANCE, Epoch.wrap(0), 0, 1e18, POT);
        registry.setCanonical(OTHER);
        expectError(
            abi.encodeWithSelector(IValidatorRegistry.ValidatorRegistry__SlasherFrozen.selector, INSTANCE)
        );
        registry.setSlasher(INSTANCE, SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__WasCanonical.selector);
        registry.setCanonical(INSTANCE);
    }

    function _slotOf(uint256 position) private view returns (uint256 slot) {
        for (slot = 0; slot < 200; ++slot) {
            try this.positionExternal(0, slot) returns (uint256 found) {
                if (found == position) return slot;
            } catch {
                continue;
            }
        }
        revert NotTrue("no slot");
    }

    function positionExternal(uint256 epoch, uint256 slot) external view returns (uint256 position) {
        (, position, ) = duty(epoch, slot);
    }
}

contract StakingParametersTest is StakingFixture {
    function test_impossibleParametersAreRefusedAtConstruction() external {
        RegistryConfig memory c = config();
        c.token = address(0);
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        create("ValidatorRegistry.sol", abi.encode(c, none));
        c = config();
        c.minimumStake = 0;
        _refused(c, "minimumStake");
        c.minimumStake = 1e9 + 1;
        _refused(c, "minimumStake");
        c.minimumStake = 1e9 << 56;
        _refused(c, "minimumStake");
        c = config();
        c.evidenceWindow = 0;
        _refused(c, "evidenceWindow");
        c = config();
        c.exitDelay = c.evidenceWindow;
        _refused(c, "exitDelay");
        c.exitDelay = 366 days;
        _refused(c, "exitDelay");
        c = config();
        c.committeeSize = 0;
        _refused(c, "committeeSize");
        c.committeeSize = 49;
        _refused(c, "committeeSize");
        c = config();
        c.seedRing = 3;
        _refused(c, "seedRing");
        c = config();
        c.churnWindow = 0;
        _refused(c, "churnWindow");
        c = config();
        c.bootstrapSize = 0;
        _refused(c, "bootstrapSize");
        c = config();
        c.growthRate = 0;
        _refused(c, "growthRate");
        c = config();
        c.churnQuotient = 0;
        _refused(c, "churnQuotient");
        c = config();
        c.minChurn = 0;
        _refused(c, "minChurn");
        c = config();
        c.maxChurn = 0;
        _refused(c, "maxChurn");
        c.maxChurn = 1 << 16;
        _refused(c, "maxChurn");
    }

    function test_firstInstanceIsCanonicalFromTheConstructionWithoutPowerForTheDeployer() external {
        RegistryConfig memory c = config();
        c.owner = address(0xc0);
        InstanceConfig memory first = InstanceConfig(address(0x3333), GENESIS, EPOCH, SLASHER);
        registry = ValidatorRegistry(create("ValidatorRegistry.sol", abi.encode(c, first)));
        assertEq(registry.owner(), c.owner);
        assertEq(registry.canonicalInstance(), first.instance);
        assertEq(registry.canonicalAt(Timestamp.wrap(0)), first.instance);
        assertTrue(
            keccak256(abi.encode(registry.instanceOf(first.instance))) == keccak256(abi.encode(first)),
            "instance"
        );
        assertTrue(registry.instanceOf(OTHER).instance == address(0), "unknown instance");
        refuses(IValidatorRegistry.ValidatorRegistry__InstanceKnown.selector);
        vm.prank(c.owner);
        registry.addInstance(first.instance, GENESIS, EPOCH, SLASHER);
    }

    function test_firstInstanceIsCheckedLikeALaterOne() external {
        refuses(IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector);
        create(
            "ValidatorRegistry.sol",
            abi.encode(config(), InstanceConfig(INSTANCE, GENESIS, 2_500, SLASHER))
        );
    }

    function test_instanceWhoseEvidenceOutlastsExitOrSeedsIsRefused() external {
        address next = address(0x3333);
        // 10,000 + 4 epochs must stay under the exit delay of 20,000, and 20 epochs over it.
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector,
                "exitDelay"
            )
        );
        registry.addInstance(next, GENESIS, 2_500, SLASHER);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector,
                "seedRing"
            )
        );
        registry.addInstance(next, GENESIS, 500, SLASHER);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector,
                "epochDuration"
            )
        );
        registry.addInstance(next, GENESIS, 0, SLASHER);
        expectError(
            abi.encodeWithSelector(IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector, "genesis")
        );
        registry.addInstance(next, 100, 1_000, SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__InstanceKnown.selector);
        registry.addInstance(INSTANCE, GENESIS, 1_000, SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        registry.addInstance(address(0), GENESIS, 1_000, SLASHER);
    }

    function test_onlyTheOwnerNamesInstances() external {
        vm.startPrank(address(0xbad));
        bytes memory refusal = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(0xbad));
        expectError(refusal);
        registry.addInstance(address(0x3333), GENESIS, 1_000, SLASHER);
        expectError(refusal);
        registry.setCanonical(OTHER);
        expectError(refusal);
        registry.setSlasher(INSTANCE, address(0xbad));
    }

    function _refused(RegistryConfig memory c, string memory name) private {
        expectError(
            abi.encodeWithSelector(IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector, name)
        );
        create("ValidatorRegistry.sol", abi.encode(c, none));
    }
}
