//! GPU instance types that AWS has brought out since a program's catalog was written.

use super::catalog::{Gpus, InstanceType};

/// A GPU instance type that only one account has, for [`AwsBuilder::newer_type`](crate::AwsBuilder::newer_type): a
/// program that knows the types of AWS does not know this one, as if it were newer. Every Availability Zone offers it,
/// on-demand and as spot.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, NewerType};
///
/// let newer = NewerType::new("g99.xlarge", "NVIDIA", "X1").gpus(2).gpu_memory_mib(98_304);
/// let aws = Aws::builder().newer_type(newer).build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let described = ec2.describe_instance_types().instance_types("g99.xlarge".into()).send().await?;
/// let gpus = described.instance_types()[0].gpu_info().unwrap();
/// assert_eq!((gpus.gpus()[0].name(), gpus.gpus()[0].count()), (Some("X1"), Some(2)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NewerType(InstanceType);

impl NewerType {
    /// Creates a type with one GPU of that maker and model, 24 GiB of GPU memory, 4 vCPUs of the architecture x86_64,
    /// and 16 GiB of main memory.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        gpu_maker: impl Into<String>,
        gpu_model: impl Into<String>,
    ) -> Self {
        Self(InstanceType {
            name: name.into(),
            architecture: "x86_64".to_owned(),
            vcpus: 4,
            threads_per_core: 2,
            memory_mib: 16_384,
            gpus: Some(Gpus {
                manufacturer: gpu_maker.into(),
                model: gpu_model.into(),
                count: 1,
                memory_mib_total: 24_576,
            }),
            accelerators: None,
            is_everywhere: true,
        })
    }

    /// Sets the number of GPUs.
    #[must_use]
    pub fn gpus(mut self, count: u32) -> Self {
        if let Some(gpus) = &mut self.0.gpus {
            gpus.count = count;
        }
        self
    }

    /// Sets the memory of all GPUs together in MiB.
    #[must_use]
    pub fn gpu_memory_mib(mut self, memory_mib: u64) -> Self {
        if let Some(gpus) = &mut self.0.gpus {
            gpus.memory_mib_total = memory_mib;
        }
        self
    }

    /// Sets the number of vCPUs.
    #[must_use]
    pub fn vcpus(mut self, vcpus: u32) -> Self {
        self.0.vcpus = vcpus;
        self
    }

    /// Gives the type processors of the architecture arm64.
    #[must_use]
    pub fn arm64(mut self) -> Self {
        self.0.architecture = "arm64".to_owned();
        self.0.threads_per_core = 1;
        self
    }

    pub(crate) fn into_instance_type(self) -> InstanceType {
        self.0
    }
}
