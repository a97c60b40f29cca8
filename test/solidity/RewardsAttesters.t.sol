// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewards} from "../../contracts/rewards/IRewards.sol";
import {SeedWord} from "../../contracts/staking/StakingWords.sol";
import {Epoch, Timestamp} from "../../contracts/types/Time.sol";
import {RewardsFixture} from "./RewardsFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Claims of attesters, over committees that the real registry drew.
contract RewardsAttesterTest is RewardsFixture {
    uint256 internal constant VALIDATORS = 12;
    uint256 internal first;

    function setUp() public override {
        super.setUp();
        bootstrap(VALIDATORS);
        first = 12;
        for (uint256 e = first; e < first + 8; ++e) prove(e);
        pass(time + DELAY);
    }

    /// @dev Position k attests k + 1 blocks of 10, but for the last one, which attests all.
    function prove(uint256 epoch) internal {
        draw(epoch);
        pass(startOf(epoch + 1) + 7);
        uint256[2] memory participation;
        for (uint256 k = 0; k < COMMITTEE; ++k) participation[0] |= countAt(k) << (8 * k);
        participation[1] = 10 << 192;
        uint256[] memory leaves = new uint256[](1);
        leaves[0] = leafOf(COINBASE, 8, 1);
        proveEpoch(epoch, leaves, participation, 1);
    }

    function countAt(uint256 position) internal pure returns (uint256) {
        return position == COMMITTEE - 1 ? 10 : position + 1;
    }

    function memberAt(uint256 epoch, uint256 position) internal view returns (bytes28) {
        return registry.memberOf(INSTANCE, Epoch.wrap(epoch), position);
    }

    function secretAt(uint256 epoch, uint256 position) internal view returns (uint256) {
        return secretOf(bytes32(memberAt(epoch, position)));
    }

    /// @dev All epochs in which a validator serves, as one claim with a given mode, and what it earns.
    function claimAll(
        uint256 secret,
        uint8 mode
    ) internal view returns (bytes memory claims, uint256 attested, uint256 epochs) {
        claims = abi.encodePacked(uint32(first), sizesOf(proven[first].opening.seedWord));
        uint256 last = first - 1;
        for (uint256 e = first; e < first + 8; ++e) {
            (, bytes32[] memory keys) = committee(e);
            for (uint256 k = 0; k < keys.length; ++k) {
                if (keys[k] != bytes32(keyHashOf(secret))) continue;
                claims = abi.encodePacked(
                    claims,
                    mode == 0 ? attesterEntry(e, e - last, k) : shortEntry(e, e - last, k, mode)
                );
                last = e;
                attested += countAt(k);
                ++epochs;
            }
        }
    }

    /// @dev With what each missed in a nibble, and the sizes again when the mode says so.
    function shortEntry(
        uint256 epoch,
        uint256 skip,
        uint256 position,
        uint8 mode
    ) internal view returns (bytes memory) {
        uint256 missed;
        for (uint256 k = 0; k < COMMITTEE; ++k) missed |= (10 - countAt(k)) << (8 * k);
        return
            abi.encodePacked(
                entryHead(proven[epoch].opening, mode, skip, position),
                uint8(10),
                uint192(missed)
            );
    }

    function proveWith(uint256 epoch, uint256[2] memory participation) internal {
        draw(epoch);
        pass(startOf(epoch + 1));
        uint256[] memory leaves = new uint256[](1);
        proveEpoch(epoch, leaves, participation, 0);
        pass(time + DELAY);
    }

    function test_aValidatorIsPaidForEveryBlockItAttested() external {
        for (uint256 secret = 1001; secret <= 1000 + VALIDATORS; ++secret) {
            (bytes memory claims, uint256 attested, uint256 epochs) = claimAll(secret, 0);
            if (epochs == 0) continue;
            uint256 reward = rewards.claimAttester(keyHashOf(secret), claims);
            assertEq(reward, attested * ATTESTER_REWARD);
            assertEq(tst.balanceOf(withdrawerOf(secret)), reward);
        }
        // Nothing else was drawn: what was not earned stays.
        uint256 all = 8 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 10) * ATTESTER_REWARD;
        assertEq(tst.balanceOf(address(distributor)), FUNDS - all);
    }

    function test_whoPinnedItselfIsPaidForItsTimeAsAFollower() external {
        uint256 secret = secretAt(first, 0);
        bytes28 keyHash = keyHashOf(secret);
        vm.prank(withdrawerOf(secret));
        registry.pin(keyHash, INSTANCE, address(1));
        pass(time + 2 * WINDOW);
        (bytes memory claims, uint256 attested, ) = claimAll(secret, 0);
        assertEq(rewards.claimAttester(keyHash, claims), attested * ATTESTER_REWARD);
    }

    function test_shortFormsOpenTheSameWords() external {
        uint256 a = secretAt(first, 0);
        (bytes memory claims, uint256 attested, ) = claimAll(a, 33);
        assertEq(rewards.claimAttester(keyHashOf(a), claims), attested * ATTESTER_REWARD);
        uint256 b = secretAt(first, 1);
        (claims, attested, ) = claimAll(b, 37);
        assertEq(rewards.claimAttester(keyHashOf(b), claims), attested * ATTESTER_REWARD);
    }

    function test_fullAttendanceIsOneByte() external {
        uint256 epoch = first + 10;
        proveWith(epoch, [uint256(0x0404040404040404), 4 << 192]);
        bytes memory claims = abi.encodePacked(
            uint32(epoch),
            sizesOf(proven[epoch].opening.seedWord),
            entryHead(proven[epoch].opening, 34, 1, 3),
            uint8(4)
        );
        assertEq(rewards.claimAttester(memberAt(epoch, 3), claims), 4 * ATTESTER_REWARD);
    }

    function test_upToThreeMissedBlocksTakeTwoBitsAMember() external {
        uint256 epoch = first + 10;
        // Positions 0 to 7 missed 0, 1, 2, 3, 3, 2, 1, 0 of 9 blocks.
        proveWith(epoch, [uint256(0x0908070606070809), 9 << 192]);
        bytes memory claims = abi.encodePacked(
            uint32(epoch),
            sizesOf(proven[epoch].opening.seedWord),
            entryHead(proven[epoch].opening, 35, 1, 4),
            uint8(9),
            uint96(0x0001020303020100)
        );
        assertEq(rewards.claimAttester(memberAt(epoch, 4), claims), 6 * ATTESTER_REWARD);
    }

    function test_aModeThatDoesNotExistIsRefused() external {
        bytes memory claims = attesterClaim(first, 3);
        bytes28 keyHash = memberAt(first, 3);
        claims[12] = bytes1(uint8(64));
        expectError(abi.encodeWithSelector(IRewards.Rewards__MalformedClaim.selector, 12));
        rewards.claimAttester(keyHash, claims);
    }

    function test_claimingAnEpochTwiceIsRefused() external {
        bytes memory claims = attesterClaim(first, 3);
        bytes28 keyHash = memberAt(first, 3);
        rewards.claimAttester(keyHash, claims);
        assertTrue(rewards.isAttesterClaimed(keyHash, Epoch.wrap(first)), "claimed");
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, first, 3));
        rewards.claimAttester(keyHash, claims);
    }

    function test_anEpochTwiceInOneClaimIsRefused() external {
        bytes memory claims = abi.encodePacked(attesterClaim(first, 3), attesterEntry(first, 0, 3));
        bytes28 keyHash = memberAt(first, 3);
        expectError(abi.encodeWithSelector(IRewards.Rewards__AlreadyClaimed.selector, first, 3));
        rewards.claimAttester(keyHash, claims);
    }

    function test_anotherPositionIsRefused() external {
        bytes28 keyHash = memberAt(first, 3);
        bytes memory claims = attesterClaim(first, 7);
        expectError(
            abi.encodeWithSelector(
                IRewards.Rewards__WrongAttester.selector,
                first,
                keyHash,
                memberAt(first, 7)
            )
        );
        rewards.claimAttester(keyHash, claims);
    }

    function test_aPositionBeyondTheCommitteeIsRefused() external {
        bytes28 keyHash = memberAt(first, 3);
        bytes memory claims = attesterClaim(first, 8);
        expectError(abi.encodeWithSelector(IRewards.Rewards__NotInCommittee.selector, first, 8));
        rewards.claimAttester(keyHash, claims);
    }

    function test_aValidatorOutsideTheCommitteeIsRefused() external {
        for (uint256 secret = 1001; secret <= 1000 + VALIDATORS; ++secret) {
            (, bytes32[] memory keys) = committee(first);
            bool member = false;
            for (uint256 k = 0; k < keys.length; ++k)
                member = member || keys[k] == bytes32(keyHashOf(secret));
            if (member) continue;
            bytes28 keyHash = keyHashOf(secret);
            for (uint256 k = 0; k < COMMITTEE; ++k) {
                bytes memory claims = attesterClaim(first, k);
                refuses(IRewards.Rewards__WrongAttester.selector);
                rewards.claimAttester(keyHash, claims);
            }
        }
    }

    function test_aSeedOfAnotherEpochIsRefused() external {
        bytes28 keyHash = memberAt(first, 3);
        proven[first].opening.seedWord = proven[first + 1].opening.seedWord;
        bytes memory claims = attesterClaim(first, 3);
        // The seed puts somebody else at the position.
        refuses(IRewards.Rewards__WrongAttester.selector);
        rewards.claimAttester(keyHash, claims);
        // And does not open the word for that one.
        bytes28 other = memberAt(first + 1, 3);
        refuses(IRewards.Rewards__WrongOpening.selector);
        rewards.claimAttester(other, claims);
    }

    function test_claimsBeforeTheDelayAndAfterTheDeadlineAreRefused() external {
        uint256 epoch = first + 10;
        prove(epoch);
        bytes28 keyHash = memberAt(epoch, 0);
        bytes memory claims = attesterClaim(epoch, 0);
        refuses(IRewards.Rewards__NotClaimableYet.selector);
        rewards.claimAttester(keyHash, claims);
        pass(startOf(epoch + CLAIM_WINDOW + 1));
        refuses(IRewards.Rewards__ClaimDeadlinePassed.selector);
        rewards.claimAttester(keyHash, claims);
    }

    /// @notice Who left is still paid for its duties; who moved to its place is not.
    function test_aValidatorThatLeftIsPaidForItsDuties() external {
        uint256 gone = secretAt(first, 2);
        uint256 place = info(gone).position;
        leave(gone);
        // The last seat moved to its place.
        bytes28 moved = registry.keyAt(address(0), place, Timestamp.wrap(time));
        assertTrue(moved != keyHashOf(gone), "moved");
        bytes memory claims = attesterClaim(first, 2);
        refuses(IRewards.Rewards__WrongAttester.selector);
        rewards.claimAttester(moved, claims);
        (bytes memory all, uint256 attested, ) = claimAll(gone, 0);
        rewards.claimAttester(keyHashOf(gone), all);
        assertEq(tst.balanceOf(withdrawerOf(gone)), attested * ATTESTER_REWARD);
    }

    /// @notice One claim over a validator's time at two places.
    function test_aValidatorThatMovedIsPaidForBothPlaces() external {
        // The last seat moves to the first place.
        uint256 mover = 1000 + VALIDATORS;
        leave(1001);
        assertEq(info(mover).position, 0);
        for (uint256 e = first + 10; e < first + 16; ++e) prove(e);
        pass(time + DELAY);
        bytes memory claims = abi.encodePacked(uint32(first), sizesOf(proven[first].opening.seedWord));
        uint256 last = first - 1;
        uint256 attested;
        for (uint256 e = first; e < first + 16; ++e) {
            if (proven[e].leaves.length == 0) continue;
            (, bytes32[] memory keys) = committee(e);
            for (uint256 k = 0; k < keys.length; ++k) {
                if (keys[k] != bytes32(keyHashOf(mover))) continue;
                claims = abi.encodePacked(claims, shortEntry(e, e - last, k, 37));
                last = e;
                attested += countAt(k);
            }
        }
        assertEq(rewards.claimAttester(keyHashOf(mover), claims), attested * ATTESTER_REWARD);
    }

    function test_anyoneMayClaimAndTheWithdrawerIsPaid() external {
        bytes28 keyHash = memberAt(first, 3);
        bytes memory claims = attesterClaim(first, 3);
        vm.prank(address(0xabc));
        uint256 reward = rewards.claimAttester(keyHash, claims);
        assertEq(tst.balanceOf(withdrawerOf(secretAt(first, 3))), reward);
    }

    function test_emptyDistributorPaysTheWithdrawerWhatIsThere() external {
        bytes28 keyHash = memberAt(first, 3);
        bytes memory claims = attesterClaim(first, 3);
        vm.prank(address(distributor));
        tst.transfer(address(this), FUNDS - 9);
        expectError(abi.encodeWithSelector(IRewards.Rewards__Short.selector, 4 * ATTESTER_REWARD, 9));
        rewards.claimAttester(keyHash, claims);
        vm.prank(withdrawerOf(secretAt(first, 3)));
        assertEq(rewards.claimAttester(keyHash, claims), 9);
    }

    function testFuzz_anAlteredClaimPaysNothing(uint16 place, uint8 change) external {
        vm.assume(change != 0);
        bytes memory claims = attesterClaim(first, 3);
        bytes28 keyHash = memberAt(first, 3);
        uint256 index = place % claims.length;
        // Four bits of the sizes and four of the seed are spare.
        if (index == 4 || index == 18) change &= 0x0f;
        vm.assume(change != 0);
        claims[index] = bytes1(uint8(claims[index]) ^ change);
        (bool accepted, ) = address(rewards).call(abi.encodeCall(IRewards.claimAttester, (keyHash, claims)));
        assertTrue(!accepted, "accepted");
    }

    function testFuzz_aCutClaimIsRefused(uint16 length) external {
        bytes memory claims = attesterClaim(first, 3);
        bytes28 keyHash = memberAt(first, 3);
        uint256 cut = length % claims.length;
        if (cut == 12) return;
        assembly ("memory-safe") {
            mstore(claims, cut)
        }
        (bool accepted, ) = address(rewards).call(abi.encodeCall(IRewards.claimAttester, (keyHash, claims)));
        assertTrue(!accepted, "accepted");
    }

    /// @notice What another left out of its bitmaps changes nobody else's pay.
    function testFuzz_anAttestersPayIsItsOwnCount(uint8 others) external {
        uint256 epoch = first + 10;
        uint256[2] memory participation = [uint256(0x0c0c0c0c0c0c0c0c), 12 << 192];
        // Positions 1 to 7 carry whatever somebody let through.
        for (uint256 k = 1; k < COMMITTEE; ++k)
            participation[0] ^= ((uint256(others) >> k) & 1) * (4 << (8 * k));
        proveWith(epoch, participation);
        uint256 reward = rewards.claimAttester(memberAt(epoch, 0), attesterClaim(epoch, 0));
        assertEq(reward, 12 * ATTESTER_REWARD);
        assertTrue(SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(epoch))) != 0, "drawn");
    }
}
