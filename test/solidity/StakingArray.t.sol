// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChurnLib, ChurnRules} from "../../contracts/staking/ChurnLib.sol";
import {Head, SeatArray, SeatArrayLib} from "../../contracts/staking/SeatArrayLib.sol";
import {stakingVm} from "./StakingVm.sol";
import {Test, vm} from "./Vm.sol";

/// @notice The array as the registry drives it.
contract ArrayHarness {
    using SeatArrayLib for SeatArray;
    using ChurnLib for Head;

    SeatArray private _array;
    ChurnRules private _churn;

    constructor(ChurnRules memory churn) {
        _churn = churn;
    }

    function join(bytes28 keyHash) external {
        ChurnRules memory churn = _churn;
        Head memory head = _array.load();
        uint256 activation = head.completeAt == 0 ? 0 : head.activation(churn);
        _array.append(head, keyHash, address(bytes20(keyHash)), activation);
        if (head.completeAt == 0 && head.length == churn.bootstrapSize) {
            _array.complete(head, ChurnLib.nextWindow(churn));
        }
        _array.save(head);
    }

    function leave(uint256 position) external {
        Head memory head = _array.load();
        _array.remove(head, position);
        _array.save(head);
    }

    function sizeAt(uint256 time) external view returns (uint256) {
        return _array.sizeAt(time);
    }

    function keyAt(uint256 position, uint256 time) external view returns (bytes28) {
        return _array.keyAt(position, time).keyHashOf();
    }

    function proposerOf(uint256 position) external view returns (address) {
        return _array.seats[position].seatProposer();
    }
}

/// @notice The same rules, with the whole array kept for every time.
contract ArrayModel {
    struct Entry {
        bytes28 key;
        uint256 activation;
    }

    uint256 public constant WINDOW = 100;
    uint256 public constant BOOTSTRAP = 5;
    uint256 public constant NEVER = type(uint256).max;

    uint256 public completeAt = NEVER;
    Entry[] private _now;
    uint256[] private _times;
    mapping(uint256 snapshot => Entry[]) private _snapshots;

    function churn() external pure returns (ChurnRules memory) {
        return
            ChurnRules({
                window: WINDOW,
                bootstrapSize: BOOTSTRAP,
                growthSize: 12,
                growthRate: 3,
                quotient: 10,
                minRate: 1,
                maxRate: 2
            });
    }

    function length() external view returns (uint256) {
        return _now.length;
    }

    function keyOf(uint256 position) external view returns (bytes28) {
        return _now[position].key;
    }

    function join(bytes28 key, uint256 time) external {
        _now.push(Entry(key, completeAt == NEVER ? 0 : _activation(time)));
        if (completeAt == NEVER && _now.length == BOOTSTRAP) {
            completeAt = (time / WINDOW + 1) * WINDOW;
            for (uint256 i = 0; i < BOOTSTRAP; ++i) _now[i].activation = completeAt;
        }
        _snapshot(time);
    }

    function leave(uint256 position, uint256 time) external {
        Entry memory last = _now[_now.length - 1];
        _now.pop();
        if (position < _now.length) {
            bool active = completeAt <= time && _now[position].activation <= time;
            uint256 since = active ? time : _now[position].activation;
            _now[position] = Entry(last.key, last.activation < since ? last.activation : since);
        }
        _snapshot(time);
    }

    /// @dev All active validators as of a time, in order.
    function activeAt(uint256 time) external view returns (bytes28[] memory keys) {
        uint256 i = _times.length;
        while (i > 0 && _times[i - 1] > time) --i;
        if (i == 0 || time < completeAt) return keys;

        Entry[] storage entries = _snapshots[i - 1];
        keys = new bytes28[](entries.length);
        uint256 count = 0;
        for (uint256 k = 0; k < entries.length; ++k) {
            if (entries[k].activation <= time) keys[count++] = entries[k].key;
        }
        assembly ("memory-safe") {
            mstore(keys, count)
        }
    }

    function _activation(uint256 time) private view returns (uint256) {
        uint256 latest = 0;
        for (uint256 i = 0; i < _now.length; ++i) {
            if (_now[i].activation > latest) latest = _now[i].activation;
        }
        if (latest <= time) return (time / WINDOW + 1) * WINDOW;

        uint256 before = 0;
        for (uint256 i = 0; i < _now.length; ++i) {
            if (_now[i].activation < latest) ++before;
        }
        uint256 rate =
            before < 12
                ? 3
                : before < 20
                    ? 1
                    : 2;
        return _now.length - before < rate ? latest : latest + WINDOW;
    }

    function _snapshot(uint256 time) private {
        if (_times.length == 0 || _times[_times.length - 1] != time) _times.push(time);
        Entry[] storage entries = _snapshots[_times.length - 1];
        while (entries.length > 0) entries.pop();
        for (uint256 i = 0; i < _now.length; ++i) entries.push(_now[i]);
    }
}

contract StakingArrayTest is Test {
    uint256 private constant _START = 1_800_000_000;

    ArrayHarness private _array;
    ArrayModel private _model;
    uint256 private _time;
    uint256 private _nextKey;

    function setUp() external {
        _model = new ArrayModel();
        _array = new ArrayHarness(_model.churn());
        _time = _START;
        vm.warp(_time);
    }

    /// @dev Short histories from the fuzzer: each byte is an operation.
    /// forge-config: default.fuzz.runs = 300
    /// forge-config: full.fuzz.runs = 5000
    function testFuzz_activeSetIsDenseUniqueAndEqualToTheNaiveModel(bytes32 seed, uint8 length) external {
        uint256 operations = 8 + (length % 56);
        for (uint256 i = 0; i < operations; ++i) _operate(uint256(keccak256(abi.encode(seed, i))));
        for (uint256 time = _START - 1; time <= _time + 500; time += 1 + (_time - _START) / 12)
            _compare(time);
        _compare(_time);
    }

    /// @dev One long history, compared as of random times of its past and near future all along.
    function test_activeSetEqualsTheNaiveModelOverThousandsOfChanges() external {
        stakingVm.pauseGasMetering();
        for (uint256 i = 0; i < 3_000; ++i) {
            uint256 random = uint256(keccak256(abi.encode("history", i)));
            _operate(random);
            if (i % 10 == 0) {
                uint256 span = _time - _START;
                _compare(_START + ((random >> 64) % (span + 1)));
                _compare(_time - ((random >> 128) % (span < 300 ? span + 1 : 300)));
                _compare(_time + ((random >> 192) % 300));
                _compare(_time);
            }
        }
    }

    function test_bootstrapDepositsActivateTogether() external {
        for (uint256 i = 1; i <= 4; ++i) _join();
        assertEq(_array.sizeAt(_time + 10_000), 0);
        _join();
        assertEq(_array.sizeAt(_time), 0);
        assertEq(_array.sizeAt(_time + 100), 5);
    }

    function test_holeFilledByAQueuedTailTakesItsStepBack() external {
        _bootstrap();
        for (uint256 i = 0; i < 4; ++i) _join();
        // Three join the next window, the fourth the one after.
        assertEq(_array.sizeAt(_time + 100), 8);
        assertEq(_array.sizeAt(_time + 200), 9);

        bytes28 tail = _model.keyOf(8);
        _leave(2);
        assertEq(bytes32(_array.keyAt(2, _time)), bytes32(tail));
        assertEq(_array.sizeAt(_time), 5);
        assertEq(_array.sizeAt(_time + 100), 8);
        assertEq(_array.sizeAt(_time + 200), 8);
        // The place in the queue is free again.
        _join();
        assertEq(_array.sizeAt(_time + 200), 9);
    }

    function test_twoChangesAtOnePositionWithOneStampKeepTheOlderHistory() external {
        _bootstrap();
        bytes28 first = _model.keyOf(1);
        _pass(10);
        _leave(1);
        _leave(1);
        _compare(_time);
        assertEq(bytes32(_array.keyAt(1, _time - 1)), bytes32(first));
        _compare(_time - 1);
    }

    function test_everybodyMayLeaveAndOthersMayCome() external {
        _bootstrap();
        _pass(10);
        for (uint256 i = 0; i < 5; ++i) _leave(0);
        assertEq(_array.sizeAt(_time), 0);
        assertEq(_array.sizeAt(_time - 1), 5);
        _compare(_time - 1);
        _pass(1);
        _join();
        _pass(100);
        assertEq(_array.sizeAt(_time), 1);
        _compare(_time);
        _compare(_time - 102);
    }

    function test_queueLeavesBeforeItsActivationWithoutTrace() external {
        _bootstrap();
        _join();
        _join();
        _leave(6);
        _leave(5);
        assertEq(_array.sizeAt(_time + 1_000), 5);
        _compare(_time);
        // With an empty queue a leaving validator shrinks the set at once.
        _leave(0);
        assertEq(_array.sizeAt(_time), 4);
        _compare(_time);
        _compare(_time + 200);
    }

    function _bootstrap() private {
        for (uint256 i = 0; i < 5; ++i) _join();
        _pass(150);
        assertEq(_array.sizeAt(_time), 5);
    }

    function _operate(uint256 random) private {
        uint256 kind = random % 10;
        uint256 length = _model.length();
        if (kind < 4 || length == 0) _join();
        else if (kind < 7) _leave((random >> 8) % length);
        else if (kind == 7) _leave(length - 1);
        else _pass(kind == 8 ? 1 + ((random >> 8) % 20) : 1 + ((random >> 8) % 250));
        // Sets of all sizes: a long history grows first.
        if (length < 30 && (random >> 32) % 4 == 0) _join();
    }

    function _join() private {
        bytes28 key = bytes28(keccak256(abi.encode("key", ++_nextKey)));
        _array.join(key);
        _model.join(key, _time);
    }

    function _leave(uint256 position) private {
        _array.leave(position);
        _model.leave(position, _time);
    }

    function _pass(uint256 span) private {
        _time += span;
        vm.warp(_time);
    }

    function _compare(uint256 time) private view {
        bytes28[] memory expected = _model.activeAt(time);
        assertEq(_array.sizeAt(time), expected.length);
        for (uint256 k = 0; k < expected.length; ++k) {
            assertEq(bytes32(_array.keyAt(k, time)), bytes32(expected[k]));
            for (uint256 j = 0; j < k; ++j) assertTrue(expected[j] != expected[k], "a validator twice");
        }
        if (time == _time) {
            for (uint256 k = 0; k < _model.length(); ++k)
                assertEq(_array.proposerOf(k), address(bytes20(_model.keyOf(k))));
        }
    }
}
