"""Validates a boot file with the JSON Schema that was made of the model, and then with one mistake at a time."""

import copy
import json
import sys

import yaml
from jsonschema import Draft202012Validator

schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
documents = list(yaml.safe_load_all(open(sys.argv[2])))

for document in documents:
    for error in validator.iter_errors(document):
        sys.exit(f"{error.json_path}: {error.message}")


def issuer(document):
    return document["config"]["strongbox"]["jwt-issuers"][0]


def role(document):
    return issuer(document)["roles"][0]


MISTAKES = {
    "a misspelt name": lambda document: issuer(document).update({"signing-kee": "x"}),
    "a duration without a unit": lambda document: role(document).update({"max-ttl": "15"}),
    "an algorithm that there is not": lambda document: role(document).update({"algorithm": "ES999"}),
    "a number for a switch": lambda document: role(document).update({"require-audience": 1}),
    "an entry without its key": lambda document: role(document).pop("name"),
    "a name that no entry can have": lambda document: issuer(document).update({"name": "a/b"}),
    "a value where a list stands": lambda document: role(document).update({"allowed-audiences": "x"}),
    "the same audience twice": lambda document: role(document).update({"allowed-audiences": ["x", "x"]}),
    "two cases of one choice": lambda document: role(document)["distribute"].update({"sites": ["x"]}),
    "state": lambda document: issuer(document).update({"distribution-status": {}}),
    "a registered claim": lambda document: role(document)["fixed-claims"].append({"name": "iss", "value": "x"}),
    "no map": lambda document: document.update({"config": []}),
    "something beside the configuration": lambda document: document.update({"state": {}}),
}
for what, make in MISTAKES.items():
    wrong = copy.deepcopy(documents[1])
    make(wrong)
    if validator.is_valid(wrong):
        sys.exit(f"{what} is not found")
