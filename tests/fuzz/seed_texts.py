"""Seeds for the targets whose input is text or a small blob."""
import struct


def u16(text):
    return text.encode('utf-16-le')


# ---- RTF: plain, and compressed with literals only ----

RTF = [
    rb'{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fcharset0 Arial;}'
    rb'{\f1\fcharset128 MS Gothic;}}{\*\htmltag64 <p>}\htmlrtf \par \htmlrtf0 '
    rb'Gr\'fc\'dfe {\*\htmltag148 <b>}\f1 \'82\'a0\f0 \u8364?\line\tab x'
    rb'{\*\htmltag 156 </b>}\uc2\u246  \~\_\-{\*\mhtmltag1 <i>}\par}',
    rb'{\rtf1\ansi\fromtext \fbidis\deff0{\fonttbl{\f0\fswiss Arial;}}'
    rb'\uc1\pard\plain\deftab360 \f0\fs20 Hello\par world\\\{\}\bullet '
    rb'{\pict\bin5 12345}\emdash\lquote\par}',
    rb'{\rtf1\mac\deff0{\info{\title t}}{\stylesheet{\s1 x;}}\pard plain'
    rb'{\field{\*\fldinst HYPERLINK "http://x.y"}{\fldrslt link}}\cell\row}',
    rb'{\rtf1\ansi\ansicpg932\deff0{\fonttbl{\f0 A;}{\f1\fcharset2 S;}}'
    rb'{\colortbl;\red1\green2\blue3;}\pard\qc\li200 a{\b \'93}{\i \'fa}'
    rb'\trowd\intbl x\cell{\cf1\fs20\ul y}\cell\row\pard{\pntext\f1\'b7'
    rb'\tab}z\par\rtlpar{\v h}{\*\shppict{\pict 00}}\super 2\line}',
]


def lzfu(data):
    out = b''.join(b'\0' + data[i:i + 8] for i in range(0, len(data), 8))
    return struct.pack('<IIII', len(out) + 12, len(data), 0x75465A4C, 0) + out


# the example of [MS-OXRTFCP] 4.1, with references into the window
OXRTFCP = bytes.fromhex(
    '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c'
    '090020627705b06c647d0a800fa0')


def rtf():
    return ([b'\2' + r for r in RTF] + [b'\0' + lzfu(r) for r in RTF] +
            [b'\1' + OXRTFCP, b'\0' + OXRTFCP,
             b'\1' + struct.pack('<IIII', 17, 5, 0x414C454D, 0) + b'{\\rt}'])


# ---- recurrence and zones ----

def pattern(freq, kind, detail, end=0x2021, count=10, deleted=(), changed=()):
    out = struct.pack('<HHHHHIII', 0x3004, 0x3004, freq, kind, 0, 0, 1440, 0)
    out += detail + struct.pack('<III', end, count, 0)
    out += struct.pack('<I', len(deleted)) + b''.join(
        struct.pack('<I', d) for d in deleted)
    out += struct.pack('<I', len(changed)) + b''.join(
        struct.pack('<I', d) for d in changed)
    return out + struct.pack('<II', 214000000, 0x5AE980DF)


def exceptions(changes):
    out = struct.pack('<IIII', 0x3006, 0x3009, 600, 660)
    out += struct.pack('<H', len(changes))
    for date, flags, text in changes:
        out += struct.pack('<IIIH', date + 600, date + 660, date + 600, flags)
        if flags & 0x11:
            size = len(text)
            field = struct.pack('<HH', size + 1, size) + text
            out += field * ((flags & 1) + (flags >> 4 & 1))
        if flags & 0x20:
            out += struct.pack('<I', 2)
        if flags & 0x80:
            out += struct.pack('<I', 1)
    out += struct.pack('<I', 0)
    for date, flags, text in changes:
        out += struct.pack('<II', 4, 0) + struct.pack('<I', 0)
        if flags & 0x11:
            out += struct.pack('<III', date + 600, date + 660, date + 600)
            wide = u16(text.decode('latin-1'))
            field = struct.pack('<H', len(text)) + wide
            out += field * ((flags & 1) + (flags >> 4 & 1))
            out += struct.pack('<I', 0)
    return out + struct.pack('<I', 0)


def recur():
    day = 213000480
    week = struct.pack('<I', 0x2A)
    changes = [(day, 0x11, b'Gr\xfc\xdfe'), (day + 1440, 0xA0, b'')]
    tails = [b'', exceptions([]), exceptions(changes)]
    heads = [pattern(0x200A, 0, b''),
             pattern(0x200B, 1, week, deleted=[day, day + 1440]),
             pattern(0x200C, 2, struct.pack('<I', 31), end=0x2022),
             pattern(0x200C, 3, struct.pack('<II', 4, 5), end=0x2023),
             pattern(0x200D, 4, struct.pack('<I', 29)),
             pattern(0x200B, 1, week, deleted=[day, day + 1440, day + 2880],
                     changed=[day, day + 1440])]
    return [b'\0' + h + t for h in heads for t in tails]


def zone():
    struct_ = struct.pack('<iii', -60, 0, -60) + bytes(
        36) + struct.pack('<H8H', 0, 0, 10, 0, 5, 3, 0, 0, 0)
    rule = struct.pack('<BBHHH', 2, 1, 62, 2, 2024) + bytes(14)
    rule += struct.pack('<iii', -60, 0, -60) + bytes(32)
    name = u16('W. Europe Standard Time')
    head = struct.pack('<BBHHH', 2, 1, 6 + len(name), 2, len(name) // 2)
    definition = head + name + struct.pack('<H', 2) + rule * 2
    return [b'\0' * 5 + struct_, b'\0\0\1\2\3' + definition,
            b'\0' * 5 + struct_[:48]]


# ---- headers and addresses ----

HEADERS = b'''Received: from a.b (c [1.2.3.4])
\tby d.e with SMTP id x; Mon, 1 Jan 2001 00:00:00 +0100 (CET)
From: =?utf-8?Q?J=C3=BCrgen?= <j@x.y>, "Doe, John" <d@x.y>
To: undisclosed-recipients:;
Cc: team: a@b.c, D <e@f.g>;, <@r.s:h@i.j>, (c (n)) x@[1.2.3.4]
Subject: =?iso-8859-1?B?R3L832U=?= =?windows-1252?q?x_y?= tail
Date: Mon, 01 Jan 2001 00:00:00 +0000
Message-ID: <a.b@c.d>
References: <1@x> <2@y>
X-Bad\xe4: \xff
 folded
 line
: nothing
Content-Type: text/plain
From: twice@x.y

body
'''


def transport():
    fields = HEADERS.split(b'\n')
    return [HEADERS, HEADERS.replace(b'\n', b'\r\n')] + [
        f + b'\n' for f in fields if f]


def header():
    texts = [b'plain', b'Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln ' * 8, b'a' * 300,
             b'bad \xff\xfe bytes', b'in\r\njected: yes', b'=?utf-8?Q?x?=',
             b'\xf0\x9f\x98\x80' * 60, b'"q" \\ ; , : ', b'a ' * 90]
    parts = b'name.txt\0J\xc3\xbcrgen "x"\0' + b'long' * 60 + b'\0a, b; c\0'
    return ([bytes([k]) + t for k in (1, 2) for t in texts] +
            [b'\0' + parts, b'\xfc' + parts, b'\x54' + parts])


def oneoff():
    uid = bytes.fromhex('812b1fa4bea310199d6e00dd010f5402')

    def one(flags, encode, texts):
        end = encode('\0')
        return (bytes(4) + uid + struct.pack('<HH', 0, flags) +
                b''.join(encode(t) + end for t in texts))

    names = ['J\xfcrgen', 'SMTP', 'j@example.com']
    wide = one(0x9001, u16, names)
    narrow = one(0, lambda t: t.encode('latin-1'), names)
    ex = one(0x8000, u16, ['X', 'EX', '/o=A/ou=B/cn=c'])
    mv = struct.pack('<III', 2, 12, 12 + len(wide)) + wide + narrow
    wrap = bytes(4) + bytes.fromhex('c091add3519dcf11a4a900aa0047faa4')
    own = bytes(20) + struct.pack('<I', 0x200024)
    book = (bytes(4) + bytes.fromhex('dca740c8c042101ab4b908002b2fe182') +
            bytes(8) + b'/o=A/cn=b\0')
    links = [wrap + b'\xc3' + own, wrap + b'\xe3' + own, wrap + b'\xb4' + own,
             wrap + b'\xb5' + book, book]
    return [b'\0' + x for x in [wide, narrow, ex, mv] + links]


# ---- character sets and names ----

def charset():
    texts = ['ascii', 'Gr\xfc\xdfe', '\u3042\u6f22', '\u05d0\u05d1',
             '\U0001F600 x', 'a\0b\0']
    out = []
    for number, name in enumerate(
            ['cp932', 'gbk', 'cp949', 'big5', 'utf-16-le', 'utf-16-be',
             'cp1250', 'cp1251', 'cp1252', 'iso2022_jp', 'gb18030', 'utf-7',
             'utf-8', 'euc_jp']):
        for how, text in enumerate(texts):
            out.append(struct.pack('<IB', number * 4 + 1, how) +
                       text.encode(name, 'replace'))
    html = (b'<html><head><meta http-equiv=content-type content="text/html; '
            b'charset=iso-2022-jp"></head><meta charset=utf-8>\x1b$B$"\x1b(B')
    return out + [struct.pack('<IB', 1, 0) + html]


def name():
    texts = ['Re: a/b', '..hidden', 'con', 'COM1.txt', 'x' * 300, 'e\u0301',
             '\u202eabc', 'tail. . ', '\u1e9e\u0130', '\ud7ff\uac00\u11a8',
             '\u3042' * 100, '<>:"|?*', ' ', 'a\u2028b', '\u00a0x']
    return [bytes([h]) + t.encode() for t in texts for h in (0, 6)] + [
        b'\0\xff\xc3\xe2\x82']


# ---- settings, control, pstctl ----

def settings():
    return [b'[job]\nworkers = 4\n', b'; c\n[imap]\nhost = mail.example\n'
            b'port=143\ntls = starttls\nuser = %s*admin\nverify = no\n'
            b'batch_bytes = 8M\n', b'[imap]\nport = 99999\n', b'[nope]\nx=1\n',
            b'[reader]\nsandbox = require\n  more\n', b'workers = 1', b'[',
            b'\xef\xbb\xbf[job]\nworkers = 4\n']


CONTROL_ROWS = 24  # more than there are


def control():
    lines = [b'maildir:/a/b\n', b'imap:alice@example.com\n', b'/bare\n',
             b'maildir:relative\n', b'imap:\n', b'pause\n', b'cancel\n',
             b'rescan\n', b'retry-failed\n', b'verify\n', b'  resume \r\n\n']
    out = []
    for row in range(CONTROL_ROWS):
        whole = bytes([row])
        for line in lines:
            out.append(bytes([row, len(line)]) + line)
            whole += bytes([3]) + line[:3] + bytes([len(line) - 3]) + line[3:]
        out.append(whole)
    return out


def ctl():
    csv = (b'store,format,state,reason,job,progress,size,target,stage\n'
           b'"a, ""b"".pst",Unicode,ok,,running,12%,100,maildir:/x,ingest\n'
           b'b.pst,ANSI,rejected,no PST,,,5,,\r\n')
    progress = [b'running ingest 12/345 3% 9/s ETA 40s\n',
                b'none - 0/0 0% 0/s -\n', b'done verify 5/5 100% 1/s -\n']
    words = [b'state running\ntarget maildir:/x\n\tx\n',
             b'2004-02-01T12:00:00Z uid 0 a.pst/.ctl/target\n  maildir:x\n'
             b'          ^\n  not an absolute path\n', b'\x1b[31m\xff\n']
    return ([b'\0' + csv, b'\1' + csv] + [b'\2' + p for p in progress] +
            [b'\3' + w for w in words])


# ---- IMAP and Maildir ----

IMAP_OK = b'\1 OK done\r\n'
OPEN = (b'* NAMESPACE (("" "/")) NIL NIL\r\n' + IMAP_OK +
        b'* LIST (\\HasNoChildren) "/" "Archive"\r\n' + IMAP_OK)
SELECT = (b'* FLAGS (\\Seen \\Answered)\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] '
          b'x\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 12] x'
          b'\r\n\1 OK [READ-WRITE] x\r\n')
MESSAGE = b'X-Pstfs-Id: 00112233445566778899aabbccddeeff.00200024\r\n\r\n'


def fetch(number):
    return (b'* %d FETCH (UID %d RFC822.SIZE 20 BODY[HEADER.FIELDS '
            b'(X-PSTFS-ID)] {%d}\r\n%s)\r\n' % (number, number + 8,
                                                len(MESSAGE), MESSAGE))


def imap():
    append = b'+ go\r\n' * 3 + b'\1 OK [APPENDUID 7 12:14] x\r\n'
    one = b'+ go\r\n\1 OK [APPENDUID 7 12] x\r\n'
    look = (fetch(1) + fetch(2) + IMAP_OK + b'* SEARCH 9 10\r\n' + IMAP_OK +
            fetch(1) + IMAP_OK)
    body = (b'* 1 FETCH (UID 9 BODY[] {20}\r\nSubject: x\r\n\r\nbody\r\n)\r\n' +
            IMAP_OK)
    status = b'* STATUS "Archive" (UIDNEXT 12 APPENDLIMIT 100)\r\n' + IMAP_OK
    no = b'\1 NO [OVERQUOTA] full\r\n'
    out = []
    for caps in (0, 0x1F, 0x7F, 0x2D, 0x13):
        for what, rest in ((2, append + IMAP_OK), (2, one * 3 + IMAP_OK),
                           (4, look), (8, body + look), (15, append + look),
                           (2, no * 4), (2, status + SELECT + append),
                           (6, b'* BYE gone\r\n')):
            head = bytes([caps, what])
            out.append(head + OPEN + SELECT + rest + IMAP_OK * 6)
            out.append(head + OPEN + rest + SELECT + rest)
    return out


def imap_text():
    return [b'12 FETCH (UID 7 FLAGS (\\Seen $X) BODY[] {5}\r\nhello)',
            b'1 FETCH (BODY[HEADER.FIELDS (A B)] "q\\"x" RFC822.SIZE 9)',
            b'1:3,7,9:10]', b'(\\Seen (a (b)) NIL {0}\r\n "")', b'OVERQUOTA] x',
            b'4294967295', b'LIST (\\Noselect) "/" "a/b"']


def mutf7():
    return [b'INBOX', b'J&APw-rgen', b'&-', b'&U,BTFw-', b'&2D3eAA-', b'a&b',
            'J\xfcrgen & \U0001F600'.encode(), b'&AGE-', b'&', b'\xff']


def maildir():
    return [b'1000000000.P0011223344556677889900aabbccddeeff00200024H'
            b'0123456789abcdef.pstfs,S=20:2,S',
            b'1700000000.M1P2Q3.host', b'1.P1H1.pstfs', b'x:2,']


# ---- compound files: table, directory, mini table, mini stream, a stream ----

NONE, END = 0xFFFFFFFF, 0xFFFFFFFE


def entry(name, kind, links, start=0, size=0, black=1):
    return struct.pack('<64sHBB3I36xIQ', u16(name), 2 * len(name) + 2, kind,
                       black, *links, start, size)


def cfb_file(version, stream):
    sector = 4096 if version == 4 else 512
    blocks = (len(stream) + sector - 1) // sector
    fat = [0xFFFFFFFD, END, END, END] + list(range(5, 4 + blocks)) + [END]
    directory = (entry('Root Entry', 5, (NONE, NONE, 1), 3, 128) +
                 entry('ab', 1, (2, NONE, 3)) +
                 entry('a', 2, (NONE, NONE, NONE), 4, len(stream), 0) +
                 entry('\1Ole', 2, (NONE, NONE, NONE), 0, 70))
    head = struct.pack(
        '<8s16x5H6x9I', bytes.fromhex('d0cf11e0a1b11ae1'), 0x3E, version,
        0xFFFE, 12 if version == 4 else 9, 6, version == 4, 1, 1, 0, 4096, 2,
        1, END, 0) + struct.pack('<I', 0) + b'\xff' * 432
    parts = [head, struct.pack('<%dI' % len(fat), *fat),
             directory, struct.pack('<2I', 1, END), b'x' * 70, stream]
    return b''.join(p.ljust(-(-len(p) // sector) * sector,
                            b'\xff' if i in (1, 3) else b'\0')
                    for i, p in enumerate(parts))


def cfb():
    return [cfb_file(3, b'y' * 4096), cfb_file(3, b'z' * 9000),
            cfb_file(4, b'y' * 5000)]


def voting():
    rest = bytes(29)
    head = struct.pack('<HI', 0x102, 2)
    options = b''.join(
        struct.pack('<I', 4) + bytes([len(n)]) + n + b'\0\0' +
        bytes([len(n)]) + n + rest for n in (b'Yes', b'No'))
    wide = struct.pack('<H', 0x104) + b''.join(
        2 * (bytes([len(n)]) + u16(n)) for n in ('Yes', 'No'))
    return [head + options + wide, head + options, head]


ALL = {f.__name__: f() for f in (
    rtf, recur, zone, transport, header, oneoff, charset, name, settings,
    control, ctl, imap, imap_text, mutf7, maildir, cfb,
    voting)}
