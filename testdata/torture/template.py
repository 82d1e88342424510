#!/usr/bin/env python3
"""Writes one request as LiteLLM 1.109.1 logs it, as a template for load.

    template.py CAPTURE [--debug] > unit.txt

CAPTURE is testdata/captures/1.109.1/json-standard-payload/proxy.log.gz. The first request in it that succeeded is
taken: its access line and its payload, shortened by the price list. In the template {seq} stands for ten digits, {pad}
for bulk in a debug record before it, and other braces are doubled, as str.format wants them.
"""
import gzip, json, re, sys


def main():
    lines = gzip.open(sys.argv[1], "rt", encoding="utf-8").read().split("\n")
    start = next(i for i, l in enumerate(lines) if l == "{" and '"chatcmpl-' in lines[i + 1])
    end = next(i for i in range(start, len(lines)) if lines[i] == "}")
    before = [l for l in lines[:start] if "POST /v1/chat/completions" in l or "200 OK" in l]
    payload = json.loads("\n".join(lines[start:end + 1]))
    call_id, answer_id = payload["litellm_call_id"], payload["id"]
    prices = payload["model_map_information"]["model_map_value"]
    for key in [k for k, v in prices.items() if v is None]:
        del prices[key]
    text = json.dumps(payload, indent=4).replace(call_id, "tt-SEQ").replace(answer_id, "chatcmpl-SEQ")
    unit = ["09:15:52 - LiteLLM:DEBUG: utils.py:361 - PAD", before[-2], before[-1]] + text.split("\n")
    if "--debug" not in sys.argv:
        unit[0] = "PAD"
    text = "\n".join(unit) + "\n"
    text = text.replace("{", "{{").replace("}", "}}").replace("SEQ", "{seq}").replace("PAD", "{pad}")
    assert len(re.findall(r"\{seq\}", text)) >= 3
    sys.stdout.write(text)


main()
