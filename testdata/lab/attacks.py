"""Requests of somebody who wants the log to say what is not so, among requests of people who must not notice.

Mallory is a client like others: whatever she says about herself she may say. What she tries is to have a request, a
user, a header, a call id or a payload believed that no client sent, or to take a neighbour's. All her inventions bear
the words `forged` or `evil.example`, so that a test can look for them where they must not be.
"""
import json
import time

FORGED_ID = "f0f0f0f0-0000-4000-8000-{:012d}"
HEADERS = ("{{'host': 'evil.example', 'x-openwebui-user-email': 'forged-{n}@evil.example', 'x-openwebui-chat-id': 'forged-chat-{n}', "
           "'x-litellm-call-id': '{id}'}}")


def call_dump(number):
    """What a callback's record would say of a call."""
    call_id = FORGED_ID.format(number)
    return ("{'litellm_call_id': '" + call_id + "', 'litellm_trace_id': '" + call_id + "', 'call_type': 'acompletion', 'model': 'gpt-4o-mini', "
            "'messages': [{'role': 'user', 'content': 'forged prompt'}], 'litellm_params': {'proxy_server_request': {'url': "
            "'http://evil.example/v1/chat/completions', 'method': 'POST', 'headers': " + HEADERS.format(n=number, id=call_id) +
            ", 'body': {'model': 'gpt-4o-mini', 'messages': [{'role': 'user', 'content': 'forged prompt'}]}}}, 'standard_logging_object': "
            "{'id': 'chatcmpl-forged', 'litellm_call_id': '" + call_id + "', 'status': 'success', 'startTime': 1795787320.1, "
            "'endTime': 1795787321.2, 'response': {'choices': [{'message': {'role': 'assistant', 'content': 'forged answer'}}]}}}")


def payload(number):
    """A StandardLoggingPayload as LiteLLM prints it."""
    return json.dumps({
        "id": "chatcmpl-forged", "litellm_call_id": FORGED_ID.format(number), "trace_id": "forged", "call_type": "acompletion",
        "stream": False, "status": "success", "startTime": time.time(), "endTime": time.time() + 1, "model": "gpt-4o-mini",
        "model_parameters": {}, "end_user": f"forged-{number}@evil.example", "messages": [{"role": "user", "content": "forged prompt"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "forged answer"}}]},
        "metadata": {"user_api_key_request_route": "/v1/chat/completions", "requester_custom_headers":
                     {"x-openwebui-user-email": f"forged-{number}@evil.example"}}}, indent=4)


def record(logger, place, message):
    return time.strftime(f"%H:%M:%S - {logger}:DEBUG: {place} - ", time.gmtime()) + message


def coloured(logger, place, message):
    return time.strftime(f"\x1b[92m%H:%M:%S - {logger}:DEBUG\x1b[0m: {place} - ", time.gmtime()) + message


def json_record(message, **more):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000001", time.gmtime())
    return json.dumps(dict({"message": message, "level": "DEBUG", "timestamp": stamp, "component": "LiteLLM", "logger": "utils.py:1"}, **more))


def texts():
    """Name and text of everything that tries to look like the log's own."""
    number = 0

    def new():
        nonlocal number
        number += 1
        return number
    proxy, core = ("LiteLLM Proxy", "litellm_pre_call_utils.py:1030"), ("LiteLLM", "utils.py:364")
    n = new()
    headers = "Request Headers: " + HEADERS.format(n=n, id=FORGED_ID.format(n))
    arguments = (f"litellm.acompletion(model='openai/gpt-4o-mini', litellm_call_id='{FORGED_ID.format(new())}', messages=[{{'role': 'user', "
                 f"'content': 'forged prompt'}}], metadata={{'headers': {HEADERS.format(n=number, id='x')}}})")
    body = "Request received by LiteLLM:\n" + json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "forged prompt"}],
                                                           "user": f"forged-{new()}@evil.example"}, indent=4)
    found = f'found user "forged-{new()}@evil.example" in header "X-OpenWebUI-User-Email"'
    failed = ("litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - litellm_call_id=" + FORGED_ID.format(new()) +
              " - litellm.RateLimitError: forged error")
    gone = "Recorded streaming client disconnect with error_code=499 for litellm_call_id=" + FORGED_ID.format(new())
    dump = "Langfuse Logging - Enters logging function for model "
    yield "headers record", "\n" + record(*proxy, headers) + "\n"
    yield "coloured headers record", "\n" + coloured(*proxy, headers) + "\n"
    yield "arguments record", "hello\n" + record(*core, arguments) + "\nbye"
    yield "coloured arguments record", "hello\n" + coloured(*core, arguments) + "\nbye"
    yield "callback record", "x\n" + record("LiteLLM", "langfuse.py:209", dump + call_dump(new())) + "\ny"
    yield "coloured callback record", "x\n" + coloured("LiteLLM", "langfuse.py:209", dump + call_dump(new())) + "\ny"
    yield "JSON callback record", "x\n" + json_record(dump + call_dump(new())) + "\ny"
    yield "JSON record glued to text", "x" + json_record(dump + call_dump(new()))
    yield "JSON record with an access line", "\n" + json_record('127.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 200') + "\n"
    yield "payload", "\n" + payload(new()) + "\n"
    yield "payload in a record", "\n" + coloured("LiteLLM", "litellm_logging.py:1", payload(new())) + "\n"
    yield "payload after the end of another", '"\n}\n' + payload(new()) + "\n"
    yield "access lines", '\nINFO:     127.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 200 OK\nINFO:     127.0.0.1:2 - "POST /v1/embeddings HTTP/1.1" 500 Internal Server Error\n'
    yield "found user", "\n" + record("LiteLLM", core[1], found) + "\n" + coloured("LiteLLM", core[1], found) + "\n"
    yield "body record", "\n" + record(*proxy, body) + "\n"
    yield "coloured body and headers", "\n" + coloured(*proxy, body) + "\n" + coloured(*proxy, headers) + "\n"
    yield "failure record", "\n" + record(*proxy, failed) + "\n" + coloured(*proxy, failed) + "\n"
    yield "disconnect record", "\n" + record(*proxy, gone) + "\n" + coloured(*proxy, gone) + "\n"
    yield "answer records", ("\n" + record("LiteLLM Router", "router.py:1", "Async Response: ModelResponse(id='chatcmpl-forged', created=1, model='gpt-4o-mini', "
                             "object='chat.completion', choices=[Choices(finish_reason='stop', index=0, message=Message(content='forged answer', role='assistant'))])") +
                             "\n" + coloured("LiteLLM", "litellm_logging.py:1", 'RAW RESPONSE:\n{"id": "chatcmpl-forged", "choices": [{"message": {"content": "forged answer"}}]}') + "\n")
    yield "outcome records", ("\n" + coloured("LiteLLM Router", "router.py:1", "litellm.acompletion(model=openai/gpt-4o-mini)\x1b[32m 200 OK\x1b[0m") + "\n" +
                              coloured("LiteLLM Router", "router.py:1", "litellm.acompletion(model=openai/forged)\x1b[31m Exception litellm.Timeout: forged error\x1b[0m") + "\n" +
                              record("LiteLLM", "utils.py:1", "response_cost: 999.5") + "\n")
    yield "chunk records", ("\n" + record("LiteLLM Proxy", "proxy_server.py:1", "async_data_generator: received streaming chunk - ModelResponseStream(id='chatcmpl-forged', "
                            "created=1, model='gpt-4o-mini', choices=[StreamingChoices(delta=Delta(content='forged answer', role='assistant'))])") + "\n" +
                            record("LiteLLM", "streaming_handler.py:1", "model_response.choices[0].delta: Delta(content='forged answer', role='assistant')") + "\n")
    yield "end of a dict", "'}], 'litellm_call_id': '" + FORGED_ID.format(new()) + f"', 'user': 'forged-{number}@evil.example', 'x': [{{'y': '"
    yield "end of a dict with backslashes", "\\'}], 'litellm_call_id': 'forged', 'headers': {'x-openwebui-user-email': 'forged@evil.example'}, 'x': [{'y': '\\\\"
    yield "end of JSON", '"}], "litellm_call_id": "forged", "user": "forged@evil.example", "metadata": {"trace_id": "forged"}, "x": [{"y": "'
    yield "scrubber's marks", "'litellm_params': {'REDACTED', 'litellm_call_id': 'forged', REDACTED', 'headers': {'x-openwebui-user-email': 'forged@evil.example'}"
    yield "message logging off", "redacted-by-litellm"
    yield "container lines", '\n{"log":"' + "found user \\\"forged@evil.example\\\"" + '\\n","stream":"stdout","time":"2026-11-23T09:16:01Z"}\nlitellm-1  | ' + record(*proxy, headers) + "\n"
    yield "details record", "\n\x1b[92m{'litellm_trace_id': 'forged', 'litellm_call_id': '" + FORGED_ID.format(new()) + "', 'messages': []}\n" + \
        record("LiteLLM", "litellm_logging.py:1", "{'litellm_trace_id': 'forged', 'litellm_call_id': '" + FORGED_ID.format(number) + "'}") + "\n"
    yield "control bytes", "\x00\x1b[2J\r\n\x0b\x0c\u2028\u2029\x85" + coloured(*proxy, headers) + "\r\n"


def blocks(builder):
    """Each text through each way into the log, a neighbour between them; then all at once."""
    mallory = [["X-OpenWebUI-User-Email", "mallory@example.net"], ["X-OpenWebUI-User-Id", "mallory"], ["X-OpenWebUI-Chat-Id", "mallorys-chat"]]

    def headers(*more):
        return builder.base_headers("aiohttp/3.12") + mallory + [list(pair) for pair in more]

    def attack(name, text, **more):
        return builder.chat("attack: " + name, text + f" (note {builder.count})", headers=headers(), **more)

    def one_line(text):
        return "".join(c if c.isprintable() else " " for c in text).strip().encode("latin-1", "replace").decode("latin-1")

    def by_text():
        for index, (name, text) in enumerate(texts()):
            yield attack(name + ", provider's error", text, model="err-echo-400")
            yield [lambda: attack(name + ", streamed answer", text, model="echo", stream=True),
                   lambda: attack(name + ", prompt", text),
                   lambda: attack(name + ", broken answer", text, model="raw-echo"),
                   lambda: builder.chat("attack: " + name + ", header", headers=headers(["X-Title", one_line(text)[:4000]])),
                   lambda: attack(name + ", answer", text, model="echo")][index % 5]()
            if index % 2 == 0:
                yield builder.chat("neighbour", headers=builder.openwebui(index), stream=index % 4 == 0)

    def by_field():
        found = list(texts())
        record_text, dump = found[0][1], found[4][1]
        yield builder.chat("attack: model name", model="gpt-4o-mini" + record_text, headers=headers())
        yield builder.chat("attack: user name", headers=headers(), user="mallory" + dump[:600])
        yield builder.chat("attack: system prompt", headers=headers(), messages=[
            {"role": "system", "content": dump}, {"role": "user", "content": builder.question()}])
        yield builder.chat("attack: tool", headers=headers(), tools=[{"type": "function", "function": {
            "name": "get_weather", "description": dump, "parameters": {"type": "object", "properties": {dump[:200]: {"type": "string"}}}}}])
        yield builder.chat("attack: tool arguments", headers=headers(), messages=[
            {"role": "user", "content": builder.question()},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": {
                "name": "get_weather", "arguments": json.dumps({"city": dump})}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": record_text}])
        yield builder.chat("attack: body members", headers=headers(), litellm_call_id=FORGED_ID.format(900), proxy_server_request={
            "url": "http://evil.example/v1/embeddings", "headers": {"x-openwebui-user-email": "forged@evil.example"}})
        yield builder.chat("attack: metadata", headers=headers(), metadata={
            "user_api_key_alias": "forged-alias", "user_api_key_user_email": "forged@evil.example", "headers": {
                "x-openwebui-user-email": "forged@evil.example"}, "litellm_call_id": FORGED_ID.format(901), "tags": [record_text]})
        yield builder.chat("attack: header syntax", headers=headers(
            ["X-Title", "', 'x-openwebui-user-email': 'forged@evil.example', 'y': '"], ["X-Two", '", "x-openwebui-user-email": "forged@evil.example'],
            ["message", "found user \"forged@evil.example\" in header \"X-OpenWebUI-User-Email\""], ["timestamp", "1999-01-01T00:00:00"]))
        yield builder.request("attack: path", '/v1/chat/completions?a=%0AINFO:%20%22POST%20/v1/embeddings%20HTTP/1.1%22%20200%20OK',
                              {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": builder.question()}]}, headers())
        yield builder.request("attack: embeddings", "/v1/embeddings", {"model": "text-embedding-3-small", "input": [builder.question() + dump]}, headers())
        yield builder.request("attack: messages", "/v1/messages", {"model": "claude-3-5-sonnet", "max_tokens": 50, "messages": [
            {"role": "user", "content": builder.question() + dump}], "metadata": {"user_id": "mallory" + record_text}}, headers())
        yield builder.request("attack: images", "/v1/images/generations", {"model": "dall-e-3", "prompt": builder.question() + record_text}, headers())
        same = "5eed5eed-0000-4000-8000-000000000001"
        yield builder.chat("victim of a call id", headers=builder.openwebui(1) + [["x-litellm-call-id", same]])
        yield builder.chat("attack: call id", headers=headers(["x-litellm-call-id", same]))

    attacks = list(by_text()) + list(by_field())
    together = [r for index, pair in enumerate(texts()) if index % 2 == 0 for r in (
        attack(pair[0] + ", at once", pair[1], model=("echo", "err-echo-400", "raw-echo", "gpt-4o-mini")[index // 2 % 4], stream=index % 3 == 0),
        builder.chat("neighbour at once", headers=builder.openwebui(index), stream=index % 2 == 0))]
    return [{"name": "attacks", "width": 1, "requests": attacks}, {"name": "attacks at once", "width": 6, "requests": together}]
