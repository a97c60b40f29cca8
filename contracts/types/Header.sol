// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "./Block.sol";
import {Slot} from "./Time.sol";

/// @dev The chain hash as a field element: its 31 bytes as an integer.
function toField(bytes32 chainHash) pure returns (uint256) {
    return uint256(chainHash) >> 8;
}

/// @dev First 31 bytes kept, last byte zeroed: fits the circuit's field and stays aligned to words.
function truncate(bytes32 hash) pure returns (bytes32) {
    return hash & ~bytes32(uint256(0xff));
}

/// @notice Binds chain, instance, version and genesis state: the root of every later chain hash.
function genesisChainHash(address rollup, uint256 version, uint256 genesisRoot) view returns (bytes32) {
    bytes32 tag = keccak256("calpulli.genesis.v1");
    return truncate(sha256(abi.encode(tag, block.chainid, rollup, version, genesisRoot)));
}

/// @notice chainHash_n = trunc(sha256(five words)):
///
///   0  chainHash of the parent
///   1  stateRoot
///   2  versionedHash of the block's blob
///   3  messageHash224 | slot32
///   4  feePerL2Gas64 | feePerDaGas64 | gasL2 32 | gasDa 32 | parentBitmap64
///
/// 160 bytes are three SHA-256 compressions in the circuit.
function hashHeader(
    uint256 parentChainHash,
    uint256 stateRoot,
    bytes32 versionedHash,
    uint256 messageHash,
    Claims claims,
    uint256 parentBitmap
) view returns (bytes32 chainHash) {
    uint256 word3 = (messageHash << 32) | Slot.unwrap(claims.slot());
    uint256 word4 = ((Claims.unwrap(claims) << 32) & ~uint256(type(uint64).max)) | parentBitmap;

    assembly ("memory-safe") {
        let free := mload(0x40)
        mstore(free, parentChainHash)
        mstore(add(free, 0x20), stateRoot)
        mstore(add(free, 0x40), versionedHash)
        mstore(add(free, 0x60), word3)
        mstore(add(free, 0x80), word4)
        // The SHA-256 precompile fails only for want of gas, and then returns nothing.
        if iszero(staticcall(gas(), 0x02, free, 0xa0, free, 0x20)) {
            revert(0, 0)
        }
        chainHash := and(mload(free), not(0xff))
    }
}
