// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "../../contracts/rollup/IRollup.sol";
import {Rollup} from "../../contracts/rollup/Rollup.sol";
import {Slot} from "../../contracts/types/Time.sol";
import {RollupHandler} from "./RollupHandler.sol";
import {Test} from "./Vm.sol";

/// @notice Invariants of the chain's state over any order of valid calls.
contract RollupInvariantTest is Test {
    RollupHandler private _handler;
    Rollup private _rollup;

    function setUp() external {
        _handler = new RollupHandler();
        _rollup = _handler.rollup();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice The runs below are not empty: the handler's calls reach proofs of several blocks, prunes, roll-backs and full
    /// queues.
    function test_handlerReachesProofsPrunesAndRollBacks() external {
        for (uint256 i = 0; i < 400; ++i) {
            uint256 random = uint256(keccak256(abi.encode(i)));
            if (random % 4 != 0)
                _handler.proposeNoRevert(
                    uint8(random >> 8),
                    uint8(random >> 16),
                    uint32(random >> 24),
                    0,
                    address(1)
                );
            if (random % 3 == 0) _handler.sendNoRevert(uint8(random >> 64), uint64(random >> 72));
            if (random % 7 == 0) _handler.proveNoRevert(uint8(random >> 136), uint8(random >> 144));
            if (random % 11 == 0) _handler.pruneNoRevert(uint8(random >> 152));
            if (random % 13 == 0) _handler.pauseNoRevert(uint16(random >> 160));
            if (random % 37 == 0) _handler.unpauseNoRevert(uint16(random >> 176));
            if (random % 17 == 0) _handler.rollBackNoRevert(uint8(random >> 192) % 80, uint8(random >> 200));
            if (random % 19 == 0) _handler.staleParentIsRefused(uint16(random >> 208));
        }
        assertTrue(_handler.provenEpochs() > 10, "proofs");
        assertTrue(_handler.mostBlocks() > 2, "proofs of many blocks");
        assertTrue(_handler.prunes() > 1 && _handler.pendingPruned() > 5, "prunes");
        assertTrue(_handler.rollBacks() > 3 && _handler.pendingRolledBack() > 5, "roll-backs");
        assertTrue(_handler.staleParents() > 5, "parents of another time");
        assertTrue(_handler.mostProvenMessages() > 20, "messages");
        assertTrue(_handler.provenLate() > 0, "proofs that a pause kept in time");
        assertTrue(_handler.ringFull() > 0, "a record ring that a pause filled");
    }

    /// @notice proven <= pending, and proven never goes back.
    function invariant_provenIsAPrefixOfPending() external view {
        Status memory status = _rollup.status();
        assertTrue(status.proven <= status.pending, "proven beyond pending");
        assertEq(status.proven, _handler.mostProven());
    }

    /// @notice Every record between proven and pending is stored as its event told it.
    function invariant_ringHoldsEveryPendingRecord() external view {
        uint256 tip = _rollup.tip();
        Status memory status = _rollup.status();
        assertTrue(status.pending < _handler.recordCount(), "a block without event");
        for (uint256 number = uint32(tip >> 32); number <= status.pending; ++number) {
            assertEq(_rollup.recordHash(number), keccak256(abi.encode(_handler.recordAt(number))));
        }
    }

    /// @notice Pending counts every block proposed less those pruned and rolled back.
    function invariant_pendingFallsByPruneAndRollBackAlone() external view {
        uint256 kept = _handler.recordCount() - 1;
        assertEq(kept + _handler.pendingPruned() + _handler.pendingRolledBack(), _handler.proposed());
        // A prune that fell due by time alone is applied by `status`, and by the handler at its next step.
        assertTrue(_rollup.status().pending <= kept, "more pending than proposed");
    }

    /// @notice A block that was rolled back, or dropped with one, is never pending again, nor proven.
    function invariant_whatWasRolledBackStaysOut() external view {
        uint256[7][] memory dropped = _handler.droppedRecords();
        Status memory status = _rollup.status();
        for (uint256 i = 0; i < dropped.length; ++i) {
            uint256 number = dropped[i][4] >> 224;
            if (number < status.proven || number > status.pending) continue;
            assertTrue(_rollup.recordHash(number) != keccak256(abi.encode(dropped[i])), "pending again");
        }
    }

    /// @notice Messages consumed at proven <= consumed at pending <= sent; the first never goes back.
    function invariant_messageCursorsAreOrdered() external view {
        Status memory status = _rollup.status();
        uint256 atPending = uint32(_handler.recordAt(status.pending)[3]);
        assertTrue(status.provenMessages <= atPending, "proven cursor ahead");
        assertTrue(atPending <= status.inboxCount, "consumed what was not sent");
        assertEq(status.provenMessages, _handler.mostProvenMessages());
    }

    /// @notice The clock of the fallback is the newest block's slot, whatever was pruned.
    function invariant_lastCommitteeSlotIsNeverTurnedBack() external view {
        assertEq(Slot.unwrap(_rollup.status().lastCommitteeSlot), _handler.latestSlot());
    }

    /// @notice The ledger's deposits are held by the portals, unit for unit.
    function invariant_portalsHoldWhatWasDeposited() external view {
        uint256 held =
            _handler.token().balanceOf(_rollup.feePortal()) +
                _handler.token().balanceOf(_rollup.assetPortal());
        assertEq(held + _handler.token().balanceOf(address(_handler)), 1 << 94);
    }
}
