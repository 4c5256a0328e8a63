"""The features of tests/compare: which items have one, and whether a file that
a tool wrote shows it."""
import email
import os
import re
import unicodedata

import cases
import compare
import lib


def plain(subject):
    """A subject as any tool can write it."""
    text = re.sub(r'[\x00-\x20\x7f\x85\u2028\u2029]+', ' ', subject or '')
    return unicodedata.normalize('NFC', text).strip()


def tree(root):
    """{subject: [bytes of files]}: the tools name files in ways of their
    own, so the subject in the file is the key."""
    found = {}
    for folder, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs
                   if d != '.ctl' and not d.endswith(lib.PARTS)]
        for name in files:
            path = os.path.join(folder, name)
            data = lib.read(path, 'rb')
            for key in keys(name, data):
                found.setdefault(plain(key), []).append(data)
    return found


def keys(name, data):
    if name.endswith('.eml'):
        message = email.message_from_bytes(data)
        yield str(email.header.make_header(email.header.decode_header(
            message['subject'] or ''))).strip()
        return
    text = compare.unfold(data.decode('utf-8', 'replace'))
    for found in re.findall(r'^(?:SUMMARY|FN)[^:\n]*:(.*)$', text, re.M):
        yield found.strip().replace('\\,', ',').replace('\\;', ';')


def parts(data):
    return list(email.message_from_bytes(data).walk())


def decoded(data):
    """All text of a message as it would be read."""
    text = []
    for part in parts(data):
        if part.get_content_maintype() == 'text':
            charset = cases.codec(part.get_content_charset() or 'utf-8')
            payload = part.get_payload(decode=True) or b''
            try:
                text.append(payload.decode(charset))
            except (LookupError, UnicodeDecodeError):
                text.append(payload.decode('utf-8', 'replace'))
    return '\n'.join(text)


def has_nested(data, item):
    return sum(p.get_content_type() == 'message/rfc822'
               for p in parts(data)) >= 2 and b'deep' in data


def has_rtf_text(data, item):
    if 'case_html_has' not in item:
        return False
    bodies = [p for p in parts(data) if p.get_content_maintype() == 'text']
    return any(item['case_html_has'] in decoded(p.as_bytes()) for p in bodies)


def has_address(data, item):
    value = email.message_from_bytes(data)[item['case_header']] or ''
    return item['case_value'].lower() in value.lower()


def has_signature(data, item):
    return not cases.check_signature(data.replace(b'\r\n', b'\n'),
                                     *item['keys'])


def has_inline(data, item):
    return any(p.get_content_type() == 'multipart/related'
               for p in parts(data)) and (
        b'content-id' in data.lower() or b'content-location' in data.lower())


def has_code_page(data, item):
    return item['case_text'] in decoded(data)


def has_report(data, item):
    return item['case_part'].encode() in data


def has_link(data, item):
    return any(link in decoded(data) for link in cases.links(item))


def has_exdate(data, item):
    return b'EXDATE' in data or b'RECURRENCE-ID' in data


def has_attendees(data, item):
    return b'ATTENDEE' in data


def has_members(data, item):
    text = compare.unfold(data.decode('utf-8', 'replace'))
    return 'MEMBER' in text


def starts(prefix):
    return lambda i: i.get('case', '').startswith(prefix)


def deleted_instances(item):
    return bool((item.get('event') or {}).get('exdates'))


ROWS = (
    ('nested mail, three deep', starts('nested'), has_nested),
    ('RTF-only bodies, as a body', lambda i: i.get('case') in (
        'rtf-rich', 'rtf-picture', 'rtf-html'), has_rtf_text),
    ('X.500 sender resolved', lambda i: starts('x500')(i) and
     i['case'] != 'x500-lost', has_address),
    ('S/MIME verifies or decrypts', starts('smime'), has_signature),
    ('inline images related', starts('inline'), has_inline),
    ('code pages', starts('codepage'), has_code_page),
    ('reports for machines', starts('report'), has_report),
    ('attachments by reference', starts('reference'), has_link),
    ('events: deleted instances', lambda i: i['class'] == 'IPM.Appointment'
     and deleted_instances(i), has_exdate),
    ('meetings: attendees', lambda i: i['class'] ==
     'IPM.Schedule.Meeting.Request' and i.get('to'), has_attendees),
    ('lists: members', lambda i: i['class'] == 'IPM.DistList', has_members),
)


def build_store():
    smime, cert, key = cases.smime_files()
    path = lib.work('in', 'features.pst')
    _, _, items = cases.make_store(path, 'unicode', 'permute', smime, 400)
    for item in items:
        item['keys'] = (cert, key)
    return path, items


def count(found, items, test):
    """How many of the items come through."""
    return sum(any(safe(test, data, item)
                   for data in found.get(plain(item['subject']), []))
               for item in items)


def safe(test, data, item):
    try:
        return test(data, item)
    except Exception:  # unreadable is not shown
        return False


def print_table():
    path, items = build_store()
    out = lib.work('readpst')
    os.makedirs(out)
    lib.run('readpst', '-q', '-e', '-o', out, path, check=False)
    with lib.Mount(lib.work('in'), clean=False) as mount:
        ours = tree(mount.path('features.pst'))
    theirs = tree(out)
    print('%-28s %6s %6s %8s' % ('feature', 'items', 'pstfs', 'readpst'))
    lost = 0
    for name, wanted, test in ROWS:
        have = [i for i in items if wanted(i)]
        mine, other = (count(t, have, test) for t in (ours, theirs))
        print('%-28s %6d %6d %8d' % (name, len(have), mine, other))
        lost += mine < len(have)
    return 1 if lost else 0
