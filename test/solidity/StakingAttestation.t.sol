// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {Fp, Fp2} from "../../contracts/crypto/CompressedG2.sol";
import {Aggregate, AttestationLib, Committee} from "../../contracts/staking/AttestationLib.sol";
import {IValidatorSet} from "../../contracts/staking/IValidatorSet.sol";
import {AttestationProbe} from "../../contracts/test/AttestationProbe.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {vm} from "./Vm.sol";

contract StakingAttestationTest is StakingFixture {
    AttestationProbe private _harness;
    bytes32 private _digest;

    /// @dev A committee of eight, drawn from twelve; quorum is six.
    function setUp() public override {
        super.setUp();
        bootstrap(12);
        draw(0);
        _harness = new AttestationProbe();
        _digest = _harness.digestOf(7, bytes32(uint256(0xabcd00)), -5, address(0xc0));
    }

    function test_quorumExactlyMetIsValid() external view {
        _check(0x3f, _aggregateOf(0x3f, _digest), true);
        _check(0xff, _aggregateOf(0xff, _digest), true);
        _check(0xd7, _aggregateOf(0xd7, _digest), true);
    }

    function test_quorumMissedByOneIsInvalid() external view {
        _check(0x1f, _aggregateOf(0x1f, _digest), false);
    }

    function test_bitsBeyondTheCommitteeAreInvalid() external view {
        _check(0x13f, _aggregateOf(0x3f, _digest), false);
    }

    function test_aggregateOfOthersThanTheBitmapIsInvalid() external view {
        _check(0x3f, _aggregateOf(0x7f, _digest), false);
        _check(0x7f, _aggregateOf(0x3f, _digest), false);
        // An attester counted twice.
        uint256[] memory secrets = _secrets(0x3f);
        secrets[1] = secrets[0];
        _check(0x3f, signer.aggregate(secrets, _digest), false);
    }

    function test_attestationForAnotherBlockOrInstanceIsInvalid() external {
        bytes32 chainHash = bytes32(uint256(0xabcd00));
        bytes32[6] memory others;
        others[0] = _harness.digestOf(8, chainHash, -5, address(0xc0));
        others[1] = _harness.digestOf(7, bytes32(uint256(0xabce00)), -5, address(0xc0));
        others[2] = _harness.digestOf(7, chainHash, 5, address(0xc0));
        others[3] = _harness.digestOf(7, chainHash, -5, address(0xc1));
        others[4] = new AttestationProbe().digestOf(7, chainHash, -5, address(0xc0));
        vm.chainId(99);
        others[5] = _harness.digestOf(7, chainHash, -5, address(0xc0));
        for (uint256 i = 0; i < 6; ++i) _check(0x3f, _aggregateOf(0x3f, others[i]), false);
    }

    function test_proofOfPossessionTagDoesNotAttest() external view {
        uint256 sum;
        uint256[] memory secrets = _secrets(0x3f);
        for (uint256 i = 0; i < secrets.length; ++i) sum += secrets[i];
        _check(0x3f, signer.sign(sum, Tag.Possession, _digest), false);
    }

    function test_aggregateOutsideTheSubgroupIsInvalidAndNeverAcceptedAsValid() external view {
        uint256[6] memory signature = offSubgroupSignature();
        Aggregate memory aggregate = Aggregate(0x3f, signer.compress(signature));
        uint256[3][] memory keys = _keys(0x3f);
        assertTrue(
            _harness.isInvalid{gas: 3_000_000}(_committee(), aggregate, _digest, keys, signature),
            "invalid"
        );
        (bool success, ) = address(_harness).staticcall{gas: 3_000_000}(
            abi.encodeCall(_harness.isValid, (_committee(), aggregate, _digest, keys, signature))
        );
        assertTrue(!success, "reverts for those who rely on it");
    }

    function test_infiniteSumOfKeysIsInvalid() external {
        // Keys that cancel out in pairs; their owner has proofs of possession of each.
        uint256 order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
        uint256[] memory secrets = new uint256[](8);
        for (uint256 i = 0; i < 4; ++i) {
            secrets[2 * i] = 5_000 + i;
            secrets[2 * i + 1] = order - 5_000 - i;
        }
        HashSet set = new HashSet();
        uint256[3][] memory keys = new uint256[3][](8);
        for (uint256 i = 0; i < 8; ++i) {
            keys[i] = signer.publicKey(secrets[i]);
            set.add(bytes32(keyHashOf(secrets[i])));
        }
        Committee memory committee_ = Committee(set, address(1), Epoch.wrap(0), Timestamp.wrap(0));
        // A signature at infinity would verify under an infinite key; in compressed form it is no published signature.
        Aggregate memory aggregate = Aggregate(0xff, [uint256(3) << 254, 0, 0]);
        assertTrue(
            _harness.isNoPoint(aggregate.signature, _noRoot()),
            "infinity is convicted as no signature"
        );
        uint256[6] memory some = signer.sign(1, Tag.Signature, _digest);
        aggregate.signature = signer.compress(some);
        assertTrue(_harness.isInvalid(committee_, aggregate, _digest, keys, some), "invalid");
        assertTrue(!_harness.isValid(committee_, aggregate, _digest, keys, some), "not valid");
    }

    function test_wrongInputOfTheChallengerReverts() external {
        uint256[6] memory signature = _aggregateOf(0x3f, _digest);
        Aggregate memory aggregate = Aggregate(0x3f, signer.compress(signature));
        uint256[3][] memory keys = _keys(0x3f);
        Committee memory committee_ = _committee();
        uint256[3] memory stranger = signer.publicKey(5);
        uint256[6] memory negated = signer.negateSignature(signature);

        uint256[3] memory kept = keys[2];
        keys[2] = stranger;
        refuses(AttestationLib.Attestation__WrongKey.selector);
        _harness.isInvalid(committee_, aggregate, _digest, keys, signature);
        keys[2] = keys[3];
        keys[3] = kept;
        refuses(AttestationLib.Attestation__WrongKey.selector);
        _harness.isInvalid(committee_, aggregate, _digest, keys, signature);
        keys = new uint256[3][](5);
        refuses(AttestationLib.Attestation__WrongKeyCount.selector);
        _harness.isInvalid(committee_, aggregate, _digest, keys, signature);
        keys = _keys(0x3f);
        refuses(AttestationLib.Attestation__WrongSignature.selector);
        _harness.isInvalid(committee_, aggregate, _digest, keys, negated);
        // An epoch that is unknown, or forgotten, accuses nobody.
        committee_.epoch = Epoch.wrap(3);
        refuses(AttestationLib.Attestation__NoCommittee.selector);
        _harness.isInvalid(committee_, aggregate, _digest, keys, signature);
    }

    /// @notice The published bytes fix x and a sign. What else the challenger brings as y fails in the pairing, and accuses
    /// nobody: a y off the curve, or the right one plus p.
    function test_falseYOfAValidAggregateAccusesNobody() external {
        uint256[6] memory signature = _aggregateOf(0x3f, _digest);
        Aggregate memory aggregate = Aggregate(0x3f, signer.compress(signature));
        (uint256[3][] memory keys, Committee memory committee_) = (_keys(0x3f), _committee());
        uint256[6][3] memory others;
        for (uint256 i = 0; i < 3; ++i) for (uint256 k = 0; k < 6; ++k) others[i][k] = signature[k];
        // Last bits of y.c0 and y.c1.
        others[0][4] ^= 1 << 128;
        others[1][5] ^= 1;
        uint256 low = (signature[3] << 128) | (signature[4] >> 128);
        uint256 sum;
        unchecked {
            sum = low + 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
        }
        uint256 high = (signature[3] >> 128) + 0x1a0111ea397fe69a4b1ba7b6434bacd7 + (sum < low ? 1 : 0);
        (others[2][3], others[2][4]) = ((high << 128) | (sum >> 128), (sum << 128) | uint128(signature[4]));
        for (uint256 i = 0; i < 3; ++i) {
            assertTrue(_harness.matches(aggregate.signature, others[i]), "the published x and sign");
            refuses(AttestationLib.Attestation__WrongSignature.selector);
            _harness.isInvalid{gas: 3_000_000}(committee_, aggregate, _digest, keys, others[i]);
        }
    }

    function test_noGasLimitMakesAValidAggregateInvalid() external view {
        uint256[6] memory signature = _aggregateOf(0x3f, _digest);
        bytes memory call = abi.encodeCall(
            _harness.isInvalid,
            (_committee(), Aggregate(0x3f, signer.compress(signature)), _digest, _keys(0x3f), signature)
        );
        bool answered;
        for (uint256 gas_ = 100_000; gas_ < 700_000; gas_ += 1_500) {
            (bool success, bytes memory result) = address(_harness).staticcall{gas: gas_}(call);
            if (!success) continue;
            assertTrue(!abi.decode(result, (bool)), "an honest proposer accused");
            answered = true;
        }
        assertTrue(answered, "some limit suffices");
    }

    function test_noGasLimitMakesAnInvalidAggregateValid() external view {
        uint256[6] memory signature = _aggregateOf(0x7f, _digest);
        Aggregate memory aggregate = Aggregate(0x3f, signer.compress(signature));
        bytes memory relying = abi.encodeCall(
            _harness.isValid,
            (_committee(), aggregate, _digest, _keys(0x3f), signature)
        );
        bytes memory accusing = abi.encodeCall(
            _harness.isInvalid,
            (_committee(), aggregate, _digest, _keys(0x3f), signature)
        );
        bool convicted;
        for (uint256 gas_ = 100_000; gas_ < 700_000; gas_ += 3_000) {
            (bool success, bytes memory result) = address(_harness).staticcall{gas: gas_}(relying);
            if (success) assertTrue(!abi.decode(result, (bool)), "a wrong aggregate relied on");
            (success, result) = address(_harness).staticcall{gas: gas_}(accusing);
            if (success) {
                assertTrue(abi.decode(result, (bool)), "a wrong aggregate acquitted");
                convicted = true;
            }
        }
        assertTrue(convicted, "some limit suffices");
    }

    function test_noGasLimitAcquitsASignatureOutsideTheSubgroup() external view {
        uint256[6] memory signature = offSubgroupSignature();
        bytes memory call = abi.encodeCall(
            _harness.isInvalid,
            (_committee(), Aggregate(0x3f, signer.compress(signature)), _digest, _keys(0x3f), signature)
        );
        bool convicted;
        for (uint256 gas_ = 100_000; gas_ < 900_000; gas_ += 10_000) {
            (bool success, bytes memory result) = address(_harness).staticcall{gas: gas_}(call);
            if (!success) continue;
            assertTrue(abi.decode(result, (bool)), "acquitted");
            convicted = true;
        }
        assertTrue(convicted, "some limit suffices");
    }

    function testFuzz_compressedSignatureMatchesItsPointOnly(uint64 secret) external view {
        uint256[6] memory point = signer.sign(uint256(secret) + 1, Tag.Signature, _digest);
        uint256[3] memory compressed = signer.compress(point);
        assertTrue(_harness.matches(compressed, point), "its own");
        assertTrue(!_harness.matches(compressed, signer.negateSignature(point)), "the other root");
        assertTrue(!_harness.isNoPoint(compressed, _noRoot()), "a point");
        for (uint256 bit = 253; bit < 256; ++bit) {
            uint256[3] memory flipped = [compressed[0] ^ (1 << bit), compressed[1], compressed[2]];
            assertTrue(!_harness.matches(flipped, point), "flags");
            assertEq(_harness.isNoPoint(flipped, _noRoot()) ? 1 : 0, bit == 253 ? 0 : 1);
        }
        compressed[2] ^= 1;
        assertTrue(!_harness.matches(compressed, point), "x");
    }

    function test_bytesThatAreNoPointAreProvenSo() external view {
        // x = 1 + 7u has no y.
        uint256[3] memory compressed = [uint256(1) << 255, 7 << 128, 1];
        Fp2 memory root = Fp2(
            Fp(
                0x0b8c422fb66fde66bec84fc4a4ead40f,
                0x2cb7183edcf9a4c148a6b893547129edbbc69baa3feacdb49e202e749ac2efac
            ),
            Fp(
                0x0f00e6f772446696b308bbaf709acd7b,
                0xa051a4886950a1e3e1e0ec96c4953fa2d2460127717bfa1cbc4a088dc91fe7f3
            )
        );
        assertTrue(_harness.isNoPoint(compressed, root), "no point");
        root.c0.lo ^= 1;
        assertTrue(!_harness.isNoPoint(compressed, root), "another root proves nothing");
        root.c0.hi = type(uint256).max;
        assertTrue(!_harness.isNoPoint(compressed, root), "out of range");
        // Coordinates at or over the modulus need no root.
        compressed[2] = type(uint256).max;
        compressed[1] = type(uint128).max;
        assertTrue(_harness.isNoPoint(compressed, _noRoot()), "x.c0 out of range");
        assertTrue(
            _harness.isNoPoint(
                [(uint256(1) << 255) | (type(uint256).max >> 3), type(uint256).max << 128, 0],
                _noRoot()
            ),
            "x.c1 out of range"
        );
    }

    function _check(uint256 bitmap, uint256[6] memory signature, bool valid) private view {
        Aggregate memory aggregate = Aggregate(bitmap, signer.compress(signature));
        uint256[3][] memory keys = _keys(bitmap);
        assertTrue(_harness.isValid(_committee(), aggregate, _digest, keys, signature) == valid, "valid");
        assertTrue(_harness.isInvalid(_committee(), aggregate, _digest, keys, signature) != valid, "invalid");
    }

    function _committee() private view returns (Committee memory) {
        return Committee(registry, INSTANCE, Epoch.wrap(0), Timestamp.wrap(startOf(0)));
    }

    function _secrets(uint256 bitmap) private view returns (uint256[] memory secrets) {
        (, bytes32[] memory keys) = committee(0);
        secrets = new uint256[](keys.length);
        uint256 count;
        for (uint256 k = 0; k < keys.length; ++k)
            if ((bitmap >> k) & 1 == 1) secrets[count++] = secretOf(keys[k]);
        assembly ("memory-safe") {
            mstore(secrets, count)
        }
    }

    function _keys(uint256 bitmap) private view returns (uint256[3][] memory keys) {
        uint256[] memory secrets = _secrets(bitmap);
        keys = new uint256[3][](secrets.length);
        for (uint256 i = 0; i < secrets.length; ++i) keys[i] = signer.publicKey(secrets[i]);
    }

    function _aggregateOf(uint256 bitmap, bytes32 digest) private view returns (uint256[6] memory) {
        return signer.aggregate(_secrets(bitmap), digest);
    }

    function _noRoot() private pure returns (Fp2 memory) {}
}

/// @notice A set of bare key hashes, all members of every committee.
contract HashSet is IValidatorSet {
    bytes32[] private _hashes;

    function add(bytes32 hash) external {
        _hashes.push(hash);
    }

    function takeDuty(Slot, Epoch, Timestamp) external pure returns (address, uint256, uint256) {
        return (address(0), 0, 0);
    }

    function dutyOf(address, Slot, Epoch, Timestamp) external pure returns (address, uint256, uint256) {
        return (address(0), 0, 0);
    }

    function seedWordOf(address, Epoch) external pure returns (uint256) {
        return 0;
    }

    function committeeOf(
        address,
        Epoch,
        Timestamp
    ) external view returns (address[] memory proposers, bytes32[] memory) {
        return (proposers, _hashes);
    }

    function membersOf(address, Epoch, Timestamp, uint256) external view returns (bytes32[] memory, uint256) {
        return (_hashes, _hashes.length);
    }
}
