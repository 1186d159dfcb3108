# SPDX-License-Identifier: GPL-3.0-or-later
"""How to get a package that is missing: by the name that is imported."""

REMEDIES = {
    "torch": "`make environment` in the clone installs it, or apt install "
    "python3-torch (Debian 13), or pip install torch",
    "gnuradio": "apt install gnuradio",
    "numpy": "apt install python3-numpy",
    "scipy": "apt install python3-scipy",
    "matplotlib": "apt install python3-matplotlib",
    "cryptography": "apt install python3-cryptography",
    "pooch": "apt install python3-pooch, or pip install pooch",
    "distributed": "apt install python3-distributed, or pip install distributed",
    "tqdm": "apt install python3-tqdm",
    "PyQt5": "apt install python3-pyqt5",
    "pyqtgraph": "apt install python3-pyqtgraph",
    "zmq": "apt install python3-zmq",
    "rich": "apt install python3-rich",
    "shtab": "apt install python3-shtab",
    "onnxruntime": "pip install onnx onnxruntime",
    "onnx": "pip install onnx onnxruntime",
    "osmosdr": "apt install gr-osmosdr",
}


def remedy(error):
    """Return a sentence for an ImportError: what is missing and how to get it."""
    package = (error.name or "").partition(".")[0]
    if package not in REMEDIES:
        return str(error)
    if package == "gnuradio":
        said = "GNU Radio is not installed for this Python"
        return f"{said}; {REMEDIES[package]}, or use --engine loop"
    return f"{package} is not installed; {REMEDIES[package]}"
