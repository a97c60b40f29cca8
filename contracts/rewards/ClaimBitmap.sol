// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Bits of consecutive epochs, as many in a word as fit, in a ring of words.
///
///   tag32 | bits224          tag = number of the word's group of epochs + 1
///
/// A word whose tag is another group's holds nothing of this one: what a lap ago was written there counts as clear. After
/// the ring's first lap no bit needs a new slot.
struct Bits {
    mapping(uint256 index => BitWord) words;
}

struct BitWord {
    uint256 value;
}

/// @notice How epochs share words.
/// @dev `width` bits an epoch, `perWord` epochs a word, `ring` words.
struct BitLayout {
    uint256 width;
    uint256 perWord;
    uint256 ring;
}

/// @notice A group being worked on: its word is read once and written once.
struct BitCursor {
    BitLayout form;
    /// Slot of the bits in storage.
    uint256 bits;
    /// First epoch of the group, and how many it has; 0 before the first group.
    uint256 first;
    uint256 count;
    /// The group's word, and its slot.
    uint256 word;
    uint256 slot;
}

/// @title Claim bitmaps
/// @notice What was paid already. A ring holds more epochs than the ring of epoch words, so a group's word is taken over
/// only when nothing of the group before can be claimed or swept.
library ClaimBitmap {
    uint256 private constant _BITS = 224;

    /// @notice Layout for epochs of `width` bits, of which the newest `span` must be remembered.
    function layoutOf(uint256 width, uint256 span) internal pure returns (BitLayout memory) {
        uint256 perWord = _BITS / width;
        return BitLayout({width: width, perWord: perWord, ring: span / perWord + 2});
    }

    function cursor(Bits storage self, BitLayout memory form) internal pure returns (BitCursor memory c) {
        uint256 slot;
        assembly ("memory-safe") {
            slot := self.slot
        }
        (c.form, c.bits) = (form, slot);
    }

    /// @notice Sets a bit in the group of an epoch.
    /// @return fresh false when it was set
    function mark(BitCursor memory c, uint256 epoch, uint256 index) internal returns (bool fresh) {
        unchecked {
            // An epoch before the first wraps beyond any group.
            if (epoch - c.first >= c.count) seek(c, epoch);
            uint256 bit = 1 << ((epoch - c.first) * c.form.width + index);
            uint256 word = c.word;
            c.word = word | bit;
            return word & bit == 0;
        }
    }

    /// @notice Moves to the group of an epoch; writes the one before.
    function seek(BitCursor memory c, uint256 epoch) internal {
        flush(c);
        Bits storage self;
        uint256 bits = c.bits;
        assembly ("memory-safe") {
            self.slot := bits
        }
        BitLayout memory form = c.form;
        uint256 group = epoch / form.perWord;
        BitWord storage stored = self.words[group % form.ring];
        uint256 slot;
        assembly ("memory-safe") {
            slot := stored.slot
        }
        unchecked {
            (c.first, c.count) = (group * form.perWord, form.perWord);
        }
        (c.word, c.slot) = (_valueFor(stored, group), slot);
    }

    /// @notice Writes the group.
    function flush(BitCursor memory c) internal {
        if (c.count == 0) return;
        (uint256 slot, uint256 word) = (c.slot, c.word);
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }

    function isMarked(
        Bits storage self,
        BitLayout memory form,
        uint256 epoch,
        uint256 index
    ) internal view returns (bool) {
        uint256 group = epoch / form.perWord;
        uint256 word = _valueFor(self.words[group % form.ring], group);
        return (word >> ((epoch - group * form.perWord) * form.width + index)) & 1 != 0;
    }

    /// @dev A group's word; without bits when what is stored is another group's.
    function _valueFor(BitWord storage stored, uint256 group) private view returns (uint256) {
        unchecked {
            uint256 word = stored.value;
            return word >> _BITS == group + 1 ? word : (group + 1) << _BITS;
        }
    }
}
