// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Portal} from "./Portal.sol";

/// @title Asset portal
/// @notice The ledger's asset, an ERC-20, in and out.
contract AssetPortal is Portal {
    constructor(address token_) Portal(token_) {}
}
