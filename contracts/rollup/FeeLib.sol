// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "../types/Block.sol";
import {BASIS_POINTS} from "../types/Constants.sol";
import {Fees, Oracle, packFees, Position} from "../types/Record.sol";

/// @notice What the fee rules depend on besides the parent's record.
struct FeeRules {
    uint256 feePerL2Gas;
    uint256 feePerDaGas;
    /// Basis points of a block's fees.
    uint256 burnedShare;
    uint256 proverShare;
}

/// @title Fees
/// @notice Prices of a block from its parent's fee state, the next fee state, and where a block's fees go.
library FeeLib {
    /// @notice Prices a block must claim: feePerL2Gas64 | feePerDaGas64.
    /// @dev Constant for now: neither the excess nor the oracle of the parent moves them.
    function prices(FeeRules memory rules, Position, Oracle) internal pure returns (uint256) {
        return (rules.feePerL2Gas << 64) | rules.feePerDaGas;
    }

    /// @notice Fee state after a block: excessL2 64 | excessDa 64 | oracleAge16, and the oracle word.
    /// @dev Constant prices leave no excess, and the oracle as it is.
    function advance(
        FeeRules memory,
        Position,
        Oracle parentOracle,
        Claims
    ) internal pure returns (uint256 feeState, Oracle oracle) {
        return (0, parentOracle);
    }

    /// @notice A block's fees by destination.
    /// @dev Both shares round down, the sequencer gets the rest: nothing is lost, nothing is credited twice. No
    /// overflow: prices are 64 and gas 32 bits wide, and the constructor bounds an epoch's sum by 80.
    function split(
        FeeRules memory rules,
        Claims claims
    ) internal pure returns (Fees fees, uint256 sequencer) {
        unchecked {
            uint256 total = claims.feePerL2Gas() * claims.gasL2() + claims.feePerDaGas() * claims.gasDa();
            uint256 burned = (total * rules.burnedShare) / BASIS_POINTS;
            uint256 prover = (total * rules.proverShare) / BASIS_POINTS;
            sequencer = total - burned - prover;

            return (packFees(burned, prover, sequencer), sequencer);
        }
    }
}
