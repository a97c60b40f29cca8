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
    /// How often what the steps try went through, by kind.
    uint256 private _exits;
    uint256 private _payments;
    uint256 private _rejoins;
    uint256 private _slashes;
    uint256 private _pins;

    /// forge-config: default.fuzz.runs = 100
    /// forge-config: full.fuzz.runs = 1000
    function testFuzz_balanceIsStakesPlusExitsAndTheSetIsSound(bytes32 seed) external {
        _live(seed);
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

    /// @notice The lives above are not idle: every kind of step goes through in some of them.
    function test_everyKindOfStepHappensInSomeLife() external {
        _live(bytes32(0));
        for (uint256 i = 0; i < 400; ++i) _act(uint256(keccak256(abi.encode("more", i))));
        _check();
        assertTrue(_exits > 5, "exits");
        assertTrue(_payments > 2, "payments");
        assertTrue(_rejoins > 0, "rejoins");
        assertTrue(_slashes > 5, "slashes");
        assertTrue(_pins > 2, "pins");
    }

    function _live(bytes32 seed) private {
        bootstrap(5);
        _joined = 5;
        pass(startOf(0) - 2 * EPOCH);
        for (uint256 i = 0; i < 40; ++i) {
            _act(uint256(keccak256(abi.encode(seed, i))));
            _check();
        }
    }

    function _act(uint256 random) private {
        uint256 secret = 1001 + ((random >> 8) % _joined);
        bytes28 keyHash = keyHashOf(secret);
        uint256 kind = random % 11;
        if (kind < 3) {
            join((random >> 16) % 4 == 0 ? INSTANCE : address(0));
            ++_joined;
        } else if (kind == 3) {
            vm.prank(withdrawerOf(secret));
            try registry.initiateExit(keyHash, address(0)) {
                ++_exits;
            } catch {}
        } else if (kind == 4) {
            // Half of them as early as they can be.
            uint256 payableAt = info(secret).payableAt;
            if (payableAt > time && (random >> 16) % 2 == 0) _wait(payableAt);
            try registry.finaliseExit(keyHash) {
                ++_payments;
            } catch {}
        } else if (kind == 5) {
            try registry.topUp(keyHash, 7e18) {} catch {}
        } else if (kind == 6) {
            // Half of them with enough stake.
            if (info(secret).state == ValidatorState.JAILED && (random >> 16) % 2 == 0)
                registry.topUp(keyHash, STAKE);
            vm.prank(withdrawerOf(secret));
            try registry.rejoin(keyHash, proposerOf(secret)) {
                ++_rejoins;
            } catch {}
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
                if (slashed != 0) ++_slashes;
            } catch {}
        } else if (kind == 8) {
            address proposer = proposerOf(secret);
            vm.prank(withdrawerOf(secret));
            try registry.pin(keyHash, INSTANCE, proposer) {
                ++_pins;
            } catch {}
        } else {
            _wait(time + 1 + ((random >> 16) % EPOCH));
            try registry.fixSeed(INSTANCE, Epoch.wrap(_epoch)) {} catch {}
        }
    }

    function _wait(uint256 to) private {
        pass(to);
        _epoch = time < GENESIS ? 0 : (time - GENESIS) / EPOCH;
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
