// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Verifier policy
/// @notice Decides which verifiers must accept an epoch proof.
interface IVerifierPolicy {
    /// @notice One proof is needed for every verifier.
    error VerifierPolicy__WrongProofCount(uint256 expected, uint256 actual);
    /// @notice This verifier says no, or reverts.
    error VerifierPolicy__ProofRefused(address verifier);
    /// @notice None or more than three verifiers, one of them twice, or an address without code.
    error VerifierPolicy__InvalidVerifiers();

    /// @notice Returns when every required verifier accepts its proof, reverts otherwise.
    /// @param proofs one a verifier, in the order of `verifiers()`
    function requireValid(bytes[] calldata proofs, bytes32[] calldata publicInputs) external view;

    /// @notice Verifiers that must all accept; the first checks a validity proof.
    function verifiers() external view returns (address[] memory);
}
