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
import {ProofMarket} from "../../contracts/market/ProofMarket.sol";
import {EpochOpening, IProverPot} from "../../contracts/rewards/IProverPot.sol";
import {IRollup} from "../../contracts/rollup/IRollup.sol";
import {EpochWordLib} from "../../contracts/rollup/EpochWordLib.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {BurnableToken, PotDouble, RollupDouble} from "./MarketDoubles.sol";
import {marketVm} from "./MarketVm.sol";
import {Test, vm} from "./Vm.sol";

/// @notice A market on doubles of its neighbours, provers with bonds, and epochs of two blocks.
abstract contract MarketFixture is Test {
    uint256 internal constant ALICE_KEY = 0xa11ce;
    uint256 internal constant BOB_KEY = 0xb0b;
    uint256 internal constant POT = 1_000_000;
    uint256 internal constant BOND = 10_000_000;
    uint256 internal constant EPOCH = 48;

    BurnableToken internal token;
    RollupDouble internal chain;
    PotDouble internal pot;
    ProofMarket internal market;
    address internal alice;
    address internal bob;
    /// Opening of the epoch proven last.
    EpochOpening internal last;
    mapping(address prover => uint256) internal keys;
    mapping(address prover => uint256) internal nonces;

    function parameters() internal view virtual returns (MarketParameters memory) {
        return
            MarketParameters({
                owner: address(this),
                verifierKeyHash: keccak256("key"),
                reserveStart: 2_000,
                reserveMax: 8_000,
                reserveRamp: 60,
                improvementWindow: 10,
                improvementStep: 10,
                exclusivePeriod: 100,
                grace: 20,
                raceWindow: 50,
                bondFloor: 1_000,
                bondMultiple: 30_000,
                rescueShare: 5_000,
                withdrawalDelay: 1_000,
                blockReward: 0,
                permissioned: false
            });
    }

    function setUp() public virtual {
        vm.warp(1_000_000);
        token = new BurnableToken(address(this));
        chain = new RollupDouble(address(token));
        pot = new PotDouble(chain, token);
        market = new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), parameters());
        pot.setMarket(address(market));
        token.transfer(address(pot), 1 << 90);
        token.approve(address(market), type(uint256).max);
        alice = bonded(ALICE_KEY);
        bob = bonded(BOB_KEY);
    }

    function bonded(uint256 key) internal returns (address prover) {
        prover = marketVm.addr(key);
        keys[prover] = key;
        market.deposit(prover, BOND);
    }

    // The chain

    /// @dev Two blocks in an epoch, and the time at its end.
    function epochWithBlocks(uint256 epoch) internal returns (uint256 endNumber) {
        chain.propose(epoch * 4, POT / 2);
        endNumber = chain.propose(epoch * 4 + 3, POT);
        if (marketVm.getBlockTimestamp() < endOf(epoch)) vm.warp(endOf(epoch));
    }

    function endOf(uint256 epoch) internal pure returns (uint256) {
        return 1_000_000 + (epoch + 1) * EPOCH;
    }

    function deadlineOf(uint256 epoch) internal pure returns (uint256) {
        return endOf(epoch + 6);
    }

    function prove(uint256 number, address prover) internal {
        last = chain.prove(number, prover);
    }

    function skip(uint256 seconds_) internal {
        vm.warp(marketVm.getBlockTimestamp() + seconds_);
    }

    // The market

    function quoteOf(address prover, uint256 epoch, uint256 fee) internal returns (Quote memory) {
        return
            Quote({
                prover: prover,
                epoch: Epoch.wrap(epoch),
                fee: fee,
                bond: BOND,
                validUntil: marketVm.getBlockTimestamp() + 100,
                nonce: nonces[prover]++
            });
    }

    function signed(Quote memory quote) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = marketVm.sign(keys[quote.prover], market.quoteDigest(quote));
        return abi.encodePacked(r, s, v);
    }

    function claim(address prover, uint256 epoch, uint256 fee) internal {
        Quote memory quote = quoteOf(prover, epoch, fee);
        claimWith(quote, signed(quote));
    }

    function claimWith(Quote memory quote, bytes memory signature) internal {
        uint256 end = endNumberOf(Epoch.unwrap(quote.epoch));
        uint256[7] memory next;
        if (end != chain.pending()) next = chain.record(end + 1);
        uint256[7] memory record = chain.record(end);
        WordOpening memory predecessor = word();
        market.claim(quote, signature, record, next, predecessor);
    }

    /// @dev The same, refused with an error; with any of its arguments when only the selector is given.
    function claimReverts(Quote memory quote, bytes memory signature, bytes memory expected) internal {
        uint256 end = endNumberOf(Epoch.unwrap(quote.epoch));
        uint256[7] memory next;
        if (end != chain.pending()) next = chain.record(end + 1);
        uint256[7] memory record = chain.record(end);
        if (expected.length == 4) marketVm.expectPartialRevert(bytes4(expected));
        else vm.expectRevert(expected);
        market.claim(quote, signature, record, next, word());
    }

    /// @dev Last pending block of an epoch; of the tip when it has none.
    function endNumberOf(uint256 epoch) internal view returns (uint256 number) {
        for (number = chain.pending(); number > chain.proven() + 1; --number) {
            if (uint32(chain.record(number)[4] >> 192) / 4 <= epoch) return number;
        }
    }

    /// @dev Short opening of the word of the epoch proven last.
    function word() internal view returns (WordOpening memory) {
        return shorten(last);
    }

    function shorten(EpochOpening memory o) internal pure returns (WordOpening memory) {
        return
            WordOpening({
                when: o.when,
                duties: EpochWordLib.duties(o.when, o.participation, o.seedWord),
                rewardsRoot: o.rewardsRoot,
                prover: o.prover,
                endRecordHash: keccak256(abi.encode(o.endRecord)),
                previous: o.previous
            });
    }

    function stageOf(uint256 epoch) internal view returns (Stage) {
        Claim memory c = market.claimOf(Epoch.wrap(epoch));
        assertEq(c.epoch, epoch);
        return c.stage;
    }

    function assertStage(uint256 epoch, Stage expected) internal view {
        assertEq(uint256(stageOf(epoch)), uint256(expected));
    }

    function free(address prover) internal view returns (uint256) {
        return market.accountOf(prover).free;
    }

    function reserved(address prover) internal view returns (uint256) {
        return market.accountOf(prover).reserved;
    }

    /// @dev Bond of a claim on the fixture's pot: 3 × 0.8 × pot.
    function claimBond() internal pure returns (uint256) {
        return (POT * 8_000 * 30_000) / 1e8;
    }

    function settle() internal returns (address payee, uint256 paid) {
        return market.settle(last);
    }
}
