"""Appends the versions of the Python peers, and the kernels that NumPy's BLAS chose, to a file. Started by `run`."""

import importlib.metadata
import platform
import sys
from pathlib import Path

import numpy  # noqa: F401: loads its BLAS
from threadpoolctl import threadpool_info

with Path(sys.argv[1]).open("a", encoding="utf-8") as out:
    print("Python", platform.python_version(), sep=",", file=out)
    for name in ("numpy", "scipy", "scikit-learn", "nmf-rs", "fnnls", "fnnlsEigen"):
        try:
            print(name, importlib.metadata.version(name), sep=",", file=out)
        except importlib.metadata.PackageNotFoundError:
            print(name, "not installed", sep=",", file=out)
    for library in threadpool_info():
        if library["user_api"] == "blas":
            print(library["internal_api"], library["version"], library["architecture"], sep=",", file=out)
