//! Faults of the first boot in a TOML file.

use serde::Deserialize;
use toml::Spanned;

use super::boot_fault::{BootFailure, BootFault};
use super::file::{Problem, absent, at_least_one, problem};

/// A fault of the first boot in its written form.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct BootFaultEntry {
    fault: Word,
    service: Option<Spanned<String>>,
    exit_code: Option<Spanned<u8>>,
    instance: Option<Spanned<u32>>,
    #[serde(default)]
    optional: bool,
}

/// The words for the failures.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    ContainerExits,
    ImageDenied,
    ImageNotFound,
    MountRefused,
    NoSpaceLeft,
    OutOfGpuMemory,
    ScriptFails,
    SecretUnreadable,
}

impl BootFaultEntry {
    pub(super) fn fault(self) -> Result<BootFault, Problem> {
        let mut fault = BootFault::of(self.failure()?);
        if self.instance.is_some() {
            fault = fault.on_instance(at_least_one("instance", self.instance)?);
        }
        Ok(if self.optional {
            fault.optional()
        } else {
            fault
        })
    }

    fn failure(&self) -> Result<BootFailure, Problem> {
        let code = match self.fault {
            Word::ContainerExits => self.exit_code.as_ref().map_or(1, |code| *code.get_ref()),
            Word::ImageDenied
            | Word::ImageNotFound
            | Word::MountRefused
            | Word::NoSpaceLeft
            | Word::OutOfGpuMemory
            | Word::ScriptFails
            | Word::SecretUnreadable => {
                const EXITS: &str = "needs the fault `container-exits`";
                absent("exit-code", self.exit_code.as_ref(), EXITS)?;
                1
            }
        };
        Ok(match self.fault {
            Word::MountRefused => {
                self.of_machine()?;
                BootFailure::MountRefused
            }
            Word::ScriptFails => {
                self.of_machine()?;
                BootFailure::ScriptFails
            }
            Word::ContainerExits => BootFailure::ContainerExits {
                service: self.service()?,
                code,
            },
            Word::ImageDenied => BootFailure::ImageDenied {
                service: self.service()?,
            },
            Word::ImageNotFound => BootFailure::ImageNotFound {
                service: self.service()?,
            },
            Word::NoSpaceLeft => BootFailure::NoSpaceLeft {
                service: self.service()?,
            },
            Word::OutOfGpuMemory => BootFailure::OutOfGpuMemory {
                service: self.service()?,
            },
            Word::SecretUnreadable => BootFailure::SecretUnreadable {
                service: self.service()?,
            },
        })
    }

    /// Returns the service of a failure that one has.
    fn service(&self) -> Result<String, Problem> {
        match &self.service {
            Some(service) if !service.get_ref().is_empty() => Ok(service.get_ref().clone()),
            Some(service) => Err(problem("service", service, "must not be empty")),
            None => Err("the fault needs a `service`, as the user data names it".into()),
        }
    }

    /// Checks that no service is given, for a failure of the whole instance.
    fn of_machine(&self) -> Result<(), Problem> {
        const WHOLE: &str = "cannot be combined with a fault of the whole instance";
        absent("service", self.service.as_ref(), WHOLE)
    }
}
