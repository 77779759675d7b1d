//! `budget.toml`: what every figure may be.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use crate::Result;
use crate::figures::Figure;

const HEADER: &str = "\
# What the images may cost. `firmware/run` fails if a figure is more than 2 % above its budget, `firmware/run --bless`
# rewrites this file. Instructions are counted by QEMU; flash, RAM and stack are bytes.
";

pub struct Budget {
    path: PathBuf,
    document: DocumentMut,
}

impl Budget {
    pub fn load(root: &Path) -> Result<Self> {
        let path = root.join("budget.toml");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let document = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, document })
    }

    pub fn of(&self, figure: &Figure) -> Option<u64> {
        let entry = self.document.get(figure.board)?.get(&figure.image)?.get(figure.key())?;
        entry.as_integer().and_then(|value| value.try_into().ok())
    }

    /// Takes over the figures of a run: of `all` images, or in place of those of the same images.
    pub fn replace(&mut self, figures: &[Figure], compiler: &str, all: bool) -> Result<()> {
        let mut document = if all { DocumentMut::new() } else { self.document.clone() };
        for figure in figures {
            // In its place: what is taken out and put back would move to the end.
            let board = document.get_mut(figure.board).and_then(Item::as_table_mut);
            if let Some(image) = board.and_then(|board| board.get_mut(&figure.image)).and_then(Item::as_table_mut) {
                image.clear();
            }
        }
        document.insert("compiler", value(compiler));
        for figure in figures {
            let board = document.entry(figure.board).or_insert_with(implicit).as_table_mut();
            let image = board.map(|board| board.entry(&figure.image).or_insert_with(|| Item::Table(Table::new())));
            if let Some(image) = image.and_then(Item::as_table_mut) {
                let number = i64::try_from(figure.value).map_err(|error| error.to_string())?;
                image.insert(&figure.key(), value(number));
            }
        }
        let text = document.to_string();
        let text = text.strip_prefix(HEADER).unwrap_or(&text);
        std::fs::write(&self.path, format!("{HEADER}{text}"))
            .map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.document = document;
        Ok(())
    }

    /// Every figure that is above its budget or has none; if `all` were measured, also budgets without a figure.
    pub fn check(&self, figures: &[Figure], compiler: &str, all: bool) -> Vec<String> {
        let mut problems = Vec::new();
        let recorded = self.document.get("compiler").and_then(Item::as_str).unwrap_or("none");
        if recorded != compiler {
            problems.push(format!("budget.toml is of compiler {recorded}, this is {compiler}"));
        }
        for figure in figures {
            let name = format!("{}, {}, {}", figure.board, figure.image, figure.key());
            match self.of(figure) {
                None => problems.push(format!("{name}: {} has no budget; see --bless", figure.value)),
                Some(budget) if figure.value * 100 > budget * 102 => {
                    problems.push(format!("{name}: {} is more than 2 % above its budget of {budget}", figure.value));
                }
                Some(_) => {}
            }
        }
        if all && self.count() > figures.len() {
            problems.push(format!("budget.toml has {} entries, {} were measured", self.count(), figures.len()));
        }
        problems
    }

    fn count(&self) -> usize {
        let boards = self.document.iter().filter_map(|(_, board)| board.as_table());
        boards.flat_map(Table::iter).filter_map(|(_, image)| image.as_table()).map(Table::len).sum()
    }
}

/// A table that is named only by its children.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}
