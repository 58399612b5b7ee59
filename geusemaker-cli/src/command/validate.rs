//! `gm validate`: checks a spec without asking AWS.

use geusemaker_core::words::count;

use super::spec;
use crate::arguments::SpecFile;
use crate::document::Document;
use crate::failure::Failure;
use crate::settings::Settings;

pub(crate) fn run(settings: &Settings, file: &SpecFile) -> Result<Document, Failure> {
    let spec = spec::parse(settings, file)?.spec;
    let warnings: Vec<_> = spec.warnings().iter().map(ToString::to_string).collect();
    let shown = warnings.iter().map(|warning| format!("warning: {warning}"));
    Ok(Document::ok()
        .member("name", spec.name())
        .member("tier", spec.tier())
        .member("spec", &spec)
        .member("warnings", &warnings)
        .line(format!(
            "{} is valid: {}, tier {}, {}",
            file.spec.display(),
            spec.name(),
            spec.tier().number(),
            count(spec.services().len(), "service")
        ))
        .lines(shown.collect::<Vec<_>>()))
}
