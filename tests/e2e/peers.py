"""What other readers make of a store: items that pffexport and readpst write.
Both may hang or eat memory on a damaged one, so both have limits."""
import os
import re
import subprocess

ITEM = re.compile(r'^[A-Z][A-Za-z]+\d{5}$')
LIMITS = ['prlimit', '--as=%d' % (2 << 30), '--fsize=%d' % (256 << 20),
          '--core=0']


def run(args, seconds):
    """How it ended, for who asks: '' well, else 'hang', 'signal', 'error'."""
    try:
        code = subprocess.run(
            LIMITS + args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, timeout=seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        return 'hang'
    return '' if code == 0 else 'signal' if code < 0 else 'error'


def pffexport(path, out, seconds=600):
    """(directories of top-level items, how it ended), in normal mode."""
    os.makedirs(os.path.dirname(out), exist_ok=True)
    end = run(['pffexport', '-q', '-m', 'items', '-t', out, path], seconds)
    found = []
    for folder, dirs, _ in os.walk(out + '.export'):
        for name in [d for d in dirs if ITEM.match(d)]:
            found.append(os.path.join(folder, name))
            dirs.remove(name)
    return found, end


def readpst(path, out, seconds=600):
    """(files, how it ended) of readpst -e."""
    os.makedirs(out)
    end = run(['readpst', '-q', '-j', '0', '-e', '-o', out, path], seconds)
    return [os.path.join(folder, name)
            for folder, _, files in os.walk(out) for name in files], end
