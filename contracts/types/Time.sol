// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Units of the rollup's clock. Slots and epochs count from genesis; timestamps are L1 seconds.
type Slot is uint256;
type Epoch is uint256;
type Timestamp is uint256;

using {slotEq as ==, slotNe as !=, slotLt as <, slotLe as <=, slotGt as >, slotGe as >=} for Slot global;
using {
    epochEq as ==,
    epochNe as !=,
    epochLt as <,
    epochLe as <=,
    epochGt as >,
    epochGe as >=,
    epochAdd as +
} for Epoch global;
using {
    timestampEq as ==,
    timestampLt as <,
    timestampLe as <=,
    timestampGt as >,
    timestampGe as >=
} for Timestamp global;

function slotEq(Slot a, Slot b) pure returns (bool) {
    return Slot.unwrap(a) == Slot.unwrap(b);
}

function slotNe(Slot a, Slot b) pure returns (bool) {
    return Slot.unwrap(a) != Slot.unwrap(b);
}

function slotLt(Slot a, Slot b) pure returns (bool) {
    return Slot.unwrap(a) < Slot.unwrap(b);
}

function slotLe(Slot a, Slot b) pure returns (bool) {
    return Slot.unwrap(a) <= Slot.unwrap(b);
}

function slotGt(Slot a, Slot b) pure returns (bool) {
    return Slot.unwrap(a) > Slot.unwrap(b);
}

function slotGe(Slot a, Slot b) pure returns (bool) {
    return Slot.unwrap(a) >= Slot.unwrap(b);
}

function epochEq(Epoch a, Epoch b) pure returns (bool) {
    return Epoch.unwrap(a) == Epoch.unwrap(b);
}

function epochNe(Epoch a, Epoch b) pure returns (bool) {
    return Epoch.unwrap(a) != Epoch.unwrap(b);
}

function epochLt(Epoch a, Epoch b) pure returns (bool) {
    return Epoch.unwrap(a) < Epoch.unwrap(b);
}

function epochLe(Epoch a, Epoch b) pure returns (bool) {
    return Epoch.unwrap(a) <= Epoch.unwrap(b);
}

function epochGt(Epoch a, Epoch b) pure returns (bool) {
    return Epoch.unwrap(a) > Epoch.unwrap(b);
}

function epochGe(Epoch a, Epoch b) pure returns (bool) {
    return Epoch.unwrap(a) >= Epoch.unwrap(b);
}

function epochAdd(Epoch a, Epoch b) pure returns (Epoch) {
    return Epoch.wrap(Epoch.unwrap(a) + Epoch.unwrap(b));
}

function timestampEq(Timestamp a, Timestamp b) pure returns (bool) {
    return Timestamp.unwrap(a) == Timestamp.unwrap(b);
}

function timestampLt(Timestamp a, Timestamp b) pure returns (bool) {
    return Timestamp.unwrap(a) < Timestamp.unwrap(b);
}

function timestampLe(Timestamp a, Timestamp b) pure returns (bool) {
    return Timestamp.unwrap(a) <= Timestamp.unwrap(b);
}

function timestampGt(Timestamp a, Timestamp b) pure returns (bool) {
    return Timestamp.unwrap(a) > Timestamp.unwrap(b);
}

function timestampGe(Timestamp a, Timestamp b) pure returns (bool) {
    return Timestamp.unwrap(a) >= Timestamp.unwrap(b);
}
