// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup, Status} from "../rollup/IRollup.sol";
import {Epoch} from "../types/Time.sol";
import {Claim, IProofMarket, WordOpening} from "./IProofMarket.sol";

/// @title Guarded submission of epoch proofs
/// @notice Submits a proof only if its prover is paid for it at this moment: a claim that slipped in before costs the
/// submitter a cheap revert instead of a proof given away. Holds nothing, has no power, and nobody has to use it.
contract ProofSubmitter {
    IProofMarket public immutable market;
    address public immutable rollup;

    error Submitter__NotASubmission(bytes4 selector);
    error Submitter__PaysLess(address payee, uint256 fee, uint256 minFee);

    constructor(IProofMarket market_) {
        market = market_;
        rollup = market_.rollup();
    }

    /// @notice Starts the clock of the oldest unproven epoch if nobody has, and submits its proof.
    /// @param submission call data of `submitEpochProof`
    /// @param prover that the proof is bound to
    /// @param minFee least basis points of the pot
    /// @param predecessor as in `IProofMarket.open`; ignored when the epoch's clock runs
    function submit(
        bytes calldata submission,
        address prover,
        uint256 minFee,
        WordOpening calldata predecessor
    ) external {
        if (bytes4(submission) != IRollup.submitEpochProof.selector)
            revert Submitter__NotASubmission(bytes4(submission));

        Status memory status = IRollup(rollup).status();
        Epoch epoch = status.firstUnprovenEpoch;
        Claim memory claim = market.claimOf(epoch);
        if (status.pending != status.proven && (claim.epoch != Epoch.unwrap(epoch) || claim.since == 0))
            market.open(predecessor);
        (address payee, uint256 fee, ) = market.whoIsPaid(epoch, prover, block.timestamp);
        if (payee != prover || fee < minFee) revert Submitter__PaysLess(payee, fee, minFee);

        (bool success, bytes memory answer) = rollup.call(submission);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }
}
