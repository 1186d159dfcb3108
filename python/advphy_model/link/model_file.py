# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write link models as safetensors files (see safetensors_file.py)."""

from advphy_model.link import safetensors_file
from advphy_model.link.link_model import LinkModel, describe, from_description
from advphy_model.link.safetensors_file import DataFileError

KIND = safetensors_file.Kind(
    format="gr-advphy link model 1",
    key="link",
    what="link model",
    remedy="advphy_training.import_torch makes one of your own network",
)


class ModelFileError(DataFileError):
    """A file is not a link model, or not one that can be trusted."""


def write(model: LinkModel, path) -> None:
    """Write a link model; the file appears whole or not at all.

    Raises:
        OSError: when the place cannot be written.
    """
    safetensors_file.write(KIND, *describe(model), path)


def read(path) -> LinkModel:
    """Read a link model.

    Raises:
        ModelFileError: naming the file, what is wrong and the remedy.
        OSError: when the file cannot be read.
    """
    try:
        return safetensors_file.read(KIND, path, from_description)
    except DataFileError as error:
        raise ModelFileError(str(error)) from error
