#!/bin/bash
# The IMAP target alone against Dovecot in many settings: see imap_target.
here=$(dirname "$(realpath "$0")")
exec "$here/imap_target" "$PSTFS_BUILD/tests/unit/test_imap"
