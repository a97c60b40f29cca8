// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Account, IProofMarket} from "./IProofMarket.sol";
import {MarketState} from "./MarketState.sol";

/// @title Bonds
/// @notice Every token the market holds is in one account, and there free, reserved for a claim, or on its way out; or it
/// is forfeited and waits to be burnt.
/// @dev The token is the network's own: no fee on transfer, no call-backs, supply below 2^96.
library BondLib {
    using SafeERC20 for IERC20;

    function deposit(MarketState storage self, address token, address prover, uint256 amount) internal {
        if (amount == 0 || amount > type(uint96).max) revert IProofMarket.Market__AmountOutOfRange(amount);

        self.accounts[prover].free += uint96(amount);

        emit IProofMarket.Deposited(prover, msg.sender, amount);

        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
    }

    function initiate(MarketState storage self, uint256 delay, uint256 amount) internal {
        Account storage account = self.accounts[msg.sender];
        uint256 free = account.free;
        if (amount == 0) revert IProofMarket.Market__AmountOutOfRange(amount);
        if (amount > free) revert IProofMarket.Market__InsufficientFree(free, amount);

        uint256 withdrawableAt = block.timestamp + delay;
        account.free = uint96(free - amount);
        account.withdrawing += uint96(amount);
        account.withdrawableAt = uint40(withdrawableAt);

        emit IProofMarket.WithdrawalInitiated(msg.sender, amount, withdrawableAt);
    }

    function finalise(MarketState storage self, address token, address to) internal returns (uint256 amount) {
        Account storage account = self.accounts[msg.sender];
        amount = account.withdrawing;
        if (amount == 0) revert IProofMarket.Market__NothingToWithdraw();
        if (block.timestamp < account.withdrawableAt)
            revert IProofMarket.Market__WithdrawalTooEarly(account.withdrawableAt);

        account.withdrawing = 0;

        emit IProofMarket.WithdrawalFinalised(msg.sender, to, amount);

        IERC20(token).safeTransfer(to, amount);
    }

    function cancel(MarketState storage self, uint256 nonce) internal {
        Account storage account = self.accounts[msg.sender];
        if (nonce <= account.nonce || nonce > type(uint64).max)
            revert IProofMarket.Market__NonceNotAbove(account.nonce);

        account.nonce = uint64(nonce);

        emit IProofMarket.QuotesCancelled(msg.sender, nonce);
    }

    /// @notice Takes a claim's bond and the quote's nonce.
    /// @return fromWithdrawing part of the bond that was on its way out
    function reserve(
        MarketState storage self,
        address prover,
        uint256 bond,
        uint256 nonce
    ) internal returns (uint256 fromWithdrawing) {
        Account storage account = self.accounts[prover];
        uint256 free = account.free;
        if (bond > free) {
            fromWithdrawing = bond - free;
            uint256 withdrawing = account.withdrawing;
            if (fromWithdrawing > withdrawing)
                revert IProofMarket.Market__BondNotFree(bond, free + withdrawing);
            account.withdrawing = uint96(withdrawing - fromWithdrawing);
        }

        account.free = uint96(free - (bond - fromWithdrawing));
        account.reserved += uint96(bond);
        account.nonce = uint64(nonce + 1);
    }

    function unreserve(MarketState storage self, address prover, uint256 bond) internal {
        Account storage account = self.accounts[prover];
        (account.free, account.reserved) = (account.free + uint96(bond), account.reserved - uint96(bond));
    }

    /// @notice Takes part of a reserved bond to be burnt, and credits another part to a rescuer.
    function forfeit(
        MarketState storage self,
        address prover,
        uint256 burned,
        address rescuer,
        uint256 share
    ) internal {
        self.accounts[prover].reserved -= uint96(burned + share);
        if (share != 0) self.accounts[rescuer].free += uint96(share);
        if (burned != 0) self.toBurn += burned;
    }

    /// @notice Burns what was forfeited. One unit stays: to add to a slot that is not zero costs a fifth.
    function burn(MarketState storage self, address token) internal returns (uint256 amount) {
        uint256 forfeited = self.toBurn;
        if (forfeited < 2) revert IProofMarket.Market__NothingToBurn();
        amount = forfeited - 1;
        self.toBurn = 1;

        emit IProofMarket.Burned(amount);

        ERC20Burnable(token).burn(amount);
    }
}
