"""Other people than those of the profile `default`, with other questions, clients, models and spellings.

A reader that was tuned to one set of people, prompts and clients meets strangers here: names and prompts made of what logs,
Python and JSON are made of, clients that Open WebUI is not, several people with one name, and the same question from all.
"""
import itertools
import json
import uuid
from urllib.parse import quote

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c9")
PROFILE = {
    "width": 16,
    "people": [
        ('Robert "Bobby" \\ {Tables}\'); DROP --', "Bobby.Tables+chat@EXAMPLE.com", "user"),
        ("100% {name} %s %(x)s $HOME", "o'neil&co=x@example.com", "user"),
        ("محمد العربي", "m.arabi@example.ae", "admin"),
        ("\u202eoverride\u202c", "rtl_override@example.com", "user"),
        ("👩🏽‍🚀🧑‍🤝‍🧑", "emoji-1@example.com", "user"),
        ("Very Long " * 120 + "Name", "x" * 60 + "." + "y" * 60 + "@long-" + "z" * 40 + ".example.com", "user"),
        ("", "noname@example.com", "user"),
        ("Jürgen Größe", "jürgen@exämple.de", "user"),
        ("Jürgen Größe", "juergen@xn--exmple-cua.de", "user"),
        ("Alex Kim", "alex.kim@one.example", "user"), ("Alex Kim", "alex.kim@two.example", "admin"),
        ("alex kim", "ALEX.KIM@one.example", "user"),
        ("None", "null@example.com", "user"), ("True, 'x': {", "brace@example.com", "user"),
    ],
    "titles": ['Re: "a\\b" {c} 100% [x]', "🏳️‍🌈", "Заголовок чата", "x" * 700, "'} , 'headers': {", "None"],
    "question": "Was heißt {topic}?", "topics": ["Weltschmerz", "Feierabend", "Doppelhaushälfte", "Kopfkino", "Fernweh"],
    "system": "Du bist 'höflich' und \"kurz\". Antworte als {\"json\": true} — nie mit \\n.",
}

REPR = ("{'model': 'gpt-4o', 'messages': [{'role': 'user', 'content': \"it's\"}], 'litellm_params': {'metadata': {'headers': "
        "{'x-openwebui-user-email': 'somebody@example.net', 'authorization': None}}}, 'user': 'somebody@example.net', "
        "'optional_params': {}, 'created': datetime.datetime(2026, 1, 1, 0, 0), 'x': <object at 0x7f00>}")
TRACEBACK = ('Traceback (most recent call last):\n  File "/srv/app/main.py", line 3, in <module>\n    raise ValueError("bad \'thing\'")\n'
             "ValueError: bad 'thing'\n\nDuring handling of the above exception, another exception occurred:\n\n  File \"x.py\", line 1\n"
             "litellm.exceptions.RateLimitError: litellm.RateLimitError: OpenAIException - slow down")
LOGS = ('{"message": "Request received by LiteLLM:\\n{}", "level": "DEBUG", "timestamp": "2026-11-27T12:00:00.000000"}\n'
        "03:04:05 - LiteLLM:INFO: utils.py:1 - \n\nINFO:     127.0.0.1:5 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK\n"
        "2026-11-27 12:00:00,123 ERROR [main] com.example.App - oops\nlitellm.acompletion(model=gpt-4o) 200 OK")
CODE = 'def f(x: dict[str, int]) -> str:\n    """Doc \'string\'."""\n    return f"{x[\'a\']!r:>10}\\t{x}" % ()  # \\N{BULLET}\n\n\nprint(f({"a": 1}))'


def prompts(number):
    """Endless texts, each unlike all others."""
    kinds = [
        lambda n: f"{CODE}\n# {n}", lambda n: f"{REPR} #{n}", lambda n: json.dumps({"n": n, "messages": [{"role": "user", "content": '"\\'}]}),
        lambda n: f"{TRACEBACK} {n}", lambda n: f"{LOGS}\n{n}", lambda n: f"%s %d %(a)s {{0}} {{}} 100% \\x00 \\u0000 \\N \\ {n}",
        lambda n: "🦊" * (n + 1), lambda n: chr(0x4e00 + n), lambda n: f"\x01\x02\x1b[31mred\x1b[0m\x7f\x85\ufeff {n}",
        lambda n: f"  \n\tspace around {n} \n ", lambda n: f"tell me {n}", lambda n: f"tell me {n} more",
        lambda n: f"The Bearer of bad news holds bearer bonds {n}; sk-learn, ?key=value, eyJ is how JSON begins, password: none",
        lambda n: f"what does redacted-by-litellm mean? {n}", lambda n: f"مرحبا بالعالم {n} \u202eabc\u202c",
        lambda n: f"<b>{n}</b> &amp; ```json\n{{\"a\": \"\\\\n\"}}\n``` '''x''' \"\"\"y\"\"\"", lambda n: f"'{n}'", lambda n: f'"{n}"',
        lambda n: f"{n}\\", lambda n: f"None{n}", lambda n: f"a\u2028b\u2029c\x0bd\x0ce {n}", lambda n: f"C:\\Users\\{n}\\new\\table\\x41.txt",
        lambda n: f"ends with a brace {n} }}", lambda n: f"}}\n{{{n}", lambda n: f"ModelResponse(id='chatcmpl-{n}', choices=[Choices(message=Message(content='x'))])",
        lambda n: f"... litellm_truncated {n} ...", lambda n: f"[redacted] {n} (truncated 5 chars)", lambda n: "wörd " * 400 + str(n),
    ]
    for n in itertools.count(number):
        yield kinds[n % len(kinds)](n)


def tool(name, **properties):
    return {"type": "function", "function": {"name": name, "description": f"It's the \"{name}\" tool {{x}}", "parameters": {
        "type": "object", "properties": {k: {"type": v} for k, v in properties.items()}, "required": list(properties)}}}


TOOLS = [tool("get_weather", city="string", unit="string"), tool("search_web", query="string"), tool("run_code", code="string")]


def blocks(builder, size, png_data_url):
    made = Strangers(builder, png_data_url)
    sequential = list(made.sequential())
    if size == "small":
        sequential = sequential[::4]
    out = [{"name": "sequential", "width": 1, "requests": sequential}]
    if size == "large":
        out.append({"name": "large", "width": 1, "requests": list(made.large())})
    repeats = {"small": 1, "full": 3, "large": 6}[size]
    return out + [{"name": "concurrent", "width": PROFILE["width"], "requests": list(made.concurrent(repeats))}]


class Strangers:
    def __init__(self, builder, png_data_url):
        self.b, self.png, self.texts, self.made = builder, png_data_url, prompts(0), 0

    def text(self):
        return next(self.texts)

    # --- clients ---------------------------------------------------------------------------------------
    def person(self, index):
        return PROFILE["people"][index % len(PROFILE["people"])]

    def owui(self, index=None, chat="id", spelling=str, **more):
        """As Open WebUI really sends it: no session, model or title, and the chat id of temporary chats is nobody's own."""
        self.made += 1
        index = self.made if index is None else index
        name, email, role = self.person(index)
        pairs = [["X-OpenWebUI-User-Name", quote(name, safe=" ")], ["X-OpenWebUI-User-Id", str(uuid.uuid5(NAMESPACE, email))],
                 ["X-OpenWebUI-User-Email", email], ["X-OpenWebUI-User-Role", role]]
        if chat:
            value = str(uuid.uuid5(NAMESPACE, f"chat{index}")) if chat == "id" else chat
            pairs += [["X-OpenWebUI-Chat-Id", value], ["X-OpenWebUI-Message-Id", str(uuid.uuid5(NAMESPACE, f"message{self.made}"))]]
        pairs += [[k.replace("_", "-"), v] for k, v in more.items()]
        return self.b.base_headers("Python/3.11 aiohttp/3.12.15") + [[spelling(n), v] for n, v in pairs]

    def full(self, index=None, **more):
        titles = PROFILE["titles"]
        self.made += 1
        index = self.made if index is None else index
        email = self.person(index)[1]
        return self.owui(index, **more) + [["X-OpenWebUI-Session-Id", f"ws-{uuid.uuid5(NAMESPACE, email).hex[:12]}"],
                                           ["X-OpenWebUI-Model", "gpt 4o/mini (x)"], ["X-OpenWebUI-Title", quote(titles[index % len(titles)])]]

    def libre(self, email="{{LIBRECHAT_USER_EMAIL}}"):
        self.made += 1
        return self.b.base_headers("OpenAI/JS 5.12.2") + [
            ["x-stainless-lang", "js"], ["x-stainless-retry-count", "1"], ["x-librechat-user-email", email],
            ["x-librechat-user-id", f"{self.made:024x}"], ["x-librechat-body-conversationid", str(uuid.uuid5(NAMESPACE, f"libre{self.made}"))]]

    def sdk(self, *pairs):
        return self.b.base_headers("AsyncOpenAI/Python 1.109.1") + [["X-Stainless-Lang", "python"], ["x-stainless-read-timeout", "600"],
                                                                    *[list(p) for p in pairs]]

    def claude(self, session):
        return [["Accept", "application/json"], ["User-Agent", "claude-cli/2.1.90 (external, cli)"], ["Content-Type", "application/json"],
                ["Authorization", f"Bearer {self.b_key()}"], ["anthropic-version", "2023-06-01"], ["x-app", "cli"],
                ["anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14"], ["X-Stainless-Retry-Count", "0"],
                ["x-claude-code-session-id", session]]

    @staticmethod
    def b_key():
        from scenarios import MASTER_KEY
        return MASTER_KEY

    def codex(self, session):
        return [["User-Agent", "codex_cli_rs/0.58.0 (Ubuntu 24.4.0; x86_64) xterm-256color"], ["Content-Type", "application/json"],
                ["Accept", "text/event-stream"], ["Authorization", f"Bearer {self.b_key()}"], ["originator", "codex_cli_rs"],
                ["version", "0.58.0"], ["openai-beta", "responses=experimental"], ["conversation_id", session], ["session_id", session]]

    # --- requests --------------------------------------------------------------------------------------
    def chat(self, name, text=None, headers=None, path="/v1/chat/completions", messages=None, model="gpt-4o-mini", run=None, **body):
        text = self.text() if text is None else text
        return self.b.request(name, path, dict({"model": model, "messages": messages or [{"role": "user", "content": text}]}, **body),
                              headers or self.owui(), **(run or {}))

    def messages(self, name, session, text=None, stream=True, **body):
        old = self.made % 2
        account, device = str(uuid.uuid5(NAMESPACE, "account")), uuid.uuid5(NAMESPACE, "device").hex * 2
        user = (f"user_{device}_account_{account}_session_{session}" if old else
                json.dumps({"device_id": device, "account_uuid": account, "session_id": session}))
        self.made += 1
        return self.b.request(name, "/v1/messages?beta=true", dict({
            "model": "claude-3-5-sonnet", "max_tokens": 512, "stream": stream, "temperature": 1,
            "system": [{"type": "text", "text": "You are Claude Code, Anthropic's official CLI.", "cache_control": {"type": "ephemeral"}},
                       {"type": "text", "text": PROFILE["system"]}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "<system-reminder>\nBe \"careful\" {x}\n</system-reminder>"},
                                                      {"type": "text", "text": self.text() if text is None else text}]}],
            "tools": [{"name": "Bash", "description": "Runs `cmd`; it's \"fine\"", "input_schema": {
                "type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}}],
            "metadata": {"user_id": user}}, **body), self.claude(session))

    def responses(self, name, session, text=None, stream=True, **body):
        self.made += 1
        return self.b.request(name, "/v1/responses", dict({
            "model": "gpt-4o", "instructions": PROFILE["system"], "stream": stream, "store": False, "parallel_tool_calls": False,
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment_context>\n  <cwd>/src</cwd>\n</environment_context>"}]},
                      {"type": "message", "role": "user", "content": [{"type": "input_text", "text": self.text() if text is None else text}]}],
            "tools": [{"type": "function", "name": "shell", "description": "Runs a 'command'", "strict": False, "parameters": {
                "type": "object", "properties": {"command": {"type": "array", "items": {"type": "string"}}}, "required": ["command"]}}],
            "tool_choice": "auto", "include": [], "prompt_cache_key": session, "reasoning": {"effort": "medium", "summary": "auto"}},
            **body), self.codex(session))

    def sequential(self):
        for index in range(28):  # every kind of text, every person, streamed and not
            yield self.chat("text", headers=self.owui(index) if index % 3 else self.full(index), stream=index % 2 == 1)
        for index, kind in enumerate(["local", "local:Ab_c-1", "temporary:xyz", "channel:general", ""]):
            yield self.chat("chat-id", headers=self.owui(index, chat=kind))
        spell = lambda n: "".join(c.upper() if i % 3 else c.lower() for i, c in enumerate(n))
        yield self.chat("spelling", headers=self.owui(9, spelling=spell))
        yield self.chat("spelling", headers=self.owui(9, spelling=str.upper), stream=True)
        yield self.chat("email-twice", headers=self.owui(9) + [["x-litellm-end-user-id", "other@example.net"]])
        yield self.chat("customer", headers=self.owui(9) + [["x-litellm-customer-id", "Kunde 42 / Ost"]])
        yield self.chat("empty-headers", headers=self.owui(9) + [["X-Empty", ""], ["x-litellm-end-user-id", ""], ["x-litellm-customer-id", "  "]])
        yield self.chat("long-user", headers=self.sdk(), user="u" * 230)
        yield self.chat("libre", headers=self.libre())
        yield self.chat("libre", headers=self.libre("libre@example.com"), stream=True)
        yield self.chat("sdk-user", headers=self.sdk(), user="O'Brien, \"Pat\" {x}\\", metadata={"team": "a'b", "tags": ["t 1", "ü"]}, store=True)
        yield self.chat("sdk-safety", headers=self.sdk(), safety_identifier="safe-'1'", prompt_cache_key="pck", seed=7)
        yield self.chat("sdk-session", headers=self.sdk(), user="s@example.com", litellm_session_id="sess 'x' 1")
        yield self.chat("sdk-params", headers=self.sdk(), temperature=0, top_p=0.5, max_tokens=77, stop=["\n\n", "END'", "\""], presence_penalty=-1.5,
                        frequency_penalty=0.25, seed=0)
        yield self.chat("sdk-format", headers=self.sdk(), response_format={"type": "json_schema", "json_schema": {
            "name": "answer", "schema": {"type": "object", "properties": {"it's": {"type": "string"}}}, "strict": True}})
        yield self.chat("sdk-max-completion", headers=self.sdk(), max_completion_tokens=99, stop="###")
        yield self.chat("logprobs", headers=self.sdk(), logprobs=True, top_logprobs=2)
        yield self.chat("langfuse-hyphen", headers=self.sdk(
            ("langfuse-trace-user-id", "lf'user\"@example.com"), ("langfuse-session-id", "lf-sess-2"), ("langfuse-trace-name", "name {x} 'y' %s"),
            ("langfuse-tags", "alpha, beta ,g'd")))
        yield self.chat("langfuse-x", headers=self.owui() + [["x-langfuse-trace-user-id", "x-lf@example.com"], ["x-langfuse-session-id", "x-lf-sess"]])
        yield self.chat("langfuse-headers", headers=self.owui() + [["langfuse_trace_id", "not-hex 'id'"], ["langfuse_trace_name", "Ünï"],
                        ["langfuse_trace_user_id", "lf2@example.com"], ["langfuse_trace_metadata", '{"a":"b\'c"}']])
        yield self.chat("metadata", headers=self.sdk(), metadata={"trace_user_id": "meta'user", "session_id": "meta-sess", "trace_name": "T \"1\"",
                        "generation_name": "g", "tags": ["a'b", "c\"d", "日本"], "n": {"deep": [1, None, True, 2.5, "x'y"]}, "trace_metadata": {"k'1": "v\"1"}})
        yield self.chat("several-tools", tools=TOOLS)
        yield self.chat("several-tools-stream", tools=TOOLS, stream=True)
        yield self.chat("several-results", tools=TOOLS, messages=[
            {"role": "system", "content": PROFILE["system"]}, {"role": "user", "content": self.text()},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": f"call_{i}", "type": "function", "function": {"name": t["function"]["name"], "arguments": '{"q": "it\'s \\"x\\" \\\\n"}'}}
                for i, t in enumerate(TOOLS)]},
            *[{"role": "tool", "tool_call_id": f"call_{i}", "content": f"{REPR} {i}"} for i in range(3)],
            {"role": "assistant", "content": "Aye, 'then'."}, {"role": "user", "content": "And {now}? " + self.text()}])
        yield self.chat("two-images", model="gpt-4o", messages=[{"role": "user", "content": [
            {"type": "text", "text": "first " + self.text()}, {"type": "image_url", "image_url": {"url": self.png(11, 13)}},
            {"type": "text", "text": "second " + self.text()}, {"type": "image_url", "image_url": {"url": self.png(17, 5), "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a b'c.png?x=%20"}}]}])
        yield self.chat("three-choices", n=3, temperature=1.2)
        yield self.chat("parts", messages=[{"role": "user", "content": [{"type": "text", "text": self.text()}, {"type": "text", "text": self.text()}]}])
        yield self.chat("developer-role", model="gpt-4o", messages=[{"role": "developer", "content": "Be 'brief'"}, {"role": "user", "content": self.text(), "name": "Bob"}])
        yield self.chat("reasoning", model="thinker", reasoning_effort="high")
        yield self.chat("reasoning-stream", model="thinker", reasoning_effort="low", stream=True, stream_options={"include_usage": True})
        for model in ("модель 4o (schnell)", "team/gpt's \"best\"", "openai/gpt-4.1-any", "mistral-large", "deepseek-chat", "vllm-llama", "two-homes"):
            yield self.chat("model", model=model)
            yield self.chat("model-stream", model=model, stream=True)
        yield self.chat("no-v1", path="/chat/completions")
        yield self.chat("azure-path", path="/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21")
        yield self.messages("claude-code", str(uuid.uuid5(NAMESPACE, "cc1")))
        yield self.messages("claude-code", str(uuid.uuid5(NAMESPACE, "cc2")), stream=False)
        yield self.messages("claude-code-openai", str(uuid.uuid5(NAMESPACE, "cc3")), stream=False, model="gpt-4o-mini")
        yield self.messages("claude-code-openai", str(uuid.uuid5(NAMESPACE, "cc4")), model="gpt-4o-mini")
        yield self.responses("codex", str(uuid.uuid5(NAMESPACE, "cx1")))
        yield self.responses("codex", str(uuid.uuid5(NAMESPACE, "cx2")), stream=False)
        yield self.b.request("text-completion", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": self.text(), "stop": ["\n"], "max_tokens": 9}, self.owui())
        yield self.b.request("text-completion-stream", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": self.text(), "stream": True}, self.owui())
        yield self.b.request("embeddings", "/v1/embeddings", {"model": "text-embedding-3-small", "input": [self.text() for _ in range(7)], "dimensions": 16}, self.owui(chat=None))
        yield self.b.request("embeddings-one", "/v1/embeddings", {"model": "text-embedding-3-small", "input": "x", "encoding_format": "float"}, self.owui(chat=None))
        yield self.b.request("rerank", "/v1/rerank", {"model": "rerank-english-v3.0", "query": self.text(), "documents": [self.text(), "b", "it's"]}, self.owui(chat=None))
        yield self.b.request("images", "/v1/images/generations", {"model": "dall-e-3", "prompt": self.text()}, self.owui())
        for code in (400, 401, 429, 500):
            yield self.chat(f"upstream-{code}", model=f"err-{code}", stream=code == 429)
        yield self.chat("upstream-drop-stream", model="err-drop-stream", stream=True)
        yield self.chat("retry-then-ok", model="flaky", stream=True)
        yield self.chat("fallback", model="primary-down")
        yield self.messages("claude-code-fallback", str(uuid.uuid5(NAMESPACE, "cc5")), model="primary-down")
        yield self.chat("unknown-model", model="no-such 'model' {x}")
        yield self.chat("client-disconnect", stream=True, run={"abort_after": 500})
        again = self.chat("retried", headers=self.full(2))  # a client that sends the very same thing again
        yield again
        yield dict(again)
        yield dict(again)
        failing = self.chat("retried-failing", model="err-429", headers=self.sdk(), user="retry@example.com")
        yield failing
        yield dict(failing)
        yield self.chat("one-character", "a", headers=self.owui(1))
        yield self.chat("empty-text", "", headers=self.owui(2))
        yield self.chat("blank-text", " \n ", headers=self.owui(3))

    def large(self):
        for index, model in enumerate(("gpt-4o-mini", "claude-3-5-sonnet")):
            body = "".join(f"{i}: {t}\n" for i, t in zip(range(700), prompts(1000)))
            yield self.chat("prompt-100k", f"{index} " + body[:100_000], model=model, stream=index == 0)
        yield self.chat("prompt-400k", "2 " + (REPR + "\n" + LOGS + "\n") * 320)
        yield self.chat("history", messages=[{"role": "assistant" if i % 2 else "user", "content": f"turn {i} {t}"} for i, t in zip(range(61), prompts(500))])
        yield self.chat("images", model="gpt-4o", messages=[{"role": "user", "content": [
            {"type": "text", "text": self.text()}, *[{"type": "image_url", "image_url": {"url": self.png(300 + i, 300)}} for i in range(3)]]}])

    def concurrent(self, repeats):
        same = "Is it 'the same' \"thing\" {x}?"
        for index in range(repeats):
            for person in range(6):
                yield self.chat("c-same", same, headers=self.owui(person), stream=person % 2 == 0)
            for person in (9, 10, 11):
                yield self.chat("c-prefix", same + " yes" * (person - 8), headers=self.owui(person))
            for _ in range(3):
                yield self.chat("c-text")
                yield self.chat("c-text-stream", stream=True)
            yield self.chat("c-short", "b", headers=self.owui(index))
            yield self.chat("c-short-stream", "c", headers=self.owui(index + 1), stream=True)
            session = str(uuid.uuid5(NAMESPACE, f"c{index}"))
            yield self.messages("c-claude-code", session)
            yield self.messages("c-claude-code", session, stream=False)
            yield self.messages("c-claude-code-openai", session, model="gpt-4o-mini")
            yield self.responses("c-codex", session)
            yield self.responses("c-codex", session, stream=False)
            yield self.chat("c-several-tools", tools=TOOLS, stream=index % 2 == 0)
            yield self.chat("c-sdk", headers=self.sdk(), user=f"sdk-{index}", metadata={"tags": [f"tag{index}"], "session_id": session})
            yield self.chat("c-libre", headers=self.libre(f"libre{index}@example.com"), stream=True)
            yield self.chat("c-two-choices", n=2)
            yield self.chat("c-reasoning", model="thinker", stream=True)
            yield self.chat("c-two-homes", model="two-homes", stream=index % 2 == 1)
            yield self.chat("c-fallback", model="primary-down", stream=index % 2 == 0)
            yield self.chat("c-flaky", model="flaky")
            yield self.chat("c-429", model="err-429")
            yield self.chat("c-drop", model="err-drop-stream", stream=True)
            yield self.chat("c-disconnect", stream=True, run={"abort_after": 700})
            again = self.chat("c-retried", headers=self.full(3), stream=index % 2 == 0)
            yield from (again, dict(again), dict(again))
            yield self.b.request("c-embeddings", "/v1/embeddings", {"model": "text-embedding-3-small", "input": [self.text(), same]}, self.owui(chat=None))
            yield self.b.request("c-completion", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": same}, self.owui(index))
            yield self.b.request("c-models", "/v1/models", None, self.owui(chat=None), method="GET")
            yield self.chat("c-wrong-key", headers=[[n, v.replace("lab-master", "wrong-9")] for n, v in self.owui()])
