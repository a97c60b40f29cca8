// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {AssetPortal} from "../../contracts/bridge/AssetPortal.sol";
import {IPortal} from "../../contracts/bridge/IPortal.sol";
import {Epoch} from "../../contracts/types/Time.sol";
import {Test, vm} from "./Vm.sol";

/// @notice Takes one unit of every transfer.
contract MockFeeToken is ERC20("Fee", "FEE") {
    constructor() {
        _mint(msg.sender, 1e18);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && value > 0) super._update(to, address(1), 1);
    }
}

/// @notice Calls its owner in the middle of a transfer from it.
contract MockHookToken is ERC20("Hook", "HOOK") {
    bytes private _call;
    address private _target;

    constructor() {
        _mint(msg.sender, 1e18);
    }

    function hook(address target, bytes calldata data) external {
        (_target, _call) = (target, data);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        address target = _target;
        _target = address(0);
        if (target != address(0)) {
            _approve(target, msg.sender, type(uint256).max);
            MockCaller(target).run(msg.sender, _call);
        }
        return super.transferFrom(from, to, value);
    }
}

contract MockCaller {
    function run(address target, bytes calldata data) external {
        (bool success, ) = target.call(data);
        require(success, "nested call failed");
    }
}

/// @notice Returns nothing from its transfers, as some tokens do.
contract MockSilentToken {
    mapping(address => uint256) public balanceOf;

    constructor() {
        balanceOf[msg.sender] = 1e18;
    }

    function transferFrom(address from, address to, uint256 value) external {
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
    }
}

/// @notice The test stands in for the Rollup, which creates the portals.
contract PortalTest is Test {
    uint256 private _deposited;
    bool private _refuse;

    function deposit(uint256, uint256, uint256, address, uint256 amount) external payable returns (uint256) {
        _deposited += amount;
        return 7;
    }

    function consumeWithdrawal(Epoch, uint256, uint256, uint256, bytes32[] calldata) external view {
        require(!_refuse, "refused");
    }

    function test_tokenThatTakesAFee_reverts() external {
        MockFeeToken token = new MockFeeToken();
        AssetPortal portal = new AssetPortal(address(token));
        token.approve(address(portal), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IPortal.Portal__AmountMismatch.selector, 100, 99));
        portal.deposit(0, 1, 2, 100);
    }

    /// @dev A deposit inside a deposit would be counted by both.
    function test_depositFromInsideATransfer_reverts() external {
        MockHookToken token = new MockHookToken();
        AssetPortal portal = new AssetPortal(address(token));
        MockCaller caller = new MockCaller();
        token.approve(address(portal), type(uint256).max);
        token.transfer(address(caller), 100);
        token.hook(address(caller), abi.encodeCall(IPortal.deposit, (0, 1, 2, 50)));
        vm.expectRevert(abi.encodeWithSelector(IPortal.Portal__AmountMismatch.selector, 100, 150));
        portal.deposit(0, 1, 2, 100);
    }

    function testFuzz_silentTokenMovesInAndOut(uint64 amount, address recipient) external {
        MockSilentToken token = new MockSilentToken();
        AssetPortal portal = new AssetPortal(address(token));
        vm.assume(recipient != address(portal) && recipient != address(this));
        uint256 value = uint256(amount) % 1e18;
        assertEq(portal.register(1, 2, value), 7);
        assertEq(_deposited, value);
        assertEq(token.balanceOf(address(portal)), value);
        _deposited = 0;

        uint256 word = (1 << 255) | (value << 160) | uint160(recipient);
        portal.withdraw(Epoch.wrap(1), 0, 1, word, new bytes32[](0));
        assertEq(token.balanceOf(recipient), value);
    }

    function test_whatTheRollupRefusesIsNotPaid_reverts() external {
        MockSilentToken token = new MockSilentToken();
        AssetPortal portal = new AssetPortal(address(token));
        portal.register(1, 2, 100);
        _refuse = true;
        vm.expectRevert("refused");
        portal.withdraw(Epoch.wrap(1), 0, 1, (5 << 160) | 9, new bytes32[](0));
    }
}
