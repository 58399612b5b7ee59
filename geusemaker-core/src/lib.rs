//! Deploys a self-hosted AI stack to AWS: GPU instances with shared storage (tier 1), a load balancer with health
//! checks in front of them (tier 2), and CloudFront in front of the load balancer (tier 3).
//!
//! The types fix the order of the steps. No resource is ever lost: the journal records each one before AWS is asked to
//! create it, and a deployment that is dropped is undone.
//!
//! # A tour
//!
//! A [`Session`] needs the configuration of the AWS SDK and a place for its [`Journals`]. A [`DeploymentSpec`] says
//! what to deploy; it comes from a builder or from a TOML file.
//!
//! ```no_run
//! use geusemaker_core::spec::{Compute, Service, SpecError, Tier};
//! use geusemaker_core::{CommittedStack, DeploymentSpec, Error, Journals, Session};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     // Credentials and region as every AWS SDK finds them; journals on disk.
//!     let journals = Journals::in_folder("journals")?;
//!     let session = Session::new(Session::config_from_environment().await, journals);
//!     let deployed = deploy(&session, spec()?).await;
//!     // Whatever has happened: undoes what is not finished, and returns an error if anything is left.
//!     session.close().await.into_result()?;
//!     println!("{:?}", deployed?.outputs.url);
//!     Ok(())
//! }
//!
//! fn spec() -> Result<DeploymentSpec, SpecError> {
//!     let ollama = Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?);
//!     let compute = Compute::builder("g5.xlarge".parse()?);
//!     DeploymentSpec::builder("llm-prod".parse()?, Tier::Cdn, compute).service(ollama).build()
//! }
//!
//! async fn deploy(session: &Session, spec: DeploymentSpec) -> Result<CommittedStack, Error> {
//!     let planned = session.plan(spec).await?;
//!     let ready = planned.launch().await?;
//!     let healthy = ready.balance().await?;
//!     let pending = healthy.create_cdn().await?;
//!     let deployed = pending.wait_until_deployed().await?;
//!     Ok(deployed.commit().await?)
//! }
//! ```
//!
//! ## The steps
//!
//! Each step consumes the [`Deployment`] and returns it in its next state, so no other order compiles.
//!
//! | step | result | what it does |
//! |---|---|---|
//! | [`plan`](Session::plan) | [`Planned`] | checks the spec against the account, and creates nothing |
//! | [`launch`](Deployment::launch) | [`Ec2Ready`] | instances, shared storage, security groups |
//! | [`balance`](Deployment::balance) | [`AlbHealthy`] | a load balancer, and a wait for healthy targets |
//! | [`create_cdn`](Deployment::create_cdn) | [`CdnPending`] | a CloudFront distribution |
//! | [`wait_until_deployed`](Deployment::wait_until_deployed) | [`CdnDeployed`] | waits for the edge locations |
//! | [`commit`](Deployment::commit) | [`CommittedStack`] | ends the deployment: nothing undoes it from now on |
//!
//! Tier 1 is committed after `launch`, tier 2 after `balance`. [`publish`](Deployment::publish) is both steps of the
//! CDN in one. [`keep`](Deployment::keep) ends a deployment without committing it, to continue later.
//!
//! ## Failures
//!
//! A step that fails undoes its own part, and returns the deployment as it was before in [`Failed`]. Match it to call
//! the step again, or give up with `?`:
//!
//! - In a function that returns [`Error`], the undo of everything begins at that `?`, in the background.
//! - `anyhow::Error` and `Box<dyn Error>` keep the deployment inside the error. The undo begins when the error is
//!   dropped, at the latest when the session is closed.
//!
//! So close the session, whatever has happened: [`Session::close`] waits for every undo, and [`Closed`] says what is
//! left. Every [`Error`] has a [`remedy`](Error::remedy) and a [`category`](Error::category).
//!
//! ## Afterwards
//!
//! With the same journals, this process or another one can do the rest:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), geusemaker_core::Error> {
//! # use geusemaker_core::{DeploymentSpec, Journals, Session};
//! # let aws = geusemaker_testkit::Aws::new();
//! # let journals = Journals::in_memory();
//! # let earlier = Session::new(aws.sdk_config(), journals.clone());
//! # let spec = DeploymentSpec::from_toml("name = 'llm-prod'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
//! # earlier.plan(spec).await?.launch().await?.keep().await?;
//! # let session = Session::new(aws.sdk_config(), journals);
//! use geusemaker_core::FileSystems;
//!
//! let name = "llm-prod".parse()?;
//! // Finishes a deployment that was interrupted or kept. `open` continues it step by step.
//! let stack = session.resume(&name).await?;
//! // The journal, and the state of each resource in AWS.
//! let status = session.status(&name).await?;
//! assert_eq!(status.outputs, stack.outputs);
//! // Removes the stack. `rollback` does so only if it was never committed.
//! session.destroy(&name, FileSystems::Delete).await?.into_result()?;
//! session.close().await.into_result()?;
//! # assert!(aws.leftovers().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # The same in a test
//!
//! `Aws` of [geusemaker-testkit] is a simulated account in the test process. With `start_paused` (of tokio's feature
//! `test-util`), time is virtual, so that the minutes of a deployment pass at once:
//!
//! ```
//! # use geusemaker_core::spec::SpecError;
//! # use geusemaker_core::{CommittedStack, DeploymentSpec};
//! use geusemaker_core::{Error, Journals, Session};
//! use geusemaker_testkit::{Aws, Fault};
//!
//! # fn spec() -> Result<DeploymentSpec, SpecError> {
//! #     DeploymentSpec::from_toml("name = 'llm-prod'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")
//! # }
//! # async fn deploy(session: &Session, spec: DeploymentSpec) -> Result<CommittedStack, Error> {
//! #     Ok(session.plan(spec).await?.launch().await?.commit().await?)
//! # }
//! # #[cfg(test)]
//! #[tokio::test(start_paused = true)]
//! # async fn hidden() {}
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn refused_launch_leaves_nothing() {
//!     let aws = Aws::builder().fault(Fault::on("RunInstances").denied()).build();
//!     let session = Session::new(aws.sdk_config(), Journals::in_memory());
//!     let deployed = deploy(&session, spec().unwrap()).await;
//!     session.close().await.into_result().unwrap();
//!     assert_eq!(aws.leftovers(), []);
//!     assert!(matches!(deployed, Err(Error::Aws { .. })));
//! }
//! # fn main() { refused_launch_leaves_nothing() }
//! ```
//!
//! No program runs inside a simulated instance. A `Guest` is the software in there, as far as AWS sees it: the text on
//! the console. The default one reports the GPUs of the instance type, so the GPU check of a deployment passes.
//!
//! [geusemaker-testkit]: https://github.com/geusemaker/geusemaker/blob/main/geusemaker-testkit/README.md
//!
//! # Where to read on
//!
//! | page | content |
//! |---|---|
//! | [`DeploymentSpec`], [`spec`] | what can be deployed: the builders and the TOML format |
//! | [`Session`] | plan, resume, list, inspect and remove stacks |
//! | [`Deployment`] | the steps |
//! | [`Failed`], [`Error`] | failures, and `?` in errors of your own |
//! | [`AnyDeployment`] | a deployment that an earlier process began, step by step |
//! | [`Listener`], [`ProgressEvent`] | progress, for one stack or for many at once |
//! | [`CommittedStack`], [`DeploymentStatus`] | addresses, ids and states of a stack |
//! | [`Verification`], [`Internet`] | what viewers get from a stack |
//! | [`Remote`] | logs, commands and sessions on the instances of a stack |
//! | [`Graph`] | which resource needs which, of a stack or of a spec |
//! | [`Estimate`], [`Money`] | estimates of costs, from list prices |
//! | [`Undone`], [`Closed`], [`Leftover`] | what was removed, and what is left |
//! | [`Orphans`] | resources that no journal knows |
//!
//! [The examples] are whole programs that run without an AWS account: three tiers with a table of the progress, a
//! failed step that is made again, twenty stacks at once, a deployment that another process finishes.
//!
//! [The examples]: https://github.com/geusemaker/geusemaker/tree/main/geusemaker-core/examples

/// Runs the examples of the READMEs as tests.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct OfTheCrate;

    #[doc = include_str!("../../README.md")]
    struct OfTheProject;
}

mod account;
mod aws;
mod cost;
mod deployment;
mod error;
mod error_chain;
mod graph;
pub mod id;
mod journal;
mod kind;
mod ledger;
mod leftover;
mod library_error;
mod mutex;
mod plan;
mod policy;
mod price;
mod progress;
mod remote;
mod remote_error;
mod resource;
mod resource_key;
mod resource_ref;
mod session;
pub mod spec;
mod task;
mod timestamp;
mod user_data;
mod verify;
mod wait;
pub mod words;

// The public interface is:
pub use aws::clock_speed::{ClockSpeed, InvalidClockSpeed, NotSimulated};
pub use aws::error::AwsError;
pub use aws::error_class::ErrorClass;
pub use cost::{Billable, CostItem, Estimate, LeftOut};
pub use deployment::Deployment;
pub use deployment::bearer_token_rotation::BearerTokenRotation;
pub use deployment::commit::{CommittedStack, Endpoint, Outputs};
pub use deployment::failed::Failed;
pub use deployment::origin_secret_rotation::RotatedOriginSecret;
pub use deployment::state::{Planned, State};
pub use error::{Attempt, Category, Error, UnhealthyTarget};
pub use graph::{Graph, GraphEdge, GraphLayer, GraphNode};
pub use journal::JournalError;
pub use journal::claim::Holder;
pub use journal::journals::Journals;
pub use journal::state::IllegalEvent;
pub use kind::ResourceKind;
pub use ledger::undone::{FileSystems, Undone};
pub use ledger::unfinished::{Closed, UnfinishedDeployment};
pub use leftover::Leftover;
pub use library_error::LibraryError;
pub use plan::domain_problem::DomainProblem;
pub use plan::error::PlanError;
pub use plan::network::{NewNetwork, NewZone, PlannedNetwork, UsedNetwork};
pub use plan::problem::PlanProblem;
pub use plan::reached::{AlbHealthy, CdnDeployed, CdnPending, Ec2Ready};
pub use plan::warning::PlanWarning;
pub use plan::{AdoptedFileSystem, Candidate, Plan};
pub use policy::IamPolicy;
pub use price::{InvalidMoney, Money, Rate};
pub use progress::Listener;
pub use progress::event::{NextAttempt, ProgressEvent, ProgressUpdate};
pub use progress::step::Step;
pub use progress::wait::{UsualDuration, WaitId, WaitOutcome};
pub use remote::Remote;
pub use remote::command::{CommandResult, RemoteCommand, SentCommand};
pub use remote::logs::{LogLine, LogQuery, Logs};
pub use remote::session::{SessionPurpose, StartedSession};
pub use remote_error::RemoteError;
pub use resource::bearer_token::BearerToken;
pub use resource::distribution::Distribution;
pub use resource::hosted_zone::PlannedHostedZone;
pub use resource::image::Image;
pub use resource::instance::RunningInstance;
pub use resource::invalidation::Invalidation;
pub use resource::load_balancer::ActiveLoadBalancer;
pub use resource::network_quota::NetworkQuota;
pub use resource::observed::StateReason;
pub use resource::subnet::Subnet;
pub use resource::tagged::TaggedResource;
pub use resource::target_group::TargetGroup;
pub use resource::vpc::DnsAttribute;
pub use resource_key::ResourceKey;
pub use resource_ref::ResourceRef;
pub use session::Session;
pub use session::builder::SessionBuilder;
pub use session::config_loader::ConfigLoader;
pub use session::gpu_offers::{GpuOffer, GpuOffers, QuotaLevel};
pub use session::health::{DegradedPart, Health};
pub use session::history::{HistoryEntry, HistoryEvent};
pub use session::kept_file_systems::KeptFileSystem;
pub use session::open::AnyDeployment;
pub use session::orphans::known::{ForeignMountTarget, KeepReason};
pub use session::orphans::{KeptResource, Orphans};
pub use session::overview::{Overview, UnreadableStack};
pub use session::status::{DeploymentStatus, Phase, ResourceState, ResourceStatus, StatusSource};
pub use spec::{DeploymentSpec, StackName};
pub use user_data::{GpuMismatch, GpuReport};
pub use verify::check::{Check, CheckKind, CheckResult, Verification, Way};
pub use verify::internet::{Internet, InvalidInternet};
pub use wait::WaitError;
pub use wait::timeouts::{InvalidStage, Stage};

/// The AWS SDK configuration that a [`Session`] is created from.
pub use aws_config::SdkConfig;
/// The crate of the stores that keep the journals.
pub use object_store;
