"""All properties of all items of a PST, for comparing with what the product
makes of them: node layer (ndb.py in tests/damage), heaps, property contexts,
tables, names, text. Written from the description of the format (mspst.md);
shares nothing with the product. For sound stores."""
import base64
import codecs
import hashlib
import os
import struct
import sys
import zlib
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'damage'))
import ndb  # noqa: E402

# The tables of [MS-PST] 5.1.
R = base64.b85decode(
    'K{gX&s3C5<^cKtne`M%g9`eg7bj4mZ(v?S^mMxlyOnrnu+pICRNMH8E*g1>mBRe>b$id$w'
    'u^^>JU{0L-s?%0cMSN8N2gxg)g_{YWkFB#0W2=cv*QXU)ab`llCQ56V`s#O6vTy|~{aHGO'
    'e$EE#f_PWQjYF@r9MoIQ;^`+(!w7PK&#>?HC~dwlO*E3#4m=_<<>dLF!qEzW65;NVgLdPW'
    '=3$B#d8D`8ka}E<0;bAo-cTA5letodSp4lBH%S|6;3+eiy=>W(^FUN@@Wykv);?tzL?7K}'
    '5b+Ed?5+c$6nm))|M;W8q5=0Vyd-FK4gR_>wb0r<')
S = base64.b85decode(
    '6jKjYv&ed!>t#q678RcY%v5}X01XTaqGG6a+u7~M#iZP<g>=@?r<<;tmT_joW0|<!bCQmP'
    'eWhN}U6Zj_QBZ)1Qj||l3TwQLe{M%cK|n+S5z7NV_w?bZk32g0`|uesf(b6kouGzE?r%+P'
    '#4Uj|C5Ib`s{96_5;*-#LULpiHzaCxcSHZ?v`aQz<k&SmMY$~Ow=pXz2WX=XX?qx+AvwM%'
    '8e4evBg!hUuRi_+jOXQ;GL_TzO6aEQ>GRbua3Jy@1!t{Q5YElxCp+4@*TN>$ksZ<;A~X2<'
    '@mlZCkhY7py}-W+mmX~5Vc^EWS*yEP-e2Efd495r')
I = bytes(R.index(i) for i in range(256))
SUMS = ('9ba99036454c100f42d8c59b7a94fa1af0539f270d92ff49181c310839bf99bd',
        '2ae6449a6dfd271c861fc3470e8587463677104331e14a5fbabd628dee89033d',
        'e5e364c16aa1a12f6765bb797d3da93c007ffd7fce570a5b630cfa315786af6d')
assert tuple(hashlib.sha256(t).hexdigest() for t in (R, S, I)) == SUMS

WIDTHS = {0x0002: 2, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8,
          0x000A: 4, 0x000B: 1, 0x0014: 8, 0x0040: 8}
NAMES, RECIPIENTS, ATTACHMENTS, MESSAGE, ATTACHMENT = 0x61, 0x692, 0x671, 4, 5
PS_MAPI, PS_PUBLIC_STRINGS = (
    bytes.fromhex('2%d03020000000000C000000000000046' % n) for n in (8, 9))


def u16(data, at=0):
    return struct.unpack_from('<H', data, at)[0]


def u32(data, at=0):
    return struct.unpack_from('<I', data, at)[0]


def decode_cyclic(data, bid):
    w = (bid ^ bid >> 16) & 0xFFFF
    out = bytearray()
    for b in data:
        low, high = w & 255, w >> 8
        b = S[(R[(b + low) & 255] + high) & 255]
        out.append((I[(b - high) & 255] - low) & 255)
        w = (w + 1) & 0xFFFF
    return bytes(out)


class Value:
    """A property as stored: its type and bytes. An Object has the number of
    the subnode that it stands for."""

    def __init__(self, kind, data):
        self.type, self.data = kind, data


class Pst(ndb.Store):
    def __init__(self, path):
        with open(path, 'rb') as f:
            data = f.read()
        self.inflated = {}
        super().__init__(data)
        self.crypt = data[461 if self.layout.ansi else 513]
        self.full = (8180 if self.layout.ansi else
                     65512 if self.layout.big else 8176)
        self.names = self.read_names()

    def bbt_leaf(self, at):
        super().bbt_leaf(at)
        if self.layout.big:
            self.inflated[self.word_at(at) & ~1] = u16(
                self.data, at + 2 * self.layout.word + 2)

    # ---- blocks ----

    def block(self, bid):
        bid &= ~1
        off, _, stored = self.blocks[bid]
        raw = self.data[off:off + stored]
        if not bid & 2:
            raw = self.decode(raw, bid)
        if self.layout.big and self.inflated[bid] != stored:
            raw = zlib.decompress(raw)
        return raw

    def decode(self, raw, bid):
        if self.crypt == 2:
            return decode_cyclic(raw, bid & 0xFFFFFFFF)
        return raw.translate(I) if self.crypt == 1 else raw

    def data_blocks(self, bid):
        bid &= ~1
        if not bid:
            return []
        if not bid & 2:
            return [self.block(bid)]
        raw, w = self.block(bid), self.layout.word
        found = []
        for i in range(u16(raw, 2)):
            at = 8 + i * w
            found += self.data_blocks(
                int.from_bytes(raw[at:at + w], 'little'))
        return found

    def subnodes(self, bid):
        """{nid: (data, sub)}"""
        bid &= ~1
        if not bid:
            return {}
        raw, w = self.block(bid), self.layout.word
        head, found = (4 if w == 4 else 8), {}
        size = 3 * w if raw[1] == 0 else 2 * w
        for i in range(u16(raw, 2)):
            words = [int.from_bytes(raw[at:at + w], 'little') for at in
                     range(head + i * size, head + (i + 1) * size, w)]
            if raw[1]:
                found.update(self.subnodes(words[1]))
            else:
                found[words[0] & 0xFFFFFFFF] = (words[1], words[2])
        return found

    def read_names(self):
        """{id: (guid, number or text)}"""
        if NAMES not in self.nodes:
            return {}
        props = Heap(self, *self.nodes[NAMES][:2]).context()
        guids, entries, texts = (
            props[i].data if i in props else b'' for i in (2, 3, 4))
        fixed = {0: bytes(16), 1: PS_MAPI, 2: PS_PUBLIC_STRINGS}
        found = {}
        for at in range(0, len(entries) - 7, 8):
            number, which, index = struct.unpack_from('<IHH', entries, at)
            n = which >> 1
            guid = fixed.get(n) or guids[(n - 3) * 16:(n - 2) * 16]
            name = number
            if which & 1:
                size = u32(texts, number)
                name = texts[number + 4:number + 4 + size].decode(
                    'utf-16-le', 'surrogatepass').split('\0')[0]
            found.setdefault(0x8000 + index, (guid, name))
        return found

    # ---- items ----

    def items(self):
        """Node ids of the items that folders have."""
        return sorted(nid for nid, (data, _, parent) in self.nodes.items()
                      if nid & 31 == MESSAGE and data & ~1)

    def item(self, nid):
        return Item(self, *self.nodes[nid][:2])


class Heap:
    """A heap on a node, with the node's subnodes."""

    def __init__(self, pst, data, sub):
        self.pst, self.blocks = pst, pst.data_blocks(data)
        self.sub = pst.subnodes(sub)
        assert self.blocks and self.blocks[0][2] == 0xEC, 'no heap'
        self.root = u32(self.blocks[0], 4)

    def get(self, hid):
        if not hid:
            return b''
        bits = 14 if self.pst.layout.big else 11
        block = self.blocks[hid >> (5 + bits)]
        index, at = hid >> 5 & (1 << bits) - 1, u16(block)
        assert 0 < index <= u16(block, at), 'no such allocation'
        return block[u16(block, at + 2 + 2 * index):
                     u16(block, at + 4 + 2 * index)]

    def value(self, hnid):
        """The bytes behind an HNID; None when its subnode is missing."""
        if hnid & 31 == 0:
            return self.get(hnid)
        if hnid not in self.sub:
            return None
        return b''.join(self.pst.data_blocks(self.sub[hnid][0]))

    def leaf(self, hid, key, size, level):
        data = self.get(hid)
        if level == 0:
            step = key + size
            return [data[i:i + step] for i in
                    range(0, len(data) - step + 1, step)]
        return [r for at in range(0, len(data), key + 4)
                for r in self.leaf(u32(data, at + key), key, size, level - 1)]

    def tree(self, hid):
        head = self.get(hid)
        assert head[0] == 0xB5, 'no tree'
        return self.leaf(u32(head, 4), head[1], head[2], head[3])

    def context(self):
        """{id: Value}"""
        found = {}
        for record in self.tree(self.root):
            number, kind, hnid = struct.unpack('<HHI', record)
            if kind == 0 or number in found:
                continue
            width = WIDTHS.get(kind)
            if width and width < 8:
                data = struct.pack('<I', hnid)[:width]
            else:
                data = self.value(hnid)
            found[number] = Value(kind, data)
        return found

    def rows(self):
        """[{id: Value}], in row order."""
        info = self.get(self.root)
        assert info[0] == 0x7C, 'no table'
        bits, length = u16(info, 6), u16(info, 8)
        index, matrix = u32(info, 10), u32(info, 14)
        columns = [struct.unpack_from('<IHBB', info, 22 + 8 * i)
                   for i in range(info[1])]
        if not matrix:
            return []
        if matrix & 31:
            blocks = self.pst.data_blocks(self.sub[matrix][0])
        else:
            blocks = [self.get(matrix)]
        raw = [b[at:at + length] for b in blocks
               for at in range(0, len(b) - length + 1, length)]
        live = sorted(int.from_bytes(r[4:], 'little')
                      for r in self.tree(index))
        return [self.row(raw[n], columns, bits) for n in live
                if n < len(raw)]

    def row(self, raw, columns, bits):
        found = {}
        for tag, at, size, bit in columns:
            if not raw[bits + bit // 8] & 0x80 >> bit % 8:
                continue
            kind = tag & 0xFFFF
            width = WIDTHS.get(kind)
            data = raw[at:at + width] if width else self.value(u32(raw, at))
            found[tag >> 16] = Value(kind, data)
        return found


class Item:
    """A message: props, recipients, attachments."""

    def __init__(self, pst, data, sub):
        heap = Heap(pst, data, sub)
        self.props = heap.context()
        self.recipients, self.attachments = [], []
        if RECIPIENTS in heap.sub:
            self.recipients = Heap(pst, *heap.sub[RECIPIENTS]).rows()
        listed = []
        if ATTACHMENTS in heap.sub:
            listed = [u32(row[0x67F2].data) for row in
                      Heap(pst, *heap.sub[ATTACHMENTS]).rows()]
        rest = [n for n in heap.sub if n & 31 == ATTACHMENT and
                n not in listed]
        self.attachments = [Attachment(pst, *heap.sub[n])
                            for n in listed + sorted(rest)]


class Attachment:
    def __init__(self, pst, data, sub):
        heap = Heap(pst, data, sub)
        self.props, self.embedded, self.data = heap.context(), None, None
        value = self.props.get(0x3701)
        method = self.props.get(0x3705)
        if value is None:
            return
        self.data = value.data
        if value.type == 0x000D:
            node = heap.sub[u32(value.data)]
            if method is not None and u32(method.data) == 5:
                self.embedded, self.data = Item(pst, *node), None
            else:
                self.data = b''.join(pst.data_blocks(node[0]))


# ---- text (mspst.md section 19) ----

PYTHON = {20127: 'ascii', 20866: 'koi8_r', 21866: 'koi8_u', 65000: 'utf_7',
          65001: 'utf_8', 50220: 'iso2022_jp', 50221: 'iso2022_jp',
          50222: 'iso2022_jp', 50225: 'iso2022_kr', 51932: 'euc_jp',
          51949: 'euc_kr', 52936: 'hz', 54936: 'gb18030', 936: 'gbk'}
LOCALES = {}
for page, lcids in {932: '1041', 936: '2052 4100', 949: '1042',
                    950: '1028 3076 5124', 874: '1054',
                    1250: '1029 1038 1045 1048 1050 1051 1052 1060',
                    1251: '1026 1049 1058 1059 1071 1087 3098', 1253: '1032',
                    1254: '1055 1068', 1255: '1037', 1256: '1025 1065 1056',
                    1257: '1061 1062 1063', 1258: '1066'}.items():
    LOCALES.update({int(n): page for n in lcids.split()})


def codec(page):
    if 28591 <= page <= 28605:
        return 'iso8859_%d' % (page - 28590)
    name = PYTHON.get(page, 'cp%d' % page)
    try:
        codecs.lookup(name)
        return name
    except LookupError:
        return None


def own_page(props):
    """The code page that an object names, 0 for none."""
    def number(i):
        return u32(props[i].data) if i in props and \
            props[i].type == 3 else 0
    page = number(0x3FFD)
    if page == 1200:
        return 65001
    if page and codec(page):
        return page
    if number(0x3FF1):
        return LOCALES.get(number(0x3FF1), 1252)
    page = number(0x66C3)
    return page if page and codec(page) else 0


def store_page(pst):
    """What most items say."""
    pages = Counter(own_page(pst.item(n).props) for n in pst.items()[:64])
    pages.pop(0, None)
    return pages.most_common(1)[0][0] if pages else 1252


def narrow_text(data, page, fallback):
    """8-bit text; page: what the object or its owner names."""
    data = data.rstrip(b'\0')
    if not page:
        try:
            return data.decode('utf-8')
        except UnicodeDecodeError:
            page = fallback
    return data.decode(codec(page), 'replace')
