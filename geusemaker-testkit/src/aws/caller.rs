//! The effects of a fault on the caller itself.

use super::Aws;

impl Aws {
    /// Waits until a fault drops the caller ([`crate::Fault::drop_caller`]). The future that makes the calls must then
    /// be dropped.
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

/// The payload of a panic caused by a fault ([`crate::Fault::panic`]).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Fault, InjectedPanic};
///
/// let aws = Aws::builder().fault(Fault::on("DescribeVpcs").panic()).build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let task = tokio::spawn(async move { ec2.describe_vpcs().send().await });
/// let panic = task.await.unwrap_err().into_panic();
/// let injected = panic.downcast_ref::<InjectedPanic>();
/// assert_eq!(injected.map(|injected| injected.operation.as_str()), Some("DescribeVpcs"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InjectedPanic {
    /// The operation of the call.
    pub operation: String,
}
