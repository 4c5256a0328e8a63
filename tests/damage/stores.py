"""The sound stores that are damaged: each format with each cipher."""
import os
import subprocess

FORMATS = ('unicode', 'ansi', 'ost4k')
CRYPTS = ('permute', 'none', 'cyclic')
LARGE = 100000  # bytes of an attachment: it takes a block of blocks


def make(mkpst, path, seed, form, crypt, messages):
    """Writes one; its bytes."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run(
        [mkpst, '--seed', str(seed), '--messages', str(messages),
         '--format', form, '--crypt', crypt, '--attachment-rate', '15',
         '--large', str(LARGE), '--manifest', '-', path], check=True, stdout=subprocess.DEVNULL)
    with open(path, 'rb') as f:
        return f.read()
