#!/usr/bin/env python3
"""What each way to log costs the proxy: CPU seconds and bytes of log for 1,000 requests.

    cost.py [--requests 500] [--width 4] [--lock FILE] LITELLM...

LITELLM is the litellm program of an installation with langfuse. Chats of one user with Open WebUI's headers, every fourth
streamed, go through a real proxy to the mock provider; 50 that are not measured come first. CPU is user and system time of
the proxy alone. Prints Markdown. Measure on a machine at rest; FILE is locked while one setting is measured.
"""
import argparse, concurrent.futures, fcntl, http.client, json, os, subprocess, tempfile, time

import fake_langfuse, mock_upstream, run_lab, scenarios
from variants import config

DETAILED, CALLBACKS = ["--detailed_debug"], ["success_callback", "failure_callback"]
PAYLOADS = {"LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD": "true", "PYTHONUNBUFFERED": "1"}
# By what each adds; all log JSON, none has set_verbose but the last.
SETTINGS = {
    "nothing": {"drop": [*CALLBACKS, "set_verbose"]},
    "payloads": {"env": PAYLOADS, "drop": [*CALLBACKS, "set_verbose"]},
    "callback": {"drop": ["set_verbose"]},
    "`--detailed_debug`": {"flags": DETAILED, "drop": [*CALLBACKS, "set_verbose"]},
    "`--detailed_debug`, callback": {"flags": DETAILED, "drop": ["set_verbose"]},
    "`--detailed_debug`, callback, `set_verbose`": {"flags": DETAILED},
}


def cpu(pid):
    """Seconds that a process and its children that ended have computed."""
    with open("/proc/%d/stat" % pid) as f:
        return sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:15]) / os.sysconf("SC_CLK_TCK")


def ask(port, n):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Question %d: %s" % (n, "why is the sky blue? " * 20)}]}
    if n % 4 == 0:
        body["stream"] = True
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + scenarios.MASTER_KEY, "X-OpenWebUI-User-Email": "ana@example.org",
               "X-OpenWebUI-User-Id": "u1", "X-OpenWebUI-User-Name": "Ana", "X-OpenWebUI-User-Role": "user", "X-OpenWebUI-Chat-Id": "c%d" % (n // 10)}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError("status %d" % answer.status)


def many(port, numbers, width):
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        list(pool.map(lambda n: ask(port, n), numbers))


def measure(litellm, variant, o):
    variant = {**variant, "settings": {"json_logs": True}}
    with tempfile.TemporaryDirectory() as out:
        upstream, recorder = mock_upstream.start(), fake_langfuse.start(os.path.join(out, "langfuse.jsonl"))
        with open(os.path.join(out, "config.yaml"), "w") as f:
            json.dump(config(variant, upstream.server_port, scenarios.MASTER_KEY), f)
        port, path = run_lab.free_port(), os.path.join(out, "proxy.log")
        with open(path, "wb") as log:
            python = os.path.join(os.path.dirname(litellm), "python")
            proxy = subprocess.Popen([python, litellm, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port), *variant.get("flags", [])],
                                     cwd=out, env=run_lab.proxy_environment(variant, recorder.server_port), stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            run_lab.wait_ready(port, proxy)
            many(port, range(50), o.width)
            time.sleep(3)
            before, size = cpu(proxy.pid), os.path.getsize(path)
            many(port, range(50, 50 + o.requests), o.width)
            time.sleep(5)  # callbacks and buffers
            return (cpu(proxy.pid) - before) * 1000 / o.requests, (os.path.getsize(path) - size) / o.requests
        finally:
            run_lab.stop(proxy)
            upstream.shutdown()
            recorder.shutdown()


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--requests", type=int, default=500)
    a.add_argument("--width", type=int, default=4)
    a.add_argument("--lock", default=os.devnull)
    a.add_argument("litellm", nargs="+")
    o = a.parse_args()
    print("| LiteLLM | logs | CPU s for 1,000 requests | more than nothing | bytes of log a request |\n| --- | --- | ---: | ---: | ---: |")
    for litellm in map(os.path.abspath, o.litellm):
        version = run_lab.installed(os.path.join(os.path.dirname(litellm), "python"), "litellm")["litellm"]
        base = None
        for name, variant in SETTINGS.items():
            with open(o.lock) as lock:
                if o.lock != os.devnull:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                seconds, size = measure(litellm, variant, o)
            base = base or seconds
            print("| %s | %s | %.1f | %s | %s |" % (version, name, seconds, "" if seconds == base else "%+.0f %%" % (100 * (seconds / base - 1)), "{:,.0f}".format(size)), flush=True)


if __name__ == "__main__":
    main()
