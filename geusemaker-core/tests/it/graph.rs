//! The graph of a stack: as a spec foresees it, and as the journal has it.

use std::collections::{BTreeMap, BTreeSet};

use geusemaker_core::{DeploymentSpec, DeploymentStatus, Graph, GraphLayer, ResourceKey};

use crate::scenario::{Scenario, spec, spec_with, spec_with_access_points, stack};

/// Deploys a stack of the spec, and returns its status.
async fn deployed(scenario: &Scenario, spec: DeploymentSpec) -> DeploymentStatus {
    let session = &scenario.session;
    let planned = session.plan(spec.clone()).await.unwrap();
    let ready = planned.launch().await.unwrap();
    match spec.tier().number() {
        1 => drop(ready.commit().await.unwrap()),
        2 => drop(ready.balance().await.unwrap().commit().await.unwrap()),
        _ => {
            let healthy = ready.balance().await.unwrap();
            healthy.publish().await.unwrap().commit().await.unwrap();
        }
    }
    session.summary(&stack()).await.unwrap()
}

/// Asserts that each key is a node once, and that the edges name nodes and have no cycle.
#[track_caller]
fn assert_sound(graph: &Graph) {
    let keys: BTreeSet<_> = graph.nodes.iter().map(|node| &node.key).collect();
    assert_eq!(keys.len(), graph.nodes.len(), "a node is there twice");
    assert!(graph.nodes.is_sorted_by_key(|node| node.layer));
    let mut needs: BTreeMap<&ResourceKey, BTreeSet<&ResourceKey>> = BTreeMap::new();
    for edge in &graph.edges {
        assert!(
            keys.contains(&edge.from) && keys.contains(&edge.to),
            "{edge:?}"
        );
        assert!(
            needs.entry(&edge.from).or_default().insert(&edge.to),
            "{edge:?}"
        );
    }
    let mut left = keys;
    while !left.is_empty() {
        let free = |key: &&ResourceKey| {
            let needed = needs.get(*key).into_iter().flatten();
            needed.copied().all(|needed| !left.contains(needed))
        };
        let done: Vec<_> = left.iter().copied().filter(free).collect();
        assert!(!done.is_empty(), "a cycle among {left:?}");
        for key in done {
            left.remove(key);
        }
    }
}

/// Returns the kinds and keys of a graph, and the kinds and layers of its edges' ends. Names that only AWS gives are
/// replaced by those of the spec.
fn shape(graph: &Graph) -> (Vec<String>, Vec<String>) {
    let instances = graph.nodes.iter().filter_map(|node| {
        let number = node.key.as_str().strip_prefix("instance/")?;
        Some((node.id.as_ref()?.to_string(), format!("instance-{number}")))
    });
    let instances: Vec<_> = instances.collect();
    let plain = |key: &ResourceKey| {
        let mut key = key.as_str().to_owned();
        for (id, number) in &instances {
            key = key.replace(id, number);
        }
        if let Some((before, name)) = key.split_once("dns-record/_") {
            let name = name.trim_end_matches('.');
            let (_, name) = name.split_once('.').unwrap();
            return format!("{before}dns-record/_validation.{name}");
        }
        key.replace("us-east-1a", "zone-1")
            .replace("us-east-1b", "zone-2")
    };
    let nodes = graph.nodes.iter();
    let mut nodes: Vec<_> = nodes
        .map(|node| format!("{} {}", node.layer, plain(&node.key)))
        .collect();
    let edges = graph.edges.iter();
    let mut edges: Vec<_> = edges
        .map(|edge| format!("{} -> {}", plain(&edge.from), plain(&edge.to)))
        .collect();
    nodes.sort();
    edges.sort();
    (nodes, edges)
}

fn without_zones(edges: Vec<String>) -> Vec<String> {
    // Only a stack that exists knows which of the subnets an instance is in.
    let is_about_zone = |edge: &String| edge.starts_with("instance/") && edge.contains("subnet/");
    edges.into_iter().filter(|it| !is_about_zone(it)).collect()
}

/// Each resource of a stack is a node, and a spec foresees them all.
#[tokio::test(start_paused = true)]
async fn spec_foresees_graph_of_stack() {
    let domain = "[domain]\nname = \"llm.example.com\"\nhosted_zone = \"example.com\"";
    let network = |more: &str| format!("[network]\ncreate = true\n{more}");
    let allowed = "[access]\nallow = [\"203.0.113.0/24\"]";
    for spec in [
        spec(1),
        spec(2),
        spec(3),
        spec_with(
            1,
            &format!("key_pair = \"mine\"\n{allowed}\nssh_from = [\"203.0.113.7/32\"]"),
        ),
        spec_with(1, &network("private = true\negress = \"endpoints\"")),
        spec_with(2, &format!("{allowed}\n{domain}")),
        spec_with(
            2,
            &format!("{domain}\n[load_balancer]\nauth = {{ type = \"bearer\" }}"),
        ),
        spec_with(
            3,
            &format!("{domain}\n[load_balancer]\nauth = {{ type = \"bearer\" }}"),
        ),
        spec_with(3, &format!("{domain}\n{}", network("private = true"))),
        spec_with(3, &format!("{}\n[cdn]\norigin = \"vpc\"", network(""))),
        spec_with_access_points(""),
    ] {
        let scenario = Scenario::new();
        let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
        ec2.create_key_pair().key_name("mine").send().await.unwrap();
        scenario.aws.reset_baseline();
        let status = deployed(&scenario, spec.clone()).await;
        let (actual, foreseen) = (Graph::of_stack(&status), Graph::of_spec(&spec));
        assert_sound(&actual);
        assert_sound(&foreseen);
        let keys = |graph: &Graph| -> BTreeSet<_> {
            graph.nodes.iter().map(|node| node.key.clone()).collect()
        };
        let resources = status.resources.iter().map(|it| it.key.clone());
        assert_eq!(keys(&actual), resources.collect());
        assert!(actual.unknown.is_empty() && !foreseen.unknown.is_empty());

        let (nodes, edges) = shape(&actual);
        let (foreseen_nodes, foreseen_edges) = shape(&foreseen);
        assert_eq!(nodes, foreseen_nodes, "{spec:?}");
        assert_eq!(
            without_zones(edges),
            without_zones(foreseen_edges),
            "{spec:?}"
        );
        scenario.destroy().await;
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_those_of_aws() {
    let graph = Graph::of_spec(&spec(3));
    let named = |key: &str| {
        let node = graph.nodes.iter().find(|node| node.key == *key).unwrap();
        node.name.clone().unwrap_or_default()
    };
    assert_eq!(named("alb"), "llm-alb");
    assert_eq!(named("target-group/ollama"), "llm-ollama");
    assert_eq!(named("security-group/storage"), "llm-storage");
    assert_eq!(named("instance/0"), "llm-0");
    assert_eq!(graph.nodes[0].layer, GraphLayer::Cdn);
    let needed: Vec<_> = graph.needs(&graph.nodes[0].key).collect();
    assert_eq!(needed[0].key, "alb");
}
