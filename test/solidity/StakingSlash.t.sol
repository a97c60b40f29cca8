// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Deposit,
    IValidatorRegistry,
    ValidatorInfo,
    ValidatorState
} from "../../contracts/staking/IValidatorRegistry.sol";
import {IValidatorSet} from "../../contracts/staking/IValidatorSet.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {vm} from "./Vm.sol";

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

    function test_proposerOfASlotIsSlashedByItsSlot() external {
        for (uint256 slot = 0; slot < 12; ++slot) {
            (, uint256 position, ) = duty(0, slot);
            uint256 secret = secretOf(bytes32(registry.memberOf(INSTANCE, Epoch.wrap(0), position)));
            uint256 before = info(secret).stake;
            vm.prank(SLASHER);
            uint256 slashed = registry.slashProposer(INSTANCE, Slot.wrap(slot), Epoch.wrap(0), 1e18, POT);
            assertEq(slashed, 1e18);
            assertEq(info(secret).stake, before - 1e18);
            assertEq(token.balanceOf(POT), (slot + 1) * 1e18);
        }
    }

    function test_proposerIsSlashedByTheSameRulesAsAnyMember() external {
        refuses(IValidatorRegistry.ValidatorRegistry__NotSlasher.selector);
        registry.slashProposer(INSTANCE, Slot.wrap(0), Epoch.wrap(0), 1e18, POT);
        vm.prank(SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__SeedNotFixed.selector);
        registry.slashProposer(INSTANCE, Slot.wrap(0), Epoch.wrap(1), 1e18, POT);
        pass(startOf(1) + EVIDENCE + 1);
        vm.prank(SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__EvidenceExpired.selector);
        registry.slashProposer(INSTANCE, Slot.wrap(0), Epoch.wrap(0), 1e18, POT);
    }

    function test_slotOfAnEmptyCommitteeAccusesNobody() external {
        // Nobody is pinned to the other instance, and it is not canonical: its set is empty.
        pass(GENESIS + 300);
        registry.fixSeed(OTHER, Epoch.wrap(0));
        vm.prank(SLASHER);
        refuses(IValidatorSet.ValidatorSet__NoProposer.selector);
        registry.slashProposer(OTHER, Slot.wrap(0), Epoch.wrap(0), 1e18, POT);
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

    /// @notice Who stays with an instance goes on to serve it, and to answer for it.
    function test_pinnedValidatorsAnswerForEveryEpochAlsoAfterTheSwitch() external {
        uint256 pinned = join(INSTANCE);
        pass(info(pinned).activeFrom);
        registry.setCanonical(OTHER);
        // An epoch that begins when the followers' evidence is too old already.
        uint256 epoch = (time + EVIDENCE - GENESIS) / EPOCH + 2;
        draw(epoch);
        (, bytes32[] memory keys) = committee(epoch);
        assertEq(keys.length, 1);
        assertEq(keys[0], bytes32(keyHashOf(pinned)));
        pass(startOf(epoch + 1) + EVIDENCE);
        assertEq(slash(epoch, 0, 1e18), 1e18);
        assertEq(info(pinned).stake, STAKE - 1e18);

        pass(startOf(epoch + 1) + EVIDENCE + 1);
        vm.prank(SLASHER);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__EvidenceExpired.selector,
                startOf(epoch + 1) + EVIDENCE,
                time
            )
        );
        registry.slash(INSTANCE, Epoch.wrap(epoch), 0, 1e18, POT);
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
