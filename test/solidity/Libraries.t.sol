// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InboxLib} from "../../contracts/bridge/InboxLib.sol";
import {BlobOpening} from "../../contracts/rollup/BlobOpening.sol";
import {MerkleLib} from "../../contracts/rollup/MerkleLib.sol";
import {RollupState} from "../../contracts/rollup/RollupState.sol";
import {WithdrawalLib} from "../../contracts/rollup/WithdrawalLib.sol";
import {Bitmap} from "../../contracts/types/Bitmap.sol";
import {BN254_R} from "../../contracts/types/Constants.sol";
import {InboxWord} from "../../contracts/types/InboxWord.sol";
import {packPause, Pause} from "../../contracts/types/Pause.sol";
import {Tip} from "../../contracts/types/Tip.sol";
import {Test, vm} from "./Vm.sol";

contract BitmapTest is Test {
    function testFuzz_countAddsOneByteForEachBit(uint48 bits, uint256[2] memory before) external pure {
        before[0] &= 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
        before[1] &= 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
        uint256[2] memory counted = [before[0], before[1]];
        Bitmap.count(counted, bits);
        for (uint256 k = 0; k < 48; ++k) {
            uint256 shift = 8 * (k % 24);
            assertEq(
                uint8(counted[k / 24] >> shift),
                uint8(before[k / 24] >> shift) + ((uint256(bits) >> k) & 1)
            );
        }
        assertEq(counted[1] >> 192, (before[1] >> 192) + (bits == 0 ? 0 : 1));
        assertEq(counted[0] >> 192, 0);
    }

    function testFuzz_popcountCountsBits(uint48 bits) external pure {
        uint256 count;
        for (uint256 i = 0; i < 48; ++i) count += (bits >> i) & 1;
        assertEq(Bitmap.popcount(bits), count);
    }

    function test_quorumIsMoreThanTwoThirds() external pure {
        for (uint256 size = 1; size <= 48; ++size) {
            uint256 quorum = Bitmap.quorum(size);
            assertTrue(3 * quorum > 2 * size, "more than two thirds");
            assertTrue(3 * (quorum - 1) <= 2 * size, "and not one too many");
            assertTrue(quorum <= size, "reachable");
        }
    }
}

contract MerkleLibTest is Test {
    function testFuzz_everyWordHasItsPathAndNoOther(uint256 seed, uint8 size, uint8 pick) external view {
        uint256 count = (uint256(size) % 70) + 1;
        uint256 index = pick % count;
        uint256[] memory words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = uint256(keccak256(abi.encode(seed, i)));
        (bytes32 commitment, bytes32[] memory path) = _naive(words, index);

        assertEq(this.commit(words), commitment);
        assertEq(this.recompute(words[index], index, count, path), commitment);
        assertTrue(this.recompute(words[index] ^ 1, index, count, path) != commitment, "another word");
        assertEq(this.recompute(words[index], count, count, path), bytes32(0));
        if (count > 1) {
            assertTrue(this.recompute(words[index], index ^ 1, count, path) != commitment, "another place");
            assertTrue(this.recompute(words[index], index, count * 2, path) != commitment, "another count");
        }
    }

    /// @dev An inner node shown as a leaf needs a shorter path, and the count does not allow it.
    function testFuzz_innerNodeIsNoLeaf(uint256 a, uint256 b, uint256 c, uint256 d) external view {
        uint256[] memory words = new uint256[](4);
        (words[0], words[1], words[2], words[3]) = (a, b, c, d);
        bytes32[] memory path = new bytes32[](1);
        path[0] = keccak256(abi.encode(c, d));
        assertEq(this.recompute(uint256(keccak256(abi.encode(a, b))), 0, 4, path), bytes32(0));
        bytes32 asTwo = this.recompute(uint256(keccak256(abi.encode(a, b))), 0, 2, path);
        assertTrue(asTwo != this.commit(words), "count is part of the commitment");
    }

    function testFuzz_pathLengthIsTheDepth(uint16 count, uint8 length) external view {
        vm.assume(count > 0);
        uint256 depth;
        while (1 << depth < count) ++depth;
        bytes32 commitment = this.recompute(7, 0, count, new bytes32[](length % 40));
        assertTrue((commitment != 0) == (length % 40 == depth), "only the depth");
    }

    function commit(uint256[] calldata words) external pure returns (bytes32) {
        return WithdrawalLib.commit(words);
    }

    function recompute(
        uint256 word,
        uint256 index,
        uint256 count,
        bytes32[] calldata path
    ) external pure returns (bytes32) {
        return MerkleLib.recompute(word, index, count, path);
    }

    function _naive(
        uint256[] memory words,
        uint256 index
    ) private pure returns (bytes32 commitment, bytes32[] memory path) {
        uint256 depth;
        while (1 << depth < words.length) ++depth;
        path = new bytes32[](depth);
        bytes32[] memory level = new bytes32[](1 << depth);
        for (uint256 i = 0; i < words.length; ++i) level[i] = bytes32(words[i]);
        for (uint256 d = 0; d < depth; ++d) {
            path[d] = level[(index >> d) ^ 1];
            bytes32[] memory above = new bytes32[](level.length / 2);
            for (uint256 i = 0; i < above.length; ++i)
                above[i] = keccak256(abi.encode(level[2 * i], level[2 * i + 1]));
            level = above;
        }
        commitment = keccak256(abi.encode(level[0], words.length));
    }
}

contract WithdrawalLibTest is Test {
    function testFuzz_bindIsThePolynomial(uint256 chainHash, uint256[] memory words) external view {
        (uint256 rho, uint256 accumulator, bytes32 commitment) = this.bind(chainHash, words);

        assertEq(rho, uint256(keccak256(abi.encodePacked(chainHash, words))) >> 8);
        // The sum of powers, each by itself.
        uint256 power = 1;
        uint256 sum;
        for (uint256 i = words.length; i > 0; --i) {
            sum = addmod(sum, mulmod(uint128(words[i - 1]), power, BN254_R), BN254_R);
            power = mulmod(power, rho, BN254_R);
            sum = addmod(sum, mulmod(words[i - 1] >> 128, power, BN254_R), BN254_R);
            power = mulmod(power, rho, BN254_R);
        }
        assertEq(accumulator, addmod(sum, power, BN254_R));
        assertTrue((commitment == 0) == (words.length == 0), "commitment");
    }

    function bind(
        uint256 chainHash,
        uint256[] calldata words
    ) external pure returns (uint256 rho, uint256 accumulator, bytes32 commitment) {
        return WithdrawalLib.bind(chainHash, words);
    }
}

contract BlobOpeningTest is Test {
    /// @dev (p - 1) / 2 of BLS12-381's base field.
    bytes private constant HALF =
        hex"0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555";

    function testFuzz_epochHashRollsOverCompressedPoints(
        uint256[3][] memory points,
        uint256 gamma,
        uint8 infinities
    ) external view {
        uint256[] memory fees = new uint256[](points.length);
        bytes32 expected;
        for (uint256 i = 0; i < points.length; ++i) {
            if (i < 8 && (infinities >> i) & 1 == 1) points[i] = [uint256(0), 0, 0];
            fees[i] = uint256(keccak256(abi.encode(points[i])));
            expected = keccak256(abi.encode(expected, _versionedHash(points[i]), fees[i]));
        }
        assertEq(this.load(points, fees, gamma), expected);
    }

    /// @dev Around the middle of the field, where the sign turns.
    function test_signTurnsAboveTheMiddle() external view {
        for (uint256 i = 0; i < 3; ++i) {
            uint256[3][] memory points = new uint256[3][](1);
            points[0] = [
                uint256(1),
                0x0d0088f51cbff34d258dd3db21a5d66b,
                0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd554 + i
            ];
            bytes memory compressed = abi.encodePacked(uint256(1), uint128(0));
            compressed[0] = i == 2 ? bytes1(0xa0) : bytes1(0x80);
            uint256 hash = (uint256(sha256(compressed)) & (type(uint256).max >> 8)) | (1 << 248);
            assertEq(
                this.load(points, new uint256[](1), 1),
                keccak256(abi.encode(bytes32(0), bytes32(hash), uint256(0)))
            );
        }
    }

    function load(
        uint256[3][] calldata points,
        uint256[] calldata fees,
        uint256 gamma
    ) external view returns (bytes32 epochHash) {
        (epochHash, ) = BlobOpening.load(points, fees, gamma);
    }

    function _versionedHash(uint256[3] memory point) private pure returns (bytes32) {
        bytes memory all = abi.encodePacked(point);
        bytes memory compressed = new bytes(48);
        for (uint256 i = 0; i < 48; ++i) compressed[i] = all[i];
        if (point[0] | point[1] | point[2] == 0) {
            compressed[0] = 0xc0;
        } else {
            bool large;
            for (uint256 i = 0; i < 48; ++i) {
                if (all[48 + i] == HALF[i]) continue;
                large = all[48 + i] > HALF[i];
                break;
            }
            compressed[0] |= large ? bytes1(0xa0) : bytes1(0x80);
        }
        return bytes32((uint256(sha256(compressed)) & (type(uint256).max >> 8)) | (1 << 248));
    }
}

contract InboxLibTest is Test {
    using InboxLib for RollupState;

    RollupState private _state;

    function testFuzz_ringKeepsWhatIsNotConsumed(uint8 ringSeed, uint8[16] memory steps) external {
        uint256 ring = (uint256(ringSeed) % 6) + 3;
        uint256 sent;
        uint256 proven;
        uint256[] memory hashes = new uint256[](17 * 9);
        for (uint256 k = 0; k < steps.length; ++k) {
            // A proof consumes some, then as many as fit are sent.
            proven += steps[k] % (sent - proven + 1);
            _state.tip = Tip.wrap((sent << 160) | (proven << 96));
            while (sent + 1 - proven < ring) {
                uint256 number = _send(sent, k, ring);
                assertEq(number, ++sent);
                hashes[sent] = InboxLib.roll(hashes[sent - 1], _message(sent - 1, k));
                assertEq(_state.tip.inboxCount(), sent);
            }
            for (uint256 i = proven == 0 ? 1 : proven; i <= sent; ++i) {
                assertEq(_state.inbox[i % ring].rollingHash(), hashes[i]);
            }
            vm.expectRevert(abi.encodeWithSignature("Rollup__InboxFull(uint256)", sent - proven));
            this.send(sent, k, ring);
        }
    }

    function send(uint256 label, uint256 time, uint256 ring) external returns (uint256) {
        return _send(label, time, ring);
    }

    /// @dev Generator, its negation, and points off the curve.
    function testFuzz_curve(uint256 x, uint256 y) external pure {
        uint256 g = 17631683881184975370165255887551781615748388533673675138860;
        assertTrue(InboxLib.isOnCurve(1, g) && InboxLib.isOnCurve(1, BN254_R - g), "generator");
        assertTrue(!InboxLib.isOnCurve(0, 0), "infinity is no key");
        assertTrue(!InboxLib.isOnCurve(1 + BN254_R, g) && !InboxLib.isOnCurve(1, g + BN254_R), "canonical");
        bool expected =
            x < BN254_R &&
                y < BN254_R &&
                addmod(mulmod(y, y, BN254_R), 17, BN254_R) == mulmod(mulmod(x, x, BN254_R), x, BN254_R);
        assertTrue(InboxLib.isOnCurve(x, y) == expected, "equation");
    }

    function testFuzz_forcedFeeRisesWithTheQueue(uint16 queue, uint32 price) external pure {
        uint256 ring = 1024;
        uint256 waiting = queue % (ring - 1);
        uint256 fee = InboxLib.forcedFee(Tip.wrap(waiting << 160), ring, 1, price);
        uint256 more = InboxLib.forcedFee(Tip.wrap((waiting + 1) << 160), ring, 1, price);
        assertTrue(fee >= 10_000 * uint256(price), "never under the base");
        assertTrue(more >= fee, "rises");
        if (waiting == 0) assertEq(fee, 10_000 * uint256(price));
    }

    function testFuzz_depositFeeRisesFromAHalfFullRing(uint16 queue, uint32 price, uint8 odd) external pure {
        uint256 ring = 1024 + (odd & 1);
        uint256 waiting = queue % (ring - 2);
        uint256 fee = InboxLib.depositFee(Tip.wrap(waiting << 160), ring, price);
        uint256 more = InboxLib.depositFee(Tip.wrap((waiting + 1) << 160), ring, price);
        assertTrue(more >= fee, "rises");
        assertTrue(2 * waiting > ring || fee == 0, "free while half the ring is free");
        assertTrue(2 * waiting <= ring + 2 || price == 0 || fee > 0, "and from there on never free");
        assertTrue(fee <= InboxLib.forcedFee(Tip.wrap(waiting << 160), ring, 1, price), "below a forced one");
    }

    function _send(uint256 label, uint256 time, uint256 ring) private returns (uint256) {
        return
            _state.send(
                _state.tip,
                false,
                ring,
                time,
                uint224(label),
                uint96(label * 7),
                label * 11,
                uint128(time)
            );
    }

    function _message(uint256 label, uint256 time) private pure returns (uint256[3] memory words) {
        bytes memory packed = abi.encodePacked(
            uint224(label),
            uint96(label * 7),
            label * 11,
            uint128(time),
            uint64(0)
        );
        (words[0], words[1], words[2]) = abi.decode(packed, (uint256, uint256, uint256));
    }
}

contract PauseTest is Test {
    uint256 private constant HORIZON = 300;

    /// @dev A term of `length` running seconds, counted second by second.
    function testFuzz_extensionIsWhatTheTermWaits(
        uint8 from,
        uint8 length,
        uint8 start,
        uint8 duration
    ) external pure {
        vm.assume(length > 0);
        Pause pause = packPause(start, uint256(start) + duration);
        uint256 left = length;
        uint256 time = from;
        while (left > 0) {
            if (!pause.isActive(time)) --left;
            ++time;
        }
        // The second after the last one counted; a pause that begins there comes too late.
        assertEq(uint256(from) + length + pause.extension(from, length), time);
    }

    function testFuzz_wordHoldsBothBounds(uint64 start, uint64 end, uint64 time) external pure {
        Pause pause = packPause(start, end);
        assertEq(pause.start(), start);
        assertEq(pause.end(), end);
        assertTrue(pause.isActive(time) == (start <= time && time < end), "active");
    }

    function test_noPauseExtendsNothing() external pure {
        for (uint256 from = 0; from < HORIZON; ++from) {
            assertEq(Pause.wrap(0).extension(from, 7), 0);
            assertTrue(!Pause.wrap(0).isActive(from), "active");
        }
    }
}
