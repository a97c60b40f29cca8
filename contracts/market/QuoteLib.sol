// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Account, IProofMarket, Quote} from "./IProofMarket.sol";
import {MarketRules} from "./MarketState.sol";

/// @title Quotes
/// @notice EIP-712 quotes. The domain binds chain, instance version and market; the struct names rollup and verifier key,
/// so a quote for other work is a quote by nobody.
library QuoteLib {
    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant QUOTE_TYPE = keccak256(
        "Quote(address prover,address rollup,bytes32 verifierKeyHash,uint256 epoch,uint256 fee,uint256 bond,uint256 validUntil,uint256 nonce)"
    );

    /// @dev Enough for a multisig of a dozen owners; a bomb costs the caller this much and no more.
    uint256 private constant ERC1271_GAS = 150_000;

    function domain(uint256 version) internal view returns (bytes32) {
        bytes32 versionHash = keccak256(bytes(Strings.toString(version)));
        return
            keccak256(
                abi.encode(
                    DOMAIN_TYPE,
                    keccak256("Calpulli Proof Market"),
                    versionHash,
                    block.chainid,
                    address(this)
                )
            );
    }

    function digest(MarketRules memory rules, Quote calldata quote) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                QUOTE_TYPE,
                quote.prover,
                rules.rollup,
                rules.parameters.verifierKeyHash,
                quote.epoch,
                quote.fee,
                quote.bond,
                quote.validUntil,
                quote.nonce
            )
        );
        return keccak256(abi.encodePacked(hex"1901", rules.domain, structHash));
    }

    /// @notice Everything about a quote that depends on nothing but its prover, the time and the asked terms.
    function check(
        MarketRules memory rules,
        Account storage account,
        Quote calldata quote,
        bytes calldata signature,
        uint256 reserve,
        uint256 bond
    ) internal view {
        if (block.timestamp > quote.validUntil) revert IProofMarket.Market__QuoteExpired(quote.validUntil);
        // The largest nonce is never valid: one more would not fit.
        if (quote.nonce < account.nonce || quote.nonce >= type(uint64).max)
            revert IProofMarket.Market__NonceUsed(account.nonce, quote.nonce);
        if (quote.fee > reserve) revert IProofMarket.Market__FeeAboveReserve(reserve, quote.fee);
        if (bond > quote.bond) revert IProofMarket.Market__BondAboveQuote(bond, quote.bond);
        if (!_isSigned(quote.prover, digest(rules, quote), signature))
            revert IProofMarket.Market__InvalidSignature();
    }

    /// @dev A key first: an account with delegated code (EIP-7702) still has one. Only the lower s is taken.
    function _isSigned(address prover, bytes32 hash, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecoverCalldata(hash, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == prover) return true;
        if (prover.code.length == 0) return false;

        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (hash, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        bool valid;
        // One word is copied, whatever the length of the answer.
        assembly ("memory-safe") {
            mstore(0, 0)
            let success := staticcall(ERC1271_GAS, prover, add(data, 0x20), mload(data), 0, 0x20)
            valid := and(and(success, gt(returndatasize(), 0x1f)), eq(mload(0), magic))
        }
        return valid;
    }
}
