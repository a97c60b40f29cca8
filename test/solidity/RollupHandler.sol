// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IPortal} from "../../contracts/bridge/IPortal.sol";
import {EpochProof, IRollup, RollupConfig, Status} from "../../contracts/rollup/IRollup.sol";
import {Rollup} from "../../contracts/rollup/Rollup.sol";
import {Member, PermissionedValidatorSet} from "../../contracts/staking/PermissionedValidatorSet.sol";
import {MockVerifier} from "../../contracts/test/MockVerifier.sol";
import {Bitmap} from "../../contracts/types/Bitmap.sol";
import {Claims} from "../../contracts/types/Block.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {VerifierPolicy} from "../../contracts/verifier/VerifierPolicy.sol";
import {INITIAL_ORACLE, smallRollup} from "./SmallRollup.sol";
import {create, stakingVm} from "./StakingVm.sol";
import {Test, Vm, vm} from "./Vm.sol";

contract MockToken is ERC20("Mock", "MOCK") {
    constructor(address holder) {
        _mint(holder, 1 << 94);
    }
}

/// @notice May roll back, and asks nobody for a reason.
contract RollBackDouble {
    address public immutable rollup;
    address public immutable validatorSet;

    constructor(address rollup_, address validatorSet_) {
        rollup = rollup_;
        validatorSet = validatorSet_;
    }

    function rollBack(uint256 number) external returns (bool) {
        return IRollup(rollup).rollBack(number);
    }
}

/// @notice Drives a Rollup with valid calls only: whatever the order, none of them may revert. So the invariant runs
/// also show liveness: a block can always be proposed, a provable epoch proven, a message sent while there is room.
///
/// All blobs are empty: their commitment, every combination of them, and the opening proof are the point at infinity.
contract RollupHandler is Test {
    uint256 private constant SLOTS = 4;
    uint256 private constant DURATION = 72;
    uint256 private constant DEADLINE_EPOCHS = 2;
    uint256 private constant MAX_MESSAGES = 2;
    uint256 private constant MESSAGE_DEADLINE = 300;
    uint256 private constant GENESIS = 1_000_000;
    /// Long enough to fill the record ring.
    uint256 private constant PAUSE_MAX = 1_500;
    uint256 private constant INBOX = MAX_MESSAGES * SLOTS * (DEADLINE_EPOCHS + 2);
    uint256 private constant KEY_X = 1;
    uint256 private constant KEY_Y = 17631683881184975370165255887551781615748388533673675138860;
    uint256 private constant COMMITTEE = 7;

    Rollup public immutable rollup;
    MockToken public immutable token;
    RollBackDouble public immutable challenge;
    bytes32 private immutable _versionedHash;

    /// Records of the pending chain as the events told them, by number.
    uint256[7][] public records;
    uint256[] private _coinbaseFees;
    uint256[] private _sentAt;
    /// Records of blocks that were rolled back, or dropped with one.
    uint256[7][] private _dropped;
    /// Every pause there was: first and last second, the latter exclusive, since genesis.
    uint256[2][] private _pauses;

    // Highest and latest values ever seen
    uint256 public mostProven;
    uint256 public latestSlot;
    uint256 public mostProvenMessages;
    uint256 public pendingPruned;
    uint256 public pendingRolledBack;
    uint256 public proposed;
    uint256 public provenEpochs;
    uint256 public prunes;
    uint256 public rollBacks;
    /// Roll-backs that a due prune forestalled.
    uint256 public forestalled;
    /// Proofs accepted after the deadline that a clock without pauses has.
    uint256 public provenLate;
    uint256 public ringFull;
    uint256 public staleParents;
    /// Most blocks of one proof.
    uint256 public mostBlocks;

    constructor() {
        vm.warp(GENESIS);
        token = new MockToken(address(this));
        Member[] memory members = new Member[](COMMITTEE);
        for (uint256 i = 0; i < COMMITTEE; ++i) {
            members[i] = Member(address(uint160(0xca1b0000 + i)), keccak256(abi.encode(i)));
        }
        address[] memory verifiers = new address[](1);
        verifiers[0] = address(new MockVerifier());
        RollupConfig memory c = _parameters(members, address(new VerifierPolicy(verifiers)));
        uint256 nonce = stakingVm.getNonce(address(this));
        challenge = new RollBackDouble(
            stakingVm.computeCreateAddress(address(this), nonce + 1),
            c.validatorSet
        );
        c.aggregateChallenge = address(challenge);
        rollup = Rollup(create("Rollup.sol", abi.encode(c)));
        token.approve(rollup.feePortal(), type(uint256).max);
        token.approve(rollup.assetPortal(), type(uint256).max);

        uint256[7] memory genesis;
        genesis[0] = uint256(rollup.genesisHash());
        genesis[5] = INITIAL_ORACLE;
        records.push(genesis);
        _coinbaseFees.push();
        _sentAt.push();
        _versionedHash = bytes32(
            (uint256(sha256(abi.encodePacked(bytes1(0xc0), new bytes(47)))) & (type(uint256).max >> 8)) |
                (1 << 248)
        );
        IPortal(rollup.feePortal()).register(KEY_X, KEY_Y, 1);
        _sentAt.push(0);
    }

    // Actions

    function proposeNoRevert(
        uint8 skip,
        uint8 consume,
        uint32 gasL2,
        uint48 absent,
        address coinbase
    ) external {
        // Mostly the next slots, sometimes far ahead.
        uint256 slot = _laterSlot(skip > 240 ? skip % 16 : skip % 3);
        vm.warp(GENESIS + slot * DURATION + (skip % DURATION));
        _forgetPruned();
        Status memory status = rollup.status();
        if (status.pending - status.proven == SLOTS * (DEADLINE_EPOCHS + 1)) {
            // Only a pause lets the ring fill up.
            assertTrue(_paused(0, type(uint256).max) > 0, "full without a pause");
            ++ringFull;
            return;
        }

        uint256[7] memory parent = records[records.length - 1];
        uint256[6] memory blk;
        blk[0] = uint256(keccak256(abi.encode(skip, gasL2))) >> 3;
        uint256 messages = _messages(slot, uint32(parent[3]), consume);
        vm.fee(uint256(gasL2) * skip);
        (uint256 feePerL2Gas, uint256 feePerDaGas) = rollup.pricesAfter(parent, Slot.wrap(slot));
        blk[1] =
            (slot << 224) |
            (feePerL2Gas << 160) |
            (feePerDaGas << 96) |
            ((uint256(gasL2) % 120_001) << 64) |
            ((uint256(gasL2) % 1_025) << 32) |
            (messages << 16) |
            uint16(int16(int256(uint256(skip) % 201) - 100));
        uint256 position = slot % COMMITTEE;
        blk[2] = (_bitmap(position, absent) << 160) | uint160(coinbase);

        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = _versionedHash;
        vm.blobhashes(hashes);
        vm.recordLogs();
        vm.prank(address(uint160(0xca1b0000 + position)));
        rollup.propose(parent, blk);
        hashes = new bytes32[](0);
        vm.blobhashes(hashes);

        _keep(coinbase);
        latestSlot = slot;
        ++proposed;
    }

    function sendNoRevert(uint8 kind, uint64 amount) external {
        Status memory status = rollup.status();
        if (status.inboxCount - status.provenMessages + 1 >= INBOX) return;

        uint256 depositFee = rollup.depositFee();
        vm.deal(address(this), depositFee);
        if (kind % 4 == 0) {
            IPortal(rollup.assetPortal()).register{value: depositFee}(KEY_X, KEY_Y, uint256(amount) + 1);
        } else if (kind % 4 == 1) {
            IPortal(rollup.feePortal()).deposit{value: depositFee}(
                kind % status.accounts,
                KEY_X,
                KEY_Y,
                uint256(amount) + 1
            );
        } else {
            uint256 transactionKind = 1 + (kind & 1);
            uint256 fee = rollup.forcedFee(transactionKind);
            vm.deal(address(this), fee);
            rollup.force{value: fee}(
                transactionKind,
                kind % status.accounts,
                uint32(amount),
                1,
                amount,
                kind,
                amount
            );
        }
        _sentAt.push(block.timestamp - GENESIS);
    }

    function proveNoRevert(uint8 wait, uint8 withdrawals) external {
        Status memory status = rollup.status();
        if (status.pending == status.proven) return;

        // The oldest unproven epoch must be complete; wait for it, still inside its deadline.
        uint256 epoch = Epoch.unwrap(status.firstUnprovenEpoch);
        uint256 end = (epoch + 1) * SLOTS * DURATION + GENESIS;
        if (block.timestamp < end) {
            if (wait < 200) return;
            vm.warp(end + (wait % DURATION));
        }
        uint256 now_ = block.timestamp - GENESIS;
        if (_pauses.length > 0 && now_ < _pauses[_pauses.length - 1][1]) return;
        if (now_ >= end - GENESIS + DEADLINE_EPOCHS * SLOTS * DURATION) ++provenLate;
        uint256 before = status.proven;
        rollup.submitEpochProof(_proof(status, epoch, withdrawals % 5));

        // `status` above was before the wait.
        mostProven = rollup.status().proven;
        mostProvenMessages = rollup.status().provenMessages;
        if (mostProven - before > mostBlocks) mostBlocks = mostProven - before;
        ++provenEpochs;
    }

    function pruneNoRevert(uint8 late) external {
        Status memory status = rollup.status();
        uint256 tip = rollup.tip();
        if (uint32(tip) == uint32(tip >> 32)) return;

        uint256 due = (Epoch.unwrap(status.deadlineEpoch) + 1) * SLOTS * DURATION + GENESIS;
        if (late < 200 && block.timestamp < due) return;
        if (block.timestamp < due) vm.warp(due);
        rollup.prune();
        _forgetPruned();
        ++prunes;
    }

    /// @dev Any pending block; when none is left, by time or at all, nothing happens, and a due prune comes to effect.
    function rollBackNoRevert(uint8 rare, uint8 pick) external {
        if (rare > 40) return;
        _forgetPruned();
        Status memory status = rollup.status();
        uint256 unproven = status.pending - status.proven;
        if (unproven == 0) {
            if (uint32(rollup.tip()) != status.pending) ++forestalled;
            assertTrue(!challenge.rollBack(status.proven + 1), "rolled back a block that is not pending");
            assertEq(uint32(rollup.tip()), status.proven);
            return;
        }

        uint256 number = status.proven + 1 + (pick % unproven);
        assertTrue(!challenge.rollBack(status.pending + 1), "rolled back a block to come");
        assertTrue(!challenge.rollBack(status.proven), "rolled back a proven block");
        assertTrue(challenge.rollBack(number), "pending");
        assertEq(rollup.status().pending, number - 1);
        while (records.length > number) {
            _dropped.push(records[records.length - 1]);
            records.pop();
            _coinbaseFees.pop();
            ++pendingRolledBack;
        }
        ++rollBacks;
    }

    /// @dev A record that was built upon, dropped, or stood in the ring a lap ago is no parent.
    function staleParentIsRefused(uint16 pick) external {
        uint256 tip = records.length - 1;
        uint256 count = tip + _dropped.length;
        if (count == 0) return;
        _forgetPruned();
        if (records.length - 1 != tip) return;
        uint256 index = pick % count;
        uint256[7] memory parent = index < tip ? records[index] : _dropped[index - tip];

        Status memory status = rollup.status();
        if (status.pending - status.proven == SLOTS * (DEADLINE_EPOCHS + 1)) return;
        uint256 slot = _laterSlot(0);
        if (block.timestamp < GENESIS + slot * DURATION) vm.warp(GENESIS + slot * DURATION);
        if (rollup.status().pending != tip) return;
        uint256[6] memory blk;
        blk[1] = slot << 224;
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = _versionedHash;
        vm.blobhashes(hashes);
        try rollup.propose(parent, blk) {
            assertTrue(false, "stale parent");
        } catch (bytes memory reason) {
            assertEq(bytes32(bytes4(reason)), bytes32(IRollup.Rollup__WrongParentRecord.selector));
        }
        vm.blobhashes(new bytes32[](0));
        ++staleParents;
    }

    function pauseNoRevert(uint16 duration) external {
        uint256 now_ = block.timestamp - GENESIS;
        if (_pauses.length > 0) {
            uint256 earliest =
                _pauses[_pauses.length - 1][0] + PAUSE_MAX + SLOTS * DURATION * (DEADLINE_EPOCHS + 1);
            if (now_ < earliest) return;
        }
        uint256 length = (duration % PAUSE_MAX) + 1;
        rollup.pause(length);
        _pauses.push([now_, now_ + length]);
    }

    function unpauseNoRevert(uint16 wait) external {
        if (_pauses.length == 0) return;
        uint256[2] storage last = _pauses[_pauses.length - 1];
        uint256 now_ = block.timestamp - GENESIS;
        if (now_ >= last[1]) return;
        now_ += wait % (last[1] - now_);
        vm.warp(GENESIS + now_);
        rollup.unpause();
        last[1] = now_;
    }

    // What the invariants read

    function recordCount() external view returns (uint256) {
        return records.length;
    }

    function recordAt(uint256 number) external view returns (uint256[7] memory) {
        return records[number];
    }

    function droppedRecords() external view returns (uint256[7][] memory) {
        return _dropped;
    }

    // Parts

    function _parameters(Member[] memory members, address policy) private returns (RollupConfig memory c) {
        c = smallRollup(GENESIS, DURATION, SLOTS, DEADLINE_EPOCHS);
        c.messageDeadline = MESSAGE_DEADLINE;
        c.pauseMax = PAUSE_MAX;
        c.pauseCooldown += PAUSE_MAX;
        c.council = address(this);
        c.validatorSet = address(new PermissionedValidatorSet(address(this), 1_000, members));
        c.verifierPolicy = policy;
        c.feeToken = address(token);
        c.asset = address(token);
    }

    function _laterSlot(uint256 ahead) private view returns (uint256) {
        uint256 now_ = (block.timestamp - GENESIS) / DURATION;
        uint256 slot = now_ + ahead;
        uint256 tip = uint32(records[records.length - 1][4] >> 192);
        uint256 least = tip > latestSlot ? tip : latestSlot;
        return slot > least ? slot : least + 1;
    }

    /// @dev Seconds of all pauses in a span, counted from the whole list.
    function _paused(uint256 from, uint256 to) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _pauses.length; ++i) {
            uint256 a = _pauses[i][0] > from ? _pauses[i][0] : from;
            uint256 b = _pauses[i][1] < to ? _pauses[i][1] : to;
            if (a < b) sum += b - a;
        }
    }

    /// @dev What a prune takes from the chain, due or done. Never before the oldest epoch had its whole term, without
    /// the pauses; and never more than an epoch's rounding after it.
    function _forgetPruned() private {
        uint256 pending = rollup.status().pending;
        uint256 proven = rollup.status().proven;
        uint256 unproven = records.length - 1 - proven;
        if (unproven > 0) {
            uint256 epoch = SLOTS * DURATION;
            uint256 end = (uint32(records[proven + 1][4] >> 192) / SLOTS + 1) * epoch;
            uint256 now_ = block.timestamp - GENESIS;
            uint256 running = now_ < end ? 0 : now_ - end - _paused(end, now_);
            if (pending == proven) assertTrue(running >= DEADLINE_EPOCHS * epoch, "pruned too early");
            else assertTrue(running < (DEADLINE_EPOCHS + 1) * epoch, "kept too long");
        }
        while (records.length > pending + 1) {
            records.pop();
            _coinbaseFees.pop();
            ++pendingPruned;
        }
    }

    function _messages(uint256 slot, uint256 cursor, uint256 wish) private view returns (uint256 count) {
        uint256 sent = _sentAt.length - 1;
        count = wish % (MAX_MESSAGES + 1);
        if (count > sent - cursor) count = sent - cursor;
        while (
            count < MAX_MESSAGES &&
            cursor + count < sent &&
            _sentAt[cursor + count + 1] + MESSAGE_DEADLINE <= slot * DURATION
        ) ++count;
    }

    /// @dev At most two of seven absent, never the proposer.
    function _bitmap(uint256 position, uint256 absent) private pure returns (uint256 bitmap) {
        bitmap = (1 << COMMITTEE) - 1;
        bitmap &= ~(1 << (absent % COMMITTEE));
        bitmap &= ~(1 << ((absent / COMMITTEE) % COMMITTEE));
        bitmap |= 1 << position;
    }

    function _keep(address coinbase) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory log = logs[logs.length - 1];
        (uint256[7] memory record, uint256[6] memory blk, , ) = abi.decode(
            log.data,
            (uint256[7], uint256[6], bytes32, address)
        );
        uint256 before = records[records.length - 1][6];
        bool sameEpoch =
            uint32(records[records.length - 1][4] >> 192) / SLOTS == uint32(record[4] >> 192) / SLOTS;
        uint256 fee = uint80(record[6]) - (sameEpoch ? uint80(before) : 0);
        assertEq(_sum(record[6]) - (sameEpoch ? _sum(before) : 0), _charged(Claims.wrap(blk[1])));
        records.push(record);
        uint256 attested = Bitmap.popcount(uint48(record[4] >> 144));
        _coinbaseFees.push((uint256(uint160(coinbase)) << 96) | (attested << 80) | fee);
    }

    /// @dev Of a record's fee word, over all destinations.
    function _sum(uint256 fees) private pure returns (uint256) {
        return uint256(uint80(fees)) + uint80(fees >> 80) + uint80(fees >> 160);
    }

    /// @dev What the circuit takes from the senders.
    function _charged(Claims claims) private pure returns (uint256) {
        return claims.gasL2() * claims.feePerL2Gas() + claims.gasDa() * claims.feePerDaGas();
    }

    function _proof(
        Status memory status,
        uint256 epoch,
        uint256 withdrawals
    ) private view returns (EpochProof memory args) {
        uint256 last = status.proven;
        while (last < status.pending && uint32(records[last + 1][4] >> 192) / SLOTS == epoch) ++last;
        args.start = records[status.proven];
        args.end = records[last];
        if (last < status.pending) args.next = records[last + 1];
        args.prover = address(this);
        args.z = epoch + 5;
        args.gamma = epoch + 6;
        args.opening[0] = 0xc0 << 248;
        args.points = new uint256[3][](last - status.proven);
        args.coinbaseFees = new uint256[](last - status.proven);
        for (uint256 i = 0; i < args.coinbaseFees.length; ++i) {
            args.coinbaseFees[i] = _coinbaseFees[status.proven + 1 + i];
        }
        args.withdrawals = new uint256[](withdrawals);
        for (uint256 i = 0; i < withdrawals; ++i) args.withdrawals[i] = (i << 160) | 1;
        args.proofs = new bytes[](1);
    }
}
