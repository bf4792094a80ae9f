"""Holds an OpenAPI document against the specification."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

document = json.load(open(sys.argv[1]))
errors = [f"{list(error.absolute_path)}: {error.message[:300]}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
sys.exit("\n".join(errors) or 0)
