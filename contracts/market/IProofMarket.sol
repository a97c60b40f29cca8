// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening} from "../rewards/IProverPot.sol";
import {Epoch} from "../types/Time.sol";

/// @notice Parameters of one market, fixed for its life. Times in seconds, shares in basis points.
struct MarketParameters {
    /// May close claims of future epochs and, where `permissioned`, list provers.
    address owner;
    /// Verification key hash of the instance's epoch circuit: a quote names the work it is for.
    bytes32 verifierKeyHash;
    /// Reserve, in basis points of the epoch's pot: at the start of the epoch's turn, and `reserveRamp` later for good.
    uint256 reserveStart;
    uint256 reserveMax;
    uint256 reserveRamp;
    /// After the first claim, how long a better quote may replace it, and by how much it must be cheaper, in basis points
    /// of the pot.
    uint256 improvementWindow;
    uint256 improvementStep;
    /// How long the firm claimant has the epoch for itself.
    uint256 exclusivePeriod;
    /// After it, how long the bond cannot be slashed yet.
    uint256 grace;
    /// Least time between the end of exclusivity and the proof deadline: room for an open race. More than `grace`.
    uint256 raceWindow;
    /// Bond of a claim: the multiple, in basis points, of what an open race pays at the highest reserve; no less than the
    /// floor.
    uint256 bondFloor;
    uint256 bondMultiple;
    /// Share of a defaulted claim's bond that goes to the prover of the rescue; the rest burns.
    uint256 rescueShare;
    /// Between the first and the second step of a withdrawal; longer than any claim can last.
    uint256 withdrawalDelay;
    /// Token units a block adds to the pot at the most: the prover's block reward.
    uint256 blockReward;
    /// Only listed provers may claim.
    bool permissioned;
}

/// @notice A prover's offer to prove one epoch. EIP-712; the signed struct also names rollup and verifier key.
struct Quote {
    address prover;
    Epoch epoch;
    /// Basis points of the epoch's pot.
    uint256 fee;
    /// Most that may be reserved as bond: the pot is not known while the epoch runs.
    uint256 bond;
    /// Last second at which it may be claimed with.
    uint256 validUntil;
    /// At least the prover's lowest valid nonce; a claim uses it up with all below.
    uint256 nonce;
}

/// @notice Opening of an epoch word, short: the words that show which epoch it is of, when and by whom it was proven.
struct WordOpening {
    /// epoch << 64 | L1 timestamp of the proof.
    uint256 when;
    bytes32 duties;
    bytes32 rewardsRoot;
    address prover;
    bytes32 endRecordHash;
    /// Word of the epoch proven before, 0 for the first.
    bytes32 previous;
}

/// @notice How far the market is with an epoch. The first that applies to a proven epoch decides who is paid.
enum Stage {
    /// No claim; an open race.
    Open,
    /// A claim, firm or still in its improvement window.
    Claimed,
    /// Its claimant defaulted, part of the bond is burnt, the rest waits for a rescuer. An open race.
    Defaulted,
    /// The claim was released without slash. An open race, or another claim.
    Released,
    /// The claimant proved it in time and has its fee; the bond is free.
    Delivered,
    /// Another's proof came in exclusive time: nobody is paid, the bond is free.
    Forestalled,
    /// Proven by a rescuer after a default: the open race's pay and a share of the bond.
    Rescued,
    /// Never proven after a default: the whole bond is burnt.
    Lost
}

/// @notice The market's ring word of an epoch. Two slots and a hash.
struct Claim {
    uint32 epoch;
    /// When the epoch's turn began, L1 seconds; 0 while nobody said.
    uint40 since;
    address prover;
    /// Basis points of the pot.
    uint16 fee;
    Stage stage;
    // Second slot. Times in L1 seconds.
    uint40 claimedAt;
    /// Last second of exclusivity.
    uint40 exclusiveUntil;
    /// First second at which the epoch can no longer be proven, as known at the claim.
    uint40 deadline;
    /// Last block of the epoch.
    uint32 endNumber;
    /// As claimed. What is left of it follows from the stage: all while claimed, the rescuer's share while defaulted.
    uint96 bond;
    // Third slot.
    bytes32 endRecordHash;
}

/// @notice A prover's money in the market, and the lowest nonce its quotes may have.
struct Account {
    uint96 free;
    uint96 reserved;
    uint64 nonce;
    // Second slot.
    uint96 withdrawing;
    uint40 withdrawableAt;
}

/// @title Proof market
/// @notice Sells the right to be the paid prover of the oldest unproven epoch to the cheapest bonded quote; an epoch that
/// nobody claims, or whose claimant defaults, is an open race. It never stands in a proof's way: the Rollup does not know
/// it, and it learns from the Rollup's epoch words who proved what, and when.
///
/// One market serves one instance for ever: its live claims settle here under these parameters, whatever becomes
/// canonical; only free bond leaves.
interface IProofMarket {
    // Bonds. Every amount in token units.

    event Deposited(address indexed prover, address indexed payer, uint256 amount);

    /// @notice `amount` more is on its way out; all that is, may be taken from `withdrawableAt` on.
    event WithdrawalInitiated(address indexed prover, uint256 amount, uint256 withdrawableAt);

    event WithdrawalFinalised(address indexed prover, address indexed to, uint256 amount);

    /// @notice Quotes with nonces below `nonce` are void.
    event QuotesCancelled(address indexed prover, uint256 nonce);

    // Epochs

    /// @notice The epoch's turn began at `since`.
    event EpochOpened(uint256 indexed epoch, uint256 since);

    /// @notice The prover has the claim; `bond` went from free to reserved, `fromWithdrawing` of it from what was on its
    /// way out. Quotes with nonces up to `nonce` are void.
    event Claimed(
        uint256 indexed epoch,
        address indexed prover,
        uint256 fee,
        uint256 bond,
        uint256 fromWithdrawing,
        uint256 nonce,
        uint256 claimedAt,
        uint256 exclusiveUntil,
        uint256 deadline,
        uint256 endNumber,
        bytes32 endRecordHash
    );

    /// @notice A cheaper quote took the claim; the bond is free again.
    event Outbid(uint256 indexed epoch, address indexed prover, uint256 bond);

    /// @notice The claim ended at one of the stages `Released`, `Delivered` or `Forestalled`; the bond is free again.
    event Ended(uint256 indexed epoch, address indexed prover, Stage stage, uint256 bond);

    /// @notice Of a defaulted claim's bond `burned` waits for `burn`, `kept` for a rescuer.
    event Defaulted(uint256 indexed epoch, address indexed prover, uint256 burned, uint256 kept);

    /// @notice `rescuer` proved the epoch after its claimant's default: `share` of the bond is the rescuer's, `burned` waits
    /// for `burn`.
    event Rescued(
        uint256 indexed epoch,
        address indexed prover,
        address indexed rescuer,
        uint256 share,
        uint256 burned
    );

    /// @notice The defaulted epoch was never proven: `burned`, all that was left of the bond, waits for `burn`.
    event Lost(uint256 indexed epoch, address indexed prover, uint256 burned);

    /// @notice Forfeited bonds were burnt.
    event Burned(uint256 amount);

    /// @notice The pot of the epoch was spent: `credited` to `payee`, who collects it from the pots; 0 to the zero address
    /// when nobody earned it.
    event Settled(uint256 indexed epoch, address indexed payee, uint256 fee, uint256 credited);

    // Administration

    /// @notice Claims of epochs from `fromEpoch` on are closed, or open again.
    event ClaimsSwitched(bool closed, uint256 fromEpoch);

    event ProverListed(address indexed prover, bool listed);

    error Market__InvalidParameter(bytes32 parameter);

    error Market__AmountOutOfRange(uint256 amount);
    error Market__InsufficientFree(uint256 free, uint256 asked);
    error Market__NothingToWithdraw();
    error Market__WithdrawalTooEarly(uint256 withdrawableAt);
    error Market__NonceNotAbove(uint256 current);

    error Market__NothingToProve();
    error Market__NotItsTurn(uint256 oldest, uint256 asked);
    error Market__Paused(uint256 until);
    error Market__ClaimsClosed(uint256 epoch);
    error Market__NotListed(address prover);
    error Market__WrongPredecessor(bytes32 expected, bytes32 actual);
    error Market__WrongEndRecord(uint256 number, bytes32 expected, bytes32 actual);
    error Market__WrongNextRecord(uint256 number, bytes32 expected, bytes32 actual);
    error Market__WrongEpoch(uint256 expected, uint256 actual);
    error Market__EpochIncomplete(uint256 epoch);
    error Market__OlderClaimNotEnded(uint256 epoch);
    error Market__TooLate(uint256 latest);
    error Market__ClaimIsFirm(uint256 epoch, address prover);
    error Market__NoImprovement(uint256 most, uint256 fee);

    error Market__QuoteExpired(uint256 validUntil);
    error Market__NonceUsed(uint256 lowest, uint256 nonce);
    error Market__FeeAboveReserve(uint256 reserve, uint256 fee);
    error Market__BondAboveQuote(uint256 required, uint256 bond);
    error Market__BondNotFree(uint256 required, uint256 available);
    error Market__InvalidSignature();

    error Market__NoClaim(uint256 epoch);
    error Market__WrongWord(bytes32 expected, bytes32 actual);
    error Market__EpochProven(uint256 epoch);
    error Market__NotReleasable(uint256 epoch);
    error Market__NotSlashable(uint256 epoch, uint256 from);
    error Market__NothingToBurn();
    error Market__SwitchPending(uint256 fromEpoch);

    /// @notice Adds to a prover's free bond, from the caller's tokens.
    function deposit(address prover, uint256 amount) external;

    /// @notice First step out: moves free bond aside. It still backs quotes until it is taken, so that a quote that was
    /// funded when it was seen stays so for the delay; and starts the delay of all that is on its way anew. What could be
    /// taken already may be gone at any moment: who collects quotes counts it as gone.
    function initiateWithdrawal(uint256 amount) external;

    /// @notice Second step: pays what is on its way out, after the delay.
    function finaliseWithdrawal(address to) external returns (uint256 amount);

    /// @notice Voids the caller's quotes with nonces below `nonce`.
    function cancelQuotes(uint256 nonce) external;

    /// @notice Starts the reserve's clock of the oldest unproven epoch. It may be late: the clock shows when the turn
    /// began. An epoch proven without it pays the starting reserve.
    /// @param predecessor word of the epoch proven last; ignored when none was
    function open(WordOpening calldata predecessor) external;

    /// @notice Claims the oldest unproven epoch for the prover of a quote, or replaces a dearer quote in its improvement
    /// window. Anyone may bring it, once the epoch can get no further block.
    /// @param signature of the prover over `quoteDigest`: 65 bytes, or what an ERC-1271 prover takes
    /// @param end record of the epoch's last block
    /// @param next record of the block after it, all zero when there is none
    /// @param predecessor as in `open`; ignored when the epoch's clock runs
    function claim(
        Quote calldata quote,
        bytes calldata signature,
        uint256[7] calldata end,
        uint256[7] calldata next,
        WordOpening calldata predecessor
    ) external;

    /// @notice Ends the claim of an epoch that is not proven, without slash: its end record is no longer pending before
    /// its deadline, a pause met its exclusive time, or its ring word came round again. The first is to be called for by
    /// the deadline, the second before another pause.
    /// @param word what the Rollup's ring holds in the epoch's place, ignored when that is 0
    function release(Epoch epoch, WordOpening calldata word) external;

    /// @notice Forfeits the bond of a claim whose exclusivity and grace passed without a proof; while the epoch can still
    /// be proven, a rescuer's share stays, until a second call after the deadline. Anyone may call it.
    /// @param word what the Rollup's ring holds in the epoch's place, ignored when that is 0
    function slash(Epoch epoch, WordOpening calldata word) external;

    /// @notice Ends the claim of a proven epoch: frees its bond or splits it. Possible at once, `settle` does it too.
    function resolve(EpochOpening calldata opening) external;

    /// @notice Spends a proven epoch's pot, once it may be. Anyone may call it; the payee is credited, and collects for many
    /// epochs at once (`IProverPot.collectProver`).
    function settle(EpochOpening calldata opening) external returns (address payee, uint256 credited);

    /// @notice Burns the forfeited bonds but for a last unit, which keeps the next forfeit cheap. Anyone may call it.
    function burn() external returns (uint256 amount);

    /// @notice Closes or opens the claims of epochs after the current one. Owner only. No settlement depends on it.
    function switchClaims(bool closed) external;

    /// @notice Lets a prover claim on a permissioned network, or no longer. Owner only. No settlement depends on it.
    function listProver(address prover, bool listed) external;

    // Views

    function rollup() external view returns (address);

    function pot() external view returns (address);

    function token() external view returns (address);

    function parameters() external view returns (MarketParameters memory);

    function accountOf(address prover) external view returns (Account memory);

    /// @notice The ring word in the epoch's place; of another epoch if its field says so.
    function claimOf(Epoch epoch) external view returns (Claim memory);

    /// @notice Forfeited bonds that wait for `burn`.
    function toBurn() external view returns (uint256);

    function isListed(address prover) external view returns (bool);

    /// @notice Whether claims of an epoch are closed.
    function isClosed(Epoch epoch) external view returns (bool);

    /// @notice EIP-712 digest that the prover signs.
    function quoteDigest(Quote calldata quote) external view returns (bytes32);

    /// @notice The reserve of an epoch at a time, in basis points of its pot; the starting one while its clock does not
    /// run.
    function reserveAt(Epoch epoch, uint256 time) external view returns (uint256);

    /// @notice Who would be paid for a proof accepted at a time, by what is known now.
    /// @return payee zero when nobody
    /// @return fee in basis points of the pot
    /// @return bondShare token units from a defaulted claimant's bond
    function whoIsPaid(
        Epoch epoch,
        address prover,
        uint256 time
    ) external view returns (address payee, uint256 fee, uint256 bondShare);

    /// @notice What a fee comes to for an unproven epoch, before costs, if the distributor has funds and every block is a
    /// committee's.
    /// @param end record of its last block
    /// @param blocks of the epoch
    /// @return pay token units
    /// @return bond that a claim reserves
    function quoteProfit(
        uint256[7] calldata end,
        uint256 blocks,
        uint256 fee
    ) external view returns (uint256 pay, uint256 bond);
}
