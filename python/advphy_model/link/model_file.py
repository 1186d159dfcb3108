# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files: how all kinds of models are described, hashed, written, read and found.

The metadata of a safetensors file hold the model's description (JSON) and the SHA-256
of description and arrays, so a file with any change is refused.
"""

import dataclasses
import difflib
import hashlib
import importlib
import json
import typing
from pathlib import Path

import numpy as np

from advphy_model import file_gate
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.file_gate import FileError, json_value, read_bytes, reading, shown
from advphy_model.found_by_name import unknown
from advphy_model.link import baselines, safetensors_file
from advphy_model.network.network import describe as describe_networks
from advphy_model.network.network import restore as restore_networks
from advphy_model.user_folders import user_path

_TRAINED = Path(__file__).parents[1] / "trained"

# The format of each kind: its name in error texts, and the folder of the shipped ones.
KINDS = {
    "gr-advphy link model 1": ("link", ""),
    "gr-advphy semantic link 1": ("semantic link", "semantic"),
    "gr-advphy eve 1": ("Eve", "eves"),
    "gr-advphy network 1": ("network", "networks"),
    "gr-advphy perturbation 1": ("perturbation", "perturbations"),
}


class ModelFileError(FileError):
    """Error for a file that does not hold the expected kind of model or is damaged."""


class OtherKindError(ModelFileError):
    """Error for a file that holds a model of another kind."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of model file."""

    format: str  # text in the metadata that names the kind and its version, of KINDS
    key: str  # key of the description in the metadata
    remedy: str  # how to get such a file, for error texts
    # Entries of the description in addition to the model's fields, such as the power
    # convention; files with other values are refused.
    conventions: dict
    # Names of fields that are complex arrays, stored as reals.
    complex_arrays: tuple = ()

    @property
    def what(self) -> str:
        """Name of the kind in error texts."""
        return KINDS[self.format][0]

    @property
    def folder(self) -> str:
        """Folder of the shipped models in trained/."""
        return KINDS[self.format][1]

    def described(self, metadata: dict) -> tuple:
        """Return (description, SHA-256) from the metadata of a file."""
        try:
            if metadata["format"] != self.format:
                if metadata["format"] in KINDS:
                    other, _ = KINDS[metadata["format"]]
                    raise OtherKindError(_of_another_kind(other, self.what))
                raise OtherKindError(
                    f"format '{shown(metadata['format'])}', expected '{self.format}'; "
                    "use the gr-advphy that wrote it, or a newer one"
                )
            return json_value(metadata[self.key]), metadata["sha256"]
        except KeyError as error:
            raise ModelFileError(
                f"a safetensors file, but not a {self.what}: {error} is missing from "
                f"its metadata; {self.remedy}"
            ) from None


class StoredModel:
    """Base of dataclasses that can be written to a model file as KIND specifies.

    A field `networks` holds Networks by role. Every other field is a JSON value, or a
    complex array if the kind lists it in complex_arrays.
    """

    KIND: Kind

    def refuse(self, what: str):
        """Raise ValueError with the kind and name of the model, then `what`."""
        raise ValueError(f"{self.KIND.what} '{self.name}': {what}")

    @property
    def settings(self) -> dict:
        """Return the settings of the training in the recipe; ValueError if no dict."""
        found = self.recipe.get("settings", {})
        if not isinstance(found, dict):
            self.refuse(f"recipe: settings must be by name, got {shown(found)}")
        return found

    def require_hashes(self, what: str) -> None:
        """Raise ValueError unless a field is a dictionary of names and SHA-256."""
        for name, sha256 in getattr(self, what).items():
            if not isinstance(sha256, str):
                self.refuse(f"{what} '{name}' is {shown(sha256)}, expected a SHA-256")

    def require_known(self, what: str, name, known) -> None:
        """Raise ValueError unless a name is one of the known names."""
        if name not in known:
            self.refuse(unknown(what, name, known))

    def require_shapes(self, role: str, takes: tuple, returns: tuple) -> None:
        """Raise ValueError unless the network of a role maps one shape to the other."""
        network = self.networks[role]
        if (network.input_shape, network.output_shape) != (takes, returns):
            self.refuse(
                f"the {role} maps {network.input_shape} to {network.output_shape}, "
                f"must map {takes} to {returns}"
            )

    def derived(self) -> dict:
        """Return entries of the description that are computed from the fields."""
        return {}

    def describe(self) -> tuple:
        """Return (JSON description, arrays by name) for `restore`."""
        own = self.KIND.complex_arrays
        names = [f.name for f in dataclasses.fields(self) if f.name not in own]
        described = {name: getattr(self, name) for name in names}
        arrays = {name: to_reals(getattr(self, name)) for name in own}
        if "networks" in described:
            networks, weights = describe_networks(self.networks)
            described["networks"], arrays = networks, arrays | weights
        described |= self.KIND.conventions | self.derived()
        return json.loads(json.dumps(described)), arrays

    @classmethod
    def restore(cls, described: dict, arrays: dict):
        """Return the model from `describe`; ValueError, KeyError, TypeError if bad."""
        for key, wanted in cls.KIND.conventions.items():
            if described[key] != wanted:
                found = shown(described[key])
                raise ValueError(f"{key} is '{found}', expected '{wanted}'")
        _require_names(described)
        own = cls.KIND.complex_arrays
        names = [f.name for f in dataclasses.fields(cls) if f.name not in own]
        types = typing.get_type_hints(cls)
        given = {name: _typed(name, described[name], types[name]) for name in names}
        given |= {name: to_complex(arrays[name]) for name in own}
        for name in own:
            given[name].setflags(write=False)
        if "networks" in given:
            weights = {name: w for name, w in arrays.items() if name not in own}
            given["networks"] = restore_networks(given["networks"], weights)
        return cls(**given)

    def to_torch(self):
        """Return the networks as a torch.nn.ModuleDict by role; needs torch."""
        # The one way up in the house, when it is called: users look for it here.
        torch_network = importlib.import_module("advphy_training.torch_network")
        return torch_network.modules(getattr(self, "networks", {}))

    @property
    def sha256(self) -> str:
        """Return the hash of the whole model: description, shapes and all numbers."""
        return content_hash(*self.describe())

    def write(self, path) -> None:
        """Write the model to a file, complete or not at all; OSError if it fails."""
        described, arrays = self.describe()
        _require_names(described)
        metadata = {
            "format": self.KIND.format,
            self.KIND.key: json.dumps(described),
            "sha256": content_hash(described, arrays),
        }
        safetensors_file.write(path, metadata, arrays)

    @classmethod
    def read(cls, path):
        """Return the model in a file; ModelFileError if it has none of this kind."""
        wrong = f"not a valid {cls.KIND.what}: "
        with reading(path, wrong, ModelFileError):
            content = read_bytes(path, "model")
            metadata, header, data = safetensors_file.parse(content)
            described, sha256 = cls.KIND.described(metadata)
            arrays = safetensors_file.arrays(header, data)
            if content_hash(described, arrays) != sha256:
                raise ModelFileError(
                    "SHA-256 differs from the one in the header: the file is damaged "
                    "or was changed; get it again"
                )
            return cls.restore(described, arrays)

    @classmethod
    def names(cls) -> list:
        """Return the names of the shipped models, of links also of the baselines."""
        return _shipped(cls.KIND.folder)

    @classmethod
    def find(cls, given: str):
        """Return the shipped model with a name or the model in a file, else None."""
        shipped = _TRAINED / cls.KIND.folder / f"{given}.safetensors"
        if "/" not in given and shipped.is_file():
            return cls.read(shipped)
        return cls.read(given) if user_path(given).is_file() else None

    @classmethod
    def load(cls, given):
        """Return the model by name or file: see the function `load`."""
        return load(given, cls)


def load(given, *kinds):
    """Return a model by name or file; a model of these kinds is returned unchanged.

    Raises ValueError if there is no such model (the text has the nearest names), a
    ModelFileError if the file holds no valid model of these subclasses of StoredModel;
    OSError if it cannot be read.
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
    raise ValueError(_not_found(str(given), kinds))


def _not_found(given, kinds):
    """Return why nothing has this name, with the nearest names if there are any."""
    what = " or ".join(kind.KIND.what for kind in kinds)
    for other, folder in KINDS.values():
        if given in _shipped(folder):
            return f"'{given}' is {_of_another_kind(other, what)}"
    names = [name for kind in kinds for name in kind.names()]
    near = [f"'{name}'" for name in difflib.get_close_matches(given, names, 3, 0.5)]
    if near:
        return f"{what} '{given}' is not known; did you mean {' or '.join(near)}?"
    where = "" if user_path(given).is_absolute() else f" in {Path.cwd()}"
    said = f"{what} '{given}' is neither a file{where} nor a known name"
    return f"{said}; `advphy info` lists the names, {kinds[0].KIND.remedy}"


def _shipped(folder):
    """Return the names of the models in a folder, and with the links the baselines."""
    files = sorted(path.stem for path in (_TRAINED / folder).glob("*.safetensors"))
    return files if folder else files + sorted(baselines.table("LINKS"))


def _of_another_kind(other, what):
    names = "`advphy info` lists the names of each kind"
    return f"one of another kind ({other}), not: {what}; {names}"


def _require_names(described):
    """Raise ValueError for a long name, or lines in a text that is not the recipe's."""
    file_gate.require_within("name", len(str(described["name"])))
    own = {key: value for key, value in described.items() if key != "recipe"}
    file_gate.require_plain(own, lines=False)


def _typed(name, value, kind):
    """Return a value of a description; ValueError unless it has the type of a field."""
    choices = typing.get_args(kind) or (kind,)
    allowed = {float: (int, float), tuple: (list,)}
    allowed = [own for choice in choices for own in allowed.get(choice, (choice,))]
    if type(value) not in allowed:
        wanted = " or ".join(each.__name__ for each in allowed)
        raise ValueError(f"{name} must be of type {wanted}, got {shown(value)}")
    return value


def content_hash(description: dict, arrays: dict) -> str:
    """Return the SHA-256 of the description and of all array names, shapes, bytes."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], "<f4")
        digest.update(f"\n{name} {array.shape}\n".encode())
        digest.update(array)
    return digest.hexdigest()
