// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, IProofMarket, Quote, Stage, WordOpening} from "../../contracts/market/IProofMarket.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {marketVm} from "./MarketVm.sol";
import {vm} from "./Vm.sol";

/// @notice Claims: whose turn, at what price, until when.
contract MarketClaimTest is MarketFixture {
    function test_claimReservesTheBondAndStoresTheEndRecord() external {
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, 1_500);

        Claim memory c = market.claimOf(Epoch.wrap(0));
        assertEq(c.prover, alice);
        assertEq(c.fee, 1_500);
        assertEq(c.bond, claimBond());
        assertEq(c.exclusiveUntil, endOf(0) + 110);
        assertEq(c.deadline, deadlineOf(0));
        assertEq(c.endNumber, end);
        assertEq(c.endRecordHash, chain.recordHash(end));
        assertEq(free(alice), BOND - claimBond());
        assertEq(reserved(alice), claimBond());
    }

    function test_turnBeginsAtTheEndOfTheEpochOrAtTheProofBefore() external {
        uint256 first = epochWithBlocks(0);
        epochWithBlocks(1);
        skip(30);
        prove(first, alice);
        uint256 provenAt = marketVm.getBlockTimestamp();
        skip(20);
        market.open(word());
        assertEq(market.claimOf(Epoch.wrap(1)).since, provenAt);
        // 2000 + 6000 * 20 / 60
        assertEq(market.reserveAt(Epoch.wrap(1), marketVm.getBlockTimestamp()), 4_000);
        assertEq(market.reserveAt(Epoch.wrap(1), provenAt), 2_000);
        assertEq(market.reserveAt(Epoch.wrap(1), provenAt + 60), 8_000);
        assertEq(market.reserveAt(Epoch.wrap(1), provenAt + 6_000), 8_000);
    }

    function test_openRefusesAPredecessorThatIsNotTheLastProven() external {
        prove(epochWithBlocks(0), alice);
        WordOpening memory stale = word();
        prove(epochWithBlocks(1), alice);
        epochWithBlocks(2);
        marketVm.expectPartialRevert(IProofMarket.Market__WrongPredecessor.selector);
        market.open(stale);

        stale.endRecordHash = word().endRecordHash;
        marketVm.expectPartialRevert(IProofMarket.Market__WrongWord.selector);
        market.open(stale);
    }

    function test_reserveStandsStillInAPause() external {
        epochWithBlocks(0);
        market.open(word());
        skip(10);
        chain.pause(100);
        assertEq(market.reserveAt(Epoch.wrap(0), endOf(0) + 10), 3_000);
        assertEq(market.reserveAt(Epoch.wrap(0), endOf(0) + 110), 3_000);
        assertEq(market.reserveAt(Epoch.wrap(0), endOf(0) + 120), 4_000);
    }

    // Whose turn

    function test_onlyTheOldestUnprovenEpochCanBeClaimed() external {
        epochWithBlocks(0);
        epochWithBlocks(1);
        Quote memory quote = quoteOf(alice, 1, 100);
        bytes memory signature = signed(quote);
        uint256[7] memory end = chain.record(4);
        uint256[7] memory none;
        WordOpening memory opening;
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__NotItsTurn.selector, 0, 1));
        market.claim(quote, signature, end, none, opening);
    }

    function test_aClaimCannotSpanEpochs() external {
        epochWithBlocks(0);
        epochWithBlocks(1);
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        uint256[7] memory end = chain.record(4);
        uint256[7] memory none;
        WordOpening memory opening;
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__WrongEpoch.selector, 0, 1));
        market.claim(quote, signature, end, none, opening);
    }

    function test_nothingToClaimWithoutBlocks() external {
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        uint256[7] memory record = chain.record(0);
        WordOpening memory opening;
        marketVm.expectPartialRevert(IProofMarket.Market__NothingToProve.selector);
        market.claim(quote, signature, record, record, opening);
    }

    function test_anEpochThatCanGetAnotherBlockCannotBeClaimed() external {
        chain.propose(0, 1);
        vm.warp(endOf(0) - 1);
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__EpochIncomplete.selector, 0)
        );

        // With its last slot filled it cannot.
        chain.propose(3, 2);
        claimWith(quote, signature);
    }

    function test_aPrefixOfTheEpochCannotBeClaimed() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        uint256[7] memory end = chain.record(1);
        uint256[7] memory next = chain.record(2);
        WordOpening memory opening;
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__EpochIncomplete.selector, 0));
        market.claim(quote, signature, end, next, opening);
        next[0] ^= 1;
        marketVm.expectPartialRevert(IProofMarket.Market__WrongNextRecord.selector);
        market.claim(quote, signature, end, next, opening);
        end[0] ^= 1;
        marketVm.expectPartialRevert(IProofMarket.Market__WrongEndRecord.selector);
        market.claim(quote, signature, end, next, opening);
    }

    function test_noClaimForAnEpochWhosePruneIsDue() external {
        epochWithBlocks(0);
        vm.warp(deadlineOf(0));
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        uint256[7] memory end = chain.record(2);
        WordOpening memory opening;
        marketVm.expectPartialRevert(IProofMarket.Market__NothingToProve.selector);
        market.claim(quote, signature, end, end, opening);
    }

    // Price and improvement

    function test_aFeeAboveTheReserveWaitsForIt() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 5_000);
        bytes memory signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__FeeAboveReserve.selector, 2_000, 5_000)
        );
        skip(29);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__FeeAboveReserve.selector, 4_900, 5_000)
        );
        skip(1);
        claimWith(quote, signature);
    }

    function test_aBetterQuoteReplacesAWeakerOneInTheWindowOnly() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        skip(10);
        claim(bob, 0, 990);

        Claim memory c = market.claimOf(Epoch.wrap(0));
        assertEq(c.prover, bob);
        assertEq(c.exclusiveUntil, endOf(0) + 110);
        assertEq(free(alice), BOND);
        assertEq(reserved(alice), 0);
        assertEq(reserved(bob), claimBond());

        skip(1);
        Quote memory quote = quoteOf(alice, 0, 10);
        bytes memory signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__ClaimIsFirm.selector, 0, bob)
        );
    }

    function test_improvementsAreWorthASteps() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        Quote memory quote = quoteOf(bob, 0, 991);
        bytes memory signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__NoImprovement.selector, 990, 991)
        );
        quote = quoteOf(bob, 0, 1_100);
        signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__NoImprovement.selector, 990, 1_100)
        );
    }

    function test_outbiddingOneselfOnlyGetsCheaperAndHoldsOneBond() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        claim(alice, 0, 500);
        claim(alice, 0, 400);
        assertEq(reserved(alice), claimBond());
        assertEq(free(alice), BOND - claimBond());
        assertEq(market.claimOf(Epoch.wrap(0)).exclusiveUntil, endOf(0) + 110);
        Quote memory quote = quoteOf(alice, 0, 450);
        bytes memory signature = signed(quote);
        claimReverts(quote, signature, abi.encodePacked(IProofMarket.Market__NoImprovement.selector));
    }

    // Time

    function test_exclusivityLeavesTheRaceWindowBeforeTheDeadline() external {
        epochWithBlocks(0);
        uint256 latest = deadlineOf(0) - 50 - 110;
        vm.warp(latest + 1);
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        claimReverts(quote, signature, abi.encodeWithSelector(IProofMarket.Market__TooLate.selector, latest));
        vm.warp(latest);
        claimWith(quote, signature);
    }

    function test_noClaimInAPause() external {
        epochWithBlocks(0);
        chain.pause(50);
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__Paused.selector, marketVm.getBlockTimestamp() + 50)
        );
        skip(50);
        claimWith(quote, signature);
    }

    function test_noSecondClaimAfterADefault() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        skip(131);
        market.slash(Epoch.wrap(0), word());
        Quote memory quote = quoteOf(bob, 0, 100);
        bytes memory signature = signed(quote);
        claimReverts(quote, signature, abi.encodePacked(IProofMarket.Market__ClaimIsFirm.selector));
    }

    function test_aChangedEndRecordLetsAnotherClaimInAndFreesTheFirst() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        skip(40);
        chain.invalidate(2);
        claim(bob, 0, 700);
        assertEq(free(alice), BOND);
        assertEq(market.claimOf(Epoch.wrap(0)).prover, bob);
        assertEq(market.claimOf(Epoch.wrap(0)).exclusiveUntil, endOf(0) + 40 + 110);
    }

    function test_aPauseLetsAnotherClaimInAndFreesTheFirst() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        skip(40);
        chain.pause(48);
        skip(48);
        claim(bob, 0, 700);
        assertEq(free(alice), BOND);
        assertEq(market.claimOf(Epoch.wrap(0)).prover, bob);
    }

    function test_theRingWordOfALiveClaimIsNotOverwritten() external {
        epochWithBlocks(0);
        claim(alice, 0, 1_000);
        vm.warp(deadlineOf(0));
        epochWithBlocks(16);
        Quote memory quote = quoteOf(bob, 16, 100);
        bytes memory signature = signed(quote);
        claimReverts(
            quote,
            signature,
            abi.encodeWithSelector(IProofMarket.Market__OlderClaimNotEnded.selector, 0)
        );
        market.slash(Epoch.wrap(0), word());
        assertStage(0, Stage.Lost);
        claimWith(quote, signature);
        assertStage(16, Stage.Claimed);
    }

    // Who may

    function test_theSwitchClosesFutureEpochsOnly() external {
        epochWithBlocks(0);
        market.switchClaims(true);
        // The switch was made in epoch 1: epochs 0 and 1 are as they were.
        claim(alice, 0, 1_000);
        epochWithBlocks(1);
        prove(2, alice);
        claim(bob, 1, 1_000);
        (address payee, ) = settle();
        assertEq(payee, alice);
        prove(4, bob);
        (payee, ) = settle();
        assertEq(payee, bob);

        epochWithBlocks(2);
        Quote memory quote = quoteOf(alice, 2, 100);
        bytes memory signature = signed(quote);
        claimReverts(quote, signature, abi.encodeWithSelector(IProofMarket.Market__ClaimsClosed.selector, 2));
        // An open race goes on.
        market.open(word());
        skip(60);
        prove(6, bob);
        (, uint256 paid) = settle();
        assertEq(paid, (POT * 8_000) / 10_000);

        market.switchClaims(false);
        epochWithBlocks(3);
        assertTrue(market.isClosed(Epoch.wrap(3)), "closed at the switch");
        epochWithBlocks(5);
        assertTrue(!market.isClosed(Epoch.wrap(5)), "open after it");
    }

    function test_aSwitchWaitsUntilTheLastOneIsDoneWith() external {
        epochWithBlocks(0);
        market.switchClaims(true);
        marketVm.expectPartialRevert(IProofMarket.Market__SwitchPending.selector);
        market.switchClaims(false);
        vm.prank(alice);
        marketVm.expectRevert();
        market.switchClaims(false);
    }
}
