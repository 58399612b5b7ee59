//! Fixtures of the tests: a spec, a simulated account, and a session on both.

pub(crate) mod closed_origin;
pub(crate) mod internet;
pub(crate) mod moment;
pub(crate) mod others;
pub(crate) mod watched_store;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::TryStreamExt as _;
use futures::future::BoxFuture;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::object_store::path::Path;
use geusemaker_core::object_store::{ObjectStore, ObjectStoreExt as _};
use geusemaker_core::{
    AnyDeployment, CdnDeployed, Closed, Deployment, DeploymentSpec, Error, FileSystems,
    ProgressEvent, ResourceKind, Session, StackName, Undone,
};
use geusemaker_testkit::{Aws, AwsBuilder, Resource};
use tokio::runtime::{Builder, Runtime};

/// Returns the name of the stack in all tests.
pub(crate) fn stack() -> StackName {
    "llm".parse().unwrap()
}

/// Returns a spec with one instance and two services: a default one, and one on its own paths.
pub(crate) fn spec(tier: u8) -> DeploymentSpec {
    spec_with(tier, "")
}

/// Returns the same spec, with more lines below `[compute]` and whole tables after them.
pub(crate) fn spec_with(tier: u8, more: &str) -> DeploymentSpec {
    spec_of_services(tier, "", more)
}

/// Returns the spec whose services mount the shared file system by access points, with more keys below `[storage]` and
/// whole tables after them.
pub(crate) fn spec_with_access_points(more: &str) -> DeploymentSpec {
    let user = "user = \"1000:1000\"";
    let storage = "os = \"amazon-linux-2023\"\n[storage]\naccess_points = true";
    spec_of_services(1, user, &format!("{storage}\n{more}"))
}

/// Returns the spec, with a key of its services.
fn spec_of_services(tier: u8, key: &str, more: &str) -> DeploymentSpec {
    let text = format!(
        r#"
        name = "llm"
        tier = {tier}

        [[service]]
        name = "webui"
        port = 8080
        health_path = "/health"
        image = "ghcr.io/open-webui/open-webui:main"
        {key}

        [[service]]
        name = "ollama"
        port = 11434
        paths = ["/v1/*"]
        image = "ollama/ollama:latest"
        {key}

        [compute]
        instance_type = "g5.xlarge"
        {more}
        "#
    );
    DeploymentSpec::from_toml(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the builder that the tests' accounts start from.
pub(crate) fn account() -> AwsBuilder {
    Aws::builder().hosted_zone("example.com")
}

/// A session, its account, its journals and the events that its listener has received.
pub(crate) struct Scenario {
    pub(crate) aws: Aws,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) session: Session,
    pub(crate) heard: Arc<Mutex<Vec<ProgressEvent>>>,
}

impl Scenario {
    pub(crate) fn new() -> Self {
        Self::on(account().build())
    }

    pub(crate) fn on(aws: Aws) -> Self {
        Self::with_store(aws, Arc::new(InMemory::new()))
    }

    pub(crate) fn with_store(aws: Aws, store: Arc<dyn ObjectStore>) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let session = {
            let heard = Arc::clone(&heard);
            let listener = move |event: &ProgressEvent| heard.lock().unwrap().push(event.clone());
            Session::builder(aws.sdk_config(), Arc::clone(&store))
                .listener(listener)
                .build()
                .unwrap()
        };
        Self {
            aws,
            store,
            session,
            heard,
        }
    }

    /// Creates another session on the same account and the same journals.
    pub(crate) fn another_session(&self) -> Session {
        Session::new(self.aws.sdk_config(), Arc::clone(&self.store))
    }

    /// Returns the events that the listener has received, as text.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.heard
            .lock()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Destroys the stack, and asserts that nothing is left.
    pub(crate) async fn destroy(&self) {
        let undone = self
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await
            .unwrap();
        self.assert_nothing_left();
        assert!(undone.is_complete(), "{:#?}", undone.left);
    }

    /// Closes the session, and asserts that nothing of the dropped deployments is left.
    pub(crate) async fn close_and_assert_nothing_left(self) {
        let Self { aws, session, .. } = self;
        let undone = session.close().await;
        assert_nothing_left(&aws);
        assert!(undone.is_complete(), "{undone:#?}");
    }

    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        assert_nothing_left(&self.aws);
    }
}

/// Asserts that the account is empty; the first assertion of a scenario that should leave nothing.
#[track_caller]
pub(crate) fn assert_nothing_left(aws: &Aws) {
    let left = aws.leftovers();
    assert!(left.is_empty(), "left over: {left:#?}");
}

/// Returns the number of resources that a session has deleted when it was closed.
pub(crate) fn deleted(closed: &Closed) -> usize {
    let undone = closed
        .unfinished
        .iter()
        .map(|unfinished| &unfinished.undone);
    undone.map(|undone| undone.deleted.len()).sum()
}

/// Returns the first existing resource that is not listed, either by its id or as one that may exist with an unknown
/// id.
pub(crate) fn unlisted<'a>(
    alive: &'a [Resource],
    listed: impl IntoIterator<Item = (ResourceKind, Option<&'a str>)>,
) -> Option<&'a Resource> {
    let (known, in_doubt): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, id)| id.is_some());
    let mut in_doubt: Vec<_> = in_doubt
        .iter()
        .map(|(kind, _)| format!("::{}", name_at_aws(*kind)))
        .collect();
    alive.iter().find(|resource| {
        // AWS creates network interfaces, and deletes them with their resource.
        let is_interface = resource.kind == "EC2::NetworkInterface";
        let is_known = |(kind, id): &(ResourceKind, Option<&str>)| {
            id.is_some_and(|id| id_at_aws(*kind, id) == resource.id)
        };
        if is_interface || known.iter().any(is_known) {
            return false;
        }
        let mut kinds = in_doubt.iter();
        match kinds.position(|kind| resource.kind.ends_with(kind)) {
            Some(place) => {
                in_doubt.swap_remove(place);
                false
            }
            None => true,
        }
    })
}

/// Returns the id that the simulator gives to a resource. That of a DNS record has its target too.
fn id_at_aws(kind: ResourceKind, id: &str) -> String {
    let parts: Vec<_> = id.split(' ').collect();
    match (kind, parts.as_slice()) {
        (ResourceKind::DnsRecord, [zone, record_type, name, ..]) => {
            format!("{zone}/{name}/{record_type}")
        }
        _ => id.to_owned(),
    }
}

/// Returns the name that CloudFormation has for a kind.
fn name_at_aws(kind: ResourceKind) -> String {
    match kind {
        ResourceKind::Vpc => "VPC".to_owned(),
        ResourceKind::VpcEndpoint => "VPCEndpoint".to_owned(),
        ResourceKind::ElasticIp => "EIP".to_owned(),
        ResourceKind::DnsRecord => "RecordSet".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Removes the stack, committed or not.
pub(crate) async fn remove(session: &Session) -> Result<Undone, Error> {
    match session.rollback(&stack()).await {
        Err(Error::Committed { .. }) => session.destroy(&stack(), FileSystems::Delete).await,
        undone => undone,
    }
}

/// Creates a runtime with virtual time, for a test that builds its own.
pub(crate) fn paused_runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

/// Returns the number of resources of each kind in the account.
pub(crate) fn census(aws: &Aws) -> BTreeMap<String, usize> {
    let mut census = BTreeMap::new();
    for resource in aws.leftovers() {
        *census.entry(resource.kind).or_default() += 1;
    }
    census
}

/// Returns the number of resources of each kind in an undisturbed tier-3 stack of [`spec`].
pub(crate) fn tier_3() -> BTreeMap<String, usize> {
    [
        ("CloudFront::Distribution", 1),
        ("EC2::Instance", 1),
        ("EC2::NetworkInterface", 8),
        ("EC2::SecurityGroup", 3),
        ("EFS::FileSystem", 1),
        ("EFS::MountTarget", 1),
        ("ElasticLoadBalancingV2::Listener", 1),
        ("ElasticLoadBalancingV2::ListenerRule", 2),
        ("ElasticLoadBalancingV2::LoadBalancer", 1),
        ("ElasticLoadBalancingV2::TargetGroup", 2),
        ("IAM::InstanceProfile", 1),
        ("IAM::Role", 1),
    ]
    .map(|(kind, count)| (kind.to_owned(), count))
    .into()
}

/// Returns the same for a stack that has a name in the zone `example.com`.
pub(crate) fn named_tier_3() -> BTreeMap<String, usize> {
    let mut census = tier_3();
    census.insert("CertificateManager::Certificate".to_owned(), 2);
    census.insert("Route53::RecordSet".to_owned(), 5);
    census
}

/// Returns the same for a stack whose load balancer CloudFront reaches through a VPC origin, with a network interface in
/// each subnet of the load balancer. Without a secret, the default service needs no rule.
pub(crate) fn private_tier_3() -> BTreeMap<String, usize> {
    let mut census = tier_3();
    census.insert("ElasticLoadBalancingV2::ListenerRule".to_owned(), 1);
    census.insert("CloudFront::VpcOrigin".to_owned(), 1);
    *census
        .entry("EC2::NetworkInterface".to_owned())
        .or_default() += 6;
    census
}

/// Plans and deploys up to tier 3; the first failure ends the deployment, as `?` does.
pub(crate) async fn deploy_tier_3(
    session: &Session,
    spec: DeploymentSpec,
) -> Result<Deployment<CdnDeployed>, Error> {
    let deployment = session.plan(spec).await?.launch().await?.balance().await?;
    Ok(deployment.publish().await?)
}

/// Continues a deployment from any state until its CDN is deployed.
pub(crate) fn go_on(
    deployment: AnyDeployment,
) -> BoxFuture<'static, Result<Deployment<CdnDeployed>, Error>> {
    Box::pin(async move {
        match deployment {
            AnyDeployment::Planned(planned) => {
                go_on(AnyDeployment::Ec2Ready(planned.launch().await?)).await
            }
            AnyDeployment::Ec2Ready(ec2) => {
                go_on(AnyDeployment::AlbHealthy(ec2.balance().await?)).await
            }
            AnyDeployment::AlbHealthy(alb) => {
                go_on(AnyDeployment::CdnPending(alb.create_cdn().await?)).await
            }
            AnyDeployment::CdnPending(pending) => Ok(pending.wait_until_deployed().await?),
            AnyDeployment::CdnDeployed(deployed) => Ok(deployed),
            other => panic!("no such state is known: {other:?}"),
        }
    })
}

/// Returns the records of the journals in the store as they are written, in order, with their paths.
pub(crate) async fn records_as_bytes(store: &dyn ObjectStore) -> Vec<(Path, Vec<u8>)> {
    let mut objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    let mut records = Vec::new();
    for object in objects {
        let found = store.get(&object.location).await.unwrap();
        records.push((object.location, found.bytes().await.unwrap().to_vec()));
    }
    records
}

/// Returns the records of the journals in the store, in order, with their paths.
pub(crate) async fn records(store: &dyn ObjectStore) -> Vec<(String, serde_json::Value)> {
    let records = records_as_bytes(store).await.into_iter();
    records
        .map(|(path, bytes)| (path.to_string(), serde_json::from_slice(&bytes).unwrap()))
        .collect()
}

/// Copies the journals in one store to another.
pub(crate) async fn copy_records(from: &dyn ObjectStore, to: &dyn ObjectStore) {
    for (path, record) in records_as_bytes(from).await {
        to.put(&path, record.into()).await.unwrap();
    }
}
