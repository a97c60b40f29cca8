// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Verifier
/// @notice Interface of the generated UltraHonk verifiers.
interface IVerifier {
    /// @return true when the proof holds; a generated verifier reverts with its own error when it does not
    function verify(bytes calldata proof, bytes32[] calldata publicInputs) external view returns (bool);
}
