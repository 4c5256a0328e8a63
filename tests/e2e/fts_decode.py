#!/usr/bin/env python3
"""Decodes an Exchange upload stream, strictly, into a tree of properties.

usage: fts_decode.py FILE...        prints the tree

Written from the format's description alone (targets.md section 7); shares
nothing with the product. Any departure is a Wrong: an envelope that is not as
it should be, an atom cut by the end of a buffer, an unknown type or marker, a
value that does not fit its type, a property out of place or twice.
"""
import struct
import sys

PREFIX = bytes.fromhex(
    '0100000008000000' '0000000001000000'
    '0300000018000000' '010000000703020000000000C000000000000046' '00240080'
    '0400000006000000')
BUFFER_MAX = 31680

FIXED = {0x0002: 2, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8,
         0x000B: 2, 0x0014: 8, 0x0040: 8, 0x0048: 16}
BINARY, OBJECT, TEXT = 0x0102, 0x000D, 0x84B0
MULTI = 0x1000
MARKERS = {0x40000003: 'NewAttach', 0x40010003: 'StartEmbed',
           0x40020003: 'EndEmbed', 0x40030003: 'StartRecip',
           0x40040003: 'EndToRecip', 0x400E0003: 'EndAttach'}
ROWID, ATTACH_NUM, ATTACH_DATA = 0x3000, 0x0E21, 0x3701


class Wrong(Exception):
    pass


def must(good, *words):
    if not good:
        raise Wrong(' '.join(str(w) for w in words))


def buffers(data):
    """The version's three numbers and the contents of the records."""
    must(data[:len(PREFIX)] == PREFIX, 'the envelope begins otherwise')
    at = len(PREFIX)
    version = struct.unpack_from('<3H', data, at)
    at += 6
    found = []
    while at < len(data):
        must(at + 8 <= len(data), 'a record is cut')
        kind, size = struct.unpack_from('<II', data, at)
        at += 8
        must(kind == 2, 'record', kind)
        must(0 < size <= BUFFER_MAX, 'a buffer of', size)
        must(at + size <= len(data), 'a buffer is cut')
        found.append(data[at:at + size])
        at += size
    must(found, 'no buffer')
    return version, found


class Stream:
    def __init__(self, parts):
        self.parts, self.part, self.at = parts, 0, 0

    def settle(self):
        while self.part < len(self.parts) and \
                self.at == len(self.parts[self.part]):
            self.part, self.at = self.part + 1, 0

    def ended(self):
        self.settle()
        return self.part == len(self.parts)

    def atom(self, size):
        """Bytes that must lie in one buffer."""
        must(not self.ended(), 'the stream ends early')
        got = self.parts[self.part][self.at:self.at + size]
        must(len(got) == size, 'an atom is cut in buffer', self.part)
        self.at += size
        return got

    def value(self, size):
        """Bytes that may go on in the next buffer."""
        pieces = []
        while size:
            must(not self.ended(), 'a value is cut')
            got = self.parts[self.part][self.at:self.at + size]
            self.at += len(got)
            size -= len(got)
            pieces.append(got)
        return b''.join(pieces)

    def number(self):
        return struct.unpack('<I', self.atom(4))[0]

    def peek(self):
        """The next four bytes, None at the end."""
        if self.ended():
            return None
        got = self.parts[self.part][self.at:self.at + 4]
        must(len(got) == 4, 'a tag is cut in buffer', self.part)
        return struct.unpack('<I', got)[0]

    def name(self):
        """Named information is one atom with the tag before it."""
        guid = self.atom(16)
        kind = self.atom(1)[0]
        if kind == 0:
            return guid, self.number()
        must(kind == 1, 'a name of kind', kind)
        text = b''
        while text[-2:] != b'\0\0' or len(text) % 2:
            text += self.atom(2)
        must(len(text) > 2, 'an empty name')
        return guid, text[:-2].decode('utf-16-le', 'surrogatepass')


class Property:
    def __init__(self, tag, name, value):
        self.id, self.type, self.name, self.value = (tag >> 16, tag & 0xFFFF,
                                                     name, value)

    def key(self):
        return self.name or self.id


class Decoder:
    def __init__(self, data):
        self.version, parts = buffers(data)
        self.stream = Stream(parts)
        self.names = {}    # number -> name
        self.numbers = {}  # name -> number
        self.item = self.content(0)
        must(self.stream.ended(), 'something follows the item')

    def tag(self):
        part = self.stream.part
        tag = self.stream.number()
        name = None
        if tag >> 31:
            if self.stream.part != part:
                part = self.stream.part
            name = self.stream.name()
            must(self.stream.part == part, 'a named property is cut')
            must(self.names.setdefault(tag >> 16, name) == name,
                 'number %04x has two names' % (tag >> 16))
            must(self.numbers.setdefault(name, tag >> 16) == tag >> 16,
                 name, 'has two numbers')
            must(len(self.names) > (tag >> 16) - 0x8000,
                 'numbers do not run from 8000')
        return tag, name

    def single(self, kind, in_list):
        s = self.stream
        if kind in FIXED:
            value = s.atom(FIXED[kind])
            must(kind != 0x0B or value in (b'\0\0', b'\1\0'), 'a Boolean',
                 value)
            return value
        must(kind in (BINARY, OBJECT, TEXT), 'type %04x' % kind)
        size = s.number()
        must(size or in_list and kind == BINARY, 'a value of length 0')
        value = s.value(size)
        if kind == TEXT:
            must(size % 2 == 0 and value[-2:] == b'\0\0', 'text without NUL')
            value = value[:-2]
        return value

    def property(self):
        tag, name = self.tag()
        kind, number = tag & 0xFFFF, tag >> 16
        must(not 0x6600 <= number <= 0x67FF, 'private id %04x' % number)
        must(kind != OBJECT or number == ATTACH_DATA, 'an object')
        if kind & MULTI:
            count = self.stream.number()
            must(0 < count, 'an empty list')
            must(kind & ~MULTI not in (OBJECT, 0x0B), 'a list of', kind)
            value = [self.single(kind & ~MULTI, True) for _ in range(count)]
        else:
            value = self.single(kind, False)
        return Property(tag, name, value)

    def properties(self):
        found = {}
        while self.stream.peek() is not None and \
                self.stream.peek() not in MARKERS:
            p = self.property()
            must(p.key() not in found, p.key(), 'is there twice')
            found[p.key()] = p
        return found

    def marker(self, want):
        got = self.stream.number()
        must(MARKERS.get(got) == want, 'marker %#x in place of' % got, want)

    def counted(self, id_, number):
        """What the first property of a recipient or attachment must be."""
        p = self.property()
        must(p.id == id_ and p.type == 3, 'property %04x comes first' % p.id)
        must(struct.unpack('<I', p.value)[0] == number,
             '%04x is not %d' % (id_, number))

    def next_is(self, name):
        return MARKERS.get(self.stream.peek()) == name

    def content(self, depth):
        must(depth < 100, 'too deep')
        item = {'props': self.properties(), 'recipients': [],
                'attachments': []}
        must(0x001A in item['props'], 'no class')
        must(0x0E07 in item['props'], 'no flags')
        while self.next_is('StartRecip'):
            self.marker('StartRecip')
            self.counted(ROWID, len(item['recipients']))
            item['recipients'].append(self.properties())
            self.marker('EndToRecip')
        while self.next_is('NewAttach'):
            item['attachments'].append(
                self.attachment(len(item['attachments']), depth))
        return item

    def attachment(self, number, depth):
        self.marker('NewAttach')
        self.counted(ATTACH_NUM, number)
        props, embedded = self.properties(), None
        if self.next_is('StartEmbed'):
            must(ATTACH_DATA not in props, 'data and a message')
            self.marker('StartEmbed')
            embedded = self.content(depth + 1)
            self.marker('EndEmbed')
        self.marker('EndAttach')
        return {'props': props, 'embedded': embedded}


def decode(data):
    """The item: {'props', 'recipients', 'attachments'}."""
    return Decoder(data).item


def show(value, kind):
    if isinstance(value, list):
        return '[' + ', '.join(show(v, kind & ~MULTI) for v in value) + ']'
    if kind == TEXT:
        return repr(value.decode('utf-16-le', 'replace'))[:70]
    return '%d: %s' % (len(value), value[:24].hex())


def print_props(props, indent):
    for p in props.values():
        key = '%04x' % p.id if p.name is None else '%s %s' % (
            p.name[0].hex(), p.name[1] if isinstance(p.name[1], str)
            else '%#x' % p.name[1])
        print(indent + '%s %04x %s' % (key, p.type, show(p.value, p.type)))


def print_item(item, indent=''):
    print_props(item['props'], indent)
    for row in item['recipients']:
        print(indent + 'recipient')
        print_props(row, indent + '    ')
    for att in item['attachments']:
        print(indent + 'attachment')
        print_props(att['props'], indent + '    ')
        if att['embedded']:
            print(indent + '    message')
            print_item(att['embedded'], indent + '        ')


def main():
    for path in sys.argv[1:]:
        with open(path, 'rb') as f:
            print_item(decode(f.read()))


if __name__ == '__main__':
    main()
