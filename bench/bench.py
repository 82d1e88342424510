#!/usr/bin/env python3
"""Measures tailer beside log shippers and prints one table: MB per CPU second, wall time, peak memory, ratios.

    bench.py throughput [--mb 1024] [--runs 3] [--only json-detailed]
    bench.py scale [--gb 0.1,0.5,1,2,5,10,20] [--plot docs/scale.svg]
    bench.py idle

Needs Go, and takes what else it finds: rsyslogd and tail on PATH, and an OpenTelemetry Collector with the filelog
receiver if --otelcol names one (peers/otelcol builds it). Plots need matplotlib. CPU seconds are user + system of the
whole process, start included; peak is the most memory that was resident. Runs of one input alternate between the
programs, so that what else the machine does meets all of them; the table has medians.
"""
import argparse
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CAPTURES = ROOT / "testdata" / "captures"
# name, capture, log, MB per CPU second that tailer is meant to reach
INPUTS = [
    ("1.98.1 json-detailed", "1.98.1/json-detailed", "proxy.log", 1000),
    ("1.109.1 json-detailed", "1.109.1/json-detailed", "proxy.log", 1000),
    ("1.98.1 text-detailed", "1.98.1/text-detailed", "proxy.log", 500),
    ("1.84.10 docker-json", "1.84.10/docker-json", "docker-json.log", 500),
    ("1.98.1 payloads", "1.98.1/json-standard-payload", "proxy.log", 500),
]
PYTHON = "import sys\nout = open(sys.argv[2], 'wb')\nfor line in open(sys.argv[1], 'rb'):\n    out.write(line)\n"
OTEL = """
extensions:
  file_storage: {{directory: {work}}}
receivers:
  filelog: {{include: ["{log}"], start_at: beginning, storage: file_storage, max_log_size: 16MiB, include_file_name: false}}
exporters:
  lineout: {{path: {out}}}
service:
  extensions: [file_storage]
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  pipelines: {{logs: {{receivers: [filelog], exporters: [lineout]}}}}
"""
RSYSLOG = """
global(workDirectory="{work}" maxMessageSize="16m")
module(load="imfile")
template(name="raw" type="string" string="%msg:::drop-last-lf%\\n")
input(type="imfile" File="{log}" Tag="x" addMetadata="off" ruleset="r")
ruleset(name="r" queue.type="direct") {{ action(type="omfile" file="{out}" template="raw" ioBufferSize="256k") }}
"""


def build(work, package):
    out = work / pathlib.Path(package).name
    subprocess.run(["go", "build", "-trimpath", "-o", out, package], cwd=ROOT, check=True, env={**os.environ, "CGO_ENABLED": "0"})
    return out


def amplify(work, captures, capture, log, mb):
    """Returns a log of mb MiB, None if the capture is not there."""
    path = work / f"{capture.replace('/', '-')}-{mb:g}.log"
    source = next((p for p in [captures / capture / log, captures / capture / (log + ".gz")] if p.exists()), None)
    if source is None:
        return None
    if not path.exists():
        subprocess.run([work / "amplify", "-size", str(int(mb)), "-out", path, source], check=True)
    return path


class Program:
    """A command line; one that follows is ended when all is written."""

    def __init__(self, name, command, follows=False, config=None):
        self.name, self.command, self.follows, self.config = name, command, follows, config

    def measure(self, log):
        with tempfile.TemporaryDirectory(dir=log.parent) as folder:
            words = {"log": log, "out": f"{folder}/out", "work": folder}
            if self.config:
                pathlib.Path(folder, "config").write_text(self.config.format(**words))
            began = time.monotonic()
            process = subprocess.Popen([str(part).format(**words, config=f"{folder}/config") for part in self.command],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
            if self.follows:
                self.wait(process, log, pathlib.Path(words["out"]))
            wall = time.monotonic() - began
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            if status and not self.follows:
                raise SystemExit(f"{self.name} on {log.name}: exit status {status}")
            return usage.ru_utime + usage.ru_stime, wall if self.follows else time.monotonic() - began, usage.ru_maxrss / 1024

    def wait(self, process, log, out):
        """Ends a follower when its output has grown to the size of the log, or no more for five seconds."""
        size, since = 0, time.monotonic()
        while time.monotonic() - since < 5:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise SystemExit(f"{self.name} on {log.name}: ended by itself")
            now = out.stat().st_size if out.exists() else 0
            if now != size:
                size, since = now, time.monotonic()
            if now >= log.stat().st_size * 0.999:
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)


def programs(work, options):
    tailer = options.tailer or build(work, "./cmd/tailer")
    build(work, "./bench/amplify")
    flags = ["backfill", "--env-file", "/dev/null", "--to", "file:{out}", "--date", "2026-11-23", "--timezone", "UTC"]
    found = [Program(f"tailer, {n} thread{'s' * (n > 1)}", [tailer, *flags, "--threads", str(n), "{log}"]) for n in (1, 2)]
    found.append(Program("cp", ["cp", "{log}", "{out}"]))
    found.append(Program("python lines", [sys.executable, "-c", PYTHON, "{log}", "{out}"]))
    if shutil.which("tail"):
        found.append(Program("tail -F", ["sh", "-c", "exec tail -n +1 -F {log} > {out}"], follows=True))
    if shutil.which("rsyslogd"):
        found.append(Program("rsyslog", ["rsyslogd", "-n", "-f", "{config}", "-i", "{work}/pid"], follows=True, config=RSYSLOG))
    if options.otelcol:
        found.append(Program("OTel filelog", [options.otelcol, "--config", "{config}"], follows=True, config=OTEL))
    return found


def throughput(options, work):
    run = programs(work, options)
    print(f"{'input':24} {'program':20} {'CPU s':>7} {'MB/CPU s':>9} {'wall s':>7} {'peak MiB':>9} {'tailer is':>10}")
    missed = []
    for name, capture, log, goal in INPUTS:
        if options.only not in name:
            continue
        path = amplify(work, options.captures, capture, log, options.mb)
        if path is None:
            print(f"{name:24} (no such capture; --captures names a folder that has it)")
            continue
        size = path.stat().st_size / 1e6
        got = {p.name: [] for p in run}
        for _ in range(options.runs):
            for p in run:
                got[p.name].append(p.measure(path))
        medians = {n: [statistics.median(column) for column in zip(*rows)] for n, rows in got.items()}
        base = medians["tailer, 1 thread"]
        for n, (cpu, wall, peak) in medians.items():
            ratio = f"{cpu / base[0]:.1f} x" if not n.startswith("tailer") else f"{base[1] / wall:.2f} wall"
            print(f"{name:24} {n:20} {cpu:7.2f} {size / cpu:9.0f} {wall:7.2f} {peak:9.0f} {ratio:>10}", flush=True)
        if size / base[0] < goal:
            missed.append(f"{name}: {size / base[0]:.0f} of {goal} MB per CPU second")
        path.unlink()
    print("\n".join(missed))


def scale(options, work):
    program, rows = programs(work, options)[1], []
    name, capture, log, _ = INPUTS[1]
    for gb in [float(part) for part in options.gb.split(",")]:
        path = amplify(work, options.captures, capture, log, gb * 1000)
        cpu, wall, peak = program.measure(path)
        rows.append((path.stat().st_size / 1e9, cpu, wall, peak))
        print(f"{rows[-1][0]:6.2f} GB {cpu:8.2f} CPU s {wall:8.2f} s {peak:6.0f} MiB", flush=True)
        path.unlink()
    if options.plot:
        plot(rows, name, options.plot)


def plot(rows, name, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "tailer"
    from matplotlib import pyplot
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4))
    sizes = [row[0] for row in rows]
    left.plot(sizes, [row[1] for row in rows], "o-", label="CPU seconds")
    left.plot(sizes, [row[2] for row in rows], "s--", label="seconds")
    left.set(xlabel="log, GB", ylabel="seconds", title=f"tailer backfill, {name}", ylim=0)
    left.legend()
    right.plot(sizes, [row[3] for row in rows], "o-")
    right.set(xlabel="log, GB", ylabel="peak memory, MiB", ylim=0, title="peak memory")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def idle(options, work):
    tailer = options.tailer or build(work, "./cmd/tailer")
    log = work / "idle.log"
    log.write_text("")
    process = subprocess.Popen([tailer, "run", "--env-file", "/dev/null", "--state", work / "state", "--to", f"file:{work}/out", log],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    ticks = lambda: sum(map(int, pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:13]))
    before = ticks()
    time.sleep(options.seconds)
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    print(f"idle: {(ticks() - before) * 1000 / os.sysconf('SC_CLK_TCK') / options.seconds:.1f} ms CPU per s, {rss / 1024:.0f} MiB")
    process.send_signal(signal.SIGTERM)
    process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("throughput", "scale", "idle"))
    parser.add_argument("--mb", type=float, default=1024, help="size of each input, in MiB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="inputs whose name holds this")
    parser.add_argument("--gb", default="0.1,0.5,1,2,5,10,20")
    parser.add_argument("--plot", help="SVG to write")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--tailer", help="program to measure instead of this checkout's")
    parser.add_argument("--otelcol", help="an OpenTelemetry Collector with filelog and lineout")
    parser.add_argument("--captures", type=pathlib.Path, default=CAPTURES)
    parser.add_argument("--tmp", help="folder with room for the inputs and outputs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.tmp) as folder:
        {"throughput": throughput, "scale": scale, "idle": idle}[options.what](options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
