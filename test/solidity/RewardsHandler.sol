// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RewardDistributor} from "../../contracts/rewards/RewardDistributor.sol";
import {Rewards} from "../../contracts/rewards/Rewards.sol";
import {NetworkToken} from "../../contracts/token/NetworkToken.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {RewardsFixture} from "./RewardsFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Calls in any order: epochs proven, or not, claims, pots, burns, sweeps, mints and gifts.
/// @dev Keeps its own books of what each epoch's users paid and each of its blocks earned.
contract RewardsHandler is RewardsFixture {
    uint256 public current = 60;
    uint256[] public epochs;
    /// Epochs that were taken back or never proven: nothing may be paid for them.
    uint256[] public unproven;

    uint256 public initialSupply;
    uint256 public debited;
    uint256 public burned;
    uint256 public gifts;
    uint256 public owedRewards;
    uint256 public claims;
    uint256 public sweeps;
    uint256 public refusedClaims;
    uint256 public credits;
    uint256 public flushes;
    uint256 public shortCollects;
    /// What PROVER was credited and has not got; what spent pots left and nobody flushed. All of it where it was.
    uint256 public owedFees;
    uint256 public owedToProver;
    uint256 public unspent;
    uint256 public burnable;
    mapping(uint256 epoch => uint256) public credited;
    mapping(uint256 epoch => uint256) public debitedOf;
    mapping(uint256 epoch => bool) public swept;
    mapping(uint256 epoch => bool) public potSpent;

    constructor() {
        setUp();
        initialSupply = tst.totalSupply();
        pass(startOf(current) + 5);
    }

    function balances() external view returns (uint256 sum) {
        return
            tst.balanceOf(address(this)) +
            tst.balanceOf(portal) +
            tst.balanceOf(address(distributor)) +
            tst.balanceOf(address(rewards)) +
            tst.balanceOf(MARKET) +
            tst.balanceOf(COINBASE) +
            tst.balanceOf(PROVER);
    }

    function networkToken() external view returns (NetworkToken) {
        return tst;
    }

    function parts() external view returns (address, RewardDistributor, Rewards) {
        return (portal, distributor, rewards);
    }

    function epochCount() external view returns (uint256) {
        return epochs.length;
    }

    /// @dev The next epoch, with up to four blocks; what its users paid is in the portal.
    function proveNoRevert(uint256 random) external {
        current += 1 + (random % 3) / 2;
        pass(startOf(current) + 5);
        uint256 epoch = current - 1;
        if (proven[epoch].leaves.length != 0) return;
        uint256[] memory leaves = new uint256[](1 + ((random >> 8) % SLOTS));
        uint256 fees;
        for (uint256 i = 0; i < leaves.length; ++i) {
            uint256 fee = uint80(uint256(keccak256(abi.encode(random, i))) % 1e16);
            leaves[i] = leafOf(COINBASE, (random >> (16 + 4 * i)) % 9, fee);
            fees += fee;
        }
        proveEpoch(epoch, leaves);
        uint256 sum = fees + proverFeesOf(leaves.length) + burnedOf(leaves.length);
        tst.transfer(portal, sum);
        debited += sum;
        debitedOf[epoch] = sum;
        epochs.push(epoch);
        if ((random >> 40) % 5 == 0) takeBack(epoch);
    }

    /// @dev As a rewind does; the ring's word is gone, the next proof goes on from the epoch before, and the fees are
    /// still the users'.
    function takeBack(uint256 epoch) private {
        rollup.prove(epoch, 0);
        newest = proven[epoch].opening.previous;
        unproven.push(epoch);
        epochs.pop();
        debited -= debitedOf[epoch];
        gifts += debitedOf[epoch];
        debitedOf[epoch] = 0;
    }

    function waitNoRevert(uint256 random) external {
        current += random % 6;
        pass(startOf(current) + 5 + ((random >> 8) % (EPOCH - 10)));
    }

    function claimNoRevert(uint256 random) external {
        uint256 epoch = pick(random);
        if (epoch == 0) return;
        uint256 index = (random >> 64) % proven[epoch].leaves.length;
        uint256 leaf = proven[epoch].leaves[index];
        bool open = isClaimable(epoch) && !rewards.isSequencerClaimed(Epoch.wrap(epoch), index);
        bytes memory claim = claimOf(epoch, index);
        vm.prank(COINBASE);
        try rewards.claimSequencer(COINBASE, claim) returns (uint256 fees, uint256 reward) {
            assertTrue(open, "closed");
            assertEq(fees, leaf & ((1 << 80) - 1));
            assertTrue(reward <= rewardOf((leaf >> 80) & 0xffff), "reward");
            owedRewards += rewardOf((leaf >> 80) & 0xffff);
            credited[epoch] += fees;
            ++claims;
        } catch {
            assertTrue(!open, "open");
            ++refusedClaims;
        }
    }

    function claimUnprovenNoRevert(uint256 random) external {
        if (unproven.length == 0) return;
        uint256 epoch = unproven[random % unproven.length];
        (bool paid, ) = address(rewards).call(
            abi.encodeCall(rewards.claimSequencer, (COINBASE, claimOf(epoch, 0)))
        );
        assertTrue(!paid, "paid for an unproven block");
        vm.prank(MARKET);
        (paid, ) = address(rewards).call(
            abi.encodeCall(rewards.creditProver, (proven[epoch].opening, PROVER, 0))
        );
        assertTrue(!paid, "paid for an unproven epoch");
    }

    /// @dev Credits; the fees stay in the portal, and are given when they are collected or flushed.
    function creditNoRevert(uint256 random) external {
        uint256 epoch = pick(random);
        if (epoch == 0) return;
        try rewards.proverPot(proven[epoch].opening) returns (uint256 pot, uint256, uint256) {
            assertTrue(!potSpent[epoch], "pot spent twice");
            potSpent[epoch] = true;
            (, bool done) = rewards.isSettled(Epoch.wrap(epoch));
            uint256 blocks = proven[epoch].leaves.length;
            uint256 fees = proverFeesOf(blocks);
            uint256 fee = (random >> 64) % 10_001;
            vm.prank(MARKET);
            uint256 amount = rewards.creditProver(proven[epoch].opening, PROVER, fee);
            assertEq(amount, (pot * fee) / 10_000);
            uint256 fromFees = amount > fees ? fees : amount;
            owedFees += fromFees;
            owedToProver += amount - fromFees;
            owedRewards += amount - fromFees;
            unspent += fees - fromFees;
            credited[epoch] += fees;
            ++credits;
            if (!done) {
                credited[epoch] += burnedOf(blocks);
                burnable += burnedOf(blocks);
            }
        } catch {
            assertTrue(potSpent[epoch] || !isClaimable(epoch), "pot refused");
        }
    }

    /// @dev Anyone's call: what cannot be paid stays owed.
    function collectNoRevert() external {
        if (owedFees + owedToProver == 0) return;
        uint256 held = tst.balanceOf(PROVER);
        vm.prank(address(0xbad));
        (uint256 fees, uint256 reward) = rewards.collectProver(PROVER);
        assertEq(fees, owedFees);
        assertEq(tst.balanceOf(PROVER), held + fees + reward);
        if (reward < owedToProver) ++shortCollects;
        owedFees = 0;
        owedToProver -= reward;
    }

    /// @dev Named by an epoch of the word, or by one of another lap of the ring's four words.
    function flushNoRevert(uint256 random) external {
        uint256 epoch = pick(random);
        if (epoch == 0) return;
        epoch = (epoch % 64) + 64 * ((random >> 64) % 8);
        (uint256 toDistributor, uint256 toBurn) = rewards.leftoversOf(Epoch.wrap(epoch));
        if (toDistributor + toBurn == 0) return;
        rewards.flush(Epoch.wrap(epoch));
        unspent -= toDistributor;
        burnable -= toBurn;
        burned += toBurn;
        ++flushes;
    }

    function burnNoRevert(uint256 random) external {
        uint256 epoch = pick(random);
        if (epoch == 0 || !isClaimable(epoch)) return;
        (, bool done) = rewards.isSettled(Epoch.wrap(epoch));
        if (done) return;
        rewards.burnFees(proven[epoch].opening);
        burn(epoch, burnedOf(proven[epoch].leaves.length));
    }

    function sweepNoRevert(uint256 random) external {
        uint256 epoch = pick(random);
        if (epoch == 0) return;
        uint256 now_ = (time - GENESIS) / EPOCH;
        if (now_ <= epoch + CLAIM_WINDOW || now_ >= epoch + RING) return;
        uint256 before = tst.balanceOf(portal);
        uint256 supply = tst.totalSupply();
        rewards.sweep(proven[epoch].opening, proven[epoch].leaves);
        credited[epoch] += before - tst.balanceOf(portal);
        burned += supply - tst.totalSupply();
        swept[epoch] = true;
        ++sweeps;
    }

    function giveNoRevert(uint96 amount, bool earmark) external {
        uint256 gift = amount % 1e20;
        if (earmark) {
            tst.approve(address(distributor), gift);
            distributor.fund(address(rewards), gift);
        } else {
            tst.transfer(address(distributor), gift);
        }
    }

    /// @dev The distributor runs dry now and then.
    function drainNoRevert(uint256 random) external {
        if (random % 8 != 0) return;
        uint256 held = distributor.canonicalBalance();
        vm.prank(address(distributor));
        tst.transfer(address(this), held);
    }

    function burn(uint256 epoch, uint256 amount) private {
        burned += amount;
        credited[epoch] += amount;
    }

    function pick(uint256 random) private view returns (uint256) {
        return epochs.length == 0 ? 0 : epochs[random % epochs.length];
    }

    function isClaimable(uint256 epoch) private view returns (bool) {
        uint256 provenAt = uint64(proven[epoch].opening.when);
        return time >= provenAt + DELAY && (time - GENESIS) / EPOCH <= epoch + CLAIM_WINDOW;
    }
}
