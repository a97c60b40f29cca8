// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "./IVerifier.sol";
import {IVerifierPolicy} from "./IVerifierPolicy.sol";

/// @title Verifier policy
/// @notice Up to three verifiers, all required, fixed at construction: another policy is another contract.
/// @dev Immutables instead of a list in storage: a proof would pay two cold reads for it.
contract VerifierPolicy is IVerifierPolicy {
    uint256 private constant MOST = 3;

    uint256 private immutable _count;
    address private immutable _first;
    address private immutable _second;
    address private immutable _third;

    constructor(address[] memory required) {
        if (required.length == 0 || required.length > MOST) revert VerifierPolicy__InvalidVerifiers();
        for (uint256 i = 0; i < required.length; ++i) {
            // A call to an address without code succeeds: it must not count as a verifier.
            if (required[i].code.length == 0) revert VerifierPolicy__InvalidVerifiers();
            for (uint256 j = 0; j < i; ++j) {
                if (required[i] == required[j]) revert VerifierPolicy__InvalidVerifiers();
            }
        }

        _count = required.length;
        _first = required[0];
        _second = required.length > 1 ? required[1] : address(0);
        _third = required.length > 2 ? required[2] : address(0);
    }

    /// @inheritdoc IVerifierPolicy
    function requireValid(bytes[] calldata proofs, bytes32[] calldata publicInputs) external view {
        if (proofs.length != _count) revert VerifierPolicy__WrongProofCount(_count, proofs.length);

        _require(_first, proofs[0], publicInputs);
        if (_count > 1) _require(_second, proofs[1], publicInputs);
        if (_count > 2) _require(_third, proofs[2], publicInputs);
    }

    /// @inheritdoc IVerifierPolicy
    function verifiers() external view returns (address[] memory all) {
        all = new address[](_count);
        all[0] = _first;
        if (_count > 1) all[1] = _second;
        if (_count > 2) all[2] = _third;
    }

    /// @dev A refusal is a revert of the verifier's own or a false: one error for both.
    function _require(address verifier, bytes calldata proof, bytes32[] calldata publicInputs) private view {
        try IVerifier(verifier).verify(proof, publicInputs) returns (bool valid) {
            if (!valid) revert VerifierPolicy__ProofRefused(verifier);
        } catch {
            revert VerifierPolicy__ProofRefused(verifier);
        }
    }
}
