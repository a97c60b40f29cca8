// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rewards} from "../../contracts/rewards/Rewards.sol";
import {RewardsConfig} from "../../contracts/rewards/IRewards.sol";
import {RewardDistributor} from "../../contracts/rewards/RewardDistributor.sol";
import {NetworkToken} from "../../contracts/token/NetworkToken.sol";
import {Timestamp} from "../../contracts/types/Time.sol";
import {RollupDouble} from "./RollupDouble.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Stands in for the registry: one validator is everywhere.
contract RegistryDouble {
    bytes28 private _keyHash;
    address private _withdrawer;

    constructor(bytes28 keyHash, address withdrawer) {
        (_keyHash, _withdrawer) = (keyHash, withdrawer);
    }

    function tenureAt(address, uint256, Timestamp) external view returns (bytes28, uint256, uint256) {
        return (_keyHash, 0, type(uint256).max);
    }

    function withdrawerOf(bytes28) external view returns (address) {
        return _withdrawer;
    }
}

/// @notice Claims that TypeScript packed are paid what TypeScript says.
contract RewardsVectorsTest is Test {
    uint256 private constant GENESIS = 1_700_010_000;
    bytes28 private constant KEY = bytes28(uint224(0x1234));
    address private constant WITHDRAWER = address(0xabcd);

    string private _json;
    NetworkToken private _token;
    RollupDouble private _rollup;
    Rewards private _rewards;

    function setUp() external {
        _json = vm.readFile("protocol/vectors/rewards.json");
        vm.warp(GENESIS + 70_000);
        _token = new NetworkToken("Network token", "TST", address(this), address(this), 1e27);
        _rollup = new RollupDouble();
        RewardDistributor distributor = new RewardDistributor(address(this), address(_token), address(0));
        _rewards = new Rewards(
            RewardsConfig({
                rollup: address(_rollup),
                distributor: address(distributor),
                market: address(1),
                registry: address(new RegistryDouble(KEY, WITHDRAWER)),
                genesisTime: GENESIS,
                epochDuration: 1_000,
                slotsPerEpoch: 4,
                epochRing: 40,
                claimDelay: 1_500,
                claimWindow: 20,
                committeeSize: 48,
                blockReward: 1e18,
                attestationBonus: 1e16,
                attesterReward: 3e16,
                proverReward: 2e18
            })
        );
        distributor.setCanonical(address(_rewards));
        _rollup.open(address(_token), address(_rewards), 40);
        _token.transfer(address(distributor), 1e24);
        _token.transfer(_rollup.feePortal(), 1e24);
    }

    function test_packedClaimsArePaid() external {
        uint256 cases;
        for (; vm.keyExistsJson(_json, field(cases, "epoch")); ++cases) {
            uint256 epoch = vm.parseJsonUint(_json, field(cases, "epoch"));
            _rollup.prove(epoch, vm.parseJsonBytes32(_json, field(cases, "word")));
            (uint256 fees, uint256 reward) = _rewards.claimSequencer(
                vm.parseJsonAddress(_json, field(cases, "coinbase")),
                vm.parseJsonBytes(_json, field(cases, "sequencerClaim"))
            );
            assertEq(fees, uint256(vm.parseJsonBytes32(_json, field(cases, "fee"))));
            assertEq(reward, uint256(vm.parseJsonBytes32(_json, field(cases, "reward"))));
            reward = _rewards.claimAttester(KEY, vm.parseJsonBytes(_json, field(cases, "attesterClaim")));
            assertEq(reward, uint256(vm.parseJsonBytes32(_json, field(cases, "attesterReward"))));
        }
        assertTrue(cases == 6, "cases");
    }

    /// @notice The same epochs, all but one, in one claim of two runs: only the words that end a run are there.
    function test_packedRunsArePaid() external {
        uint256 leftOut = vm.parseJsonUint(_json, ".runs.leftOut");
        uint256 dueFees;
        uint256 dueRewards;
        uint256 dueAttester;
        for (uint256 i = 0; i < 6; ++i) {
            if (i == leftOut) continue;
            if (i + 1 == leftOut || i == 5)
                _rollup.prove(
                    vm.parseJsonUint(_json, field(i, "epoch")),
                    vm.parseJsonBytes32(_json, field(i, "word"))
                );
            dueFees += uint256(vm.parseJsonBytes32(_json, field(i, "fee")));
            dueRewards += uint256(vm.parseJsonBytes32(_json, field(i, "reward")));
            dueAttester += uint256(vm.parseJsonBytes32(_json, field(i, "attesterReward")));
        }
        (uint256 fees, uint256 reward) = _rewards.claimSequencer(
            vm.parseJsonAddress(_json, field(0, "coinbase")),
            vm.parseJsonBytes(_json, ".runs.sequencerClaim")
        );
        assertEq(fees, dueFees);
        assertEq(reward, dueRewards);
        reward = _rewards.claimAttester(KEY, vm.parseJsonBytes(_json, ".runs.attesterClaim"));
        assertEq(reward, dueAttester);
    }
}
