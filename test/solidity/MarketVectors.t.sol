// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, MarketParameters, Quote, Stage} from "../../contracts/market/IProofMarket.sol";
import {
    MarketRules,
    MarketState,
    ReserveCurve,
    SettlementRules
} from "../../contracts/market/MarketState.sol";
import {QuoteLib} from "../../contracts/market/QuoteLib.sol";
import {ReserveLib} from "../../contracts/market/ReserveLib.sol";
import {SettlementLib} from "../../contracts/market/SettlementLib.sol";
import {IRollup, Status} from "../../contracts/rollup/IRollup.sol";
import {Pause} from "../../contracts/types/Pause.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {Test, vm} from "./Vm.sol";

/// @notice The market's digests and rules against the vectors that `protocol/` generates. Answers as the Rollup.
contract MarketVectorsTest is Test {
    using SettlementLib for MarketState;

    string private _json;
    MarketState private _state;
    uint256 private _pause;
    bytes32 private _recordHash;

    function setUp() external {
        _json = vm.readFile("protocol/vectors/market.json");
    }

    function test_quoteDigests() external view {
        uint256 i;
        for (; _has("quotes", i, "digest"); ++i) {
            MarketRules memory rules;
            rules.rollup = IRollup(_address("quotes", i, "rollup"));
            rules.domain = _word("quotes", i, "separator");
            rules.parameters.verifierKeyHash = _word("quotes", i, "verifierKeyHash");
            Quote memory quote = Quote({
                prover: _address("quotes", i, "prover"),
                epoch: Epoch.wrap(_uint("quotes", i, "epoch")),
                fee: _uint("quotes", i, "fee"),
                bond: uint256(_word("quotes", i, "bond")),
                validUntil: _uint("quotes", i, "validUntil"),
                nonce: uint256(_word("quotes", i, "nonce"))
            });
            assertEq(this.digest(rules, quote), _word("quotes", i, "digest"));
        }
        assertTrue(i > 4, "no quote vectors");
    }

    function test_reserves() external view {
        uint256 i;
        for (; _has("reserves", i, "reserve"); ++i) {
            Pause pause = _pauseOf("reserves", i);
            uint256 reserve = ReserveLib.reserveAt(
                ReserveCurve({start: 2_000, max: 8_000, ramp: 600}),
                _genesis(),
                pause,
                _uint("reserves", i, "since"),
                _uint("reserves", i, "time")
            );
            assertEq(reserve, _uint("reserves", i, "reserve"));
        }
        assertTrue(i > 10, "no reserve vectors");
    }

    function test_bonds() external view {
        uint256 i;
        for (; _has("bonds", i, "bond"); ++i) {
            MarketParameters memory p;
            (p.reserveMax, p.bondFloor, p.bondMultiple) = (8_000, 1_000, 30_000);
            uint256 bond = ReserveLib.bondOf(p, uint256(_word("bonds", i, "pot")));
            assertEq(bond, uint256(_word("bonds", i, "bond")));
        }
        assertTrue(i > 4, "no bond vectors");
    }

    function test_whoIsPaid() external {
        uint256 i;
        for (; _has("payments", i, "payee"); ++i) {
            Claim storage claim = _state.claims[5];
            claim.epoch = 5;
            claim.stage = Stage(_uint("payments", i, "claim.stage"));
            claim.since = uint40(_uint("payments", i, "claim.since"));
            claim.prover = _address("payments", i, "claim.prover");
            claim.fee = uint16(_uint("payments", i, "claim.fee"));
            claim.claimedAt = uint40(_uint("payments", i, "claim.claimedAt"));
            claim.exclusiveUntil = uint40(_uint("payments", i, "claim.exclusiveUntil"));
            claim.deadline = uint40(_uint("payments", i, "claim.deadline"));
            claim.endNumber = 1;
            claim.bond = uint96(uint256(_word("payments", i, "claim.bond")));
            claim.endRecordHash = _word("payments", i, "claim.endRecordHash");
            _recordHash = _word("payments", i, "provenRecordHash");
            _pause = Pause.unwrap(_pauseOf("payments", i));

            (address payee, uint256 fee, uint256 share) = _state.preview(
                SettlementRules({
                    rollup: IRollup(address(this)),
                    genesis: _genesis(),
                    ring: 16,
                    reserve: ReserveCurve({start: 2_000, max: 8_000, ramp: 600}),
                    grace: 60,
                    rescueShare: 4_000
                }),
                5,
                _address("payments", i, "prover"),
                _uint("payments", i, "provenAt")
            );
            assertEq(payee, _address("payments", i, "payee"));
            assertEq(fee, _uint("payments", i, "fee"));
            assertEq(share, uint256(_word("payments", i, "bondShare")));
        }
        assertTrue(i > 40, "no payment vectors");
    }

    // As the Rollup

    function pauseWord() external view returns (uint256) {
        return _pause;
    }

    function status() external pure returns (Status memory s) {
        s.pending = 1;
    }

    function recordHash(uint256) external view returns (bytes32) {
        return _recordHash;
    }

    function digest(MarketRules memory rules, Quote calldata quote) external pure returns (bytes32) {
        return QuoteLib.digest(rules, quote);
    }

    function _genesis() private view returns (uint256) {
        return vm.parseJsonUint(_json, ".genesis");
    }

    function _pauseOf(string memory list, uint256 i) private view returns (Pause) {
        return Pause.wrap((_uint(list, i, "pauseStart") << 64) | _uint(list, i, "pauseEnd"));
    }

    function _path(string memory list, uint256 i, string memory name) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "].", name);
    }

    function _has(string memory list, uint256 i, string memory name) private view returns (bool) {
        return vm.keyExistsJson(_json, _path(list, i, name));
    }

    function _uint(string memory list, uint256 i, string memory name) private view returns (uint256) {
        return vm.parseJsonUint(_json, _path(list, i, name));
    }

    function _word(string memory list, uint256 i, string memory name) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, _path(list, i, name));
    }

    function _address(string memory list, uint256 i, string memory name) private view returns (address) {
        return vm.parseJsonAddress(_json, _path(list, i, name));
    }
}
