// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Incentives} from "../../contracts/rewards/Incentives.sol";
import {RewardDistributor} from "../../contracts/rewards/RewardDistributor.sol";
import {Rewards} from "../../contracts/rewards/Rewards.sol";
import {NetworkToken} from "../../contracts/token/NetworkToken.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {RewardsHandler} from "./RewardsHandler.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Books that balance over any order of calls.
contract RewardsInvariantTest is Test {
    RewardsHandler private _handler;

    function setUp() external {
        _handler = new RewardsHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](11);
        targets[0].selectors[0] = RewardsHandler.proveNoRevert.selector;
        targets[0].selectors[1] = RewardsHandler.waitNoRevert.selector;
        targets[0].selectors[2] = RewardsHandler.claimNoRevert.selector;
        targets[0].selectors[3] = RewardsHandler.claimUnprovenNoRevert.selector;
        targets[0].selectors[4] = RewardsHandler.creditNoRevert.selector;
        targets[0].selectors[5] = RewardsHandler.burnNoRevert.selector;
        targets[0].selectors[6] = RewardsHandler.sweepNoRevert.selector;
        targets[0].selectors[7] = RewardsHandler.giveNoRevert.selector;
        targets[0].selectors[8] = RewardsHandler.drainNoRevert.selector;
        targets[0].selectors[9] = RewardsHandler.collectNoRevert.selector;
        targets[0].selectors[10] = RewardsHandler.flushNoRevert.selector;
    }

    /// @notice The runs below are not empty.
    function test_handlerReachesClaimsAndSweeps() external {
        for (uint256 i = 0; i < 900; ++i) {
            uint256 random = uint256(keccak256(abi.encode(i)));
            if (i % 3 == 0) _handler.proveNoRevert(random);
            if (i % 17 == 0) _handler.waitNoRevert(random);
            _handler.claimNoRevert(random);
            if (i % 5 == 0) _handler.claimUnprovenNoRevert(random);
            if (i % 4 == 0) _handler.creditNoRevert(random);
            if (i % 10 == 0) _handler.collectNoRevert();
            if (i % 7 == 0) _handler.flushNoRevert(random);
            if (i % 6 == 0) _handler.burnNoRevert(random);
            _handler.sweepNoRevert(random);
            if (i % 50 == 0) _handler.giveNoRevert(uint96(random), random % 2 == 0);
            if (i % 60 == 0) _handler.drainNoRevert(i);
        }
        assertTrue(_handler.claims() > 10 && _handler.sweeps() > 5, "few");
        assertTrue(_handler.refusedClaims() > 10, "no refusals");
        assertTrue(_handler.credits() > 10 && _handler.flushes() > 5, "few pots");
        assertTrue(_handler.shortCollects() > 0, "never short");
        invariant_whatWaitsIsInThePortal();
    }

    /// @notice Every token is in exactly one place, or burned.
    function invariant_tokensAreConserved() external view {
        assertEq(_handler.balances() + _handler.burned(), _handler.initialSupply());
        assertEq(_handler.networkToken().totalSupply() + _handler.burned(), _handler.initialSupply());
    }

    /// @notice The rewards contract holds nothing between calls.
    function invariant_rewardsHoldsNothing() external view {
        (, , Rewards rewards) = _handler.parts();
        assertEq(_handler.networkToken().balanceOf(address(rewards)), 0);
    }

    /// @notice An epoch's claims, pot, burn and sweep never give more than its users paid, and after the sweep exactly it.
    function invariant_creditedIsDebitedInEveryEpoch() external view {
        uint256 count = _handler.epochCount();
        uint256 sum;
        for (uint256 i = 0; i < count; ++i) {
            uint256 epoch = _handler.epochs(i);
            assertTrue(_handler.credited(epoch) <= _handler.debitedOf(epoch), "over");
            if (_handler.swept(epoch)) assertEq(_handler.credited(epoch), _handler.debitedOf(epoch));
            sum += _handler.credited(epoch);
        }
        (address portal, , ) = _handler.parts();
        // Fees of unproven epochs, and what the portal held before, were not touched; what waits is still there.
        uint256 waits = _handler.owedFees() + _handler.unspent() + _handler.burnable();
        assertEq(
            _handler.networkToken().balanceOf(portal),
            1e24 + _handler.debited() + _handler.gifts() - sum + waits
        );
    }

    /// @notice Every unit that waits is in one place: a prover's credit, or the sums of a word.
    function invariant_whatWaitsIsInThePortal() public view {
        (, , Rewards rewards) = _handler.parts();
        (uint256 fees, uint256 reward) = rewards.creditOf(address(0xdd));
        assertEq(fees, _handler.owedFees());
        assertEq(reward, _handler.owedToProver());
        uint256 unspent;
        uint256 burnable;
        // Newest word first: the ring of four words holds these and the three before.
        uint256 newest = _handler.current() / 16;
        for (uint256 i = 0; i < 4; ++i) {
            (uint256 a, uint256 b) = rewards.leftoversOf(Epoch.wrap((newest - i) * 16));
            unspent += a;
            burnable += b;
        }
        assertEq(unspent, _handler.unspent());
        assertEq(burnable, _handler.burnable());
    }

    function invariant_earmarksAreCovered() external view {
        (, RewardDistributor distributor, Rewards rewards) = _handler.parts();
        assertTrue(
            distributor.totalEarmarked() <= _handler.networkToken().balanceOf(address(distributor)),
            "uncovered"
        );
        assertEq(distributor.totalEarmarked(), distributor.earmarkedFor(address(rewards)));
    }
}

/// @notice Mints in any order of calls.
contract IncentivesHandler is Test {
    uint256 public constant WINDOW = 7 days;
    NetworkToken public token;
    RewardDistributor public distributor;
    Incentives public incentives;
    uint256 public time = 1_700_000_000;
    uint256 public minted;
    uint256 public burned;
    mapping(uint256 window => uint256) public mintedIn;
    mapping(uint256 window => uint256) public limitOf;
    uint256[] public windows;
    uint256 public refusals;

    constructor() {
        vm.warp(time);
        address predicted = address(
            uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), hex"03"))))
        );
        token = new NetworkToken("Network token", "TST", predicted, address(this), 1e27);
        distributor = new RewardDistributor(address(this), address(token), address(0));
        incentives = new Incentives(address(this), address(token), address(distributor), WINDOW, 3_300, 0);
        assertEq(address(incentives), predicted);
    }

    function mint() external {
        uint256 window = time / WINDOW;
        uint256 limit = (token.totalSupply() * incentives.maxRate()) / 1e6;
        try incentives.mint() returns (uint256 amount) {
            if (mintedIn[window] == 0 && limitOf[window] == 0) windows.push(window);
            mintedIn[window] += amount;
            limitOf[window] = limit;
            minted += amount;
        } catch {
            ++refusals;
        }
    }

    function wait_(uint32 seconds_) external {
        time += seconds_ % (2 * WINDOW);
        vm.warp(time);
    }

    function setRate(uint16 rate) external {
        incentives.setRate(rate % 3_301);
    }

    function burn(uint96 amount) external {
        burned += amount % 1e20;
        token.burn(amount % 1e20);
    }

    function windowCount() external view returns (uint256) {
        return windows.length;
    }
}

contract IncentivesInvariantTest is Test {
    IncentivesHandler private _handler;

    function setUp() external {
        _handler = new IncentivesHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice The runs below are not empty.
    function test_handlerMintsAndIsRefused() external {
        for (uint256 i = 0; i < 100; ++i) {
            uint256 random = uint256(keccak256(abi.encode(i)));
            if (i % 5 == 0) _handler.setRate(uint16(random));
            if (i % 7 == 0) _handler.burn(uint96(random));
            _handler.mint();
            if (i % 2 == 0) _handler.wait_(uint32(random));
        }
        assertTrue(_handler.windowCount() > 20, "windows");
        assertTrue(_handler.refusals() > 20, "refusals");
        assertTrue(_handler.minted() > 1e24, "minted");
        invariant_mintedInAWindowIsWithinTheLimit();
    }

    /// @notice In no window more was minted than its limit, and all of it into the distributor.
    function invariant_mintedInAWindowIsWithinTheLimit() public view {
        for (uint256 i = 0; i < _handler.windowCount(); ++i) {
            uint256 window = _handler.windows(i);
            assertTrue(_handler.mintedIn(window) <= _handler.limitOf(window), "over the limit");
        }
        assertEq(_handler.token().totalSupply(), 1e27 + _handler.minted() - _handler.burned());
        assertEq(_handler.token().balanceOf(address(_handler.distributor())), _handler.minted());
    }
}
