# SPDX-License-Identifier: GPL-3.0-or-later
"""Models in files: one way to describe, hash, write, read and find all kinds of them.

The metadata of a safetensors file hold a model's description (JSON) and the SHA-256
over description and arrays, so a file that was changed anywhere is refused.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link import safetensors_file
from advphy_model.network import network as network_description

_TRAINED = Path(__file__).parents[1] / "trained"
_MISFITS = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class ModelFileError(ValueError):
    """A file is not of the kind that is wanted, or cannot be trusted."""


class OtherKindError(ModelFileError):
    """A file holds a model of another kind."""


@dataclass(frozen=True)
class Kind:
    """A kind of model file.

    Args:
        format: text in the metadata that says kind and version.
        key: of the description in the metadata.
        what: the kind in a sentence, such as "semantic link".
        remedy: how to get such a file.
        folder: of the shipped ones, in trained/.
        conventions: what the description says besides the model's fields, such as the
            convention of power; files that say otherwise are refused.
        complex_arrays: fields that are complex arrays; the file holds their reals.
    """

    format: str
    key: str
    what: str
    remedy: str
    folder: str
    conventions: dict
    complex_arrays: tuple = ()

    def described(self, metadata: dict) -> tuple:
        """Return (description, SHA-256) that the metadata of a file hold."""
        try:
            if metadata["format"] != self.format:
                raise OtherKindError(
                    f"format '{metadata['format']}', expected '{self.format}'"
                )
            return json.loads(metadata[self.key]), metadata["sha256"]
        except KeyError as error:
            raise ModelFileError(
                f"a safetensors file, but not a {self.what}: {error} is missing from "
                f"its metadata; {self.remedy}"
            ) from None


class StoredModel:
    """A dataclass whose KIND says how its fields are kept in a file.

    A field `networks` holds Networks by role; every other field is a JSON value or, if
    the kind says so, a complex array.
    """

    KIND: Kind

    def refuse(self, what: str):
        """Raise ValueError: the kind and name of the model, then what is wrong."""
        raise ValueError(f"{self.KIND.what} '{self.name}': {what}")

    def derived(self) -> dict:
        """Return what the description says besides fields and conventions."""
        return {}

    def describe(self) -> tuple:
        """Return (JSON description, arrays by name) that say everything."""
        own = self.KIND.complex_arrays
        names = [f.name for f in dataclasses.fields(self) if f.name not in own]
        described = {name: getattr(self, name) for name in names}
        arrays = {name: to_reals(getattr(self, name)) for name in own}
        if "networks" in described:
            networks, weights = network_description.describe(self.networks)
            described["networks"], arrays = networks, arrays | weights
        described |= self.KIND.conventions | self.derived()
        return json.loads(json.dumps(described)), arrays

    @classmethod
    def restore(cls, described: dict, arrays: dict):
        """Return the model that `describe` described.

        Raises:
            ValueError, KeyError or TypeError: when it does not fit.
        """
        for key, wanted in cls.KIND.conventions.items():
            if described[key] != wanted:
                raise ValueError(f"{key} is '{described[key]}', expected '{wanted}'")
        own = cls.KIND.complex_arrays
        names = [f.name for f in dataclasses.fields(cls) if f.name not in own]
        given = {name: described[name] for name in names}
        given |= {name: to_complex(arrays[name]) for name in own}
        if "networks" in given:
            weights = {name: w for name, w in arrays.items() if name not in own}
            given["networks"] = network_description.restore(given["networks"], weights)
        return cls(**given)

    @property
    def sha256(self) -> str:
        """Return the hash of the whole model: description, shapes, every number."""
        return content_hash(*self.describe())

    def write(self, path) -> None:
        """Write the model; the file appears whole or not at all.

        Raises:
            OSError: when the place cannot be written.
        """
        described, arrays = self.describe()
        metadata = {
            "format": self.KIND.format,
            self.KIND.key: json.dumps(described),
            "sha256": content_hash(described, arrays),
        }
        safetensors_file.write(path, metadata, arrays)

    @classmethod
    def read(cls, path):
        """Return the model in a file.

        Raises:
            ModelFileError: naming the file, what is wrong and the remedy.
            OSError: when the file cannot be read.
        """
        content = Path(path).read_bytes()
        try:
            metadata, header, data = safetensors_file.parse(content)
            described, sha256 = cls.KIND.described(metadata)
            arrays = safetensors_file.arrays(header, data)
            if content_hash(described, arrays) != sha256:
                raise ModelFileError(
                    "SHA-256 differs from the one in the header: the file is damaged "
                    "or was changed; get it again"
                )
            return cls.restore(described, arrays)
        except ModelFileError as error:
            raise type(error)(f"{path}: {error}") from None
        except _MISFITS as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else error
            raise ModelFileError(
                f"{path}: not a valid {cls.KIND.what}: {what}"
            ) from error

    @classmethod
    def names(cls) -> list:
        """Return the names of the shipped models."""
        folder = _TRAINED / cls.KIND.folder
        return sorted(path.stem for path in folder.glob("*.safetensors"))

    @classmethod
    def find(cls, given: str):
        """Return the shipped model of a name, or the one in a file; None: neither."""
        shipped = _TRAINED / cls.KIND.folder / f"{given}.safetensors"
        if "/" not in given and shipped.is_file():
            return cls.read(shipped)
        return cls.read(given) if Path(given).is_file() else None

    @classmethod
    def load(cls, given):
        """Return the model of a name of names(), of a file, or itself: see `load`."""
        return load(given, cls)


def load(given, *kinds):
    """Return the model of a name, of a file, or itself.

    Args:
        given: a model; a name; or a path to a file.
        kinds: the classes of StoredModel that it may be one of.

    Raises:
        ValueError: when there is none; the text lists the names. ModelFileError: the
            file is not one, or cannot be trusted.
        OSError: when the file cannot be read.
    """
    if isinstance(given, kinds):
        return given
    another = None
    for kind in kinds:
        try:
            found = kind.find(str(given))
        except OtherKindError as error:
            another = another or error
        else:
            if found is not None:
                return found
    if another is not None:
        raise another
    what = " or ".join(kind.KIND.what for kind in kinds)
    names = ", ".join(name for kind in kinds for name in kind.names())
    raise ValueError(
        f"{what} '{given}' is neither a file nor one of: {names}; "
        f"{kinds[0].KIND.remedy}"
    )


def content_hash(description: dict, arrays: dict) -> str:
    """Return SHA-256 over the sorted description and all names, shapes, bytes."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], "<f4")
        digest.update(f"\n{name} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
