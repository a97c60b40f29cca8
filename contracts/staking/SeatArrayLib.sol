// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MAX_SEATS, packSeat, packSeatKey, Seat, SeatKey} from "./StakingWords.sol";

/// @notice A dense array of validators whose content as of any past time can be read.
struct SeatArray {
    /// `Head`, packed.
    uint256 head;
    /// Sizes before the two in the head, four a word, the first highest: reserved1 | spare47 | 4 x (stamp32 | size20).
    mapping(uint256 word => uint256) sizes;
    /// What a seat held until the stamp of what replaced it.
    mapping(uint256 position => mapping(uint256 since => SeatKey)) replaced;
    Seat[MAX_SEATS] seats;
    SeatKey[MAX_SEATS] keys;
}

/// @notice What an array's changes read and write first.
///
///   serving8 | reserved20 | completeAt32 | exits16 | exitWindow32 | archived24 | length20 | previousStamp32 | previousSize20 | lastStamp32 | lastSize20
struct Head {
    /// Active validators from `lastStamp` on; it may lie in the future.
    uint256 lastSize;
    uint256 lastStamp;
    /// The same before it.
    uint256 previousSize;
    uint256 previousStamp;
    /// Seats taken, by active and queued validators.
    uint256 length;
    /// Sizes written to `SeatArray.sizes`.
    uint256 archived;
    /// Last window in which a validator left, and how many did.
    uint256 exitWindow;
    uint256 exits;
    /// Words of `SeatArray.sizes` that are not zero, counted up to 2^20 - 1.
    uint256 reserved;
    /// When the bootstrap set is active; 0 while it is incomplete, and nobody active.
    uint256 completeAt;
    /// In the followers' array: number of the canonical instance when nobody was ever pinned to it, else 0. It stands here
    /// so that fixing a seed of such an instance reads no other word.
    uint256 serving;
}

/// @title Array of seats
/// @notice Positions 0 .. N(t)-1 are the active validators as of t, without holes. Behind them, in the order of their
/// activation, stand the queued ones.
///
/// N(t) is a list of steps, of which those in the future are activations; only the last step ever changes. Who leaves is
/// replaced by the validator at the end of the array, which is active from that moment even when it was queued: it takes
/// one place for one, and its own step, always the last, is taken back. A queued validator that leaves hands its
/// place in the queue to the last one.
///
/// A change at a position is stamped. Reading as of an earlier time follows the history behind the stamp. Two changes
/// with one stamp leave one entry: what was there between them was never in effect, like whoever left the queue.
library SeatArrayLib {
    /// @dev Words of `sizes` kept ready. Deposits make them, so that an exit, also in a run of exits, need not pay for a
    /// fresh slot.
    uint256 private constant _RESERVE = 16;
    uint256 private constant _RESERVED = 1 << 255;
    /// @dev Where the count of them stops: it has 20 bits. Later words are made by who needs them.
    uint256 private constant _MAX_RESERVED = 0xfffff;

    /// @notice All positions are taken.
    error SeatArray__Full();

    /// @notice Takes the next position.
    /// @param activation a time at or after the last step's, or 0 for a validator of the bootstrap set
    function append(
        SeatArray storage self,
        Head memory head,
        bytes28 keyHash,
        address proposer,
        uint256 activation
    ) internal returns (uint256 position) {
        position = head.length;
        if (position == MAX_SEATS - 1) revert SeatArray__Full();

        SeatKey old = self.keys[position];
        if (SeatKey.unwrap(old) != 0) _archive(self, position, old, activation);
        self.keys[position] = packSeatKey(keyHash, activation);
        self.seats[position] = packSeat(proposer, activation);

        head.length = position + 1;
        if (head.reserved <= (head.archived >> 2) + _RESERVE && head.reserved < _MAX_RESERVED)
            self.sizes[head.reserved++] = _RESERVED;
        if (activation == 0) return position;
        if (activation == head.lastStamp) ++head.lastSize;
        else _push(self, head, activation, head.lastSize + 1);
    }

    /// @notice Ends the bootstrap: everybody in the array is active from `activation`.
    function complete(SeatArray storage self, Head memory head, uint256 activation) internal {
        head.completeAt = activation;
        _push(self, head, activation, head.length);
    }

    /// @notice Vacates a position and fills it with the last seat.
    /// @return moved who fills it, 0 when the position was the last
    function remove(
        SeatArray storage self,
        Head memory head,
        uint256 position
    ) internal returns (bytes28 moved) {
        uint256 tail = --head.length;
        SeatKey old = self.keys[position];
        bool active = isActive(head, old.keySince());

        // The order of activation puts active seats before queued ones: when the tail is active, so is the leaver.
        if (head.completeAt != 0) {
            if (head.lastStamp > block.timestamp) _takeBack(self, head);
            else if (head.lastStamp == block.timestamp) --head.lastSize;
            else _push(self, head, block.timestamp, head.lastSize - 1);
        }

        if (position != tail) {
            uint256 since = active ? block.timestamp : old.keySince();
            moved = self.keys[tail].keyHashOf();
            if (active) _archive(self, position, old, since);
            self.keys[position] = packSeatKey(moved, since);
            self.seats[position] = packSeat(self.seats[tail].seatProposer(), since);
        }
        // Times before now still read the tail's key. Its proposer is found through the validator.
        self.seats[tail] = Seat.wrap(0);
    }

    /// @notice Number of active validators as of a time.
    function sizeAt(SeatArray storage self, uint256 time) internal view returns (uint256) {
        uint256 head = self.head;
        if (time >= (head >> 20) & type(uint32).max) return head & 0xfffff;
        if (time >= (head >> 72) & type(uint32).max) return (head >> 52) & 0xfffff;

        // First archived step after `time`; the one before it holds.
        uint256 low = 0;
        uint256 high = (head >> 124) & type(uint24).max;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (_step(self, middle) >> 20 > time) high = middle;
            else low = middle + 1;
        }
        return low == 0 ? 0 : _step(self, low - 1) & 0xfffff;
    }

    /// @notice The same from the head alone, as it stands in storage, where its last step holds; else more than any size.
    function lastSize(uint256 head, uint256 time) internal pure returns (uint256) {
        return time >= (head >> 20) & type(uint32).max ? head & 0xfffff : type(uint256).max;
    }

    /// @notice The seat at a position below 2^20, which is not checked.
    function seatAt(SeatArray storage self, uint256 position) internal view returns (Seat seat) {
        Seat[MAX_SEATS] storage seats = self.seats;
        assembly ("memory-safe") {
            seat := sload(add(seats.slot, position))
        }
    }

    /// @notice Who held a position as of a time. Meaningful below `sizeAt` of that time.
    function keyAt(
        SeatArray storage self,
        uint256 position,
        uint256 time
    ) internal view returns (SeatKey key) {
        key = self.keys[position];
        // Each entry is older than the one before it.
        while (key.keySince() > time) key = self.replaced[position][key.keySince()];
    }

    /// @notice Who held a position as of a time, since `keySince` and until before `until`.
    function tenureAt(
        SeatArray storage self,
        uint256 position,
        uint256 time
    ) internal view returns (SeatKey key, uint256 until) {
        key = self.keys[position];
        until = type(uint256).max;
        while (key.keySince() > time) {
            until = key.keySince();
            key = self.replaced[position][until];
        }
    }

    /// @notice Whether a seat of the array is in effect now.
    function isActive(Head memory head, uint256 since) internal view returns (bool) {
        return head.completeAt != 0 && head.completeAt <= block.timestamp && since <= block.timestamp;
    }

    /// @notice See `Head.serving`.
    function serving(SeatArray storage self) internal view returns (uint256) {
        return self.head >> 248;
    }

    function serve(SeatArray storage self, uint256 instance) internal {
        self.head = (self.head & ((1 << 248) - 1)) | (instance << 248);
    }

    function load(SeatArray storage self) internal view returns (Head memory head) {
        uint256 word = self.head;
        head.lastSize = word & 0xfffff;
        head.lastStamp = (word >> 20) & type(uint32).max;
        head.previousSize = (word >> 52) & 0xfffff;
        head.previousStamp = (word >> 72) & type(uint32).max;
        head.length = (word >> 104) & 0xfffff;
        head.archived = (word >> 124) & type(uint24).max;
        head.exitWindow = (word >> 148) & type(uint32).max;
        head.exits = (word >> 180) & type(uint16).max;
        head.completeAt = (word >> 196) & type(uint32).max;
        head.reserved = (word >> 228) & 0xfffff;
        head.serving = word >> 248;
    }

    function save(SeatArray storage self, Head memory head) internal {
        self.head =
            head.lastSize |
            (head.lastStamp << 20) |
            (head.previousSize << 52) |
            (head.previousStamp << 72) |
            (head.length << 104) |
            (head.archived << 124) |
            (head.exitWindow << 148) |
            (head.exits << 180) |
            (head.completeAt << 196) |
            (head.reserved << 228) |
            (head.serving << 248);
    }

    /// @dev Keeps what a position held, under the stamp of what comes. An occupant that never was in effect is not kept:
    /// what was kept under its own stamp passes on.
    function _archive(SeatArray storage self, uint256 position, SeatKey old, uint256 since) private {
        uint256 oldSince = old.keySince();
        if (oldSince == since) return;

        self.replaced[position][since] =
            oldSince <= block.timestamp ? old : self.replaced[position][oldSince];
    }

    function _push(SeatArray storage self, Head memory head, uint256 stamp, uint256 size) private {
        uint256 index = head.archived++;
        uint256 shift = 156 - 52 * (index & 3);
        if (index >> 2 == head.reserved && head.reserved < _MAX_RESERVED) ++head.reserved;
        uint256 word = self.sizes[index >> 2] & ~(((1 << 52) - 1) << shift);
        self.sizes[index >> 2] =
            _RESERVED |
            word |
            (((head.previousStamp << 20) | head.previousSize) << shift);

        head.previousStamp = head.lastStamp;
        head.previousSize = head.lastSize;
        head.lastStamp = stamp;
        head.lastSize = size;
    }

    /// @dev One activation less in the last step; an empty step goes, so that the last one is never later than needed.
    function _takeBack(SeatArray storage self, Head memory head) private view {
        if (--head.lastSize != head.previousSize) return;

        head.lastStamp = head.previousStamp;
        head.lastSize = head.previousSize;
        uint256 step = _step(self, --head.archived);
        head.previousStamp = step >> 20;
        head.previousSize = step & 0xfffff;
    }

    function _step(SeatArray storage self, uint256 index) private view returns (uint256) {
        return (self.sizes[index >> 2] >> (156 - 52 * (index & 3))) & ((1 << 52) - 1);
    }
}
