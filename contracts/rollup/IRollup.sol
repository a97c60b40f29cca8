// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {FeeConfig} from "./FeeLib.sol";

/// @notice Parameters of one Rollup instance, fixed for its life.
struct RollupConfig {
    /// Instance number; part of the genesis chain hash, and in decimal the version of the EIP-712 domain.
    uint256 version;
    /// State root of the empty ledger, below the BN254 scalar modulus.
    uint256 genesisRoot;
    /// Start of slot 0, in seconds since 1970.
    uint256 genesisTime;
    /// Seconds a slot, at least 1.
    uint256 slotDuration;
    /// Slots an epoch, 1 to 255; at most the number of blocks the epoch circuit has room for.
    uint256 slotsPerEpoch;
    /// Epoch e must be proven before epoch e + proofSubmissionEpochs + 1 begins. From 1 to 2^16 - 1.
    uint256 proofSubmissionEpochs;
    /// Words of the record ring; at least slotsPerEpoch * (proofSubmissionEpochs + 1) + 1. Blocks of a pause need more,
    /// or stop for want of room.
    uint256 recordRing;
    /// Words of the epoch ring, more than proofSubmissionEpochs: how long a proven epoch's word can be claimed from.
    uint256 epochRing;
    /// Words of the Inbox ring, at least maxMessages * slotsPerEpoch * (proofSubmissionEpochs + 2). One stays empty.
    uint256 inboxRing;
    /// Most messages a block can consume, 1 to 2^16 - 1: the circuit's message slots.
    uint256 maxMessages;
    /// Most gas a block can charge, in each dimension, below 2^32.
    uint256 maxL2Gas;
    uint256 maxDaGas;
    /// The fee model's. Its caps are such that an epoch's fees fit 80 bits: (maxFeePerL2Gas * maxL2Gas + maxFeePerDaGas *
    /// maxDaGas) * slotsPerEpoch < 2^80.
    FeeConfig fees;
    /// Price-oracle word of the genesis record: price64 | preBase48 | preBlob48 | postBase48 | postBlob48. The price is
    /// that of one TST in ETH, times 10^12: 10^4 to 10^16. L1's fees are in wei, at least 1.
    uint256 initialOracle;
    /// Largest move of the ETH/TST price in one block, either way, in basis points, below 10,000.
    uint256 maxModifier;
    /// Seconds after which a message must be consumed, below 2^32.
    uint256 messageDeadline;
    /// Seconds between an epoch's proof and the first payment of its withdrawals, below 2^32.
    uint256 outboxDelay;
    /// Wei a unit of L2 gas that a forced transaction pays into an empty queue; also the base of a deposit's fee.
    uint256 forcedFeePerL2Gas;
    /// Least deposit that opens an account, in units of the fee token; below 2^95.
    uint256 minimumFeeRegistration;
    /// The same in units of the asset, whose decimals may be others.
    uint256 minimumAssetRegistration;
    /// Longest pause, in seconds; 0 for none ever.
    uint256 pauseMax;
    /// Seconds from the start of a pause to the earliest start of the next; at least pauseMax and the longer of a proof's
    /// term, slotDuration * slotsPerEpoch * (proofSubmissionEpochs + 1), and outboxDelay.
    uint256 pauseCooldown;
    /// May pause, and end a pause.
    address council;
    address validatorSet;
    address verifierPolicy;
    /// Token of the fees, held by the FeePortal.
    address feeToken;
    /// Token of the ledger's balances, held by the AssetPortal.
    address asset;
    /// Pays the fees of proven epochs out of the FeePortal, and burns them; 0 for nobody, ever.
    address rewards;
    /// Checks aggregates and rolls back (IAggregateChallenge), bound to this Rollup and its validator set; 0 for none.
    address aggregateChallenge;
    /// While its last block is younger than this many seconds, an epoch's proof must show that block's aggregate;
    /// type(uint256).max for always, 0 without an `aggregateChallenge`.
    uint256 attestationChallengeWindow;
}

/// @notice Everything `submitEpochProof` needs. Words are ABI-static wherever they can be.
struct EpochProof {
    /// Record of block `proven`.
    uint256[7] start;
    /// Record of the last block of the epoch.
    uint256[7] end;
    /// Record of the block after it; all zero when there is none.
    uint256[7] next;
    /// Prover the proof is bound to: it earns, whoever sends.
    address prover;
    /// Challenge of the blob opening, below 2^248.
    uint256 z;
    /// Factor of the combination of blobs, below 2^128.
    uint256 gamma;
    /// Value of the combined polynomial at z, below the BLS12-381 scalar modulus.
    uint256 y;
    /// Attestations counted by committee position, 8 bits each: positions 0..23, then 24..47 with the number of bitmaps
    /// counted at bit 192. As the circuit counts them: those of the blocks before the last one.
    uint256[2] participation;
    /// KZG proof of the combined polynomial: 48 bytes, then 16 zero bytes.
    uint256[2] opening;
    /// Blob commitments, one a block: x48 ‖ y48, uncompressed; all zero for the point at infinity (an empty blob).
    uint256[3][] points;
    /// coinbase160 | attested16 | sequencerFee80 of every block; `attested` counts the bits of its own bitmap.
    uint256[] coinbaseFees;
    /// Withdrawals in order of execution: asset1 | amount95 | recipient160.
    uint256[] withdrawals;
    /// Opening of the last block's aggregate, see IAggregateChallenge; empty once the block is older than
    /// `attestationChallengeWindow`.
    uint256[] attestation;
    /// One proof for every verifier the policy requires, in its order.
    bytes[] proofs;
}

/// @notice The state of the chains as of now: a prune that is due is already applied.
struct Status {
    uint256 pending;
    uint256 proven;
    /// Epoch of block proven + 1; without meaning when pending equals proven.
    Epoch firstUnprovenEpoch;
    /// Last epoch in which `firstUnprovenEpoch` can be proven, by the pauses known.
    Epoch deadlineEpoch;
    /// Messages consumed at proven, and ever sent.
    uint256 provenMessages;
    uint256 inboxCount;
    /// Leaf indices given out.
    uint256 accounts;
    /// Slot of the newest committee block ever accepted, pruned or not.
    Slot lastCommitteeSlot;
    Slot slot;
    Epoch epoch;
}

/// @title Rollup
/// @notice Accepts blocks from their slots' proposers and proofs of whole epochs from anyone; holds the Inbox and the
/// Outbox. Of a block it stores one word: the hash of its record (see types/Record.sol), which callers open by passing
/// the seven words. All of them come from events.
interface IRollup {
    /// @notice A block joined the pending chain. Carries every preimage of its hashes.
    event Proposed(
        uint256 indexed number,
        uint256[7] record,
        uint256[6] blk,
        bytes32 versionedHash,
        address proposer
    );

    /// @notice Unproven blocks `proven + 1` to `pending` were dropped, their epoch's deadline having passed.
    event Pruned(uint256 indexed proven, uint256 pending);

    /// @notice Unproven blocks `last + 1` to `pending` were dropped: the aggregate of the first of them was wrong.
    event RolledBack(uint256 indexed last, uint256 pending);

    /// @notice Blocks up to `number` are proven. Carries every preimage of the epoch word (see `epochWord`), then the
    /// Outbox word (0 when the epoch has no withdrawals).
    /// @param timestamp of the proof, in L1 seconds
    /// @param rewardsRoot Merkle commitment of the `coinbaseFees`: keccak256(root ‖ count)
    /// @param participation the proof's counts with the last block's own bitmap added
    /// @param seedWord the validator set's `seedWordOf` the epoch
    /// @param previous word of the epoch proven before, 0 for the first
    event EpochProven(
        uint256 indexed epoch,
        uint256 indexed number,
        address indexed prover,
        uint256 timestamp,
        bytes32 endRecordHash,
        bytes32 rewardsRoot,
        uint256[2] participation,
        uint256 seedWord,
        bytes32 previous,
        uint256 outboxWord
    );

    /// @notice Message `index` (from 1) was sent: its 88 bytes, left-aligned, and the rolling hash after it (28 bytes,
    /// right-aligned).
    event MessageSent(uint256 indexed index, uint256[3] message, uint256 rollingHash);

    /// @notice A withdrawal was released to its portal for payment.
    event WithdrawalConsumed(uint256 indexed epoch, uint256 indexed index, uint256 withdrawal);

    /// @notice A pause from `start` on, to `end` unless it is ended before; in seconds since genesis.
    event Paused(uint256 start, uint256 end);

    /// @notice The pause was ended at `end`, in seconds since genesis.
    event Unpaused(uint256 end);

    /// @notice The record of block 0.
    event Genesis(uint256[7] record);

    // Construction
    /// @notice A parameter, by its name, is out of its range.
    error Rollup__InvalidConfig(bytes32 parameter);

    // Propose, in the order of the checks
    /// @notice The transaction carries no blob.
    error Rollup__BlobMissing();
    /// @notice The transaction carries more than one blob.
    error Rollup__ExtraBlob();
    /// @notice The block is of another slot than the one that runs.
    error Rollup__WrongSlot(Slot expected, Slot actual);
    /// @notice The tip is of this slot or a later one; slot 0 is the genesis record's.
    error Rollup__SlotTaken(Slot slot, Slot tip);
    /// @notice Unproven blocks fill the ring, after a long pause: first a proof must make room.
    error Rollup__RecordRingFull(uint256 unproven);
    /// @notice Not the record of the tip; of the proven tip, when a prune is due.
    error Rollup__WrongParentRecord(uint256 number, bytes32 expected, bytes32 actual);
    /// @notice The slot is another proposer's.
    error Rollup__WrongProposer(address expected, address actual);
    /// @notice The proposer, at this position, does not attest its own block.
    error Rollup__OwnBitMissing(uint256 position);
    /// @notice A bit names nobody.
    error Rollup__BitmapBeyondCommittee(uint256 bitmap, uint256 committeeSize);
    /// @notice Fewer members attest than the committee's quorum.
    error Rollup__QuorumMissed(uint256 quorum, uint256 attested);
    /// @notice The state root is no element of the circuit's field.
    error Rollup__StateRootOutOfField(uint256 stateRoot);
    /// @notice The block must claim these prices, see `pricesAfter`.
    error Rollup__WrongPrices(uint256 feePerL2Gas, uint256 feePerDaGas);
    /// @notice More L2 gas than a block can charge.
    error Rollup__L2GasOverLimit(uint256 limit, uint256 actual);
    /// @notice More DA gas than a block can charge.
    error Rollup__DaGasOverLimit(uint256 limit, uint256 actual);
    /// @notice More messages than a block can consume.
    error Rollup__TooManyMessages(uint256 limit, uint256 actual);
    /// @notice The block would consume up to message `cursor`, and only so many were sent.
    error Rollup__MessageNotSent(uint256 sent, uint256 cursor);
    /// @notice Message `index` was overdue when the slot began, and the block had room for it.
    error Rollup__OverdueMessageLeft(uint256 index);
    /// @notice The exchange rate would move by more basis points than a block may.
    error Rollup__ModifierOutOfBounds(uint256 bound, int256 actual);

    // Roll-back
    /// @notice Only the aggregate challenge rolls back.
    error Rollup__OnlyChallenge(address caller);

    // Prune
    /// @notice Every block is proven.
    error Rollup__NothingToPrune();
    /// @notice The oldest unproven epoch can be proven until the end of epoch `deadline`.
    error Rollup__PruneTooEarly(Epoch deadline, Epoch current);

    // Pause; times in seconds since genesis
    /// @notice Only the council pauses and ends a pause.
    error Rollup__OnlyCouncil(address caller);
    /// @notice A pause takes from 1 to so many seconds.
    error Rollup__PauseOutOfRange(uint256 most, uint256 duration);
    /// @notice The cool-down of the last pause is not over.
    error Rollup__PauseTooSoon(uint256 earliest);
    /// @notice There is no pause to end.
    error Rollup__NotPaused();
    /// @notice No proof is accepted until then.
    error Rollup__Paused(uint256 until);

    // Epoch proof
    /// @notice The end is proven: another proof was faster.
    error Rollup__AlreadyProven(uint256 number, uint256 proven);
    /// @notice The end was never proposed, or was dropped.
    error Rollup__BlockNotPending(uint256 number, uint256 pending);
    /// @notice The epoch's last chance was epoch `deadline`: a prune is due.
    error Rollup__ProofDeadlinePassed(Epoch deadline, Epoch current);
    /// @notice Not the record of the proven tip.
    error Rollup__WrongStartRecord(uint256 number, bytes32 expected, bytes32 actual);
    /// @notice Not the record of the pending block of its number: the chain changed since.
    error Rollup__WrongEndRecord(uint256 number, bytes32 expected, bytes32 actual);
    /// @notice Not the record of the block after the end, which must be shown as soon as there is one.
    error Rollup__WrongNextRecord(uint256 number, bytes32 expected, bytes32 actual);
    /// @notice The end is of another epoch than the oldest unproven one.
    error Rollup__WrongEpoch(Epoch expected, Epoch actual);
    /// @notice The epoch has a later block, or can still get one.
    error Rollup__EpochIncomplete(Epoch epoch);
    /// @notice There must be one point and one coinbase's fee for each block.
    error Rollup__WrongLength(uint256 blocks, uint256 points, uint256 coinbaseFees);
    /// @notice z, gamma, y or a participation count is beyond its range.
    error Rollup__ScalarOutOfRange();
    /// @notice Commitments or coinbase fees are not those of the epoch's blocks.
    error Rollup__WrongEpochHash(bytes32 expected, bytes32 actual);
    /// @notice A commitment is no point of the curve, or not canonical.
    error Rollup__MalformedPoint();
    /// @notice The commitments do not open to y at z.
    error Rollup__OpeningRefused();

    // Inbox
    /// @notice Deposits come through the portals.
    error Rollup__OnlyPortal(address caller);
    /// @notice As many messages wait for a proof as the ring holds: try again after the next one.
    error Rollup__InboxFull(uint256 queue);
    /// @notice The key is no canonical point of Grumpkin, or the one at infinity.
    error Rollup__KeyNotOnCurve(uint256 keyX, uint256 keyY);
    /// @notice Nobody registered this leaf; `register` opens the next one.
    error Rollup__UnknownAccount(uint256 leaf, uint256 accounts);
    /// @notice Every leaf of the ledger's tree is given out.
    error Rollup__AccountsExhausted();
    /// @notice The amount is 0, or 2^95 or more.
    error Rollup__AmountOutOfRange(uint256 amount);
    /// @notice Too little to open an account with.
    error Rollup__BelowMinimumRegistration(uint256 minimum, uint256 amount);
    /// @notice Neither a transfer (1) nor a withdrawal (2).
    error Rollup__UnknownKind(uint256 kind);
    /// @notice Wei to be paid along; `forcedFee` tells them.
    error Rollup__ForcedFeeTooLow(uint256 required, uint256 paid);
    /// @notice Wei to be paid along; `depositFee` tells them.
    error Rollup__DepositFeeTooLow(uint256 required, uint256 paid);
    /// @notice The payer does not take back what is over the fee: pay it exactly.
    error Rollup__RefundFailed();

    // Outbox
    /// @notice The epoch is not proven, or has no withdrawals.
    error Rollup__NoWithdrawals(Epoch epoch);
    /// @notice Payable from this second after genesis on.
    error Rollup__OutboxDelayNotOver(uint256 availableAt);
    /// @notice The word is not at this place of the epoch's list, or the list has another length.
    error Rollup__WrongWithdrawalPath(Epoch epoch, uint256 index);
    /// @notice It was paid.
    error Rollup__WithdrawalAlreadyConsumed(Epoch epoch, uint256 index);
    /// @notice The asset is the other portal's.
    error Rollup__WrongPortal(uint256 asset, address caller);

    // Views
    /// @notice Only records from proven to pending are told.
    error Rollup__RecordUnavailable(uint256 number);

    /// @notice Adds a block to the pending chain. The transaction carries the block's one blob; the sender is the
    /// slot's proposer.
    /// @param parent record of the pending tip (of the proven tip when a prune is due)
    /// @param blk the block, see types/Block.sol
    function propose(uint256[7] calldata parent, uint256[6] calldata blk) external;

    /// @notice Proves the oldest unproven epoch, whole: no pending block of it may follow the last one proven, and when
    /// none follows at all, its last slot must be over or filled. Anyone may send it.
    function submitEpochProof(EpochProof calldata args) external;

    /// @notice Drops the unproven blocks once their oldest epoch's deadline has passed. Anyone may call it.
    function prune() external;

    /// @notice Drops an unproven block and all after it, and clears the block's word in the ring. Only the aggregate
    /// challenge calls it. A prune that is due happens first; then, and for a block that is not pending, nothing is
    /// left to drop.
    /// @return rolledBack whether the block was pending
    function rollBack(uint256 number) external returns (bool rolledBack);

    /// @notice Stops the acceptance of proofs from now on, and with it the clocks of proof deadlines and withdrawal
    /// delays. Blocks go on while the record ring has room, messages while the Inbox has, and what was payable before
    /// is paid. Only the council calls it.
    /// @param duration in seconds, from 1 to `pauseMax`; cannot be extended
    function pause(uint256 duration) external;

    /// @notice Ends the pause before its time. Only the council calls it.
    function unpause() external;

    /// @notice Queues a deposit. Only the portals call it; which of the two fixes the token. It pays `depositFee`, which
    /// nobody receives; what was paid over it goes to `sender`.
    /// @param leaf account's index, or `type(uint256).max` to register a new one
    /// @param keyX owner's public key on Grumpkin
    /// @param sender gets the deposit back when the leaf has another key
    /// @param amount in units of the token, not 0
    /// @return index the leaf
    function deposit(
        uint256 leaf,
        uint256 keyX,
        uint256 keyY,
        address sender,
        uint256 amount
    ) external payable returns (uint256 index);

    /// @notice Queues a transaction that every chain of blocks must run. It pays its L2 gas here, in ether that nobody
    /// receives: whoever did could fill the queue for nothing. What was paid over the fee comes back.
    /// @param kind 1 transfer, 2 withdraw
    /// @param from sender's leaf
    /// @param nonce of the sender's account
    /// @param to receiver's leaf (transfer) or L1 address (withdraw)
    /// @param s Schnorr signature, response
    /// @param e Schnorr signature, challenge
    /// @return index message's number in the Inbox, from 1
    function force(
        uint256 kind,
        uint256 from,
        uint32 nonce,
        uint160 to,
        uint96 amount,
        uint256 s,
        uint128 e
    ) external payable returns (uint256 index);

    /// @notice Wei a forced transaction of a kind costs now: rises with the queue, without bound near a full ring.
    function forcedFee(uint256 kind) external view returns (uint256);

    /// @notice Wei a deposit costs now: nothing while the Inbox is at most half full, without bound near a full ring.
    function depositFee() external view returns (uint256);

    /// @notice Marks a withdrawal as paid. Only the portal of its asset calls it, and pays in the same call.
    /// @param epoch proven epoch that contains it
    /// @param index place in the epoch's list
    /// @param count length of the epoch's list
    /// @param withdrawal asset1 | amount95 | recipient160
    /// @param path sibling hashes, leaf upwards
    function consumeWithdrawal(
        Epoch epoch,
        uint256 index,
        uint256 count,
        uint256 withdrawal,
        bytes32[] calldata path
    ) external;

    /// @notice Parameters as constructed.
    function config() external view returns (RollupConfig memory);

    /// @notice chainHash_0: binds chain, instance, version and genesis state.
    function genesisHash() external view returns (bytes32);

    /// @notice Portal of the network token, created by this Rollup.
    function feePortal() external view returns (address);

    /// @notice Portal of the ledger's asset, created by this Rollup.
    function assetPortal() external view returns (address);

    /// @notice The tip word as stored, see types/Tip.sol. A prune that is due is not applied.
    function tip() external view returns (uint256);

    /// @notice The chains as the next `propose` finds them. Reverts before genesis.
    function status() external view returns (Status memory);

    /// @notice start64 | end64 of the newest pause, in seconds since genesis; 0 before the first one.
    function pauseWord() external view returns (uint256);

    /// @notice Hash of the record of a block between proven and pending.
    function recordHash(uint256 number) external view returns (bytes32);

    /// @notice The ring's word for a block number: the record's hash of the newest block that shares it, be it pending,
    /// proven, pruned or lapped; 1 for a block that was rolled back. A record whose own number and hash fit was a block
    /// here.
    function recordWord(uint256 number) external view returns (bytes32);

    /// @notice The word of the newest proven epoch that shares the ring word, 0 before the first. Claims open what they
    /// need and bring the rest as hashes:
    ///
    ///     when        = epoch << 64 | provenAt                                        provenAt in L1 seconds
    ///     duties      = keccak256(when ‖ participation0 ‖ participation1 ‖ seedWord)
    ///     settlement  = keccak256(prover ‖ endRecordHash)
    ///     payments    = keccak256(when ‖ settlement ‖ rewardsRoot)
    ///     link        = keccak256(payments ‖ previous)              previous: word of the epoch proven before, or 0
    ///     epochWord   = keccak256(duties ‖ link)
    ///
    /// `when` names the epoch, so a word of an earlier lap opens as nothing else. Each word commits to the whole chain of
    /// proven epochs up to its own: one word read stands for all that are opened from it backwards. A rewind clears the
    /// words of the epochs it takes back, and the next proof goes on from the restored end.
    function epochWord(Epoch epoch) external view returns (bytes32);

    /// @notice messageHash224 | time32 of the newest message that shares the ring word.
    function inboxWord(uint256 index) external view returns (uint256);

    /// @notice hash224 | time32 of an epoch's withdrawals, 0 without any. The hash is over Merkle root and count.
    function outboxWord(Epoch epoch) external view returns (uint256);

    /// @notice Whether the withdrawal at a place of an epoch's list was paid.
    function isWithdrawalConsumed(Epoch epoch, uint256 index) external view returns (bool);

    /// @notice Proposer of a slot with its committee position, and the committee's size.
    function proposerOf(
        Slot slot
    ) external view returns (address proposer, uint256 position, uint256 committeeSize);

    /// @notice What a check of a block's aggregate must know, in one call.
    /// @return word see `recordWord`
    /// @return digest see `attestationDigest`
    /// @return epoch of the slot, and when it starts
    function attestationOf(
        uint256 number,
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) external view returns (bytes32 word, bytes32 digest, Epoch epoch, Timestamp epochStart);

    /// @notice EIP-712 digest a committee member signs.
    function attestationDigest(
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) external view returns (bytes32);

    /// @notice EIP-712 digest the slot's proposer signs when it gossips its block.
    function proposalDigest(
        Slot slot,
        bytes32 chainHash,
        int16 priceModifier,
        address coinbase
    ) external view returns (bytes32);

    /// @notice Prices that a block of `slot` on top of this record must claim, in units of the fee token. They depend on
    /// nothing else: L1's own fees come in with the blocks, and count some slots later.
    /// @param slot After the record's.
    function pricesAfter(
        uint256[7] calldata parent,
        Slot slot
    ) external view returns (uint256 feePerL2Gas, uint256 feePerDaGas);

    /// @notice Slot that runs. Reverts with `Clock__BeforeGenesis` before the first, as all that tell time from now.
    function currentSlot() external view returns (Slot);

    /// @notice Epoch that runs.
    function currentEpoch() external view returns (Epoch);

    /// @notice Slot of an L1 time.
    function slotAt(Timestamp time) external view returns (Slot);

    /// @notice Epoch of a slot.
    function epochOf(Slot slot) external view returns (Epoch);

    /// @notice First second of a slot, in L1 time.
    function startOf(Slot slot) external view returns (Timestamp);

    /// @notice First second of an epoch, in L1 time.
    function startOfEpoch(Epoch epoch) external view returns (Timestamp);
}
