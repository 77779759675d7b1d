//! Images: which there are, and where cargo puts them.

use std::path::PathBuf;
use std::process::Command;

use crate::board::Board;
use crate::tools::Tools;
use crate::{Result, elf};

pub const PROFILES: [&str; 2] = ["release", "small"];

/// Compared with C, and built with it.
const VERSUS: &str = "versus";

pub struct Image {
    pub name: String,
    pub profile: &'static str,
    pub path: PathBuf,
}

impl Image {
    pub fn opt_level(&self) -> &'static str {
        if self.profile == "small" { "s" } else { "3" }
    }

    /// False if it is only ever linked: the proof, and what does not fit the board.
    pub fn runs(&self, board: &Board) -> bool {
        match self.name.as_str() {
            "nopanic" => false,
            "piano" => board.ram >= 32 << 10,
            _ => true,
        }
    }

    /// Has no floating-point arithmetic of any precision.
    pub fn is_integer(&self) -> bool {
        self.name.ends_with("_q15")
    }

    /// Ends in a fault on purpose.
    pub fn faults(&self) -> bool {
        matches!(self.name.as_str(), "fault" | "overflow")
    }
}

/// Builds every image of a board.
/// `only`: no other than this one.
pub fn images(board: &Board, profile: &'static str, tools: &Tools, only: Option<&str>) -> Result<Vec<Image>> {
    match only {
        Some(VERSUS) => {}
        // What a size is compared with.
        Some(name) if name.starts_with(elf::SIZED) => {
            cargo(board, profile, tools, &["--bin", name, "--bin", elf::EMPTY])?
        }
        Some(name) => cargo(board, profile, tools, &["--bin", name])?,
        None => cargo(board, profile, tools, &["--bins"])?,
    }
    // The comparison is made at the highest level on both sides.
    let compared = board.compared && profile == "release";
    if compared && only.is_none_or(|name| name == VERSUS) {
        cargo(board, profile, tools, &["--bin", VERSUS, "--features", "c"])?;
    }
    let folder = tools.root.join("target").join(board.target).join(profile);
    let sources = std::fs::read_dir(tools.root.join("src/bin")).map_err(|error| format!("src/bin: {error}"))?;
    let paths = sources.filter_map(|file| file.ok().map(|file| file.path()));
    let mut names: Vec<String> =
        paths.filter_map(|path| path.file_stem().and_then(|name| name.to_str()).map(str::to_owned)).collect();
    let wanted = |only: &str, name: &str| name == only || (name == elf::EMPTY && only.starts_with(elf::SIZED));
    names.retain(|name| (name != VERSUS || compared) && only.is_none_or(|only| wanted(only, name)));
    names.sort();
    Ok(names.into_iter().map(|name| Image { path: folder.join(&name), name, profile }).collect())
}

fn cargo(board: &Board, profile: &str, tools: &Tools, what: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(&tools.root).args(["build", "--quiet", "--profile", profile, "--target", board.target]);
    command.args(what).env("CMSIS_DSP", &tools.cmsis);
    let output = command.output().map_err(|error| format!("cargo: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let why = if message.contains("a_panic_is_reachable") { ": an image can panic" } else { "" };
    Err(format!("{} does not build with profile {profile}{why}\n{message}", board.target))
}
