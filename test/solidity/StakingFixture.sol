// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tag} from "../../contracts/crypto/Bls12381.sol";
import {
    Deposit,
    InstanceConfig,
    RegistryConfig,
    ValidatorInfo
} from "../../contracts/staking/IValidatorRegistry.sol";
import {ValidatorRegistry} from "../../contracts/staking/ValidatorRegistry.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {Signer, TestToken} from "./StakingSigner.sol";
import {create, stakingVm} from "./StakingVm.sol";
import {Test, vm} from "./Vm.sol";

/// @notice A registry with two instances on different clocks, and validators with secrets 1001, 1002, ...
abstract contract StakingFixture is Test {
    uint256 internal constant STAKE = 100e18;
    uint256 internal constant EPOCH = 1_000;
    uint256 internal constant WINDOW = 500;
    uint256 internal constant EXIT_DELAY = 20_000;
    uint256 internal constant EVIDENCE = 10_000;
    uint256 internal constant START = 1_700_000_000;
    uint256 internal constant GENESIS = 1_700_010_000;

    address internal constant INSTANCE = address(0x1111);
    /// Epochs of another length and phase.
    address internal constant OTHER = address(0x2222);
    address internal constant SLASHER = address(0x5555);
    address internal constant POT = address(0x7777);

    Signer internal signer = new Signer();
    TestToken internal token;
    ValidatorRegistry internal registry;
    /// No instance named at construction.
    InstanceConfig internal none;
    uint256 internal time;
    uint256 private _nextSecret = 1001;

    function config() internal view virtual returns (RegistryConfig memory) {
        return
            RegistryConfig({
                owner: address(this),
                token: address(token),
                minimumStake: STAKE,
                exitDelay: EXIT_DELAY,
                evidenceWindow: EVIDENCE,
                committeeSize: 8,
                seedRing: 20,
                churnWindow: WINDOW,
                bootstrapSize: 4,
                growthSize: 10,
                growthRate: 3,
                churnQuotient: 5,
                minChurn: 1,
                maxChurn: 2
            });
    }

    function setUp() public virtual {
        pass(START);
        token = new TestToken();
        registry = ValidatorRegistry(create("ValidatorRegistry.sol", abi.encode(config(), none)));
        registry.addInstance(INSTANCE, GENESIS, EPOCH, SLASHER);
        registry.setCanonical(INSTANCE);
        registry.addInstance(OTHER, GENESIS + 300, 1_700, SLASHER);
        token.mint(address(this), 1e30);
        token.approve(address(registry), type(uint256).max);
    }

    /// @dev Whose epochs the helpers below mean.
    function instance() internal view virtual returns (address) {
        return INSTANCE;
    }

    // Time

    function pass(uint256 to) internal {
        time = to;
        vm.warp(to);
        stakingVm.prevrandao(keccak256(abi.encode("randomness", to)));
    }

    function startOf(uint256 epoch) internal pure returns (uint256) {
        return GENESIS + epoch * EPOCH;
    }

    // Validators

    function withdrawerOf(uint256 secret) internal pure returns (address) {
        return address(uint160(0xa0000 + secret));
    }

    function proposerOf(uint256 secret) internal pure returns (address) {
        return address(uint160(0xb0000 + secret));
    }

    function keyHashOf(uint256 secret) internal view returns (bytes28) {
        return bytes28(keccak256(padKey(signer.publicKey(secret))) & ~bytes32(uint256(0xffffffff)));
    }

    function padKey(uint256[3] memory key) internal pure returns (bytes memory) {
        return
            abi.encodePacked(
                uint256(key[0] >> 128),
                (key[0] << 128) | (key[1] >> 128),
                key[1] & type(uint128).max,
                key[2]
            );
    }

    function possession(uint256 secret, address withdrawer) internal view returns (uint256[6] memory) {
        return
            signer.sign(
                secret,
                Tag.Possession,
                possessionDigest(registry.domain(), keyHashOf(secret), withdrawer)
            );
    }

    function possessionDigest(
        bytes32 domain,
        bytes28 keyHash,
        address withdrawer
    ) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("ProofOfPossession(bytes32 key,address withdrawer)"),
                bytes32(keyHash),
                withdrawer
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function depositOf(uint256 secret, address pinnedTo) internal view returns (Deposit memory) {
        return
            Deposit({
                proposer: proposerOf(secret),
                withdrawer: withdrawerOf(secret),
                instance: pinnedTo,
                amount: STAKE,
                key: signer.publicKey(secret),
                proof: possession(secret, withdrawerOf(secret))
            });
    }

    function join() internal returns (uint256 secret) {
        return join(address(0));
    }

    function join(address pinnedTo) internal returns (uint256 secret) {
        secret = _nextSecret++;
        registry.deposit(depositOf(secret, pinnedTo));
    }

    function join(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) join();
    }

    /// @dev `count` followers, active.
    function bootstrap(uint256 count) internal {
        join(4);
        for (uint256 i = 4; i < count; ++i) join();
        pass(info(1000 + count).activeFrom);
    }

    function leave(uint256 secret) internal {
        bytes28 keyHash = keyHashOf(secret);
        vm.prank(withdrawerOf(secret));
        registry.initiateExit(keyHash, address(0));
    }

    function info(uint256 secret) internal view returns (ValidatorInfo memory) {
        return registry.validatorOf(keyHashOf(secret));
    }

    /// @dev The secret behind a key hash among those of `join`.
    function secretOf(bytes32 keyHash) internal view returns (uint256 secret) {
        for (secret = 1001; secret < _nextSecret; ++secret) {
            if (bytes32(keyHashOf(secret)) == keyHash) return secret;
        }
        revert NotTrue("unknown key hash");
    }

    // Selection

    function fix(uint256 epoch) internal {
        registry.fixSeed(instance(), Epoch.wrap(epoch));
    }

    /// @dev To the start of an epoch's seed window, and its seed fixed there.
    function draw(uint256 epoch) internal {
        if (time < startOf(epoch) - 2 * EPOCH) pass(startOf(epoch) - 2 * EPOCH);
        fix(epoch);
    }

    function committee(uint256 epoch) internal view returns (address[] memory, bytes32[] memory) {
        return registry.committeeOf(instance(), Epoch.wrap(epoch), Timestamp.wrap(startOf(epoch)));
    }

    function duty(uint256 epoch, uint256 slot) internal view returns (address, uint256, uint256) {
        return
            registry.dutyOf(instance(), Slot.wrap(slot), Epoch.wrap(epoch), Timestamp.wrap(startOf(epoch)));
    }

    function slash(uint256 epoch, uint256 position, uint256 amount) internal returns (uint256) {
        vm.prank(SLASHER);
        return registry.slash(instance(), Epoch.wrap(epoch), position, amount, POT);
    }

    function positionOf(uint256 epoch, uint256 secret) internal view returns (uint256) {
        (, bytes32[] memory keys) = committee(epoch);
        for (uint256 k = 0; k < keys.length; ++k) if (keys[k] == bytes32(keyHashOf(secret))) return k;
        revert NotTrue("no member");
    }

    // Refusals

    function expectError(bytes memory data) internal {
        vm.expectRevert(data);
    }

    /// @dev The error, whatever its arguments.
    function refuses(bytes4 selector) internal {
        stakingVm.expectPartialRevert(selector);
    }

    /// @dev On the curve, outside the group.
    function offSubgroupKey() internal pure returns (uint256[3] memory) {
        return
            [
                uint256(0x0000000000000000000000000000000000000000000000000000000000000000),
                0x000000000000000000000000000000040a989badd40d6212b33cffc3f3763e9b,
                0xc760f988c9926b26da9dd85e928483446346b8ed00e1de5d5ea93e354abe706c
            ];
    }

    function offSubgroupSignature() internal pure returns (uint256[6] memory) {
        return
            [
                uint256(0x0000000000000000000000000000000000000000000000000000000000000000),
                0x0000000000000000000000000000000200000000000000000000000000000000,
                0x0000000000000000000000000000000000000000000000000000000000000000,
                0x18c6b864ae17dc9da64203ffefb966306425a7bc6aeb7c75247438372716284a,
                0x4173830420cd476ba1a365b95bfcec38172e93db764a8400a7d5071b6b6f5de0,
                0xda2f0f4a063119abca014006b7c40a2cfe291a1924e65db0d6d0fcfbf3bf3d5c
            ];
    }
}
