// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ValidatorInfo, ValidatorState} from "../../contracts/staking/IValidatorRegistry.sol";
import {Epoch, Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Random lives of a registry: everything that anybody may do, and what must hold after each step.
contract StakingInvariantsTest is StakingFixture {
    uint256 private _joined;
    uint256 private _epoch;

    /// forge-config: default.fuzz.runs = 100
    /// forge-config: full.fuzz.runs = 1000
    function testFuzz_balanceIsStakesPlusExitsAndTheSetIsSound(bytes32 seed) external {
        bootstrap(5);
        _joined = 5;
        pass(startOf(0) - 2 * EPOCH);
        for (uint256 i = 0; i < 40; ++i) {
            _act(uint256(keccak256(abi.encode(seed, i))));
            _check();
        }
        // Everybody can leave and is paid in full.
        for (uint256 secret = 1001; secret <= 1000 + _joined; ++secret) {
            ValidatorState state = info(secret).state;
            if (
                state == ValidatorState.QUEUED ||
                state == ValidatorState.ACTIVE ||
                state == ValidatorState.JAILED
            ) {
                pass(time + WINDOW);
                leave(secret);
            }
        }
        pass(time + EXIT_DELAY);
        for (uint256 secret = 1001; secret <= 1000 + _joined; ++secret) {
            if (info(secret).state == ValidatorState.EXITING) registry.finaliseExit(keyHashOf(secret));
        }
        assertEq(token.balanceOf(address(registry)), 0);
        assertEq(registry.sizeAt(address(0), Timestamp.wrap(time)), 0);
    }

    function _act(uint256 random) private {
        uint256 secret = 1001 + ((random >> 8) % _joined);
        bytes28 keyHash = keyHashOf(secret);
        uint256 kind = random % 10;
        if (kind < 3) {
            join((random >> 16) % 4 == 0 ? INSTANCE : address(0));
            ++_joined;
        } else if (kind == 3) {
            vm.prank(withdrawerOf(secret));
            try registry.initiateExit(keyHash, address(0)) {} catch {}
        } else if (kind == 4) {
            try registry.finaliseExit(keyHash) {} catch {}
        } else if (kind == 5) {
            try registry.topUp(keyHash, 7e18) {} catch {}
        } else if (kind == 6) {
            vm.prank(withdrawerOf(secret));
            try registry.rejoin(keyHash, proposerOf(secret)) {} catch {}
        } else if (kind == 7) {
            (, bytes32[] memory keys) = committee(_epoch);
            if (keys.length == 0) return;
            uint256 position = (random >> 16) % keys.length;
            uint256 stake = registry.validatorOf(bytes28(keys[position])).stake;
            uint256 before = token.balanceOf(POT);
            vm.prank(SLASHER);
            try
                registry.slash(INSTANCE, Epoch.wrap(_epoch), position, (random >> 32) % (2 * STAKE), POT)
            returns (uint256 slashed) {
                assertTrue(slashed <= stake, "slashed more than the stake");
                assertEq(token.balanceOf(POT) - before, slashed);
            } catch {}
        } else {
            pass(time + 1 + ((random >> 16) % EPOCH));
            _epoch = time < GENESIS ? 0 : (time - GENESIS) / EPOCH;
            try registry.fixSeed(INSTANCE, Epoch.wrap(_epoch)) {} catch {}
        }
    }

    function _check() private view {
        uint256 sum;
        uint256 active;
        for (uint256 secret = 1001; secret <= 1000 + _joined; ++secret) {
            ValidatorInfo memory v = info(secret);
            sum += v.stake;
            bool seated = v.state == ValidatorState.QUEUED || v.state == ValidatorState.ACTIVE;
            if (v.state == ValidatorState.ACTIVE) ++active;
            if (seated) {
                assertTrue(v.stake >= STAKE, "seated under the minimum");
                assertEq(v.proposer, proposerOf(secret));
                if (v.state == ValidatorState.ACTIVE)
                    assertEq(
                        bytes32(registry.keyAt(v.instance, v.position, Timestamp.wrap(time))),
                        bytes32(keyHashOf(secret))
                    );
            }
            if (v.state == ValidatorState.NONE) assertEq(v.stake, 0);
        }
        assertEq(token.balanceOf(address(registry)), sum);
        assertEq(
            registry.sizeAt(address(0), Timestamp.wrap(time)) +
                registry.sizeAt(INSTANCE, Timestamp.wrap(time)),
            active
        );
    }
}
