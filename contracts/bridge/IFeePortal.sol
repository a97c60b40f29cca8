// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPortal} from "./IPortal.sol";

/// @title Fee portal
/// @notice The portal of the network token. What users paid for gas stays here until the epoch is proven; the Rollup's
/// rewards contract then pays it out and burns it, by the sums and leaves that the epoch's word holds.
/// @dev No events of its own: the token's `Transfer` says all.
interface IFeePortal is IPortal {
    /// @notice Only the rewards contract moves fees.
    error FeePortal__OnlyRewards(address caller);

    /// @notice Pays fees of a proven epoch. Only the rewards contract; that it never pays more than the ledger took is
    /// its duty, the portal keeps no books.
    function pay(address to, uint256 amount) external;

    /// @notice Burns fees of a proven epoch; the token must be burnable. Only the rewards contract.
    function burn(uint256 amount) external;

    /// @notice The only caller of `pay` and `burn`; 0 for nobody, ever.
    function rewards() external view returns (address);
}
