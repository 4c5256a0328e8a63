"""Is a message or file what mkpst's manifest says? Python's own parsers."""
import email
import email.policy
import re
import unicodedata

from lib import sha256

POLICY = email.policy.default


def parse(data):
    return email.message_from_bytes(data, policy=POLICY)


def spellings(data):
    """The bytes under the line ends and last newline a transport may add."""
    lf = data.replace(b'\r\n', b'\n')
    for text in (data, lf, lf.replace(b'\n', b'\r\n')):
        yield text
        for end in (b'\r\n', b'\n'):
            if text.endswith(end):
                yield text[:-len(end)]


def defects(message):
    """All defects of a message and its parts."""
    found = []
    for part in message.walk():
        found += ['%s: %r' % (part.get_content_type(), d)
                  for d in part.defects]
        for name, value in part.items():
            found += ['%s: %r' % (name, d)
                      for d in getattr(value, 'defects', ())]
    return found


def leaves(message):
    """Parts of this message, embedded messages not entered."""
    if message.get_content_type() == 'message/rfc822':
        yield message
    elif message.is_multipart():
        for part in message.iter_parts():
            yield from leaves(part)
    else:
        yield message


def payload(part):
    data = part.get_payload(decode=True)
    return data if data is not None else b''


def check_body(parts, kind, want, differences):
    if not want:
        return None
    for part in parts:
        if part.get_content_type() == kind and not part.get_filename():
            data = payload(part)
            if kind == 'text/plain':
                charset = part.get_content_charset() or 'ascii'
                data = data.decode(charset).encode()
            if any(sha256(s) == want for s in spellings(data)):
                return part
    differences.append('no %s body with hash %s' % (kind, want[:12]))
    return None


def same_text(got, want):
    """Header text: white space folded, NFC; control characters are lost."""
    def plain(text):
        text = re.sub(r'[\x00-\x20\x7f\x85\u2028\u2029]+', ' ', text or '')
        return unicodedata.normalize('NFC', text).strip()
    return plain(str(got)) == plain(want)


def same_name(got, want):
    """A file name; what no file system takes became an underscore."""
    def safe(name):
        return re.sub(r'[/\\\\:*?"<>|]', '_', name or '')
    return same_text(safe(got), safe(want))


class Part:
    """A part with its decoded bytes' size and hash, reckoned once."""

    def __init__(self, part):
        self.part = part
        self.name = part.get_filename()
        self.embedded = part.get_content_type() == 'message/rfc822'
        data = b'' if self.embedded else payload(part)
        self.size, self.sha256 = len(data), sha256(data)


def find_part(left, att):
    """The part that is this attachment; the one with its name first."""
    if att.get('embedded'):
        fit = (p for p in left if p.embedded and not check_message(
            p.part.get_payload(0), att['embedded'], inner=True))
        return next(fit, None)
    fit = [p for p in left if not p.embedded and p.size == att['size'] and
           p.sha256 == att['sha256']]
    fit.sort(key=lambda p: not same_name(p.name, att['name']))
    return fit[0] if fit else None


def check_attachments(parts, want, differences):
    left = [Part(p) for p in parts] if want else []
    for att in want or []:
        hit = find_part(left, att)
        if hit is None:
            differences.append('attachment %r (%s bytes) is missing' % (
                att.get('name'), att.get('size')))
            continue
        left.remove(hit)
        if not att.get('embedded') and att.get('name') and \
                not same_name(hit.name, att['name']):
            differences.append('attachment name %r, not %r' % (
                hit.name, att['name']))


def addresses(message, name):
    value = message[name]
    return [a.addr_spec.lower() for a in value.addresses] if value else []


def check_people(message, item, differences):
    for field in ('to', 'cc', 'bcc'):
        want = [p['addr'].lower() for p in item.get(field) or []
                if '@' in p.get('addr', '')]
        missing = set(want) - set(addresses(message, field))
        if missing:
            differences.append('%s lacks %s' % (field, sorted(missing)))


def check_message(message, item, inner=False):
    """Differences between a parsed message and a manifest line, in words."""
    differences = []
    parts = list(leaves(message))
    if not same_text(message['subject'] or '', item['subject'] or ''):
        differences.append('subject %r, not %r' % (message['subject'],
                                                   item['subject']))
    if item.get('message_id') and \
            str(message['message-id']).strip() != item['message_id'].strip():
        differences.append('message id %r' % message['message-id'])
    if not inner:
        check_people(message, item, differences)
    bodies = [check_body(parts, 'text/plain', item.get('body_text_sha256'),
                         differences),
              check_body(parts, 'text/html', item.get('body_html_sha256'),
                         differences)]
    rest = [p for p in parts if not any(p is b for b in bodies)]
    check_attachments(rest, item.get('attachments'), differences)
    return differences


def unfold(text):
    return re.sub(r'\r?\n[ \t]', '', text)


def native_value(text, name):
    found = re.search(r'^%s(?:;[^:\n]*)?:(.*)$' % name, unfold(text), re.M)
    if not found:
        return None
    return re.sub(r'\\([\\;,nN])',
                  lambda m: {'n': '\n', 'N': '\n'}.get(m[1], m[1]),
                  found[1].rstrip('\r'))


def check_native(data, ext, item):
    """Differences of a .vcf, .ics or .txt file."""
    text = data.decode('utf-8')
    if ext == 'txt':
        want = item.get('body_text_sha256')
        if want and not any(
                sha256(s[i:]) == want for s in spellings(data)
                for i in [0] + [m.end() for m in re.finditer(b'\n', s)][:3]):
            return ['the text is not the body']
        return []
    name = 'FN' if ext == 'vcf' else 'SUMMARY'
    want = item['subject'] or ''
    if ext == 'vcf' and item.get('contact'):
        want = item['contact'].get('fn') or want
    got = native_value(text, name)
    if not same_text(got or '', want):
        return ['%s %r, not %r' % (name, got, want)]
    return []


def want_flag(item, key):
    """A flag of the manifest as a mailbox shows it: only mail is a draft."""
    if key == 'draft' and not item['class'].startswith('IPM.Note'):
        return False
    return bool(item['flags'].get(key))
