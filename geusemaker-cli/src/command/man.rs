//! `gm man`: prints a manual page, or writes all of them.

use std::path::Path;

use clap::{Command, CommandFactory as _};

use crate::arguments::{Arguments, Man};
use crate::document::Document;
use crate::failure::Failure;

pub(crate) fn run(man: &Man) -> Result<Document, Failure> {
    let mut all = Arguments::command();
    if let Some(folder) = &man.dir {
        return write(all, folder);
    }
    // Names the subcommands as a whole: gm-deploy.
    all.build();
    let mut command = &all;
    for name in &man.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let words = man.command.join(" ");
            Failure::usage(format!("gm has no command {words:?}: gm --help lists them"))
        })?;
    }
    let page = page(command)?;
    Ok(Document::ok().member("page", &page).line(page.trim_end()))
}

fn write(all: Command, folder: &Path) -> Result<Document, Failure> {
    let failed = |error| Failure::local(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(all, folder).map_err(failed)?;
    Ok(Document::ok()
        .member("dir", folder)
        .line(format!("manual pages in {}", folder.display())))
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::local(format!("the manual page cannot be made: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
