# SPDX-License-Identifier: GPL-3.0-or-later
"""The small faults of `mutants.py`, and a watch on which test runs which statements."""

import ast
import re
import sys

SIGNS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
EITHER = {"max", "min", "maximum", "minimum", "hypot"}  # the order does not matter
# Of C++ as clang-format writes it: a pattern and what takes its place.
CPP = [
    *((rf"(?<= ){re.escape(old)}(?= )", new) for old, new in zip(
        "< <= > >= == != + - * / && || += -=".split(),
        "<= < >= > != == - + / * || && -= +=".split(), strict=True)),
    (r"(?<![\w.\"])\d+(?![\w.'])", lambda found: str(int(found[0]) + 1)),
    (r"(?<![\w.])\d+\.\d*(?=f?\b)", lambda found: f"(1 + {found[0]})"),
    (r"(?<=[(\s])!(?=[\w(])", ""),
    (r"(?<=[(,=] )-(?=[\w(])|(?<=\()-(?=\w)|(?<=return )-(?=\w)", ""),
    (r"(?<=\()([\w.\[\]]+), ([\w.\[\]]+)(?=[,)])", r"\2, \1"),
    (r"(?<=\w\[)[a-z]\w*(?=\])", r"\g<0> + 1"),
    (r"(?m)^ +(std::(lock_guard|unique_lock|scoped_lock)\b.*|[\w.>-]+\([^;{}]*\));",
     ";"),
]  # fmt: skip
COMMENTS = re.compile(r'//.*|/\*[\s\S]*?\*/|"(?:\\.|[^"\\\n])*"|(?m:^ *#(?:.*\\\n)*.*)')

WATCH = """
import os
SEEN = bytearray(COUNT)
def hit(number):
    SEEN[number] = 1
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    note(f"{number}\\t{test}\\n")
def note(line):
    file = os.open(HITS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)
"""
# An isolated process does not find the module.
FIRST = """
try:
    from advphy_watch import SEEN as _watch_seen, hit as _watch_hit
except ImportError:
    _watch = {{}}
    exec(open({!r}).read(), _watch)
    _watch_seen, _watch_hit = _watch["SEEN"], _watch["hit"]
"""


def pytest_runtest_setup(item):
    """Begin a test while it is watched: nothing has been run yet."""
    if watch := sys.modules.get("advphy_watch"):
        watch.SEEN[:] = bytes(watch.COUNT)


def pytest_runtest_logreport(report):
    """Keep the time of a test that passed."""
    if report.when == "call" and report.outcome == "passed":
        import advphy_watch

        advphy_watch.note(f"passed {report.duration:.2f}\t{report.nodeid}\n")


def python_files(clone):
    """Return the names of the product's Python files."""
    found = (
        path for room in ("python", "apps") for path in clone.glob(f"{room}/**/*.py")
    )
    return sorted(str(path.relative_to(clone)) for path in found)


def cpp_files(clone):
    """Return the names of the product's C++ files."""
    found = [*clone.glob("lib/**/*.cc"), *clone.glob("lib/**/*.h")]
    return sorted(
        str(path.relative_to(clone)) for path in found if path.name[:2] != "qa"
    )


def blocks_of(tree):
    """Return the lists of statements of a file, without docstrings."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                start = bool(
                    isinstance(body[0], ast.Expr)
                    and field == "body"
                    and isinstance(body[0].value, ast.Constant)
                )
                while (
                    body[start:] and getattr(body[start], "module", "") == "__future__"
                ):
                    start += 1
                if body[start:]:
                    yield body, start


def watched(source, path, numbers, stub):
    """Return the source with a watch in each block; append [path, lines] to numbers."""
    tree = ast.parse(source)
    for body, start in list(blocks_of(tree)):
        watch = f"_watch_seen[{len(numbers)}] or _watch_hit({len(numbers)})"
        numbers.append([path, f"{body[start].lineno}-{body[-1].end_lineno}"])
        if body is tree.body:
            watch = FIRST.format(stub) + watch
        body[start:start] = ast.parse(watch).body
    return ast.unparse(tree)


def changed(node):
    """Yield copies of an expression or statement with a small fault, as text."""
    if isinstance(node, ast.Compare | ast.BinOp | ast.BoolOp):
        many = isinstance(node, ast.Compare)
        for i, sign in enumerate(node.ops if many else [node.op]):
            if other := SIGNS.get(type(sign)):
                kept = list(node.ops) if many else node.op
                if many:
                    node.ops[i] = other()
                else:
                    node.op = other()
                yield ast.unparse(node)
                setattr(node, "ops" if many else "op", kept)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield ast.unparse(node.operand)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield repr(node.value + 1)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
        yield f"{ast.unparse(node.value)}[{node.slice.id} + 1]"
    elif isinstance(node, ast.Call) and len(node.args) > 1:
        if ast.unparse(node.func).rpartition(".")[2] in EITHER:
            return
        node.args[:2] = node.args[1::-1]
        yield ast.unparse(node)
        node.args[:2] = node.args[1::-1]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "pass"
    elif isinstance(node, ast.With) and len(node.items) == 1:
        held = ast.unparse(node.items[0])
        if re.search(r"lock$|mutex$", held, re.IGNORECASE):
            yield f"if {held}:"


def python_mutants(source):
    """Return [line, first byte, last byte, new text] of all faults of a file."""
    starts, faults = [0, 0], []
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    skipped = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        parts += node.values if isinstance(node, ast.JoinedStr) else []
        for part in filter(None, parts):
            skipped.update(map(id, ast.walk(part)))
    for node in ast.walk(tree):
        if id(node) in skipped or not hasattr(node, "lineno"):
            continue
        end = node.end_lineno, node.end_col_offset
        if isinstance(node, ast.With):
            held = node.items[0].context_expr
            end = held.end_lineno, held.end_col_offset + 1
        place = starts[node.lineno] + node.col_offset, starts[end[0]] + end[1]
        for text in changed(node):
            whole = f"({text})" if isinstance(node, ast.expr) else text
            faults.append([node.lineno, *place, whole])
    return faults


def cpp_mutants(source):
    """Return [line, first byte, last byte, new text] of all faults of a file."""
    code = COMMENTS.sub(lambda found: re.sub(r"[^\n]", "\0", found[0]), source)
    faults = []
    for pattern, new in CPP:
        for found in re.finditer(pattern, code):
            text = new(found) if callable(new) else found.expand(new)
            place = [len(source[:at].encode()) for at in found.span()]
            faults.append([code.count("\n", 0, found.start()) + 1, *place, text])
    return faults


def at_import(path, line):
    """Return whether a line of a Python file runs when the file is imported."""
    bodies = [
        (node.body[0].lineno, node.end_lineno)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return not any(first <= line <= last for first, last in bodies)


def same_code(one, other):
    """Return whether two texts of Python compile to the same byte code."""

    def parts(code):
        consts = [
            parts(c) if hasattr(c, "co_code") else repr(c) for c in code.co_consts
        ]
        return code.co_code, code.co_names, code.co_varnames, consts

    return parts(compile(one, "", "exec")) == parts(compile(other, "", "exec"))
