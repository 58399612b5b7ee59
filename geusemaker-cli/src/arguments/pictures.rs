//! The arguments of the commands that draw a stack.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::OsStringValueParser;
use clap::{Args, ValueEnum};

use super::{Name, SpecFile, Variables};

pub(super) const GRAPH_EXAMPLES: &str = "Examples:
  gm graph llm                         the stack llm, as a tree
  gm graph gm.toml                     what the spec would create; AWS is not asked
  gm graph llm --format svg > llm.svg
  gm graph llm --format mermaid        for a README or a wiki";

#[derive(Args, Debug)]
pub(crate) struct Graph {
    /// Stack, or TOML file that describes one; - reads it from standard input
    #[arg(value_name = "NAME|SPEC", default_value = SpecFile::DEFAULT, value_parser = OsStringValueParser::new())]
    pub(crate) of: OsString,
    /// Form of the picture
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: GraphFormat,
    #[command(flatten)]
    pub(crate) variables: Variables,
}

impl Graph {
    /// Returns the spec, if the argument is one: a file that exists, a name that ends with .toml, or standard input.
    pub(crate) fn spec(&self) -> Option<SpecFile> {
        let path = Path::new(&self.of);
        let is_file = || path.exists() && !path.is_dir();
        let is_toml = || path.extension().is_some_and(|it| it == "toml");
        let is_spec = self.of == "-" || is_toml() || is_file();
        is_spec.then(|| SpecFile {
            spec: path.to_owned(),
            variables: self.variables.clone(),
        })
    }
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A tree for people
    #[default]
    Text,
    /// A flowchart of Mermaid
    Mermaid,
    /// An image, light or dark as the reader prefers
    Svg,
}

pub(super) const REPORT_EXAMPLES: &str = "Examples:
  gm report llm --html llm.html
  gm report llm --html - | less        to standard output";

#[derive(Args, Debug)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) name: Name,
    /// File to write; - writes to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
    /// Write over a file that is no report of gm
    #[arg(long)]
    pub(crate) force: bool,
}
