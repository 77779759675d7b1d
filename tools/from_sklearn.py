"""Trains scikit-learn's NMF on data/digits.csv and writes what examples/from_sklearn.rs reads.

Requires numpy, scipy and scikit-learn from PyPI; tested with Python 3.11, NumPy 2.4.6, SciPy 1.17.1, scikit-learn 1.9.1.
Run from the root of the repository: python3 tools/from_sklearn.py [folder], by default target/from_sklearn.

Files, for M features, N frames, K parts:
  w.npy          M×K  float32  components_.T
  x.npy          N×M  float32  the frames, one a row as scikit-learn has them
  h_sklearn.npy  N×K  float32  transform(X)
  h_exact.npy    N×K  float64  scipy.optimize.nnls of every frame with the same W, in float64
"""

import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy.optimize import nnls
from sklearn.decomposition import NMF

K = 16
SEED = 20240305
DATA = pathlib.Path(__file__).parent.parent / "data" / "digits.csv"
FOLDER = pathlib.Path("target", "from_sklearn")


def exact(w, x):
    """The code of every row of x, in float64."""
    scale = np.linalg.norm(w, axis=0)
    if not (scale > 0).all():
        sys.exit("a part is zero: choose another start or fewer parts")
    codes = np.empty((len(x), w.shape[1]))
    for frame, code in zip(x, codes):
        code[:], _ = nnls(w, frame)
        # SciPy has returned wrong solutions: nothing is written that does not satisfy the optimality conditions.
        gradient = w.T @ (frame - w @ code) / scale
        violation = np.where(code > 0, np.abs(gradient), np.maximum(gradient, 0)).max()
        assert violation <= 1e-12 * np.linalg.norm(frame), violation
    return codes


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    x = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    # The start is computed from X by a seeded routine; 1000 iterations are more than tol asks for.
    model = NMF(n_components=K, solver="cd", init="nndsvda", random_state=SEED, tol=1e-4, max_iter=1000)
    model.fit(x)
    w, h = model.components_.T, model.transform(x)
    assert w.dtype == h.dtype == np.float32, (w.dtype, h.dtype)

    # Single precision ends here: W, X and both codes are compared as the float64 numbers that they are exactly.
    wide_w, wide_x = w.astype(np.float64), x.astype(np.float64)
    h_exact = exact(wide_w, wide_x)

    def relative_error(codes):
        return np.linalg.norm(wide_x - codes.astype(np.float64) @ wide_w.T) / np.linalg.norm(wide_x)

    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"w": w, "x": x, "h_sklearn": h, "h_exact": h_exact}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array))

    print(f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}")
    print(f"{K} parts of {x.shape[1]} features from {len(x)} frames, {model.n_iter_} iterations")
    print(f"relative error, scikit-learn's transform: {relative_error(h):.6f}")
    print(f"relative error, SciPy's exact codes:      {relative_error(h_exact):.6f}")
    print(f"written: {', '.join(f'{name}.npy' for name in arrays)} in {folder}")


if __name__ == "__main__":
    main()
