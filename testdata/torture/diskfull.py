#!/usr/bin/env python3
"""Pipes a log into tailer while Langfuse is down, until the disk of the state folder is full; then Langfuse comes back.

    diskfull.py --tailer PROGRAM --stub FOLDER --capture PROXY.LOG.GZ [--python PYTHON] [--server v2|v3|v4]
                [--requests N] [--size SIZE] [--full SECONDS]

Needs root on Linux: the state folder (spool, ledger, checkpoint) is a tmpfs of SIZE, less than what the pipe brings. Its
writer must have to wait, nothing else: tailer says that the disk is full, stays small, and when the server answers again
everything arrives exactly once, on the same small disk. Options are those of exactly_once.py. Prints one line of JSON;
exit code 0 if nothing is lost or doubled, 77 if it could not be tried.
"""
import argparse, json, os, subprocess, sys, tempfile, threading, time

import exactly_once
from exactly_once import KEYS, Stub, Unit


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmRSS")) / 1024


class Writer(threading.Thread):
    """Writes all requests into a pipe, as `docker logs -f` would: when the pipe is full it waits."""

    def __init__(self, fd, unit, requests):
        super().__init__(daemon=True)
        self.fd, self.unit, self.requests, self.written, self.moved = fd, unit, requests, 0, time.time()

    def run(self):
        with os.fdopen(self.fd, "wb", buffering=0) as pipe:
            for n in range(self.requests):
                text = self.unit.write(n)
                while text:
                    text = text[pipe.write(text):]
                    self.moved = time.time()
                self.written = n + 1


def until(seconds, what, done):
    began = time.time()
    while not done():
        if time.time() - began > seconds:
            raise SystemExit("after %d s still not: %s" % (seconds, what))
        time.sleep(0.2)
    return round(time.time() - began, 1)


def run(o, folder):
    state, said = folder + "/state", folder + "/tailer.log"
    os.mkdir(state)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + o.size, "tmpfs", state], stderr=subprocess.DEVNULL).returncode:
        print("a tmpfs can't be mounted: run this as root", file=sys.stderr)
        sys.exit(77)
    stub = Stub(o)
    try:
        stub.call("/_stub/faults", [{"path": "/api/public", "status": 503, "times": 10 ** 9}])
        out, into = os.pipe()
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LANGFUSE_BASE_URL": stub.url, "LANGFUSE_PUBLIC_KEY": KEYS[0],
               "LANGFUSE_SECRET_KEY": KEYS[1], "LANGFUSE_TIMEOUT": "60"}
        with open(said, "wb") as log:
            tailer = subprocess.Popen([o.tailer, "run", "--state", state, "--timezone", "UTC", "-"], stdin=out, stdout=log, stderr=log, env=env)
        os.close(out)
        writer = Writer(into, Unit(o.capture), o.requests)
        writer.start()
        told = lambda: open(said, "rb").read()
        until(120, "the pipe's writer waits", lambda: time.time() - writer.moved > 5)
        full = {"written": writer.written, "free_bytes": os.statvfs(state).f_bavail * os.statvfs(state).f_frsize,
                "files": {n: os.stat(os.path.join(d, n)).st_blocks * 512 for d, _, names in os.walk(state) for n in names}}
        time.sleep(o.full)
        full["resident_mib"], full["running"] = round(resident(tailer.pid)), tailer.poll() is None
        full["said"] = [l for l in told().decode().splitlines() if "level=ERROR" in l or "level=WARN" in l][:6]
        stub.call("/_stub/faults", method="DELETE")
        resumed = until(120, "the pipe's writer goes on", lambda: time.time() - writer.moved < 1)
        rows = lambda: (lambda s: max(s["rows"], s["observations"]))(stub.call("/_stub/state"))
        took = until(180, "all arrived", lambda: rows() >= o.requests)
        code = tailer.wait(60)  # the pipe has ended
        result = {"server": o.server, "size": o.size, "requests": o.requests, "full": full, "resumed_after_s": resumed, "all_after_s": took,
                  "exit": code, **exactly_once.count(o, stub)}
        result["lost"] = o.requests - result["distinct"]
        return result, told()
    except SystemExit as e:
        sys.stderr.write(open(said, errors="replace").read()[-4000:])
        raise e
    finally:
        if "tailer" in locals() and tailer.poll() is None:
            tailer.kill()
            tailer.wait()
        stub.process.kill()
        subprocess.run(["umount", state])


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--tailer", required=True)
    a.add_argument("--stub", required=True)
    a.add_argument("--capture", required=True)
    a.add_argument("--python", default=sys.executable)
    a.add_argument("--server", default="v4", choices=["v2", "v3", "v4"])
    a.add_argument("--visible-after", type=float, default=0)
    a.add_argument("--requests", type=int, default=1500)
    a.add_argument("--size", default="6m")
    a.add_argument("--full", type=float, default=10, help="seconds to stay full")
    o = a.parse_args()
    o.tailer, o.stub, o.capture = os.path.abspath(o.tailer), os.path.abspath(o.stub), os.path.abspath(o.capture)
    with tempfile.TemporaryDirectory() as folder:
        result, told = run(o, folder)
    print(json.dumps(result))
    good = not (result["lost"] or result["doubled"] or result["exit"] or result["rows"] != o.requests or not result["full"]["said"])
    if not good:
        sys.stderr.write(told.decode(errors="replace")[-4000:])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
