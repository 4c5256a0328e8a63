"""What strict readers (Thunderbird, mail servers, importers) ask of a message,
over its raw bytes: each finding is a line of words."""
import email.utils
import re

import compare

LINE_MAX = 998
ONCE = ('from', 'sender', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id',
        'in-reply-to', 'references', 'reply-to', 'mime-version',
        'content-type', 'content-transfer-encoding', 'content-disposition',
        'content-id')
FIELD = re.compile(rb'^[!-9;-~]+:([ \t].*)?$')


def header_lines(data):
    return data.split(b'\n\n', 1)[0].split(b'\n')


def check_lines(data):
    """The bytes as a file: LF line ends only."""
    found = []
    if b'\r' in data:
        found.append('a CR')
    if b'\0' in data:
        found.append('a NUL')
    longest = max(map(len, data.split(b'\n')))
    if longest > LINE_MAX:
        found.append('a line of %d octets' % longest)
    return found


def check_header(lines):
    found = []
    for i, line in enumerate(lines):
        if any(c >= 0x80 or (c < 0x20 and c != 9) for c in line):
            found.append('header with 8-bit or control bytes: %r' % line[:60])
        if line[:1] in (b' ', b'\t'):
            if i == 0 or not line.strip():
                found.append('continuation of nothing')
        elif not FIELD.match(line):
            found.append('no header: %r' % line[:60])
    return found


def check_once(message):
    names = [n.lower() for n in message.keys()]
    return ['%d times %s' % (names.count(n), n)
            for n in ONCE if names.count(n) > 1]


def check_values(message):
    found = []
    for name in ('date', 'resent-date'):
        if name in message:
            try:
                email.utils.parsedate_to_datetime(str(message[name]))
            except (TypeError, ValueError):
                found.append('%s: %s' % (name, message[name]))
    for name in ('from', 'sender', 'to', 'cc', 'bcc', 'reply-to',
                 'disposition-notification-to'):
        value = message[name]
        for a in getattr(value, 'addresses', ()):
            if not a.domain or not a.username:
                found.append('%s: %r' % (name, str(a)))
    ident = str(message['message-id'] or '').strip()
    if not re.match(r'^<[^<>\s@]+@[^<>\s@]+>$', ident):
        found.append('message-id %r' % ident)
    return found


def check_parts(message):
    found = []
    for part in message.walk():
        for name in ('content-type', 'content-transfer-encoding',
                     'content-disposition', 'content-id'):
            if len(part.get_all(name) or []) > 1:
                found.append('a part with two %s' % name)
        cte = str(part.get('content-transfer-encoding', '7bit')).lower()
        if part.get_content_maintype() in ('multipart', 'message') and \
                cte not in ('7bit', '8bit'):
            found.append('%s in %s' % (part.get_content_type(), cte))
    return found


def check_eml(data, message=None):
    """All findings for a message in LF form."""
    message = message or compare.parse(data)
    return (check_lines(data) + check_header(header_lines(data)) +
            check_once(message) + check_values(message) +
            check_parts(message))
