"""Runs schemathesis against a daemon, with every check that it has.

Arguments: an OpenAPI document, an address, a token, and `some` or `all`. A run is the same each time.
"""

import os
import pathlib
import subprocess
import sys

document, address, token, extent = sys.argv[1:]
here = pathlib.Path(__file__).parent

# What ends the run itself: the token is revoked, the store closed, the keys are made anew.
FATAL = r"revoke|seal|rekey|/v1/init|rotate-keyring"
SOME = os.environ.get("SOME") or (
    r"^/($|health$|metrics$|openapi.json$|jwt/|v1$|v1/login$"
    r"|v1/config/policy/policies(/\{policies-name\})?$"
    r"|v1/config/strongbox/jwt-issuers/\{jwt-issuers-name\}/roles(/\{roles-name\}(/max-ttl)?)?$"
    r"|v1/state/strongbox/transit-keys(/\{transit-keys-name\}(/sign)?)?$)"
)
extents = {
    "some": ["--include-path-regex", SOME, "--phases", "examples,coverage,fuzzing", "--max-examples", "5"],
    "all": ["--phases", "examples,coverage,fuzzing", "--max-examples", "15"],
}
command = [
    sys.executable, "-m", "schemathesis.cli", "--config-file", str(here / "schemathesis.toml"),
    "run", document, "--url", address, "--header", f"Authorization: Bearer {token}",
    "--exclude-path-regex", FATAL, "--generation-deterministic", "--continue-on-failure", "--no-color",
    *extents[extent],
]
environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_checks", "PYTHONPATH": str(here)}
sys.exit(subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode)
