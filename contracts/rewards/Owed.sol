// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a claim adds up to.
struct Owed {
    uint256 fees;
    /// Rewards of epochs in the span of the rewards contract, and of others.
    uint256 canonical;
    uint256 other;
    /// What the event names: the blocks, or the epochs.
    bytes list;
}

/// @title Lists of what was claimed
/// @notice Written while the claim is read, as long as it turns out to be.
library OwedLib {
    /// @notice Makes room for so many bytes.
    /// @return pos where in memory the list begins
    function beginList(Owed memory owed, uint256 room) internal pure returns (uint256 pos) {
        bytes memory list;
        assembly ("memory-safe") {
            list := mload(0x40)
            pos := add(list, 0x20)
            // Whole words, and one that the last item may run over.
            mstore(0x40, add(pos, and(add(room, 0x3f), not(0x1f))))
        }
        owed.list = list;
    }

    /// @param end where the list ends
    function endList(Owed memory owed, uint256 end) internal pure {
        bytes memory list = owed.list;
        assembly ("memory-safe") {
            mstore(list, sub(end, add(list, 0x20)))
        }
    }
}
