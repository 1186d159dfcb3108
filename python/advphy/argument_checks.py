# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that constructors and setters of all blocks share.

An argument whose default is True or False is one of them, one whose default is a
number is neither of them, one without a default, or whose default is a number or a
text, is no array, and the text of an error is one printable sentence.
"""

import functools
import inspect

import numpy as np
from advphy_model.file_gate import LIMITS, sentence, shown


class checking_block:
    """Part of a block whose constructor and setters, own or inherited, check so."""

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        own, made = vars(cls), inspect.signature(cls.__init__).parameters
        for name in [n for n in own if n == "__init__" or n.startswith("set_")]:
            if inspect.isfunction(own[name]) and not hasattr(own[name], "__wrapped__"):
                setattr(cls, name, _checked(own[name], made))


def _checked(method, made):
    signature = inspect.signature(method)

    @functools.wraps(method)
    def checked_method(self, *given, **named):
        try:
            bound = signature.bind(self, *given, **named).arguments
            for name, value in bound.items():
                _require_kind(name, value, made)
            return method(self, *given, **named)
        except (ValueError, TypeError, OSError) as error:
            raise in_sentence(error) from None

    return checked_method


def in_sentence(error):
    """Return an error whose text is one printable sentence, the same one if it is."""
    if (text := sentence(str(error))) == str(error):
        return error
    # Not its own type: errors of Unicode and JSON are made of more than a text.
    kind = next(k for k in (TypeError, OSError, ValueError) if isinstance(error, k))
    return kind(text).with_traceback(error.__traceback__)


def _require_kind(name, value, made):
    """Raise ValueError if a value is of another kind than the constructor's default."""
    default = made[name].default if name in made else None
    default = None if default is inspect.Parameter.empty else default
    if isinstance(value, int) and abs(value) > LIMITS["whole"].most:
        raise ValueError(f"{name} must be within -2^64..2^64, got {shown(value)}")
    single = default is None or isinstance(default, int | float | str)
    if isinstance(value, np.ndarray) and single and name in made:
        raise ValueError(f"{name} must be one value, got an array of {value.shape}")
    a_bool = isinstance(value, int | np.bool_) and value in (0, 1)
    if isinstance(default, bool) and not a_bool:
        raise ValueError(f"{name} must be True or False, got {value!r}")
    if isinstance(value, bool) and type(default) in (int, float):
        raise ValueError(f"{name} must be a number, got {value}")
