"""A check of our own: data that fits the description is refused only by a rule that JSON Schema has no words for."""

import re

import schemathesis
import yaml

BEYOND_JSON_SCHEMA = re.compile(
    r"""
      means\ (nothing|something)\ |needs\ 'insert|belong\ to\ |goes\ with\   # parameters that belong together or not
    | no\ commit\ waits  # what was there before
    | and\ not\ an\ object  # a body of another media type than it was made for
    | ^'where'\ |^fields\ |^sort\ |XPath|expression|column\ \d+  # texts with a grammar of their own
    | is\ no\ leaf\ of\   # names of the model in texts
    | (body\ and|in\ the\ body\ and)  # a key is in the URL and in the body
    | is\ not\ a\ duration  # as long as a number can say
    | no\ instance|does\ not\ exist|there\ is\ no\ |has\ no\ |no\ such  # references
    | found\ null|needs\ an\ object  # what a JSON Patch leaves
    | is\ not\ the\ member  # metadata have their place beside what they are about
    | twice|unknown|cannot\ be|must\ not  # conditions on several nodes
    | is\ needed|is\ missing|is\ required|required|excludes?|exclude\ each  # the same
    | \(found\ '  # the model's own words for a condition
    | \bnot\ an?\ (address|template|pattern|URL|instant|date)  # forms that no pattern tells
    """,
    re.VERBOSE,
)


def messages(body):
    """Every `error-message` of an error body, whatever the dialect wraps it in."""
    if isinstance(body, dict):
        yield from [body["error-message"]] if "error-message" in body else []
        body = body.values()
    elif not isinstance(body, list):
        return
    for inside in body:
        yield from messages(inside)


@schemathesis.check
def refusals_of_described_data_are_beyond_json_schema(ctx, response, case):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 400:
        return
    if "xml" in response.headers.get("content-type", [""])[0]:
        return  # of XML the description says nothing
    unexplained = [message for message in messages(yaml.safe_load(response.text)) if not BEYOND_JSON_SCHEMA.search(message)]
    assert not unexplained, f"fits the description and is refused: {unexplained}"
