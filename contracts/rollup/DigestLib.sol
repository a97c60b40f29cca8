// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Slot} from "../types/Time.sol";

/// @title Signed digests
/// @notice EIP-712 digests of attestations and proposals. The domain binds chain and instance; the two types keep an
/// attestation from being taken for a proposal.
library DigestLib {
    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant ATTESTATION_TYPE = keccak256(
        "Attestation(uint32 slot,bytes32 chainHash,int16 modifier,address coinbase)"
    );
    bytes32 private constant PROPOSAL_TYPE = keccak256(
        "Proposal(uint32 slot,bytes32 chainHash,int16 modifier,address coinbase)"
    );

    /// @param version instance number, written in decimal
    function domain(uint256 version) internal view returns (bytes32) {
        bytes32 versionHash = keccak256(bytes(Strings.toString(version)));
        return
            keccak256(
                abi.encode(DOMAIN_TYPE, keccak256("Calpulli"), versionHash, block.chainid, address(this))
            );
    }

    function attestation(
        bytes32 domain_,
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) internal pure returns (bytes32) {
        return _digest(domain_, ATTESTATION_TYPE, slot, chainHash, priceModifier, coinbase);
    }

    function proposal(
        bytes32 domain_,
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) internal pure returns (bytes32) {
        return _digest(domain_, PROPOSAL_TYPE, slot, chainHash, priceModifier, coinbase);
    }

    function _digest(
        bytes32 domain_,
        bytes32 structType,
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) private pure returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(structType, slot, chainHash, priceModifier, coinbase));
        return keccak256(abi.encodePacked(hex"1901", domain_, structHash));
    }
}
