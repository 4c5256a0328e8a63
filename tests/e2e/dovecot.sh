# shellcheck shell=bash
# A real Dovecot for tests, on free ports of the loopback, with all it keeps
# in one directory. To be sourced:
#
#   dovecot_start DIR   DIR is made; sets DOVECOT_PORT, DOVECOT_TLS_PORT,
#                       DOVECOT_CA and DOVECOT_PID. Any user may log in with
#                       DOVECOT_PASSWORD (secret).
#   dovecot_stop        ends it and waits; harmless when it does not run
#
# Choices, by variables at the start:
#   DOVECOT_FORMAT      maildir (default), mdbox or sdbox
#   DOVECOT_SEPARATOR   of folder names, default /
#   DOVECOT_PREFIX      of the namespace, default none
#   DOVECOT_CAPABILITY  what it says it can, instead of the truth
#   DOVECOT_NAME        in its certificate, default localhost
#   DOVECOT_SSL         yes (default) or no
#   DOVECOT_QUOTA       a rule, for example *:storage=100K
# Started by root, the server runs as DOVECOT_USER (nobody).

DOVECOT_PASSWORD=${DOVECOT_PASSWORD:-secret}
DOVECOT_PID=

dovecot_ports() {
    python3 - <<'EOF'
import socket
taken = [socket.socket() for _ in range(2)]
for s in taken:
    s.bind(('127.0.0.1', 0))
print(*(s.getsockname()[1] for s in taken))
EOF
}

# A CA of our own, and the server's certificate signed by it.
dovecot_certs() {
    local d=$1
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=pstfs test CA' \
        -keyout "$d/ca.key" -out "$d/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
        -keyout "$d/server.key" -out "$d/server.csr" 2>/dev/null
    openssl x509 -req -in "$d/server.csr" -CA "$d/ca.pem" -CAkey "$d/ca.key" \
        -CAcreateserial -days 30 -out "$d/server.pem" 2>/dev/null \
        -extfile <(echo "subjectAltName=DNS:${DOVECOT_NAME:-localhost}")
}

dovecot_conf() {
    local d=$1 user=$2 uid=$3 gid=$4 group=$5
    cat <<EOF
base_dir = $d/run
state_dir = $d/run
log_path = $d/log
instance_name = pstfs-$DOVECOT_PORT
protocols = imap
listen = 127.0.0.1
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
first_valid_uid = 0
auth_mechanisms = plain
auth_failure_delay = 0
disable_plaintext_auth = no
mail_location = ${DOVECOT_FORMAT:-maildir}:$d/mail/%u
mail_max_userip_connections = 100
ssl = ${DOVECOT_SSL:-yes}
ssl_cert = <$d/server.pem
ssl_key = <$d/server.key
passdb {
  driver = static
  args = password=$DOVECOT_PASSWORD
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$d/mail/%u.home
}
namespace inbox {
  inbox = yes
  separator = ${DOVECOT_SEPARATOR:-/}
  prefix = ${DOVECOT_PREFIX:-}
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $DOVECOT_PORT
  }
  inet_listener imaps {
    port = $DOVECOT_TLS_PORT
    ssl = yes
  }
}
EOF
    [ -z "${DOVECOT_CAPABILITY:-}" ] ||
        printf 'imap_capability = %s\n' "$DOVECOT_CAPABILITY"
    [ -z "${DOVECOT_QUOTA:-}" ] || cat <<EOF
mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
}
plugin {
  quota = count:User quota
  quota_rule = $DOVECOT_QUOTA
  quota_vsizes = yes
  quota_grace = 0
}
EOF
}

dovecot_wait() {
    local i
    for i in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$DOVECOT_PORT") 2>/dev/null && return 0
        kill -0 "$DOVECOT_PID" 2>/dev/null || break
        sleep 0.1
    done
    echo "dovecot did not start after $i tries:" >&2
    cat "$1/log" "$1/out" >&2
    return 1
}

dovecot_start() {
    local d=$1 user uid gid as=(env)
    user=$(id -un)
    command -v dovecot >/dev/null || PATH=$PATH:/usr/sbin
    if [ "$(id -u)" = 0 ]; then
        user=${DOVECOT_USER:-nobody}
        as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --)
    fi
    uid=$(id -u "$user") gid=$(id -g "$user")
    mkdir -p "$d/run" "$d/mail"
    dovecot_certs "$d"
    read -r DOVECOT_PORT DOVECOT_TLS_PORT < <(dovecot_ports)
    # shellcheck disable=SC2034
    DOVECOT_CA=$d/ca.pem
    dovecot_conf "$d" "$user" "$uid" "$gid" "$(id -gn "$user")" >"$d/conf"
    chmod 755 "$d"
    [ "$(id -u)" != 0 ] || chown -R "$uid:$gid" "$d"
    setsid "${as[@]}" dovecot -F -c "$d/conf" >"$d/out" 2>&1 </dev/null &
    DOVECOT_PID=$!
    dovecot_wait "$d"
}

dovecot_stop() {
    [ -n "$DOVECOT_PID" ] || return 0
    kill "$DOVECOT_PID" 2>/dev/null || true
    wait "$DOVECOT_PID" 2>/dev/null || true
    DOVECOT_PID=
}
