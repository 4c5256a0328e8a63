"""mkpst's cases (tools/mkpst/cases.h): stores with one of each, and whether a
rendered item is what its case asks for."""
import os

import compare
import lib

FORMATS = (('unicode', 'permute'), ('ansi', 'cyclic'), ('ost4k', 'none'))


def smime_files():
    """A clear-signed, an opaque-signed and an encrypted message, made by
    openssl with a key of the moment; and the certificate."""
    base = lib.work('smime')
    os.makedirs(base, exist_ok=True)

    def at(name):
        return os.path.join(base, name)

    lib.run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
            '-keyout', at('key'), '-out', at('cert'), '-days', '2', '-subj',
            '/CN=pstfs test/emailAddress=a@corp.example')
    with open(at('text'), 'wb') as f:
        f.write(b'Content-Type: text/plain; charset=utf-8\r\n\r\n'
                b'signed words\r\n  with blanks  \r\n\r\nand an end\r\n')
    sign = ['openssl', 'cms', '-sign', '-in', at('text'), '-signer',
            at('cert'), '-inkey', at('key')]
    lib.run(*sign, '-out', at('clear.all'))
    head, body = lib.read(at('clear.all'), 'rb').replace(
        b'\r\n', b'\n').split(b'\n\n', 1)
    head = b'\n'.join(h for h in head.split(b'\n')
                      if not h.startswith(b'MIME-Version'))
    with open(at('clear'), 'wb') as f:
        f.write((head + b'\n\n' + body).replace(b'\n', b'\r\n'))
    lib.run(*sign, '-nodetach', '-outform', 'DER', '-out', at('opaque'))
    lib.run('openssl', 'cms', '-encrypt', '-in', at('text'), '-outform',
            'DER', '-out', at('encrypted'), at('cert'))
    return [at('clear'), at('opaque'), at('encrypted')], at('cert'), at('key')


def make_store(path, fmt, crypt, smime, messages=0):
    """A store with all cases; its manifest."""
    args = [lib.program('mkpst'), '--cases', '--format', fmt, '--crypt',
            crypt, '--messages', str(messages)]
    for name in smime:
        args += ['--smime', name]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    lib.run(*args, '--manifest', path + '.jsonl', path)
    return lib.load_manifest(path + '.jsonl')


def check_signature(data, cert, key):
    """openssl's word on a signed or encrypted message, LF and CRLF."""
    path = lib.work('smime.eml')
    found = []
    for form in (data, data.replace(b'\n', b'\r\n')):
        with open(path, 'wb') as f:
            f.write(form)
        if b'enveloped-data' in data:
            p = lib.run('openssl', 'cms', '-decrypt', '-in', path, '-recip',
                        cert, '-inkey', key, check=False)
        else:
            p = lib.run('openssl', 'cms', '-verify', '-in', path, '-CAfile',
                        cert, '-purpose', 'any', check=False)
        if p.returncode or 'signed words' not in p.stdout:
            found.append('openssl: ' + p.stdout.strip()[-100:])
    return found


def codec(charset):
    """Python's name of a character set."""
    return {'ks_c_5601-1987': 'cp949', 'windows-874': 'cp874',
            'gb2312': 'gbk', 'iso-8859-8-i': 'iso-8859-8'}.get(charset, charset)


def bodies(message, kind):
    for part in message.walk():
        if part.get_content_type() == kind and not part.get_filename():
            charset = codec(part.get_content_charset() or 'ascii')
            yield compare.payload(part).decode(charset)


def links(item):
    for part in item.get('attachments') or []:
        if part.get('link'):
            yield part['link']


def check_case(message, data, item):
    """What the case asks for beside the usual."""
    found = []
    if 'case_header' in item:
        value = str(message[item['case_header']] or '')
        if item['case_value'].lower() not in value.lower():
            found.append('%s: %r' % (item['case_header'], value))
    if 'case_type' in item and item['case_type'] not in \
            [p.get_content_type() for p in message.walk()]:
        found.append('no ' + item['case_type'])
    if 'case_part' in item and item['case_part'] not in \
            [p.get_content_type() for p in message.walk()]:
        found.append('no ' + item['case_part'])
    if 'case_html_has' in item and not any(
            item['case_html_has'] in b for b in bodies(message, 'text/html')):
        found.append('HTML without %r' % item['case_html_has'])
    if 'case_text' in item:
        kinds = ['text/html']
        kinds += ['text/plain'] if item['body_text_sha256'] else []
        for kind in kinds:
            if not any(item['case_text'] in b for b in bodies(message, kind)):
                found.append('%s without %r' % (kind, item['case_text']))
    if 'case_defect' in item and item['case_defect'] not in \
            str(message['X-Pstfs-Defect'] or ''):
        found.append('the defect is not told')
    if b'\nX-Evil' in data or b'\nBcc: evil' in data:
        found.append('a header was injected')
    for link in links(item):
        if not any(link in b for b in link_texts(message)):
            found.append('the link %s is lost' % link)
    return found


def link_texts(message):
    for part in message.walk():
        if part.get_filename() and part.get_content_type() == 'text/plain':
            yield compare.payload(part).decode()


def plain_item(item):
    """The manifest line without what compare.check_message cannot know."""
    item = dict(item)
    if item.get('recoded') or 'case_text' in item:
        item['body_html_sha256'] = None
    if item.get('verbatim') or item.get('injected'):
        item['attachments'] = []
    if item.get('injected'):
        item['subject'] = item['subject'].replace('\r', ' ')
    item['attachments'] = [p for p in item.get('attachments') or []
                           if not p.get('link')]
    return item
