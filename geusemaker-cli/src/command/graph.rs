//! `gm graph`: draws which resource of a stack, or of a spec, needs which.

use geusemaker_core::words::count;
use geusemaker_core::{Error, StackName};

use super::spec;
use super::status::no_such_stack;
use crate::arguments::{Graph, GraphFormat, SpecFile};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;
use crate::graph::{lines, mermaid, svg};
use crate::screen::Screen;
use crate::settings::Settings;
use crate::table::{terminal_width, wrapped};

/// Draws what a spec would create. No account is needed.
pub(crate) fn of_spec(
    asked: &Graph,
    file: &SpecFile,
    settings: &Settings,
    screen: &Screen,
) -> Result<Document, Failure> {
    let spec = spec::parse(settings, file)?.spec;
    // A stack may have the same name as the file.
    let may_be_name = asked
        .of
        .to_str()
        .is_some_and(|it| it.parse::<StackName>().is_ok());
    if may_be_name && !settings.quiet.value {
        let shown = file.spec.display();
        screen.print(&format!(
            "{shown} is a file, so it is read as a spec; for the stack {shown}, run gm in another directory"
        ));
    }
    let graph = geusemaker_core::Graph::of_spec(&spec);
    Ok(drawn(asked, &graph, "would be created"))
}

/// Draws a stack, as its journal knows it.
pub(crate) async fn of_stack(context: &Context, asked: &Graph) -> Result<Document, Failure> {
    let text = asked.of.to_string_lossy();
    let name: StackName = text.parse().map_err(|error| {
        Failure::usage(format!(
            "{text:?} is neither a file nor the name of a stack: {error}"
        ))
        .remedy("name a spec that exists, or a stack that gm list shows")
    })?;
    match context.session.summary(&name).await {
        Ok(status) => {
            let graph = geusemaker_core::Graph::of_stack(&status);
            Ok(drawn(asked, &graph, "as the journal has them"))
        }
        Err(error @ Error::NoSuchStack { .. }) => Err(no_such_stack(context, &name, &error).await),
        Err(error) => Err(Failure::unchanged(&error, name.as_str())),
    }
}

fn drawn(asked: &Graph, graph: &geusemaker_core::Graph, how: &str) -> Document {
    let document = Document::ok()
        .member("name", &graph.stack)
        .member("tier", graph.tier)
        .member("nodes", &graph.nodes)
        .member("edges", &graph.edges)
        .member("unknown", &graph.unknown);
    let picture = match asked.format {
        GraphFormat::Text => return document.lines(tree(graph, how)),
        GraphFormat::Mermaid => mermaid(graph),
        GraphFormat::Svg => svg(graph),
    };
    document.member("picture", &picture).line(picture)
}

fn tree(graph: &geusemaker_core::Graph, how: &str) -> Vec<String> {
    let width = terminal_width();
    let head = format!(
        "{}: tier {}, {}, {how}",
        graph.stack,
        graph.tier.number(),
        count(graph.nodes.len(), "resource")
    );
    let mut all = wrapped(&head, width);
    all.extend(lines(graph, width));
    if !graph.unknown.is_empty() {
        all.extend(wrapped("only AWS can say:", width));
    }
    for sentence in &graph.unknown {
        all.extend(wrapped(&format!("  {sentence}"), width));
    }
    all
}
