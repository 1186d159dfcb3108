# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of a command as fields of a dataclass, with help text and parser.

    @dataclass(frozen=True)
    class Settings:
        link: str = operand("LINK")
        psr_db: float = option("PSR in dB", -6.0)
        ebn0_db: list = option("Eb/N0 in dB", "0:8:1", db_range)
        knowledge: Knowledge = group(Knowledge, "crafting an attack by name")

The name of a field is also the name of its option, and its type that of the value: an
int is a whole number such as 1e6. `parse` is called with the name and the text of the
option; it raises a ValueError with a text for the user. Checks that involve several
fields belong in __post_init__.
"""

import contextlib
import dataclasses
import math
import re
from pathlib import Path

MOST_POINTS = 1000


def number(text):
    """Return a float; ValueError for what Python reads besides, such as 1_0."""
    if not re.fullmatch(r" *[-+]?[\d.]+(e[-+]?\d+)?|[-+]?inf|nan", text, re.A | re.I):
        raise ValueError
    return float(text)


def whole(name, text):
    """Return a text such as "100000000" or "1e8" as an int, or raise ValueError."""
    with contextlib.suppress(ValueError, OverflowError):
        value = int(text) if text.strip().isdecimal() else number(text)
        if value >= 0 and value == int(value):
            return int(value)
    raise ValueError(f"{name} must be a whole number such as 100000 or 1e8, got {text}")


def positive(name, text):
    """Return a whole number that is not 0, or raise ValueError."""
    value = whole(name, text)
    if value == 0:
        raise ValueError(f"{name} must be at least 1, got 0")
    return value


def db_range(name, text, most=100):
    """Return the values in dB of "a", "a,b,c" or "first:last:step".

    ValueError for another text, for more than MOST_POINTS, or beyond -most..most dB.
    """
    wrong = "with FIRST <= LAST and STEP > 0"
    with contextlib.suppress(ValueError, OverflowError):  # int() of an infinite count
        if ":" not in text:
            values = [number(part) for part in text.split(",")]
        else:
            first, last, step = (number(part) for part in text.split(":"))
            if not (step > 0 and first <= last):
                raise ValueError
            wrong = f"with at most {MOST_POINTS} points"
            count = math.floor((last - first) / step + 1e-9) + 1
            if count > MOST_POINTS:
                raise ValueError
            values = [round(first + i * step, 9) for i in range(count)]
        wrong = f"within -{most}..{most} dB"
        if all(math.isfinite(v) and abs(v) <= most for v in values):
            return values
    rule = f"{name} must be a number, a,b,c or FIRST:LAST:STEP"
    raise ValueError(f"{rule} {wrong}, got '{text}'")


def sweep(name, text):
    """Return {key: texts of its values} of "KEY=FIRST:LAST:STEP,KEY=a,b,...".

    A STEP of 1 may be omitted. ValueError for another text or a key that comes twice.
    """
    found = {}
    for part in re.split(r",(?=\w+=)", text):
        key, _, values = part.partition("=")
        if not key or not values or key in found:
            rule = "KEY=VALUES of different keys, such as ebn0_db=0:8:1,seed=1:3"
            raise ValueError(f"{name} must be {rule}, got '{text}'")
        found[key] = list(dict.fromkeys(values.split(",")))
        if re.fullmatch(r"[-+.\de]+(:[-+.\de]+){1,2}", values):
            steps = values if values.count(":") == 2 else f"{values}:1"
            numbers = db_range(f"{key} of {name}", steps, 10**12)
            found[key] = [f"{number:.12g}" for number in numbers]
        if key == "seed":
            seeds = [str(whole(f"seed of {name}", each)) for each in found[key]]
            found[key] = list(dict.fromkeys(seeds))
    return found


def psr_range(name, text):
    """Return PSRs in dB as db_range does; each must be within -100..60 dB."""
    from advphy_model.air.perturbation import checked_psr_db

    return [checked_psr_db(value) for value in db_range(name, text)]


def number_or_random(kind):
    """Return a function (option, text) that returns "random", or an int or float."""

    def parse(name, text):
        try:
            return text if text == "random" else kind(text)
        except ValueError:
            rule = "a number or 'random'"
            raise ValueError(f"{name} must be {rule}, got '{text}'") from None

    return parse


def option(text, default=None, parse=None, flag=None, alone=False, **given):
    """Return the field of an option; its help names the default.

    `default` is a value, or a text for parse(option, text), which returns the value.
    `flag` is made from the name of the field if None; `alone` is that of switch();
    `given` are further arguments of argparse's add_argument.
    """
    if default not in (None, "", []) and not isinstance(default, bool):
        text += " (default %(default)s)"
    given |= {"default": default, "help": text}
    return _field(given, parse, flag, alone)


def switch(text, alone=False):
    """Return the field of an option without a value; two with `alone` are refused."""
    given = {"action": "store_true", "default": False, "help": text}
    return _field(given, alone=alone)


def repeated(metavar, text, parse=None, **given):
    """Return the field of an option that may be repeated; its value is a list."""
    return option(text, [], parse, action="append", metavar=metavar, **given)


def device():
    """Return the field of --device: where torch computes."""
    choices = "auto", "cpu", "cuda"
    return option("auto: a GPU if torch finds one", "auto", choices=choices)


def operand(metavar, text=None, parse=None, **given):
    """Return the field of a positional argument."""
    return _field({"metavar": metavar, "help": text, **given}, parse, "")


def group(settings, title=None):
    """Return the field of a dataclass of arguments; `title` heads it in the help."""
    return dataclasses.field(metadata={"settings": settings, "title": title})


def _field(given, parse=None, flag=None, alone=False):
    about = {"given": given, "parse": parse, "flag": flag, "alone": alone}
    return dataclasses.field(metadata=about)


def declare(parser, settings, title=None):
    """Declare the fields of a dataclass as arguments of a parser, under a title."""
    place = parser.add_argument_group(title) if title else parser
    alone = None
    for field in dataclasses.fields(settings):
        about = field.metadata
        if about.get("alone"):
            alone = alone or place.add_mutually_exclusive_group()
        if "settings" in about:
            declare(parser, about["settings"], about["title"])
        else:
            where = alone if about["alone"] else place
            name, given = _argument(field)
            where.add_argument(name, **given)


def parsed(settings, arguments):
    """Return the dataclass with the arguments of argparse; ValueError if it refuses."""

    def value(field):
        if "settings" in field.metadata:
            return parsed(field.metadata["settings"], arguments)
        return _value(field, getattr(arguments, field.name))

    return settings(**{one.name: value(one) for one in dataclasses.fields(settings)})


def changed(settings):
    """Return {option: value} of the options that differ from their defaults."""
    found = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if "settings" in field.metadata:
            found |= changed(value)
        elif value != _value(field, field.metadata["given"].get("default")):
            found[_flag(field)] = value
    return found


def _argument(field):
    about, found = field.metadata, {}
    if field.type in (float, Path) and about["parse"] is None:
        found["type"] = field.type
    if field.name.endswith("_db") and "action" not in about["given"]:
        found["metavar"] = "DB"
    found |= about["given"]
    if about["flag"] == "":
        return field.name, found
    return _flag(field), found | {"dest": field.name}


def _flag(field):
    return field.metadata["flag"] or f"--{field.name.replace('_', '-')}"


def _value(field, value):
    parse = field.metadata["parse"] or (whole if field.type is int else None)
    texts = isinstance(value, str | list)
    return parse(_flag(field), value) if parse and texts else value
