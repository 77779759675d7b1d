#!/usr/bin/env bash
# Every check, in the order of its cost. Installs nothing; says what is missing.
# `./ci.sh quick`: what needs only a Rust toolchain and Python, for the time between two edits.
set -euo pipefail
cd "$(dirname "$0")"

MSRV=1.89.0
TARGETS="thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf thumbv8m.main-none-eabihf riscv32imc-unknown-none-elf"

step() {
  printf '\n== %s  (%ds)\n' "$1" "$SECONDS"
  shift
  "$@"
}

missing() {
  echo "ci.sh: missing: $1" >&2
  echo "ci.sh: install it with: $2" >&2
  exit 1
}

if [ "${1:-}" = quick ]; then
  step "links and the address of the project" python3 tools/check_publish.py
  step "format" cargo fmt --all --check
  step "clippy" cargo clippy --all-targets -- -D warnings
  step "unit tests, and the bits of every solver and coder" cargo test --package tinynmf --lib --test digest
  printf '\nThe quick checks passed in %d s.\n' "$SECONDS"
  exit
fi
[ $# = 0 ] || { echo "ci.sh: unknown argument: $*; either nothing or quick" >&2; exit 2; }

command -v rustup >/dev/null || missing rustup "https://rustup.rs"
installed=$(rustup target list --installed)
for target in $TARGETS; do
  grep -qx "$target" <<<"$installed" || missing "target $target" "rustup target add $target"
done
[ -x target/python/bin/python ] || missing "Python with scikit-learn" \
  "python3 -m venv target/python && target/python/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1"
rustup toolchain list | grep -q "^$MSRV" || missing "Rust $MSRV" "rustup toolchain install $MSRV --profile minimal"
command -v valgrind >/dev/null || missing valgrind "apt-get install -y --no-install-recommends valgrind"
rustup toolchain list | grep -q "^1.95.0" || missing "Rust 1.95.0" "rustup toolchain install 1.95.0 --profile minimal"

step "links and the address of the project" python3 tools/check_publish.py
step "format" cargo fmt --all --check
step "format of the firmware" cargo fmt --manifest-path firmware/Cargo.toml --all --check
step "clippy" cargo clippy --all-targets -- -D warnings
step "clippy with std and serde" cargo clippy --all-targets --features std,serde -- -D warnings
step "clippy of the firmware" cargo clippy --manifest-path firmware/Cargo.toml --target thumbv7em-none-eabihf --bins -- -D warnings
step "clippy of its runner" cargo clippy --manifest-path firmware/Cargo.toml --package tinynmf-firmware-runner -- -D warnings

# The command of the README.
step "tests" cargo test
# In release what optimisation could change: the bits of every solver and coder, with eight lanes as here and with one as on a
# microcontroller, and integers that would wrap; with one lane, std and serde also what every solver promises, and on extreme data. What else
# the tests say about those bits is as true as in the debug build.
step "tests in release" cargo test --release --lib --test digest --test integer --test online
narrow() {
  CARGO_TARGET_DIR=target/narrow RUSTFLAGS="--cfg tinynmf_narrow" cargo test --release --features std,serde "$@"
}
one_lane() {
  narrow --lib --test digest --test serde
  narrow --test fits -- solvers:: stress::
}
step "tests in release with one lane, std and serde" one_lane

docs() { RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --features std,serde; }
step "documentation" docs

# As docs.rs builds it, whose compiler knows `doc_cfg`: with this switch the stable one does too.
docs_rs() {
  CARGO_TARGET_DIR=target/docsrs RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS="--cfg docsrs -D warnings" cargo doc --no-deps -p tinynmf --all-features
}
step "documentation as on docs.rs" docs_rs

# What would be uploaded, built from the archive. Nothing is uploaded. Any warning is a fault but these: tests and benches stay at
# home, the publisher fills in the address (CONTRIBUTING), the version may be out already.
package() {
  local changed
  changed=$(git status --porcelain 2>/dev/null | head -n 1)
  cargo publish --dry-run --package tinynmf ${changed:+--allow-dirty} 2>&1 | tee target/package.txt
  ! grep '^warning: ' target/package.txt | grep -v -e 'is not included in the published package$' \
    -e 'manifest has no documentation, homepage or repository$' -e 'already exists on' -e 'aborting upload due to dry run$' \
    -e 'spec `tinynmf-examples` in profile `test` did not match any packages$'
}
step "package" package

msrv() { CARGO_TARGET_DIR=target/msrv cargo "+$MSRV" build --features std,serde; }
step "build with Rust $MSRV" msrv

step "serde without std" cargo build --target thumbv6m-none-eabi --features serde

step "tests of the firmware runner" cargo test --manifest-path firmware/Cargo.toml --package tinynmf-firmware-runner
# Every image on five targets at both levels (none links if a panic is reachable), run on six emulated cores, against the budgets.
# It builds, it does not only check: const assertions fire when code is generated.
step "firmware" firmware/run

# The proof must be able to fail: with a reachable panic the same image does not link.
control() {
  local log
  if log=$(cd firmware && cargo build --quiet --release --target thumbv7em-none-eabihf --bin nopanic --features control 2>&1); then
    echo "the control image linked although it can panic" >&2
    return 1
  fi
  grep -q a_panic_is_reachable <<<"$log"
}
step "its control" control

# A picture in docs/ is, byte for byte, what its program draws.
picture() {
  cmp "target/$1.svg" "docs/pictures/$1.svg" || {
    echo "ci.sh: the program draws another picture; look at it, then: cp target/$1.svg docs/pictures/" >&2
    return 1
  }
}
# Counts on this machine against benches/instructions/baseline.csv, and how they grow with M, N and K.
step "instruction counts" benches/run
step "growth" cargo run --release -p experiments --bin growth
step "its picture" picture growth
# Fails by itself if a bit differs from the serial restarts; overflows its stack if megabytes pass over it.
step "parallel" cargo run --release --example parallel

# The first command of the README: its error and its picture.
quickstart() {
  cargo run --release --example quickstart | tee target/quickstart.txt
  awk '/^relative error/ { good = $5 > 0 && $5 <= 0.2572 } END { exit !good }' target/quickstart.txt
}
step "quickstart" quickstart
step "its picture" picture quickstart
# Pages that a program prints. `notebooks` also fails by itself if a median is above its bound.
page() {
  cargo run --release -p experiments --bin "$2" >"target/$1.md"
  diff "docs/$1.md" "target/$1.md"
}
step "docs/notebooks.md" page notebooks notebooks
step "its picture" picture notebooks
step "docs/quality.md" page quality quality_page
# Fails by itself if the mean predicts better than the fit.
step "recommender" cargo run --release --example recommender
rank() {
  cargo run --release --example rank | tee target/rank.txt
  awk '/← / { print $1; exit }' target/rank.txt | grep -qx 3
}
step "rank" rank
step "its picture" picture rank
# These fail by themselves: F1 below 0.95, a dictionary that does not follow, an error that grows.
step "piano" cargo run --release --example piano
step "its picture" picture piano
step "drift" cargo run --release --example drift
step "its picture" picture drift
step "soak, 200 000 of ten million frames" cargo run --release --example soak -- 200000
# The dictionaries of the firmware are those that the examples write.
exported() {
  cargo run --release --example export
  cmp target/digits.rs firmware/src/digits.rs
  cargo run --release --example export_q15
  cmp target/digits_q15.rs firmware/src/digits_q15.rs
}
step "export" exported
from_sklearn() {
  target/python/bin/python tools/from_sklearn.py
  cargo run --release --example from_sklearn
}
step "a dictionary of scikit-learn" from_sklearn
# Compiled by `cargo test` already; in release it takes minutes to compile.
step "quality, one start" cargo run -p experiments --bin quality -- --starts 1 --problem V

printf '\nAll checks passed in %d s.\n' "$SECONDS"
