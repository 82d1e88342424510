#!/bin/sh
# dpkg --purge takes configuration and state away. Any other removal keeps them:
# the state says what was delivered.
set -e
root=${DPKG_ROOT:-}
if [ "$1" = purge ]; then
	rm -rf "$root/etc/tailer" "$root/var/lib/tailer" "$root/var/lib/private/tailer"
fi
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
