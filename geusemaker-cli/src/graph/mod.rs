//! Pictures of the graph of a stack: as text, as Mermaid and as SVG.

mod mermaid;
mod svg;
mod text;

use geusemaker_core::{Graph, GraphLayer, GraphNode, ResourceKey, ResourceKind, ResourceState};

pub(crate) use self::mermaid::mermaid;
pub(crate) use self::svg::svg;
pub(crate) use self::text::lines;
use crate::resource_name;

/// The words of a resource in a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    /// The name for people: `ollama target group`.
    title: String,
    /// The id in AWS, or the name that the resource will have there; empty if it has neither.
    detail: String,
}

impl Label {
    fn of(graph: &Graph, node: &GraphNode) -> Self {
        let number_of = |id: &str| {
            let mut instances = graph.nodes.iter();
            let found = instances.find(|node| {
                node.kind == ResourceKind::Instance
                    && node.id.as_ref().is_some_and(|known| known.as_str() == id)
            })?;
            found.key.as_str().rsplit('/').next()?.parse().ok()
        };
        let mut title = resource_name::name(node.kind, &node.key, number_of);
        if node.adopted {
            title.push_str(" (yours)");
        }
        let id = node
            .id
            .as_ref()
            .filter(|_| node.kind != ResourceKind::DnsRecord);
        let id = id.map(|id| resource_name::short_id(node.kind, id));
        let name = || {
            node.name
                .clone()
                .filter(|name| !title.contains(name.as_str()))
        };
        let mut detail = id.or_else(name).unwrap_or_default();
        if let Some(state) = node.state.as_ref().and_then(unusual) {
            detail = format!("{detail} ({state})").trim_start().to_owned();
        }
        Self { title, detail }
    }
}

/// Returns the words for a state that is not that of a resource that was made.
fn unusual(state: &ResourceState) -> Option<String> {
    match state {
        ResourceState::Created | ResourceState::Reported(_) => None,
        ResourceState::Interrupted => Some("interrupted".to_owned()),
        state => Some(state.to_string()),
    }
}

/// Returns the resource in the same layer that a resource is a part of: the table of a route, the listener of a rule.
fn whole<'a>(graph: &'a Graph, node: &GraphNode) -> Option<&'a ResourceKey> {
    let stands_alone = matches!(
        node.kind,
        ResourceKind::Instance
            | ResourceKind::Distribution
            | ResourceKind::LoadBalancer
            | ResourceKind::NatGateway
    );
    if stands_alone {
        return None;
    }
    let first = graph.needs(&node.key).next();
    first
        .filter(|needed| needed.layer == node.layer)
        .map(|needed| &needed.key)
}

/// Returns the layers that have resources, each with these.
fn layers(graph: &Graph) -> impl Iterator<Item = (GraphLayer, Vec<&GraphNode>)> {
    GraphLayer::ALL.into_iter().filter_map(|layer| {
        let nodes = graph.nodes.iter().filter(|node| node.layer == layer);
        let nodes: Vec<_> = nodes.collect();
        (!nodes.is_empty()).then_some((layer, nodes))
    })
}

/// Returns true if the graph is that of a stack, and not that of a spec.
fn is_of_stack(graph: &Graph) -> bool {
    graph.nodes.iter().any(|node| node.state.is_some())
}
