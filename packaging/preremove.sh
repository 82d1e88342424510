#!/bin/sh
# Stops the service when the package goes, but not when it is upgraded: dpkg says
# "upgrade" then, rpm says how many versions remain.
set -e
case "$1" in
upgrade | 1) exit 0 ;;
esac
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
	systemctl disable --now tailer.service || true
fi
