"""Runs schemathesis against a daemon, with every check that it has.

Arguments: an OpenAPI document, an address, a token, the dialect, and `some` or `all`. A run is the same each time.
"""

import json
import os
import pathlib
import subprocess
import sys

document, address, token, dialect, extent = sys.argv[1:]
here = pathlib.Path(__file__).parent

# What ends the run itself: the token is revoked, the store closed, the keys are made anew, another site is asked. Streams of
# events never end by themselves.
FATAL = r"revoke|seal|rekey|[/:]init$|rotate-keyring|/tidy|/sites|^/restconf/(streams|subscriptions)/"
SOME = {
    "v1": r"^/($|health$|openapi.json$|v1$|v1/login$"
    r"|v1/config/policy/policies(/\{policies-name\})?$"
    r"|v1/config/strongbox/jwt-issuers/\{jwt-issuers-name\}/roles$"
    r"|v1/state/strongbox/transit-keys/\{transit-keys-name\}/sign$)",
    "restconf": r"^/(restconf$|restconf/(operations|yang-library-version|schema/\{file\})$"
    r"|restconf/data/strongbox-policy:policy/policies(=\{policies-name\}(/description)?)?$"
    r"|restconf/operations/strongbox:login$"
    r"|restconf/data/strongbox:strongbox/strongbox-transit:transit-keys=\{transit-keys-name\}/sign$)",
}

def without_yaml(node):
    """Plain scalars of YAML are texts wherever a text is wanted, so that much is right which looks wrong."""
    if isinstance(node, dict):
        node.get("requestBody", {}).get("content", {}).pop("application/yaml", None)
        for inside in node.values():
            without_yaml(inside)


described = json.load(open(document))
without_yaml(described["paths"])
json.dump(described, open(document, "w"))
extents = {
    "some": ["--include-path-regex", SOME[dialect], "--max-examples", "3"],
    "all": ["--max-examples", "15"],
}
# A list as a whole takes no changes for lack of a key, which RFC 8040 section 3.5.3 makes a 400 and no 405.
excluded = {"v1": [], "restconf": ["--exclude-checks", "unsupported_method"]}
command = [
    sys.executable, "-m", "schemathesis.cli", "--config-file", str(here / "schemathesis.toml"),
    "run", document, "--url", address, "--header", f"Authorization: Bearer {token}",
    "--exclude-path-regex", FATAL, "--phases", "examples,coverage,fuzzing",
    "--generation-deterministic", "--continue-on-failure", "--no-color", "--suppress-health-check", "all",
    *extents[extent], *excluded[dialect],
]
environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_checks", "PYTHONPATH": str(here)}
# What it notes for itself belongs beside the document.
run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, cwd=pathlib.Path(document).parent)
sys.exit(run.returncode)
