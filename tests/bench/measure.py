"""What the benchmarks share: cold caches and time taken."""
import os
import subprocess


def drop_caches():
    """A cold page cache, where we may."""
    os.sync()
    try:
        with open('/proc/sys/vm/drop_caches', 'w') as f:
            f.write('3')
        return True
    except OSError:
        return False


def drop_store(path):
    """The store's own pages out of the cache; programs stay."""
    with open(path, 'rb') as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed(*args, **kw):
    """Wall and CPU seconds of a command and its children."""
    before = os.times()
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **kw)
    after = os.times()
    return (after.elapsed - before.elapsed,
            after.children_user - before.children_user +
            after.children_system - before.children_system)
