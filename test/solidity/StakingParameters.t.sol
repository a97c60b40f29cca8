// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    InstanceConfig,
    IValidatorRegistry,
    RegistryConfig
} from "../../contracts/staking/IValidatorRegistry.sol";
import {ValidatorRegistry} from "../../contracts/staking/ValidatorRegistry.sol";
import {Timestamp} from "../../contracts/types/Time.sol";
import {StakingFixture} from "./StakingFixture.sol";
import {create} from "./StakingVm.sol";
import {vm} from "./Vm.sol";

contract StakingParametersTest is StakingFixture {
    function test_impossibleParametersAreRefusedAtConstruction() external {
        RegistryConfig memory c = config();
        c.token = address(0);
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        create("ValidatorRegistry.sol", abi.encode(c, none));
        c = config();
        c.minimumStake = 0;
        _refused(c, "minimumStake");
        c.minimumStake = 1e9 + 1;
        _refused(c, "minimumStake");
        c.minimumStake = 1e9 << 56;
        _refused(c, "minimumStake");
        c = config();
        c.evidenceWindow = 0;
        _refused(c, "evidenceWindow");
        c = config();
        c.exitDelay = c.evidenceWindow;
        _refused(c, "exitDelay");
        c.exitDelay = 366 days;
        _refused(c, "exitDelay");
        c = config();
        c.committeeSize = 0;
        _refused(c, "committeeSize");
        c.committeeSize = 49;
        _refused(c, "committeeSize");
        c = config();
        c.seedRing = 3;
        _refused(c, "seedRing");
        c = config();
        c.churnWindow = 0;
        _refused(c, "churnWindow");
        c = config();
        c.bootstrapSize = 0;
        _refused(c, "bootstrapSize");
        c = config();
        c.growthRate = 0;
        _refused(c, "growthRate");
        c = config();
        c.churnQuotient = 0;
        _refused(c, "churnQuotient");
        c = config();
        c.minChurn = 0;
        _refused(c, "minChurn");
        c = config();
        c.maxChurn = 0;
        _refused(c, "maxChurn");
        c.maxChurn = 1 << 16;
        _refused(c, "maxChurn");
    }

    function test_firstInstanceIsCanonicalFromTheConstructionWithoutPowerForTheDeployer() external {
        RegistryConfig memory c = config();
        c.owner = address(0xc0);
        InstanceConfig memory first = InstanceConfig(address(0x3333), GENESIS, EPOCH, SLASHER);
        registry = ValidatorRegistry(create("ValidatorRegistry.sol", abi.encode(c, first)));
        assertEq(registry.owner(), c.owner);
        assertEq(registry.canonicalInstance(), first.instance);
        assertEq(registry.canonicalAt(Timestamp.wrap(0)), first.instance);
        assertTrue(
            keccak256(abi.encode(registry.instanceOf(first.instance))) == keccak256(abi.encode(first)),
            "instance"
        );
        assertTrue(registry.instanceOf(OTHER).instance == address(0), "unknown instance");
        refuses(IValidatorRegistry.ValidatorRegistry__InstanceKnown.selector);
        vm.prank(c.owner);
        registry.addInstance(first.instance, GENESIS, EPOCH, SLASHER);
    }

    function test_firstInstanceIsCheckedLikeALaterOne() external {
        refuses(IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector);
        create(
            "ValidatorRegistry.sol",
            abi.encode(config(), InstanceConfig(INSTANCE, GENESIS, 2_500, SLASHER))
        );
    }

    function test_instanceWhoseEvidenceOutlastsExitOrSeedsIsRefused() external {
        address next = address(0x3333);
        // 10,000 + 4 epochs must stay under the exit delay of 20,000, and 20 epochs over it.
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector,
                "exitDelay"
            )
        );
        registry.addInstance(next, GENESIS, 2_500, SLASHER);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector,
                "seedRing"
            )
        );
        registry.addInstance(next, GENESIS, 500, SLASHER);
        expectError(
            abi.encodeWithSelector(
                IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector,
                "epochDuration"
            )
        );
        registry.addInstance(next, GENESIS, 0, SLASHER);
        expectError(
            abi.encodeWithSelector(IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector, "genesis")
        );
        registry.addInstance(next, 100, 1_000, SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__InstanceKnown.selector);
        registry.addInstance(INSTANCE, GENESIS, 1_000, SLASHER);
        refuses(IValidatorRegistry.ValidatorRegistry__ZeroAddress.selector);
        registry.addInstance(address(0), GENESIS, 1_000, SLASHER);
    }

    function test_onlyTheOwnerNamesInstances() external {
        vm.startPrank(address(0xbad));
        bytes memory refusal = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(0xbad));
        expectError(refusal);
        registry.addInstance(address(0x3333), GENESIS, 1_000, SLASHER);
        expectError(refusal);
        registry.setCanonical(OTHER);
        expectError(refusal);
        registry.setSlasher(INSTANCE, address(0xbad));
    }

    function _refused(RegistryConfig memory c, string memory name) private {
        expectError(
            abi.encodeWithSelector(IValidatorRegistry.ValidatorRegistry__InvalidParameter.selector, name)
        );
        create("ValidatorRegistry.sol", abi.encode(c, none));
    }
}
