// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening} from "../../contracts/rewards/IProverPot.sol";
import {IRewards} from "../../contracts/rewards/IRewards.sol";
import {packPause, Pause} from "../../contracts/types/Pause.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {RewardsFixture} from "./RewardsFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Claims of coinbases.
contract RewardsSequencerTest is RewardsFixture {
    uint256 internal constant EPOCH_NUMBER = 50;

    function setUp() public override {
        super.setUp();
        pass(startOf(EPOCH_NUMBER + 1) + 10);
        proveEpoch(EPOCH_NUMBER, 3);
    }

    function afterDelay() internal {
        pass(time + DELAY);
    }

    function test_aCoinbaseIsPaidFeesAndRewardOfItsBlock() external {
        afterDelay();
        (uint256 fees, uint256 reward) = rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));

        assertEq(fees, 1e15 + 1);
        assertEq(reward, rewardOf(8));
        assertEq(tst.balanceOf(COINBASE), fees + reward);
        assertEq(tst.balanceOf(portal), FUNDS - fees);
        assertTrue(rewards.isSequencerClaimed(Epoch.wrap(EPOCH_NUMBER), 1), "claimed");
        assertTrue(!rewards.isSequencerClaimed(Epoch.wrap(EPOCH_NUMBER), 0), "the other not");
    }

    function test_manyBlocksOfManyEpochsArePaidAtOnce() external {
        bytes memory claims = abi.encodePacked(
            headOf(EPOCH_NUMBER, 3),
            leafEntry(EPOCH_NUMBER, 2),
            leafEntry(EPOCH_NUMBER, 0),
            leafEntry(EPOCH_NUMBER, 1)
        );
        uint256 fees = 3e15 + 3;
        for (uint256 e = EPOCH_NUMBER + 1; e < EPOCH_NUMBER + 9; ++e) {
            pass(startOf(e + 1));
            proveEpoch(e, 1 + (e % 4));
            claims = abi.encodePacked(claims, claimOf(e, e % 2 == 0 ? 0 : 1));
            fees += 1e15 + (e % 2);
        }
        afterDelay();
        (uint256 paid, uint256 reward) = rewards.claimSequencer(COINBASE, claims);
        assertEq(paid, fees);
        assertEq(reward, 11 * rewardOf(8));
        assertEq(tst.balanceOf(COINBASE), paid + reward);
    }

    /// @notice Marks of epochs to 55 are in one word, those from 56 on in another: a claim over both writes both.
    function test_aClaimOverTwoWordsOfMarksMarksBoth() external {
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        for (uint256 e = EPOCH_NUMBER + 1; e < EPOCH_NUMBER + 9; ++e) {
            pass(startOf(e + 1));
            proveEpoch(e, 2);
            claims = abi.encodePacked(claims, claimOf(e, 1));
        }
        afterDelay();
        rewards.claimSequencer(COINBASE, claims);
        for (uint256 e = EPOCH_NUMBER; e < EPOCH_NUMBER + 9; ++e) {
            assertTrue(rewards.isSequencerClaimed(Epoch.wrap(e), 1), "not marked");
            assertTrue(!rewards.isSequencerClaimed(Epoch.wrap(e), 0), "another marked");
            bytes memory again = claimOf(e, 1);
            expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, e, 1));
            rewards.claimSequencer(COINBASE, again);
        }
    }

    function test_aFallbackBlockEarnsItsFeesAndNoReward() external {
        uint256[] memory leaves = new uint256[](2);
        leaves[0] = leafOf(COINBASE, 0, 77);
        leaves[1] = leafOf(COINBASE, 5, 78);
        proveEpoch(EPOCH_NUMBER, leaves);
        afterDelay();
        (uint256 fees, uint256 reward) = rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 0));
        assertEq(fees, 77);
        assertEq(reward, 0);
    }

    function test_claimingTwiceIsRefused() external {
        afterDelay();
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        rewards.claimSequencer(COINBASE, claims);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, EPOCH_NUMBER, 1));
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_claimingTwiceInOneCallIsRefused() external {
        afterDelay();
        bytes memory claims = abi.encodePacked(claimOf(EPOCH_NUMBER, 1), claimOf(EPOCH_NUMBER, 1));
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, EPOCH_NUMBER, 1));
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_claimBeforeTheDelayIsOverIsRefused() external {
        uint256 availableAt = time + DELAY;
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        pass(availableAt - 1);
        expectError(
            abi.encodeWithSelector(IRewards.Rewards__NotClaimableYet.selector, EPOCH_NUMBER, availableAt)
        );
        rewards.claimSequencer(COINBASE, claims);
        pass(availableAt);
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_aPauseHoldsUpClaimsOfEpochsYoungerThanTheDelay() external {
        uint256 provenAt = time;
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        // 700 seconds of pause, from 100 seconds after the proof.
        rollup.setPause(Pause.unwrap(packPause(provenAt + 100 - GENESIS, provenAt + 800 - GENESIS)));
        pass(provenAt + DELAY + 699);
        expectError(
            abi.encodeWithSelector(
                IRewards.Rewards__NotClaimableYet.selector,
                EPOCH_NUMBER,
                provenAt + DELAY + 700
            )
        );
        rewards.claimSequencer(COINBASE, claims);
        pass(provenAt + DELAY + 700);
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_aPauseDoesNotHoldUpWhatWasClaimable() external {
        afterDelay();
        rollup.setPause(Pause.unwrap(packPause(time - GENESIS, time + 800 - GENESIS)));
        pass(time + 10);
        rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));
    }

    function test_claimAfterTheDeadlineIsRefused() external {
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1) - 1);
        rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 0));
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        pass(time + 1);
        expectError(
            abi.encodeWithSelector(
                IRewards.Rewards__ClaimDeadlinePassed.selector,
                EPOCH_NUMBER,
                EPOCH_NUMBER + CLAIM_WINDOW
            )
        );
        rewards.claimSequencer(COINBASE, claims);
    }

    /// @dev The epoch a lap later had no blocks: the old word still stands.
    function test_aWordOfTheLapBeforeIsRefused() external {
        afterDelay();
        rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));
        // Marks of the next lap take the word over.
        for (uint256 e = EPOCH_NUMBER + RING + 1; e < EPOCH_NUMBER + 3 * RING; e += 7) {
            pass(startOf(e + 1));
            proveEpoch(e, SLOTS);
            afterDelay();
            rewards.claimSequencer(COINBASE, claimOf(e, 1));
        }
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory claims = claimOf(EPOCH_NUMBER, i);
            (bool accepted, bytes memory reason) = address(rewards).call(
                abi.encodeCall(IRewards.claimSequencer, (COINBASE, claims))
            );
            assertTrue(!accepted, "accepted");
            assertEq(bytes32(bytes4(reason)), bytes32(IRewards.Rewards__ClaimDeadlinePassed.selector));
        }
    }

    /// @dev The same word, under the number of the epoch a lap later.
    function test_aWordOfTheLapBeforeDoesNotOpenAsTheNewEpoch() external {
        proven[EPOCH_NUMBER + RING] = proven[EPOCH_NUMBER];
        proven[EPOCH_NUMBER + RING].opening.when += RING << 64;
        bytes memory claims = claimOf(EPOCH_NUMBER + RING, 1);
        pass(startOf(EPOCH_NUMBER + RING + 2));
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
    }

    /// @dev Marks of a lap ago count as clear: nobody is shut out of the new epochs.
    function test_blocksOfTheNextLapsCanBeClaimed() external {
        for (uint256 lap = 0; lap < 4; ++lap) {
            uint256 epoch = EPOCH_NUMBER + lap * RING;
            pass(startOf(epoch + 1));
            for (uint256 e = epoch; e < epoch + 3; ++e) {
                pass(startOf(e + 1));
                proveEpoch(e, SLOTS);
            }
            afterDelay();
            for (uint256 e = epoch; e < epoch + 3; ++e)
                for (uint256 i = 0; i < SLOTS; ++i) rewards.claimSequencer(COINBASE, claimOf(e, i));
        }
        assertEq(tst.balanceOf(COINBASE), 4 * 3 * (SLOTS * (rewardOf(8) + 1e15) + 6));
    }

    function test_anUnprovenEpochIsRefused() external {
        proveEpoch(EPOCH_NUMBER + 1, 2);
        bytes memory claims = claimOf(EPOCH_NUMBER + 1, 1);
        rollup.prove(EPOCH_NUMBER + 1, 0);
        afterDelay();
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
    }

    /// @dev Pruned blocks never reach a word; those proven instead do.
    function test_aPrunedBlockIsRefused() external {
        afterDelay();
        proven[EPOCH_NUMBER].leaves[1] = leafOf(COINBASE, 8, 1e18);
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
    }

    /// @dev A rewind takes the word back; the epoch is proven again, otherwise.
    function test_aRolledBackBlockIsRefused() external {
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        rollup.prove(EPOCH_NUMBER, 0);
        afterDelay();
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);

        proveEpoch(EPOCH_NUMBER, 2);
        afterDelay();
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
        rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));
    }

    function test_aLeafOfAnotherEpochIsRefused() external {
        pass(startOf(EPOCH_NUMBER + 2));
        uint256[] memory leaves = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) leaves[i] = leafOf(COINBASE, 8, 5e15);
        proveEpoch(EPOCH_NUMBER + 1, leaves);
        afterDelay();
        bytes memory claims = abi.encodePacked(headOf(EPOCH_NUMBER, 1), leafEntry(EPOCH_NUMBER + 1, 1));
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_aSecondLeafOfAnotherTreeIsRefused() external {
        pass(startOf(EPOCH_NUMBER + 2));
        uint256[] memory leaves = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) leaves[i] = leafOf(COINBASE, 8, 5e15);
        proveEpoch(EPOCH_NUMBER + 1, leaves);
        afterDelay();
        bytes memory claims = abi.encodePacked(
            headOf(EPOCH_NUMBER, 2),
            leafEntry(EPOCH_NUMBER, 0),
            leafEntry(EPOCH_NUMBER + 1, 1)
        );
        expectError(abi.encodeWithSelector(IRewards.Rewards__WrongLeaf.selector, EPOCH_NUMBER, 1));
        rewards.claimSequencer(COINBASE, claims);
    }

    function test_aWrongCoinbaseIsRefused() external {
        afterDelay();
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimSequencer(address(0xbad), claims);
    }

    function test_anInnerNodeIsNoLeaf() external {
        afterDelay();
        // Two leaves of the upper level, as if the list had two words.
        bytes memory claims = abi.encodePacked(
            uint32(EPOCH_NUMBER),
            uint40(proven[EPOCH_NUMBER].opening.when),
            uint8(1),
            uint8(2),
            dutiesOf(proven[EPOCH_NUMBER].opening),
            settlementOf(proven[EPOCH_NUMBER].opening),
            proven[EPOCH_NUMBER].opening.previous,
            leafEntry(EPOCH_NUMBER, 1)
        );
        (bool accepted, ) = address(rewards).call(
            abi.encodeCall(IRewards.claimSequencer, (COINBASE, claims))
        );
        assertTrue(!accepted, "accepted");
    }

    /// @notice Every cut of a claim is refused, but for the whole entries.
    function testFuzz_aCutClaimIsRefused(uint16 length) external {
        afterDelay();
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        uint256 cut = 1 + (length % (claims.length - 1));
        assembly ("memory-safe") {
            mstore(claims, cut)
        }
        refuses(IRewards.Rewards__MalformedClaim.selector);
        rewards.claimSequencer(COINBASE, claims);
    }

    /// @notice No byte of a claim can change.
    function testFuzz_anAlteredClaimPaysNothing(uint16 place, uint8 change) external {
        vm.assume(change != 0);
        afterDelay();
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        uint256 index = place % claims.length;
        claims[index] = bytes1(uint8(claims[index]) ^ change);
        (bool accepted, ) = address(rewards).call(
            abi.encodeCall(IRewards.claimSequencer, (COINBASE, claims))
        );
        assertTrue(!accepted, "accepted");
        assertEq(tst.balanceOf(COINBASE), 0);
    }

    function test_anEmptyClaimPaysNothing() external {
        (uint256 fees, uint256 reward) = rewards.claimSequencer(COINBASE, "");
        assertEq(fees + reward, 0);
    }

    // Distributor short

    function test_emptyDistributorPaysTheFeesAndWhatIsThere() external {
        afterDelay();
        drain(5);
        vm.prank(COINBASE);
        (uint256 fees, uint256 reward) = rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));
        assertEq(fees, 1e15 + 1);
        assertEq(reward, 5);
    }

    function test_aStrangerCannotMakeACoinbaseTakeLess() external {
        afterDelay();
        drain(5);
        bytes memory claims = claimOf(EPOCH_NUMBER, 1);
        expectError(abi.encodeWithSelector(IRewards.Rewards__Short.selector, rewardOf(8), 5));
        rewards.claimSequencer(COINBASE, claims);
    }

    /// @notice Rewards follow blocks, not epochs: as many one-block epochs earn what one epoch of as many blocks does.
    function test_oneBlockEpochsEarnNoMore() external {
        bytes memory claims;
        uint256 pots;
        for (uint256 e = EPOCH_NUMBER + 1; e <= EPOCH_NUMBER + 3; ++e) {
            pass(startOf(e + 1));
            proveEpoch(e, 1);
            claims = abi.encodePacked(claims, claimOf(e, 0));
        }
        afterDelay();
        for (uint256 e = EPOCH_NUMBER + 1; e <= EPOCH_NUMBER + 3; ++e) {
            (uint256 pot, , ) = rewards.proverPot(proven[e].opening);
            pots += pot;
        }
        (uint256 whole, , ) = rewards.proverPot(proven[EPOCH_NUMBER].opening);
        assertEq(pots, whole);
        (, uint256 single) = rewards.claimSequencer(COINBASE, claims);
        (, uint256 together) = rewards.claimSequencer(
            COINBASE,
            abi.encodePacked(
                headOf(EPOCH_NUMBER, 3),
                leafEntry(EPOCH_NUMBER, 0),
                leafEntry(EPOCH_NUMBER, 1),
                leafEntry(EPOCH_NUMBER, 2)
            )
        );
        assertEq(single, together);
    }

    /// @notice For every reward the contract accepts, a block that carries fewer attestations earns less.
    function testFuzz_leavingOutAttestationsCosts(uint8 seen_, uint8 carried_) external {
        uint256 seen = 2 + (seen_ % 7);
        uint256 carried = 1 + (carried_ % (seen - 1));
        uint256[] memory leaves = new uint256[](2);
        leaves[0] = leafOf(COINBASE, seen, 1e15);
        leaves[1] = leafOf(COINBASE, carried, 1e15);
        proveEpoch(EPOCH_NUMBER, leaves);
        afterDelay();
        (, uint256 honest) = rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 0));
        (, uint256 censor) = rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));
        assertTrue(censor < honest, "censoring pays");
    }

    function drain(uint256 left) internal {
        vm.prank(address(distributor));
        tst.transfer(address(this), FUNDS - left);
    }
}
