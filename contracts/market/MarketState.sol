// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {Clock} from "../types/Clock.sol";
import {Account, Claim, MarketParameters} from "./IProofMarket.sol";

/// @notice Storage of the market. Claims are a ring as long as the Rollup's epoch words.
struct MarketState {
    mapping(address prover => Account) accounts;
    mapping(uint256 index => Claim) claims;
    mapping(address prover => bool) listed;
    Switch claimsSwitch;
    /// Forfeited bonds that nobody has burnt yet.
    uint256 toBurn;
}

/// @notice Claims of epochs from `fromEpoch` on are closed if `after_` says so, of those before if `before` does.
struct Switch {
    uint64 fromEpoch;
    bool before;
    bool after_;
}

/// @notice The reserve over an epoch's turn: basis points at its start and from `ramp` seconds on.
struct ReserveCurve {
    uint256 start;
    uint256 max;
    uint256 ramp;
}

/// @notice What is fixed at construction, as far as the end of a claim and its payment depend on it.
struct SettlementRules {
    IRollup rollup;
    uint256 genesis;
    uint256 ring;
    ReserveCurve reserve;
    uint256 grace;
    uint256 rescueShare;
}

/// @notice What is fixed at construction, as far as quotes and claims depend on it.
struct MarketRules {
    IRollup rollup;
    /// EIP-712 domain separator.
    bytes32 domain;
    Clock clock;
    uint256 ring;
    MarketParameters parameters;
}
