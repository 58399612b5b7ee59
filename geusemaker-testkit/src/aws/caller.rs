//! What a fault does to the caller itself.

use super::Aws;

impl Aws {
    /// Waits for a fault that says so ([`crate::Fault::drop_caller`]): then the future that makes the calls is to be dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::{Aws, Fault};
    ///
    /// let aws = Aws::builder()
    ///     .fault(Fault::on("CreateVpc").drop_caller().after_effect())
    ///     .build();
    /// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    /// tokio::select! {
    ///     () = aws.caller_dropped() => {}
    ///     _ = ec2.create_vpc().cidr_block("10.0.0.0/16").send() => unreachable!("it is never answered"),
    /// }
    /// assert!(aws.leftovers().iter().any(|left| left.kind == "EC2::VPC"));
    /// # }
    /// ```
    pub async fn caller_dropped(&self) {
        self.shared.drop_caller.notified().await;
    }
}

/// What a task panics with that a fault makes panic ([`crate::Fault::panic`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InjectedPanic {
    /// The operation that was called.
    pub operation: String,
}
