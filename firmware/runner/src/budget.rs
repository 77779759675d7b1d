//! `budget.toml`: what every figure may be.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use crate::Result;
use crate::board::BOARDS;
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

    /// Every budget as the figure it was taken from. Painted stack is left out: it is a lower bound, and the worst case by the call
    /// graph stands beside it.
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for board in &BOARDS {
            let images = self.document.get(board.name).and_then(Item::as_table).into_iter().flat_map(Table::iter);
            for (image, entries) in images {
                for (key, item) in entries.as_table().into_iter().flat_map(Table::iter) {
                    let (shape, metric) = split(key);
                    let value = item.as_integer().and_then(|value| value.try_into().ok());
                    let Some(value) = value.filter(|_| !metric.contains("stack, opt")) else { continue };
                    let (image, shape, metric) = (image.to_owned(), shape.to_owned(), metric.to_owned());
                    figures.push(Figure { board: board.name, image, shape, metric, value });
                }
            }
        }
        figures
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

/// Shape and metric of a key: `64x1x8 encode stack, opt 3`, or a metric alone.
fn split(key: &str) -> (&str, &str) {
    let is_shape = |word: &str| word.contains('x') && word.chars().all(|c| c == 'x' || c.is_ascii_digit());
    key.split_once(' ').filter(|(word, _)| is_shape(word)).unwrap_or(("", key))
}

/// A table that is named only by its children.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_apart_as_it_was_put_together() {
        assert_eq!(split("64x1x8 encode stack, opt 3"), ("64x1x8", "encode stack, opt 3"));
        assert_eq!(
            split("10x1x3 300 projections instructions, opt s"),
            ("10x1x3", "300 projections instructions, opt s")
        );
        assert_eq!(split("flash above an empty image, opt s"), ("", "flash above an empty image, opt s"));
    }

    #[test]
    fn figures_are_the_budgets_without_painted_stack() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let budget = Budget::load(root).unwrap();
        let figures = budget.figures();
        assert!(figures.iter().all(|figure| budget.of(figure) == Some(figure.value)));
        assert!(!figures.iter().any(|figure| figure.metric.ends_with("stack, opt 3")));
        assert!(figures.iter().any(|figure| figure.metric == "encode stack, worst case, opt 3"));
    }
}
