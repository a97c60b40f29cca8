// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, MarketParameters} from "../../contracts/market/IProofMarket.sol";
import {ProofMarket} from "../../contracts/market/ProofMarket.sol";
import {ReserveLib} from "../../contracts/market/ReserveLib.sol";
import {IProverPot} from "../../contracts/rewards/IProverPot.sol";
import {IRollup} from "../../contracts/rollup/IRollup.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @notice What a default costs, over parameters and pots.
contract MarketProfitTest is MarketFixture {
    /// @notice Whatever parameters the constructor takes: never proving costs the whole bond, which is never nothing, and a
    /// rescue by the defaulter's second identity never pays.
    function testFuzz_aDefaultNeverPays(
        uint16 reserveMax,
        uint32 multiple,
        uint16 rescueShare,
        uint88 floor,
        uint80 pot_
    ) external {
        MarketParameters memory p = parameters();
        p.reserveMax = reserveMax;
        p.reserveStart = 0;
        p.bondMultiple = multiple;
        p.rescueShare = rescueShare;
        p.bondFloor = floor;
        try new ProofMarket(IRollup(address(chain)), IProverPot(address(pot)), p) {} catch {
            return;
        }

        uint256 bond = ReserveLib.bondOf(p, pot_);
        assertTrue(bond > 0 && bond < 1 << 96, "bond out of range");
        uint256 pay = (uint256(pot_) * p.reserveMax) / 10_000;
        uint256 share = (bond * p.rescueShare) / 10_000;
        assertTrue(pay + share < bond, "a rescue of one's own default pays");
        // The burnt part alone exceeds the most that an open race pays.
        assertTrue(bond - share > pay, "too little burns");
    }

    /// @notice The same, played: claim at any fee the reserve allows, default, rescue with a second identity.
    function testFuzz_claimDefaultAndRescueLoses(uint16 fee, uint8 late, bool slashed) external {
        uint256 before = _wealth();
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, fee % 2_001);
        skip(111 + (uint256(late) % 100));
        if (slashed && late % 100 >= 20) market.slash(Epoch.wrap(0), word());
        prove(end, bob);
        settle();
        assertTrue(_wealth() < before, "gained by a default");
    }

    /// @notice Proving one's own claim with another identity in time, or late, gains nothing over being honest.
    function testFuzz_noIdentityEarnsMoreThanTheClaim(uint16 fee, uint8 wait) external {
        uint256 before = _wealth();
        fee %= 2_001;
        uint256 end = epochWithBlocks(0);
        claim(alice, 0, fee);
        skip(wait);
        prove(end, bob);
        settle();
        assertTrue(_wealth() <= before + (POT * fee) / 10_000, "more than the claim's fee");
    }

    /// @notice `quoteProfit` is what is paid in the end, `whoIsPaid` says to whom.
    function testFuzz_quoteProfitIsWhatIsPaid(uint16 fee, uint8 wait, bool claims) external {
        uint256 end = epochWithBlocks(0);
        fee %= 2_001;
        if (claims) claim(alice, 0, fee);
        else market.open(word());
        skip(wait);
        Claim memory c = market.claimOf(Epoch.wrap(0));
        (address payee, uint256 share, uint256 bondShare) = market.whoIsPaid(
            Epoch.wrap(0),
            alice,
            1_000_000 + EPOCH + wait
        );
        (uint256 pay, uint256 bond) = market.quoteProfit(chain.record(end), 2, share);
        if (claims) assertEq(bond, c.bond);
        uint256 held = token.balanceOf(alice);
        uint256 freeBefore = free(alice);
        prove(end, alice);
        (address paidTo, uint256 paid) = settle();
        assertEq(paidTo, payee);
        assertEq(paid, pay);
        assertEq(token.balanceOf(alice) - held, pay);
        if (bondShare != 0) assertEq(free(alice) - freeBefore, bondShare);
    }

    function _wealth() private view returns (uint256) {
        return free(alice) + reserved(alice) + free(bob) + token.balanceOf(alice) + token.balanceOf(bob);
    }
}
