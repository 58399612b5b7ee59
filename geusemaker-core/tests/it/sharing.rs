//! Several stacks on one file system, in every order of deployment and removal: what others live on stays, and nothing
//! is lost.

use std::time::Duration;

use geusemaker_core::{DeploymentSpec, FileSystems, Leftover, StackName};

use crate::scenario::{Scenario, spec_with};

fn sharing(name: &str, file_system: &str) -> DeploymentSpec {
    let more = format!("[storage]\nfile_system = {file_system:?}");
    let spec = spec_with(1, &more).to_builder().name(name.parse().unwrap());
    spec.build().unwrap()
}

async fn deploy(scenario: &Scenario, spec: DeploymentSpec) {
    let planned = scenario.session.plan(spec).await.unwrap();
    planned.launch().await.unwrap().commit().await.unwrap();
}

/// Returns true if every instance that runs can mount the file system: its zone has a mount target that admits it.
async fn all_can_mount(scenario: &Scenario, file_system: &str) -> bool {
    let config = scenario.aws.sdk_config();
    let (ec2, efs) = (
        aws_sdk_ec2::Client::new(&config),
        aws_sdk_efs::Client::new(&config),
    );
    let targets = efs
        .describe_mount_targets()
        .file_system_id(file_system)
        .send();
    // The file system is gone with its last user.
    let targets = targets
        .await
        .map_or(Vec::new(), |it| it.mount_targets.unwrap());
    let reservations = ec2.describe_instances().send().await.unwrap();
    let instances = reservations
        .reservations()
        .iter()
        .flat_map(|it| it.instances());
    for instance in instances {
        if instance.state().unwrap().name().unwrap().as_str() != "running" {
            continue;
        }
        let zone = instance.placement().unwrap().availability_zone();
        let mut targets = targets.iter();
        let Some(target) = targets.find(|target| target.availability_zone_name() == zone) else {
            return false;
        };
        let groups = efs.describe_mount_target_security_groups();
        let groups = groups
            .mount_target_id(target.mount_target_id())
            .send()
            .await
            .unwrap();
        let groups = ec2
            .describe_security_groups()
            .set_group_ids(Some(groups.security_groups));
        let groups = groups.send().await.unwrap();
        let group = instance.security_groups()[0].group_id();
        let mut rules = groups
            .security_groups()
            .iter()
            .flat_map(|it| it.ip_permissions());
        if !rules.any(|rule| {
            rule.user_id_group_pairs()
                .iter()
                .any(|pair| pair.group_id() == group)
        }) {
            return false;
        }
    }
    true
}

/// Removes the stacks in this order, as often as it takes. Returns how many removals were incomplete.
async fn remove(scenario: &Scenario, order: &[&str], file_system: &str) -> usize {
    let mut waiting: Vec<StackName> = order.iter().map(|name| name.parse().unwrap()).collect();
    let mut incomplete = 0;
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut left = Vec::new();
        for name in waiting {
            let undone = scenario
                .session
                .destroy(&name, FileSystems::Delete)
                .await
                .unwrap();
            assert!(
                all_can_mount(scenario, file_system).await,
                "{order:?}: after {name}"
            );
            if !undone.is_complete() {
                // Nobody is told to cut off the others.
                let is_kept = |it: &Leftover| {
                    it.why.contains(" it: it stays until ")
                        && !it.why.contains(name.as_str())
                        && it.command.is_none()
                };
                assert!(undone.left.iter().all(is_kept), "{:#?}", undone.left);
                incomplete += 1;
                left.push(name);
            }
        }
        waiting = left;
        assert!(
            waiting.len() < before,
            "{order:?}: {waiting:?} cannot be removed"
        );
    }
    incomplete
}

const ORDERS: [[&str; 3]; 6] = [
    ["stack-a", "stack-b", "stack-c"],
    ["stack-a", "stack-c", "stack-b"],
    ["stack-b", "stack-a", "stack-c"],
    ["stack-b", "stack-c", "stack-a"],
    ["stack-c", "stack-a", "stack-b"],
    ["stack-c", "stack-b", "stack-a"],
];

#[tokio::test(start_paused = true)]
async fn stacks_share_file_system_of_others() {
    for order in ORDERS {
        let scenario = Scenario::new();
        let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
        let created = efs
            .create_file_system()
            .creation_token("theirs")
            .send()
            .await;
        let file_system = created.unwrap().file_system_id;
        tokio::time::sleep(Duration::from_secs(120)).await;
        scenario.aws.reset_baseline();
        for name in ["stack-a", "stack-b", "stack-c"] {
            deploy(&scenario, sharing(name, &file_system)).await;
            tokio::time::sleep(Duration::from_secs(1200)).await;
        }
        assert!(all_can_mount(&scenario, &file_system).await);
        let incomplete = remove(&scenario, &order, &file_system).await;
        scenario.assert_nothing_left();
        // Only the stack that has made the mount target has to wait for the others.
        let place = order.iter().position(|name| *name == "stack-a").unwrap();
        assert_eq!(incomplete, usize::from(place < 2), "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stacks_share_file_system_of_stack() {
    for order in ORDERS {
        let scenario = Scenario::new();
        let first = spec_with(1, "")
            .to_builder()
            .name("stack-a".parse().unwrap());
        let planned = scenario.session.plan(first.build().unwrap()).await.unwrap();
        let ready = planned.launch().await.unwrap();
        let file_system = ready.state().file_system.to_string();
        ready.commit().await.unwrap();
        for name in ["stack-b", "stack-c"] {
            deploy(&scenario, sharing(name, &file_system)).await;
        }
        assert!(all_can_mount(&scenario, &file_system).await);
        remove(&scenario, &order, &file_system).await;
        scenario.assert_nothing_left();
    }
}
