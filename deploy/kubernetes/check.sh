#!/usr/bin/env bash
# Builds both kustomizations and validates what comes out: against Kubernetes'
# own schemas, unknown fields refused, and the PodMonitor against its CRD. Needs
# Go and Python 3; loads the rest by name and version.
set -euo pipefail
cd "$(dirname "$0")"

kustomize=sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet kubernetes-validate==1.37.0 PyYAML jsonschema
crds=$(cd "$work" && go mod download -json "$operator" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/example/prometheus-operator-crd

for part in daemonset sidecar; do
	go run "$kustomize" build "$part" >"$work/$part.yaml"
	"$work/venv/bin/python" check.py "$crds" "$work/$part.yaml"
done
