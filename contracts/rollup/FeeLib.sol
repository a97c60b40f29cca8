// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {unsafeDiv} from "../types/Arithmetic.sol";
import {Claims} from "../types/Block.sol";
import {BASIS_POINTS} from "../types/Constants.sol";
import {FeeAmounts, FeeControls, FeeState, packFeeState} from "../types/FeeWords.sol";
import {Fees, MASK_48, Oracle, packFees, packOracle, Position} from "../types/Record.sol";
import {Slot} from "../types/Time.sol";

/// @notice Parameters of the fee model. Gas and prices are per block and per unit of gas; "base units" are of fee
/// juice (10^-18 TST).
struct FeeConfig {
    /// L2 gas of a block at which congestion neither grows nor falls: 1 to the block's limit.
    uint256 targetL2;
    /// The same of DA gas.
    uint256 targetDa;
    /// Excess L2 gas that multiplies the price by e: 1 to 2^48 - 1.
    uint256 fractionL2;
    /// The same of DA gas.
    uint256 fractionDa;
    /// L1 gas of a `propose`, below 2^32.
    uint256 proposeGas;
    /// L1 gas of an epoch's proof for each slot of the epoch, below 2^32.
    uint256 proofGas;
    /// Cost of making the proof, in wei for a unit of L2 gas, below 2^64.
    uint256 provingCost;
    /// Cap of the price of L2 gas in base units, below 2^64.
    uint256 maxFeePerL2Gas;
    /// Cap of the price of DA gas in base units, below 2^64.
    uint256 maxFeePerDaGas;
    /// Slots from a sample of L1's fees to its effect, at least 1.
    uint256 oracleLag;
    /// Slots from a sample to the next: the lag to 2^16 - 1.
    uint256 oracleLifetime;
}

/// @notice What the two prices consist of, in base units for a unit of gas.
struct FeeParts {
    /// Of the L2 price: the proposer's gas on L1. To the block's coinbase.
    uint256 sequencer;
    /// Of the L2 price: proof and its gas on L1. To the epoch's prover pot.
    uint256 prover;
    /// Of the L2 price. Burns.
    uint256 congestionL2;
    /// Of the DA price: the blob. To the block's coinbase.
    uint256 data;
    /// Of the DA price. Burns.
    uint256 congestionDa;
}

/// @title Fees
/// @notice Prices of a block from its parent's fee state and its slot, the fee state that it leaves, and where its
/// fees go. `protocol/fees.ts` computes the same to the last bit; docs/fees.md has the formulas.
///
/// With q the exchange rate (ETH of one TST, times 10^12), b and d L1's base fee and blob base fee as the oracle has
/// them, T the targets, x = min(excess / fraction, 16):
///
///     prover     = ceil((proofGas · b + provingCost · T_L2) · 10^12 / (T_L2 · q))
///     sequencer  = ceil(proposeGas · b · 10^12 / (T_L2 · q))
///     data       = ceil(131,072 · d · 10^12 / (T_DA · q))
///     congestion = floor((prover + sequencer) · (e^x - 1)), of DA gas floor(data · (e^x - 1))
///
/// Costs round up, so that a block of the target size pays them in full; congestion rounds down. Where a sum would
/// pass its cap, the part named later gives way: first congestion, then sequencer, the prover last.
///
/// No product overflows: gas and targets are below 2^32, L1's fees below 2^48, 10^12 below 2^40, e^16 below 2^24, and
/// the exchange rate is at least 10^4. The caps are such that an epoch's fees stay below 2^80 (see `validate`).
library FeeLib {
    /// @notice Scale of the exchange rate.
    uint256 internal constant PRICE_SCALE = 1e12;
    /// @notice Bounds of the exchange rate: at the lower one a step of one basis point is still a whole number.
    uint256 internal constant MIN_PRICE = 1e4;
    uint256 internal constant MAX_PRICE = 1e16;
    /// @notice Blob gas of a block: one blob (EIP-4844).
    uint256 internal constant BLOB_GAS = 131_072;
    /// @notice Congestion multiplies a price by at most e to this power.
    uint256 internal constant MAX_EXPONENT = 16;
    /// @notice Greatest age that the oracle tells apart, in slots.
    uint256 internal constant MAX_ORACLE_AGE = type(uint16).max;

    uint256 private constant ONE = 1 << 64;
    /// @dev ln(2) · 2^64, rounded.
    uint256 private constant LN2 = 12786308645202655660;

    // Prices

    /// @notice Parts of the prices that a block must claim.
    /// @param oracle of its parent
    /// @param found what the block finds, see `stateAt`
    function parts(
        FeeControls controls,
        FeeAmounts amounts,
        Oracle oracle,
        FeeState found
    ) internal pure returns (FeeParts memory p) {
        unchecked {
            // Base fee and blob base fee in force.
            uint256 l1Fees = Oracle.unwrap(oracle) >> (found.oracleAge() < controls.oracleLag() ? 96 : 0);

            uint256 cap = amounts.maxFeePerL2Gas();
            uint256 baseFee = (l1Fees >> 48) & MASK_48;
            uint256 perBlock = controls.targetL2() * oracle.price();
            uint256 cost = controls.proofGas() * baseFee + amounts.provingCost() * controls.targetL2();
            uint256 prover = _least(_divideUp(cost * PRICE_SCALE, perBlock), cap);
            cost = controls.proposeGas() * baseFee;
            uint256 sequencer = _least(_divideUp(cost * PRICE_SCALE, perBlock), cap - prover);
            cost = prover + sequencer;
            p.prover = prover;
            p.sequencer = sequencer;
            p.congestionL2 = _least(_congestion(cost, found.excessL2(), controls.fractionL2()), cap - cost);

            cap = amounts.maxFeePerDaGas();
            perBlock = controls.targetDa() * oracle.price();
            uint256 data = _least(_divideUp(BLOB_GAS * PRICE_SCALE * (l1Fees & MASK_48), perBlock), cap);
            p.data = data;
            p.congestionDa = _least(_congestion(data, found.excessDa(), controls.fractionDa()), cap - data);
        }
    }

    /// @notice The prices that parts add up to: feePerL2Gas64 | feePerDaGas64.
    function prices(FeeParts memory p) internal pure returns (uint256) {
        unchecked {
            return ((p.sequencer + p.prover + p.congestionL2) << 64) | (p.data + p.congestionDa);
        }
    }

    /// @notice A block's fees by destination. Nothing is rounded: the three add up to gas times prices.
    function split(FeeParts memory p, Claims claims) internal pure returns (Fees fees, uint256 sequencer) {
        unchecked {
            uint256 gasL2 = claims.gasL2();
            uint256 gasDa = claims.gasDa();
            sequencer = p.sequencer * gasL2 + p.data * gasDa;

            return (
                packFees(p.congestionL2 * gasL2 + p.congestionDa * gasDa, p.prover * gasL2, sequencer),
                sequencer
            );
        }
    }

    // Fee state

    /// @notice The fee state that a block of `slot` finds on top of `parent`: a slot without a block is one that used
    /// nothing, and the oracle's sample ages by every slot.
    function stateAt(FeeControls controls, Position parent, Slot slot) internal pure returns (FeeState) {
        unchecked {
            uint256 passed = Slot.unwrap(slot) - Slot.unwrap(parent.slotOf());
            return
                packFeeState(
                    _lessOrZero(parent.excessL2(), (passed - 1) * controls.targetL2()),
                    _lessOrZero(parent.excessDa(), (passed - 1) * controls.targetDa()),
                    _least(parent.oracleAge() + passed, MAX_ORACLE_AGE)
                );
        }
    }

    /// @notice The fee state that a block leaves, and the oracle word.
    /// @param oracle of its parent
    /// @param found what the block finds, see `stateAt`
    /// @param claims Its modifier lies within (-10,000, 10,000): the caller checks a narrower bound.
    /// @param baseFee L1's, of the transaction that runs, in wei
    /// @param blobFee the same for blob gas
    function advance(
        FeeControls controls,
        Oracle oracle,
        FeeState found,
        Claims claims,
        uint256 baseFee,
        uint256 blobFee
    ) internal pure returns (FeeState, Oracle) {
        unchecked {
            uint256 age = found.oracleAge();
            uint256 price = movedPrice(oracle.price(), claims.modifierOf());
            if (age < controls.oracleLifetime()) {
                oracle = oracle.withPrice(price);
            } else {
                age = 0;
                oracle = packOracle(
                    price,
                    oracle.postBase(),
                    oracle.postBlob(),
                    _sample(baseFee),
                    _sample(blobFee)
                );
            }

            return (
                packFeeState(
                    _grown(found.excessL2() + claims.gasL2(), controls.targetL2(), controls.fractionL2()),
                    _grown(found.excessDa() + claims.gasDa(), controls.targetDa(), controls.fractionDa()),
                    age
                ),
                oracle
            );
        }
    }

    /// @notice Exchange rate after a step of so many basis points, rounded down, within its bounds.
    function movedPrice(uint256 price, int256 modifier_) internal pure returns (uint256) {
        unchecked {
            price = (price * uint256(int256(BASIS_POINTS) + modifier_)) / BASIS_POINTS;
            return price < MIN_PRICE ? MIN_PRICE : _least(price, MAX_PRICE);
        }
    }

    // Parameters

    /// @notice Name of the first parameter out of its range, empty when all are in theirs.
    /// @dev The record has 80 bits for an epoch's fees of each destination: no more than all fees, at both caps, of as
    /// many full blocks as the epoch has slots.
    function validate(
        FeeConfig memory config,
        uint256 maxL2Gas,
        uint256 maxDaGas,
        uint256 slotsPerEpoch
    ) internal pure returns (bytes32) {
        if (config.targetL2 == 0 || config.targetL2 > maxL2Gas) return "targetL2";
        if (config.targetDa == 0 || config.targetDa > maxDaGas) return "targetDa";
        if (config.fractionL2 == 0 || config.fractionL2 > MASK_48) return "fractionL2";
        if (config.fractionDa == 0 || config.fractionDa > MASK_48) return "fractionDa";
        if (config.proposeGas > type(uint32).max) return "proposeGas";
        if (config.proofGas > type(uint32).max) return "proofGas";
        if (config.provingCost > type(uint64).max) return "provingCost";
        if (config.maxFeePerL2Gas == 0 || config.maxFeePerL2Gas > type(uint64).max) return "maxFeePerL2Gas";
        if (config.maxFeePerDaGas == 0 || config.maxFeePerDaGas > type(uint64).max) return "maxFeePerDaGas";
        if ((config.maxFeePerL2Gas * maxL2Gas + config.maxFeePerDaGas * maxDaGas) * slotsPerEpoch >= 1 << 80)
            return "epoch fees";
        if (config.oracleLag == 0 || config.oracleLag > config.oracleLifetime) return "oracleLag";
        if (config.oracleLifetime > MAX_ORACLE_AGE) return "oracleLifetime";
        return "";
    }

    /// @notice True when an oracle word may stand in the genesis record.
    function isOracle(Oracle oracle) internal pure returns (bool) {
        uint256 price = oracle.price();
        if (oracle.preBase() == 0 || oracle.preBlob() == 0) return false;
        if (oracle.postBase() == 0 || oracle.postBlob() == 0) return false;
        return price >= MIN_PRICE && price <= MAX_PRICE;
    }

    /// @notice The parameters as a contract keeps them.
    /// @param config Valid: every field fits.
    function pack(FeeConfig memory config) internal pure returns (FeeControls, FeeAmounts) {
        uint256 controls = (config.targetL2 << 224) | (config.targetDa << 192);
        controls |= (config.fractionL2 << 144) | (config.fractionDa << 96);
        controls |= (config.oracleLag << 80) | (config.oracleLifetime << 64);
        controls |= (config.proposeGas << 32) | config.proofGas;
        uint256 amounts = (config.provingCost << 128) | (config.maxFeePerL2Gas << 64) | config.maxFeePerDaGas;

        return (FeeControls.wrap(controls), FeeAmounts.wrap(amounts));
    }

    /// @notice The parameters again.
    function unpack(
        FeeControls controls,
        FeeAmounts amounts
    ) internal pure returns (FeeConfig memory config) {
        config.targetL2 = controls.targetL2();
        config.targetDa = controls.targetDa();
        config.fractionL2 = controls.fractionL2();
        config.fractionDa = controls.fractionDa();
        config.proposeGas = controls.proposeGas();
        config.proofGas = controls.proofGas();
        config.provingCost = amounts.provingCost();
        config.maxFeePerL2Gas = amounts.maxFeePerL2Gas();
        config.maxFeePerDaGas = amounts.maxFeePerDaGas();
        config.oracleLag = controls.oracleLag();
        config.oracleLifetime = controls.oracleLifetime();
    }

    // Arithmetic

    /// @notice e^(numerator / denominator) · 2^64, at most e^16 · 2^64. Monotone, exact at 0.
    /// @param denominator not zero
    /// @dev e^x = 2^k · e^r with k = floor(x / ln 2) and r in [0, ln 2), so x needs no loop; e^r is its series up to
    /// r^12 by Horner's rule, whose rest is below 2e-12. The coefficients are 2^64 / i!, rounded. As every step
    /// rounds down and a series cut short stays under 2 at ln 2, the value never falls where k grows by one.
    function exponential(uint256 numerator, uint256 denominator) internal pure returns (uint256 e) {
        unchecked {
            uint256 r = _least(unsafeDiv(numerator << 64, denominator), MAX_EXPONENT << 64);
            uint256 k = r / LN2;
            r -= k * LN2;
            e = 38510819324;
            e = 462129831893 + ((e * r) >> 64);
            e = 5083428150824 + ((e * r) >> 64);
            e = 50834281508238 + ((e * r) >> 64);
            e = 457508533574146 + ((e * r) >> 64);
            e = 3660068268593165 + ((e * r) >> 64);
            e = 25620477880152155 + ((e * r) >> 64);
            e = 153722867280912930 + ((e * r) >> 64);
            e = 768614336404564651 + ((e * r) >> 64);
            e = 3074457345618258603 + ((e * r) >> 64);
            e = 9223372036854775808 + ((e * r) >> 64);
            e = ONE + ((e * r) >> 64);
            e = (ONE + ((e * r) >> 64)) << k;
        }
    }

    /// @dev What congestion adds to a price.
    function _congestion(uint256 price, uint256 excess, uint256 fraction) private pure returns (uint256) {
        unchecked {
            return (price * (exponential(excess, fraction) - ONE)) >> 64;
        }
    }

    /// @dev Excess after a block. Beyond the greatest exponent it would only delay the price's return.
    function _grown(uint256 sum, uint256 target, uint256 fraction) private pure returns (uint256) {
        unchecked {
            return _least(_lessOrZero(sum, target), MAX_EXPONENT * fraction);
        }
    }

    /// @dev An L1 fee as the oracle holds it.
    function _sample(uint256 fee) private pure returns (uint256) {
        return fee == 0 ? 1 : _least(fee, MASK_48);
    }

    /// @dev b is a target times a price, and not zero.
    function _divideUp(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return unsafeDiv(a + b - 1, b);
        }
    }

    /// @dev a - b, or 0. Without a branch, as the next one: both are used so often that it counts.
    function _lessOrZero(uint256 a, uint256 b) private pure returns (uint256 difference) {
        assembly ("memory-safe") {
            difference := mul(sub(a, b), gt(a, b))
        }
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256 least) {
        assembly ("memory-safe") {
            least := xor(b, mul(xor(a, b), lt(a, b)))
        }
    }
}
