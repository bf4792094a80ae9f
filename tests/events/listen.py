"""Listens to the stream of events with httpx-sse, which is not ours, leaves, and resumes behind what it saw."""

import json
import sys

import httpx
from httpx_sse import connect_sse

url, token = sys.argv[1:]
client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20)
stream = "/restconf/streams/NETCONF/json"


def make(name):
    client.put(f"/v1/config/policy/policies/{name}", json={}).raise_for_status()


def listen(count, **options):
    heard = []
    with connect_sse(client, "GET", stream, **options) as source:
        for event in source.iter_sse():
            notification = json.loads(event.data)["ietf-restconf:notification"]
            change = notification.get("ietf-netconf-notifications:netconf-config-change")
            if change and "policies" in change["edit"][0]["target"]:
                heard.append((event.id, change["edit"][0]["target"].split("'")[1]))
            if len(heard) == count:
                return heard


for number in range(5):
    make(f"e{number}")
start = {"params": {"start-time": "2020-01-01T00:00:00Z"}}
first = listen(2, **start)
assert [name for _, name in first] == ["e0", "e1"], first
rest = listen(3, headers={"Last-Event-ID": first[-1][0]})
assert [name for _, name in rest] == ["e2", "e3", "e4"], rest
