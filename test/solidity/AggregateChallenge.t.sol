// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Fp2} from "../../contracts/crypto/CompressedG2.sol";
import {IRollup} from "../../contracts/rollup/IRollup.sol";
import {IAggregateChallenge} from "../../contracts/slashing/IAggregateChallenge.sol";
import {ValidatorState} from "../../contracts/staking/IValidatorRegistry.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {ChallengeFixture} from "./ChallengeFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Which aggregates are wrong, and what becomes of their blocks and proposers.
contract AggregateChallengeTest is ChallengeFixture {
    function setUp() public override {
        super.setUp();
        populate();
    }

    // Wrong

    function test_wrongAggregateIsRolledBackItsProposerSlashedAndTheChallengerPaid() external {
        publish(good(1));
        uint256 number = publish(wrong(2));
        publish(good(3));
        uint256 secret = secretAt(2);
        uint256 supply = token.totalSupply();

        invalidate(number);

        (uint256 pending, uint256 proven) = status();
        assertEq(pending, 1);
        assertEq(proven, 0);
        assertEq(stakeOf(secret), STAKE - SLASH);
        assertTrue(info(secret).state == ValidatorState.JAILED, "jailed");
        assertEq(token.balanceOf(CHALLENGER), REWARD);
        assertEq(token.balanceOf(address(challenge)), SLASH - REWARD);

        vm.prank(address(0xbad));
        assertEq(challenge.burnExcess(), SLASH - REWARD - RESERVE);
        assertEq(token.balanceOf(address(challenge)), RESERVE);
        assertEq(supply - token.totalSupply(), SLASH - REWARD - RESERVE);
        assertEq(challenge.burnExcess(), 0);
    }

    function test_chainGoesOnAfterARollBackAndJailedProposersAreRefused() external {
        publish(good(1));
        uint256 number = publish(wrong(2));
        (address offender, ) = proposerAt(2);
        invalidate(number);
        forget(1);

        uint256 slot = 3;
        for (address proposer = offender; proposer != address(0); ++slot) (proposer, ) = proposerAt(slot);
        --slot;
        // The offender's slot now: neither he nor anybody else.
        pass(startOfSlot(slot));
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = versionedHash;
        vm.blobhashes(hashes);
        uint256[6] memory blk = blockOf(wrong(slot));
        vm.prank(offender);
        expectError(abi.encodeWithSignature("ValidatorSet__NoProposer(uint256)", slot));
        rollup.propose(records[1], blk);

        while (_idle(slot)) ++slot;
        assertEq(publish(good(slot)), 2);
        (uint256 pending, ) = status();
        assertEq(pending, 2);
    }

    function test_attestationForAnotherChainRollupSlotModifierOrCoinbaseIsWrong() external {
        bytes32[6] memory digests;
        uint256 slot = 1;
        uint256 offences;
        for (uint256 i = 0; i < digests.length; ++i) {
            while (_idle(slot)) ++slot;
            uint256[6] memory blk = blockOf(good(slot));
            bytes32 hash = chainHashOf(good(slot), blk);
            address coinbase = address(uint160(blk[2]));
            if (i == 0) {
                vm.chainId(99);
                (digests[0], ) = _foreign(slot, hash, coinbase);
                vm.chainId(31337);
            }
            if (i == 1) (, digests[1]) = _foreign(slot, hash, coinbase);
            if (i == 2) digests[2] = rollup.attestationDigest(Slot.wrap(slot + 1), hash, 5, coinbase);
            if (i == 3) digests[3] = rollup.attestationDigest(Slot.wrap(slot), hash, -5, coinbase);
            if (i == 4) digests[4] = rollup.attestationDigest(Slot.wrap(slot), hash, 5, address(1));
            // A proposal's signature is no attestation either.
            if (i == 5) digests[5] = rollup.proposalDigest(Slot.wrap(slot), hash, 5, coinbase);

            uint256 bitmap = quorumWith(slot);
            uint256 secret = secretAt(slot);
            uint256 before = stakeOf(secret);
            uint256 number = publish(Publication(slot, bitmap, bitmap, digests[i], 0));
            invalidate(number);
            assertEq(stakeOf(secret), before - SLASH);
            forget(number - 1);
            ++offences;
            ++slot;
        }
        assertEq(offences, 6);
    }

    function test_bytesThatAreNoPointAreRolledBackAndSlashed() external {
        // Infinity, missing flag, a coordinate out of range: none needs a root.
        uint256[3][3] memory malformed = [
            [uint256(3) << 254, 0, 0],
            [uint256(1), 2, 3],
            [uint256(1) << 255, type(uint128).max, type(uint256).max]
        ];
        uint256 slot = 1;
        for (uint256 i = 0; i < 3; ++i) {
            while (_idle(slot)) ++slot;
            uint256[6] memory blk = blockOf(good(slot));
            (blk[3], blk[4], blk[5]) = (malformed[i][0], malformed[i][1], malformed[i][2]);
            uint256[6] memory none;
            uint256 secret = secretAt(slot);
            uint256 number = send(slot, blk, none);
            challenge.invalidateMalformed(records[number], _witness(number), _noRoot());
            assertEq(stakeOf(secret), STAKE - SLASH);
            forget(number - 1);
            ++slot;
        }
        (uint256 pending, ) = status();
        assertEq(pending, 0);
    }

    function test_pointIsNotMalformed() external {
        uint256 number = publish(wrong(1));
        uint256[5] memory witness = _witness(number);
        refuses(IAggregateChallenge.AggregateChallenge__AggregateValid.selector);
        challenge.invalidateMalformed(records[number], witness, _noRoot());
    }

    function test_aggregateOutsideTheSubgroupIsWrong() external {
        uint256[6] memory point = offSubgroupSignature();
        uint256[3] memory compressed = signer.compress(point);
        uint256[6] memory blk = blockOf(good(1));
        (blk[3], blk[4], blk[5]) = (compressed[0], compressed[1], compressed[2]);
        uint256 secret = secretAt(1);
        uint256 number = send(1, blk, point);
        invalidate(number);
        assertEq(stakeOf(secret), STAKE - SLASH);
    }

    // Good

    function test_goodBlockCannotBeInvalidatedQuorumExactlyMet() external {
        uint256 number = publish(good(1));
        refuses(IAggregateChallenge.AggregateChallenge__AggregateValid.selector);
        this.invalidateExternal(number);
        (uint256 pending, ) = status();
        assertEq(pending, 1);
    }

    /// @notice A challenger who brings the published x with a y that is none makes the pairing fail: that is his fault.
    function test_goodBlockIsNotInvalidatedByAFalseY() external {
        uint256 number = publish(good(1));
        uint256 secret = secretAt(1);
        uint256[] memory words = opening(number);
        // The last bit of y.c0, in the middle of word 9.
        words[9] ^= 1 << 128;
        for (uint256 gas_ = 400_000; gas_ <= 6_400_000; gas_ *= 2) {
            vm.prank(CHALLENGER);
            (bool success, ) = address(challenge).call{gas: gas_}(
                abi.encodeCall(challenge.invalidate, (records[number], words))
            );
            assertTrue(!success, "an honest proposer accused");
        }
        (uint256 pending, ) = status();
        assertEq(pending, 1);
        assertEq(stakeOf(secret), STAKE);
        assertEq(token.balanceOf(CHALLENGER), 0);
    }

    /// @notice Whatever bit the challenger alters: of witness, point or keys.
    function testFuzz_noAlteredOpeningInvalidatesAGoodBlock(uint256 place, uint8 bit) external {
        uint256 number = publish(good(1));
        uint256[] memory words = opening(number);
        words[place % words.length] ^= 1 << bit;
        vm.prank(CHALLENGER);
        (bool success, ) = address(challenge).call{gas: 3_000_000}(
            abi.encodeCall(challenge.invalidate, (records[number], words))
        );
        assertTrue(!success, "an honest proposer accused");
    }

    function test_noGasLimitHarmsAGoodBlock() external {
        uint256 number = publish(good(1));
        bytes memory call = abi.encodeCall(challenge.invalidate, (records[number], opening(number)));
        for (uint256 gas_ = 50_000; gas_ < 900_000; gas_ += 1_500) {
            (bool success, ) = address(challenge).call{gas: gas_}(call);
            assertTrue(!success, "an honest proposer accused");
        }
        (uint256 pending, ) = status();
        assertEq(pending, 1);
    }

    function test_noGasLimitRollsBackAndSparesTheStake() external {
        uint256 number = publish(wrong(1));
        uint256 secret = secretAt(1);
        bytes memory call = abi.encodeCall(challenge.invalidate, (records[number], opening(number)));
        bool convicted;
        for (uint256 gas_ = 50_000; !convicted && gas_ < 1_500_000; gas_ += 1_500) {
            (convicted, ) = address(challenge).call{gas: gas_}(call);
            if (!convicted) assertEq(stakeOf(secret), STAKE);
        }
        assertTrue(convicted, "some limit suffices");
        assertEq(stakeOf(secret), STAKE - SLASH);
    }

    function test_noGasLimitTakesAPointForMalformed() external {
        uint256 number = publish(wrong(1));
        bytes memory call = abi.encodeCall(
            challenge.invalidateMalformed,
            (records[number], _witness(number), _noRoot())
        );
        for (uint256 gas_ = 30_000; gas_ < 400_000; gas_ += 700) {
            (bool success, ) = address(challenge).call{gas: gas_}(call);
            assertTrue(!success, "a point accused");
        }
        (uint256 pending, ) = status();
        assertEq(pending, 1);
    }

    function test_noGasLimitRollsMalformedBytesBackAndSparesTheStake() external {
        uint256[6] memory blk = blockOf(good(1));
        (blk[3], blk[4], blk[5]) = (1, 2, 3);
        uint256[6] memory none;
        uint256 secret = secretAt(1);
        uint256 number = send(1, blk, none);
        bytes memory call = abi.encodeCall(
            challenge.invalidateMalformed,
            (records[number], _witness(number), _noRoot())
        );
        bool convicted;
        for (uint256 gas_ = 30_000; !convicted && gas_ < 1_000_000; gas_ += 700) {
            (convicted, ) = address(challenge).call{gas: gas_}(call);
            if (!convicted) assertEq(stakeOf(secret), STAKE);
        }
        assertTrue(convicted, "some limit suffices");
        assertEq(stakeOf(secret), STAKE - SLASH);
    }

    function test_wrongInputOfTheChallengerChangesNothing() external {
        uint256 number = publish(wrong(1));
        uint256[7] memory record = records[number];
        uint256[] memory words = opening(number);
        uint256[] memory short = new uint256[](10);
        refuses(IAggregateChallenge.AggregateChallenge__WrongOpening.selector);
        challenge.invalidate(record, short);
        short = new uint256[](13);
        refuses(IAggregateChallenge.AggregateChallenge__WrongOpening.selector);
        challenge.invalidate(record, short);
        for (uint256 i = 0; i < 5; ++i) {
            words[i] ^= 1;
            refuses(IAggregateChallenge.AggregateChallenge__WrongWitness.selector);
            challenge.invalidate(record, words);
            words[i] ^= 1;
        }
        for (uint256 i = 0; i < 7; ++i) {
            record[i] ^= 1;
            refuses(IAggregateChallenge.AggregateChallenge__WrongRecord.selector);
            challenge.invalidate(record, words);
            record[i] ^= 1;
        }
        // Nothing was published as block 0.
        record = records[0];
        refuses(IAggregateChallenge.AggregateChallenge__NothingAttested.selector);
        challenge.invalidate(record, words);
    }

    // Twice

    function test_secondChallengerOrOneWhoWasFrontRunGetsNothing() external {
        uint256 number = publish(wrong(1));
        uint256 secret = secretAt(1);
        invalidate(number);
        (uint256[7] memory record, uint256[] memory words) = (records[number], opening(number));
        vm.prank(address(0xbad));
        refuses(IAggregateChallenge.AggregateChallenge__WrongRecord.selector);
        challenge.invalidate(record, words);
        assertEq(stakeOf(secret), STAKE - SLASH);
        assertEq(token.balanceOf(address(0xbad)), 0);
    }

    function test_wrongBlockPublishedAgainIsAnotherOffence() external {
        uint256 secret = secretAt(1);
        registry.topUp(keyHashOf(secret), STAKE);
        for (uint256 i = 1; i <= 2; ++i) {
            uint256 number = publish(wrong(1));
            invalidate(number);
            forget(0);
            assertEq(stakeOf(secret), 2 * STAKE - i * SLASH);
        }
    }

    function test_blocksBehindARolledBackOneAreAnsweredForOnce() external {
        publish(wrong(1));
        uint256 secret = secretAt(2);
        publish(wrong(2));
        uint256 before = stakeOf(secret);
        invalidate(1);
        uint256 between = stakeOf(secret);
        invalidate(2);
        assertEq(stakeOf(secret), between - (between < SLASH ? between : SLASH));
        assertTrue(between <= before, "less");
        refuses(IAggregateChallenge.AggregateChallenge__AlreadyConvicted.selector);
        this.invalidateExternal(2);
    }

    function test_goneStakeIsMadeUpForByTheReserve() external {
        // Two wrong blocks of one proposer, the later one challenged first and until nothing is left.
        uint256 slot = 2;
        while (secretAt(slot) != secretAt(1)) ++slot;
        uint256 secret = secretAt(1);
        publish(wrong(1));
        publish(wrong(slot));
        invalidate(2);
        (Epoch epoch, uint256 position) = (rollup.epochOf(Slot.wrap(1)), _position(1));
        vm.prank(address(challenge));
        registry.slash(address(rollup), epoch, position, STAKE, POT);
        assertEq(stakeOf(secret), 0);
        challenge.burnExcess();
        invalidate(1);
        assertEq(token.balanceOf(CHALLENGER), 2 * REWARD);
        assertEq(token.balanceOf(address(challenge)), RESERVE - REWARD);
    }

    function test_whatAChallengeAsksInOneCallIsWhatTheViewsSay() external {
        publish(good(1));
        publish(good(SLOTS + 1));
        for (uint256 slot = 1; slot <= SLOTS + 1; slot += SLOTS) {
            uint256 number = slot == 1 ? 1 : 2;
            (bytes32 word, bytes32 digest, Epoch epoch, Timestamp start) = rollup.attestationOf(
                number,
                Slot.wrap(slot),
                bytes32("hash"),
                -5,
                address(7)
            );
            assertEq(word, rollup.recordWord(number));
            assertEq(word, keccak256(abi.encode(records[number])));
            assertEq(digest, rollup.attestationDigest(Slot.wrap(slot), bytes32("hash"), -5, address(7)));
            assertTrue(epoch == rollup.epochOf(Slot.wrap(slot)), "epoch");
            assertTrue(start == rollup.startOfEpoch(epoch), "its start");
        }
    }

    function test_onlyTheChallengeRollsBack() external {
        publish(good(1));
        expectError(abi.encodeWithSelector(IRollup.Rollup__OnlyChallenge.selector, address(this)));
        rollup.rollBack(1);
    }

    // What propose refuses before any signature counts

    function test_proposeRefusesAMissedQuorumBitsBeyondTheCommitteeAndAMissingOwnBit() external {
        (, uint256 position) = proposerAt(1);
        Publication memory p = good(1);
        for (uint256 k = 0; _bits(p.bitmap) > 5; ++k) if (k != position) p.bitmap &= ~(1 << k);
        refuses(IRollup.Rollup__QuorumMissed.selector);
        this.publishExternal(p);
        p.bitmap = 0xff | (1 << 8);
        refuses(IRollup.Rollup__BitmapBeyondCommittee.selector);
        this.publishExternal(p);
        p.bitmap = 0xff & ~(1 << position);
        refuses(IRollup.Rollup__OwnBitMissing.selector);
        this.publishExternal(p);
    }

    // Entry points for calls that revert

    function invalidateExternal(uint256 number) external {
        challenge.invalidate(records[number], opening(number));
    }

    function publishExternal(Publication memory p) external {
        publish(p);
    }

    function _foreign(
        uint256 slot,
        bytes32 chainHash,
        address coinbase
    ) private returns (bytes32 here, bytes32 there) {
        (IRollup other, ) = deploy(GENESIS, SLOT, SLASH);
        return (
            other.attestationDigest(Slot.wrap(slot), chainHash, 5, coinbase),
            other.attestationDigest(Slot.wrap(slot), chainHash, 5, coinbase)
        );
    }

    function _witness(uint256 number) private view returns (uint256[5] memory witness) {
        for (uint256 k = 0; k < 5; ++k) witness[k] = witnesses[number][k];
    }

    function _noRoot() private pure returns (Fp2 memory) {}

    /// @dev Whether the slot has no proposer left, or one who was slashed already.
    function _idle(uint256 slot) private view returns (bool) {
        (address proposer, ) = proposerAt(slot);
        return proposer == address(0);
    }

    function _position(uint256 slot) private view returns (uint256 position) {
        (, position) = proposerAt(slot);
    }

    function _bits(uint256 bitmap) private pure returns (uint256 count) {
        for (; bitmap != 0; bitmap &= bitmap - 1) ++count;
    }
}
