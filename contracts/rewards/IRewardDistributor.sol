// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reward distributor
/// @notice Holds the network token for rewards, in buckets: one *earmarked* bucket for each rewards contract that somebody
/// funded, and the *canonical* bucket, which is all the rest. New tokens, and whatever is sent here without a name, are in
/// the canonical bucket.
///
/// The owner names the canonical rewards contract. Each had one span of time as such: epochs that began in it are paid
/// from the canonical bucket whenever they are claimed, so an upgrade takes nothing from those who served before it.
interface IRewardDistributor {
    /// @notice `rewards` is canonical for epochs that begin at `from` or later; the one before it no longer is.
    event CanonicalSet(address indexed rewards, uint256 from);
    event Funded(address indexed rewards, address indexed from, uint256 amount);
    /// @notice An earmarked bucket was dissolved into the canonical one.
    event Released(address indexed rewards, uint256 amount);
    event Drawn(address indexed rewards, address indexed to, uint256 canonical, uint256 earmarked);

    error RewardDistributor__ZeroAddress();
    error RewardDistributor__WasCanonical(address rewards);
    /// @notice A bucket is released when its contract is canonical no longer.
    error RewardDistributor__IsCanonical(address rewards);
    error RewardDistributor__AmountOutOfRange(uint256 amount);

    /// @notice Names the canonical rewards contract, for epochs that begin from now on; the first one also for all before.
    /// Each can be named once. Owner only.
    function setCanonical(address rewards) external;

    /// @notice Adds to the bucket of a rewards contract, from the caller. Anyone may.
    /// @return received what arrived
    function fund(address rewards, uint256 amount) external returns (uint256 received);

    /// @notice Dissolves the bucket of a rewards contract that is not canonical. Owner only.
    function release(address rewards) external;

    /// @notice Pays what the caller owes, as far as the buckets go; never reverts for want of funds.
    /// @param canonical owed for epochs of the caller's span: from the canonical bucket, then from its own
    /// @param other owed for other epochs: from its own bucket
    /// @return paid at most the sum
    function draw(address to, uint256 canonical, uint256 other) external returns (uint256 paid);

    /// @notice The span of a rewards contract: epochs that begin at `from` or later, and before `until`.
    /// @return from the greatest 64-bit number when it was never canonical
    function spanOf(address rewards) external view returns (uint256 from, uint256 until);

    /// @notice What the canonical bucket holds.
    function canonicalBalance() external view returns (uint256);

    /// @notice What the bucket of a rewards contract holds.
    function earmarkedFor(address rewards) external view returns (uint256);

    function totalEarmarked() external view returns (uint256);

    function canonicalRewards() external view returns (address);

    function token() external view returns (address);
}
