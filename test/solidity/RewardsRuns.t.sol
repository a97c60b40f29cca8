// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening} from "../../contracts/rewards/IProverPot.sol";
import {IRewards} from "../../contracts/rewards/IRewards.sol";
import {packPause, Pause} from "../../contracts/types/Pause.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {RewardsFixture} from "./RewardsFixture.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice Claims over runs of epochs, of coinbases and of attesters: one word is read, and every epoch is still held to
/// its own terms.
contract RewardsRunsTest is RewardsFixture {
    uint256 internal constant FIRST = 12;
    uint256 internal constant EMPTY = 15;
    uint256 internal constant LAST = 18;
    /// Of the validator in every committee, and of the coinbase's block.
    uint256 internal constant PLACE = 3;

    bytes28 internal keyHash;

    /// @dev Epochs 12 to 18, of which 15 has no blocks; all validators are in all committees.
    function setUp() public override {
        super.setUp();
        bootstrap(COMMITTEE);
        for (uint256 e = FIRST; e <= LAST; ++e) if (e != EMPTY) prove(e);
        keyHash = registry.memberOf(INSTANCE, Epoch.wrap(FIRST), PLACE);
    }

    function prove(uint256 epoch) internal {
        draw(epoch);
        pass(startOf(epoch + 1) + 7);
        proveEpoch(epoch, SLOTS);
    }

    // Lists of epochs

    function epochsFrom(uint256 first) internal pure returns (uint256[] memory epochs) {
        epochs = new uint256[](LAST - first + (first > EMPTY ? 1 : 0));
        uint256 count;
        for (uint256 e = first; e <= LAST; ++e) if (e != EMPTY) epochs[count++] = e;
    }

    function only(uint256 epoch) internal pure returns (uint256[] memory epochs) {
        epochs = new uint256[](1);
        epochs[0] = epoch;
    }

    function both(uint256 a, uint256 b) internal pure returns (uint256[] memory epochs) {
        epochs = new uint256[](2);
        (epochs[0], epochs[1]) = (a, b);
    }

    // Claims

    function isChained(uint256[] memory epochs, uint256 i) internal view returns (bool) {
        return i != 0 && proven[epochs[i]].opening.previous == wordOf(proven[epochs[i - 1]].opening);
    }

    /// @param force every entry but the first is called chained, whether it is or not
    function sequencerClaim(uint256[] memory epochs, bool force) internal view returns (bytes memory claims) {
        for (uint256 i = 0; i < epochs.length; ++i) {
            bool chained = i != 0 && (force || isChained(epochs, i));
            claims = abi.encodePacked(
                claims,
                chained ? chainedHeadOf(epochs[i], 1) : headOf(epochs[i], 1),
                leafEntry(epochs[i], PLACE)
            );
        }
    }

    function attesterClaim(uint256[] memory epochs, bool force) internal view returns (bytes memory claims) {
        uint256 last = epochs[0] - 1;
        claims = abi.encodePacked(uint32(epochs[0]), sizesOf(proven[epochs[0]].opening.seedWord));
        for (uint256 i = 0; i < epochs.length; ++i) {
            bool chained = i != 0 && (force || isChained(epochs, i));
            claims = abi.encodePacked(
                claims,
                chained
                    ? chainedEntry(epochs[i], epochs[i] - last, PLACE)
                    : attesterEntry(epochs[i], epochs[i] - last, PLACE)
            );
            last = epochs[i];
        }
    }

    function pays(uint256[] memory epochs) internal {
        (uint256 fees, uint256 reward) = rewards.claimSequencer(COINBASE, sequencerClaim(epochs, false));
        assertEq(fees, epochs.length * (1e15 + PLACE));
        assertEq(reward, epochs.length * rewardOf(8));
        reward = rewards.claimAttester(keyHash, attesterClaim(epochs, false));
        assertEq(reward, epochs.length * SLOTS * ATTESTER_REWARD);
    }

    function refusesBoth(uint256[] memory epochs, bool force, bytes memory reason) internal {
        bytes memory claims = sequencerClaim(epochs, force);
        expectError(reason);
        rewards.claimSequencer(COINBASE, claims);
        claims = attesterClaim(epochs, force);
        expectError(reason);
        rewards.claimAttester(keyHash, claims);
    }

    function refusesOpening(uint256[] memory epochs, bool force) internal {
        bytes memory claims = sequencerClaim(epochs, force);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
        claims = attesterClaim(epochs, force);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimAttester(keyHash, claims);
    }

    // What is read

    function test_aRunNeedsOnlyItsLastWord() external {
        pass(time + DELAY);
        for (uint256 e = FIRST; e < LAST; ++e) rollup.prove(e, 0);
        refusesOpening(only(LAST - 1), false);
        pays(epochsFrom(FIRST));
    }

    function test_aClaimMayHoldSeveralRuns() external {
        pass(time + DELAY);
        // 12 and 13, 16, 18: only the last word of each is there.
        rollup.prove(12, 0);
        rollup.prove(14, 0);
        rollup.prove(17, 0);
        uint256[] memory epochs = new uint256[](4);
        (epochs[0], epochs[1], epochs[2], epochs[3]) = (12, 13, 16, 18);
        pays(epochs);
    }

    function test_eachRunOfAClaimIsChecked() external {
        pass(time + DELAY);
        rollup.prove(13, 0);
        uint256[] memory epochs = new uint256[](3);
        (epochs[0], epochs[1], epochs[2]) = (12, 13, 18);
        refusesBoth(
            epochs,
            false,
            abi.encodeWithSelector(
                IRewards.Rewards__WrongOpening.selector,
                13,
                bytes32(0),
                wordOf(proven[13].opening)
            )
        );
    }

    /// @notice The epoch that was proven first follows the word 0, and may be claimed as its successor.
    function test_onlyTheFirstEpochOfAllFollowsNothing() external {
        pass(time + DELAY);
        for (uint256 e = FIRST; e < FIRST + 2; ++e) {
            bytes memory claims = abi.encodePacked(chainedHeadOf(e, 1), leafEntry(e, PLACE));
            if (e != FIRST) refuses(IRewards.Rewards__WrongOpening.selector);
            rewards.claimSequencer(COINBASE, claims);
            claims = abi.encodePacked(
                uint32(e),
                sizesOf(proven[e].opening.seedWord),
                chainedEntry(e, 1, PLACE)
            );
            if (e != FIRST) refuses(IRewards.Rewards__WrongOpening.selector);
            rewards.claimAttester(keyHash, claims);
        }
    }

    /// @dev With nothing of skip, sizes and position but what is named.
    function bareEntry(uint256 epoch, uint8 mode, bytes memory named) private view returns (bytes memory) {
        EpochOpening memory o = proven[epoch].opening;
        return
            abi.encodePacked(
                mode,
                uint40(o.when),
                uint136(o.seedWord & ((1 << 132) - 1)),
                mode & 32 != 0 ? linkOf(o) : paymentsOf(o),
                named,
                uint192(o.participation[0]),
                uint200(o.participation[1])
            );
    }

    function test_skipIsOneAndThePositionHoldsUntilAnotherComes() external {
        pass(time + DELAY);
        bytes memory claims = abi.encodePacked(
            uint32(FIRST),
            sizesOf(proven[FIRST].opening.seedWord),
            bareEntry(12, 32 + 8, hex"03"),
            bareEntry(13, 0, ""),
            bareEntry(14, 0, "")
        );
        assertEq(rewards.claimAttester(keyHash, claims), 3 * SLOTS * ATTESTER_REWARD);
        claims = abi.encodePacked(
            uint32(16),
            sizesOf(proven[16].opening.seedWord),
            bareEntry(16, 32 + 8, hex"03"),
            bareEntry(17, 8, hex"04")
        );
        refuses(IRewards.Rewards__WrongAttester.selector);
        rewards.claimAttester(keyHash, claims);
    }

    /// @notice The event names the epochs by their marks, in groups of 224.
    function test_theEventNamesTheEpochsOfARun() external {
        pass(time + DELAY);
        rewards.claimAttester(keyHash, attesterClaim(only(14), false));
        bytes memory claims = attesterClaim(both(16, 18), false);
        vm.recordLogs();
        rewards.claimAttester(keyHash, claims);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, , bytes memory list) = abi.decode(logs[logs.length - 1].data, (uint256, uint256, bytes));
        assertEq(keccak256(list), keccak256(abi.encode((1 << 224) | (1 << 16) | (1 << 18))));
    }

    // What does not open

    function test_aWrongPreviousWordIsRefused() external {
        pass(time + DELAY);
        proven[16].opening.previous ^= bytes32(uint256(1));
        refusesOpening(only(16), false);
    }

    function test_aWrongEpochInsideARunIsRefused() external {
        pass(time + DELAY);
        // It opens to another word, so what rests on it is chained by force.
        proven[16].opening.endRecord[1] = 1;
        refusesOpening(epochsFrom(FIRST), true);
    }

    function test_aGapInARunIsRefused() external {
        pass(time + DELAY);
        refusesOpening(both(12, 14), true);
    }

    function test_anEpochTwiceInARunIsRefused() external {
        pass(time + DELAY);
        uint256[] memory epochs = both(13, 13);
        bytes memory claims = sequencerClaim(epochs, true);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, 13, PLACE));
        rewards.claimSequencer(COINBASE, claims);
        claims = attesterClaim(epochs, true);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, 13, PLACE));
        rewards.claimAttester(keyHash, claims);
    }

    function test_aRunBackwardsIsRefused() external {
        pass(time + DELAY);
        bytes memory claims = sequencerClaim(both(13, 12), true);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_anUnprovenTailIsRefused() external {
        prove(LAST + 1);
        rollup.prove(LAST + 1, 0);
        pass(time + DELAY);
        refusesBoth(
            both(LAST, LAST + 1),
            false,
            abi.encodeWithSelector(
                IRewards.Rewards__WrongOpening.selector,
                LAST + 1,
                bytes32(0),
                wordOf(proven[LAST + 1].opening)
            )
        );
        pays(epochsFrom(FIRST));
    }

    function test_aRunWhoseLastWordIsAnothersIsRefused() external {
        pass(time + DELAY);
        rollup.prove(LAST, wordOf(proven[LAST - 1].opening));
        refusesOpening(epochsFrom(FIRST), false);
    }

    /// @notice A rewind clears words, and the chain goes on from the restored end: what it took back is in no run.
    function test_aRunOverEpochsThatWereTakenBackIsRefused() external {
        bytes memory old = sequencerClaim(epochsFrom(FIRST), false);
        bytes memory oldTail = sequencerClaim(only(LAST), false);
        rollup.prove(17, 0);
        rollup.prove(LAST, 0);
        newest = wordOf(proven[16].opening);
        prove(LAST + 1);
        pass(time + DELAY);

        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, old);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, oldTail);
        refusesOpening(both(LAST, LAST + 1), true);
        assertTrue(isChained(both(16, LAST + 1), 1), "goes on from the restored end");
        pays(both(16, LAST + 1));
    }

    // Terms of each epoch

    function test_anEpochBehindItsDeadlineIsRefusedInARun() external {
        pass(startOf(FIRST + CLAIM_WINDOW + 1));
        refusesBoth(
            epochsFrom(FIRST),
            false,
            abi.encodeWithSelector(
                IRewards.Rewards__ClaimDeadlinePassed.selector,
                FIRST,
                FIRST + CLAIM_WINDOW
            )
        );
        pays(epochsFrom(FIRST + 1));
    }

    function test_anEpochBeforeItsDelayIsRefusedInARun() external {
        uint256 availableAt = time + DELAY;
        pass(availableAt - 1);
        refusesBoth(
            epochsFrom(FIRST),
            false,
            abi.encodeWithSelector(IRewards.Rewards__NotClaimableYet.selector, LAST, availableAt)
        );
        // The run may end before it.
        pays(both(16, 17));
        pass(availableAt);
        pays(only(LAST));
    }

    function test_anEpochThatAPauseHoldsUpIsRefusedInARun() external {
        uint256 availableAt = time + DELAY + 300;
        // Begins when the epoch before was claimable already.
        pass(time + DELAY - 10);
        rollup.setPause(Pause.unwrap(packPause(time - GENESIS, time + 300 - GENESIS)));
        pass(availableAt - 1);
        refusesBoth(
            epochsFrom(FIRST),
            false,
            abi.encodeWithSelector(IRewards.Rewards__NotClaimableYet.selector, LAST, availableAt)
        );
        pays(both(16, 17));
        pass(availableAt);
        pays(only(LAST));
    }

    /// @dev The next epoch with blocks is a lap later and in the ring where the run began.
    function test_anEpochOfTheLapBeforeIsRefusedInARun() external {
        uint256 next = LAST + RING;
        prove(next);
        pass(time + DELAY);
        assertTrue(isChained(both(LAST, next), 1), "chained");
        refusesBoth(
            both(LAST, next),
            false,
            abi.encodeWithSelector(IRewards.Rewards__ClaimDeadlinePassed.selector, LAST, LAST + CLAIM_WINDOW)
        );
        pays(only(next));
    }

    function test_aSweptEpochIsRefusedInARun() external {
        pass(startOf(FIRST + CLAIM_WINDOW + 1));
        rewards.sweep(proven[FIRST].opening, proven[FIRST].leaves);
        bytes memory claims = sequencerClaim(epochsFrom(FIRST), false);
        (bool accepted, ) = address(rewards).call(
            abi.encodeCall(IRewards.claimSequencer, (COINBASE, claims))
        );
        assertTrue(!accepted, "accepted");
    }

    function test_anEpochThatWasClaimedIsRefusedInARun() external {
        pass(time + DELAY);
        pays(only(14));
        refusesBoth(
            epochsFrom(FIRST),
            false,
            abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, 14, PLACE)
        );
        pays(both(12, 13));
        pays(epochsFrom(16));
    }

    // Any claim

    /// @notice Every choice of epochs is paid once, however it falls into runs.
    function testFuzz_anyChoiceOfEpochsIsPaid(uint8 choice) external {
        uint256[] memory all = epochsFrom(FIRST);
        uint256 chosen = 1 + (choice % 63);
        uint256 count;
        for (uint256 i = 0; i < all.length; ++i) count += (chosen >> i) & 1;
        uint256[] memory epochs = new uint256[](count);
        for (uint256 i = all.length; i != 0; --i)
            if ((chosen >> (i - 1)) & 1 != 0) epochs[--count] = all[i - 1];
        pass(time + DELAY);
        pays(epochs);
        for (uint256 i = 0; i < all.length; ++i) {
            bool claimed = (chosen >> i) & 1 != 0;
            assertTrue(rewards.isSequencerClaimed(Epoch.wrap(all[i]), PLACE) == claimed, "coinbase");
            assertTrue(rewards.isAttesterClaimed(keyHash, Epoch.wrap(all[i])) == claimed, "attester");
        }
    }

    function testFuzz_anAlteredRunPaysNothing(uint16 place, uint8 change) external {
        pass(time + DELAY);
        bytes memory claims = sequencerClaim(epochsFrom(FIRST), false);
        alter(claims, place % claims.length, change);
        (bool accepted, ) = address(rewards).call(
            abi.encodeCall(IRewards.claimSequencer, (COINBASE, claims))
        );
        assertTrue(!accepted, "coinbase");

        claims = attesterClaim(epochsFrom(FIRST), false);
        uint256 index = place % claims.length;
        // Four bits of the sizes and of every seed are spare.
        if (index == 4 || (index >= 12 && (index - 12) % 107 == 6)) change &= 0x0f;
        alter(claims, index, change);
        (accepted, ) = address(rewards).call(abi.encodeCall(IRewards.claimAttester, (keyHash, claims)));
        assertTrue(!accepted, "attester");
    }

    function alter(bytes memory claims, uint256 index, uint8 change) private pure {
        vm.assume(change != 0);
        claims[index] = bytes1(uint8(claims[index]) ^ change);
    }
}
