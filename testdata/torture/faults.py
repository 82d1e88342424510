#!/usr/bin/env python3
"""Fails, kills at, and cuts the power after each file operation of tailer's state folder, and starts tailer again.

    faults.py --tailer PROGRAM --template FILE [--mode errors kills power] [--units 12] [--step 1] [--tmp DIR]

The template is template.py's. Needs strace, which injects errors and signals by the count of system calls on the
files of the state folder: checkpoint, ledger, spool, its key, lock. It counts for each thread.
  errors  the N-th operation of each thread says EIO or ENOSPC, of a pipe's tailer, which has a spool; then one without
  kills   SIGKILL at the N-th operation of a thread, of a file's and of a pipe's tailer; then one without
  power   the writes of one whole run are recorded; for each moment folders are made as a disk may hold them then: of
          what was not synced nothing, all, or any part; tailer starts on each
A request counts as lost if no run delivered it: of a file any, of a pipe one before another that was delivered. Prints a
line of JSON for each mode; exit code 1 if something was lost or a start did not explain itself.
"""
import argparse, json, os, random, re, shutil, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ["", "checkpoint.json", "checkpoint.json.tmp", "checkpoint.json.previous", "checkpoint.json.previous.tmp", "ledger.db",
         "spool", "spool/stdin.db", "spool/stdin.db.key", "spool/stdin.db.key.new", "lock"]
CALLS = "pwrite64,write,fdatasync,fsync,renameat,linkat,unlinkat,openat,ftruncate,mkdirat"
SEEN = re.compile(rb'"tt-(\d{10})"')


class Bench:
    def __init__(self, o):
        self.o = o
        self.work = tempfile.mkdtemp(prefix="faults-", dir=o.tmp)
        template = open(o.template).read()
        self.units = [template.format(seq="%010d" % (i + 1), pad="x" * 300).encode() for i in range(o.units)]
        self.log = self.work + "/app.log"
        open(self.log, "wb").write(b"".join(self.units))
        self.out = self.work + "/out"
        port = self.work + "/port"
        self.receiver = subprocess.Popen([sys.executable, HERE + "/receiver.py", "--port-file", port, "--out", self.out, "--times"])
        while not os.path.exists(port):
            time.sleep(0.02)
        self.env = dict(os.environ, LANGFUSE_PUBLIC_KEY="pk-lf-torture", LANGFUSE_SECRET_KEY="sk-lf-torture",
                        LANGFUSE_BASE_URL="http://127.0.0.1:" + open(port).read())
        self.state = self.work + "/state"
        self.unexplained = []

    def fresh(self):
        shutil.rmtree(self.state, ignore_errors=True)
        os.mkdir(self.state)
        self.mark()

    def mark(self):
        self.begin = os.path.getsize(self.out) if os.path.exists(self.out) else 0

    def delivered(self):
        if not os.path.exists(self.out):
            return []
        with open(self.out, "rb") as f:
            f.seek(self.begin)
            return [int(m.group(1)) for m in SEEN.finditer(f.read())]

    def start(self, pipe, trace=()):
        self.said = open(self.work + "/said", "wb+")
        return subprocess.Popen([*trace, self.o.tailer, "run", "--state", self.state, "--timezone", "UTC", "--flush-interval", "20ms",
                                 "--api", "otlp", "-" if pipe else self.log], env=self.env, stdin=subprocess.PIPE,
                                stdout=self.said, stderr=self.said)

    def traced(self, *more, out="/dev/null"):
        paths = [x for f in FILES for x in ("-P", os.path.join(self.state, f).rstrip("/"))]
        return ["strace", "-f", "-qq", "-o", out, *paths, "-e", "trace=" + CALLS, *more]

    def run(self, pipe, units=(), trace=(), patience=1.0):
        """One run: to its end, if it comes by itself, else until nothing more is delivered. Returns its exit code."""
        p = self.start(pipe, trace)
        try:
            for b in units if pipe else ():
                p.stdin.write(b)
                p.stdin.flush()
                time.sleep(0.005)
            p.stdin.close()
        except BrokenPipeError:
            pass
        last, n = time.monotonic(), -1
        while p.poll() is None and time.monotonic() - last < (8 if pipe else patience):
            time.sleep(0.02)
            now = len(self.delivered())
            if now != n:
                last, n = time.monotonic(), now
            if not pipe and len(set(self.delivered())) >= len(self.units):
                time.sleep(0.1)
                break
        stop(p)
        self.said.seek(0)
        text = self.said.read().decode(errors="replace")
        if "goroutine " in text or p.returncode not in (0, 1, 130, -9, 137, -15) or p.returncode == 1 and "tailer: " not in text:
            self.unexplained.append((p.returncode, text[-600:]))
        return p.returncode

    def lost(self, pipe, got):
        got = set(got)
        return [n for n in range(1, max(got, default=0) if pipe else len(self.units) + 1) if n not in got]


def stop(p):
    """Ends tailer in order; strace passes nothing on."""
    for pid in [p.pid, *children(p.pid)]:
        try:
            if open(f"/proc/{pid}/comm").read().strip() != "strace":
                os.kill(pid, signal.SIGTERM)
        except (OSError, ProcessLookupError):
            pass
    try:
        p.wait(8)
    except subprocess.TimeoutExpired:
        for pid in [*children(p.pid), p.pid]:
            os.kill(pid, signal.SIGKILL)
        p.wait()


def children(pid):
    try:
        return [int(x) for x in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def inject(b, name, pipes, faults):
    """Runs with each fault at each operation, then without."""
    runs = dup = 0
    lost, failed = [], 0
    for pipe in pipes:
        for fault in faults:
            for n in range(1, 1000, b.o.step):
                b.fresh()
                trace = b.work + "/trace"
                code = b.run(pipe, b.units, b.traced("-e", f"inject={CALLS}:{fault}:when={n}", out=trace))
                if code not in (-9, 137) and b"INJECTED" not in open(trace, "rb").read():
                    break
                runs += 1
                failed += code == 1
                # A pipe's writer whose reader could not start comes again.
                again = b.units if pipe and code == 1 else ()
                b.run(pipe, again)
                got = b.delivered()
                missing = b.lost(pipe and code != 0 and not again, got) if not (pipe and code == 0) else b.lost(False, got)
                dup += len(got) - len(set(got))
                if missing:
                    lost.append((pipe, fault, n, missing[:3]))
    return dict(mode=name, runs=runs, starts_refused=failed, lost=len(lost), dup=dup, which=lost[:5])


OP = re.compile(rb'^(\d+) +([\d.]+) (?:<\.\.\. )?(\w+)(.*)$')


def record(b, pipe):
    """The operations of one run, in order of their ends: (time begun, time ended, call, arguments, result)."""
    b.fresh()
    trace = b.work + "/trace"
    b.run(pipe, b.units, b.traced("-ttt", "-xx", "-y", "-s", "9000000", out=trace))
    open_calls, ops = {}, []
    for line in open(trace, "rb"):
        m = OP.match(line.rstrip(b"\n"))
        if not m:
            continue
        pid, at, call, rest = m.group(1), float(m.group(2)), m.group(3).decode(), m.group(4)
        if rest.endswith(b"<unfinished ...>"):
            open_calls[pid] = (at, rest[:-len(b"<unfinished ...>")])
            continue
        begun = at
        if rest.startswith(b" resumed>"):
            begun, head = open_calls.pop(pid)
            rest = head + rest[len(b" resumed>"):]
        args, _, result = rest.rpartition(b" = ")
        if result and not result.lstrip().startswith(b"-"):
            ops.append((begun, at, call, args, result))
    return ops


def text(b):
    return bytes(int(x, 16) for x in b.replace(b'"', b"").split(b"\\x")[1:])


class Disk:
    """What a file system holds: now, and for certain."""

    def __init__(self, root):
        self.root = root
        self.names, self.safe = {}, {}  # path → file
        self.loose = []  # changes of names since the folder was synced

    def apply(self, begun, ended, call, args, result):
        fd = re.match(rb"\(\d+<([^>]*)>", args)
        path = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), fd.group(1)).decode() if fd else ""
        strings = [text(s).decode() for s in re.findall(rb'"((?:\\x[0-9a-f]{2})*)"', args)] if not call.endswith(("write64", "write")) else []
        f = self.names.get(path)
        if call == "openat" and b"O_CREAT" in args:
            self.names.setdefault(strings[0], dict(now=bytearray(), safe=b"", loose=[]))
            if b"O_TRUNC" in args:
                self.names[strings[0]] = dict(now=bytearray(), safe=b"", loose=[])
        elif call in ("pwrite64", "write") and f is not None:
            data = text(re.search(rb'"((?:\\x[0-9a-f]{2})*)"', args).group(1))
            at = int(args.rsplit(b",", 1)[1].rstrip(b")")) if call == "pwrite64" else len(f["now"])
            put(f["now"], at, data)
            f["loose"].append((ended, at, data))
        elif call == "ftruncate" and f is not None:
            size = int(args.rsplit(b",", 1)[1].rstrip(b")"))
            resize(f["now"], size)
            f["loose"].append((ended, size, None))
        elif call in ("fsync", "fdatasync") and f is not None:
            safe = bytearray(f["safe"])
            for change in [c for c in f["loose"] if c[0] <= begun]:
                change_of(safe, change)
            f["safe"], f["loose"] = bytes(safe), [c for c in f["loose"] if c[0] > begun]
        elif call == "fsync":
            folder = path
            for name in [n for n in {*self.safe, *self.names} if os.path.dirname(n) == folder]:
                if name in self.names:
                    self.safe[name] = self.names[name]
                else:
                    self.safe.pop(name, None)
        elif call == "renameat":
            if strings[0] in self.names:
                self.names[strings[1]] = self.names.pop(strings[0])
        elif call == "linkat":
            if strings[0] in self.names:
                self.names[strings[1]] = self.names[strings[0]]
        elif call == "unlinkat":
            self.names.pop(strings[0], None)

    def write(self, rnd, how):
        """Makes the folder as it may be found: of what is not synced nothing, all, or any part."""
        shutil.rmtree(self.root, ignore_errors=True)
        os.mkdir(self.root)
        names = self.safe if how == "nothing" or how == "part" and rnd.random() < 0.5 else self.names
        for path, f in names.items():
            b = bytearray(f["safe"])
            for change in f["loose"]:
                if how == "all" or how == "part" and rnd.random() < 0.5:
                    change_of(b, change)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "wb").write(b)
            os.chmod(path, 0o600)


def put(b, at, data):
    if len(b) < at:
        b.extend(bytes(at - len(b)))
    b[at:at + len(data)] = data


def resize(b, size):
    del b[size:]
    b.extend(bytes(size - len(b)))


def change_of(b, change):
    _, at, data = change
    if data is None:
        resize(b, at)
    else:
        put(b, at, data)


def power(b):
    rnd = random.Random(b.o.seed)
    runs, refused, dup, lost = 0, 0, 0, []
    for pipe in (False, True):
        ops = record(b, pipe)
        when = arrivals(b)
        for k in range(1, len(ops) + 1, b.o.step):
            cut = ops[k - 1][1]
            disk = Disk(b.state)
            for op in ops[:k]:
                disk.apply(*op)
            before = [n for n, at in when if at < cut]
            for how in ("nothing", "all", "part"):
                disk.write(rnd, how)
                b.mark()
                code = b.run(pipe, ())
                runs += 1
                refused += code == 1
                got = b.delivered()
                dup += len(set(got) & set(before))
                if code == 1:
                    continue
                missing = b.lost(pipe, got + before)
                if missing:
                    lost.append((pipe, k, ops[k - 1][2], how, missing[:3]))
    return dict(mode="power", seed=b.o.seed, runs=runs, starts_refused=refused, lost=len(lost), dup=dup, which=lost[:5])


def arrivals(b):
    """When the receiver had each request, by the clock on the wall: it writes a line of times beside OUT."""
    seen = b.delivered()
    times = [float(x) for x in open(b.out + ".times").read().split()][-len(seen):]
    return list(zip(seen, times))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--tailer", required=True)
    a.add_argument("--template", required=True)
    a.add_argument("--mode", nargs="*", default=["errors", "kills", "power"])
    a.add_argument("--units", type=int, default=12)
    a.add_argument("--step", type=int, default=1, help="every so many operations")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--tmp")
    b = Bench(a.parse_args())
    bad = False
    for mode in b.o.mode:
        b.unexplained = []
        if mode == "errors":
            r = inject(b, mode, [True], ["error=EIO", "error=ENOSPC"])
        elif mode == "kills":
            r = inject(b, mode, [False, True], ["signal=KILL"])
        else:
            r = power(b)
        r["unexplained"] = b.unexplained[:3]
        bad = bad or r["lost"] or b.unexplained or not r["runs"]
        print(json.dumps(r), flush=True)
    b.receiver.kill()
    shutil.rmtree(b.work, ignore_errors=True)
    sys.exit(1 if bad else 0)


main()
