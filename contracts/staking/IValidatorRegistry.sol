// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {ChurnRules} from "./ChurnLib.sol";
import {IValidatorSet} from "./IValidatorSet.sol";
import {SeedWord} from "./StakingWords.sol";

/// @notice Parameters of a registry. Amounts in the token's smallest unit, durations in seconds.
struct RegistryConfig {
    /// Governance: names instances, nothing else.
    address owner;
    address token;
    /// Least stake of an active validator; whole Gwei.
    uint256 minimumStake;
    /// From leaving the set to payment; longer than anything the stake answers for.
    uint256 exitDelay;
    /// How long after its epoch an offence can be slashed.
    uint256 evidenceWindow;
    /// Most members of a committee, 1 to 48.
    uint256 committeeSize;
    /// Seed words kept for each instance, in epochs.
    uint256 seedRing;
    /// Churn, see `ChurnRules`.
    uint256 churnWindow;
    uint256 bootstrapSize;
    uint256 growthSize;
    uint256 growthRate;
    uint256 churnQuotient;
    uint256 minChurn;
    uint256 maxChurn;
}

/// @notice An instance of the rollup, as a registry is told of it.
struct InstanceConfig {
    address instance;
    /// Start of its epoch 0.
    uint256 genesis;
    /// Seconds.
    uint256 epochDuration;
    /// May slash for it, beside itself; 0 for none.
    address slasher;
}

/// @notice A deposit. Points without padding: the key is x, y, the proof x.c0, x.c1, y.c0, y.c1, 48 bytes each.
struct Deposit {
    address proposer;
    address withdrawer;
    /// Instance to stay with, or 0 to follow the canonical one.
    address instance;
    uint256 amount;
    uint256[3] key;
    uint256[6] proof;
}

/// @notice Where a validator stands.
///
///   NONE ──deposit──▶ QUEUED ──activation──▶ ACTIVE ──slash below minimum──▶ JAILED
///                        │  ▲                  │                             │  │
///                        │  └──────────────────┼──────────rejoin─────────────┘  │
///                        └───────initiateExit──┴───▶ EXITING ◀──initiateExit────┘
///                                                       │
///                                                       └──finaliseExit──▶ NONE, its key used up
///
/// A queued validator that is slashed below the minimum is jailed as well. Every state but NONE can be slashed. A follower,
/// QUEUED or ACTIVE, that pins itself to an instance is QUEUED there.
enum ValidatorState {
    NONE,
    QUEUED,
    ACTIVE,
    EXITING,
    JAILED
}

/// @notice Everything an interface shows about a validator.
struct ValidatorInfo {
    ValidatorState state;
    address withdrawer;
    /// Who is paid on exit.
    address recipient;
    /// 0 outside the set.
    address proposer;
    /// Instance it is pinned to; 0 for a follower of the canonical one.
    address instance;
    uint256 stake;
    /// Position in its set, and how many come before it in the queue (0 when active).
    uint256 position;
    uint256 queuePosition;
    /// Since or from when it is active; the greatest number while the bootstrap set is incomplete; 0 outside the set.
    uint256 activeFrom;
    /// From when an exit can be paid; 0 when none was initiated.
    uint256 payableAt;
}

/// @title Validator registry
/// @notice Stake of every validator, outside the rollup and outliving its upgrades. A validator has three keys: a
/// *proposer* (an address, may be a contract) that sends blocks, an *attester* (BLS12-381) that signs, and a *withdrawer*
/// (an address, may be a contract) that owns the stake. It follows the canonical instance, or is pinned to one.
///
/// Instances draw their committees through `IValidatorSet`. They call `takeDuty` at least for an epoch's first block; for
/// the blocks after it `dutyOf` answers the same and is cheaper.
interface IValidatorRegistry is IValidatorSet {
    /// @notice A validator joined the queue or the bootstrap set. `activation` is 0 in the bootstrap set.
    event Deposited(
        bytes28 indexed keyHash,
        address indexed withdrawer,
        address instance,
        address proposer,
        uint256 amount,
        uint256 position,
        uint256 activation,
        uint256[3] key
    );
    /// @notice The bootstrap set is complete and active from `activation`.
    event BootstrapCompleted(uint256 activation);
    event ToppedUp(bytes28 indexed keyHash, uint256 amount);
    /// @notice A jailed validator joined the queue again, or one that pinned itself its new set's.
    event Rejoined(bytes28 indexed keyHash, address proposer, uint256 position, uint256 activation);
    event ProposerRotated(bytes28 indexed keyHash, address proposer);
    /// @notice A follower left its set to stay with an instance.
    event Pinned(bytes28 indexed keyHash, address indexed instance);
    /// @notice A validator left its set (0 for followers, else the instance's number); `moved`, 0 for nobody, now stands at
    /// its position.
    event SeatVacated(bytes28 indexed keyHash, uint256 set, uint256 position, bytes28 moved);
    event ExitInitiated(bytes28 indexed keyHash, address recipient, uint256 payableAt);
    event RecipientChosen(bytes28 indexed keyHash, address recipient);
    event ExitFinalised(bytes28 indexed keyHash, address recipient, uint256 amount);
    event Slashed(
        bytes28 indexed keyHash,
        address indexed instance,
        Epoch epoch,
        uint256 amount,
        address beneficiary
    );
    event Jailed(bytes28 indexed keyHash);

    event InstanceAdded(
        address indexed instance,
        uint256 number,
        uint256 genesis,
        uint256 epochDuration,
        address slasher
    );
    event SlasherSet(address indexed instance, address slasher);
    event CanonicalInstanceSet(address indexed instance, uint256 from);
    /// @notice The word names epoch, instance (by its number), set and seed.
    event SeedFixed(SeedWord word);

    error ValidatorRegistry__InvalidParameter(string name);
    error ValidatorRegistry__ZeroAddress();
    /// @notice The key is the point at infinity.
    error ValidatorRegistry__InfiniteKey();
    error ValidatorRegistry__KeyUsed(bytes28 keyHash);
    error ValidatorRegistry__ProofOfPossessionFailed(bytes28 keyHash);
    error ValidatorRegistry__ExitSignatureFailed(bytes28 keyHash);
    error ValidatorRegistry__BelowMinimum(uint256 minimum, uint256 amount);
    error ValidatorRegistry__NotWholeGwei(uint256 amount);
    error ValidatorRegistry__StakeTooGreat(uint256 maximum);
    /// @notice The token moved another amount than asked for.
    error ValidatorRegistry__WrongAmountReceived(uint256 expected, uint256 received);
    /// @notice Pinned sets open once the followers' bootstrap set is active.
    error ValidatorRegistry__BootstrapIncomplete();
    error ValidatorRegistry__NotWithdrawer(address withdrawer, address caller);
    error ValidatorRegistry__WrongState(bytes28 keyHash, ValidatorState state);
    error ValidatorRegistry__NotPayable(uint256 payableAt, uint256 time);

    error ValidatorRegistry__UnknownInstance(address instance);
    error ValidatorRegistry__InstanceKnown(address instance);
    error ValidatorRegistry__TooManyInstances();
    /// @notice Followers serve an instance once: going back to old code is a new instance.
    error ValidatorRegistry__WasCanonical(address instance);
    /// @notice An instance that was replaced keeps the slasher it had.
    error ValidatorRegistry__SlasherFrozen(address instance);
    error ValidatorRegistry__NotSlasher(address instance, address caller);
    error ValidatorRegistry__EvidenceExpired(uint256 deadline, uint256 time);
    error ValidatorRegistry__PositionOutOfRange(uint256 committeeSize, uint256 position);

    error ValidatorRegistry__SeedAlreadyFixed(address instance, Epoch epoch);
    error ValidatorRegistry__SeedNotFixed(address instance, Epoch epoch);
    error ValidatorRegistry__SeedOutOfTime(uint256 earliest, uint256 end, uint256 time);

    // Stake

    /// @notice Registers a validator and takes its stake from the caller, in one transaction. It is active from the time
    /// that the churn limit gives it, without another transaction.
    /// @dev The proof of possession is a signature with the attester's key, under the tag for proofs of possession, over
    /// the EIP-712 digest of `ProofOfPossession(bytes32 key,address withdrawer)`, `key` being the key's hash; see `domain`.
    function deposit(Deposit calldata args) external returns (bytes28 keyHash);

    /// @notice Adds to a stake that is not exiting. Anyone may; a jailed validator stays jailed until it rejoins.
    /// @param amount whole Gwei
    function topUp(bytes28 keyHash, uint256 amount) external;

    /// @notice Sends a jailed validator with enough stake to the end of the queue. Withdrawer only.
    function rejoin(bytes28 keyHash, address proposer) external;

    /// @notice Replaces the proposer at once, also in committees already drawn. Withdrawer only.
    function rotateProposer(bytes28 keyHash, address proposer) external;

    /// @notice Sends a follower to the end of the queue of those who stay with one instance, whatever becomes canonical. It
    /// leaves the followers at once, at the rate of exits, and stays answerable for committees already drawn, in which it
    /// also proposes still. There is no way back but an exit: who could go to and fro would use up others' exits. Withdrawer
    /// only.
    /// @param proposer sends its blocks from now on
    function pin(bytes28 keyHash, address instance, address proposer) external;

    /// @notice Leaves the set at once; its committees already drawn stay answerable for, but it proposes no more. Active
    /// validators leave at a limited rate. Withdrawer only.
    /// @param recipient who is paid; 0 for the withdrawer
    function initiateExit(bytes28 keyHash, address recipient) external;

    /// @notice The same by the attester: anyone may send its signature, under the tag for signatures, over the EIP-712
    /// digest of `Exit(bytes32 key)`. The withdrawer is paid.
    function initiateExitSigned(uint256[3] calldata key, uint256[6] calldata signature) external;

    /// @notice Chooses who is paid, until that happened. Withdrawer only.
    function chooseRecipient(bytes28 keyHash, address recipient) external;

    /// @notice Pays an exit to its recipient, at the earliest at its time. Anyone may.
    function finaliseExit(bytes28 keyHash) external;

    // Instances

    /// @notice Makes an instance known. Owner only.
    /// @param genesis start of its epoch 0
    /// @param slasher may slash for it, beside itself; 0 for none
    function addInstance(address instance, uint256 genesis, uint256 epochDuration, address slasher) external;

    /// @notice Makes followers the validators of another instance, for epochs whose set is frozen from now on. The first
    /// canonical instance is so for all time before. Owner only.
    function setCanonical(address instance) external;

    /// @notice Replaces an instance's slasher, until the instance is replaced. Owner only.
    function setSlasher(address instance, address slasher) external;

    /// @notice Takes stake from a member of one of the caller's committees, at most what is left. For the instance and its
    /// slasher, until `evidenceWindow` after the epoch; for a committee with followers at the latest that long after the
    /// instance was replaced.
    /// @param position in the epoch's committee
    /// @param beneficiary gets the slashed tokens: the caller's rules say who is rewarded and what burns
    /// @return slashed amount taken
    function slash(
        address instance,
        Epoch epoch,
        uint256 position,
        uint256 amount,
        address beneficiary
    ) external returns (uint256 slashed);

    /// @notice The same for the member that had the duty of a slot of the epoch.
    function slashProposer(
        address instance,
        Slot slot,
        Epoch epoch,
        uint256 amount,
        address beneficiary
    ) external returns (uint256 slashed);

    // Selection

    /// @notice Fixes the seed of an epoch, from two epochs before it until its end. Anyone may.
    function fixSeed(address instance, Epoch epoch) external;

    /// @notice The seed word of an epoch; 0 when it is not fixed, or was overwritten a lap later.
    function seedOf(address instance, Epoch epoch) external view returns (SeedWord);

    /// @notice Validator at a position of an epoch's committee.
    function memberOf(
        address instance,
        Epoch epoch,
        uint256 position
    ) external view returns (bytes28 keyHash);

    // Views

    function validatorOf(bytes28 keyHash) external view returns (ValidatorInfo memory);

    /// @notice What an exit pays, and from when; 0 and 0 when none was initiated.
    function withdrawableOf(bytes28 keyHash) external view returns (uint256 amount, uint256 payableAt);

    /// @notice When a deposit made now would be active, and how many would wait before it.
    /// @param instance to pin to, or 0 for followers
    /// @return activation the greatest number while the bootstrap set is incomplete
    function nextActivation(address instance) external view returns (uint256 activation, uint256 queueLength);

    /// @notice Active validators of a set as of a time.
    /// @param instance whose pinned validators are meant, or 0 for followers
    function sizeAt(address instance, Timestamp time) external view returns (uint256);

    /// @notice Who holds a position of a set as of a time.
    function keyAt(
        address instance,
        uint256 position,
        Timestamp time
    ) external view returns (bytes28 keyHash);

    /// @notice The same, with the time around it in which nothing changed at the position: from `from` until before
    /// `until`. One answer serves every epoch whose set was frozen in it.
    function tenureAt(
        address instance,
        uint256 position,
        Timestamp time
    ) external view returns (bytes28 keyHash, uint256 from, uint256 until);

    /// @notice Owner of a validator's stake, also after it was paid; 0 for an unknown key.
    function withdrawerOf(bytes28 keyHash) external view returns (address);

    function canonicalInstance() external view returns (address);

    /// @notice The instance whose set followers are, for epochs frozen at a time; 0 for none.
    function canonicalAt(Timestamp time) external view returns (address);

    /// @notice What an instance was added with; zeros for an unknown one.
    function instanceOf(address instance) external view returns (InstanceConfig memory);

    /// @notice How fast the followers' set changes; a set of pinned validators has no bootstrap.
    function churnRules() external view returns (ChurnRules memory);

    /// @notice EIP-712 domain separator of proofs of possession and signed exits: {name "Calpulli", version "1", chain,
    /// this contract}.
    function domain() external view returns (bytes32);
}
