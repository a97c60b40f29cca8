// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Bits of consecutive epochs, as many in a word as fit, in a ring of words.
///
///   tag32 | bits224          tag = number of the word's group of epochs + 1
///
/// A word whose tag is another group's holds nothing of this one: what a lap ago was written there counts as clear. After
/// the ring's first lap no bit needs a new slot.
struct Bits {
    mapping(uint256 index => uint256) words;
}

/// @notice A word being worked on: bits of one group, read once and written once.
struct BitCursor {
    /// Group + 1, 0 before the first.
    uint256 tag;
    uint256 word;
}

/// @notice How epochs share words.
/// @dev `width` bits an epoch, `perWord` epochs a word, `ring` words.
struct BitLayout {
    uint256 width;
    uint256 perWord;
    uint256 ring;
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

    /// @notice Sets a bit in the cursor's word.
    /// @return fresh false when it was set
    function mark(
        Bits storage self,
        BitCursor memory cursor,
        BitLayout memory form,
        uint256 epoch,
        uint256 index
    ) internal returns (bool fresh) {
        unchecked {
            uint256 group = epoch / form.perWord;
            if (cursor.tag != group + 1) {
                flush(self, cursor, form);
                cursor.tag = group + 1;
                cursor.word = _load(self, form, group);
            }
            uint256 bit = 1 << ((epoch - group * form.perWord) * form.width + index);
            fresh = cursor.word & bit == 0;
            cursor.word |= bit;
        }
    }

    /// @notice Writes the cursor's word.
    function flush(Bits storage self, BitCursor memory cursor, BitLayout memory form) internal {
        if (cursor.tag == 0) return;
        unchecked {
            self.words[(cursor.tag - 1) % form.ring] = (cursor.tag << _BITS) | cursor.word;
        }
    }

    function isMarked(
        Bits storage self,
        BitLayout memory form,
        uint256 epoch,
        uint256 index
    ) internal view returns (bool) {
        uint256 group = epoch / form.perWord;
        return (_load(self, form, group) >> ((epoch - group * form.perWord) * form.width + index)) & 1 != 0;
    }

    /// @dev Bits of a group; none when the word is another group's.
    function _load(Bits storage self, BitLayout memory form, uint256 group) private view returns (uint256) {
        unchecked {
            uint256 word = self.words[group % form.ring];
            return word >> _BITS == group + 1 ? (word << 32) >> 32 : 0;
        }
    }
}
