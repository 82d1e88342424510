#!/usr/bin/env python3
"""What becomes of the traces that LiteLLM's own langfuse callback wrote, once tailer has read the same log.

    beside.py --tailer PROGRAM --stub FOLDER [--python PYTHON] [--servers v2,v3,v4] [--modes own,upsert,annotate,auto] CAPTURE...

A CAPTURE is a folder with proxy.log(.gz), truth.jsonl(.gz) and native-langfuse.jsonl(.gz): what the callback posted. That is
posted to the stand-in server first, then tailer reads the log in each mode, and the traces are compared field by field,
before and after. A trace's right user is found without tailer: by the response id in its generations and the headers
of the request that got this response. Prints a Markdown row for each combination; exit code 1 if a field of LiteLLM's was
changed or a user is another request's.
"""
import argparse, base64, glob, gzip, json, os, re, subprocess, sys, tempfile, urllib.error, urllib.parse, urllib.request

KEYS = ("pk-lf-stub", "sk-lf-stub")
KEPT = ("name", "input", "output", "release", "version", "timestamp", "environment")


def lines(folder, name):
    path = next(iter(glob.glob(folder + "/" + name + "*")), None)
    if path is None:
        return
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        for line in f:
            yield json.loads(line)


class Stub:
    def __init__(self, o, server):
        self.process = subprocess.Popen([o.python, "langfuse_stub.py", "--port", "0", "--server", server], cwd=o.stub, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.url = self.process.stdout.readline().split()[-1]

    def call(self, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(KEYS).encode()).decode())
        if data:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            return {"status": e.code}

    def pages(self, path, v4):
        page, cursor = 1, ""
        while True:
            query = "limit=1000&cursor=" + cursor if v4 and cursor else "limit=1000" if v4 else "limit=100&page=%d" % page
            answer = self.call(path + "?" + query)
            yield from answer["data"]
            page, cursor = page + 1, answer["meta"].get("cursor", "")
            if not answer["data"] or (v4 and not cursor) or (not v4 and page > answer["meta"]["totalPages"]):
                return

    def snapshot(self, server):
        """Returns {trace id: (fields, {observation id: fields})}."""
        out = {}
        if server == "v4":
            for row in self.pages("/api/public/v2/observations", True):
                trace = out.setdefault(row["traceId"], ({}, {}))
                if not row.get("parentObservationId"):
                    for name in ("userId", "sessionId", "tags", "name", "input", "output"):
                        trace[0].setdefault(name, row.get(name))
                trace[1][row["id"]] = row
            return out
        for trace in self.pages("/api/public/traces", False):
            out[trace["id"]] = (trace, {})
        for row in self.pages("/api/public/observations", False):
            out.setdefault(row["traceId"], ({}, {}))[1][row["id"]] = {k: v for k, v in row.items() if k not in ("createdAt", "updatedAt")}
        return out


def replay(stub, folder):
    for post in lines(folder, "native-langfuse.jsonl"):
        if post["path"].endswith("/ingestion"):
            stub.call("/api/public/ingestion", post["body"])
        elif post["path"].endswith("/traces"):
            stub.call("/api/public/otel/v1/traces", post["body"], **{"x-langfuse-ingestion-version": "4"})


def right_users(folder):
    """Returns {response id: e-mail or id that the client's headers state}."""
    users = {}
    for line in lines(folder, "truth.jsonl"):
        headers = {name.lower(): value for name, value in line["request_headers"]}
        body = line.get("response_body")
        rid = body.get("id") if isinstance(body, dict) else None
        if rid is None and line.get("stream_events"):
            found = re.search(r'"id": ?"((?:chatcmpl|resp|msg)[^"]+)"', json.dumps(line["stream_events"][:3]).replace('\\"', '"'))
            rid = found and found.group(1)
        user = next((headers[h] for h in ("langfuse_trace_user_id", "x-litellm-customer-id", "x-litellm-end-user-id",
                                          "x-openwebui-user-email", "x-openwebui-user-id") if headers.get(h)), None)
        if rid and user:
            users[rid] = urllib.parse.unquote(user)
    return users


def compare(before, after, users):
    n = dict.fromkeys(("traces", "new", "user", "user_after", "session", "session_after", "kept_changed", "generations_new",
                       "generations_changed", "tags_added", "metadata_added", "checked", "wrong"), 0)
    n["traces"] = len(before)
    for tid, (trace, rows) in after.items():
        if tid not in before:
            n["new"] += 1
            continue
        old, old_rows = before[tid]
        n["user"] += bool(old.get("userId"))
        n["user_after"] += bool(trace.get("userId"))
        n["session"] += bool(old.get("sessionId"))
        n["session_after"] += bool(trace.get("sessionId"))
        n["kept_changed"] += sum(old.get(k) != trace.get(k) for k in KEPT)
        n["generations_new"] += len(set(rows) - set(old_rows))
        n["generations_changed"] += sum(old_rows[k] != rows.get(k) for k in old_rows)
        n["tags_added"] += len(set(trace.get("tags") or []) - set(old.get("tags") or [])) > 0
        n["metadata_added"] += len(set(trace.get("metadata") or {}) - set(old.get("metadata") or {})) > 0
        allowed = {users[rid] for row in rows.values() for rid in users if rid in json.dumps([row["id"], row.get("metadata")])}
        if allowed and trace.get("userId") != old.get("userId"):
            n["checked"] += 1
            n["wrong"] += trace["userId"] not in allowed
    return n


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--tailer", required=True)
    a.add_argument("--stub", required=True)
    a.add_argument("--python", default=sys.executable)
    a.add_argument("--servers", default="v3,v4")
    a.add_argument("--modes", default="own,upsert,annotate,auto")
    a.add_argument("captures", nargs="+")
    o = a.parse_args()
    o.tailer, o.stub = os.path.abspath(o.tailer), os.path.abspath(o.stub)
    bad = 0
    print("| capture | server | mode | LiteLLM's traces | other traces after | with user | with session | name, I/O, times changed | "
          "generations added / changed | traces with new tags / metadata | scores | users checked / wrong | tailer said |")
    print("|" + " --- |" * 13)
    for folder in o.captures:
        users = right_users(folder)
        for server in o.servers.split(","):
            for mode in o.modes.split(","):
                stub = Stub(o, server)
                try:
                    replay(stub, folder)
                    before = stub.snapshot(server)
                    events = len(stub.call("/_stub/state")["requests"])
                    with tempfile.TemporaryDirectory() as home:
                        log = next(iter(glob.glob(folder + "/proxy.log*")))
                        run = subprocess.run([o.tailer, "backfill", "--mode", mode, "--timezone", "UTC", "--retry-for", "20s", log], cwd=home,
                                             env={"PATH": os.environ["PATH"], "HOME": home, "LANGFUSE_BASE_URL": stub.url,
                                                  "LANGFUSE_PUBLIC_KEY": KEYS[0], "LANGFUSE_SECRET_KEY": KEYS[1]},
                                             capture_output=True, text=True)
                    n = compare(before, stub.snapshot(server), users)
                    posted = [r for r in stub.call("/_stub/state")["requests"][events:] if r["method"] == "POST"]
                finally:
                    stub.process.kill()
                said = [l for l in run.stderr.splitlines() if "langfuse " in l or "mode " in l or "tailer:" in l]
                said = "; ".join(re.sub(r'^.*?msg="?|" component=\S+', "", l)[:110] for l in said[:2])
                scores = sum("ingestion" in r["path"] for r in posted) if server == "v4" else "-"
                print("| %s | %s | %s | %d | %d | %d → %d | %d → %d | %d | %d / %d | %d / %d | %s posts | %d / %d | %s |" % (
                    "/".join(folder.rstrip("/").split("/")[-2:]), server, mode, n["traces"], n["new"], n["user"], n["user_after"], n["session"],
                    n["session_after"], n["kept_changed"], n["generations_new"], n["generations_changed"], n["tags_added"],
                    n["metadata_added"], scores, n["checked"], n["wrong"], "exit %d: %s" % (run.returncode, said.replace("|", "/"))))
                sys.stdout.flush()
                if mode in ("upsert", "annotate"):
                    bad += n["kept_changed"] + n["generations_changed"] + n["generations_new"] + n["wrong"]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
