// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SeedWord} from "../../contracts/staking/StakingWords.sol";
import {Epoch, Timestamp} from "../../contracts/types/Time.sol";
import {ChallengeFixture} from "./ChallengeFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Random lives of a chain with liars among its proposers: good and wrong blocks, challenges of both, proofs of
/// whatever is there, prunes by time; and what must hold after each step.
contract ChallengeInvariantsTest is ChallengeFixture {
    uint256 private constant VALIDATORS = 12;

    struct Conviction {
        uint256 number;
        bytes32 recordHash;
        bool rolledBack;
    }

    Conviction[] private _convictions;
    /// Blocks published wrong, by record hash.
    mapping(bytes32 recordHash => bool) private _isWrong;
    mapping(bytes32 recordHash => bool) private _isConvicted;
    uint256 private _lastSlot;
    uint256 private _mostProven;
    uint256 private _slashed;
    uint256 private _toppedUp;
    uint256 private _rolledBack;
    uint256 private _late;
    uint256 private _refused;

    function setUp() public override {
        super.setUp();
        populate();
    }

    function invalidateExternal(uint256 number) external {
        invalidate(number);
    }

    /// forge-config: default.fuzz.runs = 6
    /// forge-config: full.fuzz.runs = 60
    function testFuzz_whatIsConvictedStaysOutAndItsStakePaysOnce(bytes32 seed) external {
        _live(seed, 30);
    }

    /// @notice The lives above are not empty.
    function test_livesHaveRollBacksLateConvictionsAndRefusals() external {
        _live(bytes32("a long life"), 200);
        assertTrue(_rolledBack > 3, "roll-backs");
        assertTrue(_late > 0, "convictions of blocks that were proven");
        assertTrue(_refused > 3, "good blocks accused");
        assertTrue(_mostProven > 3, "proofs");
    }

    function _live(bytes32 seed, uint256 steps) private {
        for (uint256 i = 0; i < steps; ++i) {
            _act(uint256(keccak256(abi.encode(seed, i))));
            _check();
        }
    }

    function _act(uint256 random) private {
        uint256 kind = random % 12;
        random >>= 8;
        if (kind < 5) _publish(random, false);
        else if (kind < 7) _publish(random, true);
        else if (kind < 10) _accuse(random);
        else _prove();
    }

    function _publish(uint256 random, bool lie) private {
        uint256 slot = (time - GENESIS) / SLOT;
        slot = (slot > _lastSlot ? slot : _lastSlot) + 1 + (random % 4 == 0 ? random % 7 : 0);
        while (!_hasProposer(slot)) ++slot;
        pass(startOfSlot(slot));
        _forgetPruned();
        // With too few left, the committees of the fixture's bitmaps would be incomplete.
        lie = lie && registry.sizeAt(address(0), Timestamp.wrap(time)) == VALIDATORS;

        uint256 number = publish(lie ? wrong(slot) : good(slot));
        if (lie) _isWrong[_hash(number)] = true;
        _lastSlot = slot;
    }

    function _hasProposer(uint256 slot) private returns (bool) {
        uint256 epoch = slot / SLOTS;
        if (SeedWord.unwrap(registry.seedOf(address(rollup), Epoch.wrap(epoch))) == 0) draw(epoch);
        (address proposer, ) = proposerAt(slot);
        return proposer != address(0);
    }

    /// @dev One of the last blocks, pending or proven.
    function _accuse(uint256 random) private {
        _forgetPruned();
        uint256 back = random % 12;
        if (back + 1 >= records.length) return;
        uint256 number = records.length - 1 - back;
        bytes32 recordHash = _hash(number);
        if (!_isWrong[recordHash] || _isConvicted[recordHash]) {
            try this.invalidateExternal(number) {
                assertTrue(false, "convicted without a cause");
            } catch {
                ++_refused;
            }
            return;
        }

        (, uint256 proven) = status();
        uint256 secret = secretAt(uint32(records[number][4] >> 192));
        uint256 stake = stakeOf(secret);
        invalidate(number);
        uint256 taken = stake < SLASH ? stake : SLASH;
        assertEq(stakeOf(secret), stake - taken);
        _slashed += taken;
        _isConvicted[recordHash] = true;
        _convictions.push(Conviction(number, recordHash, number > proven));
        if (number > proven) {
            forget(number - 1);
            ++_rolledBack;
        } else {
            ++_late;
        }

        // The offender comes back.
        bytes28 keyHash = keyHashOf(secret);
        uint256 missing = STAKE - stakeOf(secret);
        registry.topUp(keyHash, missing);
        _toppedUp += missing;
        vm.prank(withdrawerOf(secret));
        registry.rejoin(keyHash, proposerOf(secret));
    }

    /// @dev The oldest unproven epoch, when it is over.
    function _prove() private {
        _forgetPruned();
        (uint256 pending, uint256 proven) = status();
        if (pending == proven) return;
        uint256 epoch = _epochOf(proven + 1);
        if (time < startOf(epoch + 1)) return;
        uint256 last = proven + 1;
        while (last < pending && _epochOf(last + 1) == epoch) ++last;
        rollup.submitEpochProof(proofOf(proven + 1, last));
        _mostProven = last;
    }

    function _forgetPruned() private {
        (uint256 pending, ) = status();
        forget(pending);
    }

    function _check() private view {
        (uint256 pending, uint256 proven) = status();
        assertTrue(proven <= pending, "proven beyond pending");
        assertEq(proven, _mostProven);
        assertTrue(pending < records.length, "more pending than published and kept");

        for (uint256 i = 0; i < _convictions.length; ++i) {
            Conviction memory c = _convictions[i];
            if (c.rolledBack && c.number <= pending)
                assertTrue(rollup.recordWord(c.number) != c.recordHash, "pending again");
            assertTrue(challenge.isConvicted(c.recordHash) != c.rolledBack, "forgotten");
        }

        uint256 stakes;
        for (uint256 secret = 1001; secret < 1001 + VALIDATORS; ++secret) stakes += stakeOf(secret);
        assertEq(stakes + _slashed, VALIDATORS * STAKE + _toppedUp);
        assertEq(token.balanceOf(address(registry)), stakes);
        assertEq(token.balanceOf(address(challenge)) + token.balanceOf(CHALLENGER), _slashed);
    }

    function _epochOf(uint256 number) private view returns (uint256) {
        return uint32(records[number][4] >> 192) / SLOTS;
    }

    function _hash(uint256 number) private view returns (bytes32) {
        return keccak256(abi.encode(records[number]));
    }
}
