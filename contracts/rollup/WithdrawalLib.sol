// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BN254_R} from "../types/Constants.sol";
import {MerkleLib} from "./MerkleLib.sol";

/// @title Withdrawals of an epoch
/// @notice Binds the list in calldata to the circuit's by one pair of field elements.
///
/// With (v_1 .. v_2k) the upper and lower 128 bits of the k words, the accumulator is the polynomial
/// rho^2k + Σ v_j rho^(2k-j) over BN254's scalar field. The circuit's list is fixed by the chain hashes, and rho is
/// drawn from the last chain hash and this list: two lists that differ, in length too, meet with probability at most
/// 2·length / modulus.
library WithdrawalLib {
    /// @return rho keccak256(chainHash ‖ words), its first 31 bytes as an integer
    /// @return accumulator the polynomial at rho
    /// @return commitment Merkle commitment of the list, 0 when it is empty
    function bind(
        uint256 chainHash,
        uint256[] calldata words
    ) internal pure returns (uint256 rho, uint256 accumulator, bytes32 commitment) {
        uint256 copy;
        assembly ("memory-safe") {
            let free := mload(0x40)
            copy := add(free, 0x20)
            let size := shl(5, words.length)
            // Room for the words, and for as many that the tree takes behind them.
            mstore(0x40, add(copy, shl(1, size)))
            mstore(free, chainHash)
            calldatacopy(copy, words.offset, size)
            rho := shr(8, keccak256(free, add(size, 0x20)))

            accumulator := 1
            for {
                let word := copy
                let end := add(copy, size)
            } lt(word, end) {
                word := add(word, 0x20)
            } {
                let value := mload(word)
                accumulator := addmod(mulmod(accumulator, rho, BN254_R), shr(128, value), BN254_R)
                accumulator := addmod(
                    mulmod(accumulator, rho, BN254_R),
                    and(value, 0xffffffffffffffffffffffffffffffff),
                    BN254_R
                )
            }
        }

        if (words.length != 0) commitment = MerkleLib.commit(copy, words.length);
    }

    /// @notice Merkle commitment of words in calldata, at least one.
    function commit(uint256[] calldata words) internal pure returns (bytes32) {
        uint256 copy;
        assembly ("memory-safe") {
            copy := mload(0x40)
            let size := shl(5, words.length)
            mstore(0x40, add(copy, shl(1, size)))
            calldatacopy(copy, words.offset, size)
        }

        return MerkleLib.commit(copy, words.length);
    }
}
