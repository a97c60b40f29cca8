// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account, Claim, Stage} from "../../contracts/market/IProofMarket.sol";
import {ProofMarket} from "../../contracts/market/ProofMarket.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {BurnableToken, RollupDouble} from "./MarketDoubles.sol";
import {MarketHandler} from "./MarketHandler.sol";
import {marketVm} from "./MarketVm.sol";
import {Test} from "./Vm.sol";

/// @notice Invariants of the market over any order of blocks, proofs, pauses, claims, slashes and withdrawals.
contract MarketInvariantTest is Test {
    MarketHandler private _handler;
    ProofMarket private _market;
    BurnableToken private _token;
    RollupDouble private _chain;

    function setUp() external {
        _handler = new MarketHandler();
        (_market, _token, _chain) = _handler.parts();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice The runs below are not empty: the handler reaches every way a claim can go.
    function test_handlerReachesEveryEnd() external {
        for (uint256 i = 0; i < 3_000; ++i) {
            uint256 random = uint256(keccak256(abi.encode(i)));
            _step(random % 12, random >> 8);
            if (i % 50 == 0) _handler.burn();
        }
        assertTrue(_handler.claims() > 30, "claims");
        assertTrue(_handler.outbids() > 3, "outbids");
        assertTrue(_handler.proofs() > 10, "proofs");
        assertTrue(_handler.slashes() > 3, "slashes");
        assertTrue(_handler.releases() > 0, "releases");
        assertTrue(_handler.rescues() > 0, "rescues");
        assertTrue(_handler.delivered() > 3, "deliveries");
        assertTrue(_handler.forestalled() > 0, "forestalled");
        assertTrue(_handler.pauses() > 3, "pauses");
        assertTrue(_handler.withdrawals() > 0, "withdrawals");
        assertTrue(_handler.lost() > 0, "lost");
        assertTrue(_handler.burns() > 3, "burns");
        invariant_balanceIsFreeReservedWithdrawingAndToBurn();
        invariant_anHonestProverIsNeverSlashed();
        invariant_everyClaimEnds();
    }

    /// @notice The market's tokens are all in accounts, free + reserved + withdrawing, or wait to be burnt.
    function invariant_balanceIsFreeReservedWithdrawingAndToBurn() public view {
        uint256 sum = _market.toBurn();
        for (uint256 i = 0; i < _handler.proverCount(); ++i) {
            Account memory account = _market.accountOf(_handler.provers(i));
            sum += uint256(account.free) + account.reserved + account.withdrawing;
        }
        assertEq(_token.balanceOf(address(_market)), sum);
    }

    /// @notice At most one live claim an epoch: what is reserved is exactly the bonds of the epochs' claims.
    function invariant_reservedIsTheBondsOfTheLiveClaims() public view {
        uint256 reserved;
        for (uint256 i = 0; i < _handler.proverCount(); ++i) {
            reserved += _market.accountOf(_handler.provers(i)).reserved;
        }
        uint256 bonds;
        for (uint256 i = 0; i < 16; ++i) {
            Claim memory c = _market.claimOf(Epoch.wrap(i));
            if (c.stage == Stage.Claimed) bonds += c.bond;
            // The rescuer's share of the fixture's parameters.
            if (c.stage == Stage.Defaulted) bonds += c.bond / 2;
        }
        assertEq(bonds, reserved);
    }

    /// @notice A claimant that proved its epoch in time is never slashed.
    function invariant_anHonestProverIsNeverSlashed() public view {
        assertEq(_handler.wronged(), 0);
    }

    /// @notice Every claim ends delivered, forestalled, rescued, released or lost: some call ends it, whoever makes it.
    function invariant_everyClaimEnds() public {
        uint256 here = marketVm.snapshotState();
        _handler.endEveryClaim();
        for (uint256 i = 0; i < 16; ++i) {
            Claim memory c = _market.claimOf(Epoch.wrap(i));
            assertTrue(c.stage != Stage.Claimed, "a claim that nothing ends");
            // What is kept for a rescuer may wait while the epoch can be proven; it cannot any more.
            assertTrue(c.stage != Stage.Defaulted, "a default that nothing ends");
        }
        marketVm.revertToState(here);
    }

    function _step(uint256 kind, uint256 random) private {
        uint8 a = uint8(random);
        bool coin = (random >> 200) & 1 == 0;
        if (kind == 0) _handler.wait(a);
        else if (kind == 1) _handler.propose(a, uint64(random >> 8));
        else if (kind == 2 && a % 8 == 0) _handler.invalidate(uint8(random >> 8));
        else if (kind == 3 && a % 3 == 0) _handler.prove(uint8(random >> 8), coin);
        else if (kind == 4 || kind == 5) _handler.claim(a, uint16(random >> 8), coin);
        else if (kind == 6) _handler.slash(a);
        else if (kind == 7) _handler.release(a);
        else if (kind == 8) _handler.resolve(a, coin);
        else if (kind == 9) _handler.withdraw(a, uint96(random >> 8), coin);
        else if (kind == 10 && a % 4 == 0) _handler.deposit(a, uint96(random >> 8));
        else if (kind == 11 && a % 8 == 0) _handler.pause(uint8(random >> 8));
    }
}
