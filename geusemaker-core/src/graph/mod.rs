//! The graph of a stack: its resources, and which of them needs which.

mod foreseen;
mod layer;
mod names;
mod needs;

use serde::Serialize;

pub use self::layer::GraphLayer;
use self::needs::Parts;
use crate::id::ResourceId;
use crate::kind::ResourceKind;
use crate::resource_key::ResourceKey;
use crate::session::status::{DeploymentStatus, ResourceState};
use crate::spec::{DeploymentSpec, StackName, Tier};

/// The resources of a stack, and which of them needs which. It has no cycle.
///
/// ```
/// use geusemaker_core::{DeploymentSpec, Graph};
///
/// // What a spec would create: AWS is not asked.
/// let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let graph = Graph::of_spec(&spec);
/// let needed = graph.needs(&graph.nodes[0].key);
/// for node in &graph.nodes {
///     println!("{} {} in {}", node.kind, node.key, node.layer);
/// }
/// for edge in &graph.edges {
///     println!("{} needs {}", edge.from, edge.to);
/// }
/// # assert!(needed.count() > 0);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Graph {
    /// The stack.
    pub stack: StackName,
    /// The tier in the spec.
    pub tier: Tier,
    /// The resources, from the names that people use down to the network. In each layer, a resource comes before those
    /// that it needs.
    pub nodes: Vec<GraphNode>,
    /// The needs of the resources, in the order of the nodes.
    pub edges: Vec<GraphEdge>,
    /// Sentences about what only AWS can say; none for a stack that exists.
    pub unknown: Vec<String>,
}

/// A resource of a [`Graph`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GraphNode {
    /// The resource's name in the journal. In that of a spec, `zone-1` stands for a zone that AWS has to name.
    pub key: ResourceKey,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The layer of the stack that the resource belongs to.
    pub layer: GraphLayer,
    /// The name that the resource gets in AWS, if the spec decides it.
    pub name: Option<String>,
    /// The resource's id in AWS, if it is known.
    pub id: Option<ResourceId>,
    /// The state of the resource, if the stack exists.
    pub state: Option<ResourceState>,
    /// The Availability Zone, if the resource is in one that is known.
    pub zone: Option<String>,
    /// True if another owner created the resource.
    pub adopted: bool,
}

/// A need in a [`Graph`]: one resource is made with another one, and does not outlive it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphEdge {
    /// The resource that needs the other one.
    pub from: ResourceKey,
    /// The resource that is needed.
    pub to: ResourceKey,
}

impl Graph {
    /// Returns the graph of a stack, from its status: each resource of that is a node.
    #[must_use]
    pub fn of_stack(status: &DeploymentStatus) -> Self {
        let nodes = status.resources.iter().map(|resource| GraphNode {
            layer: GraphLayer::of(resource.kind, &resource.key),
            name: names::in_aws(&status.spec, resource.kind, &resource.key),
            key: resource.key.clone(),
            kind: resource.kind,
            id: resource.id.clone(),
            state: Some(resource.state.clone()),
            zone: resource.zone.clone(),
            adopted: resource.adopted,
        });
        Self::connected(&status.spec, nodes.collect(), Vec::new())
    }

    /// Returns the graph of what a spec would create. AWS is not asked, so it may have fewer zones, and names of zones
    /// are placeholders.
    #[must_use]
    pub fn of_spec(spec: &DeploymentSpec) -> Self {
        let nodes = foreseen::resources(spec).into_iter().map(|(kind, key)| {
            let is_adopted =
                kind == ResourceKind::FileSystem && spec.storage().file_system().is_some();
            let id = spec.storage().file_system().filter(|_| is_adopted);
            GraphNode {
                layer: GraphLayer::of(kind, &key),
                name: names::in_aws(spec, kind, &key),
                id: id.map(|id| ResourceId::from_aws(id.as_str())),
                key,
                kind,
                state: None,
                zone: None,
                adopted: is_adopted,
            }
        });
        Self::connected(spec, nodes.collect(), foreseen::unknown(spec))
    }

    fn connected(spec: &DeploymentSpec, mut nodes: Vec<GraphNode>, unknown: Vec<String>) -> Self {
        // A stable sort, which keeps the order of creation within a kind.
        nodes.sort_by_key(|node| (node.layer, node.kind));
        let edges = Parts::new(spec, &nodes).edges();
        Self {
            stack: spec.name().clone(),
            tier: spec.tier(),
            nodes,
            edges,
            unknown,
        }
    }

    /// Returns the resources that a resource needs.
    pub fn needs(&self, key: &ResourceKey) -> impl Iterator<Item = &GraphNode> {
        let edges = self.edges.iter().filter(move |edge| edge.from == *key);
        edges.filter_map(|edge| self.node(&edge.to))
    }

    /// Returns the resource with this name in the journal.
    #[must_use]
    pub fn node(&self, key: &ResourceKey) -> Option<&GraphNode> {
        self.nodes.iter().find(|node| node.key == *key)
    }
}
