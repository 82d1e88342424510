#!/usr/bin/env python3
"""Backfills a bucket of a real S3 server into a Langfuse stand-in, kills tailer on the way, and counts what arrived.

    bucket.py --tailer PROGRAM --stub FOLDER --log PROXY.LOG [--python PYTHON] [--moto PYTHON] [--objects N] [--kills N]

The server is moto (PyPI: moto[server,s3]), which the Python of --moto has. LOG holds at least N StandardLoggingPayloads, as
bench/amplify makes of a capture; each becomes an object in the layout of LiteLLM's s3_v2 callback. FOLDER holds
langfuse_stub.py, run as v4 by --python. Every request must be there exactly once: rows are counted, and rows that came
twice. Prints one line of JSON; exit code 0 if nothing is lost or doubled.
"""
import argparse, collections, json, os, random, re, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from exactly_once import KEYS, Stub, pages

PUT = """
import concurrent.futures, json, sys, boto3
store = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="access", aws_secret_access_key="secret")
store.create_bucket(Bucket="logs")
def put(line):
    key, text = line.rstrip("\\n").split("\\t", 1)
    store.put_object(Bucket="logs", Key=key, Body=text.encode())
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(sum(1 for _ in pool.map(put, open(sys.argv[2], encoding="utf-8"))))
"""


def payloads(log, count):
    """Yields key and text of the first payloads of a log, in the order in which they were written."""
    text, inside, n = [], False, 0
    for line in open(log, encoding="utf-8", errors="replace"):
        if line == "{\n":
            text, inside = [], True
        if inside:
            text.append(line)
        if inside and line == "}\n":
            inside = False
            doc = json.loads("".join(text))
            if "call_type" not in doc:
                continue
            at = time.strftime("%H-%M-%S", time.gmtime(doc["startTime"])) + "-%06d" % (doc["startTime"] % 1 * 1e6)
            day = time.strftime("%Y-%m-%d", time.gmtime(doc["startTime"]))
            yield "litellm/%s/time-%s_%s-%d.json" % (day, at, re.sub(r"[^\w.-]", "_", doc["id"]), n), json.dumps(doc)
            n += 1
            if n == count:
                return
    sys.exit("%s holds %d payloads, not %d" % (log, n, count))


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(url):
    address = url.removeprefix("http://").split(":")
    for _ in range(200):
        try:
            return socket.create_connection((address[0], int(address[1]))).close()
        except OSError:
            time.sleep(0.1)
    sys.exit("no answer from " + url)


def run(o, folder):
    url = "http://127.0.0.1:%d" % port()
    moto = subprocess.Popen([o.moto, "-m", "moto.server", "-H", "127.0.0.1", "-p", url.rsplit(":", 1)[1]],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stub = Stub(o)
    try:
        wait(url)
        with open(folder + "/objects", "w", encoding="utf-8") as out:
            for key, text in payloads(o.log, o.objects):
                out.write(key + "\t" + text + "\n")
        put = int(subprocess.run([o.moto, "-c", PUT, url, folder + "/objects"], check=True, capture_output=True, text=True).stdout)
        # What the objects hold, by a run that nothing disturbs.
        env = {"PATH": os.environ["PATH"], "HOME": folder, "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "access",
               "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        plain = subprocess.run([o.tailer, "backfill", "--state", folder + "/other", "--to", "file:" + folder + "/spans", "s3://logs/litellm/"], env=env, capture_output=True, text=True)
        want = {s["spanId"] for line in open(folder + "/spans") for r in json.loads(line)["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]}
        env |= {"LANGFUSE_BASE_URL": stub.url, "LANGFUSE_PUBLIC_KEY": KEYS[0], "LANGFUSE_SECRET_KEY": KEYS[1]}
        command = [o.tailer, "backfill", "--state", folder + "/state", "--visible-after", "1s", "s3://logs/litellm/"]
        kills, began = 0, time.time()
        for i in range(o.kills):
            process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            mark = len(want) * (i + 1) * random.uniform(0.5, 1) / (o.kills + 1)
            while process.poll() is None and stub.call("/_stub/state")["rows"] < mark:
                time.sleep(0.05)
            kills += process.poll() is None
            process.kill()
            process.wait()
        last = subprocess.run(command, env=env, capture_output=True, text=True)
        rows = collections.Counter(row["id"] for row in pages(stub, "/api/public/v2/observations", True))
        state = stub.call("/_stub/state")
        return {"objects": put, "kills": kills, "want": len(want), "rows": sum(rows.values()), "lost": len(want - set(rows)),
                "foreign": len(set(rows) - want), "doubled": sum(n > 1 for n in rows.values()),
                "received_twice": len(state["rowsReceivedRepeatedly"]), "exit": last.returncode, "plain_exit": plain.returncode,
                "resumed": "going on in the bucket" in last.stderr, "seconds": round(time.time() - began)}
    finally:
        stub.process.kill()
        moto.kill()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--tailer", required=True)
    a.add_argument("--stub", required=True)
    a.add_argument("--log", required=True)
    a.add_argument("--python", default=sys.executable)
    a.add_argument("--moto", default=sys.executable)
    a.add_argument("--objects", type=int, default=10000)
    a.add_argument("--kills", type=int, default=4)
    a.add_argument("--seed", type=int, default=1)
    o = a.parse_args()
    o.server, o.visible_after = "v4", 0
    o.tailer, o.stub = os.path.abspath(o.tailer), os.path.abspath(o.stub)
    random.seed(o.seed)
    with tempfile.TemporaryDirectory() as folder:
        result = run(o, folder)
    print(json.dumps(result))
    sys.exit(result["lost"] + result["foreign"] + result["doubled"] + result["received_twice"] > 0)


if __name__ == "__main__":
    main()
