"""Compares an item as the store has it (pst_props) with what a decoder found
in its upload stream (fts_decode): no property may be lost or changed but those
that the tables below name. They are written from targets.md 7.5."""
import struct
from collections import Counter

import pst_props
from fts_decode import FIXED, MULTI, TEXT

MESSAGE, RECIPIENT, ATTACHMENT = 'message', 'recipient', 'attachment'
STRING, STRING8, BINARY, HTML = 0x001F, 0x001E, 0x0102, 0x1013
RTF, CODEPAGE, SUBJECT, CLASS, FLAGS = 0x1009, 0x3FDE, 0x0037, 0x001A, 0x0E07

# Types that no property has: Unspecified, Null, Error, Object, ServerId,
# Restriction, Actions, list of Error.
NO_TYPES = {0, 1, 0xA, 0xD, 0xFB, 0xFD, 0xFE, 0x100A}
# What a server makes itself and what is a PST's own.
LEFT_OUT = {0x0E08, 0x0E09, 0x0E12, 0x0E13, 0x0E1B, 0x0E20, 0x0E30, 0x0E33,
            0x0E34, 0x0E38, 0x0FFF, 0x0FFB, 0x0FFA, 0x0FF9, 0x0FF8, 0x0FF7,
            0x0FF6, 0x0FF5, 0x0FF4, 0x0FFE, 0x3013, 0x3FFA, 0x3FFB, 0x65E0,
            0x65E1, 0x65E2, 0x65E3} | set(range(0x6600, 0x6800))
LEFT_OUT_OF = {MESSAGE: {0x0E02, 0x0E03, 0x0E04}, RECIPIENT: {0x3000, 0x5FF7},
               ATTACHMENT: {0x0E21}}
# Entry ids that are kept when they hold an address: one-off, address book.
ENTRY_IDS = {0x003F, 0x0041, 0x0043, 0x0C19}
PROVIDERS = {bytes.fromhex('812B1FA4BEA310199D6E00DD010F5402'),
             bytes.fromhex('DCA740C8C042101AB4B908002B2FE182')}
# Added where an object has none.
MADE = {(MESSAGE, CLASS): 'IPM.Note'.encode('utf-16-le'),
        (MESSAGE, FLAGS): bytes(4), (RECIPIENT, 0x0C15): b'\1\0\0\0',
        (ATTACHMENT, 0x3705): b'\1\0\0\0'}
DEFECT = (bytes.fromhex('8603020000000000C000000000000046'),
          'X-Pstfs-Defect')


class Tally(Counter):
    """What was met: properties equal, left out, mended; and what is wrong."""

    def __init__(self):
        super().__init__()
        self.wrong = []


def trimmed(data):
    data = data[:len(data) & ~1]
    while data[-2:] == b'\0\0':
        data = data[:-2]
    return data


def wide(text):
    return text.encode('utf-16-le', 'surrogatepass')


def elements(data):
    count = pst_props.u32(data) if data else 0
    ends = [pst_props.u32(data, 4 + 4 * i) for i in range(count)]
    ends.append(len(data))
    return [data[ends[i]:ends[i + 1]] for i in range(count)]


class Compare:
    def __init__(self, pst, tally):
        self.pst, self.tally = pst, tally
        self.fallback = pst_props.store_page(pst)

    def wrong(self, *words):
        self.tally.wrong.append(' '.join(str(w) for w in words))

    # ---- what the stream should have ----

    def text(self, value, page):
        if value.type & 0xFFF == STRING:
            if value.data[:4] in (b'IPM.', b'IPF.'):
                return wide(value.data.split(b'\0')[0].decode('cp1252'))
            return trimmed(value.data)
        return wide(pst_props.narrow_text(value.data, page, self.fallback))

    def value(self, number, value, page):
        """(type, value) in the stream; None: it is left out."""
        kind, data = value.type, value.data
        if number == HTML and kind in (STRING, STRING8):
            data = data.rstrip(b'\0') if kind == STRING8 else trimmed(
                data).decode('utf-16-le', 'replace').encode()
            self.tally['mended'] += 1
            return (BINARY, data) if data else None
        if kind in (STRING, STRING8):
            return TEXT, self.text(value, page)
        if kind == BINARY:
            return (kind, data) if data else None
        if kind == 0x0B:
            return kind, b'\1\0' if data[0] else b'\0\0'
        if kind & MULTI:
            return self.list(value, page)
        if kind in FIXED:
            return kind, data
        return 'unknown', kind

    def list(self, value, page):
        kind, single = value.type, value.type & ~MULTI
        if single in FIXED:
            step = FIXED[single]
            found = [value.data[i:i + step] for i in
                     range(0, len(value.data) - step + 1, step)]
        elif single in (STRING, STRING8, BINARY):
            found = elements(value.data)
        else:
            return 'unknown', kind
        if single in (STRING, STRING8):
            kind = TEXT | MULTI
            found = [self.text(pst_props.Value(single, e), page)
                     for e in found]
        return (kind, found) if found else None

    def is_left_out(self, of, number, value, props):
        if value.type in NO_TYPES or number in LEFT_OUT or \
                number in LEFT_OUT_OF[of]:
            return True
        if number == 0x0E1F and RTF not in props:
            return True
        return number in ENTRY_IDS and value.data[4:20] not in PROVIDERS

    def expected(self, of, props, page):
        """{key: (type, value)}, and how many losses must be told."""
        found, told = {}, 0
        for number, value in props.items():
            if of == ATTACHMENT and number == 0x3701:
                continue
            if self.is_left_out(of, number, value, props):
                self.tally['left out'] += 1
                continue
            key = self.pst.names.get(number) if number >= 0x8000 else number
            got = None if key is None or value.data is None else \
                self.value(number, value, page)
            if key is None or value.data is None or \
                    got and got[0] == 'unknown':
                told += 1
                self.tally['told as lost'] += 1
            elif got is None:
                self.tally['empty'] += 1
            else:
                found[key] = got
        for (kind, number), value in MADE.items():
            if kind == of and not found.get(number, (0, b''))[1]:
                found[number] = (TEXT if number == CLASS else 3, value)
        if of == MESSAGE:
            self.mend_message(found, props, page)
        return found, told

    def mend_message(self, found, props, page):
        flags = pst_props.u32(found[FLAGS][1]) if FLAGS in props else 0
        name = found[CLASS][1].decode('utf-16-le').upper()
        is_mail = name == 'IPM.NOTE' or name.startswith('IPM.NOTE.')
        found[FLAGS] = (3, struct.pack('<I', flags & (9 if is_mail else 1)))
        if HTML in props and props[HTML].type == STRING:
            found[CODEPAGE] = (3, struct.pack('<I', 65001))
        if SUBJECT in props and found[SUBJECT][1][:2] == b'\1\0':
            self.mend_subject(found, props[SUBJECT], page)

    def mend_subject(self, found, stored, page):
        text = found[SUBJECT][1]
        count = struct.unpack('<H', text[2:4])[0] if text[2:4] else 0
        prefix = 2 * (count - 1) if count else 0
        if stored.type == STRING8 and count:
            prefix = len(wide(pst_props.narrow_text(
                stored.data[2:1 + count], page, self.fallback)))
        text = text[4:]
        prefix = prefix if prefix <= len(text) else 0
        found[SUBJECT] = (TEXT, text)
        found.setdefault(0x003D, (TEXT, text[:prefix]))
        found.setdefault(0x0E1D, (TEXT, text[prefix:]))
        self.tally['mended'] += 1

    # ---- against what it has ----

    def props(self, where, of, stored, got, page):
        want, told = self.expected(of, stored, page)
        for key in set(want) | set(got):
            if key == DEFECT and key not in want:
                self.tally['defects'] += 1
            elif key not in got:
                self.wrong(where, 'lost', show(key), want[key])
            elif key not in want:
                self.wrong(where, 'made up', show(key), got[key].value)
            elif (got[key].type, got[key].value) == want[key]:
                self.tally['equal'] += 1
            elif is_same_number(want[key], got[key]):
                self.tally['mended'] += 1
            else:
                self.wrong(where, 'changed', show(key), want[key],
                           '%04x' % got[key].type, got[key].value)
        return told

    def attachment(self, where, stored, got, page):
        props = dict(got['props'])
        data = props.pop(0x3701, None)
        page = pst_props.own_page(stored.props) or page
        told = self.props(where, ATTACHMENT, stored.props, props, page)
        if stored.embedded:
            if got['embedded'] is None:
                self.wrong(where, 'lost its message')
            else:
                self.message(where, stored.embedded, got['embedded'], page)
        elif (data.value if data else b'') != (stored.data or b''):
            self.wrong(where, 'other data')
        elif data:
            self.tally['attachments'] += 1
        return told

    def message(self, where, stored, got, outer=0):
        self.tally['messages'] += 1
        page = pst_props.own_page(stored.props) or outer
        told = self.props(where, MESSAGE, stored.props, got['props'], page)
        for what in ('recipients', 'attachments'):
            a, b = getattr(stored, what), got[what]
            if len(a) != len(b):
                self.wrong(where, len(b), what, 'of', len(a))
        for i, (row, found) in enumerate(zip(stored.recipients,
                                             got['recipients'])):
            self.tally['recipients'] += 1
            told += self.props('%s recipient %d' % (where, i), RECIPIENT, row,
                               found, pst_props.own_page(row) or page)
        for i, (att, found) in enumerate(zip(stored.attachments,
                                             got['attachments'])):
            told += self.attachment('%s attachment %d' % (where, i), att,
                                    found, page)
        if told and DEFECT not in got['props']:
            self.wrong(where, 'a loss that is not told')


def is_same_number(want, got):
    kinds = (2, 3, 0x0B, 0x14)
    if want[0] not in kinds or got.type not in kinds:
        return False
    return int.from_bytes(want[1], 'little', signed=True) == \
        int.from_bytes(got.value, 'little', signed=True)


def show(key):
    if isinstance(key, int):
        return '%04x' % key
    return '%s/%s' % (key[0].hex()[:8], key[1])
