// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IRewardDistributor} from "./IRewardDistributor.sol";

/// @notice What is known of a rewards contract: when it was canonical, and its bucket.
struct Bucket {
    /// 0 for one never named.
    uint64 until;
    uint64 from;
    uint128 earmarked;
}

/// @title Reward distributor
/// @notice See IRewardDistributor. No way out but `draw`: not even the owner moves the token elsewhere.
contract RewardDistributor is IRewardDistributor, Ownable2Step {
    using SafeERC20 for IERC20;

    uint64 private constant _OPEN = type(uint64).max;

    /// @inheritdoc IRewardDistributor
    address public immutable token;
    /// @inheritdoc IRewardDistributor
    address public canonicalRewards;
    /// @inheritdoc IRewardDistributor
    uint256 public totalEarmarked;

    mapping(address rewards => Bucket) private _buckets;

    /// @param canonical first canonical rewards contract, which need not exist yet; 0 to name it later
    constructor(address owner, address token_, address canonical) Ownable(owner) {
        if (token_ == address(0)) revert RewardDistributor__ZeroAddress();
        token = token_;
        if (canonical != address(0)) _setCanonical(canonical);
    }

    /// @inheritdoc IRewardDistributor
    function setCanonical(address rewards) external onlyOwner {
        _setCanonical(rewards);
    }

    /// @inheritdoc IRewardDistributor
    /// @dev What arrives counts, so a token that takes a fee earmarks no more than is here. A token that calls back could
    /// have the same arrival counted twice: the sum of the buckets is checked against the balance.
    function fund(address rewards, uint256 amount) external returns (uint256 received) {
        if (rewards == address(0)) revert RewardDistributor__ZeroAddress();
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 holdings = IERC20(token).balanceOf(address(this));
        received = holdings - before;
        uint256 earmarked = _buckets[rewards].earmarked + received;
        uint256 total = totalEarmarked + received;
        if (earmarked > type(uint128).max || total > holdings)
            revert RewardDistributor__AmountOutOfRange(received);

        _buckets[rewards].earmarked = uint128(earmarked);
        totalEarmarked = total;

        emit Funded(rewards, msg.sender, received);
    }

    /// @inheritdoc IRewardDistributor
    function release(address rewards) external onlyOwner {
        if (rewards == canonicalRewards) revert RewardDistributor__IsCanonical(rewards);

        uint256 amount = _buckets[rewards].earmarked;
        _buckets[rewards].earmarked = 0;
        totalEarmarked -= amount;

        emit Released(rewards, amount);
    }

    /// @inheritdoc IRewardDistributor
    function draw(address to, uint256 canonical, uint256 other) external returns (uint256 paid) {
        Bucket memory bucket = _buckets[msg.sender];
        if (bucket.until == 0) {
            other += canonical;
            canonical = 0;
        }
        uint256 earmarks = totalEarmarked;
        uint256 free = _free(earmarks);
        uint256 fromCanonical = canonical < free ? canonical : free;
        uint256 rest = canonical - fromCanonical + other;
        uint256 fromBucket = rest < bucket.earmarked ? rest : bucket.earmarked;
        paid = fromCanonical + fromBucket;

        if (fromBucket != 0) {
            _buckets[msg.sender].earmarked = uint128(bucket.earmarked - fromBucket);
            totalEarmarked = earmarks - fromBucket;
        }

        emit Drawn(msg.sender, to, fromCanonical, fromBucket);

        if (paid != 0) IERC20(token).safeTransfer(to, paid);
    }

    /// @inheritdoc IRewardDistributor
    function spanOf(address rewards) external view returns (uint256 from, uint256 until) {
        Bucket memory bucket = _buckets[rewards];
        return bucket.until == 0 ? (uint256(_OPEN), 0) : (uint256(bucket.from), uint256(bucket.until));
    }

    /// @inheritdoc IRewardDistributor
    function canonicalBalance() external view returns (uint256) {
        return _free(totalEarmarked);
    }

    /// @inheritdoc IRewardDistributor
    function earmarkedFor(address rewards) external view returns (uint256) {
        return _buckets[rewards].earmarked;
    }

    function _setCanonical(address rewards) private {
        if (rewards == address(0)) revert RewardDistributor__ZeroAddress();
        if (_buckets[rewards].until != 0) revert RewardDistributor__WasCanonical(rewards);

        address current = canonicalRewards;
        uint64 from = current == address(0) ? 0 : uint64(block.timestamp);
        if (current != address(0)) _buckets[current].until = from;
        _buckets[rewards].from = from;
        _buckets[rewards].until = _OPEN;
        canonicalRewards = rewards;

        emit CanonicalSet(rewards, from);
    }

    /// @dev A token whose balances shrink by themselves may leave less than is earmarked.
    function _free(uint256 earmarks) private view returns (uint256) {
        uint256 holdings = IERC20(token).balanceOf(address(this));
        return holdings > earmarks ? holdings - earmarks : 0;
    }
}
