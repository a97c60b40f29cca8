// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";

import {EpochOpening, IProverPot} from "../../contracts/rewards/IProverPot.sol";
import {EpochWordLib} from "../../contracts/rollup/EpochWordLib.sol";
import {RollupConfig, Status} from "../../contracts/rollup/IRollup.sol";
import {Clock} from "../../contracts/types/Clock.sol";
import {Pause} from "../../contracts/types/Pause.sol";
import {Fees} from "../../contracts/types/Record.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";

function wordOf(EpochOpening memory o) pure returns (bytes32) {
    bytes32 settlement = EpochWordLib.settlement(o.prover, keccak256(abi.encode(o.endRecord)));
    return
        EpochWordLib.word(
            EpochWordLib.duties(o.when, o.participation, o.seedWord),
            EpochWordLib.link(EpochWordLib.payments(o.when, settlement, o.rewardsRoot), o.previous)
        );
}

contract BurnableToken is ERC20Burnable {
    constructor(address holder) ERC20("Token", "TST") {
        _mint(holder, 1 << 95);
    }
}

/// @notice Test double of the Rollup: keeps the same books (records, tip, epoch words, pause, deadlines), and believes
/// whatever block, proof and invalidation it is told of.
contract RollupDouble {
    uint256 public constant GENESIS = 1_000_000;
    uint256 public constant SLOT = 12;
    uint256 public constant SLOTS = 4;
    uint256 public constant TERM = 6;
    uint256 public constant RING = 16;
    uint256 public constant PAUSE_MAX = 500;

    address private immutable _token;
    uint256[7][] private _records;
    uint256 private _pending;
    uint256 public proven;
    uint256 private _firstUnproven;
    bytes32[16] private _words;
    bytes32 private _lastWord;
    uint256 public pauseWord;

    constructor(address token) {
        _token = token;
        _records.push();
        _records[0][0] = 7;
    }

    function config() external view returns (RollupConfig memory c) {
        c.version = 3;
        c.genesisTime = GENESIS;
        c.slotDuration = SLOT;
        c.slotsPerEpoch = SLOTS;
        c.proofSubmissionEpochs = TERM;
        c.epochRing = RING;
        c.pauseMax = PAUSE_MAX;
        c.feeToken = _token;
    }

    // What happens to it

    function propose(uint256 slot, uint256 proverFees) external returns (uint256 number) {
        if (_isPruneDue()) _pending = proven;
        number = ++_pending;
        if (number == proven + 1) _firstUnproven = slot / SLOTS;
        if (_records.length == number) _records.push();
        _records[number][0] = uint256(keccak256(abi.encode(block.timestamp, slot, proverFees, gasleft())));
        _records[number][4] = (number << 224) | (slot << 192);
        _records[number][6] = proverFees << 80;
    }

    function invalidate(uint256 number) external {
        _pending = number - 1;
    }

    function prune() external {
        require(_isPruneDue(), "not due");
        _pending = proven;
    }

    function pause(uint256 duration) external {
        uint256 time = block.timestamp - GENESIS;
        pauseWord = (time << 64) | (time + duration);
    }

    function unpause() external {
        pauseWord = ((pauseWord >> 64) << 64) | (block.timestamp - GENESIS);
    }

    /// @dev Proves the blocks up to `number`.
    function prove(uint256 number, address prover) external returns (EpochOpening memory opening) {
        require(number > proven && number <= _pending && !_isPruneDue(), "not provable");
        uint256 time = block.timestamp - GENESIS;
        require(!((pauseWord >> 64) <= time && time < uint64(pauseWord)), "paused");
        uint256 epoch = _epochOf(number);
        require(epoch == _firstUnproven, "not its turn");
        opening.when = EpochWordLib.when(Epoch.wrap(epoch), block.timestamp);
        opening.participation = [uint256(5), 9];
        opening.seedWord = 11;
        opening.rewardsRoot = keccak256(abi.encode("rewards", number));
        opening.prover = prover;
        opening.endRecord = _records[number];
        opening.previous = _lastWord;
        _lastWord = wordOf(opening);
        _words[epoch % RING] = _lastWord;
        proven = number;
        if (number != _pending) _firstUnproven = _epochOf(number + 1);
    }

    // What the market asks

    function status() external view returns (Status memory s) {
        s.slot = Slot.wrap((block.timestamp - GENESIS) / SLOT);
        s.epoch = Epoch.wrap(Slot.unwrap(s.slot) / SLOTS);
        s.pending = _isPruneDue() ? proven : _pending;
        s.proven = proven;
        s.firstUnprovenEpoch = Epoch.wrap(_firstUnproven);
        s.deadlineEpoch = Epoch.wrap(_deadline());
    }

    function recordHash(uint256 number) external view returns (bytes32) {
        require(number >= proven && number <= _pending, "no such record");
        return keccak256(abi.encode(_records[number]));
    }

    function epochWord(Epoch epoch) external view returns (bytes32) {
        return _words[Epoch.unwrap(epoch) % RING];
    }

    function record(uint256 number) external view returns (uint256[7] memory) {
        return _records[number];
    }

    function pending() external view returns (uint256) {
        return _pending;
    }

    function _epochOf(uint256 number) private view returns (uint256) {
        return uint32(_records[number][4] >> 192) / SLOTS;
    }

    function _deadline() private view returns (uint256) {
        uint256 length = SLOT * SLOTS;
        uint256 paused = Pause.wrap(pauseWord).extension((_firstUnproven + 1) * length, TERM * length);
        return _firstUnproven + TERM + (paused + length - 1) / length;
    }

    function _isPruneDue() private view returns (bool) {
        return _pending != proven && (block.timestamp - GENESIS) / SLOT / SLOTS > _deadline();
    }
}

/// @notice Test double of the prover pots: fees of the end record; what is credited is paid at once.
contract PotDouble is IProverPot {
    RollupDouble private immutable _rollup;
    BurnableToken private immutable _token;
    address public market;
    uint256 public delay;
    mapping(uint256 epoch => bool) private _paid;

    error TooEarly();
    error PaidBefore();
    error OnlyMarket();
    error WrongWord();

    constructor(RollupDouble rollup, BurnableToken token) {
        _rollup = rollup;
        _token = token;
    }

    function setMarket(address market_) external {
        market = market_;
    }

    function setDelay(uint256 delay_) external {
        delay = delay_;
    }

    function proverPot(
        EpochOpening calldata o
    ) public view returns (uint256 pot, uint256 epoch, uint256 provenAt) {
        epoch = o.when >> 64;
        provenAt = uint64(o.when);
        if (wordOf(o) != _rollup.epochWord(Epoch.wrap(epoch))) revert WrongWord();
        if (block.timestamp < provenAt + delay) revert TooEarly();
        if (_paid[epoch]) revert PaidBefore();
        pot = Fees.wrap(o.endRecord[6]).proverFees();
    }

    function creditProver(
        EpochOpening calldata opening,
        address payee,
        uint256 fee
    ) external returns (uint256 credited) {
        if (msg.sender != market) revert OnlyMarket();
        (uint256 pot, uint256 epoch, ) = proverPot(opening);
        require(fee <= 10_000, "over the pot");
        require(payee != address(0) || fee == 0, "nobody paid");
        _paid[epoch] = true;
        credited = (pot * fee) / 10_000;
        if (credited != 0) _token.transfer(payee, credited);
    }

    // The market uses none of the others.

    function collectProver(address) external returns (uint256, uint256) {}

    function flush(Epoch) external returns (uint256, uint256) {}

    function creditOf(address) external view returns (uint256, uint256) {}

    function leftoversOf(Epoch) external view returns (uint256, uint256) {}
}
