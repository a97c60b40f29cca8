// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {EpochProof, IRollup, RollupConfig, Status} from "../../contracts/rollup/IRollup.sol";
import {Rollup} from "../../contracts/rollup/Rollup.sol";
import {AggregateChallenge} from "../../contracts/slashing/AggregateChallenge.sol";
import {ChallengeConfig} from "../../contracts/slashing/IAggregateChallenge.sol";
import {ValidatorRegistry} from "../../contracts/staking/ValidatorRegistry.sol";
import {MockVerifier} from "../../contracts/test/MockVerifier.sol";
import {Bitmap} from "../../contracts/types/Bitmap.sol";
import {Claims} from "../../contracts/types/Block.sol";
import {hashHeader} from "../../contracts/types/Header.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {VerifierPolicy} from "../../contracts/verifier/VerifierPolicy.sol";
import {INITIAL_ORACLE, smallRollup} from "./SmallRollup.sol";
import {Signer, TestToken} from "./StakingSigner.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {create, stakingVm} from "./StakingVm.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A Rollup whose committees come from a registry, and blocks with real aggregates, good and wrong ones.
abstract contract ChallengeFixture is StakingFixture {
    uint256 internal constant SLOTS = 10;
    uint256 internal constant SLOT = EPOCH / SLOTS;
    uint256 internal constant DEADLINE_EPOCHS = 2;
    uint256 internal constant SLASH = 40e18;
    uint256 internal constant REWARD = 10e18;
    uint256 internal constant RESERVE = 15e18;
    address internal constant CHALLENGER = address(0xc4a1);

    /// @notice What is published, and what it is instead of a good block's.
    struct Publication {
        uint256 slot;
        uint256 bitmap;
        /// Who signs.
        uint256 signers;
        /// What they sign; 0 for the right digest.
        bytes32 digest;
        uint256 messages;
    }

    Rollup internal rollup;
    AggregateChallenge internal challenge;
    uint256[7][] internal records;
    uint256[] internal coinbaseFees;
    /// By block: proposer, modifier16 | coinbase160, aggregate, point in full.
    uint256[11][] internal witnesses;
    bytes32 internal versionedHash;

    function instance() internal view override returns (address) {
        return address(rollup);
    }

    function window() internal pure virtual returns (uint256) {
        return 0;
    }

    function slashAmount() internal pure virtual returns (uint256) {
        return SLASH;
    }

    function setUp() public virtual override {
        pass(START);
        token = new TestToken();
        token.mint(address(this), 1e30);
        registry = ValidatorRegistry(create("ValidatorRegistry.sol", abi.encode(config(), none)));
        token.approve(address(registry), type(uint256).max);
        (rollup, challenge) = deploy(GENESIS, SLOT, slashAmount());
        registry.addInstance(address(rollup), GENESIS, EPOCH, address(challenge));
        registry.setCanonical(address(rollup));
        begin(rollup);
        versionedHash = bytes32(
            (uint256(sha256(abi.encodePacked(bytes1(0xc0), new bytes(47)))) & (type(uint256).max >> 8)) |
                (1 << 248)
        );
    }

    function deploy(
        uint256 genesis,
        uint256 slotDuration,
        uint256 amount
    ) internal returns (Rollup created, AggregateChallenge its) {
        address[] memory verifiers = new address[](1);
        verifiers[0] = address(new MockVerifier());
        address policy = address(new VerifierPolicy(verifiers));
        uint256 nonce = stakingVm.getNonce(address(this));
        ChallengeConfig memory c = ChallengeConfig({
            rollup: stakingVm.computeCreateAddress(address(this), nonce + 1),
            validatorSet: address(registry),
            registry: amount == 0 ? address(0) : address(registry),
            token: amount == 0 ? address(0) : address(token),
            slashAmount: amount,
            reward: amount == 0 ? 0 : REWARD,
            reserve: amount == 0 ? 0 : RESERVE
        });
        its = AggregateChallenge(create("AggregateChallenge.sol", abi.encode(c)));
        created = Rollup(
            create(
                "Rollup.sol",
                abi.encode(parameters(genesis, slotDuration, policy, address(its), address(registry)))
            )
        );
    }

    function parameters(
        uint256 genesis,
        uint256 slotDuration,
        address policy,
        address its,
        address set
    ) internal view returns (RollupConfig memory c) {
        c = smallRollup(genesis, slotDuration, SLOTS, DEADLINE_EPOCHS);
        c.epochRing = 8;
        c.council = address(this);
        c.validatorSet = set;
        c.verifierPolicy = policy;
        c.feeToken = address(token);
        c.asset = address(token);
        c.rewards = address(this);
        c.aggregateChallenge = its;
        c.attestationChallengeWindow = window();
    }

    /// @dev Blocks are of this instance from now on.
    function begin(Rollup next) internal {
        rollup = next;
        delete records;
        delete coinbaseFees;
        delete witnesses;
        uint256[7] memory genesis;
        genesis[0] = uint256(next.genesisHash());
        genesis[5] = INITIAL_ORACLE;
        records.push(genesis);
        coinbaseFees.push();
        witnesses.push();
    }

    // Committees

    /// @dev Twelve validators, of whom eight make a committee; the first epochs are drawn.
    function populate() internal {
        bootstrap(12);
        draw(0);
        draw(1);
        pass(GENESIS);
    }

    function startOfSlot(uint256 slot) internal view returns (uint256) {
        return Timestamp.unwrap(rollup.startOf(Slot.wrap(slot)));
    }

    function membersOf(uint256 slot) internal view returns (bytes32[] memory keys) {
        Epoch epoch = rollup.epochOf(Slot.wrap(slot));
        (, keys) = registry.committeeOf(address(rollup), epoch, rollup.startOfEpoch(epoch));
    }

    function secretsOf(uint256 slot, uint256 bitmap) internal view returns (uint256[] memory secrets) {
        bytes32[] memory keys = membersOf(slot);
        secrets = new uint256[](Bitmap.popcount(bitmap & ((1 << keys.length) - 1)));
        uint256 count;
        for (uint256 k = 0; k < keys.length; ++k)
            if ((bitmap >> k) & 1 == 1) secrets[count++] = secretOf(keys[k]);
    }

    function proposerAt(uint256 slot) internal view returns (address proposer, uint256 position) {
        (proposer, position, ) = rollup.proposerOf(Slot.wrap(slot));
    }

    /// @dev Quorum exactly met (six of eight), the proposer among them.
    function quorumWith(uint256 slot) internal view returns (uint256) {
        (, uint256 position) = proposerAt(slot);
        return position < 6 ? 0x3f : 0x1f | (1 << position);
    }

    // Blocks

    function good(uint256 slot) internal view returns (Publication memory) {
        uint256 bitmap = quorumWith(slot);
        return Publication(slot, bitmap, bitmap, 0, 0);
    }

    /// @dev One of those in the bitmap has not signed.
    function wrong(uint256 slot) internal view returns (Publication memory p) {
        p = good(slot);
        p.signers &= p.signers - 1;
    }

    function publish(Publication memory p) internal returns (uint256 number) {
        uint256[6] memory blk = blockOf(p);
        bytes32 digest = p.digest == 0 ? digestOf(p, blk) : p.digest;
        uint256[6] memory point = signer.aggregate(secretsOf(p.slot, p.signers), digest);
        uint256[3] memory compressed = signer.compress(point);
        (blk[3], blk[4], blk[5]) = (compressed[0], compressed[1], compressed[2]);
        return send(p.slot, blk, point);
    }

    function blockOf(Publication memory p) internal view returns (uint256[6] memory blk) {
        blk[0] = uint256(keccak256(abi.encode(p.slot))) >> 3;
        (uint256 feePerL2Gas, uint256 feePerDaGas) = rollup.pricesAfter(
            records[records.length - 1],
            Slot.wrap(p.slot)
        );
        blk[1] = (p.slot << 224) | (feePerL2Gas << 160) | (feePerDaGas << 96) | (p.messages << 16) | 5;
        blk[2] = (p.bitmap << 160) | (0xc0ffee00 + p.slot);
    }

    function chainHashOf(Publication memory p, uint256[6] memory blk) internal view returns (bytes32) {
        uint256[7] memory parent = records[records.length - 1];
        uint256 messageHash = parent[3] >> 32;
        if (p.messages != 0) messageHash = rollup.inboxWord(uint32(parent[3]) + p.messages) >> 32;
        return
            hashHeader(
                parent[0],
                blk[0],
                versionedHash,
                messageHash,
                Claims.wrap(blk[1]),
                (parent[4] >> 144) & 0xffffffffffff
            );
    }

    function digestOf(Publication memory p, uint256[6] memory blk) internal view returns (bytes32) {
        return
            rollup.attestationDigest(
                Slot.wrap(p.slot),
                chainHashOf(p, blk),
                5,
                address(uint160(0xc0ffee00 + p.slot))
            );
    }

    function send(
        uint256 slot,
        uint256[6] memory blk,
        uint256[6] memory point
    ) internal returns (uint256 number) {
        if (time < startOfSlot(slot)) pass(startOfSlot(slot));
        (address proposer, ) = proposerAt(slot);
        uint256[7] memory parent = records[records.length - 1];
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = versionedHash;
        vm.blobhashes(hashes);
        vm.recordLogs();
        vm.prank(proposer);
        rollup.propose(parent, blk);
        vm.blobhashes(new bytes32[](0));

        Vm.Log[] memory logs = vm.getRecordedLogs();
        (uint256[7] memory record, , , ) = abi.decode(
            logs[logs.length - 1].data,
            (uint256[7], uint256[6], bytes32, address)
        );
        number = records.length;
        records.push(record);
        uint256 attested = Bitmap.popcount(uint48(blk[2] >> 160));
        coinbaseFees.push((uint256(uint160(blk[2])) << 96) | (attested << 80));
        uint256[11] memory witness;
        witness[0] = uint160(proposer);
        witness[1] = (5 << 160) | uint160(blk[2]);
        for (uint256 i = 0; i < 3; ++i) witness[2 + i] = blk[3 + i];
        for (uint256 i = 0; i < 6; ++i) witness[5 + i] = point[i];
        witnesses.push(witness);
    }

    /// @dev What a prune or a roll-back took.
    function forget(uint256 last) internal {
        while (records.length > last + 1) {
            records.pop();
            coinbaseFees.pop();
            witnesses.pop();
        }
    }

    // Challenges

    /// @dev The words of an opening, see IAggregateChallenge.
    function opening(uint256 number) internal view returns (uint256[] memory words) {
        uint256[] memory secrets = secretsOf(
            uint32(records[number][4] >> 192),
            uint48(records[number][4] >> 144)
        );
        words = new uint256[](11 + 3 * secrets.length);
        for (uint256 i = 0; i < 11; ++i) words[i] = witnesses[number][i];
        for (uint256 i = 0; i < secrets.length; ++i) {
            uint256[3] memory key = signer.publicKey(secrets[i]);
            for (uint256 k = 0; k < 3; ++k) words[11 + 3 * i + k] = key[k];
        }
    }

    function invalidate(uint256 number) internal {
        (uint256[7] memory record, uint256[] memory words) = (records[number], opening(number));
        vm.prank(CHALLENGER);
        challenge.invalidate(record, words);
    }

    // Proofs

    function proofOf(uint256 first, uint256 last) internal view returns (EpochProof memory args) {
        args.start = records[first - 1];
        args.end = records[last];
        if (last + 1 < records.length) args.next = records[last + 1];
        args.prover = address(0x9999);
        args.z = 5;
        args.gamma = 6;
        args.opening[0] = 0xc0 << 248;
        args.points = new uint256[3][](last + 1 - first);
        args.coinbaseFees = new uint256[](last + 1 - first);
        for (uint256 i = 0; i < args.coinbaseFees.length; ++i) args.coinbaseFees[i] = coinbaseFees[first + i];
        args.proofs = new bytes[](1);
    }

    function status() internal view returns (uint256 pending, uint256 proven) {
        Status memory s = rollup.status();
        return (s.pending, s.proven);
    }

    function stakeOf(uint256 secret) internal view returns (uint256) {
        return info(secret).stake;
    }

    function secretAt(uint256 slot) internal view returns (uint256) {
        (, uint256 position) = proposerAt(slot);
        return secretOf(membersOf(slot)[position]);
    }
}
