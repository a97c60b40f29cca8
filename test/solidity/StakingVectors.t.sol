// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381, PairingInput, Tag} from "../../contracts/crypto/Bls12381.sol";
import {CompressedG2, Fp, Fp2} from "../../contracts/crypto/CompressedG2.sol";
import {Permutation} from "../../contracts/crypto/Permutation.sol";
import {SelectionLib} from "../../contracts/staking/SelectionLib.sol";
import {packSeedWord, SeedWord} from "../../contracts/staking/StakingWords.sol";
import {Slot} from "../../contracts/types/Time.sol";
import {Signer} from "./StakingSigner.sol";
import {Test, vm} from "./Vm.sol";

interface ArrayVm {
    function parseJsonUintArray(
        string calldata json,
        string calldata key
    ) external pure returns (uint256[] memory);
}

ArrayVm constant arrayVm = ArrayVm(address(vm));

/// @notice Selection and signatures against the vectors that `protocol/` generates.
contract StakingVectorsTest is Test {
    string private _json;
    Signer private _signer = new Signer();

    function test_permutations() external {
        _open("permutation");
        uint256 i;
        for (; _has(field(i, "seed")); ++i) {
            uint256 size = _uint(field(i, "size"));
            assertEq(Permutation.sideOf(size), _uint(field(i, "side")));
            uint256[] memory places = _uints(field(i, "places"));
            uint256[] memory values = _uints(field(i, "values"));
            for (uint256 k = 0; k < places.length; ++k)
                assertEq(
                    Permutation.placeOf(_word(field(i, "seed")), size, Permutation.sideOf(size), places[k]),
                    values[k]
                );
        }
        assertTrue(i > 0, "no vectors");
    }

    function test_selections() external {
        _open("permutation");
        uint256 i;
        for (; _has(_selection(i, "seed")); ++i) {
            uint256 size = _uint(_selection(i, "size"));
            uint256 epoch = _uint(_selection(i, "epoch"));
            bytes32 drawn = keccak256(
                abi.encode(
                    _word(_selection(i, "randomness")),
                    vm.parseJsonAddress(_json, _selection(i, "instance")),
                    epoch
                )
            );
            SeedWord word = packSeedWord(
                epoch,
                _uint(_selection(i, "freeze")),
                _uint(_selection(i, "followers")),
                size,
                Permutation.sideOf(size),
                _uint(_selection(i, "set")),
                uint256(drawn)
            );
            assertEq(SeedWord.unwrap(word), _word(_selection(i, "word")));
            assertEq(word.seedOf(), _word(_selection(i, "seed")));
            uint256[] memory committee = _uints(_selection(i, "committee"));
            for (uint256 k = 0; k < committee.length; ++k)
                assertEq(SelectionLib.placeOf(word, 48, k), committee[k]);
            uint256[] memory slots = _uints(_selection(i, "slots"));
            uint256[] memory proposers = _uints(_selection(i, "proposers"));
            for (uint256 k = 0; k < slots.length; ++k)
                assertEq(
                    SelectionLib.proposerPosition(word, committee.length, Slot.wrap(slots[k])),
                    proposers[k]
                );
        }
        assertTrue(i > 0, "no vectors");
    }

    function test_signatures() external {
        _open("bls");
        uint256 i;
        for (; _has(field(i, "digest")); ++i) {
            _checkSignature(field(i, ""), Tag.Signature, Tag.Possession);
        }
        assertTrue(i > 0, "no vectors");
    }

    function test_proofsOfPossession() external {
        _open("bls");
        uint256 i;
        for (; _has(string.concat(_possession(i), "digest")); ++i) {
            string memory path = _possession(i);
            bytes32 domain = keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                    ),
                    keccak256("Calpulli"),
                    keccak256("1"),
                    _word(string.concat(path, "chainId")),
                    vm.parseJsonAddress(_json, string.concat(path, "registry"))
                )
            );
            bytes32 structHash = keccak256(
                abi.encode(
                    keccak256("ProofOfPossession(bytes32 key,address withdrawer)"),
                    _word(string.concat(path, "key.hash")),
                    vm.parseJsonAddress(_json, string.concat(path, "withdrawer"))
                )
            );
            assertEq(
                keccak256(abi.encodePacked(hex"1901", domain, structHash)),
                bytes32(_word(string.concat(path, "digest")))
            );
            structHash = keccak256(
                abi.encode(keccak256("Exit(bytes32 key)"), _word(string.concat(path, "key.hash")))
            );
            assertEq(
                keccak256(abi.encodePacked(hex"1901", domain, structHash)),
                bytes32(_word(string.concat(path, "exitDigest")))
            );
            _checkSignature(path, Tag.Possession, Tag.Signature);
        }
        assertTrue(i > 0, "no vectors");
    }

    function test_aggregates() external {
        _open("bls");
        uint256 i;
        for (; _has(string.concat(_list("aggregates", i), "digest")); ++i) {
            string memory path = _list("aggregates", i);
            bytes32[] memory words = vm.parseJsonBytes32Array(_json, string.concat(path, "keys"));
            uint256[4] memory sum;
            for (uint256 k = 0; k < words.length; k += 3) {
                bytes memory key = _pad([uint256(words[k]), uint256(words[k + 1]), uint256(words[k + 2])]);
                (, bytes memory out) = address(0x0b).staticcall(abi.encodePacked(sum, key));
                sum = abi.decode(out, (uint256[4]));
            }
            uint256[6] memory point = _six(string.concat(path, "point"));
            bytes32 digest = bytes32(_word(string.concat(path, "digest")));
            assertTrue(this.verify(_signer.unpadKey(sum), point, Tag.Signature, digest), "aggregate");
        }
        assertTrue(i > 0, "no vectors");
    }

    function test_bytesThatAreNoPoints() external {
        _open("bls");
        uint256 i;
        for (; _has(string.concat(_list("noPoints", i), "compressed[0]")); ++i) {
            string memory path = _list("noPoints", i);
            bytes32[] memory root = vm.parseJsonBytes32Array(_json, string.concat(path, "root"));
            uint256[3] memory compressed = _three(string.concat(path, "compressed"));
            Fp2 memory given = Fp2(
                Fp(uint256(root[0]), uint256(root[1])),
                Fp(uint256(root[2]), uint256(root[3]))
            );
            assertTrue(CompressedG2.isNoPoint(compressed, given), "no point");
            given.c1.lo ^= 2;
            assertTrue(!CompressedG2.isNoPoint(compressed, given), "another root");
        }
        assertTrue(i > 0, "no vectors");
    }

    function verify(
        uint256[3] calldata key,
        uint256[6] calldata signature,
        Tag tag,
        bytes32 digest
    ) external view returns (bool) {
        return Bls12381.verify(key, signature, tag, digest);
    }

    function hashKey(uint256[3] calldata key) external pure returns (bytes28) {
        return Bls12381.hashKey(key);
    }

    function matches(uint256[3] calldata compressed, uint256[6] calldata point) external pure returns (bool) {
        return CompressedG2.matches(compressed, point);
    }

    function _checkSignature(string memory path, Tag right, Tag wrong) private view {
        uint256[3] memory key = _three(string.concat(path, "key.words"));
        uint256[6] memory point = _six(string.concat(path, "point"));
        bytes32 digest = bytes32(_word(string.concat(path, "digest")));
        assertEq(bytes32(this.hashKey(key)), bytes32(_word(string.concat(path, "key.hash"))));
        uint256[3] memory own = _signer.publicKey(_word(string.concat(path, "key.secret")));
        assertTrue(own[0] == key[0] && own[1] == key[1] && own[2] == key[2], "key");
        assertTrue(this.verify(key, point, right, digest), "signature");
        assertTrue(!this.verify(key, point, wrong, digest), "under the other tag");
        assertTrue(!this.verify(key, point, right, ~digest), "of another message");
        assertTrue(this.matches(_three(string.concat(path, "compressed")), point), "compressed");
    }

    function _pad(uint256[3] memory key) private pure returns (bytes memory) {
        return
            abi.encodePacked(
                uint256(key[0] >> 128),
                (key[0] << 128) | (key[1] >> 128),
                key[1] & type(uint128).max,
                key[2]
            );
    }

    function _open(string memory name) private {
        _json = vm.readFile(string.concat("protocol/vectors/", name, ".json"));
    }

    function _has(string memory path) private view returns (bool) {
        return vm.keyExistsJson(_json, path);
    }

    function _uint(string memory path) private view returns (uint256) {
        return vm.parseJsonUint(_json, path);
    }

    function _uints(string memory path) private view returns (uint256[] memory) {
        return arrayVm.parseJsonUintArray(_json, path);
    }

    function _word(string memory path) private view returns (uint256) {
        return uint256(vm.parseJsonBytes32(_json, path));
    }

    function _three(string memory path) private view returns (uint256[3] memory words) {
        bytes32[] memory list = vm.parseJsonBytes32Array(_json, path);
        for (uint256 i = 0; i < 3; ++i) words[i] = uint256(list[i]);
    }

    function _six(string memory path) private view returns (uint256[6] memory words) {
        bytes32[] memory list = vm.parseJsonBytes32Array(_json, path);
        for (uint256 i = 0; i < 6; ++i) words[i] = uint256(list[i]);
    }

    function _selection(uint256 index, string memory name) private pure returns (string memory) {
        return string.concat(".selections[", vm.toString(index), "].", name);
    }

    function _possession(uint256 index) private pure returns (string memory) {
        return _list("possessions", index);
    }

    function _list(string memory name, uint256 index) private pure returns (string memory) {
        return string.concat(".", name, "[", vm.toString(index), "].");
    }
}
