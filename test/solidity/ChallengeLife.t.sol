// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeePortal} from "../../contracts/bridge/IFeePortal.sol";
import {IPortal} from "../../contracts/bridge/IPortal.sol";
import {EpochProof, IRollup, Status} from "../../contracts/rollup/IRollup.sol";
import {Rollup} from "../../contracts/rollup/Rollup.sol";
import {AggregateChallenge} from "../../contracts/slashing/AggregateChallenge.sol";
import {ChallengeConfig, IAggregateChallenge} from "../../contracts/slashing/IAggregateChallenge.sol";
import {IValidatorSet} from "../../contracts/staking/IValidatorSet.sol";
import {Bitmap} from "../../contracts/types/Bitmap.sol";
import {Epoch, Slot} from "../../contracts/types/Time.sol";
import {ChallengeFixture} from "./ChallengeFixture.sol";
import {create} from "./StakingVm.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice Challenges beside proofs, prunes, messages, exits and upgrades.
contract ChallengeLifeTest is ChallengeFixture {
    uint256 private constant KEY_Y = 17631683881184975370165255887551781615748388533673675138860;

    // Proofs

    function test_provenWrongBlockStaysAndItsProposerIsSlashedOnce() external {
        populate();
        publish(wrong(1));
        publish(good(2));
        uint256 secret = secretAt(1);
        pass(startOf(1));
        rollup.submitEpochProof(proofOf(1, 2));

        invalidate(1);
        (uint256 pending, uint256 proven) = status();
        assertEq(pending, 2);
        assertEq(proven, 2);
        assertEq(stakeOf(secret), STAKE - SLASH);
        assertEq(token.balanceOf(CHALLENGER), REWARD);

        assertTrue(challenge.isConvicted(rollup.recordWord(1)), "remembered");
        refuses(IAggregateChallenge.AggregateChallenge__AlreadyConvicted.selector);
        this.invalidateExternal(1);
        refuses(IAggregateChallenge.AggregateChallenge__AggregateValid.selector);
        this.invalidateExternal(2);
        assertEq(stakeOf(secret), STAKE - SLASH);
    }

    function test_recordOfAnEarlierLapAccusesNobody() external {
        populate();
        publish(wrong(1));
        for (uint256 slot = 2; records.length < 33; ++slot) {
            if (slot % SLOTS == 0) {
                pass(startOfSlot(slot));
                rollup.submitEpochProof(proofOf(_proven() + 1, records.length - 1));
            }
            publish(good(slot));
        }
        // Block 32 stands where block 1 stood.
        refuses(IAggregateChallenge.AggregateChallenge__WrongRecord.selector);
        this.invalidateExternal(1);
    }

    function test_restOfAnEpochIsProvenAfterARollBackTookItsEnd() external {
        populate();
        publish(good(1));
        publish(wrong(4));
        invalidate(2);
        forget(1);
        refuses(IRollup.Rollup__EpochIncomplete.selector);
        this.proveExternal(1, 1);
        pass(startOf(1));
        rollup.submitEpochProof(proofOf(1, 1));
        assertEq(_proven(), 1);
    }

    function test_lastBlocksAttestationsAreCountedOnTopOfTheProofs() external {
        populate();
        publish(good(1));
        uint256 bitmap = quorumWith(3);
        publish(good(3));
        pass(startOf(1));
        EpochProof memory args = proofOf(1, 2);
        args.participation = [uint256(0x010101), (1 << 192) | 0x02];
        vm.recordLogs();
        rollup.submitEpochProof(args);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, , , uint256[2] memory counted, uint256 seedWord, ) = abi.decode(
            logs[0].data,
            (uint256, bytes32, bytes32, uint256[2], uint256, uint256)
        );
        assertEq(counted[0], 0x010101 + Bitmap.spread(bitmap));
        assertEq(counted[1], (2 << 192) | 0x02);
        assertEq(seedWord, registry.seedWordOf(address(rollup), Epoch.wrap(0)));
        assertTrue(seedWord != 0, "drawn");
    }

    // Prune

    function test_challengeWhileAPruneIsDuePrunesAndSlashes() external {
        populate();
        publish(wrong(1));
        publish(good(2));
        uint256 secret = secretAt(1);
        pass(startOf(3));
        invalidate(1);
        (uint256 pending, ) = status();
        assertEq(pending, 0);
        assertEq(uint32(rollup.tip()), 0);
        assertEq(stakeOf(secret), STAKE - SLASH);
        refuses(IAggregateChallenge.AggregateChallenge__AlreadyConvicted.selector);
        this.invalidateExternal(1);
    }

    // Messages

    function test_rolledBackBlocksMessagesAreConsumedAgain() external {
        populate();
        token.approve(rollup.feePortal(), type(uint256).max);
        IPortal(rollup.feePortal()).register(1, KEY_Y, 5);
        Publication memory p = wrong(1);
        p.messages = 1;
        publish(p);
        uint256 cursor = records[1][3];
        invalidate(1);
        forget(0);
        uint256 slot = 2;
        while (_idle(slot)) ++slot;
        p = good(slot);
        p.messages = 1;
        publish(p);
        assertEq(records[1][3], cursor);
        Status memory s = rollup.status();
        assertEq(s.inboxCount, 1);
        assertEq(s.pending, 1);
    }

    // Sets

    function test_setSmallerThanTheCommitteeIsChallengedToo() external {
        bootstrap(5);
        draw(0);
        pass(GENESIS);
        (, uint256 position) = proposerAt(1);
        uint256 bitmap = position == 4 ? 0x17 : 0x0f;
        publish(Publication(1, bitmap, bitmap, 0, 0));
        uint256 number = publish(Publication(2, 0x1f, 0x0f, 0, 0));
        refuses(IAggregateChallenge.AggregateChallenge__AggregateValid.selector);
        this.invalidateExternal(1);
        uint256 secret = secretAt(2);
        invalidate(number);
        assertEq(stakeOf(secret), STAKE - SLASH);
    }

    function test_epochWhoseSeedNobodyFixedHasNoBlocksUntilSomebodyDoes() external {
        populate();
        pass(startOf(5) + 100);
        refuses(IValidatorSet.ValidatorSet__NoProposer.selector);
        rollup.proposerOf(Slot.wrap(51));
        registry.fixSeed(address(rollup), Epoch.wrap(5));
        publish(good(52));
        (uint256 pending, ) = status();
        assertEq(pending, 1);
    }

    function test_firstBlockOfTheFirstEpochFixesTheSeedOfTheThird() external {
        populate();
        publish(good(1));
        assertTrue(registry.seedWordOf(address(rollup), Epoch.wrap(2)) != 0, "fixed");
        assertEq(registry.seedWordOf(address(rollup), Epoch.wrap(3)), 0);
        // A later epoch's first block does, whatever slot it comes in, and the second one not again.
        publish(good(14));
        assertTrue(registry.seedWordOf(address(rollup), Epoch.wrap(3)) != 0, "fixed");
        publish(good(15));
        assertEq(registry.seedWordOf(address(rollup), Epoch.wrap(4)), 0);
    }

    function test_wrongBlockIsAnsweredForWhenEveryValidatorLeft() external {
        populate();
        uint256 secret = secretAt(1);
        publish(wrong(1));
        for (uint256 i = 1001; i <= 1012; ++i) {
            // One a window may leave.
            pass((time / WINDOW + 1) * WINDOW);
            leave(i);
        }
        (address proposer, ) = proposerAt(2);
        assertEq(proposer, address(0));
        bytes memory call = abi.encodeCall(challenge.invalidate, (records[1], opening(1)));
        (bool success, ) = address(challenge).call(call);
        assertTrue(success, "answered for");
        assertEq(stakeOf(secret), STAKE - SLASH);
    }

    function test_infiniteSumOfKeysIsWrong() external {
        // Keys that cancel out in pairs, each with its proof of possession.
        uint256 order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
        uint256[6] memory secrets;
        for (uint256 i = 0; i < 3; ++i) {
            (secrets[2 * i], secrets[2 * i + 1]) = (5_000 + i, order - 5_000 - i);
            registry.deposit(depositOf(secrets[2 * i], address(0)));
            registry.deposit(depositOf(secrets[2 * i + 1], address(0)));
        }
        pass(info(secrets[5]).activeFrom);
        draw(0);
        pass(GENESIS);
        uint256[6] memory blk = blockOf(Publication(1, 0x3f, 0, 0, 0));
        // Anybody's signature over anything.
        uint256[6] memory point = signer.aggregate(new uint256[](1), bytes32(0));
        uint256[] memory one = new uint256[](1);
        one[0] = 77;
        point = signer.aggregate(one, bytes32(uint256(1)));
        uint256[3] memory compressed = signer.compress(point);
        (blk[3], blk[4], blk[5]) = (compressed[0], compressed[1], compressed[2]);
        send(1, blk, point);
        uint256[] memory words = new uint256[](11 + 18);
        for (uint256 i = 0; i < 11; ++i) words[i] = witnesses[1][i];
        bytes32[] memory keys = membersOf(1);
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 k = 0; k < 6; ++k) {
                if (bytes32(keyHashOf(secrets[k])) != keys[i]) continue;
                uint256[3] memory key = signer.publicKey(secrets[k]);
                for (uint256 j = 0; j < 3; ++j) words[11 + 3 * i + j] = key[j];
            }
        }
        challenge.invalidate(records[1], words);
        (uint256 pending, ) = status();
        assertEq(pending, 0);
    }

    // Instances

    function test_replacedInstancesBlocksAreAnsweredForByThoseWhoWereDrawn() external {
        populate();
        Rollup old = rollup;
        publish(wrong(1));
        uint256 secret = secretAt(1);
        (Rollup next, AggregateChallenge its) = deploy(GENESIS, SLOT, SLASH);
        registry.addInstance(address(next), GENESIS, EPOCH, address(its));
        pass(startOf(1) + 50);
        registry.setCanonical(address(next));
        // Epochs drawn before the switch keep their committees; a block in the midst of them, and its challenge.
        publish(wrong(12));
        uint256 second = secretAt(12);
        invalidate(2);
        invalidate(1);
        assertEq(address(rollup), address(old));
        assertTrue(stakeOf(secret) <= STAKE - SLASH && stakeOf(second) <= STAKE - SLASH, "slashed");
        // Followers serve the new one from its freeze on.
        registry.fixSeed(address(next), Epoch.wrap(3));
        assertEq(registry.seedOf(address(old), Epoch.wrap(3)).sizeOf(), 12);
        assertEq(registry.seedOf(address(next), Epoch.wrap(3)).sizeOf(), 0);
    }

    function test_rollBackNeedsNoSlash() external {
        populate();
        uint256 secret = secretAt(1);
        publish(wrong(1));
        registry.setSlasher(address(rollup), address(0xdead));
        invalidate(1);
        (uint256 pending, ) = status();
        assertEq(pending, 0);
        assertEq(stakeOf(secret), STAKE);
        assertEq(token.balanceOf(CHALLENGER), 0);
    }

    function test_instanceWithoutStakeRollsBackAndDoesNothingElse() external {
        bootstrap(12);
        (Rollup bare, AggregateChallenge its) = deploy(GENESIS, SLOT, 0);
        // It answers for the first one's epochs: any instance that the registry knows would do.
        registry.addInstance(address(bare), GENESIS, EPOCH, address(0));
        challenge = its;
        registry.setCanonical(address(bare));
        pass(time + 1);
        begin(bare);
        uint256 epoch = (time > GENESIS ? (time - GENESIS) / EPOCH : 0) + 5;
        pass(startOf(epoch) - EPOCH);
        registry.fixSeed(address(bare), Epoch.wrap(epoch));
        uint256 slot = epoch * SLOTS;
        publish(good(slot + 1));
        publish(wrong(slot + 2));
        uint256 secret = secretAt(slot + 2);
        invalidate(2);
        assertEq(stakeOf(secret), STAKE);
        (uint256 pending, ) = status();
        assertEq(pending, 1);
        forget(1);
        publish(wrong(slot + 3));
        pass(startOf(epoch + 1));
        rollup.submitEpochProof(proofOf(1, 2));
        refuses(IAggregateChallenge.AggregateChallenge__NothingToDo.selector);
        this.invalidateExternal(2);
    }

    function test_instancesWithOtherSlotLengthsAreChallengedByTheirOwnClock() external {
        populate();
        (Rollup other, AggregateChallenge its) = deploy(GENESIS + 300, 170, SLASH);
        registry.addInstance(address(other), GENESIS + 300, 1_700, address(its));
        uint256 pinned = join(address(other));
        pass(info(pinned).activeFrom);
        uint256 epoch = (time - GENESIS - 300) / 1_700 + 4;
        pass(GENESIS + 300 + epoch * 1_700);
        registry.fixSeed(address(other), Epoch.wrap(epoch));
        challenge = its;
        begin(other);
        uint256 slot = epoch * SLOTS + 1;
        publish(Publication(slot, 1, 1, 0, 0));
        publish(Publication(slot + 1, 1, 1, bytes32(uint256(5)), 0));
        refuses(IAggregateChallenge.AggregateChallenge__AggregateValid.selector);
        this.invalidateExternal(1);
        invalidate(2);
        assertEq(stakeOf(pinned), STAKE - SLASH);
    }

    // Fees

    function test_feePortalPaysAndBurnsForTheRewardsContractAlone() external {
        IFeePortal portal = IFeePortal(rollup.feePortal());
        token.mint(address(portal), 100);
        uint256 supply = token.totalSupply();
        assertEq(portal.rewards(), address(this));
        portal.pay(address(0xfee), 30);
        portal.burn(20);
        assertEq(token.balanceOf(address(0xfee)), 30);
        assertEq(token.balanceOf(address(portal)), 50);
        assertEq(supply - token.totalSupply(), 20);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(address(0xbad));
            expectError(abi.encodeWithSelector(IFeePortal.FeePortal__OnlyRewards.selector, address(0xbad)));
            if (i == 0) portal.pay(address(0xbad), 1);
            else portal.burn(1);
        }
    }

    function test_challengeRefusesParametersThatPayWhoHarms() external {
        ChallengeConfig memory c = ChallengeConfig({
            rollup: address(rollup),
            validatorSet: address(registry),
            registry: address(registry),
            token: address(token),
            slashAmount: SLASH,
            reward: SLASH / 2,
            reserve: 0
        });
        create("AggregateChallenge.sol", abi.encode(c));
        c.reward += 1;
        refuses(IAggregateChallenge.AggregateChallenge__InvalidConfig.selector);
        create("AggregateChallenge.sol", abi.encode(c));
        c.reward = 0;
        c.token = address(0);
        refuses(IAggregateChallenge.AggregateChallenge__InvalidConfig.selector);
        create("AggregateChallenge.sol", abi.encode(c));
        c.token = address(token);
        c.slashAmount = 0;
        refuses(IAggregateChallenge.AggregateChallenge__InvalidConfig.selector);
        create("AggregateChallenge.sol", abi.encode(c));
        c.slashAmount = SLASH;
        c.rollup = address(0);
        refuses(IAggregateChallenge.AggregateChallenge__InvalidConfig.selector);
        create("AggregateChallenge.sol", abi.encode(c));
        c.rollup = address(rollup);
        c.validatorSet = address(0xdead);
        refuses(IAggregateChallenge.AggregateChallenge__InvalidConfig.selector);
        create("AggregateChallenge.sol", abi.encode(c));
    }

    // Entry points for calls that revert

    function invalidateExternal(uint256 number) external {
        challenge.invalidate(records[number], opening(number));
    }

    function proveExternal(uint256 first, uint256 last) external {
        rollup.submitEpochProof(proofOf(first, last));
    }

    function _proven() private view returns (uint256 proven) {
        (, proven) = status();
    }

    function _idle(uint256 slot) private view returns (bool) {
        (address proposer, ) = proposerAt(slot);
        return proposer == address(0);
    }
}

/// @notice The proof's own check of the last block's aggregate.
contract ChallengeWindowTest is ChallengeFixture {
    uint256 private constant WINDOW_SECONDS = 1_500;

    function window() internal pure override returns (uint256) {
        return WINDOW_SECONDS;
    }

    function setUp() public override {
        super.setUp();
        populate();
    }

    function test_proofInsideTheWindowShowsTheLastAggregate() external {
        publish(good(1));
        publish(good(2));
        pass(startOf(1));
        refuses(IAggregateChallenge.AggregateChallenge__WrongOpening.selector);
        this.proveExternal(false);
        this.proveExternal(true);
        _expectProven(2);
    }

    function test_proofOfAWrongLastBlockWaitsForTheWindowsEnd() external {
        publish(good(1));
        publish(wrong(2));
        pass(startOfSlot(2) + WINDOW_SECONDS - 1);
        refuses(IAggregateChallenge.AggregateChallenge__AggregateWrong.selector);
        this.proveExternal(true);
        pass(startOfSlot(2) + WINDOW_SECONDS);
        this.proveExternal(false);
        _expectProven(2);
    }

    function test_wrongBlocksBeforeTheLastOneAreTheWatchersToChallenge() external {
        publish(wrong(1));
        publish(good(2));
        pass(startOf(1));
        this.proveExternal(true);
        _expectProven(2);
    }

    function proveExternal(bool shown) external {
        EpochProof memory args = proofOf(1, 2);
        if (shown) args.attestation = opening(2);
        rollup.submitEpochProof(args);
    }

    function _expectProven(uint256 number) private view {
        (, uint256 proven) = status();
        assertEq(proven, number);
    }
}
