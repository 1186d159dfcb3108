# SPDX-License-Identifier: GPL-3.0-or-later
"""Plant small faults one at a time, and print those that no test notices.

It works in copies of the clone, build-mutants/0 and 1, with the packages of build/, and
finds once which tests run which statements: build-mutants/map.json, to be deleted when
there are new tests. setup/mutants_equivalent.txt has the faults that change nothing.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import mutations

CLONE = Path(__file__).resolve().parent.parent
PLACE = CLONE / "build-mutants"
MAP, HITS = PLACE / "map.json", PLACE / "hits"
EQUIVALENT = CLONE / "setup" / "mutants_equivalent.txt"
SECONDS = 60  # of one test; one that takes longer has noticed the fault
FIRST = 15  # tests that run before all others
BUDGET = 120  # seconds that the tests for one fault took when the map was made
LIMITED = ["-x", "-p", "no:randomly", "-o", f"faulthandler_timeout={SECONDS}"]
# The Python that calls the kernels of a folder of lib/, unless it has its name.
CALLERS = {"code": "link/", "keying": "link/keying", "random": "randomness"}
CALLERS |= {"standin": "../advphy/air/s", "bindings": "", "": ""}
TARGETS = {"standin": ["advphyStandIn", "qa_station"], "": ["qa_random", "qa_network"]}


def shell(*command, cwd=CLONE):
    """Run a command; return what it prints, or raise CalledProcessError."""
    environment = {"CCACHE_BASEDIR": str(CLONE), "CCACHE_NOHASHDIR": "1"} | os.environ
    run = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        text=True,
        capture_output=True,
    )
    run.check_returncode()
    return run.stdout.strip()


def copied(number):
    """Return copy `number` of the clone as it is now, with what is built of it."""
    place, head = PLACE / str(number), shell("git", "rev-parse", "HEAD")
    now = shell("git", "stash", "create") or head
    if not (place / ".git").exists():
        shell("git", "worktree", "prune")
        shell("git", "worktree", "add", "--detach", place, now)
        (place / ".venv").symlink_to((CLONE / ".venv").resolve())
    shell("git", "reset", "--hard", now, cwd=place)
    shutil.rmtree(place / "build", ignore_errors=True)
    for made in ("test_modules", "standin"):
        shutil.copytree(CLONE / "build" / made, place / "build" / made)
    return place


def staged(place, path):
    """Return where a Python file of a copy is when the tests run."""
    if path.startswith("python/advphy/"):
        path = path.replace("python/", "python/gnuradio/", 1)
    return place / path.replace("python/", "build/test_modules/", 1)


def pytest(place, tests, *options, limit=1500):
    """Run tests in a copy; return the return code and the tests that failed."""
    names = place / "build" / "tests.txt"
    names.write_text("\n".join(tests))
    environment = os.environ | {
        "PYTHONPATH": f"{place}/build/test_modules:{CLONE}/setup",
        "PYTHONDONTWRITEBYTECODE": "1",
        "QT_QPA_PLATFORM": "offscreen",
        "GRC_BLOCKS_PATH": f"{place}/grc",
    }
    command = [".venv/bin/python", "-m", "pytest", "-m", "not slow", "--tb=no", "-rfE"]
    command += ["-p", "no:cacheprovider", *options, f"@{names}"]
    log = place / "build" / "pytest.log"
    with log.open("w") as file, subprocess.Popen(
        command, cwd=place, env=environment, stdout=file, stderr=file,
        preexec_fn=os.setpgrp,
    ) as run:  # fmt: skip
        try:
            code = run.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, 9)
            code = None  # nothing is known
    said = re.findall(
        r"(?m)^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", log.read_text(errors="replace")
    )
    return code, said


def test_map():
    """Return seconds of tests, tests of blocks of statements, hashes of files."""
    if MAP.exists():
        return json.loads(MAP.read_text())
    place, numbers = copied(0), []
    HITS.unlink(missing_ok=True)
    stub = place / "build" / "test_modules" / "advphy_watch.py"
    texts = [place / path for path in mutations.python_files(place)]
    texts = {
        str(p.relative_to(place)): sha256(p)
        for p in [*texts, *place.glob("tests/**/*.py")]
    }
    for path in mutations.python_files(place):
        source = (place / path).read_text()
        source = mutations.watched(source, path, numbers, str(stub))
        staged(place, path).write_text(source)
    stub.write_text(f"HITS = {str(HITS)!r}\nCOUNT = {len(numbers)}\n{mutations.WATCH}")
    print("mutants: find which tests run which statements", flush=True)
    pytest(place, ["tests"], "-n", "2", "-p", "mutations", limit=None)
    seconds, blocks = {}, collections.defaultdict(lambda: collections.defaultdict(list))
    for line in set(HITS.read_text().splitlines()):
        number, test = line.split("\t", 1)
        if number.startswith("passed "):
            seconds[test] = float(number.split()[1])
        elif test:
            path, lines = numbers[int(number)]
            blocks[path][lines].append(test)
    MAP.write_text(json.dumps({"seconds": seconds, "blocks": blocks, "texts": texts}))
    return test_map()


def sha256(path):
    """Return the SHA-256 of a file, or None."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def tests_for(known, path, line):
    """Return the tests for a fault, the shortest and most specific first."""
    if path.endswith(".py"):
        rooms = [path]
    else:
        room = path.rpartition("/")[0][4:]
        caller = os.path.normpath(
            f"python/advphy_model/{CALLERS.get(room, room + '/')}"
        )
        rooms = [name for name in known["blocks"] if name.startswith(caller)]
    near, seconds = collections.Counter(), known["seconds"]
    for tests in (t for room in rooms for t in known["blocks"].get(room, {}).values()):
        near.update(test for test in tests if test in seconds)
    wanted, smallest = set(near), 10**6
    if path.endswith(".py") and known["texts"][path] == sha256(CLONE / path):
        for block, tests in known["blocks"].get(path, {}).items():
            first, last = map(int, block.split("-"))
            if first <= line <= last and last - first < smallest:
                wanted, smallest = set(tests) & seconds.keys(), last - first
    names = [f"tests/{kind}_{Path(path).stem.strip('_')}.py" for kind in ("test", "qa")]
    whole = path.endswith(".py") and mutations.at_import(CLONE / path, line)
    if whole or len(wanted) < 10:  # an import, or a fixture of all tests, runs it once
        files = {*names, *(test.split("::")[0] for test in wanted)}
        wanted |= {test for test in seconds if test.split("::")[0] in files}
        wanted.update(near)

    def rank(test):
        specific = (near[test] + 0.1) / (known["total"][test] + 1)
        return test.split("::")[0] not in names, (0.3 + seconds[test]) / specific

    chosen, spent = [], 0
    for test in sorted(wanted, key=rank):
        if (spent := spent + seconds[test]) < BUDGET or not chosen:
            chosen.append(test)
    # A file of tests that has changed since then is run whole.
    changed = {
        f
        for f in {t.split("::")[0] for t in chosen}
        if known["texts"][f] != sha256(CLONE / f)
    }
    chosen = [
        file if (file := test.split("::")[0]) in changed else test for test in chosen
    ]
    return list(dict.fromkeys(chosen))


def faults(seed):
    """Yield (path, line, before, after, source with it) of random faults, for ever."""
    choose, cache = random.Random(seed), {}
    paths = [*mutations.python_files(CLONE), *mutations.cpp_files(CLONE)]
    texts = {path: (CLONE / path).read_text() for path in paths}
    lines = [text.count("\n") for text in texts.values()]
    reasons = EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []
    drawn = {tuple(line.split(" | ")[:3]) for line in reasons}
    while True:
        path = choose.choices(paths, lines)[0]
        make = (
            mutations.python_mutants if path.endswith(".py") else mutations.cpp_mutants
        )
        cache[path] = cache.get(path) or make(texts[path]) or [(1, 0, 0, "")]
        line, start, end, text = choose.choice(cache[path])
        whole = texts[path].encode()
        source = (whole[:start] + text.encode() + whole[end:]).decode()
        before, after = (
            t.splitlines()[line - 1].strip() for t in (texts[path], source)
        )
        if path.endswith(".py") and mutations.same_code(texts[path], source):
            continue
        if (path, before, after) not in drawn and source != texts[path]:
            drawn.add((path, before, after))
            yield path, line, before, after, source


def build(place, targets=("all",)):
    """Build targets of a copy without optimization; return a hash of what is built."""
    options = ["-DADVPHY_TESTS=ON", "-DCMAKE_BUILD_TYPE=Debug"]
    options += ["-DCMAKE_CXX_FLAGS_DEBUG=-O1 -DNDEBUG"]
    options += [
        f"-DADVPHY_PYTHON={os.environ.get('ADVPHY_PYTHON', '/usr/bin/python3')}"
    ]
    options += ["-G", "Ninja"] * bool(shutil.which("ninja"))
    options += ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] * bool(shutil.which("ccache"))
    if not (place / "build" / "CMakeCache.txt").exists():
        shell("cmake", *options, "-S", ".", "-B", "build", cwd=place)
    shell("cmake", "--build", "build", "--target", *targets, cwd=place)
    made = [*place.glob("build/test_modules/*/*.so"), *place.glob("build/standin/*.so")]
    made += [p for p in place.glob("build/lib/**/qa_*") if p.is_file()]
    return "".join(sha256(path) for path in sorted(made) if path.suffix in ("", ".so"))


def noticed(place, fault, known):
    """Return which test notices a fault, "" if none, None if it changes nothing."""
    path, line, _, _, source = fault
    places = {place / path, *[staged(place, path)] * path.endswith(".py")}
    try:
        if not path.endswith(".py"):
            room = path.rpartition("/")[0][4:]
            programs = [file.stem for file in place.glob(f"lib/{room}/qa_*.cc")]
            targets = ["kernels", *TARGETS.get(room, programs)]
            original = build(place)
        for file in places:
            file.write_text(source)
        if not path.endswith(".py"):
            try:
                if build(place, targets) == original:
                    return None
            except subprocess.CalledProcessError:
                return None  # it does not compile
            for program in (
                p for name in targets for p in place.glob(f"build/lib/**/{name}")
            ):
                try:
                    subprocess.run(
                        [program], capture_output=True, check=True, timeout=SECONDS
                    )
                except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                    return program.name
        tests = tests_for(known, path, line)
        for some in filter(None, (tests[:FIRST], tests[FIRST:])):
            code, failed = pytest(place, some, *LIMITED)
            if code not in (0, 5, None):
                return failed[0] if failed else "the tests do not end"
        return ""
    finally:
        for file in places:
            file.write_text((CLONE / path).read_text())
        if not path.endswith(".py"):
            build(place)


def run(count, seed):
    """Plant faults, two at a time; return (by, path, line, before, after) of each."""
    known, source = test_map(), faults(seed)
    known["total"] = collections.Counter(
        t
        for blocks in known["blocks"].values()
        for tests in blocks.values()
        for t in tests
    )
    copies, done, running, turn = [copied(0), copied(1)], [], [], threading.Lock()

    def plant(place):
        while True:
            with turn:
                if len(done) + len(running) >= count:
                    return
                running.append(fault := next(source))
            begun = time.monotonic()
            by = noticed(place, fault, known)
            with turn:
                running.remove(fault)
                if by is not None:
                    done.append((by, *fault[:4]))
                    took = time.monotonic() - begun
                    print(
                        len(done),
                        *fault[:4],
                        f"{took:.0f} s",
                        by or "-",
                        sep=" | ",
                        flush=True,
                    )

    with concurrent.futures.ThreadPoolExecutor(2) as workers:
        list(workers.map(plant, copies))
    # A test that also fails without the fault has not noticed it.
    tests = sorted({by for by, *_ in done if "::" in by})
    failed = pytest(copies[0], tests, limit=None)[1] if tests else []
    return [("" if by in failed else by, *fault) for by, *fault in done]


def main():
    """Print the faults that are not noticed, and the shares of those that are."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"mutants: {options.count} faults, seed {options.seed}", flush=True)
    PLACE.mkdir(exist_ok=True)
    done = run(options.count, options.seed)
    print(
        "\nNot noticed:",
        *(" | ".join(map(str, d[1:])) for d in done if not d[0]),
        sep="\n",
    )
    for name, ends in (("Python", (".py",)), ("C++", (".cc", ".h")), ("all", ("",))):
        mine = [bool(by) for by, path, *_ in done if path.endswith(ends)]
        share = sum(mine) / max(len(mine), 1)
        print(f"{name}: {sum(mine)} of {len(mine)} noticed, {share:.1%}")


if __name__ == "__main__":
    main()
