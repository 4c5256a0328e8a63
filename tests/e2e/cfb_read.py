"""Reads compound files ([MS-CFB]) and forgives nothing: every sector belongs
to one chain and no chain is longer than its stream, every directory tree is
in order and red-black. Written from the specification for the tests; shares
no line with what it judges.
"""
import struct

FREE, END, FAT, DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
LOCK_OFFSET = 0x7FFFFF00


class Bad(Exception):
    """The file breaks a rule."""


def must(truth, words, *details):
    if not truth:
        raise Bad(words + ''.join(' %r' % d for d in details))


class Storage(dict):
    """Names to bytes or further storages."""
    clsid = bytes(16)


class Compound:
    def __init__(self, data):
        self.data = data
        self.header()
        self.owner = {}
        self.load_fat()
        self.load_directory()
        self.load_mini()
        self.seen = set()
        self.root = self.storage(0)
        self.check_leftovers()

    def header(self):
        h = self.data[:512]
        must(len(h) == 512, 'short header')
        must(h[:8] == bytes.fromhex('d0cf11e0a1b11ae1'), 'signature')
        must(h[8:24] == bytes(16), 'header class')
        minor, major, order, shift, mini = struct.unpack_from('<5H', h, 24)
        must(minor == 0x3E and order == 0xFFFE and mini == 6, 'header numbers')
        must((major, shift) in ((3, 9), (4, 12)), 'version', major, shift)
        must(h[34:40] == bytes(6), 'reserved bytes')
        (self.dir_count, self.fat_count, self.dir_start, signature, cutoff,
         self.mini_start, self.mini_count, self.difat_start,
         self.difat_count) = struct.unpack_from('<9I', h, 40)
        must(signature == 0 and cutoff == 4096, 'signature number, cutoff')
        self.version, self.size = major, 1 << shift
        must(len(self.data) % self.size == 0, 'torn last sector')
        must(not any(self.data[512:self.size]), 'bytes behind the header')
        must(major == 4 or self.dir_count == 0, 'directory sectors')
        self.count = len(self.data) // self.size - 1
        self.difat = list(struct.unpack_from('<109I', h, 76))

    def sector(self, n):
        must(n < self.count, 'sector past the end', n)
        return self.data[(n + 1) * self.size:(n + 2) * self.size]

    def numbers(self, n):
        return struct.unpack('<%dI' % (self.size // 4), self.sector(n))

    def own(self, n, who):
        must(n < self.count, 'sector past the end', n, who)
        must(n not in self.owner, 'sector of two', n, who, self.owner.get(n))
        self.owner[n] = who

    def load_fat(self):
        places, at, chained = list(self.difat), self.difat_start, []
        while at != END:
            self.own(at, 'difat')
            chained.append(at)
            *part, at = self.numbers(at)
            places += part
        must(len(chained) == self.difat_count, 'difat sectors')
        used = places[:self.fat_count]
        must(all(p == FREE for p in places[self.fat_count:]), 'difat tail')
        self.fat = []
        for n in used:
            self.own(n, 'fat')
            self.fat += self.numbers(n)
        must(len(self.fat) >= self.count, 'fat too short')
        must(all(v == FREE for v in self.fat[self.count:]), 'fat tail')
        must(all(self.fat[n] == FAT for n in used), 'fat not marked')
        must(all(self.fat[n] == DIFAT for n in chained), 'difat not marked')

    def chain(self, start, size, who):
        """The bytes of a chain that must be as long as size needs; None takes
        it as it is."""
        parts, at = [], start
        while at != END:
            self.own(at, who)
            parts.append(self.sector(at))
            at = self.fat[at]
        must(size is None or
             len(parts) == (size + self.size - 1) // self.size,
             'chain length', who, len(parts), size)
        return b''.join(parts)

    def load_directory(self):
        raw = self.chain(self.dir_start, None, 'directory')
        must(self.version == 3 or len(raw) == self.dir_count * self.size,
             'directory sectors')
        self.entries = [raw[i:i + 128] for i in range(0, len(raw), 128)]
        root = self.entries[0]
        must(root[66] == 5 and self.name(0) == 'Root Entry', 'root entry')

    def load_mini(self):
        start, size = struct.unpack_from('<IQ', self.entries[0], 116)
        must(size % 64 == 0, 'mini stream size')
        self.mini = self.chain(start, size, 'mini stream')
        raw = self.chain(self.mini_start, self.mini_count * self.size,
                         'mini fat')
        self.mini_fat = struct.unpack('<%dI' % (len(raw) // 4), raw)
        self.mini_size, self.mini_owner = size // 64, {}
        must(len(self.mini_fat) >= self.mini_size, 'mini fat too short')
        must(all(v == FREE for v in self.mini_fat[self.mini_size:]),
             'mini fat tail')

    def name(self, i):
        e = self.entries[i]
        length = struct.unpack_from('<H', e, 64)[0]
        must(4 <= length <= 64 and length % 2 == 0, 'name length', length)
        must(not any(e[length - 2:64]), 'name not ended')
        name = e[:length - 2].decode('utf-16-le', 'surrogatepass')
        must(not set(name) & set('/\\:!\0'), 'character in name', name)
        return name

    @staticmethod
    def order(name):
        units = name.encode('utf-16-le', 'surrogatepass')
        upper = ''.join(c.upper() if len(c.upper()) == 1 else c for c in name)
        return len(units), upper.encode('utf-16-be', 'surrogatepass')

    def storage(self, i):
        e = self.entries[i]
        out = Storage()
        out.clsid = e[80:96]
        must(i == 0 or struct.unpack_from('<IQ', e, 116) == (0, 0),
             'place of a storage')
        names = []
        self.tree(struct.unpack_from('<I', e, 76)[0], True, out, names)
        keys = [self.order(n) for n in names]
        must(all(a < b for a, b in zip(keys, keys[1:])), 'order', names)
        return out

    def tree(self, i, parent_red, out, names):
        """In order into out; how many black ones each way down has."""
        if i == FREE:
            return 1
        must(i < len(self.entries) and i not in self.seen and i, 'entry', i)
        self.seen.add(i)
        e = self.entries[i]
        must(e[66] in (1, 2) and e[67] in (0, 1), 'entry type')
        must(e[67] == 1 or not parent_red, 'red below red', self.name(i))
        left, right, child = struct.unpack_from('<3I', e, 68)
        blacks = self.tree(left, e[67] == 0, out, names)
        names.append(self.name(i))
        if e[66] == 1:
            out[names[-1]] = self.storage(i)
        else:
            must(child == FREE and e[80:96] == bytes(16), 'stream entry')
            out[names[-1]] = self.stream(i)
        must(self.tree(right, e[67] == 0, out, names) == blacks,
             'black height', self.name(i))
        return blacks + e[67]

    def stream(self, i):
        start, size = struct.unpack_from('<IQ', self.entries[i], 116)
        who = 'stream %d' % i
        must(self.version == 4 or size < 1 << 31, 'stream size', size)
        if size == 0:
            must(start == END, 'place of an empty stream')
            return b''
        if size >= 4096:
            return self.chain(start, size, who)[:size]
        parts = []
        while start != END:
            must(start < self.mini_size and start not in self.mini_owner,
                 'mini sector of two', start, who)
            self.mini_owner[start] = who
            parts.append(self.mini[start * 64:start * 64 + 64])
            start = self.mini_fat[start]
        must(len(parts) == (size + 63) // 64, 'mini chain length', who)
        return b''.join(parts)[:size]

    def check_leftovers(self):
        for i, e in enumerate(self.entries):
            if i and i not in self.seen:
                must(e[66] == 0 and e == bytes(68) + b'\xff' * 12 + bytes(48),
                     'entry in no tree', i)
        lock = LOCK_OFFSET // self.size - 1
        for n in range(self.count):
            if n == lock and n not in self.owner:
                must(self.fat[n] == END, 'range lock')
                continue
            must((n in self.owner) == (self.fat[n] != FREE), 'lost sector', n)
        must(len(self.mini_owner) == self.mini_size, 'lost mini sector')


def read(data):
    return Compound(data).root
