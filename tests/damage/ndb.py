"""A small reader of the lower layer of a PST (pages, blocks, B-trees), for
choosing what to damage and for knowing what was hit. Shares nothing with the
product. Takes sound stores only: mkpst's."""
import struct
import zlib


class Layout:
    """Where things are in one of the three variants."""

    def __init__(self, version):
        self.ansi = version < 16
        self.big = version >= 36
        self.word = 4 if self.ansi else 8
        self.page = 4096 if self.big else 512
        self.slot = 512 if self.big else 64
        self.trailer = 12 if self.ansi else 24 if self.big else 16
        self.area = 496 if self.ansi else 4056 if self.big else 488
        self.page_type = self.page - {4: 12, 8: 16}[self.word]
        if self.big:
            self.page_type = 4072
        self.root = 184 if self.ansi else 216  # BREFNBT, then BREFBBT
        self.first_map = 0x22000 if self.big else 0x4400
        # Where a checksum stands in the trailer of a page and of a block.
        self.crc_at = 8 if self.ansi else 4


class Store:
    def __init__(self, data):
        self.data = data
        self.layout = Layout(struct.unpack_from('<H', data, 10)[0])
        w = self.layout.word
        self.nbt_root, self.bbt_root = (
            self.word_at(self.layout.root + w + i * 2 * w) for i in (0, 1))
        self.pages = {'nbt': {}, 'bbt': {}}  # offset -> level
        self.nodes = {}   # nid -> (data bid, sub bid, parent)
        self.blocks = {}  # bid -> (offset, bytes, stored length)
        self.walk('nbt', self.nbt_root, self.nbt_leaf)
        self.walk('bbt', self.bbt_root, self.bbt_leaf)

        # Where what is in use ends: free space may be most of a file.
        self.end = max([off + self.layout.page for tree in self.pages.values()
                        for off in tree] +
                       [off + total for off, total, _ in
                        self.blocks.values()])
        self.ranges = {nid: self.ranges_of_node(nid) for nid in self.nodes}

    def word_at(self, off):
        return int.from_bytes(self.data[off:off + self.layout.word], 'little')

    def walk(self, tree, off, leaf):
        lay, d = self.layout, self.data
        if lay.big:
            count, = struct.unpack_from('<H', d, off + lay.area)
            size, level = d[off + lay.area + 4], d[off + lay.area + 5]
        else:
            count, size, level = (d[off + lay.area], d[off + lay.area + 2],
                                  d[off + lay.area + 3])
        self.pages[tree][off] = level
        for i in range(count):
            entry = off + i * size
            if level:
                self.walk(tree, self.word_at(entry + 2 * lay.word), leaf)
            else:
                leaf(entry)

    def nbt_leaf(self, at):
        w = self.layout.word
        nid = struct.unpack_from('<I', self.data, at)[0]
        self.nodes[nid] = (self.word_at(at + w), self.word_at(at + 2 * w),
                           struct.unpack_from('<I', self.data, at + 3 * w)[0])

    def bbt_leaf(self, at):
        lay = self.layout
        bid, off = self.word_at(at), self.word_at(at + lay.word)
        stored, = struct.unpack_from('<H', self.data, at + 2 * lay.word)
        total = -(-(stored + lay.trailer) // lay.slot) * lay.slot
        self.blocks[bid & ~1] = (off, total, stored)

    def internal(self, bid):
        """Child block ids of an internal block, (node ids kept aside)."""
        off, _, stored = self.blocks[bid]
        raw = bytes(self.data[off:off + stored])
        if self.layout.big and raw[:2] == b'\x78\x9c':
            raw = zlib.decompress(raw)
        w = self.layout.word
        kind, level, count = raw[0], raw[1], struct.unpack_from('<H', raw,
                                                               2)[0]
        head = 8 if kind == 1 or w == 8 else 4
        out = []
        for i in range(count):
            if kind == 1:
                at = head + i * w
                out.append(int.from_bytes(raw[at:at + w], 'little'))
                continue
            size = 3 * w if level == 0 else 2 * w
            at = head + i * size
            for k in range(1, 3 if level == 0 else 2):
                out.append(int.from_bytes(raw[at + k * w:at + (k + 1) * w],
                                          'little'))
        return [b & ~1 for b in out if b & ~1]

    def blocks_of(self, bid, found=None):
        """All blocks below a block id, itself with them."""
        found = set() if found is None else found
        bid &= ~1
        if not bid or bid in found or bid not in self.blocks:
            return found
        found.add(bid)
        if bid & 2:
            for child in self.internal(bid):
                self.blocks_of(child, found)
        return found

    def ranges_of_node(self, nid):
        """[(offset, bytes)] of everything a node is made of."""
        data, sub, _ = self.nodes[nid]
        found = self.blocks_of(sub, self.blocks_of(data))
        return [self.blocks[b][:2] for b in found]



def crc(data):
    """The checksum of pages, blocks and the header ([MS-PST] 5.3)."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
