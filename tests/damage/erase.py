#!/usr/bin/env python3
"""Takes messages of a store (mkpst's) out of its listings, as deleting does.

usage: erase.py IN OUT [DELETED [ORPHANS [FRAGMENTS]]]     (3, 2 and 2)

Deleted ones have lost their entry in the node tree, which an older page
still has; orphans have a node that no folder names; of fragments nothing but
the blocks is left. Prints the node numbers that they had, as JSON."""
import json
import struct
import sys

from ndb import Store, crc

MESSAGE, TYPE_MASK = 4, 0x1F
UNUSED = 0x3FFFE4  # a message number that no small store gets to


class Eraser:
    def __init__(self, data):
        self.sound = Store(data)
        self.layout = self.sound.layout
        self.data = bytearray(data)
        self.gone = {'deleted': [], 'orphan': [], 'fragment': []}

    # ---- pages ----

    def count(self, page):
        fmt = '<H' if self.layout.big else '<B'
        return struct.unpack_from(fmt, self.data, page + self.layout.area)[0]

    def set_count(self, page, count):
        fmt = '<H' if self.layout.big else '<B'
        struct.pack_into(fmt, self.data, page + self.layout.area, count)

    def entry_size(self, page):
        at = page + self.layout.area + (4 if self.layout.big else 2)
        return self.data[at]

    def nids(self, page):
        size = self.entry_size(page)
        return [struct.unpack_from('<I', self.data, page + i * size)[0]
                for i in range(self.count(page))]

    def bid(self, page):
        at = page + self.layout.page_type
        fmt, skip = ('<I', 4) if self.layout.ansi else ('<Q', 8)
        return struct.unpack_from(fmt, self.data, at + skip)[0]

    def seal(self, page, bid):
        lay, at = self.layout, page + self.layout.page_type
        x = (page ^ bid) & 0xFFFFFFFF
        struct.pack_into('<H', self.data, at + 2, (x >> 16) ^ (x & 0xFFFF))
        check = crc(bytes(self.data[page:at]))
        struct.pack_into('<II' if lay.ansi else '<IQ', self.data, at + 4,
                         *((bid, check) if lay.ansi else (check, bid)))

    def free_page(self):
        """A page of zeros at the end, which no sound store needs."""
        at = len(self.data) // self.layout.page * self.layout.page
        for at in range(at - self.layout.page, 0, -self.layout.page):
            if not any(self.data[at:at + self.layout.page]):
                return at
        raise ValueError('no free page')

    def leaves(self):
        """Leaves of the node tree by key, each with its messages."""
        found = [(self.nids(p), p) for p, level in
                 self.sound.pages['nbt'].items() if level == 0]
        for nids, page in sorted(found):
            yield page, [n for n in nids if n & TYPE_MASK == MESSAGE]

    def remove(self, page, nid):
        size, nids = self.entry_size(page), self.nids(page)
        i, n = nids.index(nid), len(nids)
        start, end = page + i * size, page + n * size
        self.data[start:end] = (self.data[start + size:end] + bytes(size))
        self.set_count(page, n - 1)
        self.seal(page, self.bid(page))

    # ---- what can be done to a message ----

    def delete(self, page, nids):
        old = self.free_page()
        size = self.layout.page
        self.data[old:old + size] = self.data[page:page + size]
        self.seal(old, 1)
        for nid in nids:
            self.remove(page, nid)
        self.gone['deleted'] += nids

    def free_blocks(self, nids):
        """The block tree forgets their blocks, which an older page of it
        still has: libpff's recovery needs that. Unicode only."""
        size, entry, gone = self.layout.page, 24, set()
        for nid in nids:
            data, sub, _ = self.sound.nodes[nid]
            gone |= self.sound.blocks_of(sub, self.sound.blocks_of(data))
        for page, level in self.sound.pages['bbt'].items():
            n = self.count(page)
            rows = [bytes(self.data[at:at + entry]) for at in
                    range(page, page + n * entry, entry)]
            kept = [r for r in rows
                    if struct.unpack_from('<Q', r)[0] & ~1 not in gone]
            if level or len(kept) == n:
                continue
            old = self.free_page()
            self.data[old:old + size] = self.data[page:page + size]
            self.seal(old, 1)
            self.data[page:page + n * entry] = b''.join(kept).ljust(n * entry,
                                                                   b'\0')
            self.set_count(page, len(kept))
            self.seal(page, self.bid(page))

    def spoil(self, nid):
        """The checksum of its first block is wrong, its bytes are right."""
        off, total, _ = self.sound.blocks[self.sound.nodes[nid][0] & ~1]
        self.data[off + total - 12] ^= 0xFF

    def shred(self, page, nids):
        for nid in nids:
            self.remove(page, nid)
        self.gone['fragment'] += nids

    def orphan(self, count):
        """The last entries of the tree get numbers that no table names."""
        page, _ = list(self.leaves())[-1]
        size, nids = self.entry_size(page), self.nids(page)
        for k in range(len(nids) - count, len(nids)):
            assert nids[k] & TYPE_MASK == MESSAGE, hex(nids[k])
            self.gone['orphan'].append(nids[k])
            struct.pack_into('<I', self.data, page + k * size,
                             UNUSED + 0x20 * k)
        self.seal(page, self.bid(page))

    def run(self, deleted, orphans, fragments):
        rich = [(p, m) for p, m in self.leaves()
                if len(m) >= max(deleted, fragments)]
        self.delete(rich[0][0], rich[0][1][:deleted])
        if fragments:
            self.shred(rich[1][0], rich[1][1][-fragments:])
        if orphans:
            self.orphan(orphans)
        return bytes(self.data), self.gone


def erase(data, deleted=3, orphans=2, fragments=2):
    """(the store without them, {'deleted': [node numbers] ...})"""
    return Eraser(data).run(deleted, orphans, fragments)


def main():
    if not 3 <= len(sys.argv) <= 6:
        sys.exit(__doc__)
    with open(sys.argv[1], 'rb') as f:
        data, gone = erase(f.read(), *map(int, sys.argv[3:]))
    with open(sys.argv[2], 'wb') as f:
        f.write(data)
    print(json.dumps(gone))


if __name__ == '__main__':
    main()
