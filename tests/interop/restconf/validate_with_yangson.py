"""Builds the data model from what the daemon says of itself, with yangson, and holds everything that GET returns against it."""

import json
import sys
import tempfile
from pathlib import Path

import httpx
from yangson import DataModel
from yangson.enumerations import ContentType

url, token = sys.argv[1:]
client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def get(path, **options):
    answer = client.get(path, **options)
    answer.raise_for_status()
    return answer


library = get("/restconf/data/ietf-yang-library:modules-state").json()
modules = Path(tempfile.mkdtemp())
for module in library["ietf-yang-library:modules-state"]["module"]:
    for part in [module, *module.get("submodule", [])]:
        text = get(part["schema"], headers={"Accept": "application/yang"}).text
        revision = f"@{part['revision']}" if part['revision'] else ''
        (modules / f"{part['name']}{revision}.yang").write_text(text)

model = DataModel(json.dumps(library), (str(modules),))
jukebox = {
    "library": {
        "artist": [
            {
                "name": "Foo Fighters",
                "album": [{"name": "Wasting Light", "genre": "rock", "song": [{"name": "Rope", "location": "/rope"}]}],
            }
        ]
    },
    "playlist": [
        {
            "name": "one",
            "song": [
                {
                    "index": 1,
                    "id": "/example-jukebox:jukebox/library/artist[name='Foo Fighters']"
                    "/album[name='Wasting Light']/song[name='Rope']",
                }
            ],
        }
    ],
    "player": {"gap": "0.5"},
}
sent = {"example-jukebox:jukebox": jukebox}
headers = {"Content-Type": "application/yang-data+json"}
client.put("/restconf/data/example-jukebox:jukebox", content=json.dumps(sent), headers=headers).raise_for_status()



def with_secrets(data):
    """The same, with the mandatory secrets that never come back: RFC 8341 hides nodes in the same way."""
    authentication = data["strongbox:strongbox"].get("strongbox-authentication:authentication", {})
    for user in authentication.get("userpass", []):
        assert "password" not in user, user
        user["password"] = "hidden"
    return data


configuration = get("/restconf/data", params={"content": "config"}).json()["ietf-restconf:data"]
model.from_raw(with_secrets(configuration)).validate(ctype=ContentType.config)
assert configuration["example-jukebox:jukebox"]["player"] == {"gap": "0.5"}, configuration

everything = get("/restconf/ds/ietf-datastores:operational").json()["ietf-restconf:data"]
model.from_raw(with_secrets(everything)).validate(ctype=ContentType.all)
assert len(everything) > len(configuration), list(everything)

both = get("/restconf/data").json()["ietf-restconf:data"]
model.from_raw(with_secrets(both)).validate(ctype=ContentType.all)
assert set(both) >= set(configuration), list(both)
