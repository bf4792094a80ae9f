"""What pyang makes of modules: for each file on standard input, its errors and its tree diagrams, as one JSON object.

Usage: pyang_verdicts.py DIR... < names-of-files. Imports are looked for in the directories. Each file is looked at by
itself, as `pyang -f tree FILE` does, but all of them by a few processes.
"""

import io
import json
import multiprocessing
import os
import sys
from types import SimpleNamespace

from pyang import context, error, plugin, repository
from pyang.plugins import tree

DIRECTORIES = os.pathsep.join(sys.argv[1:])

# The options of the diagrams that are compared.
DIAGRAMS = {
    "plain": {},
    "full": {"tree_print_groupings": True, "tree_print_yang_data": True, "tree_print_structures": True},
    "narrow": {"tree_line_length": 60},
    "shallow": {"tree_depth": 2},
    "unexpanded": {"tree_no_expand_uses": True},
}


def options(changed):
    settings = {
        "tree_depth": None,
        "tree_line_length": None,
        "tree_path": None,
        "tree_print_groupings": None,
        "tree_no_expand_uses": None,
        "tree_print_yang_data": None,
        "tree_print_structures": None,
        "modname_prefix": None,
        "keep_comments": False,
        "verbose": False,
        "strict": False,
        "max_line_len": None,
        "max_identifier_len": None,
    }
    return SimpleNamespace(**{**settings, **changed})


def draw(ctx, module, changed):
    ctx.opts = options(changed)
    out = io.StringIO()
    tree.emit_tree(ctx, [module], out, ctx.opts.tree_depth, ctx.opts.tree_line_length, None)
    return out.getvalue()


def verdict(path):
    ctx = context.Context(repository.FileRepository(DIRECTORIES, use_env=False))
    ctx.opts = options({})
    ctx.implicit_errors = False
    for known in plugin.plugins:
        known.pre_load_modules(ctx)
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    try:
        module = ctx.add_module(path, text)
        ctx.validate()
    except Exception as failure:  # pyang itself fails on some wrong modules
        return path, {"errors": ["pyang failed: %r" % (failure,)]}
    errors = []
    for position, tag, arguments in ctx.errors:
        if error.is_error(error.err_level(tag)):
            errors.append("%s:%s: %s" % (position.ref, position.line, error.err_to_str(tag, arguments)))
    found = {"errors": sorted(errors)}
    if module is not None and not errors:
        for name, changed in DIAGRAMS.items():
            found[name] = draw(ctx, module, changed)
    return path, found


def main():
    sys.setrecursionlimit(10000)
    plugin.init([])
    paths = [line.rstrip("\n") for line in sys.stdin]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        json.dump(dict(pool.imap_unordered(verdict, paths, chunksize=4)), sys.stdout)


if __name__ == "__main__":
    main()
