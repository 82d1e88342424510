#!/usr/bin/env python3
"""A long day in short time: a large log is written, rotated 8 times, and followed; memory is sampled.

    day.py --tailer PROGRAM --log FILE [--rotations 8] [--mbps 20] [--tmp DIR]

FILE is an amplified capture. Every fourth rotation copies and truncates, the others rename. The spans are compared, by
number, with those of a backfill of FILE. Prints a plot of resident memory and one line of JSON; exit code 1 if one is
missing.
"""
import argparse, json, os, shutil, signal, subprocess, sys, tempfile, time


def rss(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def spans(path):
    """How many lines, and how many different root spans."""
    ids, n = set(), 0
    with open(path, "rb") as f:
        for line in f:
            n += 1
            at = line.find(b'"spanId":"')
            ids.add(line[at + 10:at + 26])
    return n, len(ids)


def plot(samples, rows=8, columns=72):
    step = max(1, len(samples) // columns)
    bars = [max(samples[i:i + step]) for i in range(0, len(samples), step)]
    top = max(bars)
    for row in range(rows, 0, -1):
        print("%6.0f MiB |%s" % (top * row / rows, "".join("#" if b >= top * (row - 0.5) / rows else " " for b in bars)))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--tailer", required=True)
    a.add_argument("--log", required=True)
    a.add_argument("--rotations", type=int, default=8)
    a.add_argument("--mbps", type=float, default=20)
    a.add_argument("--tmp")
    o = a.parse_args()
    work = tempfile.mkdtemp(prefix="day-", dir=o.tmp)
    log, out, whole = (os.path.join(work, n) for n in ("app.log", "spans", "whole"))
    common = ["--timezone", "UTC", "--give-up", "20s"]
    with open(os.path.join(work, "tailer.log"), "wb") as said:
        p = subprocess.Popen([o.tailer, "run", "--state", work + "/state", "--to", "file:" + out, *common, log], stderr=said)
    size, samples, written, turns = os.path.getsize(o.log), [], 0, 0
    with open(o.log, "rb") as source:
        fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        t0 = last = time.monotonic()
        while True:
            lines = source.readlines(1 << 20)
            if not lines:
                break
            chunk = b"".join(lines)
            os.write(fd, chunk)
            written += len(chunk)
            if written > size * (turns + 1) / (o.rotations + 1):
                turns += 1
                for k in range(turns - 1, 0, -1):
                    os.rename(f"{log}.{k}", f"{log}.{k + 1}")
                if turns % 4 == 0:
                    time.sleep(5)  # what is written between copying and truncating is lost by design
                    shutil.copyfile(log, log + ".1")
                    os.ftruncate(fd, 0)
                else:
                    os.rename(log, log + ".1")
                    os.close(fd)
                    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                samples.append(rss(p.pid))
            time.sleep(max(0, t0 + written / o.mbps / 1e6 - time.monotonic()))
    wrote_s = time.monotonic() - t0
    seen, quiet = -1, time.monotonic()
    while time.monotonic() - quiet < 40:  # what has no end is given up after 20 s
        time.sleep(0.5)
        samples.append(rss(p.pid))
        now = os.path.getsize(out) if os.path.exists(out) else 0
        if now != seen:
            seen, quiet = now, time.monotonic()
    cpu = sum(int(x) for x in open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]) / os.sysconf("SC_CLK_TCK")
    p.send_signal(signal.SIGTERM)
    p.wait()
    subprocess.run([o.tailer, "backfill", "--to", "file:" + whole, *common, o.log], check=True, stderr=subprocess.DEVNULL)
    plot(samples)
    got, want = spans(out), spans(whole)
    third = len(samples) // 3
    print(json.dumps(dict(bytes=size, rotations=turns, write_s=round(wrote_s), cpu_s=cpu, spans=got[0], distinct=got[1], backfill=want[1],
                          rss_peak_mib=round(max(samples), 1), rss_second_third=round(max(samples[third:2 * third]), 1),
                          rss_last_third=round(max(samples[2 * third:]), 1), exit=p.returncode)))
    shutil.rmtree(work)
    sys.exit(got[1] < want[1])


main()
