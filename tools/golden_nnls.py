"""Writes tests/golden/nnls_scipy.csv: small NNLS problems and SciPy's solutions.

Run from the root of the repository: python3 tools/golden_nnls.py
One line a problem: kind, M, K, the columns of A, b, x, ‖b − Ax‖. A and b are exact in f32; x is in f64.
"""

import platform

import numpy as np
import scipy
from scipy.optimize import nnls

SEED = 20240305
SHAPES = [(6, 3), (10, 4), (12, 6), (20, 8), (28, 12)]
KINDS = [
    "nonnegative", "signed", "sparse", "exact", "nearly exact", "collinear 1e-1",
    "collinear 1e-2", "scaled 1e2", "duplicate", "zero column", "peaks", "negative cross",
]
OUT = "tests/golden/nnls_scipy.csv"


def problem(rng, kind, m, k):
    a = rng.uniform(size=(m, k))
    b = rng.uniform(size=m)
    half = k // 2
    if kind == "signed":
        a, b = 2 * a - 1, 2 * b - 1
    elif kind == "sparse":
        a *= rng.uniform(size=a.shape) < 0.4
        a[0, :] += 0.1
    elif kind == "exact":
        b = a @ (rng.uniform(size=k) * (rng.uniform(size=k) < 0.6))
    elif kind == "nearly exact":
        b = a @ (rng.uniform(size=k) * (rng.uniform(size=k) < 0.6)) + 0.05 * rng.uniform(size=m)
    elif kind.startswith("collinear"):
        a[:, half:2 * half] = a[:, :half] + float(kind.split()[1]) * rng.uniform(size=(m, half))
    elif kind == "scaled 1e2":
        a *= 10 ** rng.uniform(-2, 2, size=k)
    elif kind == "duplicate":
        a[:, half:2 * half] = a[:, :half]
    elif kind == "zero column":
        a[:, half] = 0
    elif kind == "peaks":
        rows, columns = np.arange(m)[:, None] / m, np.arange(k)[None, :] / k
        a = np.exp(-(6 * (rows - columns)) ** 2)
        b = a @ rng.uniform(size=k) + 0.1 * rng.uniform(size=m)
    elif kind == "negative cross":
        b = -b
    return a, b


def main():
    rng = np.random.default_rng(SEED)
    short = np.vectorize(lambda value: f"{value:.6g}")
    lines = []
    for m, k in SHAPES:
        for kind in KINDS:
            a, b = (short(values) for values in problem(rng, kind, m, k))
            exact_a, exact_b = (values.astype(np.float32).astype(np.float64) for values in (a, b))
            x, norm = nnls(exact_a, exact_b)
            # SciPy has returned wrong solutions: nothing is written that does not satisfy the optimality conditions.
            residual = exact_b - exact_a @ x
            scale = np.linalg.norm(exact_a, axis=0)
            gradient = exact_a.T @ residual / np.where(scale > 0, scale, 1)
            violation = np.where(x > 0, np.abs(gradient), np.maximum(gradient, 0)).max()
            assert violation <= 1e-13 * np.linalg.norm(exact_b), (kind, m, k, violation)
            assert abs(norm - np.linalg.norm(residual)) <= 1e-13 * np.linalg.norm(exact_b), (kind, m, k)
            fields = [kind, str(m), str(k), *a.T.ravel(), *b, *(repr(float(value)) for value in x), repr(float(norm))]
            lines.append(",".join(fields))
    with open(OUT, "w", newline="\n") as out:
        out.write(f"# tool: scipy.optimize.nnls; version: SciPy {scipy.__version__}, NumPy {np.__version__}, ")
        out.write(f"Python {platform.python_version()}\n")
        out.write(f"# command: python3 tools/golden_nnls.py; seed: {SEED}\n")
        out.write("# kind, M, K, columns of A, b (exact in f32), x, norm of b - Ax\n")
        out.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
