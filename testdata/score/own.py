"""Asks of a raw proxy log: do the records of this very request tell this value?

`logtext` finds a value wherever it stands, also where it stands only in the records of another request of the same person, so that no
reader could know whose it is. This is the narrower question. A record is a request's own if it mentions what no other request of the
capture has: its call id, its X-OpenWebUI headers, or a text that it alone sent. Where a request has nothing of that kind, or the field
is none that the client sent in headers or body, the answer is that of `logtext`: what is excused here is excused for a stated reason.
"""
import bisect
import collections

from logtext import canon

BODY = ("input", "tools", "parameters", "model requested")
EITHER = ("user id", "session id", "trace id", "trace name", "tags")  # from headers or body
PROVIDER = b"llm_provider-"  # litellm_core_utils/llm_response_utils/get_headers.py puts it before the names
PIECE = 48  # bytes of a text that tell it from others even where the log abbreviates it


class Own:
    """The records of each request of a capture, in one log."""

    def __init__(self, log, capture, clock):
        self.log, self.capture, self.clock = log, capture, clock
        self.errors = collections.Counter(row.error_line() for row in capture.rows)
        self.ids = collections.Counter(row.headers.get("x-openwebui-message-id") for row in capture.rows)
        self.cache = {}

    def tells(self, field, want, row):
        """May the log hold the field as this request's? Only asked where it holds it at all."""
        headers = field.startswith(("X-OpenWebUI-", "other header "))
        if not headers and field not in BODY + EITHER:
            return True
        if field == "parameters" and self.is_unlisted(row):
            return False
        places = set()
        if headers or field in EITHER:
            found = self.of_headers(row)
            if found is None:
                return True
            places |= found
        if not headers:
            found = self.of_body(row)
            if found is None and (field in BODY or self.in_body(want, row)):
                return True
            places |= found or set()
        if field == "user id" and self.by_line(row):
            return True
        if field == "input" and self.two_readings(row, places):
            return False
        if field == "parameters" and self.is_unheard(row):
            return False
        if field.startswith("other header "):
            return any(self.as_sent(canon(want.needles[1][0]), place) for place in places)
        groups = [[canon(t) for t in group] for group in want.needles if field == "input" or group != row.anchors()]
        if field == "user id":
            groups = groups[:1]
        return all(any(self.within(key, place) for place in places for key in group) for group in groups)

    def in_body(self, want, row):
        """Did the client send the value in the body?"""
        keys = [canon(t) for group in want.needles if group != row.anchors() for t in group]
        return any(key and key in text for key in keys for text in self.clock.sent[row])

    # --- which records ---------------------------------------------------------------------------------------
    def within(self, key, place):
        return self.log.data.find(key, *place) >= 0

    def as_sent(self, key, place):
        """Does a header stand there other than as one that a provider sent back? Payloads have those too."""
        at = self.log.data.find(key, *place)
        while at >= 0 and self.log.data.endswith(PROVIDER, place[0], at):
            at = self.log.data.find(key, at + 1, place[1])
        return at >= 0

    def mentions(self, key):
        """The records in which the key stands."""
        if key not in self.cache:
            log, found, place = self.log, set(), self.log.data.find(key) if key else -1
            while place >= 0:
                after = bisect.bisect_right(log.records, place)
                end = log.records[after] if after < len(log.records) else len(log.data)
                found.add((log.records[after - 1], end))
                place = log.data.find(key, end)
            self.cache[key] = found
        return self.cache[key]

    def of_call(self, row):
        return self.mentions(canon(row.call_id)) if row.call_id else set()

    def box(self, row):
        """All X-OpenWebUI headers of a request: what tells its headers from others' where a message id was sent twice."""
        return tuple(sorted(v for n, v in row.headers.items() if n.startswith("x-openwebui-") and v))

    def of_headers(self, row):
        """The records that mention the request's headers, its text or its call id; None if it sent no X-OpenWebUI headers. Of headers that
        another request sent as well, those that mention the other are the other's."""
        message = row.headers.get("x-openwebui-message-id")
        if not message:
            return None
        found, box = self.mentions(canon(message)), self.box(row)
        if self.ids[message] > 1:
            keys = [canon(v) for v in box]
            found = {p for p in found if all(self.within(k, p) for k in keys)}
        others = [r for r in self.capture.llm if r is not row and self.box(r) == box]
        for other in others:
            found = found - (self.of_body(other) or self.of_call(other))
        plain = {p for p in found if self.within(b"RequestHeaders:", (p[0], p[0] + 120))}
        if not self.was_read(row) and len(plain) <= sum(map(self.was_read, others)):
            found = found - plain  # litellm/proxy/litellm_pre_call_utils.py writes them once it has accepted the key
        if not self.was_read(row):  # nor has it been sent on: these are of another request with its headers
            found = {p for p in found if not self.within(b"POSTRequestSentfromLiteLLM", (p[0], p[0] + 120))}
        return found | (self.of_body(row) or self.of_call(row))

    def of_body(self, row):
        """The records that mention the request's text, or its call id, or the error that it alone got; None if it has nothing of that kind."""
        text = self.clock.own_text(row)
        if text is not None:
            key = canon(text)
            pieces = [p for p in (key, key[:PIECE], key[-PIECE:]) if self.clock.is_own(p, row)]
            return self.of_call(row).union(*map(self.mentions, pieces))
        error = row.error_line()
        if not row.body and error and self.errors[error] == 1:
            return self.of_call(row) | self.mentions(canon(error))
        return None

    # --- reasons that a reader has as well -----------------------------------------------------------------------
    def was_read(self, row):
        """Did LiteLLM read headers and body? It refuses a key, and a body that is no JSON, before."""
        key = self.capture.master_key
        return isinstance(row.raw["request_body"], dict) and any(key in value for value in row.headers.values())

    def by_line(self, row):
        """Can a line `found user "…"`, which names no request, be known to be about this one? If nothing else was in flight, and the
        log tells of the request at all (litellm/proxy/litellm_pre_call_utils.py writes it once it has read key, headers and body)."""
        named = any(self.log.has(f'found user "{user}"') for user in row.users())
        return named and self.was_read(row) and row.raw["block"] != "concurrent" and any(self.log.has(x) for x in row.anchors() if x)

    def is_unheard(self, row):
        """Does the log hold nothing of the body, so that it can't tell that a parameter was not sent either?"""
        text = self.clock.own_text(row)
        return not row.body or text is not None and not self.log.has(text)

    def is_unlisted(self, row):
        """Would the log read the same if the client had sent parameters? Payloads list none of a transcription (litellm/main.py, 1.61 to
        1.109)."""
        places = self.of_call(row)
        return bool(places) and row.raw["path"].split("?")[0].endswith("/audio/transcriptions") and all(
            self.is_payload(p, "atranscription") for p in places)

    def two_readings(self, row, places):
        """Would the log read the same if the client had asked in another form? Payloads write the input of /v1/responses and a list of
        that one text alike; up to 1.77 those of /v1/messages lack the system prompt, whether there was one or not."""
        texts = [p for p in places if self.within(canon(row.prompt() or ""), p)]
        body, route = row.body, row.raw["path"].split("?")[0]
        if route.endswith("/responses"):
            asked = body.get("input")
            one = isinstance(asked, str) or isinstance(asked, list) and len(asked) == 1 and isinstance(asked[0].get("content"), str)
            return bool(texts) and one and all(self.is_payload(p, "aresponses") for p in texts)
        if route.endswith("/messages"):
            return bool(texts) and all(self.is_payload(p, "anthropic_messages") and not self.within(b"role:system", p) and
                                       not self.within(b"headers:{host:", p) and not self.within(b"litellm_call_id:", p) for p in texts)
        return False

    def is_payload(self, place, kind):
        """Is the record a StandardLoggingPayload, and nothing around it?"""
        return self.within(canon(f'"call_type": "{kind}"'), place) and not self.within(b"proxy_server_request:{", place)
