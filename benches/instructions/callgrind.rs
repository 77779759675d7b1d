//! Counts by callgrind: this program runs itself under valgrind, which writes a profile whenever [`region`] returns.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::figure::{Figure, Key};

/// The argument of the run that is counted.
pub const COUNTED: &str = "--counted";

/// [`region`], as valgrind names it.
const REGION: &str = "instructions::callgrind::region";

const MISSING: &str = "valgrind is missing; install it with: apt-get install -y --no-install-recommends valgrind";

/// What is counted. Not inlined, and something follows the call: a jump in its place would leave the region early.
#[inline(never)]
fn region(work: &mut dyn FnMut()) {
    work();
    black_box(());
}

/// One count of the figure `key`.
pub fn count(key: &Key, work: &mut dyn FnMut()) {
    region(work);
    let Key { what, shape: [m, n, k], scalar } = key;
    println!("{what}\t{m}\t{n}\t{k}\t{scalar}");
}

/// Runs this program under callgrind: a figure for every key, in the order of their first counts. Leaves the profiles of all counts in
/// one file, `profile`.
pub fn figures(profile: &Path) -> Result<Vec<Figure>, String> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Err(MISSING.into());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // Profiles are appended.
    if profile.exists() {
        std::fs::remove_file(profile).map_err(|error| format!("{}: {error}", profile.display()))?;
    }
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--combine-dumps=yes"])
        .arg(format!("--toggle-collect={REGION}"))
        .arg(format!("--dump-after={REGION}"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .arg(COUNTED)
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let profile = std::fs::read_to_string(profile).map_err(|error| format!("{}: {error}", profile.display()))?;
    collect(&String::from_utf8_lossy(&output.stdout), &profile)
}

/// A line of `keys` for every profile but the last, which valgrind writes at the end.
fn collect(keys: &str, profiles: &str) -> Result<Vec<Figure>, String> {
    let counts: Option<Vec<u64>> =
        profiles.lines().filter_map(|line| line.strip_prefix("totals: ")).map(|total| total.parse().ok()).collect();
    let counts = counts.ok_or("callgrind: totals that are no numbers")?;
    let keys: Option<Vec<Key>> = keys.lines().map(key).collect();
    let keys = keys.ok_or("a line that names no figure")?;
    if counts.len() != keys.len() + 1 {
        return Err(format!("{} profiles for {} counts: does valgrind see {REGION}?", counts.len(), keys.len()));
    }
    let mut groups: Vec<(Key, Vec<u64>)> = Vec::new();
    for (key, count) in keys.into_iter().zip(counts) {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, counts)) => counts.push(count),
            None => groups.push((key, vec![count])),
        }
    }
    Ok(groups.into_iter().map(|(key, counts)| Figure::new(key, counts)).collect())
}

fn key(line: &str) -> Option<Key> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [what, m, n, k, scalar] = fields[..] else { return None };
    let shape = [m.parse().ok()?, n.parse().ok()?, k.parse().ok()?];
    Some(Key { what: what.to_owned(), shape, scalar: scalar.to_owned() })
}
