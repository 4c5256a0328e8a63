"""Bodies in files of real stores against what an own reader finds there."""
import re

import compare
import lib
import pst_props

BODY, HTML, CLASS, CPID = 0x1000, 0x1013, 0x001A, 0x3FDE
WIDE = 0x1F


def squeezed(text):
    """Words only: folding, line ends and blanks are for test_tree."""
    return ' '.join(text.replace('\0', ' ').replace('\ufeff', ' ').split())


def text_of(value, page, fallback):
    if value.type == WIDE:
        return value.data.decode('utf-16-le', 'replace')
    return pst_props.narrow_text(value.data, page, fallback)


def bodies(item, fallback):
    """(what, text) of an item and the items in it; HTML as bytes."""
    props = item.props
    page = pst_props.own_page(props)
    if BODY in props:
        yield 'text', squeezed(text_of(props[BODY], page, fallback))
    if HTML in props and props[HTML].type == WIDE:
        yield 'html', squeezed(text_of(props[HTML], page, fallback))
    elif HTML in props:
        yield 'html', props[HTML].data
    for attachment in item.attachments:
        if attachment.embedded:
            yield from bodies(attachment.embedded, fallback)


def shown_mail(data):
    """Texts of all parts, and the bytes of HTML parts, squeezed."""
    texts, raw = set(), set()
    for part in compare.parse(data).walk():
        if part.is_multipart():
            continue
        payload = compare.payload(part)
        raw.add(b' '.join(payload.split()))
        name = part.get_content_charset() or 'utf-8'
        try:
            texts.add(squeezed(payload.decode(name, 'replace')))
        except LookupError:
            texts.add(squeezed(payload.decode('utf-8', 'replace')))
    return texts, raw


def shown_native(data):
    """The whole file, unfolded and without escapes."""
    text = re.sub(r'\r?\n[ \t]', '', data.decode('utf-8'))
    return squeezed(re.sub(r'\\(.)', lambda m: ' ' if m[1] in 'nN' else m[1],
                           text))


def html_shown(want, texts, raw):
    if isinstance(want, str):
        return want in texts
    want = want.rstrip(b'\0')
    if b' '.join(want.split()) in raw:
        return True
    # In another character set than the store's: every word must be there.
    return any(squeezed(want.decode(c, 'replace')) in texts for c in (
        'utf-8', 'cp1252', 'utf-16-le', 'cp932', 'iso2022_jp', 'cp1251',
        'gbk', 'big5', 'euc_kr', 'iso8859_1', 'iso8859_15', 'cp1250'))


def findings(path, item, fallback):
    data = lib.read(path, 'rb')
    if not path.endswith('.eml'):
        whole = shown_native(data)
        wanted = [t for kind, t in bodies(item, fallback) if kind == 'text']
        return ['text body is not there' for t in wanted[:1]
                if t not in whole]
    texts, raw = shown_mail(data)
    found = []
    for kind, want in bodies(item, fallback):
        if not want or not (want if isinstance(want, str) else
                            want.strip(b'\0 \r\n\t')):
            continue
        there = want in texts if kind == 'text' else \
            html_shown(want, texts, raw)
        if not there:
            found.append('%s body is not there: %r' % (kind, want[:60]))
    return found


def check(path, files, score):
    """files: those of the store at path, as they are mounted."""
    pst = pst_props.Pst(path)
    fallback = pst_props.store_page(pst)
    known = set(pst.items())
    for file in files:
        nid = lib.nid_of(file)
        if nid not in known:
            continue
        item = pst.item(nid)
        score.n['bodies'] += sum(1 for _ in bodies(item, fallback))
        score.add('content', findings(file, item, fallback), file)
