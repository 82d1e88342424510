#!/bin/sh
# Nothing is started: there is nothing to follow until tailer.yaml names it.
set -e
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	if systemctl is-active --quiet tailer.service; then # an upgrade
		systemctl restart tailer.service || true
		exit 0
	fi
fi
if [ "$1" = configure ] && [ -n "$2" ]; then
	exit 0 # dpkg: an upgrade
fi
cat <<'TEXT'
tailer is installed and not started. Name its logs in /etc/tailer/tailer.yaml, then:
    tailer doctor --config /etc/tailer/tailer.yaml
    systemctl enable --now tailer
TEXT
