//! What the library cannot learn from a `cfg` of the compiler.

/// Arm targets whose cores have no multiplication of 32 × 32 bits with a result of 64: those that
/// know 16-bit Thumb only.
const SHORT: [&str; 4] = ["thumbv4t-", "thumbv5te-", "thumbv6m-", "thumbv8m.base-"];

/// Whether products are to be made of short multiplications.
pub fn is_short(target: &str) -> bool {
    SHORT.iter().any(|prefix| target.starts_with(prefix))
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if is_short(&std::env::var("TARGET").unwrap_or_default()) {
        println!("cargo::rustc-cfg=tinynmf_short");
    }
}
