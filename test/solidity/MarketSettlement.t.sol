// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, IProofMarket, Quote, Stage, WordOpening} from "../../contracts/market/IProofMarket.sol";
import {EpochOpening} from "../../contracts/rewards/IProverPot.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {marketVm} from "./MarketVm.sol";
import {vm} from "./Vm.sol";

/// @notice How claims end, who is paid, who is slashed.
contract MarketSettlementTest is MarketFixture {
    Epoch private constant ZERO = Epoch.wrap(0);

    address private carol = address(0xca201);

    // In time

    function test_theClaimantIsPaidItsFeeAndFreed() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        skip(50);
        prove(end, alice);
        (address payee, uint256 paid) = settle();
        assertEq(payee, alice);
        assertEq(paid, (POT * 1_500) / 10_000);
        assertEq(token.balanceOf(alice), paid);
        assertEq(free(alice), BOND);
        assertStage(0, Stage.Delivered);
    }

    function test_aProofInTheLastSecondOfExclusivityIsInTime() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 110);
        uint256 before = marketVm.snapshotState();
        prove(end, alice);
        (address payee, ) = settle();
        assertEq(payee, alice);
        assertStage(0, Stage.Delivered);

        // And another's, in the same second, is not.
        marketVm.revertToState(before);
        prove(end, bob);
        (payee, ) = settle();
        assertEq(payee, address(0));
        assertStage(0, Stage.Forestalled);
    }

    function test_theClaimantMayBeLateByTheGrace() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 130);
        prove(end, alice);
        (address payee, uint256 paid) = settle();
        assertEq(payee, alice);
        assertEq(paid, (POT * 1_500) / 10_000);
        assertEq(free(alice), BOND);
    }

    function test_anothersProofInExclusiveTimePaysNobodyAndFreesTheBond() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        skip(50);
        prove(end, bob);
        (address payee, uint256 paid) = settle();
        assertEq(payee, address(0));
        assertEq(paid, 0);
        assertEq(token.balanceOf(alice) + token.balanceOf(bob), 0);
        assertEq(free(alice), BOND);
        assertStage(0, Stage.Forestalled);
    }

    /// @notice Review finding 15: a claim slipped in before somebody else's finished proof earns nothing.
    function test_aClaimSlippedInBeforeAnothersProofIsNotPaid() external {
        uint256 end = epochWithBlocks(0);
        market.open(word());
        skip(60);
        (address payee, uint256 fee, ) = market.whoIsPaid(ZERO, bob, marketVm.getBlockTimestamp());
        assertEq(payee, bob);
        assertEq(fee, 8_000);
        claim(alice, 0, 1_500);
        // The guard that Bob's submission asks in its transaction tells him now.
        (payee, fee, ) = market.whoIsPaid(ZERO, bob, marketVm.getBlockTimestamp());
        assertEq(payee, address(0));
        assertEq(fee, 0);
        prove(end, bob);
        (payee, ) = settle();
        assertEq(payee, address(0));
        assertEq(token.balanceOf(alice), 0);
    }

    /// @notice The proof's prover is a public input: whoever sends a copy of it, its maker is paid.
    function test_aCopiedProofPaysItsMaker() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.prank(bob);
        prove(end, alice);
        vm.prank(bob);
        (address payee, ) = settle();
        assertEq(payee, alice);
    }

    // Open race

    function test_anUnclaimedEpochPaysTheReserveAtTheProof() external {
        uint256 end = epochWithBlocks(0);
        market.open(word());
        skip(30);
        prove(end, carol);
        skip(1_000);
        (address payee, uint256 paid) = settle();
        assertEq(payee, carol);
        assertEq(paid, (POT * 5_000) / 10_000);
    }

    function test_anEpochNobodyOpenedPaysTheStartingReserve() external {
        uint256 end = epochWithBlocks(0);
        skip(30);
        prove(end, carol);
        (, uint256 paid) = settle();
        assertEq(paid, (POT * 2_000) / 10_000);
    }

    function test_aRescuerGetsTheReserveAndItsShareOfTheBond() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 111);
        (address payee, uint256 fee, uint256 share) = market.whoIsPaid(
            ZERO,
            bob,
            marketVm.getBlockTimestamp()
        );
        assertEq(payee, bob);
        assertEq(fee, 8_000);
        assertEq(share, claimBond() / 2);

        prove(end, bob);
        uint256 paid;
        (payee, paid) = settle();
        assertEq(payee, bob);
        assertEq(paid, (POT * 8_000) / 10_000);
        assertEq(free(bob), BOND + claimBond() / 2);
        assertEq(free(alice), BOND - claimBond());
        assertEq(reserved(alice), 0);
        assertEq(market.toBurn(), claimBond() / 2);
        assertStage(0, Stage.Rescued);
    }

    function test_theClaimantBeyondTheGraceIsARescuerOfItsOwnAndLoses() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        prove(end, alice);
        (, uint256 paid) = settle();
        assertTrue(free(alice) + paid < BOND, "a default must lose");
    }

    function test_aRescueAfterTheSlashGetsWhatWasKept() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        market.slash(ZERO, word());
        assertStage(0, Stage.Defaulted);
        assertEq(reserved(alice), claimBond() / 2);
        assertEq(market.toBurn(), claimBond() / 2);
        (, , uint256 share) = market.whoIsPaid(ZERO, bob, marketVm.getBlockTimestamp());
        assertEq(share, claimBond() / 2);
        prove(end, bob);
        settle();
        assertEq(free(bob), BOND + claimBond() / 2);
        assertEq(reserved(alice), 0);
        assertEq(market.toBurn(), claimBond() / 2);
    }

    function test_aProofThatNamesNobodyAfterTheSlashBurnsTheRescuersShareToo() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        market.slash(ZERO, noWord());
        prove(end, address(0));
        settle();
        assertEq(reserved(alice), 0);
        assertEq(market.toBurn(), claimBond());
    }

    function test_aProofThatNamesNobodyBurnsTheBondAndPaysNobody() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        prove(end, address(0));
        (address payee, uint256 paid) = settle();
        assertEq(payee, address(0));
        assertEq(paid, 0);
        assertEq(reserved(alice), 0);
        assertEq(market.toBurn(), claimBond());
    }

    // When the money moves

    function test_resolveFreesTheBondBeforeThePotMayBePaid() external {
        pot.setDelay(500);
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        prove(end, alice);
        marketVm.expectRevert();
        settle();
        market.resolve(last);
        assertEq(free(alice), BOND);
        marketVm.expectPartialRevert(IProofMarket.Market__NoClaim.selector);
        market.resolve(last);
        skip(500);
        (address payee, uint256 paid) = settle();
        assertEq(payee, alice);
        assertEq(paid, (POT * 1_500) / 10_000);
    }

    function test_anEpochIsSettledOnce() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        prove(end, alice);
        settle();
        marketVm.expectRevert();
        settle();
    }

    function test_aForgedOpeningSettlesNothing() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        prove(end, bob);
        EpochOpening memory forged = last;
        forged.prover = alice;
        marketVm.expectPartialRevert(IProofMarket.Market__WrongWord.selector);
        market.resolve(forged);
        marketVm.expectRevert();
        market.settle(forged);
    }

    function test_settlementAfterTheRingCameRoundPaysTheStartingReserve() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        prove(end, alice);
        EpochOpening memory opening = last;
        market.resolve(opening);
        epochWithBlocks(16);
        market.open(word());
        (address payee, uint256 paid) = market.settle(opening);
        assertEq(payee, alice);
        assertEq(paid, (POT * 2_000) / 10_000);
    }

    // Slash

    function test_noSlashBeforeTheGraceIsOver() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 130);
        vm.expectRevert(
            abi.encodeWithSelector(IProofMarket.Market__NotSlashable.selector, 0, endOf(0) + 131)
        );
        market.slash(ZERO, noWord());
        skip(1);
        market.slash(ZERO, noWord());
    }

    function test_noSecondSlashWhileARescueIsPossible() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        market.slash(ZERO, noWord());
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__NotSlashable.selector, 0, deadlineOf(0)));
        market.slash(ZERO, noWord());
        vm.warp(deadlineOf(0));
        market.slash(ZERO, noWord());
        assertStage(0, Stage.Lost);
        assertEq(reserved(alice), 0);
        assertEq(free(alice), BOND - claimBond());
        assertEq(market.toBurn(), claimBond());
        marketVm.expectPartialRevert(IProofMarket.Market__NoClaim.selector);
        market.slash(ZERO, noWord());
    }

    function test_theWholeBondBurnsWhenTheEpochIsLost() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(deadlineOf(0));
        chain.prune();
        market.slash(ZERO, noWord());
        assertEq(market.toBurn(), claimBond());
        assertStage(0, Stage.Lost);
    }

    function test_anyoneBurnsWhatIsForfeitedOnce() external {
        uint256 supply = token.totalSupply();
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__NothingToBurn.selector));
        market.burn();
        vm.warp(deadlineOf(0));
        market.slash(ZERO, noWord());
        assertEq(token.totalSupply(), supply);
        vm.prank(carol);
        // One unit keeps the slot.
        assertEq(market.burn(), claimBond() - 1);
        assertEq(token.totalSupply(), supply - claimBond() + 1);
        assertEq(market.toBurn(), 1);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__NothingToBurn.selector));
        market.burn();
    }

    function test_noSlashForAProvenEpoch() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        prove(end, alice);
        vm.warp(endOf(0) + 131);
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__EpochProven.selector, 0));
        market.slash(ZERO, word());
        WordOpening memory forged = word();
        forged.when += 1 << 64;
        marketVm.expectPartialRevert(IProofMarket.Market__WrongWord.selector);
        market.slash(ZERO, forged);
    }

    function test_noSlashWithoutAClaim() external {
        epochWithBlocks(0);
        market.open(word());
        vm.warp(endOf(0) + 131);
        marketVm.expectPartialRevert(IProofMarket.Market__NoClaim.selector);
        market.slash(ZERO, noWord());
    }

    // Release

    function test_aPrunedEpochAfterADefaultIsNotReleased() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(deadlineOf(0));
        chain.prune();
        marketVm.expectPartialRevert(IProofMarket.Market__NotReleasable.selector);
        market.release(ZERO, noWord());
    }

    function test_aBlockThatIsConvictedReleasesTheClaim() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        skip(20);
        marketVm.expectPartialRevert(IProofMarket.Market__NotReleasable.selector);
        market.release(ZERO, noWord());
        chain.invalidate(1);
        skip(200);
        marketVm.expectPartialRevert(IProofMarket.Market__NotSlashable.selector);
        market.slash(ZERO, noWord());
        market.release(ZERO, noWord());
        assertEq(free(alice), BOND);
        assertStage(0, Stage.Released);
    }

    function test_anEpochProvenWithAnotherEndReleasesTheClaim() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        chain.invalidate(2);
        skip(200);
        prove(1, bob);
        (address payee, uint256 paid) = settle();
        assertEq(payee, bob);
        assertEq(paid, ((POT / 2) * 8_000) / 10_000);
        assertEq(free(alice), BOND);
        assertStage(0, Stage.Released);
    }

    function test_aPauseInExclusiveTimeReleasesTheClaim() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        skip(50);
        chain.pause(200);
        skip(300);
        marketVm.expectPartialRevert(IProofMarket.Market__NotSlashable.selector);
        market.slash(ZERO, noWord());
        uint256 before = marketVm.snapshotState();
        market.release(ZERO, noWord());
        assertEq(free(alice), BOND);
        // An open race from there, the paused seconds not counted.
        prove(end, carol);
        (address payee, ) = settle();
        assertEq(payee, carol);

        // The proof says the same when nobody called for the release.
        marketVm.revertToState(before);
        prove(end, carol);
        (payee, ) = settle();
        assertEq(payee, carol);
        assertEq(free(alice), BOND);
        assertStage(0, Stage.Released);
    }

    function test_aPauseAfterTheProofChangesNothing() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);
        skip(50);
        prove(end, alice);
        skip(10);
        chain.pause(200);
        WordOpening memory opening = word();
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__EpochProven.selector, 0));
        market.release(ZERO, opening);
        skip(300);
        (address payee, uint256 paid) = settle();
        assertEq(payee, alice);
        assertEq(paid, (POT * 1_500) / 10_000);
    }

    function test_aPauseAfterADefaultDoesNotSaveTheClaimant() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        skip(111);
        chain.pause(200);
        skip(20);
        marketVm.expectPartialRevert(IProofMarket.Market__NotReleasable.selector);
        market.release(ZERO, noWord());
        market.slash(ZERO, noWord());
        assertStage(0, Stage.Defaulted);
        // The pause gave the epoch more time, and a rescuer with it.
        vm.warp(deadlineOf(0) + 40);
        marketVm.expectPartialRevert(IProofMarket.Market__NotSlashable.selector);
        market.slash(ZERO, noWord());
        prove(2, bob);
        settle();
        assertEq(free(bob), BOND + claimBond() / 2);
    }

    function test_aClaimWhoseRingWordCameRoundIsReleased() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(deadlineOf(0));
        prove(epochWithBlocks(16), bob);
        marketVm.expectPartialRevert(IProofMarket.Market__NotSlashable.selector);
        market.slash(ZERO, word());
        market.release(ZERO, word());
        assertEq(free(alice), BOND);
    }

    function test_aDefaultWhoseRingWordCameRoundFreesOnlyWhatIsLeft() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(endOf(0) + 131);
        market.slash(ZERO, noWord());
        vm.warp(deadlineOf(0));
        prove(epochWithBlocks(16), bob);
        market.release(ZERO, word());
        assertEq(free(alice), BOND - claimBond() / 2);
        assertEq(reserved(alice), 0);
        assertEq(market.toBurn(), claimBond() / 2);
    }

    /// @notice Every claim ends: after a prune and a regrown chain the ring's older word is shown.
    function test_aDefaultIsSlashableAfterTheChainGrewOn() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_500);
        vm.warp(deadlineOf(0));
        prove(epochWithBlocks(9), bob);
        prove(epochWithBlocks(10), bob);
        market.slash(ZERO, noWord());
        assertStage(0, Stage.Lost);
    }

    function noWord() private pure returns (WordOpening memory opening) {}
}
