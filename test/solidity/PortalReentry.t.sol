// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {AssetPortal} from "../../contracts/bridge/AssetPortal.sol";
import {IPortal} from "../../contracts/bridge/IPortal.sol";
import {OutboxLib} from "../../contracts/bridge/OutboxLib.sol";
import {IRollup} from "../../contracts/rollup/IRollup.sol";
import {RollupState} from "../../contracts/rollup/RollupState.sol";
import {WithdrawalLib} from "../../contracts/rollup/WithdrawalLib.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {Test} from "./Vm.sol";

/// @notice Calls the portal from inside a transfer out of it, once, and keeps what came of it.
contract CallingToken is ERC20("Calling", "CALL") {
    bytes private _call;
    bool public succeeded;
    bytes public reason;

    constructor() {
        _mint(msg.sender, 1e18);
    }

    function arm(bytes calldata data) external {
        _call = data;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        bytes memory data = _call;
        if (data.length != 0) {
            delete _call;
            (succeeded, reason) = msg.sender.call(data);
        }
        return super.transfer(to, value);
    }
}

/// @notice The test stands in for the Rollup, with its Outbox.
contract PortalReentryTest is Test {
    using OutboxLib for RollupState;

    address private constant RECIPIENT = address(0xbeef);

    RollupState private _state;
    CallingToken private _token;
    AssetPortal private _portal;
    uint256[] private _words;

    function setUp() external {
        _token = new CallingToken();
        _portal = new AssetPortal(address(_token));
        _token.transfer(address(_portal), 1_000);
        for (uint256 amount = 100; amount < 102; ++amount)
            _words.push((1 << 255) | (amount << 160) | uint160(RECIPIENT));
        _state.outbox[3] = OutboxLib.pack(this.commit(_words), 50);
    }

    function test_aWithdrawalFromInsideItsOwnPaymentIsRefused() external {
        bytes memory again = _withdrawal(0);
        _token.arm(again);
        (bool success, ) = address(_portal).call(again);
        assertTrue(success, "paid");
        assertTrue(!_token.succeeded(), "paid twice");
        assertEq(
            keccak256(_token.reason()),
            keccak256(
                abi.encodeWithSelector(IRollup.Rollup__WithdrawalAlreadyConsumed.selector, Epoch.wrap(3), 0)
            )
        );
        assertEq(_token.balanceOf(RECIPIENT), 100);
    }

    /// @notice Another withdrawal may be paid in between: each is paid once.
    function test_anotherWithdrawalFromInsideAPaymentIsPaidOnce() external {
        _token.arm(_withdrawal(1));
        (bool success, ) = address(_portal).call(_withdrawal(0));
        assertTrue(success && _token.succeeded(), "both paid");
        assertEq(_token.balanceOf(RECIPIENT), 201);
        assertEq(_token.balanceOf(address(_portal)), 1_000 - 201);
        for (uint256 i = 0; i < 2; ++i) {
            (success, ) = address(_portal).call(_withdrawal(i));
            assertTrue(!success, "paid again");
        }
    }

    function commit(uint256[] calldata words) external pure returns (bytes32) {
        return WithdrawalLib.commit(words);
    }

    function consumeWithdrawal(
        Epoch epoch,
        uint256 index,
        uint256 count,
        uint256 withdrawal,
        bytes32[] calldata path
    ) external {
        _state.consume(100, 10, epoch, index, count, withdrawal, path);
    }

    /// @dev The path of one of two words is the other.
    function _withdrawal(uint256 index) private view returns (bytes memory) {
        bytes32[] memory path = new bytes32[](1);
        path[0] = bytes32(_words[1 - index]);
        return abi.encodeCall(IPortal.withdraw, (Epoch.wrap(3), index, 2, _words[index], path));
    }
}
