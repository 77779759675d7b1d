//! What the runner needs from the machine, and how to install what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// Release of the CMSIS-DSP sources, from the Python package index.
const CMSIS: &str = "cmsisdsp-1.10.3";

pub struct Tools {
    /// The folder `firmware`.
    pub root: PathBuf,
    /// `rustc` release.
    pub compiler: String,
    pub objdump: PathBuf,
    pub cmsis: PathBuf,
}

/// The folder `firmware`.
pub fn root() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the runner lies in firmware/runner")?.to_owned())
}

pub fn find() -> Result<Tools> {
    let root = root()?;
    let mut missing = Vec::new();
    let mut program = |name: &str, how: &str| {
        if Command::new(name).arg("--version").output().is_err() {
            missing.push(format!("{name} is missing; install it with: {how}"));
        }
    };
    program("qemu-system-arm", "apt-get install -y --no-install-recommends qemu-system-arm");
    program("qemu-system-riscv32", "apt-get install -y --no-install-recommends qemu-system-misc");
    program(
        "arm-none-eabi-gcc",
        "apt-get install -y --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi",
    );
    let sysroot = PathBuf::from(output("rustc", &["--print", "sysroot"])?);
    let version = output("rustc", &["-vV"])?;
    let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let objdump = sysroot.join("lib/rustlib").join(field("host: ")).join("bin/llvm-objdump");
    if !objdump.exists() {
        missing.push("llvm-objdump is missing; install it with: rustup component add llvm-tools (in firmware/)".into());
    }
    for board in crate::BOARDS {
        if !sysroot.join("lib/rustlib").join(board.target).exists() {
            let target = board.target;
            missing.push(format!(
                "target {target} is missing; install it with: rustup target add {target} (in firmware/)"
            ));
        }
    }
    let cmsis = std::env::var_os("CMSIS_DSP").map_or_else(|| root.join("target").join(CMSIS), PathBuf::from);
    if !cmsis.join("Source").exists() {
        missing.push(format!(
            "CMSIS-DSP is missing in {}; get it with: firmware/get-cmsis-dsp, or point CMSIS_DSP to its sources",
            cmsis.display()
        ));
    }
    if missing.is_empty() {
        Ok(Tools { root, compiler: field("release: "), objdump, cmsis })
    } else {
        Err(missing.join("\nfirmware/run: "))
    }
}

/// Standard output of a program that must succeed, trimmed.
pub fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
