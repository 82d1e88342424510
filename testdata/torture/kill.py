#!/usr/bin/env python3
"""Kills tailer at random moments while its log grows and is rotated in every way, and counts what is missing.

    kill.py --tailer PROGRAM --template FILE [--minutes 10] [--kills 500] [--rate 60] [--seed N] [--tmp DIR]

The template is template.py's. A receiver of its own, which folds nothing, stays up all the time. Prints one line of JSON
with the seed; the exit code is 1 if a request was lost.
"""
import argparse, gzip, json, os, random, re, shutil, signal, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))


class Writer(threading.Thread):
    """Appends units to the log and rotates it now and then; one thread, as one proxy has."""

    def __init__(self, log, template, rate, seed):
        super().__init__(daemon=True)
        self.log, self.template, self.rate = log, template, rate
        self.rnd = random.Random(seed)
        self.seq, self.go, self.rotations = 0, True, {}
        self.open()

    def open(self):
        self.fd = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def unit(self):
        self.seq += 1
        b = self.template.format(seq="%010d" % self.seq, pad="x" * self.rnd.randrange(2000)).encode()
        if self.rnd.random() < 0.05:  # in two writes
            cut = self.rnd.randrange(len(b))
            os.write(self.fd, b[:cut])
            time.sleep(self.rnd.random() * 0.2)
            b = b[cut:]
        while b:
            b = b[os.write(self.fd, b):]

    def shift(self):
        """Makes room for .1: older ones get a higher number, and .2 is compressed. None is deleted: what is not on the
        disk any more when tailer comes to it is no loss of tailer's."""
        names = sorted((int(m.group(1)), n) for n in os.listdir(os.path.dirname(self.log))
                       for m in [re.match(r".*\.log\.(\d+)(\.gz)?$", n)] if m)
        for number, name in reversed(names):
            path = os.path.join(os.path.dirname(self.log), name)
            os.rename(path, "%s.%d%s" % (self.log, number + 1, ".gz" if name.endswith(".gz") else ""))
        second = self.log + ".2"
        if os.path.exists(second) and self.rnd.random() < 0.7:
            with open(second, "rb") as a, gzip.open(second + ".gz", "wb", 1) as b:
                shutil.copyfileobj(a, b)
            shutil.copystat(second, second + ".gz")
            os.remove(second)

    def rotate(self):
        kind = self.rnd.choice(["rename", "rename", "late", "copytruncate", "twice"])
        self.rotations[kind] = self.rotations.get(kind, 0) + 1
        if kind == "copytruncate":
            self.shift()
            shutil.copyfile(self.log, self.log + ".1")
            os.ftruncate(self.fd, 0)
            return
        for _ in range(2 if kind == "twice" else 1):
            self.shift()
            os.rename(self.log, self.log + ".1")
            if kind == "late":
                os.close(os.open(self.log, os.O_CREAT | os.O_WRONLY, 0o644))
                for _ in range(self.rnd.randrange(1, 20)):
                    self.unit()
            os.close(self.fd)
            self.open()
            self.unit()

    def run(self):
        next_rotation = time.monotonic() + 2
        while self.go:
            self.unit()
            if time.monotonic() > next_rotation:
                self.rotate()
                next_rotation = time.monotonic() + self.rnd.uniform(1, 12)
            time.sleep(self.rnd.expovariate(self.rate))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--tailer", required=True)
    a.add_argument("--template", required=True)
    a.add_argument("--minutes", type=float, default=10)
    a.add_argument("--kills", type=int, default=500)
    a.add_argument("--rate", type=float, default=60)
    a.add_argument("--seed", type=int, default=int(time.time()))
    a.add_argument("--tmp")
    a.add_argument("--keep", action="store_true")
    o = a.parse_args()
    print("seed", o.seed, flush=True)
    work = tempfile.mkdtemp(prefix="kill-", dir=o.tmp)
    out, port, log = (os.path.join(work, n) for n in ("out", "port", "logs/app.log"))
    os.mkdir(os.path.dirname(log))
    receiver = subprocess.Popen([sys.executable, HERE + "/receiver.py", "--port-file", port, "--out", out])
    while not os.path.exists(port):
        time.sleep(0.02)
    env = dict(os.environ, LANGFUSE_PUBLIC_KEY="pk-lf-torture", LANGFUSE_SECRET_KEY="sk-lf-torture",
               LANGFUSE_BASE_URL="http://127.0.0.1:" + open(port).read())
    command = [o.tailer, "run", "--state", work + "/state", "--timezone", "UTC", "--flush-interval", "50ms", "--api", "otlp", log]
    said = open(work + "/tailer.log", "ab")
    writer = Writer(log, open(o.template).read(), o.rate, o.seed)
    rnd = random.Random(o.seed + 1)
    mean = o.minutes * 60 / o.kills
    writer.start()
    failed_starts = 0
    end = time.monotonic() + o.minutes * 60
    kills = 0
    while kills < o.kills:
        p = subprocess.Popen(command, env=env, stdout=said, stderr=said)
        # From before main to well into following; later ones fall into load and rotation.
        time.sleep(max(0.005, min(rnd.expovariate(1 / mean), 5 * mean)))
        if p.poll() is not None:
            failed_starts += 1
        p.send_signal(signal.SIGKILL)
        p.wait()
        kills += 1
        if time.monotonic() > end + 120:
            break
    writer.go = False
    writer.join()
    p = subprocess.Popen(command, env=env, stdout=said, stderr=said)
    count, last = {}, time.monotonic()
    while time.monotonic() - last < 20:
        time.sleep(0.5)
        seen = {}
        for m in re.finditer(rb'"tt-(\d{10})"', open(out, "rb").read() if os.path.exists(out) else b""):
            seen[int(m.group(1))] = seen.get(int(m.group(1)), 0) + 1
        if len(seen) != len(count):
            last = time.monotonic()
        count = seen
        if len(count) >= writer.seq:
            break
    p.send_signal(signal.SIGTERM)
    p.wait()
    receiver.kill()
    lost = [n for n in range(1, writer.seq + 1) if n not in count]
    print(json.dumps(dict(seed=o.seed, kills=kills, sent=writer.seq, lost=len(lost), dup=sum(count.values()) - len(count),
                          rotations=writer.rotations, failed_starts=failed_starts, exit=p.returncode, lost_first=lost[:5])), flush=True)
    if lost or o.keep:
        print("kept", work)
        sys.exit(1 if lost else 0)
    shutil.rmtree(work)


main()
