//! The graph as a tree for people.

use geusemaker_core::{Graph, GraphNode, ResourceKey};

use super::{Label, layers, whole};
use crate::table::{cut, wrapped};

/// Returns the lines of the tree: a section for each layer, and below each resource those that are parts of it. An
/// arrow leads to what else a resource needs.
pub(crate) fn lines(graph: &Graph, width: Option<usize>) -> Vec<String> {
    let mut lines = Vec::new();
    for (layer, nodes) in layers(graph) {
        lines.push(layer.to_string());
        let tree = Tree {
            graph,
            nodes,
            width,
        };
        tree.below(None, "", &mut lines);
    }
    lines
}

/// The resources of one layer.
struct Tree<'a> {
    graph: &'a Graph,
    nodes: Vec<&'a GraphNode>,
    width: Option<usize>,
}

impl Tree<'_> {
    /// Adds the lines of the resources that are parts of this one, or of none.
    fn below(&self, of: Option<&ResourceKey>, indent: &str, lines: &mut Vec<String>) {
        let parts = self.parts(of);
        for (place, node) in parts.iter().enumerate() {
            let is_last = place + 1 == parts.len();
            let (branch, further) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            let inner = format!("{indent}{further}");
            lines.push(self.line(&format!("{indent}{branch}"), node));
            let has_parts = !self.parts(Some(&node.key)).is_empty();
            let stem = if has_parts { "│  " } else { "   " };
            lines.extend(self.needs(node, of, &format!("{inner}{stem}")));
            self.below(Some(&node.key), &inner, lines);
        }
    }

    fn parts(&self, of: Option<&ResourceKey>) -> Vec<&GraphNode> {
        let nodes = self.nodes.iter().copied();
        nodes.filter(|node| whole(self.graph, node) == of).collect()
    }

    fn line(&self, start: &str, node: &GraphNode) -> String {
        let Label { title, detail } = Label::of(self.graph, node);
        let line = format!("{start}{title}  {detail}");
        let line = line.trim_end();
        match self.width {
            Some(width) => cut(line, width),
            None => line.to_owned(),
        }
    }

    /// Returns the lines of what a resource needs besides the one that it is a part of.
    fn needs(&self, node: &GraphNode, of: Option<&ResourceKey>, indent: &str) -> Vec<String> {
        let needed = self.graph.needs(&node.key);
        let needed = needed.filter(|needed| Some(&needed.key) != of);
        let names: Vec<_> = needed
            .map(|needed| Label::of(self.graph, needed).title)
            .collect();
        if names.is_empty() {
            return Vec::new();
        }
        let room = self.width.map(|width| {
            let taken = indent.chars().count();
            width.saturating_sub(taken).max(12)
        });
        let text = format!("→ {}", names.join(", "));
        wrapped(&text, room)
            .into_iter()
            .map(|line| format!("{indent}{line}"))
            .map(|line| match self.width {
                Some(width) => cut(&line, width),
                None => line,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use geusemaker_core::{DeploymentSpec, Graph};
    use unicode_width::UnicodeWidthStr as _;

    use super::lines;

    fn graph() -> Graph {
        let spec = "name = 'llm-with-a-longer-name'\ntier = 3\n\
                    compute = { instance_type = 'g5.xlarge', count = 3 }\n\
                    network = { create = true, private = true }\n\
                    domain = { name = 'llm.example.com', hosted_zone = 'example.com' }\n\
                    [[service]]\nname = 'ollama'\nport = 11434\nimage = 'x'";
        Graph::of_spec(&DeploymentSpec::from_toml(spec).unwrap())
    }

    #[test]
    fn tree_fits_each_width() {
        let graph = graph();
        for width in 40..=120 {
            for line in lines(&graph, Some(width)) {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
        }
    }

    /// Whatever the width is, no resource is left out.
    #[test]
    fn tree_has_each_resource_once() {
        let graph = graph();
        for width in [None, Some(40), Some(120)] {
            let lines = lines(&graph, width);
            let branches = lines.iter().filter(|line| line.contains("─ "));
            assert_eq!(branches.count(), graph.nodes.len());
        }
    }

    #[test]
    fn part_stands_below_its_whole() {
        let lines = lines(&graph(), None);
        let place = lines.iter().position(|line| line.contains("listener 443"));
        let place = place.unwrap();
        assert_eq!(
            lines[place + 2],
            "   └─ 443 ollama rule  llm-with-a-longer-name-ollama"
        );
        assert!(
            lines[place + 3]
                .trim_start()
                .starts_with("→ ollama target group")
        );
    }
}
