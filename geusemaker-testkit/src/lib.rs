//! An AWS in the test process.
//!
//! [`Aws`] is a simulated account behind the HTTP seam of the AWS SDK for Rust: the clients are the real ones,
//! unmodified, and the simulator reads their requests off the wire. Resources have their real lifecycles, in the time
//! of the tokio runtime. Under a paused runtime that time is virtual, and a load balancer's three minutes pass at once.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use geusemaker_testkit::{Aws, Fault};
//!
//! let aws = Aws::builder()
//!     .fault(Fault::on("DescribeVpcs").answer("UnauthorizedOperation"))
//!     .build();
//! let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
//! assert!(ec2.describe_vpcs().send().await.is_err());
//! assert!(ec2.describe_vpcs().send().await.is_ok());
//! assert!(aws.unfired().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! The parts of a test:
//!
//! - [`Aws::builder`] chooses how the account behaves: [`Timings`], [`Quota`], [`Throttling`], the seed, the faults.
//!   [`Aws::sdk_config`] is the configuration for the program under test.
//! - A [`Fault`] says at which call it fires and what it does: to the call (an answer, a lost connection, a lost reply,
//!   silence), to the caller (dropped, a panic) or to the resource (stuck, slow, failed). A fault that never fires
//!   makes the test fail.
//! - No program runs inside a simulated instance. A [`Guest`] is the software in there, as far as AWS sees it: the text
//!   on the serial console, the ports that answer, and the output of commands that Systems Manager runs. The default,
//!   [`GpuGuest`], boots and reports the GPUs if the user data does. A [`ServiceGuest`] goes through the stages of
//!   GeuseMaker's user data, and a [`BootFault`] makes one of them fail.
//! - In the end, [`Aws::leftovers`] has to be empty. [`Aws::calls`] is the log of the calls, as [`CallRecord`]s,
//!   [`Aws::clock`] the time that they took, and [`Aws::coverage`] the part of AWS that they have exercised.
//! - The `Explorer`, behind the feature `explorer`, runs a whole scenario once for each fault that can happen at each
//!   of its calls.
//!
//! Beside that, a [`Snapshot`] saves an account, the module `serve` offers it on a socket, and [`cassette`] records and
//! replays the traffic of a real one. `examples/test_your_tool.rs` is a small tool together with its tests.

/// Runs the examples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod aws;
mod call_record;
pub mod cassette;
mod clock;
mod coverage;
#[cfg(feature = "explorer")]
mod explorer;
mod fault;
mod lock;
#[cfg(any(feature = "cassette-server", feature = "socket"))]
pub mod serve;
mod sim;
#[cfg(feature = "traffic")]
pub mod traffic;
mod wire;
mod xml;

// The public interface is:
pub use aws::{Aws, AwsBuilder, ConnectionLost, InjectedPanic, Snapshot, UnknownSnapshotVersion};
pub use call_record::{CallRecord, Outcome};
pub use clock::Clock;
pub use coverage::{Coverage, OperationCoverage};
#[cfg(feature = "explorer")]
pub use explorer::{Ending, Exploration, Explorer, ExplorerError, FaultKind, Run};
pub use fault::{BootFault, Fault, FaultFile, FaultFileError, effect};
pub use sim::guest::{
    Boot, CommandOutput, GpuGuest, Guest, GuestService, PlainGuest, ServiceGuest,
};
pub use sim::limits::Throttling;
pub use sim::newer_type::NewerType;
pub use sim::quota::Quota;
pub use sim::resource::{Resource, ResourceState};
pub use sim::timings::Timings;
pub use wire::Service;
