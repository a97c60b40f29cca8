// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381, PairingInput, Tag} from "../../contracts/crypto/Bls12381.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Signs with BLS12-381 keys by the precompiles, so that tests need no prepared signatures. Secrets in the clear.
contract Signer {
    uint256 private constant _P_HI = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant _P_LO = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    uint256 private constant _HALF_HI = 0xd0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant _HALF_LO = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    uint256[4] private _generator = [
        0x17f1d3a73197d7942695638c4fa9ac0f,
        0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb,
        0x08b3f481e3aaa0f1a09e30ed741d8ae4,
        0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1
    ];

    function publicKey(uint256 secret) public view returns (uint256[3] memory) {
        return unpadKey(_multiplyG1(_generator, secret));
    }

    /// @return point in full, without padding
    function sign(uint256 secret, Tag tag, bytes32 message) public view returns (uint256[6] memory) {
        return unpadSignature(_multiplyG2(hash(tag, message), secret));
    }

    /// @notice One signature by all of these secrets.
    function aggregate(uint256[] memory secrets, bytes32 message) public view returns (uint256[6] memory) {
        uint256 sum;
        for (uint256 i = 0; i < secrets.length; ++i) sum += secrets[i];
        return sign(sum, Tag.Signature, message);
    }

    function hash(Tag tag, bytes32 message) public view returns (uint256[8] memory point) {
        PairingInput memory input;
        Bls12381.hashToG2(input, tag, message);
        for (uint256 i = 0; i < 8; ++i) point[i] = input.words[16 + i];
    }

    function compress(uint256[6] memory s) public pure returns (uint256[3] memory c) {
        // x.c0 is s0 | high half of s1, x.c1 the rest of s1 and s2.
        uint256 x0Hi = s[0] >> 128;
        uint256 x0Lo = (s[0] << 128) | (s[1] >> 128);
        uint256 x1Hi = s[1] & type(uint128).max;
        uint256 x1Lo = s[2];
        uint256 y0Hi = s[3] >> 128;
        uint256 y0Lo = (s[3] << 128) | (s[4] >> 128);
        uint256 y1Hi = s[4] & type(uint128).max;
        uint256 y1Lo = s[5];
        bool larger = y1Hi | y1Lo == 0 ? _larger(y0Hi, y0Lo) : _larger(y1Hi, y1Lo);
        c[0] = (x1Hi << 128) | (x1Lo >> 128) | (1 << 255) | (larger ? 1 << 253 : 0);
        c[1] = (x1Lo << 128) | x0Hi;
        c[2] = x0Lo;
    }

    /// @notice The inverse of a key or of a signature in one: y negated.
    function negateKey(uint256[3] memory key) public pure returns (uint256[3] memory) {
        uint256 hi = key[1] & type(uint128).max;
        (uint256 newHi, uint256 newLo) = _negate(hi, key[2]);
        return [key[0], (key[1] & ~uint256(type(uint128).max)) | newHi, newLo];
    }

    function negateSignature(uint256[6] memory s) public pure returns (uint256[6] memory) {
        (uint256 y0Hi, uint256 y0Lo) = _negate(s[3] >> 128, (s[3] << 128) | (s[4] >> 128));
        (uint256 y1Hi, uint256 y1Lo) = _negate(s[4] & type(uint128).max, s[5]);
        return [s[0], s[1], s[2], (y0Hi << 128) | (y0Lo >> 128), (y0Lo << 128) | y1Hi, y1Lo];
    }

    function unpadKey(uint256[4] memory p) public pure returns (uint256[3] memory) {
        return [(p[0] << 128) | (p[1] >> 128), (p[1] << 128) | p[2], p[3]];
    }

    function unpadSignature(uint256[8] memory p) public pure returns (uint256[6] memory) {
        return
            [
                (p[0] << 128) | (p[1] >> 128),
                (p[1] << 128) | p[2],
                p[3],
                (p[4] << 128) | (p[5] >> 128),
                (p[5] << 128) | p[6],
                p[7]
            ];
    }

    function _negate(uint256 hi, uint256 lo) private pure returns (uint256, uint256) {
        unchecked {
            return (_P_HI - hi - (_P_LO < lo ? 1 : 0), _P_LO - lo);
        }
    }

    function _larger(uint256 hi, uint256 lo) private pure returns (bool) {
        return hi > _HALF_HI || (hi == _HALF_HI && lo > _HALF_LO);
    }

    function _multiplyG1(
        uint256[4] memory point,
        uint256 scalar
    ) private view returns (uint256[4] memory result) {
        (bool success, bytes memory out) = address(0x0c).staticcall(abi.encodePacked(point, scalar));
        require(success, "G1MSM");
        result = abi.decode(out, (uint256[4]));
    }

    function _multiplyG2(
        uint256[8] memory point,
        uint256 scalar
    ) private view returns (uint256[8] memory result) {
        (bool success, bytes memory out) = address(0x0e).staticcall(abi.encodePacked(point, scalar));
        require(success, "G2MSM");
        result = abi.decode(out, (uint256[8]));
    }
}

/// @notice A plain token whose makers mint at will, with the vices that a registry must survive.
contract TestToken is IERC20 {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    uint256 public totalSupply;
    /// Kept of every transfer.
    uint256 public fee;
    /// Called before a transfer, with `data`.
    address public hook;
    bytes public data;
    mapping(address => bool) public blocked;

    error Blocked();

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
        totalSupply += amount;
    }

    function burn(uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        totalSupply -= amount;
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function setHook(address hook_, bytes calldata data_) external {
        hook = hook_;
        data = data_;
    }

    function setBlocked(address account, bool blocked_) external {
        blocked[account] = blocked_;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (allowance[from][msg.sender] != type(uint256).max) allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) private {
        if (blocked[to]) revert Blocked();
        if (hook != address(0)) {
            address target = hook;
            hook = address(0);
            (bool success, ) = target.call(data);
            success;
        }
        balanceOf[from] -= amount;
        balanceOf[to] += amount - fee;
    }
}
