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

    function pay(address to, uint256 amount) internal returns (uint256) {
        EpochOpening memory o = opened();
        vm.prank(MARKET);
        return rewards.payProver(o, to, amount);
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

    function test_theMarketPaysAProverFeesFirst() external {
        uint256 amount = proverFeesOf(BLOCKS) + 5;
        assertEq(pay(PROVER, amount), amount);
        assertEq(tst.balanceOf(PROVER), amount);
        assertEq(tst.balanceOf(address(distributor)), FUNDS - 5);
        (bool spent, bool burned) = rewards.isSettled(Epoch.wrap(EPOCH_NUMBER));
        assertTrue(spent && burned, "settled");
    }

    function test_feesThatTheMarketDoesNotSpendGoToTheDistributor() external {
        uint256 supply = tst.totalSupply();
        pay(PROVER, 1);
        assertEq(tst.balanceOf(address(distributor)), FUNDS + proverFeesOf(BLOCKS) - 1);
        assertEq(tst.balanceOf(portal), FUNDS - proverFeesOf(BLOCKS) - burnedOf(BLOCKS));
        assertEq(tst.totalSupply(), supply - burnedOf(BLOCKS));
    }

    function test_aPotIsPaidOnce() external {
        pay(PROVER, 0);
        EpochOpening memory o = opened();
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        vm.prank(MARKET);
        rewards.payProver(o, PROVER, 1);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        rewards.proverPot(o);
    }

    function test_onlyTheMarketPays() external {
        EpochOpening memory o = opened();
        expectError(abi.encodeWithSelector(IRewards.Rewards__OnlyMarket.selector, address(this)));
        rewards.payProver(o, PROVER, 1);
    }

    function test_noMoreThanThePotIsPaid() external {
        EpochOpening memory o = opened();
        (uint256 pot, , ) = rewards.proverPot(o);
        expectError(abi.encodeWithSelector(IRewards.Rewards__OverPot.selector, pot, pot + 1));
        vm.prank(MARKET);
        rewards.payProver(o, PROVER, pot + 1);
    }

    function test_aShortDistributorPaysTheProverLess() external {
        vm.prank(address(distributor));
        tst.transfer(address(this), FUNDS - 3);
        assertEq(pay(PROVER, proverFeesOf(BLOCKS) + 100), proverFeesOf(BLOCKS) + 3);
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
        rewards.payProver(o, PROVER, 1);
    }

    // Burn

    function test_congestionFeesBurnOnce() external {
        uint256 supply = tst.totalSupply();
        EpochOpening memory o = opened();
        rewards.burnFees(o);
        assertEq(tst.totalSupply(), supply - burnedOf(BLOCKS));
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyPaid.selector, EPOCH_NUMBER));
        rewards.burnFees(o);
        pay(PROVER, 1);
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

    function test_aSweepLeavesAPaidPotAlone() external {
        pay(PROVER, 1);
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

    /// @notice Whatever is claimed of an epoch, in whatever order: after the sweep the portal has given exactly what the
    /// epoch's users paid, and the distributor has not given more than the epoch's rewards.
    function testFuzz_anEpochsFeesAreGivenOutExactly(uint8 claimed, uint96 spent, bool burnFirst) external {
        if (burnFirst) rewards.burnFees(opened());
        for (uint256 i = 0; i < BLOCKS; ++i)
            if ((claimed >> i) & 1 == 1) rewards.claimSequencer(COINBASE, claimOf(EPOCH_NUMBER, i));
        (uint256 pot, , ) = rewards.proverPot(opened());
        if (spent % 5 != 0) pay(PROVER, spent % (pot + 1));
        pass(startOf(EPOCH_NUMBER + CLAIM_WINDOW + 1));
        rewards.sweep(opened(), proven[EPOCH_NUMBER].leaves);
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
