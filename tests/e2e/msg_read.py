"""Reads Outlook's message files ([MS-OXMSG]) strictly: each stream belongs to
an entry and each entry has its stream, sizes and counts agree, the streams of
name hashes are right. Written from the specification for the tests.
"""
import struct
import uuid

import cfb_read
from cfb_read import must

FIXED = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0B: 2,
         0x14: 8, 0x40: 8}
LISTED = {**FIXED, 0x48: 16}
PS_MAPI = uuid.UUID('00020328-0000-0000-C000-000000000046')
PS_PUBLIC = uuid.UUID('00020329-0000-0000-C000-000000000046')
PS_HEADERS = uuid.UUID('00020386-0000-0000-C000-000000000046')
CLASS_MESSAGE = uuid.UUID('00020D0B-0000-0000-C000-000000000046')


class Object:
    """props: key -> (type, value); a key is an id, or (set, number or name).
    Values: bytes of fixed ones, str, bytes, lists of them."""

    def __init__(self):
        self.props = {}
        self.recipients, self.attachments = [], []
        self.message = None  # of an attachment: the embedded message,
        self.storage = None  # or the storage of an OLE object

    def get(self, key, default=None):
        return self.props.get(key, (0, default))[1]

    def number(self, key):
        return int.from_bytes(self.get(key, b''), 'little')


def crc32(data):
    """[MS-OXRTFCP] 3.1.3.2."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc


class Reader:
    def __init__(self, data):
        self.file = cfb_read.Compound(data)
        root = dict(self.file.root)
        must(uuid.UUID(bytes_le=self.file.root.clsid) == CLASS_MESSAGE,
             'class of the root')
        must('__nameid_version1.0' in root, 'no names')
        self.names = self.load_names(dict(root.pop('__nameid_version1.0')))
        self.message = self.load_message(root, 32)

    # ---- names ----

    @staticmethod
    def load_texts(raw):
        texts, at = {}, 0
        while at < len(raw):
            size = struct.unpack_from('<I', raw, at)[0]
            texts[at] = raw[at + 4:at + 4 + size]
            must(size % 2 == 0 and len(texts[at]) == size, 'name text')
            end = at + 4 + (size + 3) // 4 * 4
            must(not any(raw[at + 4 + size:end]), 'name padding')
            at = end
        return texts

    def load_names(self, storage):
        guids = storage.pop('__substg1.0_00020102')
        entries = storage.pop('__substg1.0_00030102')
        texts = self.load_texts(storage.pop('__substg1.0_00040102'))
        must(len(guids) % 16 == 0 and len(entries) % 8 == 0, 'name streams')
        sets = [None, PS_MAPI, PS_PUBLIC] + [
            uuid.UUID(bytes_le=guids[i:i + 16])
            for i in range(0, len(guids), 16)]
        must(len(set(sets)) == len(sets), 'property set twice')
        names, buckets = [], {}
        for i in range(0, len(entries), 8):
            what, kind, number = struct.unpack_from('<IHH', entries, i)
            must(number == i // 8 and kind >> 1, 'name entry', number)
            space, hashed = sets[kind >> 1], what
            if kind & 1:
                raw = texts[what]
                what = raw.decode('utf-16-le', 'surrogatepass')
                low = raw
                if space == PS_HEADERS:
                    low = what.lower().encode('utf-16-le', 'surrogatepass')
                hashed = crc32(low)
            names.append((space, what))
            stream = '__substg1.0_%04X0102' % (0x1000 + (hashed ^ kind) % 31)
            buckets[stream] = buckets.get(stream, b'') + struct.pack(
                '<IHH', hashed, kind, number)
        must(len(set(names)) == len(names), 'name twice')
        must(buckets == storage, 'hash streams', set(buckets) ^ set(storage))
        return names

    def key(self, number):
        if number < 0x8000:
            return number
        must(number - 0x8000 < len(self.names), 'number without a name')
        return self.names[number - 0x8000]

    # ---- properties ----

    def value(self, kind, raw, size, streams, stem):
        """The value of an entry that has a stream; takes it from streams."""
        if kind & 0x1000:
            return self.values(kind & 0xFFF, size, streams, stem)
        data = streams.pop(stem, None)
        must(isinstance(data, bytes), 'no stream', stem)
        if kind == 0x1F:
            must(size == len(data) + 2 and data, 'text size', stem)
            text = data.decode('utf-16-le', 'surrogatepass')
            must(not text.endswith('\0'), 'NUL at the end', stem)
            return text
        must(kind in (0x48, 0x102) and size == len(data), 'size', stem, kind)
        return data

    def values(self, kind, size, streams, stem):
        data = streams.pop(stem)
        must(size == len(data), 'list size', stem)
        if kind in LISTED:
            width = LISTED[kind]
            must(len(data) % width == 0, 'list', stem)
            return [data[i:i + width] for i in range(0, len(data), width)]
        must(kind in (0x1F, 0x102), 'list type', kind)
        width, out = (4 if kind == 0x1F else 8), []
        for i in range(0, len(data), width):
            one = streams.pop('%s-%08X' % (stem, i // width))
            must(struct.unpack_from('<I', data, i)[0] == len(one),
                 'length of a value', stem)
            must(not any(data[i + 4:i + width]), 'length of a value', stem)
            if kind == 0x1F:
                must(one[-2:] == b'\0\0', 'value without NUL', stem)
                one = one[:-2].decode('utf-16-le', 'surrogatepass')
            out.append(one)
        return out

    def load_props(self, out, streams, head):
        """Takes what the property stream names; returns its head."""
        raw = streams.pop('__properties_version1.0')
        must(len(raw) >= head and (len(raw) - head) % 16 == 0, 'properties')
        for at in range(head, len(raw), 16):
            kind, number, flags, size, more = struct.unpack_from(
                '<HHIII', raw, at)
            key = self.key(number)
            must(key not in out.props, 'property twice', key)
            must(flags == 6, 'flags')
            stem = '__substg1.0_%04X%04X' % (number, kind)
            if kind in FIXED:
                width = FIXED[kind]
                must(not any(raw[at + 8 + width:at + 16]), 'value tail', key)
                out.props[key] = (kind, raw[at + 8:at + 8 + width])
            elif kind == 0x0D:
                must(size == 0xFFFFFFFF and more in (1, 4), 'object', key)
                self.load_object(out, streams.pop(stem), more)
            else:
                must(more == 0, 'reserved', key)
                out.props[key] = (kind, self.value(kind, raw, size, streams,
                                                   stem))
        return raw[:head]

    def load_object(self, out, storage, more):
        must(isinstance(storage, cfb_read.Storage), 'no storage')
        if more == 1:
            out.message = self.load_message(dict(storage), 24)
        else:
            out.storage = storage

    def load_others(self, streams, stem, load):
        out = []
        while '%s%08X' % (stem, len(out)) in streams:
            name = '%s%08X' % (stem, len(out))
            out.append(load(dict(streams.pop(name)), len(out)))
        return out

    def load_plain(self, streams, number, key):
        out = Object()
        must(self.load_props(out, streams, 8) == bytes(8), 'head')
        must(not streams, 'streams left', sorted(streams))
        must(out.number(key) == number, 'number', key)
        return out

    def load_message(self, streams, head):
        out = Object()
        out.recipients = self.load_others(
            streams, '__recip_version1.0_#',
            lambda s, i: self.load_plain(s, i, 0x3000))
        out.attachments = self.load_others(
            streams, '__attach_version1.0_#',
            lambda s, i: self.load_plain(s, i, 0x0E21))
        raw = self.load_props(out, streams, head)
        must(not streams, 'streams left', sorted(streams))
        counts = (len(out.recipients), len(out.attachments))
        must(struct.unpack_from('<4I', raw, 8) == counts * 2, 'counts')
        must(not any(raw[:8]) and not any(raw[24:]), 'head')
        must(out.number(0x340D) & 0x40000, 'not Unicode')
        return out


def read(data):
    return Reader(data).message
