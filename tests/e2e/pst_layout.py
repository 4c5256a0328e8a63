#!/usr/bin/env python3
"""Checks the lower half of a store that other readers do not look at.

usage: pst_layout.py FILE...

Header, page and block checksums and signatures, B-tree order, reference
counts, allocation maps and their free sum, and the rule that nothing crosses
the end of a section. Prints what is wrong; status 1 if anything is.
"""
import mmap
import struct
import sys
import zlib
from collections import Counter


class Format:
    def __init__(self, version):
        self.ansi = version < 16
        self.large = version >= 36
        self.page = 4096 if self.large else 512
        self.body = 4072 if self.large else 500 if self.ansi else 496
        self.area = 4056 if self.large else 496 if self.ansi else 488
        self.slot = 512 if self.large else 64
        self.trailer = 24 if self.large else 12 if self.ansi else 16
        self.id = 'I' if self.ansi else 'Q'
        self.width = 4 if self.ansi else 8
        self.first = 0x22000 if self.large else 0x4400
        self.section = 16678912 if self.large else 253952
        self.pad = 4 if self.ansi else 0


def crc(data):
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def signature(ib, bid):
    x = (ib ^ bid) & 0xFFFFFFFF
    return (x >> 16) ^ (x & 0xFFFF)


class Store:
    def __init__(self, data):
        self.data = data
        self.wrong = []
        self.used = {}  # offset -> length of each page and block
        self.blocks = {}
        self.nodes = []
        self.f = Format(struct.unpack_from('<H', data, 10)[0])
        self.header()
        self.tree(self.nbt, 0x81, self.node_leaf)
        self.tree(self.bbt, 0x80, self.block_leaf)
        self.check_blocks()
        self.check_references()
        self.check_maps()

    def bad(self, *what):
        self.wrong.append(' '.join(str(w) for w in what))

    def ids(self, at, count):
        return struct.unpack_from('<%d%s' % (count, self.f.id), self.data, at)

    def header(self):
        d, f = self.data, self.f
        if crc(d[8:8 + 471]) != struct.unpack_from('<I', d, 4)[0]:
            self.bad('partial header CRC')
        if not f.ansi and crc(d[8:524]) != struct.unpack_from('<I', d, 524)[0]:
            self.bad('full header CRC')
        root = 164 if f.ansi else 180
        (self.eof, self.last, self.free, _, _, self.nbt, _,
         self.bbt) = self.ids(root + 4, 8)
        if self.eof != len(d):
            self.bad('file size', len(d), 'header says', self.eof)
        if f.ansi:
            self.next_block, self.next_page = self.ids(24, 2)
        else:
            self.next_page, = self.ids(32, 1)
            self.next_block, = self.ids(516, 1)
        self.highest = struct.unpack_from('<32I', d, 36 if f.ansi else 44)

    def take(self, ib, length):
        f = self.f
        if ib in self.used:
            self.bad('used twice', hex(ib))
        self.used[ib] = length
        first, last = ib - f.first, ib + length - 1 - f.first
        if first // f.section != last // f.section:
            self.bad('crosses a section', hex(ib), length)

    def trailer(self, ib, kind):
        """bid of a page whose trailer is right."""
        f, d = self.f, self.data
        order = '<BBHII' if f.ansi else '<BBHIQ'
        a, b, sig, x, y = struct.unpack_from(order, d, ib + f.body)
        bid, check = (x, y) if f.ansi else (y, x)
        if a != kind or b != kind:
            self.bad('page type', hex(ib), a, b)
        if crc(d[ib:ib + f.body]) != check:
            self.bad('page CRC', hex(ib))
        is_map = 0x82 <= kind <= 0x85
        if sig != (0 if is_map else signature(ib, bid)):
            self.bad('page signature', hex(ib))
        if is_map and bid != ib:
            self.bad('map page id', hex(ib), hex(bid))
        return bid

    def tree(self, ib, kind, leaf, level=None, key=None, bid=None):
        f, d = self.f, self.data
        got = self.trailer(ib, kind)
        if bid is not None and got != bid or got >= self.next_page:
            self.bad('page id', hex(ib))
        self.take(ib, f.page)
        meta = '<HHBB' if f.large else '<BBBB'
        count, most, size, here = struct.unpack_from(meta, d, ib + f.area)
        if count > most or most != f.area // size or not count:
            self.bad('page counts', hex(ib), count, most)
        if level is not None and here != level:
            self.bad('page level', hex(ib), here)
        before = -1
        for i in range(count):
            at = ib + i * size
            entry = self.ids(at, 3 if here else 2)
            if entry[0] <= before or i == 0 and key not in (None, entry[0]):
                self.bad('key order', hex(ib), i)
            before = entry[0]
            if here:
                self.tree(entry[2], kind, leaf, here - 1, entry[0], entry[1])
            else:
                leaf(at)

    def node_leaf(self, at):
        nid, data, sub = self.ids(at, 3)
        parent, = struct.unpack_from('<I', self.data, at + 3 * self.f.width)
        self.nodes.append((nid, data, sub, parent))
        if nid >> 5 > self.highest[nid & 31] and nid & 31 not in (1,) and \
                nid >> 5 > 0x400:
            if nid & 31 in (2, 3, 4, 8):
                self.bad('node above the highest', hex(nid))

    def block_leaf(self, at):
        bid, ib = self.ids(at, 2)
        rest = struct.unpack_from('<HHH', self.data, at + 2 * self.f.width) \
            if self.f.large else \
            struct.unpack_from('<HH', self.data, at + 2 * self.f.width)
        stored, refs = rest[0], rest[-1]
        inflated = rest[1] if self.f.large else stored
        self.blocks[bid] = (ib, stored, inflated, refs)
        if bid >= self.next_block:
            self.bad('block id', hex(bid))

    def check_blocks(self):
        f, d = self.f, self.data
        for bid, (ib, stored, inflated, _) in self.blocks.items():
            total = -(-(stored + f.trailer) // f.slot) * f.slot
            self.take(ib, total)
            order = '<HHII' if f.ansi else '<HHIQ'
            size, sig, x, y = struct.unpack_from(order, d,
                                                 ib + total - f.trailer)
            own, check = (x, y) if f.ansi else (y, x)
            if (size, own, sig) != (stored, bid, signature(ib, bid)):
                self.bad('block trailer', hex(bid))
            if crc(d[ib:ib + stored]) != check:
                self.bad('block CRC', hex(bid))

    def plain(self, bid):
        ib, stored, inflated, _ = self.blocks[bid]
        data = self.data[ib:ib + stored]
        return zlib.decompress(data) if stored != inflated else data

    def refer(self, bid, refs):
        """Counts a reference; what a block itself refers to, once."""
        if not bid:
            return
        if bid not in self.blocks:
            self.bad('no such block', hex(bid))
            return
        refs[bid] += 1
        if refs[bid] > 1 or not bid & 2:
            return
        data, w = self.plain(bid), self.f.width
        kind, level, count = struct.unpack_from('<BBH', data)
        if kind == 1:
            at, step, per = 8, w, (0,)
        else:
            at = 4 if self.f.ansi else 8
            step, per = (2 * w, (1,)) if level else (3 * w, (1, 2))
        total = 0
        for i in range(count):
            for k in per:
                child, = struct.unpack_from('<' + self.f.id, data,
                                            at + i * step + k * w)
                self.refer(child, refs)
                total += self.length(child) if kind == 1 else 0
        if kind == 1 and total != struct.unpack_from('<I', data, 4)[0]:
            self.bad('XBLOCK total', hex(bid))

    def length(self, bid):
        if bid & 2:
            return struct.unpack_from('<I', self.plain(bid), 4)[0]
        return self.blocks[bid][2]

    def check_references(self):
        refs = Counter()
        nids = {n[0] for n in self.nodes}
        for nid, data, sub, parent in self.nodes:
            self.refer(data, refs)
            self.refer(sub, refs)
            if parent and parent not in nids:
                self.bad('parent is missing', hex(nid))
        for bid, (_, _, _, count) in self.blocks.items():
            if refs[bid] + 1 != count:
                self.bad('references of', hex(bid), refs[bid] + 1, count)

    def map_pages(self, n):
        f = self.f
        at = f.first + n * f.section
        kinds = [0x84]
        if not f.large:
            kinds += [0x83] * (n % 8 == 0)
            kinds += [0x82] * (n >= 128 and (n - 128) % 496 == 0)
            kinds += [0x85] * (n >= 8192 and (n - 8192) % 31744 == 0) * 2
        return [(at + i * f.page, kind) for i, kind in enumerate(kinds)]

    def check_maps(self):
        f, free = self.f, 0
        sections = (len(self.data) - f.first) // f.section
        slots = f.section // f.slot
        want = [bytearray(slots) for _ in range(sections)]
        for n in range(sections):
            for ib, kind in self.map_pages(n):
                self.trailer(ib, kind)
                self.take(ib, f.page)
        for ib, length in self.used.items():
            n, at = divmod(ib - f.first, f.section)
            at //= f.slot
            want[n][at:at + length // f.slot] = b'\1' * (length // f.slot)
        for n in range(sections):
            at = f.first + n * f.section + f.pad
            bits = self.data[at:at + slots // 8]
            got = bytearray(bits[i // 8] >> (7 - i % 8) & 1
                            for i in range(slots))
            if got != want[n]:
                self.bad('allocation map', n)
            free += got.count(0) * f.slot
        if free != self.free:
            self.bad('free bytes', free, 'header says', self.free)
        if self.last != f.first + (sections - 1) * f.section:
            self.bad('last map', hex(self.last))


def check(path):
    with open(path, 'rb') as f, \
            mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return Store(data).wrong


def main():
    bad = 0
    for path in sys.argv[1:]:
        for line in check(path)[:20]:
            print(path + ':', line)
            bad = 1
    sys.exit(bad)


if __name__ == '__main__':
    main()
