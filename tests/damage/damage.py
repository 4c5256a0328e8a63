#!/usr/bin/env python3
"""Damages a sound store in one of many ways, from a seed.

usage: damage.py KIND SEED IN OUT     (damage.py --kinds lists the kinds)

Prints a JSON line: the kind, the byte ranges that were changed, whether only
an index (pages, header) was hit, and the node numbers of the messages that
lost a block of their own."""
import json
import random
import struct
import sys

from ndb import Store

MESSAGE, TYPE_MASK = 4, 0x1F


class Patient:
    def __init__(self, data, rng):
        self.sound = Store(data)
        self.data = bytearray(data)
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

    def area(self):
        return self.rng.randrange(self.sound.layout.first_map, len(self.data))


def truncated_tail(p):
    keep = int(len(p.data) * p.rng.uniform(0.3, 0.98))
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
    at = off + p.sound.layout.page_type + (8 if p.sound.layout.ansi else 4)
    p.put(at, struct.pack('<I', p.rng.getrandbits(32)))


def page_loop(p):
    """An inner entry that points back to its own page."""
    lay = p.sound.layout
    off = p.page(p.tree(), False)
    p.put(off + 2 * lay.word, off.to_bytes(lay.word, 'little'))


def page_count(p):
    """More entries than a page can hold."""
    off = p.page(p.tree(), p.rng.random() < 0.7) + p.sound.layout.area
    p.put(off, b'\xff\xff' if p.sound.layout.big else b'\xff')


def block_crc(p):
    off, total, _ = p.block()
    lay = p.sound.layout
    at = off + total - lay.trailer + (8 if lay.ansi else 4)
    p.put(at, struct.pack('<I', p.rng.getrandbits(32)))


def block_bytes(p):
    off, total, stored = p.block()
    at = off + p.rng.randrange(max(1, stored))
    p.put(at, p.rng.randbytes(min(64, off + total - at)))


def huge_length(p):
    """A block length in a leaf of the block tree, and an XBLOCK's total."""
    lay = p.sound.layout
    off = p.page('bbt', True)
    p.put(off + 2 * lay.word, b'\xff\xff')


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
    truncated_tail, zeroed_run, flipped_bits, header_crc, broken_root,
    root_reference, broken_leaf, broken_inner, page_crc, page_loop,
    page_count, block_crc, block_bytes, huge_length, swapped_blocks)}


def overlaps(hit, ranges):
    return any(off < a + n and a < off + size
               for off, size in ranges for a, n in hit if n)


def damage(data, kind, seed):
    """(damaged bytes, report)"""
    p = Patient(data, random.Random('%s %d' % (kind, seed)))
    KINDS[kind](p)
    sound = p.sound
    lost = [nid for nid in sound.nodes if nid & TYPE_MASK == MESSAGE and
            overlaps(p.hit, sound.ranges_of_node(nid))]
    blocks = [b[:2] for b in sound.blocks.values()]
    return bytes(p.data), {
        'kind': kind, 'seed': seed, 'hit': p.hit[:100],
        'index_only': not overlaps(p.hit, blocks), 'lost': sorted(lost),
    }


def main():
    if sys.argv[1:] == ['--kinds']:
        print('\n'.join(KINDS))
        return 0
    if len(sys.argv) != 5 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    with open(sys.argv[3], 'rb') as f:
        data, report = damage(f.read(), sys.argv[1], int(sys.argv[2]))
    with open(sys.argv[4], 'wb') as f:
        f.write(data)
    print(json.dumps(report))
    return 0


if __name__ == '__main__':
    sys.exit(main())
