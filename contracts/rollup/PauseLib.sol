// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {packPause, Pause} from "../types/Pause.sol";
import {IRollup} from "./IRollup.sol";
import {RollupState} from "./RollupState.sol";

/// @notice Who may pause, for how long and how often, in seconds.
struct PauseRules {
    address council;
    uint256 most;
    uint256 cooldown;
}

/// @title Pause
/// @notice A council may stop the proven chain for a bounded time, once a cool-down. It can force nothing: what was
/// refused before stays refused, what was acceptable is so again afterwards, with as much time left.
///
/// One word suffices. A term of length L that a pause holds up ends at the latest L + most after the pause's start, and
/// the cool-down, counted from there, is no shorter (the constructor checks it): so no term meets two pauses, and what
/// is overwritten is of use to nobody.
library PauseLib {
    function begin(
        RollupState storage self,
        PauseRules memory rules,
        uint256 time,
        uint256 duration
    ) internal {
        if (msg.sender != rules.council) revert IRollup.Rollup__OnlyCouncil(msg.sender);
        if (duration == 0 || duration > rules.most)
            revert IRollup.Rollup__PauseOutOfRange(rules.most, duration);
        Pause last = self.pause;
        // The cool-down is longer than any pause: one that runs cannot be extended.
        if (Pause.unwrap(last) != 0 && time < last.start() + rules.cooldown)
            revert IRollup.Rollup__PauseTooSoon(last.start() + rules.cooldown);

        self.pause = packPause(time, time + duration);

        emit IRollup.Paused(time, time + duration);
    }

    function finish(RollupState storage self, PauseRules memory rules, uint256 time) internal {
        if (msg.sender != rules.council) revert IRollup.Rollup__OnlyCouncil(msg.sender);
        Pause current = self.pause;
        if (!current.isActive(time)) revert IRollup.Rollup__NotPaused();

        // From second 0 to second 0 would be the word of no pause at all, and spare the council its cool-down.
        uint256 end = time == 0 ? 1 : time;
        self.pause = packPause(current.start(), end);

        emit IRollup.Unpaused(end);
    }

    function requireRunning(Pause pause, uint256 time) internal pure {
        if (pause.isActive(time)) revert IRollup.Rollup__Paused(pause.end());
    }
}
