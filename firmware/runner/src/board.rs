//! The emulated boards.

use std::process::Command;

/// A machine of QEMU and how to compile for it.
pub struct Board {
    /// As QEMU calls it.
    pub name: &'static str,
    /// What the README calls it.
    pub core: &'static str,
    pub target: &'static str,
    /// So that the disassembler knows floating-point instructions, which this target's own name does not tell it.
    pub features: &'static str,
    /// Soft floating point: no double-precision routine may be linked into f32 images.
    pub soft: bool,
    /// Bytes of RAM for statics and stack.
    pub ram: u32,
    /// Compared with C: the cores with a floating-point unit, where no library of soft floating point takes part.
    pub compared: bool,
}

pub const BOARDS: [Board; 6] = [
    Board {
        name: "microbit",
        core: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        features: "--mattr=",
        soft: true,
        ram: 16 << 10,
        compared: false,
    },
    Board {
        name: "mps2-an385",
        core: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        features: "--mattr=",
        soft: true,
        ram: 4 << 20,
        compared: false,
    },
    Board {
        name: "mps2-an386",
        core: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        features: "--mattr=",
        soft: false,
        ram: 4 << 20,
        compared: true,
    },
    Board {
        name: "mps2-an500",
        core: "Cortex-M7",
        target: "thumbv7em-none-eabihf",
        features: "--mattr=",
        soft: false,
        ram: 4 << 20,
        compared: true,
    },
    Board {
        name: "mps2-an505",
        core: "Cortex-M33",
        target: "thumbv8m.main-none-eabihf",
        features: "--mattr=+fp-armv8d16sp",
        soft: false,
        ram: 4 << 20,
        compared: true,
    },
    Board {
        name: "virt",
        core: "RV32IMC",
        target: "riscv32imc-unknown-none-elf",
        features: "--mattr=",
        soft: true,
        ram: 4 << 20,
        compared: false,
    },
];

pub fn names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}

impl Board {
    pub fn is_arm(&self) -> bool {
        self.target.starts_with("thumb")
    }

    /// Instructions are counted, so that the same program takes the same virtual time on any host: 64 ns each on Arm, where
    /// SysTick has no finer resolution, 1 ns on RISC-V.
    pub fn emulator(&self) -> Command {
        let (program, count) =
            if self.is_arm() { ("qemu-system-arm", "shift=6") } else { ("qemu-system-riscv32", "shift=0") };
        let mut command = Command::new(program);
        command.args(["-machine", self.name, "-icount", count, "-nographic", "-monitor", "none", "-serial", "none"]);
        command.args(["-semihosting-config", "enable=on,target=native"]);
        if !self.is_arm() {
            command.args(["-bios", "none", "-m", "16M"]);
        }
        command.arg("-kernel");
        command
    }
}
