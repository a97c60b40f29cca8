// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochOpening} from "../../contracts/rewards/IProverPot.sol";
import {RewardDistributor} from "../../contracts/rewards/RewardDistributor.sol";
import {Rewards} from "../../contracts/rewards/Rewards.sol";
import {RewardsConfig} from "../../contracts/rewards/IRewards.sol";
import {NetworkToken} from "../../contracts/token/NetworkToken.sol";
import {SeedWord} from "../../contracts/staking/StakingWords.sol";
import {Fees, packFees} from "../../contracts/types/Record.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {RollupDouble} from "./RollupDouble.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Rewards over epochs that the test makes up, a real registry, distributor, portal and token.
abstract contract RewardsFixture is StakingFixture {
    uint256 internal constant SLOTS = 4;
    uint256 internal constant RING = 40;
    uint256 internal constant DELAY = 1_500;
    uint256 internal constant CLAIM_WINDOW = 20;
    uint256 internal constant COMMITTEE = 8;
    uint256 internal constant BLOCK_REWARD = 1e18;
    uint256 internal constant BONUS = 1e16;
    uint256 internal constant ATTESTER_REWARD = 3e16;
    uint256 internal constant PROVER_REWARD = 2e18;
    uint256 internal constant FUNDS = 1e24;

    address internal constant MARKET = address(0x9999);
    address internal constant COINBASE = address(0xc0);
    address internal constant PROVER = address(0xdd);

    /// @dev An epoch as the test proved it.
    struct Proven {
        EpochOpening opening;
        uint256[] leaves;
    }

    NetworkToken internal tst;
    RewardDistributor internal distributor;
    Rewards internal rewards;
    RollupDouble internal rollup = RollupDouble(INSTANCE);
    address internal portal;
    mapping(uint256 epoch => Proven) internal proven;
    /// Word of the epoch proven last.
    bytes32 internal newest;

    function setUp() public virtual override {
        super.setUp();
        vm.etch(INSTANCE, type(RollupDouble).runtimeCode);
        tst = new NetworkToken("Network token", "TST", address(this), address(this), 1e27);
        distributor = new RewardDistributor(address(this), address(tst), address(0));
        rewards = new Rewards(rewardsConfig());
        distributor.setCanonical(address(rewards));
        rollup.open(address(tst), address(rewards), RING);
        portal = rollup.feePortal();
        tst.transfer(address(distributor), FUNDS);
        tst.transfer(portal, FUNDS);
    }

    function rewardsConfig() internal view virtual returns (RewardsConfig memory) {
        return
            RewardsConfig({
                rollup: INSTANCE,
                distributor: address(distributor),
                market: MARKET,
                registry: address(registry),
                genesisTime: GENESIS,
                epochDuration: EPOCH,
                slotsPerEpoch: SLOTS,
                epochRing: RING,
                claimDelay: DELAY,
                claimWindow: CLAIM_WINDOW,
                committeeSize: COMMITTEE,
                blockReward: BLOCK_REWARD,
                attestationBonus: BONUS,
                attesterReward: ATTESTER_REWARD,
                proverReward: PROVER_REWARD
            });
    }

    // Epochs

    function leafOf(address coinbase, uint256 attested, uint256 fee) internal pure returns (uint256) {
        return (uint256(uint160(coinbase)) << 96) | (attested << 80) | fee;
    }

    /// @dev An epoch of committee blocks by COINBASE, all attested by the whole committee of 8.
    function proveEpoch(uint256 epoch, uint256 blocks) internal {
        uint256[] memory leaves = new uint256[](blocks);
        for (uint256 i = 0; i < blocks; ++i) leaves[i] = leafOf(COINBASE, 8, 1e15 + i);
        proveEpoch(epoch, leaves);
    }

    function proveEpoch(uint256 epoch, uint256[] memory leaves) internal {
        uint256[2] memory participation;
        uint256 sequencers;
        for (uint256 i = 0; i < leaves.length; ++i) {
            sequencers += leaves[i] & ((1 << 80) - 1);
            uint256 attested = (leaves[i] >> 80) & 0xffff;
            if (attested == 0) continue;
            // The first `attested` positions.
            for (uint256 k = 0; k < attested; ++k) participation[k / 24] += 1 << (8 * (k % 24));
            participation[1] += 1 << 192;
        }
        proveEpoch(epoch, leaves, participation, sequencers);
    }

    function proveEpoch(
        uint256 epoch,
        uint256[] memory leaves,
        uint256[2] memory participation,
        uint256 sequencers
    ) internal {
        Proven storage p = proven[epoch];
        p.leaves = leaves;
        p.opening.when = (epoch << 64) | time;
        p.opening.participation = participation;
        p.opening.seedWord = SeedWord.unwrap(registry.seedOf(INSTANCE, Epoch.wrap(epoch)));
        p.opening.rewardsRoot = commitOf(leaves);
        p.opening.prover = PROVER;
        p.opening.endRecord[0] = uint256(keccak256(abi.encode(epoch)));
        p.opening.endRecord[6] = Fees.unwrap(
            packFees(burnedOf(leaves.length), proverFeesOf(leaves.length), sequencers)
        );
        p.opening.previous = newest;
        newest = wordOf(p.opening);
        rollup.prove(epoch, newest);
    }

    function burnedOf(uint256 blocks) internal pure returns (uint256) {
        return 5e14 * blocks;
    }

    function proverFeesOf(uint256 blocks) internal pure returns (uint256) {
        return 7e14 * blocks;
    }

    // Hashes, written out a second time

    function dutiesOf(EpochOpening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(o.when, o.participation[0], o.participation[1], o.seedWord));
    }

    function settlementOf(EpochOpening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(o.prover, keccak256(abi.encode(o.endRecord))));
    }

    function paymentsOf(EpochOpening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(o.when, settlementOf(o), o.rewardsRoot));
    }

    function linkOf(EpochOpening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(paymentsOf(o), o.previous));
    }

    function wordOf(EpochOpening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(dutiesOf(o), linkOf(o)));
    }

    /// @dev All levels of the tree, leaves first; padded.
    function level(uint256[] memory leaves, uint256 height) internal pure returns (uint256[] memory nodes) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        nodes = new uint256[](width);
        for (uint256 i = 0; i < leaves.length; ++i) nodes[i] = leaves[i];
        for (; height != 0; --height) {
            uint256[] memory below = nodes;
            nodes = new uint256[](below.length / 2);
            for (uint256 i = 0; i < nodes.length; ++i)
                nodes[i] = uint256(keccak256(abi.encode(below[2 * i], below[2 * i + 1])));
        }
    }

    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while (1 << depth < count) ++depth;
    }

    function commitOf(uint256[] memory leaves) internal pure returns (bytes32) {
        return keccak256(abi.encode(level(leaves, depthOf(leaves.length))[0], leaves.length));
    }

    // Packed claims

    function headOf(uint256 epoch, uint256 leaves) internal view returns (bytes memory) {
        return abi.encodePacked(_headOf(epoch, leaves, 0), proven[epoch].opening.previous);
    }

    /// @dev Head of an entry after that of the epoch proven before.
    function chainedHeadOf(uint256 epoch, uint256 leaves) internal view returns (bytes memory) {
        return _headOf(epoch, leaves, 1 << 39);
    }

    function _headOf(uint256 epoch, uint256 leaves, uint40 flag) private view returns (bytes memory) {
        EpochOpening memory o = proven[epoch].opening;
        return
            abi.encodePacked(
                uint32(epoch),
                uint40(o.when) | flag,
                uint8(leaves),
                uint8(proven[epoch].leaves.length),
                dutiesOf(o),
                settlementOf(o)
            );
    }

    function leafEntry(uint256 epoch, uint256 index) internal view returns (bytes memory entry) {
        uint256[] memory leaves = proven[epoch].leaves;
        uint256 leaf = leaves[index];
        entry = abi.encodePacked(uint8(index), uint8(leaf >> 80), uint80(leaf));
        for (uint256 h = 0; h < depthOf(leaves.length); ++h)
            entry = abi.encodePacked(entry, level(leaves, h)[(index >> h) ^ 1]);
    }

    function claimOf(uint256 epoch, uint256 index) internal view returns (bytes memory) {
        return abi.encodePacked(headOf(epoch, 1), leafEntry(epoch, index));
    }

    function sizesOf(uint256 seedWord) internal pure returns (uint64) {
        return uint64((seedWord >> 132) & ((1 << 60) - 1));
    }

    /// @dev One entry after a header of its own.
    function attesterClaim(uint256 epoch, uint256 position) internal view returns (bytes memory) {
        return
            abi.encodePacked(
                uint32(epoch),
                sizesOf(proven[epoch].opening.seedWord),
                attesterEntry(epoch, 1, position)
            );
    }

    function attesterEntry(
        uint256 epoch,
        uint256 skip,
        uint256 position
    ) internal view returns (bytes memory) {
        return countsEntry(epoch, 32, skip, position);
    }

    /// @dev An entry after that of the epoch proven before.
    function chainedEntry(
        uint256 epoch,
        uint256 skip,
        uint256 position
    ) internal view returns (bytes memory) {
        return countsEntry(epoch, 0, skip, position);
    }

    /// @dev With all counts in full.
    function countsEntry(
        uint256 epoch,
        uint8 mode,
        uint256 skip,
        uint256 position
    ) private view returns (bytes memory) {
        EpochOpening memory o = proven[epoch].opening;
        return
            abi.encodePacked(
                entryHead(o, mode, skip, position),
                uint192(o.participation[0]),
                uint200(o.participation[1])
            );
    }

    /// @dev All of an entry but its participation. Skip and position are there in any case, sizes when the mode says so.
    function entryHead(
        EpochOpening memory o,
        uint8 mode,
        uint256 skip,
        uint256 position
    ) internal pure returns (bytes memory) {
        return
            abi.encodePacked(
                mode | 24,
                uint40(o.when),
                uint136(o.seedWord & ((1 << 132) - 1)),
                mode & 32 != 0 ? linkOf(o) : paymentsOf(o),
                uint16(skip),
                mode & 4 != 0 ? abi.encodePacked(sizesOf(o.seedWord)) : bytes(""),
                uint8(position)
            );
    }

    function rewardOf(uint256 attested) internal pure returns (uint256) {
        return attested == 0 ? 0 : BLOCK_REWARD + attested * BONUS;
    }
}
