// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {
    Deposit,
    IValidatorRegistry,
    RegistryConfig,
    ValidatorState
} from "../../contracts/staking/IValidatorRegistry.sol";
import {ValidatorRegistry} from "../../contracts/staking/ValidatorRegistry.sol";
import {IValidatorSet} from "../../contracts/staking/IValidatorSet.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {TestToken} from "./StakingSigner.sol";
import {create} from "./StakingVm.sol";
import {vm} from "./Vm.sol";

contract StakingHostileTest is StakingFixture {
    function test_tokenThatRefusesWithoutRevertingRegistersNobody() external {
        _useToken(address(new RefusingToken()));
        Deposit memory d = depositOf(1, address(0));
        refuses(SafeERC20.SafeERC20FailedOperation.selector);
        registry.deposit(d);
        assertTrue(info(1).state == ValidatorState.NONE, "nobody");
    }

    function test_tokenThatSaysItMovedWhatItDidNotRegistersNobody() external {
        _useToken(address(new LyingToken()));
        Deposit memory d = depositOf(1, address(0));
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__WrongAmountReceived.selector,
                STAKE,
                0
            )
        );
        registry.deposit(d);
    }

    function test_tokenThatReentersATopUpGainsNothing() external {
        bootstrap(4);
        bytes28 keyHash = keyHashOf(1001);
        token.mint(address(token), STAKE);
        vm.prank(address(token));
        token.approve(address(registry), STAKE);
        token.setHook(address(registry), abi.encodeCall(registry.topUp, (keyHash, STAKE)));
        refuses(IValidatorRegistry.ValidatorRegistry__WrongAmountReceived.selector);
        registry.topUp(keyHash, STAKE);
        assertEq(info(1001).stake, STAKE);
    }

    function test_tokenThatReentersASlashTakesNoMoreThanTheStake() external {
        _drawFirst(6);
        registry.setSlasher(INSTANCE, address(token));
        uint256 position = positionOf(0, 1003);
        token.setHook(
            address(registry),
            abi.encodeCall(registry.slash, (INSTANCE, Epoch.wrap(0), position, STAKE, POT))
        );
        vm.prank(address(token));
        assertEq(registry.slash(INSTANCE, Epoch.wrap(0), position, 60e18, POT), 60e18);
        // The one inside took the rest.
        assertEq(token.balanceOf(POT), STAKE);
        assertEq(info(1003).stake, 0);
        assertEq(token.balanceOf(address(registry)), 5 * STAKE);
    }

    function test_slashToABeneficiaryThatCannotBePaidTakesNothing() external {
        _drawFirst(6);
        uint256 position = positionOf(0, 1003);
        token.setBlocked(POT, true);
        vm.prank(SLASHER);
        refuses(TestToken.Blocked.selector);
        registry.slash(INSTANCE, Epoch.wrap(0), position, STAKE, POT);
        assertEq(info(1003).stake, STAKE);
        assertTrue(info(1003).state == ValidatorState.ACTIVE, "active");
    }

    function test_contractsMayBeWithdrawerProposerAndRecipient() external {
        ContractOwner owner = new ContractOwner(registry);
        bootstrap(5);
        Deposit memory d = depositOf(77, address(0));
        d.withdrawer = address(owner);
        d.proposer = address(owner);
        d.proof = possession(77, address(owner));
        bytes28 keyHash = registry.deposit(d);
        assertEq(info(77).proposer, address(owner));
        owner.leave(keyHash);
        assertEq(info(77).recipient, address(owner));
        pass(info(77).payableAt);
        registry.finaliseExit(keyHash);
        assertEq(token.balanceOf(address(owner)), STAKE);
    }

    function test_epochsFrozenWhileEverybodyIsGoneHaveNoProposerAndLaterOnesDo() external {
        bootstrap(4);
        for (uint256 secret = 1001; secret <= 1004; ++secret) {
            leave(secret);
            pass(time + WINDOW);
        }
        draw(3);
        (address[] memory proposers, bytes32[] memory keys) = committee(3);
        assertEq(proposers.length + keys.length, 0);
        refuses(IValidatorSet.ValidatorSet__NoProposer.selector);
        this.dutyOfFirstSlot(3);

        uint256 secret_ = join();
        pass(startOf(5) - 3 * EPOCH);
        draw(5);
        (address proposer, , uint256 size) = duty(5, 50);
        assertEq(proposer, proposerOf(secret_));
        assertEq(size, 1);
    }

    function test_twoValidatorsLeavingOnePositionWithOneStampKeepEarlierCommittees() external {
        _drawFirst(6);
        (, bytes32[] memory before) = committee(0);
        uint256 position = positionOf(0, 1006);
        pass(startOf(0) - EPOCH);
        uint256 vacated = info(1002).position;
        leave(1002);
        assertEq(info(1006).position, vacated);
        slash(0, position, STAKE);
        assertTrue(info(1006).state == ValidatorState.JAILED, "left the same position in the same second");
        assertEq(info(1005).position, vacated);

        (, bytes32[] memory later) = committee(0);
        for (uint256 k = 0; k < before.length; ++k) assertEq(later[k], before[k]);
        // The set as of this very second has neither of the two.
        draw(2);
        (, bytes32[] memory next) = committee(2);
        assertEq(next.length, 4);
        for (uint256 k = 0; k < next.length; ++k) {
            uint256 secret = secretOf(next[k]);
            assertTrue(secret != 1002 && secret != 1006, "left");
        }
    }

    function dutyOfFirstSlot(uint256 epoch) external view {
        duty(epoch, 10 * epoch);
    }

    /// @dev Epoch 0's committee is drawn from `count` validators.
    function _drawFirst(uint256 count) private {
        bootstrap(count);
        pass(startOf(0) - 3 * EPOCH);
        draw(0);
    }

    function _useToken(address other) private {
        RegistryConfig memory c = config();
        c.token = other;
        registry = ValidatorRegistry(create("ValidatorRegistry.sol", abi.encode(c, none)));
    }
}

/// @notice Says no in its answer.
contract RefusingToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Says yes and moves nothing.
contract LyingToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }
}

/// @notice Owns stake, as a multisig would.
contract ContractOwner {
    ValidatorRegistry private immutable _registry;

    constructor(ValidatorRegistry registry) {
        _registry = registry;
    }

    function leave(bytes28 keyHash) external {
        _registry.initiateExit(keyHash, address(0));
    }
}
