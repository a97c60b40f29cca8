// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InboxLib} from "../../contracts/bridge/InboxLib.sol";
import {DigestLib} from "../../contracts/rollup/DigestLib.sol";
import {EpochWordLib} from "../../contracts/rollup/EpochWordLib.sol";
import {ProposeLib} from "../../contracts/rollup/ProposeLib.sol";
import {WithdrawalLib} from "../../contracts/rollup/WithdrawalLib.sol";
import {Bitmap} from "../../contracts/types/Bitmap.sol";
import {Claims, CLAIMS, Witness, WITNESS} from "../../contracts/types/Block.sol";
import {genesisChainHash, hashHeader} from "../../contracts/types/Header.sol";
import {
    Cursor,
    Fees,
    hashNewRecord,
    hashRecord,
    packCursor,
    packFees,
    Position
} from "../../contracts/types/Record.sol";
import {Epoch, Slot} from "../../contracts/types/Time.sol";
import {Tip} from "../../contracts/types/Tip.sol";
import {Test, vm} from "./Vm.sol";

/// @notice The contracts' layouts and hashes against the vectors that `protocol/` generates.
contract VectorsTest is Test {
    string private _json;

    function test_headers() external {
        _open("headers");
        uint256 i;
        for (; _has(field(i, "slot")); ++i) {
            uint256 claims =
                (_uint(i, "slot") << 224) |
                    (_word(i, "feePerL2Gas") << 160) |
                    (_word(i, "feePerDaGas") << 96) |
                    (_uint(i, "gasL2") << 64) |
                    (_uint(i, "gasDa") << 32);
            // What is not part of the header must not reach its hash.
            claims |= 0xdeadbeef;
            bytes32 hash = hashHeader(
                _word(i, "parentChainHash"),
                _word(i, "stateRoot"),
                bytes32(_word(i, "versionedHash")),
                _word(i, "messageHash"),
                Claims.wrap(claims),
                _word(i, "parentBitmap")
            );
            assertEq(hash, bytes32(_word(i, "chainHash")));
        }
        assertTrue(i > 0, "no header vectors");
    }

    function test_genesis() external {
        _open("headers");
        uint256 i;
        for (; _has(string.concat(".genesis[", vm.toString(i), "].version")); ++i) {
            string memory path = string.concat(".genesis[", vm.toString(i), "].");
            vm.chainId(vm.parseJsonUint(_json, string.concat(path, "chainId")));
            bytes32 hash = genesisChainHash(
                vm.parseJsonAddress(_json, string.concat(path, "rollup")),
                vm.parseJsonUint(_json, string.concat(path, "version")),
                uint256(vm.parseJsonBytes32(_json, string.concat(path, "genesisRoot")))
            );
            assertEq(hash, vm.parseJsonBytes32(_json, string.concat(path, "chainHash")));
        }
        assertTrue(i > 0, "no genesis vectors");
    }

    function test_records() external {
        _open("records");
        uint256 i;
        for (; _has(field(i, "slot")); ++i) {
            bytes32[] memory words = vm.parseJsonBytes32Array(_json, field(i, "words"));
            uint256[7] memory record;
            for (uint256 k = 0; k < 7; ++k) record[k] = uint256(words[k]);

            assertEq(hashNewRecord(record), bytes32(_word(i, "hash")));
            assertEq(this.hashCalldata(record), bytes32(_word(i, "hash")));
            Position position = Position.wrap(record[4]);
            assertEq(position.number(), _uint(i, "number"));
            assertEq(Slot.unwrap(position.slotOf()), _uint(i, "slot"));
            assertEq(position.bitmapOf(), _word(i, "bitmap"));
            assertEq(position.excessL2(), _word(i, "excessL2"));
            assertEq(position.excessDa(), _word(i, "excessDa"));
            assertEq(position.oracleAge(), _uint(i, "oracleAge"));
            assertEq(Cursor.unwrap(packCursor(_word(i, "messageHash"), _uint(i, "messageCount"))), record[3]);
            assertEq(
                Fees.unwrap(packFees(_word(i, "burned"), _word(i, "prover"), _word(i, "sequencer"))),
                record[6]
            );
        }
        assertTrue(i > 0, "no record vectors");
    }

    function test_blocksAndWitnesses() external {
        _open("records");
        uint256 i;
        for (; _has(_path("blocks", i, "slot")); ++i) {
            bytes32[] memory words = vm.parseJsonBytes32Array(_json, _path("blocks", i, "words"));
            Claims claims = Claims.wrap(uint256(words[CLAIMS]));
            Witness witness = Witness.wrap(uint256(words[WITNESS]));
            assertEq(Slot.unwrap(claims.slot()), vm.parseJsonUint(_json, _path("blocks", i, "slot")));
            assertEq(
                bytes32(claims.feePerL2Gas()),
                vm.parseJsonBytes32(_json, _path("blocks", i, "feePerL2Gas"))
            );
            assertEq(
                bytes32(claims.feePerDaGas()),
                vm.parseJsonBytes32(_json, _path("blocks", i, "feePerDaGas"))
            );
            assertEq(claims.gasL2(), vm.parseJsonUint(_json, _path("blocks", i, "gasL2")));
            assertEq(claims.gasDa(), vm.parseJsonUint(_json, _path("blocks", i, "gasDa")));
            assertEq(claims.messages(), vm.parseJsonUint(_json, _path("blocks", i, "messages")));
            assertEq(
                uint256(claims.modifierOf()),
                uint256(vm.parseJsonInt(_json, _path("blocks", i, "modifier")))
            );
            assertEq(bytes32(witness.bitmap()), vm.parseJsonBytes32(_json, _path("blocks", i, "bitmap")));
            assertEq(witness.coinbase(), vm.parseJsonAddress(_json, _path("blocks", i, "coinbase")));
        }
        assertTrue(i > 0, "no block vectors");

        for (i = 0; _has(_path("witnesses", i, "bitmap")); ++i) {
            bytes memory signature = vm.parseJsonBytes(_json, _path("witnesses", i, "signature"));
            uint256[6] memory blk;
            (blk[3], blk[4], blk[5]) = abi.decode(signature, (uint256, uint256, uint256));
            int256 modifier_ = vm.parseJsonInt(_json, _path("witnesses", i, "modifier"));
            blk[CLAIMS] = uint16(int16(modifier_));
            blk[WITNESS] =
                (uint256(vm.parseJsonBytes32(_json, _path("witnesses", i, "bitmap"))) << 160) |
                uint160(vm.parseJsonAddress(_json, _path("witnesses", i, "coinbase")));
            bytes32 hash = this.hashWitness(
                vm.parseJsonAddress(_json, _path("witnesses", i, "proposer")),
                blk
            );
            assertEq(hash, vm.parseJsonBytes32(_json, _path("witnesses", i, "hash")));
        }
        assertTrue(i > 0, "no witness vectors");
    }

    /// @dev Each case goes on from the hash before.
    function test_epochHashes() external {
        _open("records");
        bytes32 hash;
        uint256 i;
        for (; _has(_path("epochHashes", i, "hash")); ++i) {
            hash = ProposeLib.rollEpochHash(
                uint256(hash),
                vm.parseJsonBytes32(_json, _path("epochHashes", i, "versionedHash")),
                uint256(vm.parseJsonBytes32(_json, _path("epochHashes", i, "coinbaseFee")))
            );
            assertEq(hash, vm.parseJsonBytes32(_json, _path("epochHashes", i, "hash")));
        }
        assertTrue(i > 0, "no epoch hash vectors");
    }

    function test_epochWords() external {
        _open("epochs");
        uint256 i;
        for (; _has(field(i, "epochWord")); ++i) {
            bytes32[] memory words = vm.parseJsonBytes32Array(_json, field(i, "participation"));
            uint256[2] memory participation = [uint256(words[0]), uint256(words[1])];
            Bitmap.count(participation, _word(i, "lastBitmap"));
            words = vm.parseJsonBytes32Array(_json, field(i, "counted"));
            assertEq(bytes32(participation[0]), words[0]);
            assertEq(bytes32(participation[1]), words[1]);

            uint256 when = EpochWordLib.when(Epoch.wrap(_uint(i, "epoch")), _uint(i, "provenAt"));
            assertEq(when, _word(i, "when"));
            bytes32 duties = EpochWordLib.duties(when, participation, _word(i, "seedWord"));
            assertEq(duties, bytes32(_word(i, "duties")));
            bytes32 settlement = EpochWordLib.settlement(
                vm.parseJsonAddress(_json, field(i, "prover")),
                bytes32(_word(i, "endRecordHash"))
            );
            assertEq(settlement, bytes32(_word(i, "settlement")));
            bytes32 payments = EpochWordLib.payments(when, settlement, bytes32(_word(i, "rewards")));
            assertEq(payments, bytes32(_word(i, "payments")));
            bytes32 link = EpochWordLib.link(payments, bytes32(_word(i, "previous")));
            assertEq(link, bytes32(_word(i, "link")));
            assertEq(EpochWordLib.word(duties, link), bytes32(_word(i, "epochWord")));
        }
        assertTrue(i > 0, "no epoch vectors");
    }

    function test_tips() external {
        _open("tips");
        uint256 i;
        for (; _has(field(i, "word")); ++i) {
            Tip tip = Tip.wrap(_word(i, "word"));
            assertEq(tip.accounts(), _uint(i, "accounts"));
            assertEq(tip.inboxCount(), _uint(i, "inboxCount"));
            assertEq(Slot.unwrap(tip.lastCommitteeSlot()), _uint(i, "lastCommitteeSlot"));
            assertEq(tip.provenMessages(), _uint(i, "provenMessages"));
            assertEq(Epoch.unwrap(tip.firstUnprovenEpoch()), _uint(i, "firstUnprovenEpoch"));
            assertEq(tip.proven(), _uint(i, "proven"));
            assertEq(tip.pending(), _uint(i, "pending"));
        }
        assertTrue(i > 0, "no tip vectors");
    }

    /// @dev Each case goes on from the hash before.
    function test_messages() external {
        _open("messages");
        uint256 hash;
        uint256 i;
        for (; _has(field(i, "type")); ++i) {
            bytes32[] memory words = vm.parseJsonBytes32Array(_json, field(i, "words"));
            hash = InboxLib.roll(hash, [uint256(words[0]), uint256(words[1]), uint256(words[2])]);
            assertEq(hash, _word(i, "rollingHash"));
        }
        assertTrue(i > 0, "no message vectors");
    }

    function test_withdrawals() external {
        _open("withdrawals");
        uint256 i;
        for (; _has(field(i, "count")); ++i) {
            bytes32[] memory words =
                _uint(i, "count") == 0
                    ? new bytes32[](0)
                    : vm.parseJsonBytes32Array(_json, field(i, "words"));
            uint256[] memory list = new uint256[](words.length);
            for (uint256 k = 0; k < words.length; ++k) list[k] = uint256(words[k]);
            (uint256 rho, uint256 accumulator, bytes32 commitment) = this.bind(_word(i, "chainHash"), list);
            assertEq(rho, _word(i, "rho"));
            assertEq(accumulator, _word(i, "folded"));
            assertEq(commitment, bytes32(_word(i, "commitment")));
        }
        assertTrue(i > 0, "no withdrawal vectors");
    }

    function test_digests() external {
        _open("attestations");
        uint256 i;
        for (; _has(field(i, "slot")); ++i) {
            bytes32 domain = bytes32(_word(i, "domainSeparator"));
            Slot slot = Slot.wrap(_uint(i, "slot"));
            bytes32 chainHash = bytes32(_word(i, "chainHash"));
            int16 modifier_ = int16(vm.parseJsonInt(_json, field(i, "modifier")));
            address coinbase = vm.parseJsonAddress(_json, field(i, "coinbase"));
            assertEq(
                DigestLib.attestation(domain, slot, chainHash, modifier_, coinbase),
                bytes32(_word(i, "attestation"))
            );
            assertEq(
                DigestLib.proposal(domain, slot, chainHash, modifier_, coinbase),
                bytes32(_word(i, "proposal"))
            );
        }
        assertTrue(i > 0, "no attestation vectors");
    }

    // Entry points that put arguments into calldata

    function hashCalldata(uint256[7] calldata record) external pure returns (bytes32) {
        return hashRecord(record);
    }

    function hashWitness(address proposer, uint256[6] calldata blk) external pure returns (bytes32) {
        return ProposeLib.hashWitness(proposer, Claims.wrap(blk[CLAIMS]), Witness.wrap(blk[WITNESS]), blk);
    }

    function bind(
        uint256 chainHash,
        uint256[] calldata words
    ) external pure returns (uint256 rho, uint256 accumulator, bytes32 commitment) {
        return WithdrawalLib.bind(chainHash, words);
    }

    function _open(string memory name) private {
        _json = vm.readFile(string.concat("protocol/vectors/", name, ".json"));
    }

    function _has(string memory path) private view returns (bool) {
        return vm.keyExistsJson(_json, path);
    }

    function _path(
        string memory list,
        uint256 index,
        string memory field
    ) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(index), "].", field);
    }

    function _uint(uint256 index, string memory name) private view returns (uint256) {
        return vm.parseJsonUint(_json, field(index, name));
    }

    function _word(uint256 index, string memory name) private view returns (uint256) {
        return uint256(vm.parseJsonBytes32(_json, field(index, name)));
    }
}
