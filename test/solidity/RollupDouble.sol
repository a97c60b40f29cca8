// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeePortal} from "../../contracts/bridge/FeePortal.sol";

/// @notice Stands in for the Rollup in tests of the rewards: words that the test writes, and a real fee portal. Without a
/// constructor, so that its code can be put at any address.
contract RollupDouble {
    mapping(uint256 index => bytes32) private _words;
    uint256 private _ring;

    uint256 public pauseWord;
    address public feePortal;

    function open(address token, address rewards, uint256 ring) external {
        feePortal = address(new FeePortal(token, rewards));
        _ring = ring;
    }

    /// @notice What a proof leaves; 0 for what a rewind of the proven chain takes back.
    function prove(uint256 epoch, bytes32 word) external {
        _words[epoch % _ring] = word;
    }

    function setPause(uint256 word) external {
        pauseWord = word;
    }

    function epochWord(uint256 epoch) external view returns (bytes32) {
        return _words[epoch % _ring];
    }
}
