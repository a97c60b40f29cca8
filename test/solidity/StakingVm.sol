// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @notice More cheat codes, for the tests of proof of stake.
interface StakingVm {
    function pauseGasMetering() external;
    function prevrandao(bytes32 value) external;
    function expectPartialRevert(bytes4 selector) external;
    function computeCreateAddress(address creator, uint256 nonce) external pure returns (address);
    function getCode(string calldata artifact) external view returns (bytes memory);
    function getNonce(address account) external view returns (uint64);
    function getBlockTimestamp() external view returns (uint256);
}

StakingVm constant stakingVm = StakingVm(address(vm));

/// @dev Creates a contract from its artifact: with `new`, the test would hold its code, and be compiled with all of it.
function create(string memory artifact, bytes memory arguments) returns (address created) {
    bytes memory code = abi.encodePacked(stakingVm.getCode(artifact), arguments);
    assembly ("memory-safe") {
        created := create(0, add(code, 0x20), mload(code))
        if iszero(created) {
            returndatacopy(0, 0, returndatasize())
            revert(0, returndatasize())
        }
    }
}
