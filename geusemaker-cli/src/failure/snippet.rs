//! The place of a problem in a spec, as the Rust tools show it.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use geusemaker_core::spec::SpecError;

/// Returns the lines with the place of the problem; none if it is not known or may have a secret.
pub(super) fn lines(error: &SpecError) -> Vec<String> {
    let (Some(excerpt), Some(number)) = (error.excerpt(), error.line()) else {
        return Vec::new();
    };
    let marked = AnnotationKind::Primary.span(excerpt.marked());
    let snippet = Snippet::source(excerpt.line())
        .line_start(number)
        .path(error.file().map(|file| file.display().to_string()))
        .annotation(marked);
    let report = [Group::with_level(Level::ERROR).element(snippet)];
    let rendered = Renderer::plain().render(&report);
    rendered.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use geusemaker_core::DeploymentSpec;

    use super::lines;

    #[test]
    fn place_is_marked() {
        let spec = "name = 'llm'\ntier = 4 # ü\ncompute.instance_type = 'g5.xlarge'";
        let error = DeploymentSpec::from_toml(spec).unwrap_err();
        assert_eq!(lines(&error), ["  |", "2 | tier = 4 # ü", "  |        ^"]);
    }
}
