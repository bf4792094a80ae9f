"""Holds OpenAPI documents against the specification."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

errors = [
    f"{name}: {list(error.absolute_path)}: {error.message[:300]}"
    for name in sys.argv[1:]
    for error in OpenAPIV31SpecValidator(json.load(open(name))).iter_errors()
]
sys.exit("\n".join(errors) or 0)
