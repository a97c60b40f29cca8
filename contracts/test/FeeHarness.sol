// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeeConfig, FeeLib, FeeParts} from "../rollup/FeeLib.sol";
import {Claims} from "../types/Block.sol";
import {FeeAmounts, FeeControls, FeeState} from "../types/FeeWords.sol";
import {Fees, Oracle, Position} from "../types/Record.sol";

/// @notice For tests: the fee model on many cases in one call.
contract FeeHarness {
    struct L1Fees {
        uint256 base;
        uint256 blob;
    }

    struct Step {
        FeeConfig config;
        Position position;
        Oracle oracle;
        Claims claims;
        L1Fees l1Fees;
    }

    struct Result {
        FeeParts parts;
        uint256 prices;
        Fees fees;
        uint256 sequencerFee;
        FeeState feeState;
        Oracle nextOracle;
    }

    function run(Step[] calldata steps) external pure returns (Result[] memory results) {
        results = new Result[](steps.length);
        for (uint256 i = 0; i < steps.length; ++i) results[i] = _run(steps[i]);
    }

    function exponentials(
        uint256[] calldata numerators,
        uint256[] calldata denominators
    ) external pure returns (uint256[] memory values) {
        values = new uint256[](numerators.length);
        for (uint256 i = 0; i < numerators.length; ++i)
            values[i] = FeeLib.exponential(numerators[i], denominators[i]);
    }

    function validate(
        FeeConfig calldata config,
        uint256 maxL2Gas,
        uint256 maxDaGas,
        uint256 slotsPerEpoch
    ) external pure returns (bytes32) {
        return FeeLib.validate(config, maxL2Gas, maxDaGas, slotsPerEpoch);
    }

    function _run(Step memory s) private pure returns (Result memory r) {
        (FeeControls controls, FeeAmounts amounts) = FeeLib.pack(s.config);
        FeeState found = FeeLib.stateAt(controls, s.position, s.claims.slot());
        r.parts = FeeLib.parts(controls, amounts, s.oracle, found);
        r.prices = FeeLib.prices(r.parts);
        (r.fees, r.sequencerFee) = FeeLib.split(r.parts, s.claims);
        (r.feeState, r.nextOracle) = FeeLib.advance(
            controls,
            s.oracle,
            found,
            s.claims,
            s.l1Fees.base,
            s.l1Fees.blob
        );
    }
}
