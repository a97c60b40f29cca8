// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "./Bls12381.sol";

/// @notice An element of Fp: hi·2^256 + lo, any representative below 2^384.
struct Fp {
    uint256 hi;
    uint256 lo;
}

/// @notice c0 + c1·u, with u^2 = -1.
struct Fp2 {
    Fp c0;
    Fp c1;
}

/// @title Compressed signatures
/// @notice A G2 point in 96 bytes, as three words: flags3 | x.c1 381 | zero3 | x.c0 381. The flags are compression (1),
/// infinity (0 for every signature that can be valid), and whether y is the larger of the two roots.
///
/// L1 never decompresses. A challenger passes the point in full, and `matches` compares. Bytes that are no point match
/// nothing; `isNoPoint` lets a challenger prove that they are none.
library CompressedG2 {
    uint256 private constant _MASK_128 = type(uint128).max;
    uint256 private constant _COMPRESSED = 1 << 255;
    uint256 private constant _INFINITY = 1 << 254;
    uint256 private constant _LARGER = 1 << 253;

    /// @dev p again, where inline assembly can name it.
    uint256 private constant _P_HI = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant _P_LO = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev (p - 1) / 2
    uint256 private constant _HALF_HI = 0xd0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant _HALF_LO = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @notice Whether `compressed` is the compression of `point`, given as x.c0, x.c1, y.c0, y.c1 of 48 bytes each, provided
    /// that this is a point.
    /// @dev Range and curve of the coordinates are the caller's to check. Without it a false y of the right sign matches, and
    /// the pairing then fails as it does for a wrong signature.
    function matches(uint256[3] memory compressed, uint256[6] calldata point) internal pure returns (bool) {
        uint256 first = compressed[0];
        uint256 flags = first & (_COMPRESSED | _INFINITY | _LARGER);
        if (flags & (_COMPRESSED | _INFINITY) != _COMPRESSED) return false;

        // Halves of 16 bytes: x.c1 is words 1 and 2 of the point from the middle of word 1, x.c0 is what is before.
        (uint256 p1, uint256 p2, uint256 middle) = (point[1], point[2], compressed[1]);
        if (first ^ flags != (p1 << 128) | (p2 >> 128) || middle >> 128 != p2 & _MASK_128) return false;
        if ((middle << 128) | (compressed[2] >> 128) != point[0] || compressed[2] & _MASK_128 != p1 >> 128)
            return false;

        (uint256 hi, uint256 lo) = (point[4] & _MASK_128, point[5]);
        if (hi | lo == 0) (hi, lo) = (point[3] >> 128, (point[3] << 128) | (point[4] >> 128));
        bool larger = hi > _HALF_HI || (hi == _HALF_HI && lo > _HALF_LO);
        return larger == (flags & _LARGER != 0);
    }

    /// @notice Whether 96 bytes are the compression of no finite point of the curve y^2 = x^3 + 4(1 + u): wrong flags, a
    /// coordinate not below p, or an x without y, shown by a root.
    ///
    /// 1 + u is no square in Fp2, so exactly one of v and (1 + u)·v is a square unless v = 0. A `root` with
    /// root^2 = (1 + u)(x^3 + 4(1 + u)) therefore shows that x^3 + 4(1 + u) has none, or is zero: then y = 0, a point of
    /// order two, which no signature is either.
    /// @param root any value when flags or range decide
    function isNoPoint(uint256[3] memory compressed, Fp2 memory root) internal view returns (bool) {
        (Fp2 memory x, uint256 flags) = _split(compressed);
        if (flags & (_COMPRESSED | _INFINITY) != _COMPRESSED) return true;
        if (!_isReduced(x.c0) || !_isReduced(x.c1)) return true;

        // Representatives of a root are taken as they come, so only their bound matters.
        if (root.c0.hi > _MASK_128 || root.c1.hi > _MASK_128) return false;
        Fp2 memory reduced = Fp2(_multiply(root.c0, Fp(0, 1)), _multiply(root.c1, Fp(0, 1)));

        Fp2 memory v = _multiply2(_multiply2(x, x), x);
        v.c0 = _add(v.c0, Fp(0, 4));
        v.c1 = _add(v.c1, Fp(0, 4));
        Fp2 memory twisted = Fp2(_subtract(v.c0, v.c1), _add(v.c0, v.c1));
        Fp2 memory square = _multiply2(reduced, reduced);

        return _equal(square.c0, twisted.c0) && _equal(square.c1, twisted.c1);
    }

    /// @dev Bits 381 to 383 of x.c0 are left in it: set, they put it out of range.
    function _split(uint256[3] memory compressed) private pure returns (Fp2 memory x, uint256 flags) {
        flags = compressed[0] & (_COMPRESSED | _INFINITY | _LARGER);
        uint256 first = compressed[0] ^ flags;
        x.c1 = Fp(first >> 128, (first << 128) | (compressed[1] >> 128));
        x.c0 = Fp(compressed[1] & _MASK_128, compressed[2]);
    }

    function _isZero(Fp memory a) private pure returns (bool) {
        return (a.hi | a.lo) == 0;
    }

    function _isReduced(Fp memory a) private pure returns (bool) {
        return a.hi < _P_HI || (a.hi == _P_HI && a.lo < _P_LO);
    }

    function _equal(Fp memory a, Fp memory b) private pure returns (bool) {
        return a.hi == b.hi && a.lo == b.lo;
    }

    /// @dev (a0 + a1 u)(b0 + b1 u) = a0 b0 - a1 b1 + (a0 b1 + a1 b0) u
    function _multiply2(Fp2 memory a, Fp2 memory b) private view returns (Fp2 memory) {
        return
            Fp2(
                _subtract(_multiply(a.c0, b.c0), _multiply(a.c1, b.c1)),
                _add(_multiply(a.c0, b.c1), _multiply(a.c1, b.c0))
            );
    }

    /// @dev Of reduced elements.
    function _add(Fp memory a, Fp memory b) private pure returns (Fp memory c) {
        unchecked {
            uint256 lo = a.lo + b.lo;
            c = Fp(a.hi + b.hi + (lo < a.lo ? 1 : 0), lo);
        }
        return _isReduced(c) ? c : _minus(c, Fp(_P_HI, _P_LO));
    }

    /// @dev Of reduced elements.
    function _subtract(Fp memory a, Fp memory b) private pure returns (Fp memory) {
        return _add(a, _isZero(b) ? b : _minus(Fp(_P_HI, _P_LO), b));
    }

    /// @dev As integers, a at least b.
    function _minus(Fp memory a, Fp memory b) private pure returns (Fp memory) {
        unchecked {
            return Fp(a.hi - b.hi - (a.lo < b.lo ? 1 : 0), a.lo - b.lo);
        }
    }

    /// @dev The full product of two numbers below 2^384, reduced by the modular exponentiation precompile with exponent 1.
    function _multiply(Fp memory a, Fp memory b) private view returns (Fp memory c) {
        unchecked {
            (uint256 carry0, uint256 word0) = _product(a.lo, b.lo);
            (uint256 carry1, uint256 middle1) = _product(a.hi, b.lo);
            (uint256 carry2, uint256 middle2) = _product(a.lo, b.hi);

            uint256 word1 = carry0 + middle1;
            uint256 word2 = a.hi * b.hi + carry1 + carry2 + (word1 < middle1 ? 1 : 0);
            word1 += middle2;
            if (word1 < middle2) ++word2;

            uint256 hi;
            uint256 lo;
            bool success;
            assembly ("memory-safe") {
                let free := mload(0x40)
                mstore(free, 0x60)
                mstore(add(free, 0x20), 1)
                mstore(add(free, 0x40), 0x40)
                mstore(add(free, 0x60), word2)
                mstore(add(free, 0x80), word1)
                mstore(add(free, 0xa0), word0)
                mstore8(add(free, 0xc0), 1)
                mstore(add(free, 0xc1), _P_HI)
                mstore(add(free, 0xe1), _P_LO)
                success := staticcall(gas(), 0x05, free, 0x101, free, 0x40)
                hi := mload(free)
                lo := mload(add(free, 0x20))
            }
            if (!success) revert Bls12381.Bls12381__PrecompileFailed(0x05);
            c = Fp(hi, lo);
        }
    }

    /// @dev a·b as hi·2^256 + lo.
    function _product(uint256 a, uint256 b) private pure returns (uint256 hi, uint256 lo) {
        assembly ("memory-safe") {
            let mm := mulmod(a, b, not(0))
            lo := mul(a, b)
            hi := sub(sub(mm, lo), lt(mm, lo))
        }
    }
}
