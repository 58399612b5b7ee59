//! The durations of AWS's steps: seeded draws from observed values.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The speed of the simulated AWS.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Timings};
///
/// for (timings, state) in [(Timings::Instant, "available"), (Timings::Slow, "creating")] {
///     let aws = Aws::builder().timings(timings).build();
///     let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
///     let file_system = efs.create_file_system().creation_token("t").send().await?;
///     let states = aws.states();
///     let created = states.iter().find(|one| one.resource.id == file_system.file_system_id());
///     assert_eq!(created.map(|one| one.state.as_str()), Some(state));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Timings {
    /// Every step takes no time, and every read sees every write.
    Instant,
    /// Every step takes at least four fifths of its median and at most its ninetieth percentile; half of the draws are
    /// below the median.
    #[default]
    Typical,
    /// Every step takes as long as the slowest observed one.
    Slow,
}

/// A step for which AWS takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A file system from `creating` to `available`.
    FileSystemAvailable,
    FileSystemDeleted,
    /// A file system's throughput from one mode or amount to another.
    FileSystemUpdated,
    MountTargetAvailable,
    MountTargetDeleted,
    AccessPointAvailable,
    AccessPointDeleted,
    /// The RunInstances call itself.
    RunInstances,
    /// An instance from `pending` to `running`.
    InstanceRunning,
    /// From `running` until user data has run and its services answer.
    ServicesUp,
    /// From `running` until both status checks have passed.
    StatusChecksPassed,
    /// From `running` until the console output can be read.
    ConsoleOutput,
    /// An instance from `stopping` to `stopped`.
    InstanceStopped,
    InstanceTerminated,
    /// A volume from `creating` to `available`.
    VolumeAvailable,
    VolumeAttached,
    VolumeDetached,
    VolumeDeleted,
    /// A NAT gateway from `pending` to `available`.
    NatGatewayAvailable,
    /// A NAT gateway from `pending` to `failed`.
    NatGatewayFailed,
    NatGatewayDeleted,
    /// An interface endpoint from `pending` to `available`.
    VpcEndpointAvailable,
    VpcEndpointDeleted,
    /// From the purchase of a capacity block until it is paid.
    CapacityBlockPaid,
    LoadBalancerActive,
    LoadBalancerDeleted,
    /// From the load balancer's deletion until its network interfaces are gone.
    LoadBalancerInterfacesReleased,
    TargetRegistered,
    DistributionDeployed,
    /// A VPC origin from `Deploying` to `Deployed`.
    VpcOriginDeployed,
    VpcOriginDeleted,
    /// From the VPC origin's deletion until its network interfaces and their group are gone.
    VpcOriginInterfacesReleased,
    InvalidationCompleted,
    /// From the request for a certificate until its description has the records that validate it.
    ValidationRecordShown,
    /// From the appearance of a record in DNS until the name of a certificate is validated.
    CertificateValidated,
    /// From the end of a certificate's use until Certificate Manager knows it.
    CertificateReleased,
    /// From a change of records until all name servers have it.
    RecordsInSync,
    /// The time for which EC2 does not know a new instance profile, or the role that was added to one.
    InstanceProfileKnown,
    /// The time for which a role's new policy has no effect.
    RolePolicyEffective,
    /// From `running` until the agent of Systems Manager has registered the instance.
    AgentStarted,
    /// The time for which the agent sleeps after it was not allowed to register.
    AgentSleep,
    /// A command of Systems Manager on its way to the instance, or its result on the way back.
    CommandDelivered,
    /// Any other call.
    Call,
    /// The time for which a new EC2 id is unknown to other calls.
    Consistency,
}

impl Step {
    /// Returns true if the step is the time until other calls see what a call has changed.
    fn is_propagation(self) -> bool {
        matches!(
            self,
            Self::Consistency | Self::InstanceProfileKnown | Self::RolePolicyEffective
        )
    }

    /// Returns the median, the ninetieth percentile and the slowest, in milliseconds. `docs/fidelity.md` lists the
    /// sources.
    fn observed(self) -> [u64; 3] {
        match self {
            Self::FileSystemAvailable => [5_000, 12_000, 30_000],
            Self::FileSystemDeleted => [3_000, 10_000, 10_000],
            Self::FileSystemUpdated => [5_000, 12_000, 30_000],
            Self::MountTargetAvailable => [80_000, 100_000, 720_000],
            Self::MountTargetDeleted => [15_000, 45_000, 300_000],
            Self::AccessPointAvailable => [1_000, 3_000, 10_000],
            Self::AccessPointDeleted => [1_000, 3_000, 10_000],
            Self::RunInstances => [1_500, 5_000, 5_000],
            Self::InstanceRunning => [15_000, 40_000, 180_000],
            Self::ServicesUp => [40_000, 90_000, 90_000],
            Self::StatusChecksPassed => [150_000, 240_000, 240_000],
            Self::ConsoleOutput => [60_000, 120_000, 120_000],
            Self::InstanceTerminated => [30_000, 70_000, 300_000],
            Self::InstanceStopped => [30_000, 60_000, 180_000],
            Self::VolumeAvailable => [2_000, 5_000, 15_000],
            Self::VolumeAttached => [3_000, 8_000, 30_000],
            Self::VolumeDetached => [5_000, 15_000, 60_000],
            Self::VolumeDeleted => [2_000, 5_000, 15_000],
            Self::NatGatewayAvailable => [105_000, 140_000, 200_000],
            Self::NatGatewayFailed => [10_000, 20_000, 60_000],
            Self::NatGatewayDeleted => [50_000, 70_000, 150_000],
            Self::VpcEndpointAvailable => [75_000, 115_000, 240_000],
            Self::VpcEndpointDeleted => [60_000, 120_000, 300_000],
            Self::CapacityBlockPaid => [60_000, 300_000, 900_000],
            Self::LoadBalancerActive => [156_000, 182_000, 240_000],
            Self::LoadBalancerDeleted => [5_000, 20_000, 20_000],
            Self::LoadBalancerInterfacesReleased => [30_000, 110_000, 300_000],
            Self::TargetRegistered => [5_000, 15_000, 15_000],
            Self::DistributionDeployed => [150_000, 225_000, 480_000],
            Self::VpcOriginDeployed => [300_000, 600_000, 900_000],
            Self::VpcOriginDeleted => [300_000, 600_000, 900_000],
            Self::VpcOriginInterfacesReleased => [30_000, 110_000, 300_000],
            Self::ValidationRecordShown => [2_000, 6_000, 30_000],
            Self::CertificateValidated => [150_000, 570_000, 3_600_000],
            Self::CertificateReleased => [10_000, 60_000, 600_000],
            Self::RecordsInSync => [25_000, 45_000, 60_000],
            Self::InvalidationCompleted => [20_000, 60_000, 300_000],
            Self::InstanceProfileKnown => [7_000, 15_000, 150_000],
            Self::RolePolicyEffective => [7_000, 15_000, 150_000],
            Self::AgentStarted => [60_000, 180_000, 367_000],
            Self::AgentSleep => [1_680_000, 1_800_000, 1_800_000],
            Self::CommandDelivered => [1_000, 3_000, 10_000],
            Self::Call => [80, 200, 400],
            Self::Consistency => [500, 1_500, 6_000],
        }
    }
}

/// The source of all random times and ids. The same seed and the same calls give the same values.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rng {
    state: u64,
    timings: Timings,
    /// True if all other calls know what a call has changed at once.
    #[serde(default)]
    is_consistent: bool,
}

impl Rng {
    pub(crate) fn new(seed: u64, timings: Timings) -> Self {
        Self {
            state: seed,
            timings,
            is_consistent: false,
        }
    }

    /// Creates a source whose values follow from a text, for ids that are not to depend on the order of calls.
    pub(crate) fn of_text(text: &str) -> Self {
        // FNV-1a, which spreads similar texts well enough.
        let seed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(seed, Timings::Instant)
    }

    /// Makes every call from now on see the changes of the calls before it.
    pub(crate) fn be_consistent(&mut self) {
        self.is_consistent = true;
    }

    pub(crate) fn timings(&self) -> Timings {
        self.timings
    }

    /// Returns the duration of the step this time.
    pub(crate) fn duration(&mut self, step: Step) -> Duration {
        let [median, ninetieth, slowest] = step.observed();
        let roll = self.roll();
        let between = |low: u64, high: u64, part: f64| {
            Duration::from_millis(low + ((high - low) as f64 * part) as u64)
        };
        if self.is_consistent && step.is_propagation() {
            return Duration::ZERO;
        }
        match self.timings {
            Timings::Instant => Duration::ZERO,
            Timings::Slow => Duration::from_millis(slowest),
            Timings::Typical if roll < 0.5 => between(median * 8 / 10, median, roll / 0.5),
            // The slowest are rarer than one in ten, so only the slow profile uses them.
            Timings::Typical => between(median, ninetieth, (roll - 0.5) / 0.5),
        }
    }

    /// Returns a random number from 0 (inclusive) to 1 (exclusive).
    pub(crate) fn roll(&mut self) -> f64 {
        self.generator(fastrand::Rng::f64)
    }

    /// Returns `n` random hexadecimal digits.
    pub(crate) fn hex(&mut self, n: usize) -> String {
        self.characters(n, b"0123456789abcdef")
    }

    /// Returns a random id in the form of a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let mut part = |n| self.hex(n);
        format!(
            "{}-{}-4{}-8{}-{}",
            part(8),
            part(4),
            part(3),
            part(3),
            part(12)
        )
    }

    /// Returns `n` random characters of the alphabet of CloudFront's ids.
    pub(crate) fn upper(&mut self, n: usize) -> String {
        self.characters(n, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    }

    /// Returns `n` random letters and digits, as they end the ARN of a secret.
    pub(crate) fn alphanumeric(&mut self, n: usize) -> String {
        self.characters(
            n,
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        )
    }

    /// Returns `n` random small letters.
    pub(crate) fn letters(&mut self, n: usize) -> String {
        self.characters(n, b"abcdefghijklmnopqrstuvwxyz")
    }

    /// Returns `n` random decimal digits.
    pub(crate) fn digits(&mut self, n: usize) -> String {
        self.characters(n, b"0123456789")
    }

    fn characters(&mut self, n: usize, alphabet: &[u8]) -> String {
        self.generator(|rng| {
            (0..n)
                .map(|_| char::from(alphabet[rng.usize(0..alphabet.len())]))
                .collect()
        })
    }

    fn generator<T>(&mut self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        let mut rng = fastrand::Rng::with_seed(self.state);
        let drawn = draw(&mut rng);
        self.state = rng.get_seed();
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::{Rng, Step, Timings};

    #[test]
    fn same_seed_gives_same_times_and_ids() {
        let draw = || {
            let mut rng = Rng::new(7, Timings::Typical);
            (
                rng.hex(17),
                rng.duration(Step::LoadBalancerActive),
                rng.roll(),
            )
        };
        assert_eq!(draw(), draw());
    }

    #[test]
    fn typical_times_lie_within_observed_ones() {
        let mut rng = Rng::new(1, Timings::Typical);
        for _ in 0..1000 {
            let seconds = rng.duration(Step::LoadBalancerActive).as_secs_f64();
            assert!((124.0..=182.0).contains(&seconds), "{seconds}");
        }
    }
}
