// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The newest pause: spare128 | start64 | end64, in seconds since genesis; zero before the first one.
///
/// From `start` on and before `end` no proof is accepted, and the seconds in between count against no proof deadline
/// and no withdrawal delay. Pauses are so far apart that whatever one of them held up is over before the next.
type Pause is uint256;

using {start, end, isActive, extension} for Pause global;

function packPause(uint256 start_, uint256 end_) pure returns (Pause) {
    return Pause.wrap((start_ << 64) | end_);
}

function start(Pause pause) pure returns (uint256) {
    return Pause.unwrap(pause) >> 64;
}

function end(Pause pause) pure returns (uint256) {
    return Pause.unwrap(pause) & type(uint64).max;
}

function isActive(Pause pause, uint256 time) pure returns (bool) {
    return pause.start() <= time && time < pause.end();
}

/// @notice Seconds by which the pause lengthens a term of `length` seconds that begins at `from`: those of the pause that
/// come after `from`, unless the term was over when the pause began.
function extension(Pause pause, uint256 from, uint256 length) pure returns (uint256) {
    if (pause.end() <= from || from + length <= pause.start()) return 0;

    return pause.end() - (pause.start() > from ? pause.start() : from);
}
