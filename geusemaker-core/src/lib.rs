//! Deploys a self-hosted AI stack to AWS: GPU instances with shared storage (tier 1), a load balancer with health
//! checks in front of them (tier 2), and CloudFront in front of the load balancer (tier 3).
//!
//! The types fix the order of the steps. A [`Deployment`] goes from [`Planned`] to [`Ec2Ready`], [`AlbHealthy`],
//! [`CdnPending`] and [`CdnDeployed`]. Each transition consumes the deployment, so no method can be called out of
//! order. No resource is ever lost: the journal records each one before AWS is asked to create it, and a deployment
//! that is dropped is undone.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), geusemaker_core::Error> {
//! # let aws = geusemaker_testkit::Aws::builder().build();
//! # let config = aws.sdk_config();
//! use std::sync::Arc;
//!
//! use geusemaker_core::object_store::memory::InMemory;
//! use geusemaker_core::spec::DeploymentSpec;
//! use geusemaker_core::{Session, StackName};
//!
//! // `Session::config_from_environment().await` for a real account; here, a simulated one.
//! let session = Session::new(config, Arc::new(InMemory::new()));
//! let spec = DeploymentSpec::from_toml(
//!     r#"
//!     name = "llm-prod"
//!     tier = 2
//!     [compute]
//!     instance_type = "g5.xlarge"
//!     gpu_check = false
//!     [[service]]
//!     name = "ollama"
//!     port = 11434
//!     image = "ollama/ollama:latest"
//!     "#,
//! )?;
//! let deployment = session.plan(spec).await?.launch().await?.balance().await?;
//! println!("{}", deployment.state().load_balancer.dns_name);
//! let record = deployment.commit().await?;
//! assert!(record.outputs.url.is_some());
//! # let name: StackName = record.name.parse().unwrap();
//! # session.destroy(&name, geusemaker_core::FileSystems::Delete).await?;
//! # assert!(aws.leftovers().is_empty());
//! session.close().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod aws;
mod deployment;
mod error;
mod error_chain;
pub mod id;
mod journal;
mod kind;
mod ledger;
mod leftover;
mod library_error;
mod mutex;
mod plan;
mod progress;
mod resource;
mod resource_key;
mod resource_ref;
mod session;
pub mod spec;
mod task;
mod user_data;
mod wait;

// The public interface is:
pub use aws::clock_speed::{ClockSpeed, InvalidClockSpeed, NotSimulated};
pub use aws::error::AwsError;
pub use aws::error_class::ErrorClass;
pub use deployment::Deployment;
pub use deployment::commit::{CommittedStack, Outputs};
pub use deployment::failed::Failed;
pub use deployment::state::{Planned, State};
pub use error::{Attempt, Category, Error, UnhealthyTarget};
pub use journal::JournalError;
pub use journal::claim::Holder;
pub use journal::journals::Journals;
pub use journal::state::IllegalEvent;
pub use kind::ResourceKind;
pub use ledger::undone::{FileSystems, Undone};
pub use ledger::unfinished::{Closed, UnfinishedDeployment};
pub use leftover::Leftover;
pub use library_error::LibraryError;
pub use plan::error::PlanError;
pub use plan::reached::{AlbHealthy, CdnDeployed, CdnPending, Ec2Ready};
pub use plan::{AdoptedFileSystem, Candidate, Plan};
pub use progress::Listener;
pub use progress::event::{NextAttempt, ProgressEvent, ProgressUpdate};
pub use progress::step::Step;
pub use progress::wait::{UsualDuration, WaitId, WaitOutcome};
pub use resource::distribution::Distribution;
pub use resource::image::Image;
pub use resource::instance::RunningInstance;
pub use resource::load_balancer::ActiveLoadBalancer;
pub use resource::subnet::Subnet;
pub use resource::tagged::TaggedResource;
pub use resource::target_group::TargetGroup;
pub use resource_key::ResourceKey;
pub use resource_ref::ResourceRef;
pub use session::Session;
pub use session::builder::SessionBuilder;
pub use session::history::{HistoryEntry, HistoryEvent};
pub use session::open::AnyDeployment;
pub use session::orphans::known::{ForeignMountTarget, KeepReason};
pub use session::orphans::{KeptResource, Orphans};
pub use session::status::{DeploymentStatus, Phase, ResourceState, ResourceStatus};
pub use spec::{DeploymentSpec, StackName};
pub use user_data::{GpuMismatch, GpuReport};
pub use wait::WaitError;

/// The AWS SDK configuration that a [`Session`] is created from.
pub use aws_config::SdkConfig;
/// The crate of the stores that keep the journals.
pub use object_store;
