#!/usr/bin/env python3
"""A loopback receiver of OTLP traces that folds nothing: one line in OUT for each root span that it accepts.

    receiver.py --port-file FILE --out OUT [--whole] [--while PID] [--delay SECONDS] [--times]

It answers as Langfuse v3 does. An answer is sent after the lines are on disk. SIGUSR1 starts and ends an outage.
"""
import argparse, gzip, json, os, re, signal, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALL = re.compile(rb"tt-(\d{10})")


def fields(b):
    """Yields (number, value) of a protobuf message; values of length-delimited fields are bytes."""
    i = 0

    def varint():
        nonlocal i
        n = shift = 0
        while True:
            c = b[i]
            i += 1
            n |= (c & 127) << shift
            if c < 128:
                return n
            shift += 7

    while i < len(b):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        elif kind == 1:
            i += 8
            yield key >> 3, b[i - 8:i]
        elif kind == 5:
            i += 4
            yield key >> 3, b[i - 4:i]
        else:
            n = varint()
            i += n
            yield key >> 3, b[i - n:i]


def attributes(span):
    """The attributes of a span that are text, by name."""
    out = {}
    for n, pair in fields(span):
        if n != 9:
            continue
        parts = dict(fields(pair))
        value = dict(fields(parts.get(2, b"")))
        if isinstance(value.get(1), bytes):
            out[parts[1].decode()] = value[1].decode()
    return out


def ids(span):
    """The span's own id and its parent's, fields 2 and 4. They stand before the name and the attributes, which are many."""
    parts = {}
    for n, value in fields(span):
        if n > 4:
            break
        parts[n] = value
    return parts


def root_spans(b):
    """Yields each span without a parent, with its id. ExportTraceServiceRequest, field numbers of OTLP 1."""
    for n, resource in fields(b):
        if n != 1:
            continue
        for n, scope in fields(resource):
            if n != 2:
                continue
            for n, span in fields(scope):
                if n != 2:
                    continue
                parts = ids(span)
                if not parts.get(4):
                    yield parts[2].hex(), span


def told(span_id, span, whole):
    """The line for one span."""
    if whole:
        has = attributes(span)
        return json.dumps({"span": span_id, "call_id": has.get("langfuse.observation.metadata.litellm_call_id"), "user": has.get("user.id")})
    call = CALL.search(span)
    return '{"litellm_call_id": "tt-%s", "span": "%s"}' % (call.group(1).decode() if call else "", span_id)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    outage = False

    def log_message(self, *args):
        pass

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, b'{"status":"OK","version":"3.225.4"}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if Handler.outage:
            self.answer(503, b"{}")
            return
        lines = [told(span_id, span, self.server.whole) + "\n" for span_id, span in root_spans(body)]
        with Handler.lock:
            os.write(self.server.out, "".join(lines).encode())
            if self.server.times is not None:
                os.write(self.server.times, (("%f\n" % time.time()) * len(lines)).encode())
        if self.server.delay:
            time.sleep(self.server.delay)
        self.answer(200, b"", "application/x-protobuf")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):  # the sender was killed
        pass


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--port-file", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--while", type=int, dest="owner", help="end when that process does, or the folder of OUT is gone")
    a.add_argument("--port", type=int, default=0)
    a.add_argument("--whole", action="store_true", help="tell call id and user too")
    a.add_argument("--times", action="store_true", help="write when each line came to OUT.times")
    a.add_argument("--delay", type=float, default=0)
    a.add_argument("--name", default="", help="what the process calls itself")
    o = a.parse_args()
    if o.name:
        open("/proc/self/comm", "w").write(o.name)
    server = Server(("127.0.0.1", o.port), Handler)
    server.delay, server.whole = o.delay, o.whole
    server.out = os.open(o.out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    server.times = os.open(o.out + ".times", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if o.times else None
    with open(o.port_file + ".tmp", "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(o.port_file + ".tmp", o.port_file)

    def toggle(*_):
        Handler.outage = not Handler.outage

    signal.signal(signal.SIGUSR1, toggle)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if o.owner:
        def watch():
            while os.path.exists(f"/proc/{o.owner}") and os.path.isdir(os.path.dirname(os.path.abspath(o.out))):
                time.sleep(0.5)
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()
    server.serve_forever()


main()
