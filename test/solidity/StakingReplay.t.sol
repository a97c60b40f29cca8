// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {IValidatorRegistry, ValidatorState} from "../../contracts/staking/IValidatorRegistry.sol";
import {StakingFixture} from "./StakingFixture.sol";

/// @notice An exit that the attester signed is public for ever: what it can and cannot do later.
contract StakingReplayTest is StakingFixture {
    function test_aSignedExitEndsWithThePayment() external {
        bootstrap(5);
        _exit();
        pass(info(1005).payableAt);
        registry.finaliseExit(keyHashOf(1005));
        _replay(ValidatorState.NONE);
    }

    function _exit() private {
        registry.initiateExitSigned(signer.publicKey(1005), signer.sign(1005, Tag.Signature, _digest()));
    }

    function _replay(ValidatorState state) private {
        uint256[3] memory key = signer.publicKey(1005);
        uint256[6] memory signature = signer.sign(1005, Tag.Signature, _digest());
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__WrongState.selector,
                keyHashOf(1005),
                state
            )
        );
        registry.initiateExitSigned(key, signature);
    }

    function _digest() private view returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(keccak256("Exit(bytes32 key)"), bytes32(keyHashOf(1005))));
        return keccak256(abi.encodePacked(hex"1901", registry.domain(), structHash));
    }
}
