// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IFeePortal} from "./IFeePortal.sol";
import {Portal} from "./Portal.sol";

/// @title Fee portal
/// @notice The network token in, as fee balance that pays for gas and cannot be transferred. Out go a deposit that the
/// ledger returned and, at the word of the Rollup's rewards contract, fees of proven epochs.
contract FeePortal is IFeePortal, Portal {
    using SafeERC20 for IERC20;

    /// @inheritdoc IFeePortal
    address public immutable rewards;

    modifier onlyRewards() {
        if (msg.sender != rewards) revert FeePortal__OnlyRewards(msg.sender);
        _;
    }

    constructor(address token_, address rewards_) Portal(token_) {
        rewards = rewards_;
    }

    /// @inheritdoc IFeePortal
    function pay(address to, uint256 amount) external onlyRewards {
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IFeePortal
    function burn(uint256 amount) external onlyRewards {
        ERC20Burnable(token).burn(amount);
    }
}
