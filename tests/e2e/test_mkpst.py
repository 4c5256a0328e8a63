#!/usr/bin/env python3
"""pffexport and readpst agree with the manifests of mkpst's stores."""
import os
import shutil
import sys

import lib
import mkpst

if __name__ == '__main__':
    for tool in ('pffexport', 'pffinfo', 'readpst'):
        if not shutil.which(tool):
            lib.skip('no ' + tool)
    sys.argv = [sys.argv[0], lib.program('mkpst'), lib.WORK] + \
        ([] if os.environ.get('PSTFS_LONG') else ['--quick'])
    mkpst.main()
