// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Portal} from "./Portal.sol";

/// @title Fee portal
/// @notice The network token in, as fee balance that pays for gas and cannot be transferred. Out only a deposit that
/// the ledger returned.
contract FeePortal is Portal {
    constructor(address token_) Portal(token_) {}
}
