#!/usr/bin/env bash
# Installs the Debian package in a root of its own, runs it there, checks the
# units, removes and purges it. Needs root, systemd-analyze, and a root made by
# debootstrap --variant=minbase --include=systemd,procps bookworm ROOT.
#
#     packaging/check.sh dist/packages/tailer_0.1.0_amd64.deb ROOT
#
# Where there is rpm, the rpm beside it is installed in a root of its own, and
# removed.
set -euo pipefail
deb=$1 root=$2
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }

cp "$deb" "$root/tmp/tailer.deb"
inside dpkg -i /tmp/tailer.deb
inside tailer --version
inside tailer doctor --help >/dev/null
code=0
inside tailer run --config /etc/tailer/tailer.yaml || code=$?
[ "$code" = 2 ] || { echo "unconfigured it should end with 2, not $code"; exit 1; }
inside bash -c 'source /usr/share/bash-completion/completions/tailer && complete -p tailer'
[ "$(inside dpkg-query -W -f '${Conffiles}' tailer | grep -c /etc/tailer/tailer.yaml)" = 1 ]
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/tailer.service" ] || { echo "it is enabled"; exit 1; }
systemd-analyze verify --root="$root" tailer.service
systemd-analyze verify --root="$root" tailer-backfill@x.service

# A changed configuration outlives an upgrade and a removal, not a purge.
echo "# mine" >>"$root/etc/tailer/tailer.yaml"
mkdir -p "$root/var/lib/tailer"
inside dpkg -i /tmp/tailer.deb
grep -q "# mine" "$root/etc/tailer/tailer.yaml"
inside dpkg -r tailer
grep -q "# mine" "$root/etc/tailer/tailer.yaml"
[ -d "$root/var/lib/tailer" ]
[ ! -e "$root/usr/bin/tailer" ]
inside dpkg -P tailer
left=$(find "$root/etc" "$root/usr" "$root/var/lib" -path "$root/var/lib/dpkg" -prune -o -name '*tailer*' -print)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo "installed, run, verified, upgraded, removed and purged clean"

command -v rpm >/dev/null || exit 0
set -- "$(dirname "$deb")"/tailer-*.x86_64.rpm
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
rpm --root "$other" --initdb
rpm --root "$other" -i --nodeps --noscripts "$1"
rpm --root "$other" -V tailer
"$other/usr/bin/tailer" --version
rpm --root "$other" -e --noscripts tailer
left=$(find "$other" -name '*tailer*')
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo "rpm: installed, verified, removed clean"
