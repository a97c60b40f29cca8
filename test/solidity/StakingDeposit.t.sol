// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {
    Deposit,
    IValidatorRegistry,
    ValidatorInfo,
    ValidatorState
} from "../../contracts/staking/IValidatorRegistry.sol";
import {ValidatorRegistry} from "../../contracts/staking/ValidatorRegistry.sol";
import {StakingFixture} from "./StakingFixture.sol";
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
