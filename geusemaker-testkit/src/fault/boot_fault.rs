//! Faults of the software inside instances: the first boot fails at one of its stages.

use std::fmt;

/// A failure of an instance's first boot, for the instances of a [`ServiceGuest`](crate::ServiceGuest).
///
/// The instance goes through the stages of its user data up to the failure. Its console then shows what the script of
/// the user data prints there, and the services that do not run have no healthy targets.
///
/// ```
/// use geusemaker_testkit::{Aws, BootFault, ServiceGuest};
///
/// let missing = BootFault::image_not_found("vllm");
/// // Only the second instance that is launched has too little memory.
/// let full = BootFault::out_of_gpu_memory("vllm").on_instance(2);
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let aws = Aws::builder().guest(ServiceGuest::new().fault(missing).fault(full.optional())).build();
/// assert_eq!(aws.unfired_boot_faults().len(), 1);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A service is named as in the user data. A fault that has not fired when the last handle to its
/// [`Aws`](crate::Aws) is dropped makes the test fail: see [`Aws::unfired_boot_faults`](crate::Aws::unfired_boot_faults).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct BootFault {
    pub(crate) failure: BootFailure,
    instance: Option<u32>,
    optional: bool,
}

/// A failure, with the service that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BootFailure {
    ContainerExits { service: String, code: u8 },
    ImageDenied { service: String },
    ImageNotFound { service: String },
    MountRefused,
    NoSpaceLeft { service: String },
    OutOfGpuMemory { service: String },
    ScriptFails,
    SecretUnreadable { service: String },
}

impl BootFault {
    /// Creates a fault: the registry does not have the service's image.
    pub fn image_not_found(service: impl Into<String>) -> Self {
        let service = service.into();
        Self::of(BootFailure::ImageNotFound { service })
    }

    /// Creates a fault: the registry refuses access to the service's image.
    pub fn image_denied(service: impl Into<String>) -> Self {
        let service = service.into();
        Self::of(BootFailure::ImageDenied { service })
    }

    /// Creates a fault: the disk is too small for the service's image.
    pub fn no_space_left(service: impl Into<String>) -> Self {
        let service = service.into();
        Self::of(BootFailure::NoSpaceLeft { service })
    }

    /// Creates a fault: a secret of the service cannot be read. It never fires unless the service is the first that
    /// needs a secret.
    pub fn secret_unreadable(service: impl Into<String>) -> Self {
        let service = service.into();
        Self::of(BootFailure::SecretUnreadable { service })
    }

    /// Creates a fault: the service's container exits, again and again if Docker restarts it. A container that exits
    /// with code 0 and is not restarted has done its work: then the fault never fires.
    pub fn container_exits(service: impl Into<String>, code: u8) -> Self {
        let service = service.into();
        Self::of(BootFailure::ContainerExits { service, code })
    }

    /// Creates a fault: the GPU has too little memory for the service. It never fires for a service without GPUs.
    pub fn out_of_gpu_memory(service: impl Into<String>) -> Self {
        let service = service.into();
        Self::of(BootFailure::OutOfGpuMemory { service })
    }

    /// Creates a fault: the shared file system cannot be mounted, because it refuses access.
    pub fn mount_refused() -> Self {
        Self::of(BootFailure::MountRefused)
    }

    /// Creates a fault: the script fails while it prepares the machine.
    pub fn script_fails() -> Self {
        Self::of(BootFailure::ScriptFails)
    }

    /// Fails on one instance only: the nth that was launched in its region, counted from 1. By default, every instance
    /// fails.
    pub fn on_instance(mut self, nth: u32) -> Self {
        self.instance = Some(nth);
        self
    }

    /// Allows the fault to never fire. Without this, a fault that never fires makes the test fail.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(crate) fn of(failure: BootFailure) -> Self {
        Self {
            failure,
            instance: None,
            optional: false,
        }
    }

    /// Returns true if the fault is one of the nth instance.
    pub(crate) fn is_on(&self, nth: u32) -> bool {
        self.instance.is_none_or(|instance| instance == nth)
    }

    pub(crate) fn is_optional(&self) -> bool {
        self.optional
    }
}

impl fmt::Display for BootFault {
    /// Writes a sentence: `on instance 2, the image of vllm is not found`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instance {
            Some(nth) => write!(f, "on instance {nth}, ")?,
            None => f.write_str("on every instance, ")?,
        }
        match &self.failure {
            BootFailure::ContainerExits { service, code } => {
                write!(f, "the container of {service} exits with code {code}")
            }
            BootFailure::ImageDenied { service } => {
                write!(f, "access to the image of {service} is denied")
            }
            BootFailure::ImageNotFound { service } => {
                write!(f, "the image of {service} is not found")
            }
            BootFailure::MountRefused => f.write_str("the shared file system refuses the mount"),
            BootFailure::NoSpaceLeft { service } => {
                write!(f, "no space is left for the image of {service}")
            }
            BootFailure::OutOfGpuMemory { service } => {
                write!(f, "{service} is out of GPU memory")
            }
            BootFailure::ScriptFails => f.write_str("the script fails"),
            BootFailure::SecretUnreadable { service } => {
                write!(f, "a secret of {service} cannot be read")
            }
        }
    }
}
