// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @notice More cheat codes, for the tests of proof of stake.
interface StakingVm {
    function pauseGasMetering() external;
    function prevrandao(bytes32 value) external;
    function expectPartialRevert(bytes4 selector) external;
    function getBlockTimestamp() external view returns (uint256);
}

StakingVm constant stakingVm = StakingVm(address(vm));
