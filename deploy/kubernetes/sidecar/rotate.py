"""Runs a command, writes what it prints to a file, and renames the file when it
is full:

    python3 rotate.py /logs/proxy.log litellm --config config.yaml

The output stays visible as the container's own log. A rename keeps every byte:
tailer reads the old file to its end before it goes on with the new one.
"""
import os
import signal
import subprocess
import sys

FULL = int(os.environ.get("ROTATE_BYTES", 256 << 20))
KEEP = 2  # renamed files: proxy.log.1, proxy.log.2

path, command = sys.argv[1], sys.argv[2:]
child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _: child.send_signal(number))

log = open(path, "ab")
for line in child.stdout:
    log.write(line)
    log.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    if log.tell() >= FULL:
        log.close()
        for n in range(KEEP, 0, -1):
            older = path if n == 1 else f"{path}.{n - 1}"
            if os.path.exists(older):
                os.replace(older, f"{path}.{n}")
        log = open(path, "ab")
log.close()
sys.exit(child.wait())
