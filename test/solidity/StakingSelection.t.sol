// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Permutation} from "../../contracts/crypto/Permutation.sol";
import {IValidatorRegistry} from "../../contracts/staking/IValidatorRegistry.sol";
import {IValidatorSet} from "../../contracts/staking/IValidatorSet.sol";
import {SeedWord} from "../../contracts/staking/StakingWords.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {stakingVm} from "./StakingVm.sol";
import {Test, vm} from "./Vm.sol";

contract StakingPermutationTest is Test {
    function testFuzz_permutationIsOneToOne(uint256 seed, uint16 size_) external pure {
        uint256 size = 1 + (size_ % 300);
        uint256 side = Permutation.sideOf(size);
        bool[] memory seen = new bool[](size);
        for (uint256 x = 0; x < size; ++x) {
            uint256 y = Permutation.placeOf(seed, size, side, x);
            assertTrue(y < size && !seen[y], "twice");
            seen[y] = true;
        }
    }

    function testFuzz_sideIsTheRootRoundedUp(uint32 size) external pure {
        uint256 side = Permutation.sideOf(size);
        assertTrue(side * side >= size, "too small");
        assertTrue(size == 0 || (side - 1) * (side - 1) < size, "too large");
    }

    function test_permutationStaysInRangeUpToTwentyThousand() external pure {
        for (uint256 size = 1; size <= 20_000; size += 997) {
            uint256 side = Permutation.sideOf(size);
            for (uint256 x = 0; x < size; x += 1 + size / 7) {
                assertTrue(
                    Permutation.placeOf(uint256(keccak256(abi.encode(size))), size, side, x) < size,
                    "range"
                );
            }
        }
    }

    function test_knownValues() external pure {
        uint256 seed = 0x0707070707070707070707070707070707070707070707070707070707070707;
        assertEq(Permutation.placeOf(seed, 1000, 32, 0), 770);
        assertEq(Permutation.placeOf(seed, 1000, 32, 47), 735);
        assertEq(Permutation.placeOf(seed, 20_000, 142, 0), 5891);
        assertEq(Permutation.placeOf(seed, 4097, 65, 5), 2661);
    }
}

contract StakingSelectionTest is StakingFixture {
    function test_setSmallerThanTheCommitteeIsTheCommittee() external {
        bootstrap(5);
        draw(0);
        (address[] memory proposers, bytes32[] memory keys) = committee(0);
        assertEq(keys.length, 5);
        for (uint256 k = 0; k < 5; ++k) {
            assertEq(keys[k], bytes32(keyHashOf(1001 + k)));
            assertEq(proposers[k], proposerOf(1001 + k));
        }
        assertTrue(_proposersSeen(0, 5) == 5, "everybody proposes");
    }

    function test_committeeIsDrawnWithoutRepetition() external {
        bootstrap(12);
        draw(0);
        (, bytes32[] memory keys) = committee(0);
        assertEq(keys.length, 8);
        for (uint256 k = 0; k < 8; ++k) {
            assertEq(keys[k], bytes32(registry.memberOf(INSTANCE, Epoch.wrap(0), k)));
            secretOf(keys[k]);
            for (uint256 j = 0; j < k; ++j) assertTrue(keys[j] != keys[k], "twice");
        }
        draw(1);
        (, bytes32[] memory next) = committee(1);
        bool differs;
        for (uint256 k = 0; k < 8; ++k) differs = differs || next[k] != keys[k];
        assertTrue(differs, "epochs are independent");
    }

    function test_membersOfABitmapComeInOrder() external {
        bootstrap(12);
        draw(0);
        (, bytes32[] memory keys) = committee(0);
        (bytes32[] memory some, uint256 size) = _members(0, 0xf00 | 0x92);
        assertEq(size, 8);
        assertEq(some.length, 3);
        assertEq(some[0], keys[1]);
        assertEq(some[1], keys[4]);
        assertEq(some[2], keys[7]);
    }

    function test_dutyTakenByTheInstanceFixesTheSeedTwoEpochsAhead() external {
        bootstrap(5);
        draw(0);
        pass(startOf(0));
        (address expected, uint256 position, uint256 size) = duty(0, 0);
        vm.prank(INSTANCE);
        (address proposer, uint256 p, uint256 s) = registry.takeDuty(
            Slot.wrap(0),
            Epoch.wrap(0),
            Timestamp.wrap(startOf(0))
        );
        assertEq(proposer, expected);
        assertEq(p, position);
        assertEq(s, size);
        assertTrue(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(2))) != 0, "fixed");

        // Later blocks do not change it.
        SeedWord word = registry.seedOf(INSTANCE, Epoch.wrap(2));
        pass(time + 100);
        vm.prank(INSTANCE);
        registry.takeDuty(Slot.wrap(1), Epoch.wrap(0), Timestamp.wrap(startOf(0)));
        assertEq(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(2))), SeedWord.unwrap(word));
    }

    /// @notice The instance's first block reads less than anybody else, and must come to the same word.
    function test_dutyFixesTheSameWordAsAnybodyWould() external {
        bootstrap(9);
        draw(0);
        draw(1);
        for (uint256 epoch = 0; epoch < 10; ++epoch) {
            pass(startOf(epoch) + 37 * epoch);
            if (epoch == 2) join();
            if (epoch == 3) leave(1003);
            if (epoch == 4) join(INSTANCE);
            if (epoch == 7) registry.setCanonical(OTHER);
            if (epoch == 8) leave(1004);
            bytes32 expected;
            try this.resetSeed(epoch + 2) {} catch (bytes memory reason) {
                (, expected) = abi.decode(abi.encodePacked(bytes28(0), reason), (bytes32, bytes32));
            }
            assertTrue(expected != 0, "fixed by anybody");
            // After the switch only the pinned validator is left.
            vm.prank(INSTANCE);
            registry.takeDuty(Slot.wrap(10 * epoch), Epoch.wrap(epoch), Timestamp.wrap(startOf(epoch)));
            assertEq(bytes32(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(epoch + 2)))), expected);
        }
    }

    function test_seedIsFixedOnceAndInItsTime() external {
        bootstrap(5);
        pass(startOf(3) - 2 * EPOCH - 1);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__SeedOutOfTime.selector,
                startOf(1),
                startOf(4),
                time
            )
        );
        fix(3);
        pass(startOf(1));
        fix(3);
        refuses(IValidatorRegistry.ValidatorRegistry__SeedAlreadyFixed.selector);
        fix(3);
        pass(startOf(3));
        refuses(IValidatorRegistry.ValidatorRegistry__SeedOutOfTime.selector);
        fix(2);
        refuses(IValidatorRegistry.ValidatorRegistry__UnknownInstance.selector);
        registry.fixSeed(address(0xdead), Epoch.wrap(3));
    }

    function test_firstEpochsSeedIsFixedOnceToo() external {
        bootstrap(5);
        draw(0);
        refuses(IValidatorRegistry.ValidatorRegistry__SeedAlreadyFixed.selector);
        fix(0);
    }

    function test_epochWhoseSeedNobodyFixedHasNoProposerUntilSomebodyDoes() external {
        bootstrap(5);
        pass(startOf(5) + 400);
        refuses(IValidatorSet.ValidatorSet__NoProposer.selector);
        this.dutyExternal(5, 50);
        // Late, from fresh randomness, over the set of the same freeze.
        uint256 late = join();
        fix(5);
        duty(5, 50);
        (, bytes32[] memory keys) = committee(5);
        assertEq(keys.length, 5);
        for (uint256 k = 0; k < 5; ++k)
            assertTrue(keys[k] != bytes32(keyHashOf(late)), "joined after the freeze");
        // An epoch that ended without stays without.
        refuses(IValidatorRegistry.ValidatorRegistry__SeedOutOfTime.selector);
        fix(4);
    }

    function test_noSeedDependsOnASetThatCouldStillChange() external {
        bootstrap(6);
        pass(startOf(4) - 3 * EPOCH);
        uint256 size = registry.sizeAt(address(0), Timestamp.wrap(time));
        // Deposits and exits after the freeze, around the seed.
        pass(time + 1);
        join(2);
        leave(1002);
        pass(startOf(4) - 2 * EPOCH);
        leave(1003);
        SeedWord word = _wordOf(4);
        assertEq(word.sizeOf(), size);
        assertEq(word.freezeOf(), startOf(1));
        (, bytes32[] memory before) = committee(4);
        bool leaverIsMember;
        for (uint256 k = 0; k < before.length; ++k) {
            uint256 secret = secretOf(before[k]);
            assertTrue(secret <= 1006, "joined too late");
            leaverIsMember = leaverIsMember || secret == 1002;
        }
        assertTrue(leaverIsMember, "left too late");
        // And after the seed.
        join(2);
        pass(time + WINDOW);
        leave(1004);
        pass(startOf(4));
        (, bytes32[] memory later) = committee(4);
        for (uint256 k = 0; k < before.length; ++k) assertEq(later[k], before[k]);
    }

    function test_changesAtTheFreezeItselfAreInTheSetBeforeItsSeedCanBeKnown() external {
        bootstrap(6);
        pass(startOf(1));
        leave(1001);
        draw(4);
        (, bytes32[] memory keys) = committee(4);
        assertEq(keys.length, 5);
        assertTrue(time >= startOf(1) + EPOCH, "seed a whole epoch later");
    }

    function test_seedComesFromTheRandomnessOfItsBlock() external {
        bootstrap(12);
        pass(startOf(1));
        stakingVm.prevrandao(bytes32(uint256(1)));
        SeedWord one = _wordAfterFix(3);
        stakingVm.prevrandao(bytes32(uint256(2)));
        SeedWord two = _wordAfterFix(3);
        assertTrue(one.seedOf() != two.seedOf(), "fresh");
    }

    function test_exitedValidatorProposesNoMoreAndItsSeatStays() external {
        bootstrap(5);
        draw(0);
        pass(startOf(0));
        leave(1002);
        for (uint256 slot = 0; slot < 40; ++slot) {
            (address proposer, uint256 position, ) = duty(0, slot);
            // Who moved to its position still proposes for its own.
            assertEq(proposer, position == 1 ? address(0) : proposerOf(1001 + position));
        }
        (, bytes32[] memory keys) = committee(0);
        assertEq(keys[1], bytes32(keyHashOf(1002)));
    }

    function test_rotatedProposerCountsAtOnceEvenAfterAMove() external {
        bootstrap(5);
        draw(0);
        leave(1002);
        bytes28 keyHash = keyHashOf(1005);
        vm.prank(withdrawerOf(1005));
        registry.rotateProposer(keyHash, address(0xf00));
        (address[] memory proposers, ) = committee(0);
        assertEq(proposers[4], address(0xf00));
        assertEq(proposers[1], address(0));
        // A newcomer at the vacated position does not propose for a set drawn before.
        join();
        (proposers, ) = committee(0);
        assertEq(proposers[4], address(0xf00));
    }

    function test_noRingWordOfAnEarlierLapIsAccepted() external {
        bootstrap(5);
        draw(2);
        assertTrue(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(2))) != 0, "fixed");
        // 20 epochs later the same word of the ring serves another epoch, fixed or not.
        assertEq(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(22))), 0);
        refuses(IValidatorSet.ValidatorSet__NoProposer.selector);
        this.dutyExternal(22, 1);
        draw(22);
        assertEq(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(2))), 0);
        vm.prank(SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__SeedNotFixed.selector);
        registry.slash(INSTANCE, Epoch.wrap(2), 0, 1e18, POT);
    }

    function test_canonicalInstanceSwitchedInTheMiddleOfSeededEpochs() external {
        bootstrap(5);
        draw(0);
        draw(1);
        (, bytes32[] memory before) = committee(1);
        pass(startOf(0) + 500);
        registry.setCanonical(OTHER);
        uint256 switched = time;

        // What is drawn stays; epochs frozen before the switch keep the followers, later ones lose them.
        (, bytes32[] memory later) = committee(1);
        assertEq(later.length, before.length);
        fix(2);
        assertEq(registry.seedOf(INSTANCE, Epoch.wrap(2)).sizeOf(), 5);
        draw(3);
        assertEq(registry.seedOf(INSTANCE, Epoch.wrap(3)).sizeOf(), 5);
        draw(4);
        assertEq(registry.seedOf(INSTANCE, Epoch.wrap(4)).sizeOf(), 0);

        // The new instance has them from its first epoch frozen at or after the switch.
        uint256 genesis = GENESIS + 300;
        for (uint256 e = 1; e < 6; ++e) {
            uint256 start = genesis + e * 1_700;
            if (time < start - 3_400) pass(start - 3_400);
            if (time >= start + 1_700) continue;
            registry.fixSeed(OTHER, Epoch.wrap(e));
            uint256 expected = start - 5_100 >= switched ? 5 : 0;
            assertEq(registry.seedOf(OTHER, Epoch.wrap(e)).sizeOf(), expected);
        }
        assertEq(registry.canonicalAt(Timestamp.wrap(switched - 1)), INSTANCE);
        assertEq(registry.canonicalAt(Timestamp.wrap(switched)), OTHER);
        assertEq(registry.canonicalInstance(), OTHER);
    }

    function test_pinnedValidatorsComeBehindFollowersAndStayAfterTheSwitch() external {
        bootstrap(4);
        uint256 pinned = join(INSTANCE);
        uint256 elsewhere = join(OTHER);
        pass(startOf(0) - 3 * EPOCH);
        draw(0);
        (address[] memory proposers, bytes32[] memory keys) = committee(0);
        assertEq(keys.length, 5);
        assertEq(keys[4], bytes32(keyHashOf(pinned)));
        assertEq(proposers[4], proposerOf(pinned));
        registry.setCanonical(OTHER);
        draw(5);
        (, keys) = committee(5);
        assertEq(keys.length, 1);
        assertEq(keys[0], bytes32(keyHashOf(pinned)));
        pass(GENESIS + 300 + 3 * 1_700);
        registry.fixSeed(OTHER, Epoch.wrap(4));
        (, keys) = registry.committeeOf(OTHER, Epoch.wrap(4), Timestamp.wrap(0));
        assertEq(keys.length, 5);
        assertEq(keys[4], bytes32(keyHashOf(elsewhere)));
        // Pinned validators can be slashed by their instance for any epoch.
        vm.prank(SLASHER);
        registry.slash(OTHER, Epoch.wrap(4), 4, 1e18, POT);
        assertEq(info(elsewhere).stake, STAKE - 1e18);
    }

    function test_instancesWithDifferentSlotLengthsDrawFromOneRegistry() external {
        bootstrap(12);
        pass(GENESIS + 300 + 4 * 1_700);
        registry.fixSeed(OTHER, Epoch.wrap(5));
        // Frozen three epochs before in each instance's own time.
        assertEq(registry.seedOf(OTHER, Epoch.wrap(5)).freezeOf(), GENESIS + 300 + 2 * 1_700);
        fix(8);
        assertEq(registry.seedOf(INSTANCE, Epoch.wrap(8)).freezeOf(), GENESIS + 5 * EPOCH);
        assertTrue(
            registry.seedOf(OTHER, Epoch.wrap(5)).seedOf() !=
                registry.seedOf(INSTANCE, Epoch.wrap(8)).seedOf(),
            "independent"
        );
    }

    function dutyExternal(
        uint256 epoch,
        uint256 slot
    ) external view returns (address proposer, uint256 position) {
        (proposer, position, ) = duty(epoch, slot);
    }

    function resetSeed(uint256 epoch) external returns (SeedWord word) {
        fix(epoch);
        word = registry.seedOf(INSTANCE, Epoch.wrap(epoch));
        revert SeedIs(SeedWord.unwrap(word));
    }

    error SeedIs(uint256 word);

    /// @dev The word that fixing would write; the state stays.
    function _wordAfterFix(uint256 epoch) private returns (SeedWord word) {
        try this.resetSeed(epoch) {} catch (bytes memory reason) {
            assembly ("memory-safe") {
                word := mload(add(reason, 0x24))
            }
        }
    }

    function _wordOf(uint256 epoch) private returns (SeedWord) {
        fix(epoch);
        return registry.seedOf(INSTANCE, Epoch.wrap(epoch));
    }

    function _members(uint256 epoch, uint256 bitmap) private view returns (bytes32[] memory, uint256) {
        return registry.membersOf(INSTANCE, Epoch.wrap(epoch), Timestamp.wrap(startOf(epoch)), bitmap);
    }

    function _proposersSeen(uint256 epoch, uint256 size) private view returns (uint256 count) {
        bool[] memory seen = new bool[](size);
        for (uint256 slot = 0; slot < 60; ++slot) {
            (, uint256 position, ) = duty(epoch, slot);
            if (!seen[position]) ++count;
            seen[position] = true;
        }
    }
}
