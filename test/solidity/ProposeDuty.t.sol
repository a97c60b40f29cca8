// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProposeLib} from "../../contracts/rollup/ProposeLib.sol";
import {IValidatorSet} from "../../contracts/staking/IValidatorSet.sol";
import {Epoch, Slot, Timestamp} from "../../contracts/types/Time.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Answers any call with what the test wants, and remembers it.
contract AnyAnswer {
    bytes private _answer;
    bool private _fails;
    bytes32 public asked;

    function set(bytes calldata answer, bool fails) external {
        (_answer, _fails) = (answer, fails);
    }

    fallback() external {
        bytes memory answer = _answer;
        bool fails = _fails;
        // A static call may not remember.
        if (bytes4(msg.data) == IValidatorSet.takeDuty.selector) asked = keccak256(msg.data);
        if (fails) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }
}

/// @notice The Rollup's call for a slot's duty, which it encodes and decodes by hand.
contract ProposeDutyTest is Test {
    AnyAnswer private _set;

    function setUp() external {
        _set = new AnyAnswer();
    }

    function duty(
        bool fresh,
        uint256 slot,
        uint256 epoch,
        uint256 start
    ) external returns (address, uint256, uint256) {
        return
            ProposeLib.duty(
                IValidatorSet(address(_set)),
                fresh,
                Slot.wrap(slot),
                Epoch.wrap(epoch),
                Timestamp.wrap(start)
            );
    }

    function testFuzz_takingADutyIsTheInterfacesCall(
        uint256 slot,
        uint256 epoch,
        uint256 start,
        address who,
        uint256 position,
        uint256 size
    ) external {
        _set.set(abi.encode(who, position, size), false);
        (address proposer, uint256 at, uint256 members) = this.duty(true, slot, epoch, start);
        assertEq(proposer, who);
        assertEq(at, position);
        assertEq(members, size);
        assertEq(
            _set.asked(),
            keccak256(
                abi.encodeCall(
                    IValidatorSet.takeDuty,
                    (Slot.wrap(slot), Epoch.wrap(epoch), Timestamp.wrap(start))
                )
            )
        );
    }

    function testFuzz_readingADutyIsTheInterfacesCall(uint256 slot, uint256 epoch, uint256 start) external {
        _set = AnyAnswer(address(new ReaderDouble()));
        (address proposer, uint256 position, uint256 size) = this.duty(false, slot, epoch, start);
        // The double answers with what it was asked.
        assertEq(proposer, address(this));
        assertEq(position, uint256(keccak256(abi.encode(slot, epoch, start))));
        assertEq(size, 48);
    }

    function test_readingADutyHasNoEffects() external {
        // `takeDuty` writes, and would be allowed to.
        _set = AnyAnswer(address(new WriterDouble()));
        vm.expectRevert(new bytes(0));
        this.duty(false, 1, 2, 3);
        this.duty(true, 1, 2, 3);
    }

    function test_theSetsReasonIsPassedOn() external {
        bytes memory reason = abi.encodeWithSelector(IValidatorSet.ValidatorSet__NoProposer.selector, 7);
        _set.set(reason, true);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(reason);
            this.duty(i == 0, 7, 0, 0);
        }
    }

    function test_anAnswerTooShortIsNone() external {
        _set.set(new bytes(95), false);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(new bytes(95));
            this.duty(i == 0, 7, 0, 0);
        }
        _set = AnyAnswer(address(0xdead));
        vm.expectRevert(new bytes(0));
        this.duty(true, 7, 0, 0);
    }
}

contract ReaderDouble {
    function dutyOf(
        address instance,
        Slot slot,
        Epoch epoch,
        Timestamp start
    ) external pure returns (address, uint256, uint256) {
        return (instance, uint256(keccak256(abi.encode(slot, epoch, start))), 48);
    }
}

contract WriterDouble {
    uint256 private _calls;

    fallback() external {
        ++_calls;
        assembly ("memory-safe") {
            return(0, 0x60)
        }
    }
}
