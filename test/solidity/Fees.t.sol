// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeeConfig, FeeLib, FeeParts} from "../../contracts/rollup/FeeLib.sol";
import {Claims} from "../../contracts/types/Block.sol";
import {FeeAmounts, FeeControls, FeeState} from "../../contracts/types/FeeWords.sol";
import {Fees, Oracle, packOracle, Position} from "../../contracts/types/Record.sol";
import {Slot} from "../../contracts/types/Time.sol";
import {Test, vm} from "./Vm.sol";

/// @dev The library's steps as the Rollup takes them, from the parameters and the parent's record.
function partsOf(
    FeeConfig memory config,
    Position parent,
    Oracle oracle,
    Slot slot
) pure returns (FeeParts memory) {
    (FeeControls controls, FeeAmounts amounts) = FeeLib.pack(config);
    return FeeLib.parts(controls, amounts, oracle, FeeLib.stateAt(controls, parent, slot));
}

function advance(
    FeeConfig memory config,
    Position parent,
    Oracle oracle,
    Claims claims,
    uint256 baseFee,
    uint256 blobFee
) pure returns (uint256, Oracle) {
    (FeeControls controls, ) = FeeLib.pack(config);
    FeeState found = FeeLib.stateAt(controls, parent, claims.slot());
    (FeeState left, Oracle next) = FeeLib.advance(controls, oracle, found, claims, baseFee, blobFee);
    return (FeeState.unwrap(left), next);
}

function excessAt(FeeConfig memory config, Position parent, Slot slot) pure returns (uint256, uint256) {
    (FeeControls controls, ) = FeeLib.pack(config);
    FeeState found = FeeLib.stateAt(controls, parent, slot);
    return (found.excessL2(), found.excessDa());
}

/// @notice The fee model against the vectors that `protocol/` generates.
contract FeeVectorsTest is Test {
    string private _json;

    function setUp() external {
        _json = vm.readFile("protocol/vectors/fees.json");
    }

    function test_pricesPartsSplitsAndNextStates() external view {
        uint256 i;
        for (; vm.keyExistsJson(_json, field(i, "position")); ++i) {
            FeeConfig memory config = _config(_words(field(i, "config")));
            Position parent = Position.wrap(_word(i, "position"));
            Oracle oracle = Oracle.wrap(_word(i, "oracle"));
            Claims claims = Claims.wrap(_word(i, "claims"));

            FeeParts memory parts = partsOf(config, parent, oracle, claims.slot());
            _isEqual(parts, _words(field(i, "parts")));
            assertEq(FeeLib.prices(parts), _word(i, "prices"));

            (Fees fees, uint256 sequencer) = FeeLib.split(parts, claims);
            assertEq(Fees.unwrap(fees), _word(i, "fees"));
            assertEq(sequencer, _word(i, "sequencerFee"));

            bytes32[] memory l1 = _words(field(i, "l1Fees"));
            (uint256 feeState, Oracle next) = advance(
                config,
                parent,
                oracle,
                claims,
                uint256(l1[0]),
                uint256(l1[1])
            );
            assertEq(feeState, _word(i, "feeState"));
            assertEq(Oracle.unwrap(next), _word(i, "nextOracle"));
        }
        assertTrue(i > 20, "too few vectors");
    }

    function test_exponentials() external view {
        uint256 i;
        for (; ; ++i) {
            string memory path = string.concat(".exponentials[", vm.toString(i), "].words");
            if (!vm.keyExistsJson(_json, path)) break;
            bytes32[] memory words = _words(path);
            assertEq(FeeLib.exponential(uint256(words[0]), uint256(words[1])), uint256(words[2]));
        }
        assertTrue(i > 10, "too few vectors");
    }

    /// @dev A vector of EIP-4844's own function.
    function test_exponentialAgreesWithTheFieldsVector() external pure {
        uint256 e = FeeLib.exponential(2611772262, 1e11);
        assertEq((5415357955 * e) >> 64, 5558657961);
    }

    function _config(bytes32[] memory words) private pure returns (FeeConfig memory config) {
        assertTrue(words.length == 11, "a word for each field");
        assembly ("memory-safe") {
            config := add(words, 0x20)
        }
    }

    function _isEqual(FeeParts memory parts, bytes32[] memory words) private pure {
        assertEq(parts.sequencer, uint256(words[0]));
        assertEq(parts.prover, uint256(words[1]));
        assertEq(parts.congestionL2, uint256(words[2]));
        assertEq(parts.data, uint256(words[3]));
        assertEq(parts.congestionDa, uint256(words[4]));
    }

    function _words(string memory path) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(_json, path);
    }

    function _word(uint256 i, string memory name) private view returns (uint256) {
        return uint256(vm.parseJsonBytes32(_json, field(i, name)));
    }
}

/// @notice Properties of the fee model.
contract FeePropertiesTest is Test {
    uint256 private constant ONE = 1 << 64;

    /// @dev A network like TestNet: 32 slots, blocks of 512 transactions.
    function _config() private pure returns (FeeConfig memory) {
        return
            FeeConfig({
                targetL2: 3_840_000,
                targetDa: 32_768,
                fractionL2: 32_820_000,
                fractionDa: 280_000,
                proposeGas: 60_000,
                proofGas: 37_500,
                provingCost: 1e6,
                maxFeePerL2Gas: 1 << 50,
                maxFeePerDaGas: 1 << 57,
                oracleLag: 2,
                oracleLifetime: 5
            });
    }

    function _position(
        uint256 slot,
        uint256 excessL2,
        uint256 excessDa,
        uint256 age
    ) private pure returns (Position) {
        return Position.wrap((slot << 192) | (excessL2 << 80) | (excessDa << 16) | age);
    }

    function _claims(
        uint256 slot,
        uint256 gasL2,
        uint256 gasDa,
        int16 modifier_
    ) private pure returns (Claims) {
        return Claims.wrap((slot << 224) | (gasL2 << 64) | (gasDa << 32) | uint16(modifier_));
    }

    function testFuzz_exponentialIsMonotone(uint64 numerator, uint48 denominator, uint32 more) external pure {
        uint256 d = uint256(denominator) + 1;
        uint256 n = numerator % (17 * d);
        assertTrue(FeeLib.exponential(n, d) <= FeeLib.exponential(n + more, d), "falls");
        assertTrue(FeeLib.exponential(n, d) >= ONE, "below one");
        assertTrue(FeeLib.exponential(n, d) <= FeeLib.exponential(16, 1), "over its cap");
    }

    /// @dev Where the range reduction takes one more power of two the polynomial starts again from one.
    function test_exponentialIsMonotoneWhereAPowerOfTwoJoins() external pure {
        uint256 ln2 = 12786308645202655660;
        for (uint256 k = 1; k < 24; ++k) {
            uint256 last = FeeLib.exponential(k * ln2 - 1, ONE);
            uint256 next = FeeLib.exponential(k * ln2, ONE);
            assertEq(next, ONE << k);
            assertTrue(last <= next, "falls");
            assertTrue(next - last < next >> 38, "jumps");
        }
    }

    /// @dev EIP-4844's loop, the same to one part in 10^9.
    function testFuzz_exponentialIsTheFieldsLoop(uint256 x) external pure {
        uint256 numerator = x % (16e9 + 1);
        uint256 loop = _fakeExponential(1e30, numerator, 1e9);
        uint256 ours = (1e30 * FeeLib.exponential(numerator, 1e9)) >> 64;
        uint256 apart = loop > ours ? loop - ours : ours - loop;
        assertTrue(apart * 1e9 <= loop, "apart");
    }

    function testFuzz_pricesNeverFallWithTheExcess(uint40 a, uint40 b, uint40 c, uint40 d) external pure {
        Oracle oracle = packOracle(1e9, 20e9, 3e9, 20e9, 3e9);
        FeeParts memory low = partsOf(_config(), _position(9, a, b, 3), oracle, Slot.wrap(10));
        FeeParts memory high = partsOf(
            _config(),
            _position(9, uint256(a) + c, uint256(b) + d, 3),
            oracle,
            Slot.wrap(10)
        );
        assertTrue(low.congestionL2 <= high.congestionL2 && low.congestionDa <= high.congestionDa, "falls");
        assertEq(low.sequencer, high.sequencer);
        assertEq(low.prover, high.prover);
        assertEq(low.data, high.data);
    }

    function testFuzz_neverAboveTheCapsNorBelowCost(
        uint48 base,
        uint48 blob,
        uint64 price,
        uint64 excessL2,
        uint64 excessDa,
        uint64 capL2,
        uint64 capDa
    ) external pure {
        FeeConfig memory config = _config();
        config.maxFeePerL2Gas = capL2;
        config.maxFeePerDaGas = capDa;
        Oracle oracle = packOracle(1e4 + (price % 1e16), base, blob, base, blob);
        FeeParts memory p = partsOf(config, _position(9, excessL2, excessDa, 3), oracle, Slot.wrap(10));

        uint256 prices = FeeLib.prices(p);
        uint256 priceL2 = p.sequencer + p.prover + p.congestionL2;
        assertEq(prices >> 64, priceL2);
        assertEq(prices & (ONE - 1), p.data + p.congestionDa);
        assertTrue(priceL2 <= capL2 && p.data + p.congestionDa <= capDa, "over the cap");

        // In wei, a block of the target size pays for its gas and its share of the proof.
        uint256 cost = (config.proposeGas + config.proofGas) * base + config.provingCost * config.targetL2;
        if (priceL2 < capL2) {
            assertTrue(
                ((p.sequencer + p.prover) * config.targetL2 * oracle.price()) / 1e12 >= cost,
                "below cost"
            );
        }
        if (p.data + p.congestionDa < capDa) {
            assertTrue(
                (p.data * config.targetDa * oracle.price()) / 1e12 >= uint256(131_072) * blob,
                "below cost"
            );
        }
    }

    function testFuzz_splitIsExact(uint64[5] memory raw, uint32 gasL2, uint32 gasDa) external pure {
        // Prices within caps that keep the sums of one block in 80 bits.
        FeeParts memory p = FeeParts(raw[0] >> 19, raw[1] >> 19, raw[2] >> 19, raw[3] >> 19, raw[4] >> 19);
        (Fees fees, uint256 sequencer) = FeeLib.split(p, _claims(1, gasL2, gasDa, 0));

        uint256 prices = FeeLib.prices(p);
        uint256 total = (prices >> 64) * gasL2 + (prices & (ONE - 1)) * gasDa;
        assertEq(fees.burned() + fees.proverFees() + fees.sequencerFees(), total);
        assertEq(fees.sequencerFees(), sequencer);
        assertEq(fees.burned(), p.congestionL2 * gasL2 + p.congestionDa * gasDa);
        assertEq(fees.proverFees(), p.prover * gasL2);
    }

    /// @dev The widest parameters that `validate` lets through, every input at its greatest.
    function test_atTheCapsAnEpochsFeesFitTheRecord() external pure {
        FeeConfig memory config = _config();
        (uint256 maxL2, uint256 maxDa, uint256 slots) = (7_680_000, 65_536, 32);
        config.maxFeePerDaGas = 1 << 57;
        config.maxFeePerL2Gas = ((uint256(1) << 80) / slots - (1 << 57) * maxDa - 1) / maxL2;
        assertEq(FeeLib.validate(config, maxL2, maxDa, slots), bytes32(0));

        uint256 top = type(uint48).max;
        Oracle oracle = packOracle(1e4, top, top, top, top);
        Position parent = _position(9, type(uint64).max, type(uint64).max, 3);
        FeeParts memory p = partsOf(config, parent, oracle, Slot.wrap(10));
        assertEq(FeeLib.prices(p) >> 64, config.maxFeePerL2Gas);
        assertEq(FeeLib.prices(p) & (ONE - 1), config.maxFeePerDaGas);

        (Fees block_, ) = FeeLib.split(p, _claims(10, maxL2, maxDa, 0));
        Fees epoch = Fees.wrap(0);
        for (uint256 i = 0; i < slots; ++i) epoch = epoch + block_;
        assertEq(epoch.burned(), block_.burned() * slots);
        assertEq(epoch.proverFees(), block_.proverFees() * slots);
        assertEq(epoch.sequencerFees(), block_.sequencerFees() * slots);

        config.maxFeePerL2Gas += 1 << 20;
        assertEq(FeeLib.validate(config, maxL2, maxDa, slots), bytes32("epoch fees"));
    }

    function test_proverComesFirstUnderACap() external pure {
        FeeConfig memory config = _config();
        Oracle oracle = packOracle(1e12, 20e9, 1, 20e9, 1);
        FeeParts memory free = partsOf(config, _position(9, 32_820_000, 0, 3), oracle, Slot.wrap(10));

        config.maxFeePerL2Gas = free.prover + 1;
        FeeParts memory p = partsOf(config, _position(9, 32_820_000, 0, 3), oracle, Slot.wrap(10));
        assertEq(p.prover, free.prover);
        assertEq(p.sequencer, 1);
        assertEq(p.congestionL2, 0);
    }

    function testFuzz_emptySlotsLowerTheExcessByATargetEach(uint40 excess, uint16 empty) external pure {
        FeeConfig memory config = _config();
        Slot slot = Slot.wrap(10 + uint256(empty));
        (uint256 l2, ) = excessAt(config, _position(9, excess, excess, 0), slot);
        uint256 decay = uint256(empty) * config.targetL2;
        assertEq(l2, excess > decay ? excess - decay : 0);
    }

    /// @dev One block after k empty slots finds what k empty blocks would have left.
    function testFuzz_anEmptySlotCountsAsAnEmptyBlock(uint32 excess, uint8 empty) external pure {
        FeeConfig memory config = _config();
        Oracle oracle = packOracle(1e12, 20e9, 7, 20e9, 7);
        // What a record can hold.
        uint256 excessL2 = excess % (16 * config.fractionL2 + 1);
        uint256 excessDa = excess % (16 * config.fractionDa + 1);
        Position walked = _position(9, excessL2, excessDa, 0);
        for (uint256 slot = 10; slot < 10 + uint256(empty); ++slot) {
            (uint256 state, ) = advance(config, walked, oracle, _claims(slot, 0, 0, 0), 1, 1);
            walked = Position.wrap((slot << 192) | state);
        }
        Slot next = Slot.wrap(10 + uint256(empty));
        (uint256 l2, uint256 da) = excessAt(config, walked, next);
        (uint256 directL2, uint256 directDa) = excessAt(config, _position(9, excessL2, excessDa, 0), next);
        assertEq(l2, directL2);
        assertEq(da, directDa);
    }

    function test_excessStopsAtTheGreatestExponent() external pure {
        FeeConfig memory config = _config();
        Position parent = _position(9, 16 * config.fractionL2, 16 * config.fractionDa, 0);
        (uint256 state, ) = advance(
            config,
            parent,
            packOracle(1e12, 1, 1, 1, 1),
            _claims(10, 7_680_000, 65_536, 0),
            1,
            1
        );
        assertEq(state >> 80, 16 * config.fractionL2);
        assertEq((state >> 16) & (ONE - 1), 16 * config.fractionDa);
    }

    function test_aSampleCountsAfterTheLagAndLastsItsLifetime() external pure {
        FeeConfig memory config = _config();
        Oracle oracle = packOracle(1e12, 10e9, 1, 20e9, 2);
        uint256 state = 0;
        // Sampled in slot 0. The lag of 2 hides it in slot 1; the next sample is due in slot 5.
        for (uint256 slot = 1; slot <= 8; ++slot) {
            Position parent = Position.wrap(((slot - 1) << 192) | state);
            FeeParts memory p = partsOf(config, parent, oracle, Slot.wrap(slot));
            uint256 base =
                slot == 1
                    ? 10e9
                    : slot < 7
                        ? 20e9
                        : 30e9;
            assertEq(p.sequencer, (60_000 * base + 3_839_999) / 3_840_000);
            (state, oracle) = advance(config, parent, oracle, _claims(slot, 0, 0, 0), 30e9, 3);
            assertEq(oracle.postBase(), slot < 5 ? 20e9 : 30e9);
            assertEq(oracle.preBase(), slot < 5 ? 10e9 : 20e9);
            assertEq(state & 0xffff, slot < 5 ? slot : slot - 5);
        }
    }

    function test_samplesAreAtLeastOneWeiAndAtMostWhatTheWordHolds() external pure {
        Position parent = _position(9, 0, 0, 5);
        (, Oracle oracle) = advance(
            _config(),
            parent,
            packOracle(1e12, 9, 9, 9, 9),
            _claims(10, 0, 0, 0),
            0,
            type(uint256).max
        );
        assertEq(oracle.postBase(), 1);
        assertEq(oracle.postBlob(), type(uint48).max);
        assertEq(oracle.preBase(), 9);
        assertEq(oracle.price(), 1e12);
    }

    function testFuzz_theExchangeRateMovesByTheModifierWithinItsBounds(
        uint64 price,
        int16 modifier_
    ) external pure {
        uint256 q = 1e4 + (price % (1e16 - 1e4 + 1));
        int256 m = modifier_ % 101;
        uint256 moved = FeeLib.movedPrice(q, m);
        assertTrue(moved >= 1e4 && moved <= 1e16, "out of bounds");
        if (m == 0) assertEq(moved, q);
        if (m > 0 && q < 1e16) assertTrue(moved > q, "a step up is lost");
        if (m < 0 && q > 1e4) assertTrue(moved < q, "a step down is lost");
        assertTrue(moved <= q + q / 100 && moved + q / 100 + 1 >= q, "more than one per cent");
    }

    function test_parametersOutOfRangeAreNamed() external pure {
        _refused(0, 0, "targetL2");
        _refused(0, 7_680_001, "targetL2");
        _refused(1, 0, "targetDa");
        _refused(1, 65_537, "targetDa");
        _refused(2, 0, "fractionL2");
        _refused(2, 1 << 48, "fractionL2");
        _refused(3, 0, "fractionDa");
        _refused(3, 1 << 48, "fractionDa");
        _refused(4, 1 << 32, "proposeGas");
        _refused(5, 1 << 32, "proofGas");
        _refused(6, 1 << 64, "provingCost");
        _refused(7, 0, "maxFeePerL2Gas");
        _refused(7, 1 << 64, "maxFeePerL2Gas");
        _refused(7, 1 << 57, "epoch fees");
        _refused(8, 0, "maxFeePerDaGas");
        _refused(8, 1 << 64, "maxFeePerDaGas");
        _refused(8, 1 << 61, "epoch fees");
        _refused(9, 0, "oracleLag");
        _refused(9, 6, "oracleLag");
        _refused(10, 1, "oracleLag");
        _refused(10, 1 << 16, "oracleLifetime");
    }

    function testFuzz_parametersComeBackFromTheirTwoWords(uint256[11] memory raw) external pure {
        uint256[11] memory bits = [uint256(32), 32, 48, 48, 32, 32, 64, 64, 64, 16, 16];
        FeeConfig memory config;
        for (uint256 i = 0; i < 11; ++i) {
            uint256 value = raw[i] % (1 << bits[i]);
            assembly ("memory-safe") {
                mstore(add(config, mul(0x20, i)), value)
            }
        }
        (FeeControls controls, FeeAmounts amounts) = FeeLib.pack(config);
        assertEq(keccak256(abi.encode(FeeLib.unpack(controls, amounts))), keccak256(abi.encode(config)));
    }

    function test_aGenesisOracleHasAPriceInBoundsAndFees() external pure {
        assertTrue(FeeLib.isOracle(packOracle(1e4, 1, 1, 1, 1)), "least");
        assertTrue(FeeLib.isOracle(packOracle(1e16, 1, 1, 1, 1)), "greatest");
        assertTrue(!FeeLib.isOracle(packOracle(1e4 - 1, 1, 1, 1, 1)), "price too low");
        assertTrue(!FeeLib.isOracle(packOracle(1e16 + 1, 1, 1, 1, 1)), "price too high");
        assertTrue(!FeeLib.isOracle(packOracle(1e12, 0, 1, 1, 1)), "no base fee");
        assertTrue(!FeeLib.isOracle(packOracle(1e12, 1, 0, 1, 1)), "no blob fee");
        assertTrue(!FeeLib.isOracle(packOracle(1e12, 1, 1, 0, 1)), "no base fee");
        assertTrue(!FeeLib.isOracle(packOracle(1e12, 1, 1, 1, 0)), "no blob fee");
    }

    /// @dev One function of an EIP-4844 price costs the same whatever the excess.
    function test_exponentialsGasIsFlatAndSmall() external view {
        uint256 least = type(uint256).max;
        uint256 most;
        for (uint256 i = 0; i <= 40; ++i) {
            uint256 numerator = i * 4e8;
            uint256 before = gasleft();
            FeeLib.exponential(numerator, 1e9);
            uint256 used = before - gasleft();
            if (used < least) least = used;
            if (used > most) most = used;
        }
        assertTrue(most <= 500, "dear");
        assertTrue(most - least <= 40, "not flat");
    }

    function _refused(uint256 index, uint256 value, bytes32 name) private pure {
        FeeConfig memory config = _config();
        assembly ("memory-safe") {
            mstore(add(config, mul(0x20, index)), value)
        }
        assertEq(FeeLib.validate(config, 7_680_000, 65_536, 32), name);
    }

    function _fakeExponential(
        uint256 factor,
        uint256 numerator,
        uint256 denominator
    ) private pure returns (uint256) {
        uint256 sum;
        uint256 term = factor * denominator;
        for (uint256 i = 1; term > 0; ++i) {
            sum += term;
            term = (term * numerator) / (denominator * i);
        }
        return sum / denominator;
    }
}
