#!/usr/bin/env python3
"""Real proxies with their own langfuse callback, tailer beside them: which traces result, field by field.

    beside_live.py --tailer PROGRAM --stub FOLDER [--python PYTHON] [--servers v3,v4] [--modes own,upsert,auto]
                   [--variant json-detailed] [--size small] [--out FOLDER] LITELLM...

LITELLM is the litellm program of an installation with langfuse. For each, and each kind of server, the lab runs once. What
the callback posts goes to a stand-in server of its own, and as it comes also to one for each mode, into which a `tailer
run` writes that follows the same log in this mode. So the first server is the traces before, the others are the traces
after, of the same requests. FOLDER holds langfuse_stub.py. Prints Markdown; exit code 1 if something of the callback's
was changed that should not be, a user is another request's, or a cost counts twice where it should not.
"""
import argparse, base64, http.client, json, os, signal, subprocess, sys, threading, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lab")]
import beside
import run_lab
from variants import VARIANTS

FIELDS = ("userId", "sessionId", "tags", "metadata", "name", "input", "output", "timestamp", "environment", "release", "version", "public")


class Fan(BaseHTTPRequestHandler):
    """Gives each request to all servers, and answers as the first does."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def fan(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        first = None
        for url in self.server.urls:
            to = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
            to.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")})
            answer = to.getresponse()
            first = first or (answer.status, answer.read(), answer.getheader("Content-Type"))
            to.close()
        self.server.posts += self.command == "POST"
        self.send_response(first[0])
        self.send_header("Content-Type", first[2] or "application/json")
        self.send_header("Content-Length", str(len(first[1])))
        self.end_headers()
        self.wfile.write(first[1])

    do_GET = do_POST = fan


class Beside:
    """Takes the place of the lab's fake Langfuse: the servers, and one tailer for each mode."""

    def __init__(self, o, server):
        self.o, self.server, self.stubs, self.tailers = o, server, {m: beside.Stub(o, server) for m in ["before", *o.modes]}, {}

    def start(self, path):
        folder = os.path.dirname(path)
        relay = ThreadingHTTPServer(("127.0.0.1", 0), Fan)
        relay.daemon_threads, relay.urls, relay.posts = True, [s.url for s in self.stubs.values()], 0
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        open(os.path.join(folder, "proxy.log"), "ab").close()
        for mode in self.o.modes:
            state = os.path.join(folder, "tailer-" + mode)
            os.mkdir(state)
            with open(os.path.join(state, "said"), "wb") as said:
                self.tailers[mode] = subprocess.Popen(
                    [self.o.tailer, "run", "--mode", mode, "--timezone", "UTC", "--state", state, os.path.join(folder, "proxy.log")],
                    cwd=state, stderr=said, stdout=said, env={
                        "PATH": os.environ["PATH"], "HOME": state, "LANGFUSE_BASE_URL": self.stubs[mode].url,
                        "LANGFUSE_PUBLIC_KEY": beside.KEYS[0], "LANGFUSE_SECRET_KEY": beside.KEYS[1]})
        return relay

    def quiet(self):
        """Returns when no server has got anything for 15 s: the last requests are handed out after 10 s."""
        last, since, began = None, time.time(), time.time()
        while time.time() - since < 15 and time.time() - began < 180:
            now = [len(s.call("/_stub/state")["requests"]) for s in self.stubs.values()]
            if now != last:
                last, since = now, time.time()
            time.sleep(1)

    def stop(self):
        codes = {}
        for mode, p in self.tailers.items():
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for mode, p in self.tailers.items():
            codes[mode] = p.wait(60)
        return codes

    def close(self):
        for p in [*self.tailers.values(), *(s.process for s in self.stubs.values())]:
            if p.poll() is None:
                p.kill()


def cost(snapshot):
    return sum((row.get("costDetails") or {}).get("total") or 0 for _, rows in snapshot.values() for row in rows.values())


def empty(v):
    return v in (None, "", [], {})


def fields(before, after):
    """{field: [added, extended, changed]} over the callback's traces."""
    out = {f: [0, 0, 0] for f in FIELDS}
    for tid, (old, _) in before.items():
        new = after[tid][0]
        for f in FIELDS:
            a, b = old.get(f), new.get(f)
            if a == b or empty(a) and empty(b):
                continue
            grown = isinstance(a, dict) and isinstance(b, dict) and all(b.get(k) == v for k, v in a.items()) or \
                isinstance(a, list) and isinstance(b, list) and set(map(str, a)) <= set(map(str, b))
            out[f][0 if empty(a) else 1 if grown else 2] += 1
    return out


def cell(counts):
    return ", ".join("%d %s" % (n, what) for n, what in zip(counts, ("added", "extended", "changed")) if n) or "as before"


def said(path):
    """What an operator is told of modes, counted by message."""
    out = {}
    for line in open(path, errors="replace"):
        if "mode" in line and "msg=" in line or "level=WARN" in line or "level=ERROR" in line:
            at = line.index("msg=") + 4
            text = line[at:].split('"')[1] if line[at] == '"' else line[at:].split()[0]
            text += " (" + line.split("mode=")[1].split()[0] + ")" if " mode=" in line else ""
            out[text] = out.get(text, 0) + 1
    return "; ".join("%s%s" % (t, "" if n == 1 else " ×%d" % n) for t, n in out.items())


def run(o, litellm, server):
    lab = Beside(o, server)
    run_lab.fake_langfuse = lab
    real = run_lab.proxy_environment
    out = os.path.join(o.out, server + "-" + os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(litellm)))))
    try:
        run_lab.proxy_environment = lambda variant, port: {**real(variant, port), "LANGFUSE_PUBLIC_KEY": beside.KEYS[0], "LANGFUSE_SECRET_KEY": beside.KEYS[1]}
        info = run_lab.capture(argparse.Namespace(litellm=litellm, variant=o.variant, profile="default", size=o.size, width=None, out=out))
        lab.quiet()
        codes = lab.stop()
        shots = {m: s.snapshot(server) for m, s in lab.stubs.items()}
        scores = {m: sum(r["path"].endswith("/ingestion") and r["method"] == "POST" for r in s.call("/_stub/state")["requests"]) for m, s in lab.stubs.items()}
    finally:
        run_lab.proxy_environment = real
        lab.close()
    users, before, bad = beside.right_users(out), shots["before"], 0
    for mode in o.modes:
        after = shots[mode]
        n, f = beside.compare(before, after, users), fields(before, after)
        rows = [sum(len(r) for _, r in s.values()) for s in (before, after)]
        changed = {k: v for k, v in f.items() if k not in FIELDS[:4] and v != [0, 0, 0]}
        others = "; ".join("%s: %s" % (k, cell(v)) for k, v in changed.items()) or "as before"
        extra = scores[mode] - scores["before"] if server == "v4" else 0
        print("| %s | %s | %s | %d of %d requests | %d | %s | %s | %s | %s | %s | %d → %d | %.6f → %.6f | %d / %d | %s |" % (
            info["versions"]["litellm"], server, mode, len(before), info["requests"], n["new"], cell(f["userId"]), cell(f["sessionId"]), cell(f["tags"]),
            cell(f["metadata"]), others, rows[0], rows[1], cost(before), cost(after), n["checked"], n["wrong"],
            ("%d posts of scores; " % extra if extra else "") + said(os.path.join(out, "tailer-" + mode, "said")) + ("" if codes[mode] == 130 else "; exit %d" % codes[mode])))
        sys.stdout.flush()
        if mode != "own":
            bad += n["wrong"] + sum(v[2] for v in f.values()) + n["generations_changed"]
        json.dump({m: s for m, s in shots.items()}, open(os.path.join(out, "shots.json"), "w"))
    return bad


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--tailer", required=True)
    a.add_argument("--stub", required=True)
    a.add_argument("--python", default=sys.executable)
    a.add_argument("--servers", default="v3,v4")
    a.add_argument("--modes", default="own,upsert,auto")
    a.add_argument("--variant", default="json-detailed", choices=sorted(VARIANTS))
    a.add_argument("--size", default="small", choices=["small", "full", "large"])
    a.add_argument("--out", default="/tmp/beside-live")
    a.add_argument("litellm", nargs="+")
    o = a.parse_args()
    o.tailer, o.stub, o.modes = os.path.abspath(o.tailer), os.path.abspath(o.stub), o.modes.split(",")
    print("| LiteLLM | server | mode | callback's traces | new traces | user | session | tags | metadata | other fields | observations | cost | users checked / wrong | tailer says |")
    print("|" + " --- |" * 14)
    bad = 0
    for litellm in o.litellm:
        for server in o.servers.split(","):
            bad += run(o, litellm, server)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
