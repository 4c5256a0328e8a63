#!/usr/bin/env python3
"""Damages a sound store in one of many ways, from a seed.

usage: damage.py KIND SEED IN OUT     (damage.py --kinds lists the kinds)

Prints a JSON line: the kind, the byte ranges that were changed, whether an
index (header, pages of the trees) was hit, the node numbers of the messages
of which a block was hit, and those of all else (folders, tables, the store)."""
import json
import random
import struct
import sys

from ndb import Store, crc

MESSAGE, TYPE_MASK = 4, 0x1F
HEADER = 564


class Patient:
    def __init__(self, sound, rng):
        self.sound = sound
        self.data = bytearray(sound.data)
        self.rng = rng
        self.hit = []

    def put(self, off, new):
        new = bytes(new)[:max(0, len(self.data) - off)]
        self.data[off:off + len(new)] = new
        self.hit.append((off, len(new)))

    def page(self, tree, leaf):
        """A random page of a tree, a leaf or an inner one (else any)."""
        pages = self.sound.pages[tree]
        fit = [p for p, level in pages.items() if (level == 0) == leaf]
        return self.rng.choice(sorted(fit or pages))

    def tree(self):
        return self.rng.choice(('nbt', 'bbt'))

    def block(self):
        return self.sound.blocks[self.rng.choice(sorted(self.sound.blocks))]

    def inner_block(self):
        """One that lists others (XBLOCK, SLBLOCK), None when there is none."""
        inner = sorted(b for b in self.sound.blocks if b & 2)
        return self.sound.blocks[self.rng.choice(inner)] if inner else None

    def seal_page(self, off):
        """Makes its checksum fit what it now holds: a lie, not a fault."""
        lay = self.sound.layout
        value = crc(self.data[off:off + lay.page_type])
        self.put(off + lay.page_type + lay.crc_at, struct.pack('<I', value))

    def seal_block(self, off, total, stored):
        at = off + total - self.sound.layout.trailer + self.sound.layout.crc_at
        self.put(at, struct.pack('<I', crc(self.data[off:off + stored])))

    def seal_page_maybe(self, off):
        if self.rng.random() < 0.5:
            self.seal_page(off)

    def area(self):
        return self.rng.randrange(self.sound.layout.first_map, self.sound.end)


def truncated_tail(p):
    keep = int(p.sound.end * p.rng.uniform(0.3, 0.98))
    p.hit.append((keep, len(p.data) - keep))
    del p.data[keep:]


def zeroed_run(p):
    off = p.area()
    p.put(off, bytes(p.rng.choice((512, 4096, 65536))))


def flipped_bits(p):
    for _ in range(p.rng.choice((1, 10, 100))):
        off = p.area()
        p.put(off, [p.data[off] ^ 1 << p.rng.randrange(8)])


def header_crc(p):
    p.put(4, struct.pack('<I', p.rng.getrandbits(32)))


def header_bytes(p):
    """Anything in the header but what tells that it is a store, and which."""
    lay = p.sound.layout
    for _ in range(p.rng.choice((1, 4, 16))):
        p.put(p.rng.randrange(12, 512 if lay.ansi else 564),
              p.rng.randbytes(1))


def broken_root(p):
    lay = p.sound.layout
    off = getattr(p.sound, p.tree() + '_root')
    p.put(off, p.rng.randbytes(lay.page))


def root_reference(p):
    lay = p.sound.layout
    p.put(lay.root + lay.word + p.rng.choice((0, 2)) * lay.word,
          p.rng.getrandbits(30).to_bytes(lay.word, 'little'))


def broken_leaf(p):
    p.put(p.page(p.tree(), True), p.rng.randbytes(p.sound.layout.page))


def broken_inner(p):
    p.put(p.page(p.tree(), False), bytes(p.sound.layout.page))


def page_crc(p):
    off = p.page(p.tree(), p.rng.random() < 0.7)
    at = off + p.sound.layout.page_type + p.sound.layout.crc_at
    p.put(at, struct.pack('<I', p.rng.getrandbits(32)))


def page_loop(p):
    """An inner entry that points back to its own page."""
    lay = p.sound.layout
    off = p.page(p.tree(), False)
    p.put(off + 2 * lay.word, off.to_bytes(lay.word, 'little'))
    p.seal_page_maybe(off)


def page_count(p):
    """More entries than a page can hold."""
    lay = p.sound.layout
    off = p.page(p.tree(), p.rng.random() < 0.7)
    p.put(off + lay.area, b'\xff\xff' if lay.big else b'\xff')
    p.seal_page_maybe(off)


def swapped_pages(p):
    """Two pages of one tree change places."""
    tree, size = p.tree(), p.sound.layout.page
    pages = sorted(p.sound.pages[tree])
    if len(pages) < 2:
        return
    a, b = p.rng.sample(pages, 2)
    one, two = p.data[a:a + size], p.data[b:b + size]
    p.put(a, two)
    p.put(b, one)


def block_crc(p):
    off, total, _ = p.block()
    lay = p.sound.layout
    at = off + total - lay.trailer + lay.crc_at
    p.put(at, struct.pack('<I', p.rng.getrandbits(32)))


def block_bytes(p):
    off, total, stored = p.block()
    at = off + p.rng.randrange(max(1, stored))
    p.put(at, p.rng.randbytes(min(64, off + total - at)))


def huge_length(p):
    """A block's length in a leaf of the block tree."""
    lay = p.sound.layout
    off = p.page('bbt', True)
    p.put(off + 2 * lay.word, b'\xff\xff')
    p.seal_page_maybe(off)


def huge_total(p):
    """Entries and bytes that a block of blocks says it has; its checksum
    fits, so only its limits are left to stop it."""
    block = p.inner_block() or p.block()
    p.put(block[0] + 2, p.rng.choice((b'\xff\xff', b'\xff\xff\xff\xff\xff\xff')))
    p.seal_block(*block)


def wrong_place(p):
    """The block tree's entry for one block names the place of another."""
    lay = p.sound.layout
    off = p.page('bbt', True)
    other = p.block()[0]
    p.put(off + lay.word, other.to_bytes(lay.word, 'little'))
    p.seal_page(off)


def swapped_blocks(p):
    """Two blocks of the same size change places."""
    by_size = {}
    for block in p.sound.blocks.values():
        by_size.setdefault(block[1], []).append(block)
    pair = p.rng.sample(sorted(p.rng.choice(
        [b for b in by_size.values() if len(b) > 1])), 2)
    (a, size, _), (b, _, _) = pair
    one, two = p.data[a:a + size], p.data[b:b + size]
    p.put(a, two)
    p.put(b, one)


KINDS = {f.__name__: f for f in (
    truncated_tail, zeroed_run, flipped_bits, header_crc, header_bytes,
    broken_root, root_reference, broken_leaf, broken_inner, page_crc,
    page_loop, page_count, swapped_pages, block_crc, block_bytes,
    huge_length, huge_total, wrong_place, swapped_blocks)}


def overlaps(hit, ranges):
    return any(off < a + n and a < off + size
               for off, size in ranges for a, n in hit if n)


def damage(sound, kind, seed):
    """(damaged bytes, report) of a store as ndb.Store reads it."""
    p = Patient(sound, random.Random('%s %d' % (kind, seed)))
    KINDS[kind](p)
    lost = [nid for nid in sound.nodes if overlaps(p.hit, sound.ranges[nid])]
    pages = [(off, sound.layout.page)
             for tree in sound.pages.values() for off in tree]
    return bytes(p.data), {
        'kind': kind, 'seed': seed, 'hit': p.hit[:100],
        'index': overlaps(p.hit, [(0, HEADER)] + pages),
        'lost': sorted(n for n in lost if n & TYPE_MASK == MESSAGE),
        'shared': sorted(n for n in lost if n & TYPE_MASK != MESSAGE),
    }


def main():
    if sys.argv[1:] == ['--kinds']:
        print('\n'.join(KINDS))
        return 0
    if len(sys.argv) != 5 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    with open(sys.argv[3], 'rb') as f:
        data, report = damage(Store(f.read()), sys.argv[1],
                              int(sys.argv[2]))
    with open(sys.argv[4], 'wb') as f:
        f.write(data)
    print(json.dumps(report))
    return 0


if __name__ == '__main__':
    sys.exit(main())
