#!/bin/sh
# What the tests need of the system: programs that pip cannot install. Installs what is missing
# where that is allowed (as root on Debian or Ubuntu), and says in one line what to do elsewhere.
set -eu
PATH="$PATH:/usr/sbin:/usr/local/sbin:/sbin"

missing=""
need() { # need PROGRAM PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need sshd openssh-server
need ssh-keygen openssh-client
need systemd-analyze systemd
need vsftpd vsftpd
need rclone rclone
need pgbouncer pgbouncer
need microsocks microsocks
need tinyproxy tinyproxy-bin
need zsh zsh
need fish fish
# Debian keeps PostgreSQL's programs out of the path, a directory for each version.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql

# Of the package prometheus, only this program is needed: to install the package would start a server.
needs_promtool=""
command -v promtool >/dev/null 2>&1 || needs_promtool="yes"

unpack_promtool() {
    place=$(mktemp -d) && chmod 755 "$place"
    (cd "$place" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb .) >/dev/null 2>&1 &&
        install -m 755 "$place/usr/bin/promtool" /usr/local/bin/promtool
    done=$?
    rm -rf "$place"
    return $done
}

[ -n "$missing$needs_promtool" ] || exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing${needs_promtool:+ promtool}"
    export DEBIAN_FRONTEND=noninteractive
    install_missing() {
        # shellcheck disable=SC2086
        apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1
    }
    # The list of packages may be missing or old: it is fetched only when it has to be.
    [ -z "$missing" ] || install_missing || { apt-get update -qq >/dev/null 2>&1 && install_missing; } || {
        echo "The tests need$missing, which apt-get could not install." >&2
        exit 1
    }
    [ -z "$needs_promtool" ] || unpack_promtool || { apt-get update -qq >/dev/null 2>&1 && unpack_promtool; } || {
        echo "The tests need promtool of the package prometheus, which apt-get could not fetch." >&2
        exit 1
    }
else
    missing="$missing${needs_promtool:+ prometheus}"
    echo "The tests need$missing: install them as root, on Debian or Ubuntu with apt-get install$missing" >&2
    exit 1
fi
