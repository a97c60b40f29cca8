// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofMarket, MarketParameters, Quote, Stage} from "../../contracts/market/IProofMarket.sol";
import {ProofMarket} from "../../contracts/market/ProofMarket.sol";
import {IProverPot} from "../../contracts/rewards/IProverPot.sol";
import {IRollup} from "../../contracts/rollup/IRollup.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {RollupDouble} from "./MarketDoubles.sol";
import {marketVm} from "./MarketVm.sol";
import {vm} from "./Vm.sol";

/// @notice A contract that accepts what its owner approved, or misbehaves.
contract ContractProver {
    enum Manner {
        Approve,
        Refuse,
        BurnGas,
        LongAnswer,
        Revert
    }

    bytes32 private _approved;
    Manner private _manner;

    function set(bytes32 approved, Manner manner) external {
        _approved = approved;
        _manner = manner;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        if (_manner == Manner.Refuse) return 0xffffffff;
        if (_manner == Manner.BurnGas) while (true) {}
        if (_manner == Manner.LongAnswer) {
            assembly {
                mstore(0, 0x1626ba7e00000000000000000000000000000000000000000000000000000000)
                return(0, 100000)
            }
        }
        if (_manner == Manner.Revert) revert();
        return hash == _approved ? bytes4(0x1626ba7e) : bytes4(0);
    }
}

/// @notice Quotes and bonds: what makes a quote invalid, and what backs it.
contract MarketQuoteTest is MarketFixture {
    bytes4 private constant INVALID = IProofMarket.Market__InvalidSignature.selector;

    function test_anExpiredQuoteIsRefused() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 100);
        quote.validUntil = marketVm.getBlockTimestamp() - 1;
        claimReverts(
            quote,
            signed(quote),
            abi.encodeWithSelector(IProofMarket.Market__QuoteExpired.selector, quote.validUntil)
        );
        quote.validUntil += 1;
        claimWith(quote, signed(quote));
    }

    function test_aCancelledQuoteIsRefused() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 100);
        bytes memory signature = signed(quote);
        vm.prank(alice);
        market.cancelQuotes(1);
        claimReverts(quote, signature, abi.encodeWithSelector(IProofMarket.Market__NonceUsed.selector, 1, 0));
        vm.prank(alice);
        marketVm.expectPartialRevert(IProofMarket.Market__NonceNotAbove.selector);
        market.cancelQuotes(1);
    }

    function test_aQuoteIsUsedOnce() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        bytes memory signature = signed(quote);
        claimWith(quote, signature);
        claim(bob, 0, 900);
        // Replayed against the same epoch, after its claim was outbid, and again after a release.
        claimReverts(quote, signature, abi.encodePacked(IProofMarket.Market__NoImprovement.selector));
        chain.invalidate(2);
        claimReverts(quote, signature, abi.encodeWithSelector(IProofMarket.Market__NonceUsed.selector, 1, 0));
    }

    function test_aQuoteForAnotherEpochIsRefused() external {
        prove(epochWithBlocks(0), alice);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        bytes memory signature = signed(quote);
        epochWithBlocks(1);
        quote.epoch = Epoch.wrap(1);
        claimReverts(quote, signature, abi.encodePacked(INVALID));
    }

    function test_aQuoteForAnotherRollupOrMarketIsRefused() external {
        ProofMarket other = new ProofMarket(
            IRollup(address(new RollupDouble(address(token)))),
            IProverPot(address(pot)),
            parameters()
        );
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        bytes memory signature = _sign(quote, other.quoteDigest(quote));
        claimReverts(quote, signature, abi.encodePacked(INVALID));
    }

    function test_aQuoteForAnotherVerifierKeyIsRefused() external {
        MarketParameters memory p = parameters();
        p.verifierKeyHash = keccak256("another key");
        ProofMarket other = new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), p);
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        bytes memory signature = _sign(quote, other.quoteDigest(quote));
        claimReverts(quote, signature, abi.encodePacked(INVALID));
    }

    function test_aQuoteOfAnotherChainIsRefused() external {
        Quote memory quote = quoteOf(alice, 0, 1_000);
        vm.chainId(5);
        ProofMarket other = new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), parameters());
        bytes memory signature = _sign(quote, other.quoteDigest(quote));
        vm.chainId(31337);
        epochWithBlocks(0);
        claimReverts(quote, signature, abi.encodePacked(INVALID));
    }

    function test_everySignedFieldCounts() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        bytes memory signature = signed(quote);
        quote.fee = 999;
        claimReverts(quote, signature, abi.encodePacked(INVALID));
        quote.fee = 1_000;
        quote.bond += 1;
        claimReverts(quote, signature, abi.encodePacked(INVALID));
        quote.bond -= 1;
        quote.validUntil += 1;
        claimReverts(quote, signature, abi.encodePacked(INVALID));
        quote.validUntil -= 1;
        quote.nonce += 1;
        claimReverts(quote, signature, abi.encodePacked(INVALID));
        quote.nonce -= 1;
        quote.prover = bob;
        claimReverts(quote, signature, abi.encodePacked(INVALID));
        quote.prover = alice;
        claimWith(quote, signature);
    }

    function test_theHigherOfTwoSignaturesIsRefused() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        (uint8 v, bytes32 r, bytes32 s) = marketVm.sign(ALICE_KEY, market.quoteDigest(quote));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory twin = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        claimReverts(quote, twin, abi.encodePacked(INVALID));
        claimReverts(quote, abi.encodePacked(r, s), abi.encodePacked(INVALID));
        claimReverts(quote, "", abi.encodePacked(INVALID));
    }

    // Contracts as provers

    function test_aContractApprovesItsQuotes() external {
        (ContractProver prover, Quote memory quote) = _contractQuote();
        prover.set(market.quoteDigest(quote), ContractProver.Manner.Approve);
        claimWith(quote, "any");
        assertStage(0, Stage.Claimed);
    }

    function test_aContractThatRefusesRevertsOrSaysAnythingElseIsRefused() external {
        (ContractProver prover, Quote memory quote) = _contractQuote();
        prover.set(market.quoteDigest(quote), ContractProver.Manner.Refuse);
        claimReverts(quote, "any", abi.encodePacked(INVALID));
        prover.set(market.quoteDigest(quote), ContractProver.Manner.Revert);
        claimReverts(quote, "any", abi.encodePacked(INVALID));
        prover.set(bytes32(0), ContractProver.Manner.Approve);
        claimReverts(quote, "any", abi.encodePacked(INVALID));
    }

    function test_aGasBombCostsTheCapAndNoMore() external {
        (ContractProver prover, Quote memory quote) = _contractQuote();
        prover.set(bytes32(0), ContractProver.Manner.BurnGas);
        uint256 before = gasleft();
        claimReverts(quote, "any", abi.encodePacked(INVALID));
        assertTrue(before - gasleft() < 600_000, "the bomb went off");
    }

    function test_aLongAnswerIsNotCopied() external {
        (ContractProver prover, Quote memory quote) = _contractQuote();
        prover.set(bytes32(0), ContractProver.Manner.LongAnswer);
        claimWith(quote, "any");
        assertStage(0, Stage.Claimed);
    }

    // Bonds

    function test_aQuoteWithoutBondIsRefused() external {
        epochWithBlocks(0);
        address carol = marketVm.addr(0xca);
        keys[carol] = 0xca;
        Quote memory quote = quoteOf(carol, 0, 100);
        claimReverts(
            quote,
            signed(quote),
            abi.encodeWithSelector(IProofMarket.Market__BondNotFree.selector, claimBond(), 0)
        );
        market.deposit(carol, claimBond());
        claimWith(quote, signed(quote));
    }

    function test_aQuoteThatOffersLessThanTheBondIsRefused() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1);
        quote.bond = claimBond() - 1;
        claimReverts(
            quote,
            signed(quote),
            abi.encodeWithSelector(IProofMarket.Market__BondAboveQuote.selector, claimBond(), claimBond() - 1)
        );
    }

    function test_aQuoteThatOffersJustTheBondIsTaken() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1);
        quote.bond = claimBond();
        claimWith(quote, signed(quote));
        assertEq(reserved(alice), claimBond());
    }

    /// @notice Review finding 16: the bond does not depend on one's own quote.
    function test_aCheapQuoteNeedsTheSameBond() external {
        epochWithBlocks(0);
        claim(alice, 0, 1);
        assertEq(reserved(alice), claimBond());
    }

    function test_whatIsOnItsWayOutStillBacksAQuote() external {
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 100);
        vm.prank(alice);
        market.initiateWithdrawal(BOND);
        claimWith(quote, signed(quote));
        assertEq(reserved(alice), claimBond());
        assertEq(market.accountOf(alice).withdrawing, BOND - claimBond());
    }

    function test_withdrawalTakesTwoStepsAndTheDelay() external {
        vm.startPrank(alice);
        marketVm.expectPartialRevert(IProofMarket.Market__NothingToWithdraw.selector);
        market.finaliseWithdrawal(alice);
        marketVm.expectPartialRevert(IProofMarket.Market__InsufficientFree.selector);
        market.initiateWithdrawal(BOND + 1);
        market.initiateWithdrawal(BOND / 2);
        skip(999);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProofMarket.Market__WithdrawalTooEarly.selector,
                marketVm.getBlockTimestamp() + 1
            )
        );
        market.finaliseWithdrawal(alice);
        // More of it starts the delay anew.
        market.initiateWithdrawal(BOND / 4);
        skip(999);
        marketVm.expectPartialRevert(IProofMarket.Market__WithdrawalTooEarly.selector);
        market.finaliseWithdrawal(alice);
        skip(1);
        assertEq(market.finaliseWithdrawal(address(0xdead)), BOND / 2 + BOND / 4);
        assertEq(token.balanceOf(address(0xdead)), BOND / 2 + BOND / 4);
        vm.stopPrank();
    }

    function test_aReservedBondCannotBeWithdrawn() external {
        epochWithBlocks(0);
        claim(alice, 0, 100);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IProofMarket.Market__InsufficientFree.selector, BOND - claimBond(), BOND)
        );
        market.initiateWithdrawal(BOND);
    }

    function test_claimsAreLimitedByTheFreeBond() external {
        vm.prank(alice);
        market.initiateWithdrawal(BOND - 2 * claimBond());
        skip(1_000);
        vm.prank(alice);
        market.finaliseWithdrawal(alice);
        uint256 epoch = marketVm.getBlockTimestamp() / EPOCH;
        epoch = (marketVm.getBlockTimestamp() - 1_000_000) / EPOCH;
        for (uint256 i = 0; i < 2; ++i) {
            uint256 end = epochWithBlocks(epoch + i);
            claim(alice, epoch + i, 100);
            prove(end, alice);
        }
        // Neither claim is ended yet: a third finds no bond.
        epochWithBlocks(epoch + 2);
        Quote memory quote = quoteOf(alice, epoch + 2, 100);
        claimReverts(
            quote,
            signed(quote),
            abi.encodeWithSelector(IProofMarket.Market__BondNotFree.selector, claimBond(), 0)
        );
        market.resolve(last);
        claimWith(quote, signed(quote));
    }

    function test_anyoneDepositsForAProver() external {
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__AmountOutOfRange.selector, 0));
        market.deposit(alice, 0);
        market.deposit(alice, 5);
        assertEq(free(alice), BOND + 5);
    }

    // Permissioned networks

    function test_onlyListedProversClaimOnAPermissionedNetwork() external {
        MarketParameters memory p = parameters();
        p.permissioned = true;
        p.bondFloor = 0;
        p.bondMultiple = 0;
        market = new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), p);
        pot.setMarket(address(market));
        epochWithBlocks(0);
        Quote memory quote = quoteOf(alice, 0, 1_000);
        claimReverts(
            quote,
            signed(quote),
            abi.encodeWithSelector(IProofMarket.Market__NotListed.selector, alice)
        );
        market.listProver(alice, true);
        claimWith(quote, signed(quote));
        assertEq(reserved(alice), 0);
        // Taken off the list, the prover keeps what it has claimed.
        market.listProver(alice, false);
        prove(2, alice);
        (address payee, ) = settle();
        assertEq(payee, alice);
        vm.prank(alice);
        marketVm.expectRevert();
        market.listProver(alice, true);
    }

    // Parameters

    function test_parametersThatLetADefaultPayAreRefused() external {
        MarketParameters memory p = parameters();
        // Half of it burns: twice the open race's pay is not enough, the tiniest bit more is.
        p.bondMultiple = 20_000;
        _refused(p, "bond");
        p.bondMultiple = 20_001;
        new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), p);
        p.bondFloor = 0;
        _refused(p, "bond");
        p = parameters();
        p.grace = p.raceWindow;
        _refused(p, "grace");
        p = parameters();
        p.exclusivePeriod = 6 * EPOCH - p.raceWindow - p.improvementWindow + 1;
        _refused(p, "exclusivity");
        p = parameters();
        p.withdrawalDelay = 7 * EPOCH + 499;
        _refused(p, "withdrawalDelay");
        p = parameters();
        p.reserveStart = p.reserveMax + 1;
        _refused(p, "reserveStart");
        p.reserveStart = 0;
        p.reserveMax = 10_001;
        _refused(p, "reserveMax");
        p = parameters();
        p.reserveRamp = 0;
        _refused(p, "reserveRamp");
        p = parameters();
        p.improvementStep = 0;
        _refused(p, "improvementStep");
        p = parameters();
        p.exclusivePeriod = 0;
        _refused(p, "exclusivePeriod");
        p = parameters();
        p.rescueShare = 10_001;
        _refused(p, "rescueShare");
    }

    function _refused(MarketParameters memory p, bytes32 name) private {
        vm.expectRevert(abi.encodeWithSelector(IProofMarket.Market__InvalidParameter.selector, name));
        new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), p);
    }

    function _contractQuote() private returns (ContractProver prover, Quote memory quote) {
        epochWithBlocks(0);
        prover = new ContractProver();
        market.deposit(address(prover), BOND);
        quote = quoteOf(address(prover), 0, 1_000);
    }

    function _sign(Quote memory quote, bytes32 digest) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = marketVm.sign(keys[quote.prover], digest);
        return abi.encodePacked(r, s, v);
    }
}
