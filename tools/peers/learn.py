"""The Python half of learning: counts iterations, times fits. Started by `run`.

    learn.py count FOLDER PROBLEM
    learn.py time  FOLDER PROBLEM ROUND SECONDS

Files as in src/main.rs; counted as in src/learn/learner.rs, timed as in src/learn/time.rs.
"""

import csv
import functools
import gc
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.decomposition import non_negative_factorization

from optional import optional

nmf_rs = optional("nmf_rs")

BRIEF, LONG = 10, 40


class ScikitLearn:
    """One of its solvers. X lies as it wants it, a frame a row."""

    def __init__(self, name, problem, solver, dtype):
        self.name = name
        self.settings = {"n_components": problem.k, "init": "custom", "solver": solver, "tol": 0.0}
        self.x = problem.x.astype(dtype)
        self.starts = [(h.astype(dtype), np.ascontiguousarray(w.T, dtype)) for w, h in problem.starts]
        self.count = onward

    def prepare(self, start):
        return [factor.copy() for factor in self.starts[start]]

    def fit(self, start, iterations):
        codes, parts = start
        return non_negative_factorization(self.x, codes, parts, max_iter=iterations, **self.settings)[:2]


class NmfRs:
    """One of its methods; f64."""

    def __init__(self, name, problem, method):
        self.name = name
        self.method, self.k = method, problem.k
        self.x = np.ascontiguousarray(problem.x.T)
        self.starts = [(np.ascontiguousarray(w), np.ascontiguousarray(h.T)) for w, h in problem.starts]
        self.count = afresh

    def prepare(self, start):
        return [factor.copy() for factor in self.starts[start]]

    def fit(self, start, iterations):
        w, h = start
        result = nmf_rs.nmf(self.x, self.k, self.method, W0=w, H0=h, max_iter=iterations, num_threads=1)
        return result.H.T, result.W.T


class Problem:
    def __init__(self, folder, name):
        rows = {row[0]: row[1:] for row in table(folder / "problems.csv")}
        self.name = name
        m, n, self.k, self.iterations, starts = map(int, rows[name])
        self.targets = [(target, float(error)) for problem, target, error in table(folder / "targets.csv") if problem == name]

        def read(what, columns):
            return np.fromfile(folder / f"{name}.{what}", "<f8").reshape(columns, -1)

        self.x = read("x", n)
        self.starts = [(read(f"{start}.w", self.k).T, read(f"{start}.h", n)) for start in range(starts)]
        self.norm = np.linalg.norm(self.x)

    def error(self, factors):
        """Relative, of H and W, a frame and a part a row; in f64."""
        codes, parts = (np.asarray(factor, np.float64) for factor in factors)
        return np.linalg.norm(self.x - codes @ parts) / self.norm


def learners(problem):
    yield ScikitLearn("scikit-learn cd f64", problem, "cd", np.float64)
    yield ScikitLearn("scikit-learn cd f32", problem, "cd", np.float32)
    if problem.name.startswith(("V", "piano")):  # elsewhere it needs thousands of iterations
        yield ScikitLearn("scikit-learn mu f64", problem, "mu", np.float64)
    if nmf_rs and problem.x.size <= 40_000:  # beyond, an iteration takes several times that of the others
        yield NmfRs("nmf-rs hals f64", problem, "hals")
        yield NmfRs("nmf-rs ehals f64", problem, "ehals")


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def append(path, *fields):
    with path.open("a", encoding="utf-8") as out:
        print(*fields, sep=",", file=out)


def search(errors, limit, most):
    """The least number of iterations that is good enough, to within 1 %, if there is one up to `most`."""
    low, high = 0, 1
    while errors(high) > limit:
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1 + high // 100:
        middle = (low + high) // 2
        low, high = (low, middle) if errors(middle) <= limit else (middle, high)
    return high


def afresh(learner, problem, start):
    """Counts for every target, each from fits of their own: for learners with a memory beyond their factors."""

    @functools.cache
    def errors(iterations):
        return problem.error(learner.fit(learner.prepare(start), iterations))

    return [search(errors, limit, problem.iterations) for _, limit in problem.targets]


def onward(learner, problem, start):
    """The same from one fit that is continued by 1 % of its length at a time."""
    factors, done = learner.prepare(start), 0
    counts = [None] * len(problem.targets)
    while None in counts and done < problem.iterations:
        step = min(1 + done // 100, problem.iterations - done)
        factors, done = learner.fit(factors, step), done + step
        error = problem.error(factors)
        reached = [error <= limit for _, limit in problem.targets]
        counts = [done if known is None and now else known for known, now in zip(counts, reached, strict=True)]
    return counts


def count(folder, problem):
    for learner in learners(problem):
        print(f"    {learner.name}", file=sys.stderr)
        for start in range(len(problem.starts)):
            counts = learner.count(learner, problem, start)
            for (target, _), found in zip(problem.targets, counts, strict=True):
                append(folder / "counts.csv", problem.name, target, learner.name, start, found or "")


def clock(learner, start, iterations):
    factors = learner.prepare(start)
    begin = time.perf_counter()
    learner.fit(factors, iterations)
    return time.perf_counter() - begin


def fastest(learner, fits, seconds):
    """Seconds of the fastest of every fit, a start and a number of iterations; all at least once and until time is up."""
    times = [float("inf")] * len(fits)
    begin = time.perf_counter()
    while fits:
        times = [min(least, clock(learner, *fit)) for least, fit in zip(times, fits, strict=True)]
        if time.perf_counter() - begin >= seconds:
            break
    return times


def measure(folder, problem, turn, seconds):
    plan = table(folder / "plan.csv")
    for learner in learners(problem):
        for target, _ in problem.targets:
            key = [problem.name, target, learner.name]
            fits = [(int(start), int(iterations)) for *planned, start, iterations in plan if planned == key]
            for (start, _), least in zip(fits, fastest(learner, fits, seconds), strict=True):
                append(folder / "learn.csv", turn, *key, start, least)
        if problem.name == "digits 64×1797 K 16":
            brief, long = (fastest(learner, [(0, iterations)], 2 * seconds)[0] for iterations in (BRIEF, LONG))
            append(folder / "sweeps.csv", turn, problem.name, learner.name, (long - brief) / (LONG - BRIEF))


def main():
    task, folder, problem, *rest = sys.argv[1:]
    folder = Path(folder)
    problem = Problem(folder, problem)
    warnings.simplefilter("ignore")
    gc.disable()
    if task == "count":
        count(folder, problem)
    else:
        measure(folder, problem, rest[0], float(rest[1]))


main()
