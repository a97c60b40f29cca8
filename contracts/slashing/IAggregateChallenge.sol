// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Fp2} from "../crypto/CompressedG2.sol";

/// @notice Parameters of the challenges of one Rollup, fixed for its life. Amounts in the stake token's smallest unit.
struct ChallengeConfig {
    /// Whose blocks are challenged; may be an address that is still to be created.
    address rollup;
    /// The Rollup's; says who should have attested.
    address validatorSet;
    /// Holds the stake, and the proposer answers with it; 0 where there is no stake: then a challenge only rolls back.
    address registry;
    /// Token of the stake, burnable; 0 without a registry.
    address token;
    /// Taken from the proposer for every wrong aggregate, less when its stake is less.
    uint256 slashAmount;
    /// Paid to the challenger of a wrong aggregate; at most half of `slashAmount`.
    uint256 reward;
    /// Tokens kept for rewards that a stake no longer covers; what is over may be burned.
    uint256 reserve;
}

/// @title Aggregate challenge
/// @notice `propose` checks who is said to have attested, and no signature. Here anyone shows that a published aggregate
/// is wrong: not of these members, over another digest, or no signature at all. The block leaves the pending chain with
/// all after it, its proposer is slashed at once, and the challenger is paid. A block that is proven stays, its proposer
/// is slashed all the same, once, as long as the Rollup's ring holds its record and the registry takes evidence.
///
/// A challenge opens the block's record (see types/Record.sol) and the preimage of its witness hash; all of it is in the
/// block's `Proposed` event, except the keys. The *opening* is, in words:
///
///   0       proposer of the block
///   1       modifier16 | coinbase160
///   2..4    aggregate as published, 96 bytes compressed
///   5..10   the same point in full: x.c0, x.c1, y.c0, y.c1 of 48 bytes each
///   11..    public keys of the members whose bit is set, in the order of their positions: x, y of 48 bytes each
///
/// Money: `reward` of the slashed amount goes to the challenger, the rest is kept. When the stake is gone and the block was
/// rolled back, what is kept pays what the slashed amount does not. What is over the reserve has one more way to go:
/// anyone burns it. A proposer that challenges itself loses at least half of what is slashed, and draws only what earlier
/// offenders left.
interface IAggregateChallenge {
    /// @notice A wrong aggregate was shown. Of `slashed`, `paid` went to the challenger (more than `slashed` when the reserve
    /// helped), the rest is kept.
    event AggregateInvalid(
        uint256 indexed number,
        bytes32 indexed recordHash,
        address indexed challenger,
        address proposer,
        bool rolledBack,
        uint256 slashed,
        uint256 paid
    );

    /// @notice A parameter, by its name, does not fit the others.
    error AggregateChallenge__InvalidConfig(bytes32 parameter);
    /// @notice The Rollup's ring has another word for this block number.
    error AggregateChallenge__WrongRecord(uint256 number, bytes32 expected, bytes32 actual);
    /// @notice Proposer, modifier, coinbase or aggregate are not the ones published.
    error AggregateChallenge__WrongWitness(bytes32 expected, bytes32 actual);
    /// @notice The opening has too few words, or a part of a key.
    error AggregateChallenge__WrongOpening(uint256 length);
    /// @notice The block needs no aggregate: nobody is said to have attested.
    error AggregateChallenge__NothingAttested(uint256 number);
    /// @notice The accused aggregate is valid, or is the compression of a point.
    error AggregateChallenge__AggregateValid(uint256 number);
    /// @notice The aggregate that somebody relies on is wrong.
    error AggregateChallenge__AggregateWrong(uint256 number);
    /// @notice The block is not pending, and its proposer was slashed for it.
    error AggregateChallenge__AlreadyConvicted(bytes32 recordHash);
    /// @notice The block is not pending, and there is no stake to take.
    error AggregateChallenge__NothingToDo(uint256 number);

    /// @notice Shows that a block's aggregate is wrong. Whatever the gas limit, a good aggregate makes it revert.
    /// @param record of the block
    /// @param opening see above
    function invalidate(uint256[7] calldata record, uint256[] calldata opening) external;

    /// @notice Shows that a block's aggregate is no point of the curve, so that nobody could bring it in full.
    /// @param witness the opening's words 0 to 4
    /// @param root see `CompressedG2.isNoPoint`; any value when flags or range decide
    function invalidateMalformed(
        uint256[7] calldata record,
        uint256[5] calldata witness,
        Fp2 calldata root
    ) external;

    /// @notice Reverts unless a block's aggregate is valid. The caller vouches for the record.
    function requireValid(uint256[7] calldata record, uint256[] calldata opening) external view;

    /// @notice Burns what is over the reserve, whoever asks.
    /// @return burned 0 when there is nothing over, or no stake token
    function burnExcess() external returns (uint256 burned);

    /// @notice Whether a block that was not pending any more cost its proposer stake; by record hash.
    function isConvicted(bytes32 recordHash) external view returns (bool);

    /// @notice Parameters, see `ChallengeConfig`.
    function rollup() external view returns (address);

    function validatorSet() external view returns (address);

    function registry() external view returns (address);

    function token() external view returns (address);

    function slashAmount() external view returns (uint256);

    function reward() external view returns (uint256);

    function reserve() external view returns (uint256);
}
