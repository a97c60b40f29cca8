// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Network token (TST)
/// @notice Pays fees and rewards. An initial supply, to which one contract, named for good at construction, adds; anyone
/// may burn its own.
contract NetworkToken is ERC20, ERC20Burnable, ERC20Permit {
    /// @notice The only address that may mint; 0 for nobody.
    address public immutable minter;

    error NetworkToken__OnlyMinter(address caller);

    /// @param minter_ need not exist yet
    /// @param holder of the initial supply, in units of 10^-18
    constructor(
        string memory name,
        string memory symbol,
        address minter_,
        address holder,
        uint256 supply
    ) ERC20(name, symbol) ERC20Permit(name) {
        minter = minter_;
        _mint(holder, supply);
    }

    /// @notice Adds to the supply. Minter only.
    function mint(address to, uint256 amount) external {
        if (msg.sender != minter) revert NetworkToken__OnlyMinter(msg.sender);

        _mint(to, amount);
    }
}
