#!/usr/bin/env python3
"""The whole way with the real LiteLLM proxy: each request that a client made is there exactly once, with its user.

    run.py --tailer PROGRAM [--venv DIR] [--requests 160]

Installs the proxy from PyPI (requirements.txt) into DIR unless it is there, runs it on a mock provider, and has clients
with Open WebUI's headers ask it, 8 at a time. Two tailers watch: one follows the proxy's log file, one reads a named pipe;
each sends to a receiver of its own that folds nothing. Meanwhile the log is rotated twice (renamed; copied and truncated),
both tailers are killed with SIGKILL and started again, and one receiver is down for a while. Everything is on loopback.
"""
import argparse, collections, fcntl, http.client, json, os, queue, random, shutil, signal, struct, subprocess
import sys, tempfile, termios, threading, time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import mock_upstream  # noqa: E402
from run_lab import free_port, wait_ready  # noqa: E402

KEY = "sk-lab-master-0000-not-a-real-key"
IN_FLIGHT = 8


def install(venv):
    """The litellm program, in an environment of its own."""
    program = os.path.join(venv, "bin", "litellm")
    if not os.path.exists(program):
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([os.path.join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "-r", os.path.join(HERE, "requirements.txt")], check=True)
    return program


def write_all(target, data):
    view = memoryview(data)
    while view:
        view = view[os.write(target, view):]


class Tee(threading.Thread):
    """Copies what the proxy writes to the log file and to the named pipe, as it comes; rotates the log between lines."""

    def __init__(self, source, log, pipe):
        super().__init__(daemon=True)
        self.source, self.log, self.lock = source, log, threading.Lock()
        self.pipe = os.open(pipe, os.O_RDWR)  # what is in it outlives its reader
        self.file = self.open()
        self.unread = queue.Queue()  # a pipe without a reader is full after 64 KiB, and must not stop the proxy
        threading.Thread(target=self.feed, daemon=True).start()

    def open(self):
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def run(self):
        rest = b""
        while True:
            chunk = os.read(self.source.fileno(), 65536)
            if not chunk:
                return
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if not newline:
                continue
            with self.lock:
                write_all(self.file, whole + newline)
                self.unread.put(whole + newline)

    def feed(self):
        while True:
            write_all(self.pipe, self.unread.get())
            self.unread.task_done()

    def rename(self):
        with self.lock:
            os.rename(self.log, self.log + ".1")
            os.close(self.file)
            self.file = self.open()

    def copytruncate(self):
        with self.lock:
            with open(self.log, "rb") as a, open(self.log + ".0", "wb") as b:
                b.write(a.read())
            os.rename(self.log + ".1", self.log + ".2")
            os.rename(self.log + ".0", self.log + ".1")
            os.ftruncate(self.file, 0)

    def empty(self):
        """Stops the flow until the pipe's reader has taken all; returns what starts it again."""
        self.lock.acquire()
        self.unread.join()
        size = struct.pack("i", 1)
        while struct.unpack("i", fcntl.ioctl(self.pipe, termios.FIONREAD, size))[0]:
            time.sleep(0.05)
        time.sleep(1)  # what was taken is on disk by then
        return self.lock.release


class Receiver:
    def __init__(self, work, name):
        self.out, self.port_file = os.path.join(work, name + ".spans"), os.path.join(work, name + ".port")
        self.port = 0
        self.start()

    def start(self):
        command = [sys.executable, os.path.join(HERE, "..", "torture", "receiver.py"), "--whole", "--port-file", self.port_file,
                   "--out", self.out, "--port", str(self.port)]
        if os.path.exists(self.port_file):
            os.remove(self.port_file)
        self.process = subprocess.Popen(command)
        while not os.path.exists(self.port_file):
            time.sleep(0.02)
        self.port = int(open(self.port_file).read())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def spans(self):
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]


class Tailer:
    def __init__(self, program, work, name, source, receiver):
        config = os.path.join(work, name + ".yaml")
        with open(config, "w") as file:
            json.dump({"sources": [source], "timezone": "UTC", "delivery": {"flush_interval": "100ms"}}, file)
        self.command = [program, "run", "--config", config, "--state", os.path.join(work, name + ".state"), "--api", "otlp"]
        self.env = dict(os.environ, LANGFUSE_PUBLIC_KEY="pk-lf-e2e", LANGFUSE_SECRET_KEY="sk-lf-e2e",
                        LANGFUSE_BASE_URL=f"http://127.0.0.1:{receiver.port}")
        self.said = open(os.path.join(work, name + ".log"), "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def ask(port, number):
    """Makes one request; returns its call id and who made it."""
    rnd = random.Random(number)
    user = f"user{rnd.randrange(12)}@example.com"
    headers = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json", "X-OpenWebUI-User-Email": user,
               "X-OpenWebUI-User-Id": f"id-{user}", "X-OpenWebUI-User-Name": "Some%20One", "X-OpenWebUI-User-Role": "user",
               "X-OpenWebUI-Chat-Id": f"chat-{number}"}
    body = {"model": rnd.choice(["gpt-4o-mini", "gpt-4o"]), "stream": rnd.random() < 0.5,
            "messages": [{"role": "user", "content": f"Question {number}: " + "why? " * rnd.randrange(200)}]}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"the proxy answers {response.status}")
    return response.getheader("x-litellm-call-id"), user


def proxy_config(path, upstream_port):
    base = f"http://127.0.0.1:{upstream_port}/v1"
    models = [{"model_name": name, "litellm_params": {"model": "openai/" + name, "api_base": base, "api_key": "sk-none"}}
              for name in ("gpt-4o-mini", "gpt-4o")]
    with open(path, "w") as file:
        json.dump({"model_list": models, "general_settings": {"master_key": KEY}}, file)  # JSON is YAML


def compare(name, made, spans):
    """What is wrong with the spans that came, as text; "" if each request is there once with its user."""
    # What a server accepted just before a SIGKILL comes again under the same span id, which Langfuse folds.
    again = len(spans) - len({s["span"] for s in spans})
    got = collections.Counter(call for call, _ in {(s["call_id"], s["span"]) for s in spans})
    users = {s["call_id"]: s["user"] for s in spans}
    missing = [c for c in made if not got[c]]
    twice = [c for c in made if got[c] > 1]
    wrong = [c for c in made if got[c] and users[c] != made[c]]
    strange = [c for c in got if c not in made]
    print(f"{name}: {len(made)} requests, {len(spans)} spans, missing {len(missing)}, twice {len(twice)}, wrong user {len(wrong)}, "
          f"strange {len(strange)}; sent again after a kill {again}", flush=True)
    return missing or twice or wrong or strange


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--tailer", required=True)
    a.add_argument("--venv", default=os.path.join(tempfile.gettempdir(), f"tailer-e2e-{os.getuid()}"))
    a.add_argument("--requests", type=int, default=160)
    o = a.parse_args()
    litellm = install(o.venv)
    work = tempfile.mkdtemp(prefix="tailer-e2e-")
    log, pipe = os.path.join(work, "proxy.log"), os.path.join(work, "proxy.pipe")
    os.mkfifo(pipe)
    upstream = mock_upstream.start()
    proxy_config(os.path.join(work, "config.yaml"), upstream.server_port)
    port = free_port()
    proxy = subprocess.Popen(
        [os.path.join(o.venv, "bin", "python"), litellm, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
        cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": work, "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUNBUFFERED": "1",
             "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "INFO", "LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD": "true"})
    tee = Tee(proxy.stdout, log, pipe)
    tee.start()
    to_file, to_pipe = Receiver(work, "file"), Receiver(work, "pipe")
    follows = Tailer(o.tailer, work, "file", {"file": log}, to_file)
    reads = Tailer(o.tailer, work, "pipe", {"pipe": pipe}, to_pipe)
    made = {}
    try:
        wait_ready(port, proxy)

        def requests(first, last):
            with ThreadPoolExecutor(IN_FLIGHT) as pool:
                made.update(pool.map(lambda n: ask(port, n), range(first, last)))

        part = o.requests // 4
        requests(0, part)
        tee.rename()
        follows.kill()  # while requests of the first part may still be on their way
        go_on = tee.empty()
        reads.kill()
        go_on()
        requests(part, part + 16)
        follows.start()
        reads.start()
        requests(part + 16, 2 * part)
        to_file.stop()
        to_pipe.stop()
        requests(2 * part, 3 * part)
        tee.copytruncate()
        follows.kill()
        follows.start()
        to_file.start()
        to_pipe.start()
        requests(3 * part, o.requests)
        end = time.monotonic() + 120
        while time.monotonic() < end and min(len({s["call_id"] for s in r.spans()}) for r in (to_file, to_pipe)) < len(made):
            time.sleep(0.5)
        time.sleep(2)  # for what comes twice
        codes = follows.stop(), reads.stop()
        bad = [compare(name, made, r.spans()) for name, r in (("file", to_file), ("pipe", to_pipe))]
        if any(bad) or codes != (130, 130):
            print("exit codes", codes, "; kept", work, bad)
            sys.exit(1)
    finally:
        for process in (follows.process, reads.process, to_file.process, to_pipe.process, proxy):
            process.kill()
        upstream.shutdown()
    shutil.rmtree(work)


main()
