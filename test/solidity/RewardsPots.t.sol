// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeePortal} from "../../contracts/bridge/FeePortal.sol";
import {IFeePortal} from "../../contracts/bridge/IFeePortal.sol";
import {EpochOpening} from "../../contracts/rewards/IProverPot.sol";
import {IRewards, RewardsConfig} from "../../contracts/rewards/IRewards.sol";
import {Rewards} from "../../contracts/rewards/Rewards.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {RewardsFixture} from "./RewardsFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Prover pots, burns, sweeps, and the parameters.
contract RewardsPotsTest is RewardsFixture {
    uint256 internal constant EPOCH_NUMBER = 50;
    uint256 internal constant BLOCKS = 3;

    function setUp() public override {
        super.setUp();
        pass(startOf(EPOCH_NUMBER + 1) + 10);
        proveEpoch(EPOCH_NUMBER, BLOCKS);
        pass(time + DELAY);
    }

    function opened() internal view returns (EpochOpening memory) {
        return proven[EPOCH_NUMBER].opening;
    }

    function credit(address to, uint256 fee) internal returns (uint256) {
        return creditOf(EPOCH_NUMBER, to, fee);
    }

    function creditOf(uint256 epoch, address to, uint256 fee) internal returns (uint256) {
        EpochOpening memory o = proven[epoch].opening;
        vm.prank(MARKET);
        return rewards.creditProver(o, to, fee);
    }

    function potOf(uint256 blocks) internal pure returns (uint256) {
        return proverFeesOf(blocks) + blocks * PROVER_REWARD;
    }

    function assertOwed(address prover, uint256 fees, uint256 reward) internal view {
        (uint256 owedFees, uint256 owedReward) = rewards.creditOf(prover);
        assertEq(owedFees, fees);
        assertEq(owedReward, reward);
    }

    function assertLeft(uint256 epoch, uint256 unspent, uint256 burnable) internal view {
        (uint256 a, uint256 b) = rewards.leftoversOf(Epoch.wrap(epoch));
        assertEq(a, unspent);
        assertEq(b, burnable);
    }

    /// @dev All but so much leaves the distributor.
    function drain(uint256 left) internal {
        uint256 held = tst.balanceOf(address(distributor));
        vm.prank(address(distributor));
        tst.transfer(address(this), held - left);
    }

    // Pot

    function test_thePotIsTheProversFeesAndARewardForEveryCommitteeBlock() external {
        uint256[] memory leaves = new uint256[](3);
        leaves[0] = leafOf(COINBASE, 8, 10);
        // A fallback block adds its fees and no reward.
        leaves[1] = leafOf(COINBASE, 0, 10);
        leaves[2] = leafOf(COINBASE, 7, 10);
        proveEpoch(EPOCH_NUMBER + 1, leaves);
        uint256 provenAt = time;
        pass(time + DELAY);
        (uint256 pot, uint256 epoch, uint256 at) = rewards.proverPot(proven[EPOCH_NUMBER + 1].opening);
        assertEq(pot, proverFeesOf(3) + 2 * PROVER_REWARD);
        assertEq(epoch, EPOCH_NUMBER + 1);
        assertEq(at, provenAt);
    }

    function test_aCreditMovesNothingAndACollectPaysFeesAndReward() external {
        uint256 pot = potOf(BLOCKS);
        assertEq(credit(PROVER, 5_000), pot / 2);
        assertOwed(PROVER, proverFeesOf(BLOCKS), pot / 2 - proverFeesOf(BLOCKS));
        assertEq(tst.balanceOf(portal), FUNDS);
        assertEq(tst.balanceOf(address(distributor)), FUNDS);
        (bool spent, bool burned) = rewards.isSettled(Epoch.wrap(EPOCH_NUMBER));
        assertTrue(spent && burned, "settled");

        (uint256 fees, uint256 reward) = rewards.collectProver(PROVER);
        assertEq(fees, proverFeesOf(BLOCKS));
        assertEq(fees + reward, pot / 2);
        assertEq(tst.balanceOf(PROVER), pot / 2);
        assertEq(tst.balanceOf(portal), FUNDS - fees);
        assertEq(tst.balanceOf(address(distributor)), FUNDS - reward);
        assertOwed(PROVER, 0, 0);
    }

    function test_oneCollectPaysForManyEpochs() external {
        proveEpoch(EPOCH_NUMBER + 1, 1);
        proveEpoch(EPOCH_NUMBER + 2, 2);
        pass(time + DELAY);
        uint256 sum =
            credit(PROVER, 10_000) +
                creditOf(EPOCH_NUMBER + 1, PROVER, 1_000) +
                creditOf(EPOCH_NUMBER + 2, PROVER, 3);
        rewards.collectProver(PROVER);
        assertEq(tst.balanceOf(PROVER), sum);
    }

    function test_nothingIsCollectedTwice() external {
        credit(PROVER, 10_000);
        rewards.collectProver(PROVER);
        expectError(abi.encodeWithSelector(IRewards.Rewards__NothingToCollect.selector, PROVER));
        rewards.collectProver(PROVER);
    }

    function test_aForestalledPotCreditsNobody() external {
        credit(address(0), 0);
        assertOwed(address(0), 0, 0);
        assertLeft(EPOCH_NUMBER, proverFeesOf(BLOCKS), burnedOf(BLOCKS));
    }

    function test_whatAPotLeavesWaitsForAFlush() external {
        uint256 supply = tst.totalSupply();
        // One basis point: less than the fees.
        uint256 credited = credit(PROVER, 1);
        uint256 unspent = proverFeesOf(BLOCKS) - credited;
        assertLeft(EPOCH_NUMBER, unspent, burnedOf(BLOCKS));
        assertEq(tst.balanceOf(portal), FUNDS);
        assertEq(tst.totalSupply(), supply);

        rewards.flush(Epoch.wrap(EPOCH_NUMBER));
        assertEq(tst.balanceOf(address(distributor)), FUNDS + unspent);
        assertEq(tst.balanceOf(portal), FUNDS - unspent - burnedOf(BLOCKS));
        assertEq(tst.totalSupply(), supply - burnedOf(BLOCKS));
        assertLeft(EPOCH_NUMBER, 0, 0);
        expectError(abi.encodeWithSelector(IRewards.Rewards__NothingToFlush.selector, EPOCH_NUMBER));
        rewards.flush(Epoch.wrap(EPOCH_NUMBER));
        // The marks stay.
        (bool spent, bool burned) = rewards.isSettled(Epoch.wrap(EPOCH_NUMBER));
        assertTrue(spent && burned, "settled");
    }

    /// @notice Epochs 48 to 63 share a word, and it takes over what was left in the word's lap before.
    function test_leftoversOfManyEpochsAreFlushedAtOnceAndOutliveTheRing() external {
        proveEpoch(EPOCH_NUMBER + 1, 1);
        pass(time + DELAY);
        uint256 spent = credit(PROVER, 1) + creditOf(EPOCH_NUMBER + 1, PROVER, 1);
        uint256 unspent = proverFeesOf(BLOCKS) + proverFeesOf(1) - spent;
        assertLeft(EPOCH_NUMBER + 13, unspent, burnedOf(BLOCKS) + burnedOf(1));
        assertLeft(EPOCH_NUMBER + 14, 0, 0);

        // The ring has (40 + 2) / 16 + 2 words.
        uint256 later = EPOCH_NUMBER + 4 * 16;
        pass(startOf(later + 1) + 10);
        proveEpoch(later, BLOCKS);
        pass(time + DELAY);
        assertLeft(later, unspent, burnedOf(BLOCKS) + burnedOf(1));
        (bool isSpent, bool isBurned) = rewards.isSettled(Epoch.wrap(later));
        assertTrue(!isSpent && !isBurned, "marks of another lap");
        unspent += proverFeesOf(BLOCKS) - creditOf(later, PROVER, 1);
        rewards.flush(Epoch.wrap(later));
        assertEq(tst.balanceOf(address(distributor)), FUNDS + unspent);
    }

    /// @notice Anyone may name any epoch, also one of another lap that shares the word: its sums go, the marks stay.
    function test_aFlushNamedByAnotherLapsEpochForgetsNoMark() external {
        credit(PROVER, 1);
        uint256 other = EPOCH_NUMBER + 4 * 16;
        (uint256 unspent, uint256 burned) = rewards.flush(Epoch.wrap(other));
        assertEq(unspent, proverFeesOf(BLOCKS) - potOf(BLOCKS) / 10_000);
        assertEq(burned, burnedOf(BLOCKS));

        EpochOpening memory o = opened();
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        vm.prank(MARKET);
        rewards.creditProver(o, PROVER, 10_000);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        rewards.burnFees(o);
        (bool spent, bool isBurned) = rewards.isSettled(Epoch.wrap(EPOCH_NUMBER));
        assertTrue(spent && isBurned, "settled");
    }

    function test_aPotIsSpentOnce() external {
        credit(PROVER, 0);
        EpochOpening memory o = opened();
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        vm.prank(MARKET);
        rewards.creditProver(o, PROVER, 1);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        rewards.proverPot(o);
    }

    function test_onlyTheMarketCredits() external {
        EpochOpening memory o = opened();
        expectError(abi.encodeWithSelector(IRewards.Rewards__OnlyMarket.selector, address(this)));
        rewards.creditProver(o, PROVER, 1);
    }

    function test_noMoreThanThePotIsCredited() external {
        EpochOpening memory o = opened();
        expectError(abi.encodeWithSelector(IRewards.Rewards__OverPot.selector, 10_001));
        vm.prank(MARKET);
        rewards.creditProver(o, PROVER, 10_001);
        assertEq(credit(PROVER, 10_000), potOf(BLOCKS));
    }

    // A short distributor

    /// @notice Whoever collects, and whenever: nobody gives anything up.
    function test_whatTheDistributorCannotPayStaysOwed() external {
        uint256 reward = credit(PROVER, 10_000) - proverFeesOf(BLOCKS);
        drain(3);
        vm.prank(address(0xbad));
        rewards.collectProver(PROVER);
        assertEq(tst.balanceOf(PROVER), proverFeesOf(BLOCKS) + 3);
        assertOwed(PROVER, 0, reward - 3);

        tst.transfer(address(distributor), FUNDS);
        rewards.collectProver(PROVER);
        assertEq(tst.balanceOf(PROVER), potOf(BLOCKS));
        assertOwed(PROVER, 0, 0);
    }

    function test_theLastUnitStaysOwedToo() external {
        uint256 reward = credit(PROVER, 10_000) - proverFeesOf(BLOCKS);
        drain(reward - 1);
        rewards.collectProver(PROVER);
        assertOwed(PROVER, 0, 1);
        tst.transfer(address(distributor), 1);
        rewards.collectProver(PROVER);
        assertEq(tst.balanceOf(PROVER), potOf(BLOCKS));
    }

    function test_theLastUnitOfAnotherSpanStaysOwedToo() external {
        (, uint256 outside) = creditInAndOutsideTheSpan();
        tst.approve(address(distributor), outside);
        distributor.fund(address(rewards), outside - 1);
        rewards.collectProver(PROVER);
        assertOwed(PROVER, 0, 1);
        distributor.fund(address(rewards), 1);
        rewards.collectProver(PROVER);
        assertOwed(PROVER, 0, 0);
    }

    function creditInAndOutsideTheSpan() internal returns (uint256 inSpan, uint256 outside) {
        pass(startOf(EPOCH_NUMBER + 5));
        distributor.setCanonical(address(0xbeef));
        pass(startOf(EPOCH_NUMBER + 9));
        proveEpoch(EPOCH_NUMBER + 8, 1);
        pass(time + DELAY);
        inSpan = credit(PROVER, 10_000) - proverFeesOf(BLOCKS);
        outside = creditOf(EPOCH_NUMBER + 8, PROVER, 10_000) - proverFeesOf(1);
    }

    /// @notice Epochs outside the span are the own bucket's; a short bucket holds up nothing of the others.
    function test_rewardsOfBothBucketsAreOwedApart() external {
        (uint256 inSpan, uint256 outside) = creditInAndOutsideTheSpan();
        assertOwed(PROVER, proverFeesOf(BLOCKS) + proverFeesOf(1), inSpan + outside);

        rewards.collectProver(PROVER);
        assertOwed(PROVER, 0, outside);
        tst.approve(address(distributor), outside);
        distributor.fund(address(rewards), outside);
        rewards.collectProver(PROVER);
        assertOwed(PROVER, 0, 0);
        assertEq(tst.balanceOf(PROVER), potOf(BLOCKS) + potOf(1));
    }

    /// @notice The own bucket pays for both kinds: what it alone pays for comes first, and nothing waits that could be paid.
    function testFuzz_noRewardWaitsThatABucketCouldPay(uint96 canonical, uint96 earmarked) external {
        (uint256 inSpan, uint256 outside) = creditInAndOutsideTheSpan();
        uint256 free = canonical % (2 * inSpan);
        uint256 bucket = earmarked % (2 * (inSpan + outside));
        drain(free);
        tst.approve(address(distributor), bucket);
        distributor.fund(address(rewards), bucket);

        (, uint256 reward) = rewards.collectProver(PROVER);
        uint256 fromFree = inSpan < free ? inSpan : free;
        uint256 rest = inSpan + outside - fromFree;
        assertEq(reward, fromFree + (rest < bucket ? rest : bucket));
        (, uint256 left) = rewards.creditOf(PROVER);
        assertEq(left, inSpan + outside - reward);
    }

    /// @notice No field of an opening can change.
    function testFuzz_anAlteredOpeningIsRefused(uint8 word, uint256 change) external {
        vm.assume(change != 0);
        EpochOpening memory o = opened();
        uint256 index = word % 13;
        if (index == 0) o.when ^= change & ((1 << 64) - 1);
        else if (index < 3) o.participation[index - 1] ^= change;
        else if (index == 3) o.seedWord ^= change;
        else if (index == 4) o.rewardsRoot ^= bytes32(change);
        else if (index == 5) o.prover = address(uint160(o.prover) ^ uint160(change));
        else o.endRecord[index - 6] ^= change;
        vm.assume(wordOf(o) != wordOf(opened()));
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.proverPot(o);
    }

    function test_aPotBeforeItsDelayOrAfterItsDeadlineIsRefused() external {
        proveEpoch(EPOCH_NUMBER + 1, 1);
        EpochOpening memory o = proven[EPOCH_NUMBER + 1].opening;
        refuses(IRewards.Rewards__NotClaimableYet.selector);
        rewards.proverPot(o);
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        o = opened();
        refuses(IRewards.Rewards__ClaimDeadlinePassed.selector);
        rewards.proverPot(o);
        refuses(IRewards.Rewards__ClaimDeadlinePassed.selector);
        vm.prank(MARKET);
        rewards.creditProver(o, PROVER, 1);
    }

    /// @notice A credit outlives the claims' deadline of its epoch.
    function test_aCreditIsCollectedAtAnyTime() external {
        uint256 credited = credit(PROVER, 2_000);
        pass(startOf(EPOCH_NUMBER + 3 * RING));
        rewards.collectProver(PROVER);
        assertEq(tst.balanceOf(PROVER), credited);
    }

    // Burn

    function test_congestionFeesBurnOnce() external {
        uint256 supply = tst.totalSupply();
        EpochOpening memory o = opened();
        rewards.burnFees(o);
        assertEq(tst.totalSupply(), supply - burnedOf(BLOCKS));
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        rewards.burnFees(o);
        credit(PROVER, 10_000);
        assertLeft(EPOCH_NUMBER, 0, 0);
        assertEq(tst.totalSupply(), supply - burnedOf(BLOCKS));
    }

    function test_congestionFeesBurnAfterTheDelayUntilTheRingComesRound() external {
        proveEpoch(EPOCH_NUMBER + 1, 1);
        EpochOpening memory o = proven[EPOCH_NUMBER + 1].opening;
        refuses(IRewards.Rewards__NotClaimableYet.selector);
        rewards.burnFees(o);
        pass(startOf(EPOCH_NUMBER + RING));
        rewards.burnFees(o);
        o = opened();
        refuses(IRewards.Rewards__Lapsed.selector);
        rewards.burnFees(o);
    }

    // Sweep

    function test_aSweepReturnsWhatNobodyClaimed() external {
        rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, 1));
        uint256 before = tst.balanceOf(address(distributor));
        uint256 supply = tst.totalSupply();
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        rewards.sweep(opened(), proven[EPOCH_NUMBER].leaves);
        // Leaves 0 and 2, and the pot's fees.
        assertEq(tst.balanceOf(address(distributor)) - before, 2e15 + 2 + proverFeesOf(BLOCKS));
        assertEq(tst.totalSupply(), supply - burnedOf(BLOCKS));
        // Of the epoch's fees nothing is left in the portal.
        assertEq(tst.balanceOf(portal), FUNDS - 3e15 - 3 - proverFeesOf(BLOCKS) - burnedOf(BLOCKS));
    }

    function test_aSecondSweepMovesNothing() external {
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        rewards.sweep(opened(), proven[EPOCH_NUMBER].leaves);
        uint256 held = tst.balanceOf(portal);
        rewards.sweep(opened(), proven[EPOCH_NUMBER].leaves);
        assertEq(tst.balanceOf(portal), held);
    }

    function test_aSweepLeavesASpentPotAlone() external {
        credit(PROVER, 1);
        uint256 before = tst.balanceOf(address(distributor));
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        rewards.sweep(opened(), proven[EPOCH_NUMBER].leaves);
        assertEq(tst.balanceOf(address(distributor)) - before, 3e15 + 3);
    }

    function test_aSweepBeforeTheDeadlineOrAfterTheLapIsRefused() external {
        EpochOpening memory o = opened();
        uint256[] memory leaves = proven[EPOCH_NUMBER].leaves;
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1) - 1);
        refuses(IRewards.Rewards__NotSweepableYet.selector);
        rewards.sweep(o, leaves);
        pass(startOf(EPOCH_NUMBER + RING));
        refuses(IRewards.Rewards__Lapsed.selector);
        rewards.sweep(o, leaves);
    }

    function test_aSweepWithOtherLeavesIsRefused() external {
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        EpochOpening memory o = opened();
        uint256[] memory leaves = proven[EPOCH_NUMBER].leaves;
        leaves[1] += 1;
        refuses(IRewards.Rewards__WrongLeaves.selector);
        rewards.sweep(o, leaves);
        refuses(IRewards.Rewards__WrongLeaves.selector);
        rewards.sweep(o, new uint256[](0));
    }

    /// @notice Whatever is claimed of an epoch, in whatever order: after sweep, collect and flush the portal has given exactly
    /// what the epoch's users paid, and the distributor has not given more than the epoch's rewards.
    function testFuzz_anEpochsFeesAreGivenOutExactly(uint8 claimed, uint96 spent, bool burnFirst) external {
        if (burnFirst) rewards.burnFees(opened());
        for (uint256 i = 0; i < BLOCKS; ++i)
            if ((claimed >> i) & 1 == 1) rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, i));
        bool credits = spent % 5 != 0;
        if (credits) credit(PROVER, spent % 10_001);
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        rewards.sweep(opened(), proven[EPOCH_NUMBER].leaves);
        if (credits && spent % 10_001 != 0) rewards.collectProver(PROVER);
        (uint256 unspent, uint256 burnable) = rewards.leftoversOf(Epoch.wrap(EPOCH_NUMBER));
        if (unspent + burnable != 0) rewards.flush(Epoch.wrap(EPOCH_NUMBER));
        uint256 debited = 3e15 + 3 + proverFeesOf(BLOCKS) + burnedOf(BLOCKS);
        assertEq(tst.balanceOf(portal), FUNDS - debited);
        assertEq(tst.balanceOf(address(rewards)), 0);
        assertEq(
            tst.balanceOf(COINBASE) + tst.balanceOf(PROVER) + tst.balanceOf(address(distributor)),
            FUNDS + debited - burnedOf(BLOCKS)
        );
    }

    // Portal

    function test_onlyTheRewardsMoveThePortalsFees() external {
        expectError(abi.encodeWithSelector(IFeePortal.FeePortal__OnlyRewards.selector, address(this)));
        FeePortal(portal).pay(address(this), 1);
        expectError(abi.encodeWithSelector(IFeePortal.FeePortal__OnlyRewards.selector, address(this)));
        FeePortal(portal).burn(1);
    }

    // Parameters

    function test_parametersThatCannotWorkAreRefused() external {
        RewardsConfig memory c = rewardsConfig();
        c.rollup = address(0);
        refused(c, "rollup");
        c = rewardsConfig();
        c.distributor = address(0);
        refused(c, "distributor");
        c = rewardsConfig();
        c.genesisTime = 0;
        refused(c, "genesisTime");
        c = rewardsConfig();
        c.epochDuration = 0;
        refused(c, "epochDuration");
        c = rewardsConfig();
        c.slotsPerEpoch = 0;
        refused(c, "slotsPerEpoch");
        c.slotsPerEpoch = 225;
        refused(c, "slotsPerEpoch");
        c = rewardsConfig();
        c.claimWindow = 0;
        refused(c, "claimWindow");
        c.claimWindow = RING - 1;
        refused(c, "claimWindow");
        c = rewardsConfig();
        c.committeeSize = 0;
        refused(c, "committeeSize");
        c.committeeSize = 49;
        refused(c, "committeeSize");
        c = rewardsConfig();
        c.registry = address(0);
        refused(c, "attesterReward");
        c = rewardsConfig();
        c.attestationBonus = 0;
        refused(c, "attestationBonus");
        c.attestationBonus = 1 << 96;
        refused(c, "attestationBonus");
        c = rewardsConfig();
        c.blockReward = 1 << 96;
        refused(c, "blockReward");
        c = rewardsConfig();
        c.attesterReward = 1 << 96;
        refused(c, "attesterReward");
        c = rewardsConfig();
        c.proverReward = 1 << 96;
        refused(c, "proverReward");
    }

    function refused(RewardsConfig memory c, string memory name) internal {
        expectError(abi.encodeWithSelector(IRewards.Rewards__InvalidParameter.selector, name));
        new Rewards(c);
    }

    function test_withoutARegistryAttestersHaveNothingToClaim() external {
        RewardsConfig memory c = rewardsConfig();
        c.registry = address(0);
        c.attesterReward = 0;
        Rewards permissioned = new Rewards(c);
        expectError(abi.encodeWithSelector(IRewards.Rewards__NoAttesterRewards.selector));
        permissioned.claimAttester(bytes28(uint224(1)), "");
    }

    function test_theParametersCanBeRead() external view {
        assertEq(keccak256(abi.encode(rewards.config())), keccak256(abi.encode(rewardsConfig())));
    }
}
