// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims, Witness} from "../../contracts/types/Block.sol";
import {Clock, epochAround, slotSince, startSince} from "../../contracts/types/Clock.sol";
import {FeeState, packFeeState} from "../../contracts/types/FeeWords.sol";
import {InboxWord, packInbox} from "../../contracts/types/InboxWord.sol";
import {Cursor, Fees, packCursor, packFees, packPosition, Position} from "../../contracts/types/Record.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {Tip} from "../../contracts/types/Tip.sol";
import {Withdrawal} from "../../contracts/types/Withdrawal.sol";
import {Test, vm} from "./Vm.sol";

contract TypesTest is Test {
    function testFuzz_slotOperators(uint256 a, uint256 b) external pure {
        Slot x = Slot.wrap(a);
        Slot y = Slot.wrap(b);
        assertTrue((x == y) == (a == b) && (x != y) == (a != b), "equality");
        assertTrue((x < y) == (a < b) && (x <= y) == (a <= b), "less");
        assertTrue((x > y) == (a > b) && (x >= y) == (a >= b), "greater");
    }

    function testFuzz_epochOperators(uint128 a, uint128 b) external pure {
        Epoch x = Epoch.wrap(a);
        Epoch y = Epoch.wrap(b);
        assertTrue((x == y) == (a == b) && (x != y) == (a != b), "equality");
        assertTrue((x < y) == (a < b) && (x <= y) == (a <= b), "less");
        assertTrue((x > y) == (a > b) && (x >= y) == (a >= b), "greater");
        assertEq(Epoch.unwrap(x + y), uint256(a) + b);
    }

    function testFuzz_timestampOperators(uint256 a, uint256 b) external pure {
        Timestamp x = Timestamp.wrap(a);
        Timestamp y = Timestamp.wrap(b);
        assertTrue((x == y) == (a == b), "equality");
        assertTrue((x < y) == (a < b) && (x <= y) == (a <= b), "less");
        assertTrue((x > y) == (a > b) && (x >= y) == (a >= b), "greater");
    }

    function testFuzz_clock(uint32 genesis, uint16 duration, uint8 perEpoch, uint32 passed) external pure {
        Clock memory clock = Clock(genesis, uint256(duration) + 1, uint256(perEpoch) + 1);
        Slot slot = clock.slotAt(Timestamp.wrap(uint256(genesis) + passed));
        Epoch epoch = clock.epochOf(slot);
        uint256 start = Timestamp.unwrap(clock.slotStart(slot));

        assertTrue(start <= uint256(genesis) + passed, "slot begins before");
        assertTrue(uint256(genesis) + passed < start + clock.slotDuration, "and ends after");
        assertTrue(clock.epochAt(Timestamp.wrap(uint256(genesis) + passed)) == epoch, "epochAt");
        (Epoch around, Slot first) = epochAround(slot, clock.slotsPerEpoch);
        assertTrue(around == epoch && clock.slotStart(first) == clock.epochStart(epoch), "around");
        assertTrue(slotSince(genesis, clock.slotDuration, Timestamp.wrap(start)) == slot, "since");
        assertEq(startSince(genesis, clock.slotDuration, slot), start);
        assertTrue(clock.epochStart(epoch) <= clock.slotStart(slot), "epoch begins before");
        assertTrue(slot <= clock.lastSlotOf(epoch), "and has the slot");
        assertTrue(clock.epochOf(clock.lastSlotOf(epoch)) == epoch, "last slot is in");
        assertTrue(
            clock.epochOf(Slot.wrap(Slot.unwrap(clock.lastSlotOf(epoch)) + 1)) == epoch + Epoch.wrap(1),
            "the next is not"
        );
    }

    function testFuzz_tipFieldsDoNotTouchEachOther(
        uint256 word,
        uint32 number,
        uint32 slot,
        uint32 epoch,
        uint32 messages
    ) external pure {
        Tip tip = Tip.wrap(word);

        Tip provenTip = tip.withProven(number, Epoch.wrap(epoch), messages);
        assertEq(provenTip.proven(), number);
        assertEq(Epoch.unwrap(provenTip.firstUnprovenEpoch()), epoch);
        assertEq(provenTip.provenMessages(), messages);
        _sameRest(tip, provenTip, (0xffffffff << 32) | (0xffffffff << 64) | (0xffffffff << 96));

        Tip pruned = tip.withPending(number);
        assertEq(pruned.pending(), number);
        _sameRest(tip, pruned, 0xffffffff);
    }

    function testFuzz_tipTakesABlockOnTopOfAnyOther(
        uint256 word,
        uint32 number,
        uint32 slot,
        uint32 epoch
    ) external pure {
        vm.assume(number < type(uint32).max);
        uint256 changed = 0xffffffff | (0xffffffff << 128);
        // Not the block before it.
        word = (word & ~uint256(0xffffffff << 32)) | (uint256(number ^ 1) << 32);
        Tip tip = Tip.wrap(word).withPending(number);
        Tip proposed = tip.withProposed(Slot.wrap(slot), Epoch.wrap(epoch));
        assertEq(proposed.pending(), uint256(number) + 1);
        assertEq(Slot.unwrap(proposed.lastCommitteeSlot()), slot);
        _sameRest(tip, proposed, changed);

        // On top of proven, its epoch is the first unproven one.
        tip = Tip.wrap((word & ~uint256(0xffffffff << 32)) | (uint256(number) << 32)).withPending(number);
        proposed = tip.withProposed(Slot.wrap(slot), Epoch.wrap(epoch));
        assertEq(proposed.pending(), uint256(number) + 1);
        assertEq(Slot.unwrap(proposed.lastCommitteeSlot()), slot);
        assertEq(Epoch.unwrap(proposed.firstUnprovenEpoch()), epoch);
        _sameRest(tip, proposed, changed | (0xffffffff << 64));
    }

    function testFuzz_tipCountsMessagesAndAccounts(uint256 word, bool opens) external pure {
        // Below the counters' ends, which the Rollup never reaches.
        word &= ~((uint256(1) << 191) | (uint256(1) << 215));
        Tip tip = Tip.wrap(word);
        Tip next = tip.withMessage(opens);
        assertEq(next.inboxCount(), tip.inboxCount() + 1);
        assertEq(next.accounts(), tip.accounts() + (opens ? 1 : 0));
        _sameRest(tip, next, (uint256(0xffffffff) << 160) | (uint256(0xffffff) << 192));
    }

    function testFuzz_recordWords(
        uint32 number,
        uint32 slot,
        uint48 bitmap,
        uint64 excessL2,
        uint64 excessDa,
        uint16 age
    ) external pure {
        FeeState state = packFeeState(excessL2, excessDa, age);
        assertEq(state.excessL2(), excessL2);
        assertEq(state.excessDa(), excessDa);
        assertEq(state.oracleAge(), age);
        Position position = packPosition(number, Slot.wrap(slot), bitmap, state);
        assertEq(position.number(), number);
        assertEq(Slot.unwrap(position.slotOf()), slot);
        assertEq(position.bitmapOf(), bitmap);
        assertEq(position.excessL2(), excessL2);
        assertEq(position.excessDa(), excessDa);
        assertEq(position.oracleAge(), age);
    }

    function testFuzz_cursorAndInboxWord(uint224 hash, uint32 count) external pure {
        Cursor cursor = packCursor(hash, count);
        assertEq(cursor.messageHash(), hash);
        assertEq(cursor.messageCount(), count);
        InboxWord word = packInbox(hash, count);
        assertEq(word.rollingHash(), hash);
        assertEq(word.sentAt(), count);
    }

    function testFuzz_feesAdd(uint72[3] memory a, uint72[3] memory b) external pure {
        Fees sum = packFees(a[0], a[1], a[2]) + packFees(b[0], b[1], b[2]);
        assertEq(sum.burned(), uint256(a[0]) + b[0]);
        assertEq(sum.proverFees(), uint256(a[1]) + b[1]);
        assertEq(sum.sequencerFees(), uint256(a[2]) + b[2]);
    }

    function testFuzz_blockWords(
        uint32 slot,
        uint64[2] memory fees,
        uint32[2] memory gas,
        uint16 messages,
        int16 modifier_,
        uint96 bitmap,
        address coinbase
    ) external pure {
        uint256 word = (uint256(slot) << 224) | (uint256(fees[0]) << 160) | (uint256(fees[1]) << 96);
        word |=
            (uint256(gas[0]) << 64) |
            (uint256(gas[1]) << 32) |
            (uint256(messages) << 16) |
            uint16(modifier_);
        Claims claims = Claims.wrap(word);
        assertEq(Slot.unwrap(claims.slot()), slot);
        assertEq(claims.feePerL2Gas(), fees[0]);
        assertEq(claims.feePerDaGas(), fees[1]);
        assertEq(claims.prices(), (uint256(fees[0]) << 64) | fees[1]);
        assertEq(claims.gasL2(), gas[0]);
        assertEq(claims.gasDa(), gas[1]);
        assertEq(claims.messages(), messages);
        assertTrue(claims.modifierOf() == modifier_, "modifier");
        Witness witness = Witness.wrap((uint256(bitmap) << 160) | uint160(coinbase));
        assertEq(witness.bitmap(), bitmap);
        assertEq(witness.coinbase(), coinbase);
    }

    function testFuzz_withdrawal(bool asset, uint96 amount, address recipient) external pure {
        uint256 value = uint256(amount) >> 1;
        Withdrawal withdrawal = Withdrawal.wrap(
            (uint256(asset ? 1 : 0) << 255) | (value << 160) | uint160(recipient)
        );
        assertEq(withdrawal.asset(), asset ? 1 : 0);
        assertEq(withdrawal.amount(), value);
        assertEq(withdrawal.recipient(), recipient);
    }

    function _sameRest(Tip a, Tip b, uint256 changed) private pure {
        assertEq(Tip.unwrap(a) & ~changed, Tip.unwrap(b) & ~changed);
    }
}
