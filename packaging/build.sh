#!/usr/bin/env bash
# Builds archives, packages, SBOM and checksums into dist/packages. Needs Go, git
# and GNU tar. The same commit gives the same bytes: times are those of the commit.
set -euo pipefail
cd "$(dirname "$0")/.."

nfpm=${NFPM:-go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4}
sbom=${CYCLONEDX:-go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0}

export DIST=dist/build
out=dist/packages
export VERSION=${VERSION:-$(sed -n 's/^var version = "\(.*\)"$/\1/p' cmd/tailer/main.go)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH CGO_ENABLED=0 GOFLAGS=-buildvcs=false
rm -rf "$DIST" "$out"
mkdir -p "$DIST" "$out"

build() { # architecture
	GOOS=linux GOARCH=$1 go build -trimpath -tags timetzdata \
		-ldflags "-s -w -buildid= -X main.version=$VERSION" -o "$DIST/$1/tailer" ./cmd/tailer
}

# What is the same for all: from a program for this machine.
host=$(go env GOHOSTARCH)
build "$host"
"$DIST/$host/tailer" manual | gzip -9n >"$DIST/tailer.1.gz"
"$DIST/$host/tailer" completion bash >"$DIST/tailer.bash"
"$DIST/$host/tailer" completion fish >"$DIST/tailer.fish"
"$DIST/$host/tailer" completion zsh >"$DIST/_tailer"
for unit in systemd/*.service; do
	sed 's|/usr/local/bin/tailer|/usr/bin/tailer|' "$unit" >"$DIST/$(basename "$unit")"
done
# A list of the modules in a program, without what differs from run to run.
bill() { # architecture
	$sbom bin -json -noserial -version "v$VERSION" -output "$DIST/$1/sbom.json" "$DIST/$1/tailer"
	sed -i '/^ *"timestamp": /d' "$DIST/$1/sbom.json"
	cp "$DIST/$1/sbom.json" "$out/tailer_${VERSION}_linux_$1.sbom.cdx.json"
}

# apk keeps the times of scripts.
cp packaging/postinstall.sh packaging/preremove.sh packaging/postremove.sh "$DIST/"
touch -d "@$SOURCE_DATE_EPOCH" "$DIST"/*.sh

for ARCH in amd64 arm64; do
	export ARCH
	[ -x "$DIST/$ARCH/tailer" ] || build "$ARCH"
	bill "$ARCH"
	sed -e "s|\${ARCH}|$ARCH|g; s|\${VERSION}|$VERSION|g; s|\${DIST}|$DIST|g" packaging/nfpm.yaml >"$DIST/nfpm-$ARCH.yaml"
	for packager in deb rpm apk; do
		$nfpm package -f "$DIST/nfpm-$ARCH.yaml" -p "$packager" -t "$out/"
	done
	top=tailer_${VERSION}_linux_$ARCH
	mkdir -p "$DIST/$top/completions" "$DIST/$top/systemd" "$DIST/$top/internal/config"
	cp "$DIST/$ARCH/tailer" LICENSE ./*.md internal/config/tailer.yaml "$DIST/tailer.1.gz" "$DIST/$top/"
	cp internal/config/tailer.yaml "$DIST/$top/internal/config/"
	cp "$DIST/tailer.bash" "$DIST/tailer.fish" "$DIST/_tailer" "$DIST/$top/completions/"
	cp systemd/*.service systemd/README.md "$DIST/$top/systemd/"
	cp -r deploy docs "$DIST/$top/"
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w \
		-C "$DIST" -cf - "$top" | gzip -9n >"$out/$top.tar.gz"
done
(cd "$out" && sha256sum -- * >SHA256SUMS)
ls -l "$out"
