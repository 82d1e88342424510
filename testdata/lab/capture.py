#!/usr/bin/env python3
"""Captures one LiteLLM version and puts it where `make score` and the tests look for captures.

    python3 capture.py 1.106.0
    python3 capture.py 1.106.0 --variants text-detailed docker-json --size full --width 16

Installs the version from PyPI into a virtual environment of its own, runs the lab once for each variant, packs what it
wrote, and moves it to ../captures/<version>/<variant>. A capture that is there already is left alone. Needs python3 and
PyPI; a minute or two for the installation and one for each variant.
"""
import argparse
import gzip
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import run_lab
import scenarios
from variants import VARIANTS

HERE = pathlib.Path(__file__).resolve().parent
PACKED = ("proxy.log", "docker-json.log", "cri.log", "truth.jsonl", "native-langfuse.jsonl")

# LiteLLM's callback needs version 2 of the Langfuse SDK up to 1.103, version 4 from 1.104 on.
SDK_V2 = ("langfuse==2.60.10",)
SDK_V4 = ("langfuse==4.18.0", "opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2")


def numbers(version):
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def install(version, folder):
    """The litellm program of that version, in an environment of its own, which is made unless it is there."""
    home = folder / version
    program = home / "bin" / "litellm"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Tracebacks name the files of Python itself, which may lie in somebody's home: a link hides that.
        neutral = folder / "python"
        neutral.unlink(missing_ok=True)
        neutral.symlink_to(sys.base_prefix)
        subprocess.run([str(neutral / "bin" / "python3"), "-m", "venv", "--clear", str(home)], check=True)
        wanted = [f"litellm[proxy]=={version}", *(SDK_V2 if numbers(version) < (1, 104) else SDK_V4)]
        subprocess.run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return program


def pack(folder):
    """Compresses the large files; the same content gives the same bytes."""
    for path in (folder / name for name in PACKED):
        if not path.exists():
            continue
        if not path.stat().st_size:
            path.unlink()
            continue
        with open(path.with_name(path.name + ".gz"), "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as file:
            file.write(path.read_bytes())
        path.unlink()


def capture(program, variant, target, options):
    """One run of the lab. Its folder's path appears in tracebacks, so it is a neutral one until it is complete."""
    with tempfile.TemporaryDirectory(prefix="litellm-lab-") as scratch:
        out = pathlib.Path(scratch) / variant
        run_lab.capture(argparse.Namespace(litellm=str(program), variant=variant, profile=options.profile,
                                           size=options.size, width=options.width, out=str(out),
                                           doctor=str(options.doctor)))
        pack(out)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(out), str(target))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--variants", nargs="+", default=["text-detailed", "json-detailed"], choices=sorted(VARIANTS))
    parser.add_argument("--profile", default="default", choices=sorted(scenarios.PROFILES))
    parser.add_argument("--size", default="full", choices=["small", "full", "large"])
    parser.add_argument("--width", type=int, default=16, help="requests in flight in the concurrent block")
    parser.add_argument("--litellm", type=pathlib.Path, help="this program instead of an installation from PyPI")
    parser.add_argument("--doctor", default="tailer", help="the tailer program that corrects the configuration, for doctor-*")
    parser.add_argument("--venvs", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "litellm-venvs",
                        help="where installations are kept; the path appears in the proxy's tracebacks")
    parser.add_argument("--captures", type=pathlib.Path, default=HERE.parent / "captures")
    options = parser.parse_args()
    os.umask(0o022)
    todo = [(v, options.captures / options.version / v) for v in options.variants]
    program = None
    for variant, target in todo:
        if target.exists():
            print(f"{target} is there already")
            continue
        program = program or options.litellm or install(options.version, options.venvs)
        capture(program, variant, target, options)
        size = sum(path.stat().st_size for path in target.iterdir())
        print(f"{target}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
