//! Tables that fit the terminal.

use std::io::IsTerminal as _;

/// The blanks between two columns.
const GAP: usize = 2;

/// A column of a table.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// The columns with the highest numbers are left out first; those with 0 are always shown.
    pub(crate) drop_order: u8,
    pub(crate) cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(self.title.chars().count())
    }
}

/// A table with titles.
pub(crate) struct Table {
    columns: Vec<Column>,
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// Returns the lines, with the columns that fit the terminal on standard output, or with all columns if that is none.
    pub(crate) fn lines(self) -> Vec<String> {
        self.fitted(terminal_width())
    }

    /// Returns the lines, with the columns that fit into this width.
    pub(crate) fn fitted(mut self, width: usize) -> Vec<String> {
        while self.width() > width {
            let last = self.columns.iter().map(|column| column.drop_order).max();
            match last {
                Some(last) if last > 0 => self.columns.retain(|it| it.drop_order != last),
                _ => break,
            }
        }
        let rows = self.columns.first().map_or(0, |column| column.cells.len());
        let title = self.line(|column| column.title);
        let rows = (0..rows)
            .map(|row| self.line(|column| column.cells.get(row).map_or("", String::as_str)));
        std::iter::once(title).chain(rows).collect()
    }

    fn width(&self) -> usize {
        let widths: usize = self.columns.iter().map(Column::width).sum();
        widths + GAP * self.columns.len().saturating_sub(1)
    }

    fn line<'a>(&'a self, cell: impl Fn(&'a Column) -> &'a str) -> String {
        let cells = self.columns.iter().map(|column| {
            let width = column.width();
            format!("{:<width$}", cell(column))
        });
        let cells: Vec<_> = cells.collect();
        let gap = " ".repeat(GAP);
        cells.join(&gap).trim_end().to_owned()
    }
}

/// Returns the width of the terminal on standard output; a pipe and a file have no limit.
fn terminal_width() -> usize {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return usize::MAX;
    }
    terminal_size::terminal_size_of(stdout).map_or(usize::MAX, |(width, _)| width.0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |title, drop_order, cells: [&str; 2]| Column {
            title,
            drop_order,
            cells: cells.map(str::to_owned).to_vec(),
        };
        Table::new(vec![
            column("NAME", 0, ["a", "bbbbbb"]),
            column("MORE", 2, ["1", ""]),
            column("LESS", 1, ["", "2"]),
        ])
    }

    #[test]
    fn columns_are_left_out_in_order() {
        let lines = |width| table().fitted(width);
        assert_eq!(
            lines(18),
            ["NAME    MORE  LESS", "a       1", "bbbbbb        2"]
        );
        assert_eq!(lines(17), ["NAME    LESS", "a", "bbbbbb  2"]);
        assert_eq!(lines(11), ["NAME", "a", "bbbbbb"]);
        assert_eq!(lines(1), lines(11));
    }
}
