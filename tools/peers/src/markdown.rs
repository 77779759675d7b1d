//! What the reports have in common.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::exchange::table;

/// Three digits.
pub fn three(value: f64) -> String {
    let decimals = 2 - value.abs().log10().floor().clamp(-2., 2.) as i32;
    format!("{value:.*}", decimals as usize)
}

/// What ran, in which version.
pub fn versions(folder: &Path) -> Result<String> {
    let versions = table::<2>(&folder.join("versions.csv"))?;
    let versions: Vec<_> = versions.iter().map(|version| version.join(" ").trim().to_owned()).collect();
    Ok(versions.join(" · "))
}

/// Puts `text` between the marks of `name` in a document.
pub fn publish(document: &Path, name: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(document)?;
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let missing = || format!("{}: no marks of {name}", document.display());
    let (before, rest) = old.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(fs::write(document, format!("{before}{begin}{}\n{end}{after}", text.trim_end()))?)
}
