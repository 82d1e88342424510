#!/usr/bin/env python3
"""Follows a growing log into a Langfuse stand-in that fails, kills tailer all the while, and counts what arrived.

    exactly_once.py --tailer PROGRAM --stub FOLDER --capture PROXY.LOG.GZ [--python PYTHON] [--server v2|v3|v4]
                    [--visible-after SECONDS] [--requests N] [--kills N] [--rotations N] [--seconds N]

FOLDER holds langfuse_stub.py, a server of the given generation with /_stub/faults and /_stub/state; PYTHON can import
what it needs. CAPTURE is any JSON log of payloads with call ids (LiteLLM 1.84 and later) whose times are of 2026-11-23,
such as testdata/captures/1.98.1/json-standard-payload and the one of 1.109.1. One request of it is repeated under new ids
and later times. tailer is killed with SIGKILL at random moments while the log grows and rotates, and the server answers
503, 429, late, not at all, and after storing. Then all faults end, and every request must be there exactly once: v4
counts rows, and rows that came twice. Prints one line of JSON; exit code 0 if nothing is lost or doubled.
"""
import argparse, base64, gzip, json, os, random, re, signal, subprocess, sys, tempfile, threading, time, urllib.request
from datetime import datetime, timedelta

KEYS = ("pk-lf-stub", "sk-lf-stub")
STEP = 0.02  # seconds of log time between two requests


class Unit:
    """One request as LiteLLM logs it, to be written again under other ids and at other times."""

    def __init__(self, capture):
        lines = gzip.open(capture, "rt", encoding="utf-8").read().split("\n")
        start = next(i for i, l in enumerate(lines) if l == "{" and '"chatcmpl-' in lines[i + 1])
        end = next(i for i in range(start, len(lines)) if lines[i] == "}")
        payload = json.loads("\n".join(lines[start:end + 1]))
        before = [l for l in lines[:start] if "POST /v1/chat/completions" in l or "200 OK" in l][-2:]
        text = json.dumps(payload, indent=4).replace(payload["litellm_call_id"], "eo-SEQ").replace(payload["id"], "chatcmpl-SEQ")
        self.parts = re.split(r'(SEQ|"timestamp": "[^"]*"|\b17954\d{5}\.\d+)', "\n".join(before) + "\n" + text + "\n")

    def write(self, n):
        out = []
        for part in self.parts:
            if part == "SEQ":
                part = "%010d" % n
            elif part.startswith('"timestamp": "20'):
                at = datetime.fromisoformat(part[14:-1]) + timedelta(seconds=n * STEP)
                part = '"timestamp": "%s"' % at.isoformat(timespec="microseconds")
            elif re.fullmatch(r"17954\d{5}\.\d+", part):
                part = "%.6f" % (float(part) + n * STEP)
            out.append(part)
        return "".join(out).encode()


class Stub:
    def __init__(self, o):
        command = [o.python, "langfuse_stub.py", "--port", "0", "--server", o.server, "--visible-after", str(o.visible_after)]
        self.process = subprocess.Popen(command, cwd=o.stub, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.url = self.process.stdout.readline().split()[-1]

    def call(self, path, body=None, method=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(KEYS).encode()).decode())
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)


def pages(stub, path, v4):
    """Yields everything that a list of the public API holds."""
    page, cursor = 1, ""
    while True:
        query = "limit=1000&fields=core" + ("&cursor=" + cursor if cursor else "") if v4 else "limit=100&page=%d" % page
        answer = stub.call(path + "?" + query)
        yield from answer["data"]
        page, cursor = page + 1, answer["meta"].get("cursor", "")
        if not answer["data"] or (v4 and not cursor) or (not v4 and page > answer["meta"]["totalPages"]):
            return


def faults(path, read):
    """What goes wrong, some of it after the server has stored what it was sent."""
    one = random.choice([
        {"status": 503, "times": random.randint(1, 3)}, {"status": 429, "headers": {"Retry-After": "1"}},
        {"disconnect": True}, {"disconnect": True, "after_storing": True}, {"status": 500, "after_storing": True},
        {"status": 502, "after_storing": True, "times": 2}, {"delay_seconds": 1.5, "times": 2},
        {"delay_seconds": 3, "disconnect": True, "after_storing": True}, {"status": 504, "delay_seconds": 1},
    ])
    return [{"path": read if random.random() < 0.15 else path, **one}]


class Tailer:
    def __init__(self, o, folder, url, log):
        self.kills = 0
        self.command = [o.tailer, "run", "--state", folder + "/state", "--timezone", "UTC", "--flush-interval", "50ms",
                        "--visible-after", "%ds" % (o.visible_after + 3), log]
        self.env = {"PATH": os.environ["PATH"], "HOME": folder, "LANGFUSE_BASE_URL": url, "LANGFUSE_PUBLIC_KEY": KEYS[0],
                    "LANGFUSE_SECRET_KEY": KEYS[1], "LANGFUSE_TIMEOUT": "60"}
        self.told = open(folder + "/tailer.log", "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, env=self.env, stdout=self.told, stderr=self.told)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def grow(o, unit, log, done):
    rotate_at = {o.requests * (i + 1) // (o.rotations + 1) for i in range(o.rotations)}
    began, out = time.time(), open(log, "ab", buffering=0)
    for n in range(o.requests):
        if n in rotate_at:
            out.close()
            for i in (2, 1):
                old = log + (".%d" % i)
                if os.path.exists(old):
                    os.rename(old, log + ".%d" % (i + 1))
            os.rename(log, log + ".1")
            out = open(log, "ab", buffering=0)
        text = unit.write(n)
        cut = random.randrange(len(text))  # a write may stop in the middle of a line
        out.write(text[:cut])
        out.write(text[cut:])
        time.sleep(max(0, began + n * o.seconds / o.requests - time.time()))
    done.set()


def count(o, stub):
    v4, state = o.server == "v4", stub.call("/_stub/state")
    path = "/api/public/v2/observations" if v4 else "/api/public/observations"
    rows = {}
    for row in pages(stub, path, v4):
        key = row["traceId"] + "/" + row["id"]
        rows[key] = rows.get(key, 0) + 1
    return {
        "rows": sum(rows.values()), "distinct": len(rows), "doubled": sum(n > 1 for n in rows.values()),
        "received_twice": len(state["rowsReceivedRepeatedly"]) if v4 else None,
        "traces": None if v4 else sum(1 for _ in pages(stub, "/api/public/traces", False)),
        "posts": sum(r["method"] == "POST" for r in state["requests"]),
        "posts_failed": sum(r["method"] == "POST" and r["outcome"] not in (200, 207) for r in state["requests"]),
        "lookups": sum("v2/observations" in r["path"] for r in state["requests"]),
    }


def run(o, folder):
    stub, log, done = Stub(o), folder + "/proxy.log", threading.Event()
    write = "/api/public/ingestion" if o.server == "v2" else "/api/public/otel"
    try:
        open(log, "ab").close()
        threading.Thread(target=grow, args=(o, Unit(o.capture), log, done), daemon=True).start()
        tailer, began = Tailer(o, folder, stub.url, log), time.time()
        while tailer.kills < o.kills or not done.is_set():
            time.sleep(random.uniform(0.2, 1.8) * o.seconds / max(o.kills, 1))
            stub.call("/_stub/faults", faults(write, "/api/public/v2"))
            if tailer.kills < o.kills:
                tailer.kill()
        stub.call("/_stub/faults", method="DELETE")
        grown, last, quiet = time.time() - began, None, time.time()
        while time.time() - quiet < 240 + 4 * o.visible_after:  # until nothing more comes
            state = stub.call("/_stub/state")
            now = (state["rows"], state["observations"])
            if now != last:
                last, quiet = now, time.time()
            if max(now) >= o.requests and time.time() - quiet > 6 + 2 * o.visible_after:
                break
            time.sleep(0.5)
        code = tailer.stop()
        told = open(folder + "/tailer.log", "rb").read()
        result = {"server": o.server, "visible_after": o.visible_after, "requests": o.requests, "kills": tailer.kills,
                  "rotations": o.rotations, "exit": code, "seconds": round(time.time() - began), "growing": round(grown),
                  "panics": told.count(b"panic:"), **count(o, stub)}
        result["lost"] = o.requests - result["distinct"]
        return result, told
    finally:
        stub.process.kill()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--tailer", required=True)
    a.add_argument("--stub", required=True)
    a.add_argument("--capture", required=True)
    a.add_argument("--python", default=sys.executable)
    a.add_argument("--server", default="v4", choices=["v2", "v3", "v4"])
    a.add_argument("--visible-after", type=float, default=0)
    a.add_argument("--requests", type=int, default=5000)
    a.add_argument("--kills", type=int, default=40)
    a.add_argument("--rotations", type=int, default=2)
    a.add_argument("--seconds", type=float, default=60)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--keep", help="folder for the log, the state and what tailer said")
    o = a.parse_args()
    o.tailer, o.stub, o.capture = os.path.abspath(o.tailer), os.path.abspath(o.stub), os.path.abspath(o.capture)
    random.seed(o.seed)
    if o.keep:
        os.makedirs(o.keep, exist_ok=True)
        result, told = run(o, os.path.abspath(o.keep))
    else:
        with tempfile.TemporaryDirectory() as folder:
            result, told = run(o, folder)
    print(json.dumps(result))
    good = not (result["lost"] or result["doubled"] or result["received_twice"] or result["panics"] or result["rows"] != o.requests)
    if not good:
        sys.stderr.write(told.decode(errors="replace")[-4000:])
    sys.exit(0 if good and result["traces"] in (None, o.requests) else 1)


if __name__ == "__main__":
    main()
