#!/bin/bash
# tailer.sh LOG STATE OUT [FLAG...]: tailer following LOG, with a receiver of its own outside its process group that
# appends what it accepted to OUT. TAILER is the program, in PATH if it is not set.
log=$1 state=$2 out=$3
shift 3
here=$(dirname "$(readlink -f "$0")")
port="$state/port.$$"
setsid python3 "$here/receiver.py" --name lokisink --with-parent --port-file "$port" --out "$out" </dev/null &
while ! [ -s "$port" ]; do sleep 0.02; done
export LANGFUSE_PUBLIC_KEY=pk-lf-torture LANGFUSE_SECRET_KEY=sk-lf-torture
export LANGFUSE_BASE_URL="http://127.0.0.1:$(cat "$port")"
exec "${TAILER:-tailer}" run --state "$state/tailer" --timezone UTC --flush-interval 50ms --api otlp "$@" "$log"
