# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of a command as fields of a dataclass: declared once, parsed at the door.

    @dataclass(frozen=True)
    class Settings:
        link: str = operand("LINK")
        ebn0_db: list = option("0:8:1", "Eb/N0 in dB", parse=db_range)
        knowledge: Knowledge = group(Knowledge, "crafting an attack by name")

A field's name is that of its option. What depends on several fields is checked in
__post_init__. `parse` is called with the option's name and its text, and raises a
ValueError with a sentence.
"""

import dataclasses


def option(default=None, said=None, parse=None, flag=None, **given):
    """Return the field of an option; its default is said in the help.

    Args:
        default: its text, or its value where argparse has a type for it.
        said: help.
        parse: function (option, text) that returns the value; None is not parsed.
        flag: the option; without: --the-field-s-name.
        given: for argparse's add_argument.
    """
    if default not in (None, "", []) and not isinstance(default, bool):
        said = f"{said or ''} (default %(default)s)".strip()
    given |= {"default": default, "help": said}
    return _field(given, parse, flag)


def switch(said, alone=False):
    """Return the field of an option without a value; `alone`: one of these at most."""
    given = {"action": "store_true", "default": False, "help": said}
    return _field(given, alone=alone)


def repeated(metavar, said, parse=None, **given):
    """Return the field of an option that may be given again: a list of its texts."""
    return option([], said, parse, action="append", metavar=metavar, **given)


def operand(metavar, said=None, parse=None, **given):
    """Return the field of what stands without an option."""
    return _field({"metavar": metavar, "help": said, **given}, parse, "")


def group(settings, title=None):
    """Return the field of a dataclass of arguments, a group of its own in the help."""
    return dataclasses.field(metadata={"settings": settings, "title": title})


def typed():
    """Return the field of {name: text or value as argparse has it} of all options."""
    return dataclasses.field(metadata={"typed": True})


def _field(given, parse=None, flag=None, alone=False):
    about = {"given": given, "parse": parse, "flag": flag, "alone": alone}
    return dataclasses.field(metadata=about)


def declare(parser, settings, title=None):
    """Declare the fields of a dataclass as arguments of a parser, or of a group."""
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
    """Return the dataclass that argparse's arguments give.

    Raises:
        ValueError: a sentence of a field's parse or of the dataclass.
    """
    values = {}
    for field in dataclasses.fields(settings):
        if "settings" in field.metadata:
            values[field.name] = parsed(field.metadata["settings"], arguments)
        elif "typed" in field.metadata:
            values[field.name] = vars(arguments)
        else:
            values[field.name] = _value(field, getattr(arguments, field.name))
    return settings(**values)


def changed(settings):
    """Return {option: value} of a dataclass where that is not the default."""
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
