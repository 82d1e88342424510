#!/bin/bash
# tailer.sh LOG STATE OUT [FLAG...]: tailer following LOG. A receiver outside its process group appends what it accepted
# to OUT; as a server would, it is there before tailer and stays through its restarts, until the driver ends or removes
# the folder of OUT. TAILER is the program, in PATH if it is not set.
log=$1 state=$2 out=$3
shift 3
port="$state/port"
if ! [ -s "$port" ]; then
  here=$(dirname "$(readlink -f "$0")")
  setsid python3 "$here/receiver.py" --name lokisink --while $PPID --port-file "$port" --out "$out" </dev/null &
  while ! [ -s "$port" ]; do sleep 0.02; done
fi
export LANGFUSE_PUBLIC_KEY=pk-lf-torture LANGFUSE_SECRET_KEY=sk-lf-torture
export LANGFUSE_BASE_URL="http://127.0.0.1:$(<"$port")"
exec "${TAILER:-tailer}" run --state "$state/tailer" --timezone UTC --flush-interval 50ms --api otlp "$@" "$log"
