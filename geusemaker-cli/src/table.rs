//! Tables that fit the terminal.
//!
//! Where there is no room for all columns, those that matter least are left out, and then the first one is cut. A pipe has
//! room for everything.

use std::io::IsTerminal as _;

use terminal_size::{Height, Width};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The spaces before a row, and those between two columns.
const GAP: usize = 2;

/// The width below which no column is cut.
const NARROWEST: usize = 8;

/// Returns the width of the terminal at standard output, or `None` if that is no terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = terminal_size()?;
    // A terminal that does not know its size says 0.
    Some(width).filter(|width| *width > 0)
}

/// Returns the width and the height of the terminal at standard output.
pub(crate) fn terminal_size() -> Option<(usize, usize)> {
    let (Width(width), Height(height)) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some((usize::from(width), usize::from(height)))
}

/// A table: rows below titles, in columns.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    header: [&'static str; N],
    /// The columns to leave out where there is no room, in this order.
    dispensable: &'static [usize],
    lines: Vec<Line<N>>,
}

#[derive(Debug)]
enum Line<const N: usize> {
    Row([String; N]),
    /// A line of its own above rows.
    Title(String),
    /// A line of its own that belongs to the row before it.
    Note(String),
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(header: [&'static str; N], dispensable: &'static [usize]) -> Self {
        Self {
            header,
            dispensable,
            lines: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, row: [String; N]) {
        self.lines.push(Line::Row(row));
    }

    pub(crate) fn title(&mut self, title: impl Into<String>) {
        self.lines.push(Line::Title(title.into()));
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.lines.push(Line::Note(note.into()));
    }

    /// Returns the lines of the table in a width, or as wide as they are.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let mut widths = self.widths();
        if let Some(width) = width {
            self.fit(&mut widths, width);
        }
        let mut lines = vec![row(&self.header, &widths)];
        for line in &self.lines {
            match line {
                Line::Row(cells) => lines.push(row(cells, &widths)),
                Line::Title(title) => lines.extend(wrapped(title, width)),
                Line::Note(note) => lines.extend(wrapped(&format!("    {note}"), width)),
            }
        }
        lines
    }

    /// Returns the width of each column: none for one without content.
    fn widths(&self) -> [Option<usize>; N] {
        let rows = || {
            self.lines.iter().filter_map(|line| match line {
                Line::Row(cells) => Some(cells),
                Line::Title(_) | Line::Note(_) => None,
            })
        };
        std::array::from_fn(|column| {
            let widest = rows().map(|row| row[column].width()).max();
            let widest = widest.filter(|width| *width > 0);
            widest.map(|width| width.max(self.header[column].width()))
        })
    }

    fn fit(&self, widths: &mut [Option<usize>; N], width: usize) {
        for column in self.dispensable {
            if total(widths) <= width {
                return;
            }
            widths[*column] = None;
        }
        let over = total(widths).saturating_sub(width);
        if let Some(first) = widths.first_mut().and_then(Option::as_mut) {
            *first = first.saturating_sub(over).max(NARROWEST);
        }
    }
}

fn total<const N: usize>(widths: &[Option<usize>; N]) -> usize {
    widths.iter().flatten().map(|width| width + GAP).sum()
}

fn row<const N: usize, T: AsRef<str>>(cells: &[T; N], widths: &[Option<usize>; N]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let Some(width) = *width else { continue };
        let cell = cut(cell.as_ref(), width);
        let padding = width.saturating_sub(cell.width());
        line.push_str(&" ".repeat(GAP));
        line.push_str(&cell);
        line.push_str(&" ".repeat(padding));
    }
    line.truncate(line.trim_end().len());
    line
}

/// Cuts a text to a width, and marks the cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut short = String::new();
    for character in text.chars() {
        let taken = character.width().unwrap_or(0);
        if taken > room {
            break;
        }
        room -= taken;
        short.push(character);
    }
    short + "…"
}

/// Breaks a line between words, with the further lines as far from the edge as the first and a little more.
pub(crate) fn wrapped(line: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.filter(|width| line.width() > *width) else {
        return vec![line.to_owned()];
    };
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let mut lines = Vec::new();
    let mut current = " ".repeat(indent);
    let mut is_fresh = true;
    for word in text.split(' ') {
        if !is_fresh && current.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent + GAP)));
            is_fresh = true;
        }
        if !is_fresh {
            current.push(' ');
        }
        current.push_str(word);
        is_fresh = false;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::{Table, cut, wrapped};

    fn table() -> Table<4> {
        let mut table = Table::new(["NAME", "STATE", "ID", "NOTHING"], &[2]);
        table.title("instances");
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        table.row(row([
            "storage security group",
            "available",
            "sg-0123456789abcdef0",
            "",
        ]));
        table.row(row(["instance 0", "running", "i-0123456789abcdef0", ""]));
        table.note("a note about it");
        table
    }

    #[test]
    fn pipe_has_all_columns_with_content() {
        assert_eq!(
            table().lines(None),
            [
                "  NAME                    STATE      ID",
                "instances",
                "  storage security group  available  sg-0123456789abcdef0",
                "  instance 0              running    i-0123456789abcdef0",
                "    a note about it",
            ]
        );
    }

    #[test]
    fn narrow_terminal_has_fewer_columns() {
        assert_eq!(
            table().lines(Some(40))[2..4],
            [
                "  storage security group  available",
                "  instance 0              running",
            ]
        );
        assert_eq!(table().lines(Some(25))[2], "  storage sec…  available");
    }

    /// Whatever the width is, no line is wider; a column keeps some width though.
    #[test]
    fn lines_fit_each_width() {
        for width in 22..130 {
            for line in table().lines(Some(width)) {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("日本語のモデル", 7), "日本語…");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn line_breaks_between_words() {
        assert_eq!(
            wrapped("  one two three", Some(10)),
            ["  one two", "    three"]
        );
        assert_eq!(wrapped("  one two three", None), ["  one two three"]);
    }
}
