"""What test_imap basic left on the server, seen by imaplib: flags, dates,
bytes and folder names of each message, worked out here again.

    imap_look.py PORT keywords|nokeywords
"""
import imaplib
import re
import sys
import time

FOLDER = '"Top of Personal Folders/&U,BTFw- &- Gr&APwA3w-e"'
FLAGS = {1: b'\\Seen', 2: b'\\Answered', 4: b'$Forwarded', 8: b'\\Flagged',
         16: b'\\Draft'}
COUNT, SIZE = 64, 3000


def wanted_flags(number, keywords):
    return {word for bit, word in FLAGS.items()
            if number & bit and (keywords or bit != 4)}


def text(number):
    head = (b'X-Pstfs-Id: 00112233445566778899aabbccddeeff.%08x\r\n'
            b'Subject: number %06u\r\nFrom: a@example.com\r\n\r\n'
            % (number, number))
    body = bytearray(SIZE)
    for k in range(len(head), SIZE):
        body[k] = (13 if k % 78 == 76 else 10 if k % 78 == 77
                   else 97 + (k * 7 + number) % 26)
    body[SIZE - 1], body[SIZE - 2] = 10, 13
    if body[SIZE - 3] == 13:
        body[SIZE - 3] = ord('x')
    return head + bytes(body[len(head):])


def messages(imap):
    _, data = imap.fetch('1:*', '(FLAGS INTERNALDATE BODY.PEEK[])')
    for part in data:
        if isinstance(part, tuple):
            yield part


def main():
    imap = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
    imap.login('alice', 'secret')
    wrong = 0
    _, names = imap.lsub()
    if not any(FOLDER.encode() in n for n in names):
        print('not subscribed:', FOLDER, names)
        wrong += 1
    _, count = imap.select(FOLDER, readonly=True)
    if int(count[0]) != COUNT:
        print('messages:', count)
        wrong += 1
    for head, body in messages(imap):
        number = int(re.search(rb'Subject: number (\d+)', body)[1])
        got = set(imaplib.ParseFlags(head)) - {b'\\Recent'}
        date = time.mktime(imaplib.Internaldate2tuple(head))
        if got != wanted_flags(number, sys.argv[2] == 'keywords'):
            print(number, 'flags', got)
            wrong += 1
        # Number 0 has a date in this folder; without one in INBOX.
        if date != 1000000000 + number * 3600:
            print(number, 'date', date)
            wrong += 1
        if body != text(number):
            print(number, 'bytes differ')
            wrong += 1
    imap.select('INBOX', readonly=True)
    for head, _ in messages(imap):
        date = time.mktime(imaplib.Internaldate2tuple(head))
        if abs(date - time.time()) > 600:
            print('no date was given, the server has', date)
            wrong += 1
    imap.logout()
    return wrong


sys.exit(1 if main() else 0)
