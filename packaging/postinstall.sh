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
tailer is installed and not started. The unit needs a file with Langfuse's secret key
and reads other variables from /etc/tailer/env:
    install -m 0600 /dev/null /etc/tailer/langfuse-secret-key
    install -m 0600 /dev/null /etc/tailer/env
The key and nothing else goes into the first, LANGFUSE_PUBLIC_KEY=... and
LANGFUSE_BASE_URL=... into the second. If the first stays empty, traces are kept in
/var/lib/tailer/traces.db only. Name the logs in /etc/tailer/tailer.yaml, then:
    LANGFUSE_SECRET_KEY_FILE=/etc/tailer/langfuse-secret-key \
        tailer doctor --config /etc/tailer/tailer.yaml --env-file /etc/tailer/env
    systemctl enable --now tailer
/usr/share/doc/tailer/systemd/README.md has the rest.
TEXT
