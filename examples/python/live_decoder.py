#!/usr/bin/env python3
"""Decodes the live protocol of an Auralis hub, from its description in shared/PROTOCOL.md alone.

Needs Python 3.9 and the package `msgpack` (Debian: python3-msgpack; PyPI: msgpack).

    live_decoder.py < messages          messages, each after its length as a big-endian uint32
    live_decoder.py --hex FILE          one message a line, in hex

At the end it prints all rows as JSON:
{channel: {source: {"seq": n, "rows": {key: {"attributes": [...], "values": {column id: number or null}}}}}}.
Scales come from WELCOME. A DELTA that does not follow is reported on stderr and not applied: a client would send RESYNC.
"""

import json
import math
import struct
import sys

import msgpack

WELCOME, SUBSCRIBED, SNAPSHOT, DELTA, ERROR, PONG, GONE, BEHIND = range(16, 24)

# By type: struct's letter, and the value that stands for missing (NaN, in float64, is equal to nothing).
VALUE_TYPES = (("b", -0x80), ("h", -0x8000), ("i", -0x80000000), ("d", None))
BITS = 8
WIDE_SLOTS = 4


def unpack(letter, packed):
    """Little-endian numbers of one kind."""
    return struct.unpack(f"<{len(packed) // struct.calcsize(letter)}{letter}", packed)


def unpack_bits(packed, count):
    """`count` numbers as distances from the least of them; None is missing."""
    least, width = struct.unpack_from("<dB", packed)
    if len(packed) != 9 + (count * width + 7) // 8:
        raise ValueError(f"{len(packed)} bytes for {count} values of {width} bits")
    codes = int.from_bytes(packed[9:], "little")
    missing = (1 << width) - 1
    each = (codes >> at * width & missing for at in range(count))
    return [None if code == missing else least + code for code in each]


def unpack_values(type_, packed, count):
    """`count` numbers; None is missing."""
    if type_ == BITS:
        return unpack_bits(packed, count)
    letter, missing = VALUE_TYPES[type_]
    values = unpack(letter, packed)
    if len(values) != count:
        raise ValueError(f"{len(values)} values for {count} slots")
    return [None if value == missing or math.isnan(value) else value for value in values]


class Rows:
    """The rows of one source in one channel. Cells are integers, number × 10^scale; one that is not there is missing."""

    def __init__(self):
        self.seq = None
        self.rows = {}  # slot -> (key, attributes)
        self.cells = {}  # column id -> {slot: integer}

    def snapshot(self, seq, rows, columns):
        self.rows = {}
        self.cells = {}
        self._apply(seq, [], rows, columns)

    def delta(self, seq, removed, added, columns):
        """False, and nothing changed, where this delta does not follow."""
        if self.seq is None or seq != self.seq + 1:
            return False
        self._apply(seq, removed, added, columns)
        return True

    def _apply(self, seq, removed, added, columns):
        for slot in removed:
            self.rows.pop(slot, None)
            for cells in self.cells.values():
                cells.pop(slot, None)
        for slot, key, attributes in added:
            self.rows[slot] = (key, attributes)
        slots = None
        for column, packed_slots, type_, packed_values in columns:
            slots = self._slots(packed_slots, type_, slots)
            self._add(column, slots, type_ & ~WIDE_SLOTS, packed_values)
        self.seq = seq

    def _slots(self, packed, type_, previous):
        if packed is None:
            return sorted(self.rows)
        if packed is True:
            return previous
        return unpack("I" if type_ & WIDE_SLOTS else "H", packed)

    def _add(self, column, slots, type_, packed):
        """In a snapshot no cell is known, so that adding to nothing is setting."""
        cells = self.cells.setdefault(column, {})
        for slot, value in zip(slots, unpack_values(type_, packed, len(slots))):
            if value is None:
                cells.pop(slot, None)
            else:
                cells[slot] = cells.get(slot, 0) + int(value)

    def as_json(self, scales):
        rows = {}
        for slot, (key, attributes) in self.rows.items():
            values = {
                str(column): cells[slot] / 10 ** scales.get(column, 0) if slot in cells else None
                for column, cells in self.cells.items()
            }
            rows[key] = {"attributes": attributes, "values": values}
        return {"seq": self.seq, "rows": rows}


class Decoder:
    """Takes the messages of a hub, one after the other."""

    def __init__(self):
        self.scales = {}  # column id -> scale
        self.channels = {}  # channel -> {source: Rows}

    def take(self, message):
        opcode, *fields = msgpack.unpackb(message, raw=False)
        if opcode == WELCOME:
            self.scales = {column["id"]: column["scale"] for column in fields[0]["catalogue"]}
        elif opcode == SNAPSHOT:
            channel, source, seq, _t, _total, rows, columns = fields
            self._rows(channel, source).snapshot(seq, rows, columns)
        elif opcode == DELTA:
            channel, source, seq, _t, _total, removed, added, columns = fields
            if not self._rows(channel, source).delta(seq, removed, added, columns):
                print(f"channel {channel}, {source}: delta {seq} does not follow", file=sys.stderr)
        elif opcode == GONE:
            channel, source = fields
            self.channels.get(channel, {}).pop(source, None)
        elif opcode == ERROR:
            print(f"the hub says: {fields[1]}: {fields[2]}", file=sys.stderr)

    def _rows(self, channel, source):
        return self.channels.setdefault(channel, {}).setdefault(source, Rows())

    def as_json(self):
        return {
            channel: {source: rows.as_json(self.scales) for source, rows in sources.items()}
            for channel, sources in self.channels.items()
        }


def framed(stream):
    while header := stream.read(4):
        (length,) = struct.unpack(">I", header)
        yield stream.read(length)


def hex_lines(path):
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if line.strip():
                yield bytes.fromhex(line)


def main():
    decoder = Decoder()
    if len(sys.argv) == 1:
        messages = framed(sys.stdin.buffer)
    elif len(sys.argv) == 3 and sys.argv[1] == "--hex":
        messages = hex_lines(sys.argv[2])
    else:
        sys.exit("usage: live_decoder.py < messages | live_decoder.py --hex FILE")
    for message in messages:
        decoder.take(message)
    json.dump(decoder.as_json(), sys.stdout)


if __name__ == "__main__":
    main()
