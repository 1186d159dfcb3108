# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of a command as fields of a dataclass, with help text and parser.

    @dataclass(frozen=True)
    class Settings:
        link: str = operand("LINK")
        ebn0_db: list = option("0:8:1", "Eb/N0 in dB", parse=db_range)
        knowledge: Knowledge = group(Knowledge, "crafting an attack by name")

The name of a field is also the name of its option. `parse` is called with the name and
the text of the option; it raises a ValueError with a text for the user. Checks that
involve several fields belong in __post_init__.
"""

import dataclasses


def option(default=None, text=None, parse=None, flag=None, **given):
    """Return the field of an option; its help names the default.

    `default` is a text for parse(option, text), which returns the value, or a value if
    argparse converts with `type`. `flag` is made from the name of the field if None;
    `given` are further arguments of argparse's add_argument.
    """
    if default not in (None, "", []) and not isinstance(default, bool):
        text = f"{text or ''} (default %(default)s)".strip()
    given |= {"default": default, "help": text}
    return _field(given, parse, flag)


def switch(text, alone=False):
    """Return the field of an option without a value; two with `alone` are refused."""
    given = {"action": "store_true", "default": False, "help": text}
    return _field(given, alone=alone)


def repeated(metavar, text, parse=None, **given):
    """Return the field of an option that may be repeated; its value is a list."""
    return option([], text, parse, action="append", metavar=metavar, **given)


def device():
    """Return the field of --device: where torch computes."""
    text = "auto: a GPU if torch finds one"
    return option("auto", text, choices=("auto", "cpu", "cuda"))


def operand(metavar, text=None, parse=None, **given):
    """Return the field of a positional argument."""
    return _field({"metavar": metavar, "help": text, **given}, parse, "")


def group(settings, title=None):
    """Return the field of a dataclass of arguments; `title` heads it in the help."""
    return dataclasses.field(metadata={"settings": settings, "title": title})


def typed():
    """Return the field that receives all arguments as argparse has them, by name."""
    return dataclasses.field(metadata={"typed": True})


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
        elif "given" in about and about["flag"] == "":
            place.add_argument(field.name, **about["given"])
        elif "given" in about:
            where = alone if about["alone"] else place
            where.add_argument(_flag(field), dest=field.name, **about["given"])


def parsed(settings, arguments):
    """Return the dataclass with the arguments of argparse; ValueError if it refuses."""

    def value(field):
        if "settings" in field.metadata:
            return parsed(field.metadata["settings"], arguments)
        if "typed" in field.metadata:
            return vars(arguments)
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


def _flag(field):
    return field.metadata["flag"] or f"--{field.name.replace('_', '-')}"


def _value(field, value):
    parse = field.metadata["parse"]
    return value if parse is None or value is None else parse(_flag(field), value)
