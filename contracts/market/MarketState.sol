// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverPot} from "../rewards/IProverPot.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {Clock} from "../types/Clock.sol";
import {Account, Claim, MarketParameters} from "./IProofMarket.sol";

/// @notice Storage of the market. Claims are a ring as long as the Rollup's epoch words.
struct MarketState {
    mapping(address prover => Account) accounts;
    mapping(uint256 index => Claim) claims;
    mapping(address prover => bool) listed;
    Switch claimsSwitch;
}

/// @notice Claims of epochs from `fromEpoch` on are closed if `after_` says so, of those before if `before` does.
struct Switch {
    uint64 fromEpoch;
    bool before;
    bool after_;
}

/// @notice What is fixed at construction, as the libraries take it.
struct MarketRules {
    IRollup rollup;
    IProverPot pot;
    address token;
    /// EIP-712 domain separator.
    bytes32 domain;
    Clock clock;
    uint256 ring;
    MarketParameters parameters;
}
