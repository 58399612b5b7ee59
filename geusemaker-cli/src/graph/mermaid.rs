//! The graph as a flowchart of Mermaid.

use std::collections::{BTreeMap, BTreeSet};

use geusemaker_core::{Graph, ResourceKey};

use super::{Label, layers};

/// Returns the flowchart, with a subgraph for each layer. The ids of the nodes are made from the keys of the resources,
/// so they are the same in every picture.
pub(crate) fn mermaid(graph: &Graph) -> String {
    let ids = ids(graph);
    let id = |key: &ResourceKey| ids.get(key).map_or("", String::as_str);
    let mut lines = vec![
        format!("%% {}, tier {}", graph.stack, graph.tier.number()),
        "flowchart TD".to_owned(),
    ];
    for (layer, nodes) in layers(graph) {
        let title = layer.to_string();
        let name = identifier(&title.replace(' ', "-"));
        lines.push(format!(
            "    subgraph layer_{name}[\"{}\"]",
            escaped(&title)
        ));
        for node in nodes {
            let Label { title, detail } = Label::of(graph, node);
            let mut text = escaped(&title);
            if !detail.is_empty() {
                text = format!("{text}<br/>{}", escaped(&detail));
            }
            lines.push(format!("        {}[\"{text}\"]", id(&node.key)));
        }
        lines.push("    end".to_owned());
    }
    for edge in &graph.edges {
        lines.push(format!("    {} --> {}", id(&edge.from), id(&edge.to)));
    }
    lines.join("\n")
}

/// Returns an id for each resource.
fn ids(graph: &Graph) -> BTreeMap<&ResourceKey, String> {
    let mut taken = BTreeSet::new();
    let ids = graph.nodes.iter().map(|node| {
        // A word such as `end` would be one of the language.
        let mut id = format!("r_{}", identifier(node.key.as_str()));
        while !taken.insert(id.clone()) {
            id.push('_');
        }
        (&node.key, id)
    });
    ids.collect()
}

/// Returns a text with the characters alone that an id may have.
fn identifier(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(plain).collect()
}

/// Returns a text for a label in quotes: Mermaid has entities of its own, and labels may be HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '&' => escaped.push_str("#amp;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            // It would begin Markdown.
            '`' => escaped.push_str("#96;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use geusemaker_core::{DeploymentSpec, Graph};

    use super::{escaped, mermaid};

    #[test]
    fn label_cannot_end_its_quotes() {
        let text = "a\"]; x[\"#<b>&`\n";
        assert_eq!(escaped(text), "a#quot;]; x[#quot;#35;#lt;b#gt;#amp;#96; ");
    }

    /// Each line is of a form that Mermaid knows, and each edge leads between nodes.
    #[test]
    fn flowchart_has_form_of_mermaid() {
        let spec = "name = 'end'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
                    [[service]]\nname = 'a-b'\nport = 80\nimage = 'x'\n\
                    [[service]]\nname = 'subgraph'\nport = 81\nimage = 'x'\npaths = ['/x/*']";
        let graph = Graph::of_spec(&DeploymentSpec::from_toml(spec).unwrap());
        let chart = mermaid(&graph);
        let mut lines = chart.lines();
        assert_eq!(lines.next(), Some("%% end, tier 2"));
        assert_eq!(lines.next(), Some("flowchart TD"));
        let mut ids = Vec::new();
        let (mut open, mut edges) = (0, 0);
        for line in lines.map(str::trim) {
            if let Some((from, to)) = line.split_once(" --> ") {
                assert!(ids.contains(&from) && ids.contains(&to), "{line}");
                edges += 1;
            } else if line.starts_with("subgraph layer_") {
                open += 1;
            } else if line == "end" {
                open -= 1;
            } else {
                let (id, label) = line.split_once("[\"").unwrap();
                assert!(label.ends_with("\"]"), "{line}");
                assert!(!ids.contains(&id), "{line}");
                ids.push(id);
            }
            assert!((0..=1).contains(&open), "{line}");
        }
        assert_eq!((ids.len(), edges), (graph.nodes.len(), graph.edges.len()));
    }
}
