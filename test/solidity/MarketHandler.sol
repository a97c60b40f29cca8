// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Account,
    Claim,
    IProofMarket,
    MarketParameters,
    Quote,
    Stage,
    WordOpening
} from "../../contracts/market/IProofMarket.sol";
import {EpochOpening} from "../../contracts/rewards/IProverPot.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {ProofMarket} from "../../contracts/market/ProofMarket.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {BurnableToken, RollupDouble} from "./MarketDoubles.sol";
import {marketVm} from "./MarketVm.sol";
import {vm} from "./Vm.sol";

/// @notice Plays chain and provers against the market in any order; what the market refuses is left out. Keeps its own
/// books of what was proven in time, by whom.
contract MarketHandler is MarketFixture {
    uint256 private constant PROVERS = 4;

    address[] public provers;
    uint256[] public claimed;
    EpochOpening[] private _openings;
    mapping(uint256 epoch => bool) private _seen;
    /// Claimant that proved its epoch in time, with the end it claimed and no pause.
    mapping(uint256 epoch => address) private _inTime;
    mapping(uint256 epoch => bool) public provenEpoch;

    uint256 public claims;
    uint256 public proofs;
    uint256 public slashes;
    uint256 public releases;
    uint256 public rescues;
    uint256 public delivered;
    uint256 public forestalled;
    uint256 public pauses;
    uint256 public withdrawals;
    uint256 public outbids;
    uint256 public lost;
    uint256 public burns;
    /// A slash of a claimant that proved in time: must stay 0.
    uint256 public wronged;

    address private immutable _test;

    constructor() {
        _test = msg.sender;
        setUp();
        provers.push(alice);
        provers.push(bob);
        provers.push(bonded(0xca01));
        provers.push(bonded(0xda7e));
    }

    function setUp() public override {
        if (provers.length == 0) super.setUp();
    }

    function proverCount() external pure returns (uint256) {
        return PROVERS;
    }

    function claimedCount() external view returns (uint256) {
        return claimed.length;
    }

    function parts() external view returns (ProofMarket, BurnableToken, RollupDouble) {
        return (market, token, chain);
    }

    // The chain

    function wait(uint8 seconds_) external {
        skip((uint256(seconds_) % 60) + 1);
    }

    function propose(uint8 blocks, uint64 fees) external {
        uint256 epoch = (marketVm.getBlockTimestamp() - 1_000_000) / EPOCH;
        for (uint256 i = 0; i < (uint256(blocks) % 3) + 1; ++i) chain.propose(epoch * 4 + i, fees % POT);
        vm.warp(endOf(epoch));
    }

    function invalidate(uint8 back) external {
        uint256 pending = chain.pending();
        uint256 drop = back % 4;
        if (drop == 0 || pending < chain.proven() + drop) return;
        chain.invalidate(pending - drop + 1);
    }

    function prune() external {
        try chain.prune() {} catch {}
    }

    function pause(uint8 duration) external {
        if (duration % 4 != 0) return;
        uint256 word_ = chain.pauseWord();
        if (word_ != 0 && marketVm.getBlockTimestamp() - 1_000_000 < uint64(word_) + 7 * EPOCH) return;
        chain.pause(duration + 1);
        ++pauses;
    }

    function prove(uint8 who, bool byClaimant) external {
        uint256 epoch = Epoch.unwrap(chain.status().firstUnprovenEpoch);
        if (chain.status().pending == chain.proven()) return;
        uint256 end = endNumberOf(epoch);
        Claim memory c = market.claimOf(Epoch.wrap(epoch));
        bool live = c.epoch == epoch && c.stage == Stage.Claimed;
        address prover = byClaimant && live ? c.prover : provers[who % PROVERS];
        uint256 time = marketVm.getBlockTimestamp();
        bool paused = _touched(c);
        try chain.prove(end, prover) returns (EpochOpening memory opening) {
            ++proofs;
            provenEpoch[epoch] = true;
            last = opening;
            _openings.push(opening);
            if (
                live &&
                prover == c.prover &&
                time <= c.exclusiveUntil &&
                !paused &&
                c.endRecordHash == keccak256(abi.encode(opening.endRecord))
            ) _inTime[epoch] = prover;
        } catch {}
    }

    // The market

    function claim(uint8 who, uint16 fee, bool cheap) external {
        uint256 epoch = Epoch.unwrap(chain.status().firstUnprovenEpoch);
        if (chain.status().pending == chain.proven()) return;
        Claim memory before = market.claimOf(Epoch.wrap(epoch));
        address prover = provers[who % PROVERS];
        Quote memory quote = quoteOf(prover, epoch, cheap ? fee % 500 : fee % 8_001);
        bytes memory signature = signed(quote);
        uint256 end = endNumberOf(epoch);
        uint256[7] memory next;
        if (end != chain.pending()) next = chain.record(end + 1);
        try market.claim(quote, signature, chain.record(end), next, word()) {
            ++claims;
            if (before.epoch == epoch && before.stage == Stage.Claimed) ++outbids;
            if (!_seen[epoch]) claimed.push(epoch);
            _seen[epoch] = true;
        } catch {}
    }

    function slash(uint8 which) external {
        (uint256 epoch, Claim memory c) = _pick(which);
        try market.slash(Epoch.wrap(epoch), _wordAt(epoch)) {
            ++slashes;
            if (_inTime[epoch] == c.prover) ++wronged;
            if (stageOf(epoch) == Stage.Lost) ++lost;
        } catch {}
    }

    function release(uint8 which) external {
        (uint256 epoch, ) = _pick(which);
        try market.release(Epoch.wrap(epoch), _wordAt(epoch)) {
            ++releases;
        } catch {}
    }

    function resolve(uint8 which, bool pay) external {
        if (_openings.length == 0) return;
        uint256 newest = _openings.length < 4 ? _openings.length : 4;
        EpochOpening memory opening = _openings[_openings.length - 1 - (which % newest)];
        uint256 epoch = opening.when >> 64;
        Claim memory before = market.claimOf(Epoch.wrap(epoch));
        bool live =
            before.epoch == epoch && (before.stage == Stage.Claimed || before.stage == Stage.Defaulted);
        if (pay) {
            try market.settle(opening) {} catch {}
        } else {
            try market.resolve(opening) {} catch {}
        }
        Claim memory c = market.claimOf(Epoch.wrap(epoch));
        if (!live || c.epoch != epoch) return;
        if (c.stage == Stage.Delivered) ++delivered;
        if (c.stage == Stage.Forestalled) ++forestalled;
        if (c.stage == Stage.Rescued) {
            ++rescues;
            if (_inTime[epoch] == before.prover) ++wronged;
        }
    }

    /// @dev What is on its way is mostly left alone: an addition starts its delay anew.
    function withdraw(uint8 who, uint96 amount, bool finish) external {
        address prover = provers[who % PROVERS];
        if (!finish && market.accountOf(prover).withdrawing != 0 && amount % 8 != 0) return;
        vm.startPrank(prover);
        if (finish) {
            try market.finaliseWithdrawal(prover) {
                ++withdrawals;
            } catch {}
        } else {
            try market.initiateWithdrawal(amount % BOND) {} catch {}
        }
        vm.stopPrank();
    }

    function deposit(uint8 who, uint96 amount) external {
        market.deposit(provers[who % PROVERS], (uint256(amount) % BOND) + 1);
    }

    function burn() external {
        uint256 forfeited = market.toBurn();
        try market.burn() returns (uint256 amount) {
            assertEq(amount, forfeited - 1);
            ++burns;
        } catch {
            assertTrue(forfeited < 2, "burn refused");
        }
    }

    /// @dev Ends every claim whose time is over, by whichever of the ways is open.
    function endEveryClaim() external {
        if (msg.sender != _test) return;
        skip(20 * EPOCH);
        for (uint256 i = 0; i < claimed.length; ++i) {
            uint256 epoch = claimed[i];
            Claim memory c = market.claimOf(Epoch.wrap(epoch));
            if (c.epoch != epoch || (c.stage != Stage.Claimed && c.stage != Stage.Defaulted)) continue;
            _end(epoch);
        }
    }

    function _end(uint256 epoch) private {
        WordOpening memory word_ = _wordAt(epoch);
        try market.slash(Epoch.wrap(epoch), word_) {
            return;
        } catch {}
        try market.release(Epoch.wrap(epoch), word_) {
            return;
        } catch {}
        for (uint256 i = 0; i < _openings.length; ++i) {
            if (_openings[i].when >> 64 == epoch) {
                try market.resolve(_openings[i]) {
                    return;
                } catch {}
            }
        }
    }

    /// @dev What the ring holds in an epoch's place: the newest opening there.
    function _wordAt(uint256 epoch) private view returns (WordOpening memory) {
        for (uint256 i = _openings.length; i > 0; --i) {
            if ((_openings[i - 1].when >> 64) % 16 == epoch % 16) return shorten(_openings[i - 1]);
        }
        return shorten(last);
    }

    function _pick(uint8 which) private view returns (uint256 epoch, Claim memory c) {
        if (claimed.length == 0) return (0, c);
        uint256 newest = claimed.length < 4 ? claimed.length : 4;
        epoch = claimed[claimed.length - 1 - (which % newest)];
        c = market.claimOf(Epoch.wrap(epoch));
    }

    function _touched(Claim memory c) private view returns (bool) {
        uint256 word_ = chain.pauseWord();
        if (word_ == 0) return false;
        return 1_000_000 + (word_ >> 64) <= c.exclusiveUntil && 1_000_000 + uint64(word_) > c.claimedAt;
    }
}
