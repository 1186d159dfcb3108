# SPDX-License-Identifier: GPL-3.0-or-later
"""Known image data sets: their files, hashes, mirrors and folders."""

import hashlib
import os
import re
import tempfile
import urllib.parse
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advphy_model.atomic_file import atomic_file
from advphy_model.file_gate import FileError, read_bytes, reading, require_within
from advphy_model.user_folders import make_user_folder, user_folder, user_path

SUMS = "SHA256SUMS"  # file with the checksums of the files next to it
_GZIP = 16 + zlib.MAX_WBITS  # a header of gzip, and windows of any size
TIMEOUT = 20.0  # seconds without a byte until the next mirror is tried


@dataclass(frozen=True)
class DataSet:
    """Four idx files with known hashes."""

    name: str  # name for the command `advphy data`
    sha256: dict  # file name -> SHA-256 of the uncompressed content
    mirrors: tuple  # URLs of folders that have the files with ".gz"
    package: tuple = ()  # Debian package with the files and its folder; empty: none

    @property
    def remedy(self) -> str:
        """Return the command that installs the data set, for error texts."""
        command = f"run: advphy data {self.name}"
        if not self.package:
            return command
        return f"{command} (apt install {self.package[0]} first to avoid a download)"


PARTS = {  # files of images and of labels
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def _files(*sha256):
    """Return file name -> hash for hashes in the order of PARTS."""
    return dict(zip(PARTS["train"] + PARTS["test"], sha256, strict=True))


_MNIST = DataSet(
    "mnist",
    _files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://sagemaker-sample-files.s3.amazonaws.com/datasets/image/MNIST/",
    ),
)
_FASHION_MNIST = DataSet(
    "fashion-mnist",
    _files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    ("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist"),
)
DATA_SETS = {found.name: found for found in (_MNIST, _FASHION_MNIST)}


def data_set(name: str) -> DataSet:
    """Return a data set by its name; ValueError if the name is not known."""
    if name not in DATA_SETS:
        raise ValueError(
            f"data set '{name}' is not known; choose from {', '.join(DATA_SETS)}; "
            "for pictures of your own: advphy data images --from DIR"
        )
    return DATA_SETS[name]


def place(name: str) -> Path:
    """Return the folder of an adopted data set, which may not exist yet.

    It is in $ADVPHY_DATA; by default in the folder gr-advphy of $XDG_DATA_HOME, or in
    ~/.local/share/gr-advphy.
    """
    if os.environ.get("ADVPHY_DATA"):
        return user_path(os.environ["ADVPHY_DATA"]) / name
    return user_folder("XDG_DATA_HOME", ".local/share") / name


def own_sets() -> list:
    """Return the sorted names of the data sets that `picture_folder` stored."""
    root = place("mnist").parent
    found = (path.parent.name for path in root.glob(f"*/{PARTS['test'][0]}"))
    return sorted(set(found) - set(DATA_SETS))


def write(name: str, file: str, array) -> None:
    """Write uint8 values as an idx file of a data set; None: remove the file."""
    path = place(name) / file
    make_user_folder(path.parent, "ADVPHY_DATA")
    known = _sums(path)
    known.pop(file, None)
    if array is None:
        path.unlink(missing_ok=True)
    else:
        extents = np.array(array.shape, ">u4").tobytes()
        content = bytes([0, 0, 8, array.ndim]) + extents + array.tobytes()
        known[file] = hashlib.sha256(content).hexdigest()
        with atomic_file(path, "wb") as out:
            out.write(content)
    with atomic_file(path.with_name(SUMS)) as out:
        out.writelines(f"{known[each]}  {each}\n" for each in sorted(known))


def _sums(path) -> dict:
    """Return {file: SHA-256} of the SUMS next to a file, {} without them."""
    path = path.with_name(SUMS)
    if not path.exists():
        return {}
    with reading(path):
        text = read_bytes(path, "table").decode()
        found = re.findall(r"^([0-9a-f]{64}) [ *](\S+)$", text, re.M)
        if len(found) != len(text.splitlines()):
            raise FileError("must have lines as `sha256sum` writes them")
        return {file.removeprefix("./"): sha256 for sha256, file in found}


def find(folder, file: str):
    """Return the path of an idx file (-idx or .idx, also .gz) in a folder, or None."""
    for name in (file, file.replace("-idx", ".idx")):
        for ending in ("", ".gz"):
            path = user_path(folder) / f"{name}{ending}"
            if path.is_file():
                return path
    return None


def read(path) -> memoryview:
    """Return a file's content, unpacked.

    ValueError if it is too large or damaged: by the checksum of gzip, or by that in
    SUMS next to the file, if there is one.
    """
    path = user_path(path)
    content, wanted = read_bytes(path, "images"), _sums(path).get(path.name)
    with reading(path, "the gzip file is damaged; get it again: "):
        if wanted not in (None, hashlib.sha256(content).hexdigest()):
            raise FileError(f"is damaged: {SUMS} has another SHA-256; get it again")
        if content[:2] != b"\x1f\x8b":
            return memoryview(content)
        unpacker, unpacked = zlib.decompressobj(_GZIP), bytearray()
        while not unpacker.eof:
            unpacked += (piece := unpacker.decompress(content, 1 << 20))
            content = unpacker.unconsumed_tail
            require_within("unpacked", len(unpacked))
            if not (piece or content or unpacker.eof):
                raise ValueError("it is cut off")
        if unpacker.unused_data.strip(b"\0"):
            raise ValueError("something follows its end")
    return memoryview(unpacked).toreadonly()


def _verified(dataset, file, path) -> memoryview:
    """Return the content of a file; ValueError if it is not the data set's file."""
    content = read(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != dataset.sha256[file]:
        raise ValueError(
            f"{path}: is not the {file} of {dataset.name} (SHA-256 {digest[:12]} of "
            f"the content, expected {dataset.sha256[file][:12]}); get it again"
        )
    return content


def adopted(name: str, file: str) -> memoryview:
    """Return the content of an adopted file; ValueError if it is missing or damaged."""
    dataset = data_set(name)
    path = find(place(name), file)
    if path is None:
        raise ValueError(f"{file} is not in {place(name)}; {dataset.remedy}")
    try:
        return _verified(dataset, file, path)
    except ValueError as error:
        raise ValueError(f"{error}; {dataset.remedy}") from None


def is_adopted(name: str) -> bool:
    """Return whether all files of a data set are in its folder and verified."""
    try:
        for file in data_set(name).sha256:
            adopted(name, file)
    except ValueError:
        return False
    return True


def adopt(name: str, folder) -> Path:
    """Copy one of DATA_SETS from a folder to `place(name)` and return that.

    The folder has the four files, with names as for `find`. All files are verified
    before the first is copied. Raises ValueError if the data set, the folder or a file
    does not exist, or a file has another content; OSError if a file cannot be written.
    """
    dataset, target = data_set(name), place(name)
    if not user_path(folder).is_dir():
        raise ValueError(
            f"{folder}: there is no such folder; give the folder with the files "
            f"{', '.join(dataset.sha256)}"
        )
    paths = {file: find(folder, file) for file in dataset.sha256}
    missing = [file for file, path in paths.items() if path is None]
    if missing:
        raise ValueError(
            f"{folder}: has no {', '.join(missing)} (with or without .gz); give the "
            f"folder with all files of {dataset.name}"
        )
    contents = {file: _verified(dataset, file, path) for file, path in paths.items()}
    make_user_folder(target, "ADVPHY_DATA")
    for file, content in contents.items():
        with atomic_file(target / file, "wb") as out:
            out.write(content)
    return target


def fetch(name: str, mirrors=None, bar=None) -> Path:
    """Adopt a data set from its Debian package or from a mirror; return its folder.

    Args:
        name: one of DATA_SETS.
        mirrors: URLs of folders for pooch if the package is not installed, tried in
            turn until one has the right content; None: those of the data set.
        bar: function from a URL to the tqdm of its download; None: no bar.

    Raises ValueError if no mirror has the files; OSError if one cannot be written;
    ImportError if pooch is not installed.
    """
    dataset, failures = data_set(name), []
    if mirrors is None and dataset.package and Path(dataset.package[1]).is_dir():
        try:
            return adopt(name, dataset.package[1])
        except ValueError as error:
            failures.append(str(error))
    import pooch

    pooch.get_logger().setLevel("ERROR")  # by default it logs each download

    def unpacked(url, output_file, of_pooch):
        with tempfile.NamedTemporaryFile() as packed:
            shown = bar(url) if bar else None
            pooch.HTTPDownloader(shown, timeout=TIMEOUT)(url, packed, of_pooch)
            Path(output_file).write_bytes(read(packed.name))

    with tempfile.TemporaryDirectory() as folder:
        for mirror in dataset.mirrors if mirrors is None else mirrors:
            try:
                for file, known in dataset.sha256.items():  # keeps earlier downloads
                    url = f"{mirror}{file}.gz"
                    pooch.retrieve(url, known, file, folder, downloader=unpacked)
            except (OSError, ValueError) as error:
                host = urllib.parse.urlsplit(mirror).netloc or mirror
                failures.append(f"{host}: {_reason(error)}")
            else:
                return adopt(name, folder)
    raise ValueError(
        f"no mirror had {name} ({'; '.join(failures) or 'none was given'}); with the "
        f"four files in a folder DIR, run: advphy data {name} --from DIR"
    )


def _reason(error):
    """Return the text of the earliest cause, or of the first ValueError."""
    while not isinstance(error, ValueError) and error.__context__ is not None:
        if isinstance(error.__context__, TypeError):
            break  # urllib3 1 tries an argument of Python 2 before it reads
        error = error.__context__
    return getattr(error, "strerror", None) or str(error).partition(": expected ")[0]
