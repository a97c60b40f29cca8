// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The one call that creates network tokens.
interface IMintable is IERC20 {
    function mint(address to, uint256 amount) external;
}

/// @title Incentives
/// @notice The only minter of the network token. Once in every window of time it mints a share of the supply into the
/// reward distributor; anybody may send the call. Governance sets the share, up to a limit fixed at construction.
///
///   minted in window w = floor(supply at the mint · rate / 10^6),  rate <= maxRate
///
/// A span of 365 days meets at most n = ceil(365 days / window) + 1 windows, so supply grows in it by at most
/// (1 + maxRate / 10^6)^n. The constructor refuses parameters for which that reaches 1.2: inflation stays under 20 % in
/// every year, whatever the owner does. A window that was missed is lost, not made up for.
contract Incentives is Ownable2Step {
    uint256 public constant RATE_UNIT = 1e6;

    /// @dev Growth in a year, in units of 10^-18, that parameters must stay below.
    uint256 private constant _YEARLY_LIMIT = 1.2e18;

    address public immutable token;
    address public immutable distributor;
    /// @notice Seconds a window; windows count from 1970.
    uint256 public immutable window;
    /// @notice Most that can be minted in a window, in millionths of the supply.
    uint256 public immutable maxRate;

    /// @notice Minted a window, in millionths of the supply.
    uint256 public rate;
    /// @notice First window in which nothing was minted yet.
    uint256 public nextWindow;

    event Minted(uint256 indexed window, uint256 amount);
    event RateSet(uint256 rate);

    error Incentives__ZeroAddress();
    error Incentives__WindowOutOfRange(uint256 window);
    /// @notice The most that a year of such windows could add, 10^18 for nothing.
    error Incentives__InflationTooHigh(uint256 growth);
    error Incentives__RateOverLimit(uint256 limit, uint256 rate);
    error Incentives__AlreadyMinted(uint256 nextAt);

    constructor(
        address owner,
        address token_,
        address distributor_,
        uint256 window_,
        uint256 maxRate_,
        uint256 rate_
    ) Ownable(owner) {
        if (token_ == address(0) || distributor_ == address(0)) revert Incentives__ZeroAddress();
        if (window_ < 1 hours || window_ > 365 days) revert Incentives__WindowOutOfRange(window_);
        uint256 growth = yearlyGrowth(window_, maxRate_);
        if (growth >= _YEARLY_LIMIT) revert Incentives__InflationTooHigh(growth);

        token = token_;
        distributor = distributor_;
        window = window_;
        maxRate = maxRate_;
        _setRate(rate_);
    }

    /// @notice Mints what the window allows into the distributor, once a window. Anyone may.
    function mint() external returns (uint256 amount) {
        uint256 current = block.timestamp / window;
        if (current < nextWindow) revert Incentives__AlreadyMinted(nextWindow * window);

        nextWindow = current + 1;
        amount = mintable();
        emit Minted(current, amount);

        IMintable(token).mint(distributor, amount);
    }

    /// @notice Sets what the windows not yet minted bring, in millionths of the supply. Owner only.
    function setRate(uint256 rate_) external onlyOwner {
        _setRate(rate_);
    }

    /// @notice What a mint would bring now, in a window that had none.
    function mintable() public view returns (uint256) {
        return (IERC20(token).totalSupply() * rate) / RATE_UNIT;
    }

    /// @notice Most by which 365 days of minting multiply the supply, in units of 10^-18, rounded up.
    /// @dev Squares and multiplies; each product rounds up. Stops growing once far over the limit.
    function yearlyGrowth(uint256 window_, uint256 rate_) public pure returns (uint256 growth) {
        uint256 windows = (365 days + window_ - 1) / window_ + 1;
        uint256 factor = 1e18 + rate_ * 1e12;
        growth = 1e18;
        for (; windows != 0; windows >>= 1) {
            if (windows & 1 != 0) growth = (growth * factor + 1e18 - 1) / 1e18;
            if (growth > 1e36 || factor > 1e36) return type(uint256).max;
            factor = (factor * factor + 1e18 - 1) / 1e18;
        }
    }

    function _setRate(uint256 rate_) private {
        if (rate_ > maxRate) revert Incentives__RateOverLimit(maxRate, rate_);

        rate = rate_;

        emit RateSet(rate_);
    }
}
