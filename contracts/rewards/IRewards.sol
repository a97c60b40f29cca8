// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch} from "../types/Time.sol";
import {EpochOpening, IProverPot} from "./IProverPot.sol";

/// @notice Parameters of one rewards contract, fixed for its life. Amounts in the network token's smallest unit.
struct RewardsConfig {
    address rollup;
    address distributor;
    /// Spends the prover pots.
    address market;
    /// Says who attested; 0 for a permissioned set, whose attesters earn nothing here.
    address registry;
    /// The Rollup's: start of slot 0, seconds an epoch, slots an epoch, words of the ring of epoch words.
    uint256 genesisTime;
    uint256 epochDuration;
    uint256 slotsPerEpoch;
    uint256 epochRing;
    /// Seconds between an epoch's proof and its first payment: the Rollup's `outboxDelay`.
    uint256 claimDelay;
    /// Epoch e can be claimed until the end of epoch e + claimWindow; then until that of e + epochRing - 1 swept.
    uint256 claimWindow;
    /// Most members of a committee: the registry's.
    uint256 committeeSize;
    /// To the coinbase of a committee block; and for every attestation its bitmap carries.
    uint256 blockReward;
    uint256 attestationBonus;
    /// To an attester, for every block it attested, and seat.
    uint256 attesterReward;
    /// Into the prover pot, for every committee block.
    uint256 proverReward;
}

/// @title Rewards
/// @notice Pays what the proven epochs of one Rollup earned: fees from its FeePortal, rewards from the distributor. Holds
/// no tokens. Everything is pulled: the proof writes one word an epoch, whoever wants to be paid opens it.
///
/// An epoch is claimable `claimDelay` after its proof, as withdrawals are: a pause counts the same. Only blocks that a
/// committee attested earn rewards; a fallback block earns its fees. Anyone may send a claim, and the one it is for is
/// paid; when the distributor is short, only the one it is for may take less than it is owed.
///
/// Claims are packed lists of epochs. An epoch's word holds the word of the epoch proven before (see
/// `IRollup.epochWord`), so an entry is *chained* when the entry before it is of that epoch: it brings less, and only the
/// last word of the run is read from the Rollup.
///
/// A coinbase that claims, over `claims`, its blocks:
///
///   entry: epoch32 | chained1 | provenAt39 | leaves8 | blocks8 | duties256 | settlement256
///            | previous256 if not chained | leaf ...
///   leaf:  index8 | attested8 | fee80 | siblings 256 ...         ceil(log2(blocks)) siblings, from the leaf upwards
///
/// A validator that claims its attestations:
///
///   epoch32 | spare4 | followers20 | size20 | side12 | set8 | entry ...                     the first entry's epoch
///   entry: mode8 | provenAt40 | spare4 | seed132 | payments256, or link256 if mode & 32 (not chained)
///            | skip16 if mode & 16 | sizes64 if mode & 4 | position8 if mode & 8 | participation
///
/// `skip` is the distance to the entry before, 1 without it; sizes and position hold until others come (see SeedWord).
/// Participation by mode & 3: 0, all counts: 24 bytes, then 25 (see `EpochProof.participation`); 2, blocks8: nobody missed any; 1, blocks8 |
/// 24 bytes of the blocks each member missed, byte j (from the lowest) of positions j and 24 + j, 4 bits each from the
/// lowest; 3, blocks8 | 12 bytes likewise, byte j of positions j, 12 + j, 24 + j and 36 + j, 2 bits each.
interface IRewards is IProverPot {
    /// @notice A coinbase was paid.
    /// @param reward paid, of the `owed`
    /// @param leaves epoch32 | index8 of every block
    event SequencerClaimed(
        address indexed coinbase,
        uint256 fees,
        uint256 reward,
        uint256 owed,
        bytes leaves
    );
    /// @notice A validator was paid for its attestations.
    /// @param epochs words group32 | bits224: bit i stands for epoch (group - 1) · 224 + i
    event AttesterClaimed(
        bytes28 indexed keyHash,
        address indexed to,
        uint256 reward,
        uint256 owed,
        bytes epochs
    );
    /// @notice The market spent an epoch's pot. All of it is where it was, and waits for `collectProver` and `flush`.
    /// @param unspent fees of the pot that go to the distributor
    /// @param burnable congestion fees that burn
    event ProverCredited(
        uint256 indexed epoch,
        address indexed to,
        uint256 fees,
        uint256 reward,
        uint256 unspent,
        uint256 burnable
    );
    /// @notice A prover was paid what it was credited.
    /// @param left rewards that the distributor still owes it
    event ProverCollected(address indexed prover, uint256 fees, uint256 reward, uint256 left);
    /// @notice What spent pots left went to the distributor, or burned.
    event PotsFlushed(uint256 unspent, uint256 burned);
    /// @notice An epoch's congestion fees burned, other than by a flush.
    event FeesBurned(uint256 indexed epoch, uint256 amount);
    /// @notice Fees that nobody claimed went to the distributor.
    event Swept(uint256 indexed epoch, uint256 proverFees, uint256 sequencerFees);

    error Rewards__InvalidParameter(string name);
    error Rewards__OnlyMarket(address caller);
    /// @notice The claim's bytes end too soon, or name a block or form that cannot be.
    error Rewards__MalformedClaim(uint256 offset);
    error Rewards__WrongOpening(uint256 epoch, bytes32 expected, bytes32 actual);
    /// @notice A second leaf of an epoch is not in the tree of the first.
    error Rewards__WrongLeaf(uint256 epoch, uint256 index);
    error Rewards__NotClaimableYet(uint256 epoch, uint256 availableAt);
    error Rewards__ClaimDeadlinePassed(uint256 epoch, uint256 last);
    error Rewards__NotSweepableYet(uint256 epoch, uint256 first);
    /// @notice The ring of epoch words has come round.
    error Rewards__Lapsed(uint256 epoch, uint256 last);
    error Rewards__AlreadyClaimed(uint256 epoch, uint256 index);
    error Rewards__AlreadyPaid(uint256 epoch);
    error Rewards__NotInCommittee(uint256 epoch, uint256 position);
    error Rewards__WrongAttester(uint256 epoch, bytes28 expected, bytes28 actual);
    error Rewards__NoAttesterRewards();
    /// @notice A fee of more than all of the pot, in basis points.
    error Rewards__OverPot(uint256 fee);
    error Rewards__NothingToCollect(address prover);
    error Rewards__NothingToFlush(uint256 epoch);
    error Rewards__WrongLeaves(bytes32 expected, bytes32 actual);
    /// @notice The distributor is short, and the caller is not the one who is owed.
    error Rewards__Short(uint256 owed, uint256 available);

    /// @notice Pays a coinbase its fees and rewards for any number of blocks. Anyone may.
    /// @param claims packed, see above
    function claimSequencer(
        address coinbase,
        bytes calldata claims
    ) external returns (uint256 fees, uint256 reward);

    /// @notice Pays a validator's withdrawer for its attestations in any number of epochs. Anyone may.
    /// @param keyHash of its attester key
    /// @param claims packed, see above
    function claimAttester(bytes28 keyHash, bytes calldata claims) external returns (uint256 reward);

    /// @notice Burns an epoch's congestion fees, once. Anyone may, from the time it is claimable.
    function burnFees(EpochOpening calldata opening) external;

    /// @notice Sends to the distributor what is left of an epoch's fees after its claims' deadline, and burns what is to
    /// be burned. Anyone may, until the ring of epoch words comes round.
    /// @param leaves coinbaseFee words of all its blocks
    function sweep(EpochOpening calldata opening, uint256[] calldata leaves) external;

    /// @notice Whether a block's fee was paid or swept.
    function isSequencerClaimed(Epoch epoch, uint256 index) external view returns (bool);

    function isAttesterClaimed(bytes28 keyHash, Epoch epoch) external view returns (bool);

    /// @notice What has happened to an epoch's prover pot and congestion fees.
    function isSettled(Epoch epoch) external view returns (bool potSpent, bool burned);

    function config() external view returns (RewardsConfig memory);
}
