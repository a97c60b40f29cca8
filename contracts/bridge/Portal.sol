// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IRollup} from "../rollup/IRollup.sol";
import {DEPOSIT_CAP} from "../types/Constants.sol";
import {Epoch} from "../types/Time.sol";
import {Withdrawal} from "../types/Withdrawal.sol";
import {IPortal} from "./IPortal.sol";

/// @title Portal
/// @notice What the two portals share. Created by its Rollup, and bound to it for good.
abstract contract Portal is IPortal {
    using SafeERC20 for IERC20;

    /// @dev The Rollup's word for "no account yet".
    uint256 private constant NEW_ACCOUNT = type(uint256).max;

    address public immutable rollup;
    address public immutable token;

    constructor(address token_) {
        rollup = msg.sender;
        token = token_;
    }

    /// @inheritdoc IPortal
    function register(uint256 keyX, uint256 keyY, uint256 amount) external payable returns (uint256 leaf) {
        return _deposit(NEW_ACCOUNT, keyX, keyY, amount);
    }

    /// @inheritdoc IPortal
    function deposit(uint256 leaf, uint256 keyX, uint256 keyY, uint256 amount) external payable {
        _deposit(leaf, keyX, keyY, amount);
    }

    /// @inheritdoc IPortal
    function withdraw(
        Epoch epoch,
        uint256 index,
        uint256 count,
        uint256 withdrawal,
        bytes32[] calldata path
    ) external {
        IRollup(rollup).consumeWithdrawal(epoch, index, count, withdrawal, path);

        address recipient = Withdrawal.wrap(withdrawal).recipient();
        IERC20(token).safeTransfer(recipient, Withdrawal.wrap(withdrawal).amount());
    }

    /// @dev The ledger's total never passes what is held here, so a cap on holdings caps every balance. A token that
    /// takes a fee, or calls back to deposit in between, shows in the difference and is refused.
    function _deposit(
        uint256 leaf,
        uint256 keyX,
        uint256 keyY,
        uint256 amount
    ) private returns (uint256 index) {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 holdings = IERC20(token).balanceOf(address(this));
        if (holdings - before != amount) revert Portal__AmountMismatch(amount, holdings - before);
        if (holdings >= DEPOSIT_CAP) revert Portal__CapExceeded(holdings);

        return IRollup(rollup).deposit{value: msg.value}(leaf, keyX, keyY, msg.sender, amount);
    }
}
