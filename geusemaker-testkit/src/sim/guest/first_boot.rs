//! The first boot of an instance that runs GeuseMaker's user data: what it prints, and when its containers run.

use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;

use super::script::{Port, Script, Secret, Service};
use super::{Boot, GuestService, memory_and_driver, nvidia_gpus};
use crate::fault::BootFailure;
use crate::sim::timings::Timings;

/// The times of the stages in seconds.
const MACHINE: u64 = 10;
const STORAGE: u64 = 10;
const READ: u64 = 1;
const PULL: u64 = 45;
const PULL_FOR_GPUS: u64 = 100;
/// All images together: a stack with its default deadline comes up.
const PULL_ALL: u64 = 120;
const START: u64 = 3;
const SETTLE: u64 = 10;

/// The time until a registry has refused an image, in seconds.
const ASK: u64 = 3;

/// The times from the start of a container until its service answers, in seconds.
const LOAD: u64 = 5;
const LOAD_ON_GPUS: u64 = 20;

/// The time after which the unit of the services is started again when it has failed.
const RESTART: u64 = 120;

/// The number of repetitions that are still on the console: it keeps its last 64 KiB.
const KEPT: u32 = 20;

/// A first boot. All times are those since the console has content.
pub(super) struct FirstBoot<'a> {
    lines: Vec<Line>,
    again: Option<Again>,
    containers: Vec<Container<'a>>,
    /// The faults that are reached, each with its time.
    struck: Vec<(usize, Duration)>,
}

/// A line on the console.
#[derive(Clone)]
struct Line {
    at: Duration,
    text: String,
}

/// Lines that come again and again, at times since the beginning of each repetition.
struct Again {
    from: Duration,
    period: Duration,
    lines: Vec<Line>,
}

/// A container that has been started.
pub(super) struct Container<'a> {
    pub(super) service: &'a Service,
    pub(super) started: Duration,
    pub(super) course: Course,
}

/// The course of a container after its start.
#[derive(Clone, Copy)]
pub(super) enum Course {
    /// It answers after that time.
    Serves { after: Duration },
    /// It exits after that time, whenever it is started.
    Exits { after: Duration, why: Exit },
}

/// The reason for which a container exits.
#[derive(Clone, Copy)]
pub(super) enum Exit {
    Code(u8),
    OutOfGpuMemory,
}

impl<'a> FirstBoot<'a> {
    /// Computes the boot of an instance with these faults.
    pub(super) fn of(script: &'a Script, boot: &Boot, faults: &[(usize, &BootFailure)]) -> Self {
        let mut course = Progress {
            script,
            boot,
            faults,
            now: Duration::ZERO,
            told: FirstBoot {
                lines: Vec::new(),
                again: None,
                containers: Vec::new(),
                struck: Vec::new(),
            },
        };
        // A failure is told already.
        let _ = course.run();
        course.told
    }

    /// Returns the lines on the console at that time.
    pub(super) fn console(&self, since: Duration) -> String {
        let mut console = String::new();
        let mut print = |at: Duration, text: &str| {
            if at <= since {
                console.push_str(text);
                console.push_str("\r\n");
            }
        };
        for line in &self.lines {
            print(line.at, &line.text);
        }
        if let Some(again) = &self.again
            && let Some(passed) = since.checked_sub(again.from)
        {
            let last = passed.as_millis() / again.period.as_millis().max(1);
            let last = u32::try_from(last).unwrap_or(u32::MAX);
            for number in last.saturating_sub(KEPT)..=last {
                let begin = again.from + again.period.saturating_mul(number);
                for line in &again.lines {
                    print(begin.saturating_add(line.at), &line.text);
                }
            }
        }
        console
    }

    /// Returns the containers that are ever started, whenever that is.
    pub(super) fn containers(&self) -> &[Container<'a>] {
        &self.containers
    }

    /// Returns true if a service answers on that port of the instance.
    pub(super) fn serves(&self, since: Duration, port: u16) -> bool {
        let has_port = |it: &Port| it.host == port;
        self.serving(since)
            .any(|service| service.ports.iter().any(has_port))
    }

    /// Returns the services that answer.
    pub(super) fn services(&self, since: Duration) -> Vec<GuestService> {
        let services = self.serving(since).map(|service| {
            let ports = service.ports.iter().map(|port| port.host);
            GuestService::new(&service.name, &service.image, ports)
        });
        services.collect()
    }

    fn serving(&self, since: Duration) -> impl Iterator<Item = &Service> {
        let serving = self.containers.iter();
        let serving = serving.filter(move |container| match container.course {
            Course::Serves { after } => since >= container.started + after,
            Course::Exits { .. } => false,
        });
        serving.map(|container| container.service)
    }

    /// Returns the faults that the boot has reached by then.
    pub(super) fn struck(&self, since: Duration) -> impl Iterator<Item = usize> {
        let struck = self.struck.iter();
        struck.filter_map(move |(fault, at)| (*at <= since).then_some(*fault))
    }
}

/// A boot on its way.
struct Progress<'a, 'b> {
    script: &'a Script,
    boot: &'b Boot,
    faults: &'b [(usize, &'b BootFailure)],
    now: Duration,
    told: FirstBoot<'a>,
}

impl Progress<'_, '_> {
    fn run(&mut self) -> ControlFlow<()> {
        self.machine()?;
        self.storage()?;
        let begin = self.told.lines.len();
        self.read_secrets(begin)?;
        self.pull_images(begin)?;
        self.start_services();
        self.watch();
        Continue(())
    }

    fn machine(&mut self) -> ControlFlow<()> {
        self.stage(1, "preparing the machine");
        self.report_gpus();
        self.wait(MACHINE);
        if self.strikes(|failure| *failure == BootFailure::ScriptFails) {
            let line = self.script.docker_line;
            self.print(failed(
                "the machine",
                &format!("the script failed at line {line} of /opt/geusemaker/run machine"),
            ));
            return Break(());
        }
        Continue(())
    }

    fn storage(&mut self) -> ControlFlow<()> {
        self.stage(2, "mounting the shared file system");
        if !self.has_fault(|failure| *failure == BootFailure::MountRefused) {
            self.wait(STORAGE);
            return Continue(());
        }
        // The script never gives up. It reports this every two minutes.
        self.wait(120);
        self.strikes(|failure| *failure == BootFailure::MountRefused);
        let refused = failed(
            "the shared file system",
            "the mount was refused: mount.nfs4: access denied by server while mounting 127.0.0.1:/",
        );
        self.print(refused.clone());
        let period = self.seconds(120);
        self.repeat(
            period,
            vec![Line {
                at: period,
                text: refused,
            }],
        );
        Break(())
    }

    fn read_secrets(&mut self, begin: usize) -> ControlFlow<()> {
        let script = self.script;
        if script.secrets.is_empty() {
            return Continue(());
        }
        self.stage(3, "reading secrets");
        for secret in &script.secrets {
            let is_unreadable = |failure: &BootFailure| matches!(failure, BootFailure::SecretUnreadable { service } if *service == secret.service);
            if self.has_fault(is_unreadable) {
                // The rights of a new role become known within minutes, so the script tries for five.
                let patience = if secret.kind == "generate" { 60 } else { 300 };
                self.wait(patience);
                self.strikes(is_unreadable);
                self.give_up(begin, &secret.service, &unreadable(secret), patience);
                return Break(());
            }
            self.wait(READ);
        }
        Continue(())
    }

    fn pull_images(&mut self, begin: usize) -> ControlFlow<()> {
        let script = self.script;
        let total = script.images.len();
        for (index, (service, image)) in script.images.iter().enumerate() {
            let number = index + 1;
            self.stage(
                self.before_images() + number,
                &format!("pulling {image} ({number} of {total})"),
            );
            let mut reason = None;
            self.strikes(|failure| {
                let (named, text) = match failure {
                    BootFailure::ImageDenied { service } => (service, denied(image)),
                    BootFailure::ImageNotFound { service } => (service, not_found(image)),
                    BootFailure::NoSpaceLeft { service } => (service, no_space(image)),
                    BootFailure::ContainerExits { .. }
                    | BootFailure::MountRefused
                    | BootFailure::OutOfGpuMemory { .. }
                    | BootFailure::ScriptFails
                    | BootFailure::SecretUnreadable { .. } => return false,
                };
                let is_of_image = script.needs_image(named, image);
                if is_of_image {
                    reason = Some(text);
                }
                is_of_image
            });
            if let Some(reason) = reason {
                self.wait(ASK);
                self.give_up(begin, service, &reason, ASK);
                return Break(());
            }
            let uses_gpus = script
                .services
                .iter()
                .any(|it| it.uses_gpus && it.image == *image);
            let usual = if uses_gpus { PULL_FOR_GPUS } else { PULL };
            self.wait(usual.min(PULL_ALL / total as u64));
        }
        Continue(())
    }

    fn start_services(&mut self) {
        let script = self.script;
        for (index, service) in script.services.iter().enumerate() {
            let stage = self.before_images() + script.images.len() + index + 1;
            self.stage(stage, &format!("starting {}", service.name));
            self.wait(START);
            let course = self.course_of(service);
            self.told.containers.push(Container {
                service,
                started: self.now,
                course,
            });
        }
    }

    /// Watches the containers until all stay up.
    fn watch(&mut self) {
        self.stage(self.script.stages(), "waiting until all containers stay up");
        let mut ends = Vec::new();
        for container in &self.told.containers {
            if let Course::Exits { after, why } = container.course {
                let (seen, reason) = self.end_of(container, after, why);
                ends.push((
                    seen,
                    container.service.name.clone(),
                    reason,
                    container.log_end(),
                ));
            }
        }
        if ends.is_empty() {
            self.wait(SETTLE);
            self.report_gpus();
            self.print("GEUSEMAKER:READY".to_owned());
            return;
        }
        ends.sort_by_key(|(seen, ..)| *seen);
        for (seen, name, reason, log) in ends {
            self.now = seen;
            for line in log {
                self.print(format!("GEUSEMAKER:LOG {name}: {line}"));
            }
            self.print(failed(&name, &reason));
        }
    }

    /// Returns the time at which the watch reports a container that exits, and the reason that it gives.
    fn end_of(&self, container: &Container<'_>, after: Duration, why: Exit) -> (Duration, String) {
        let is_restarted = container.is_restarted();
        let first = (container.started + after).max(self.now) + self.seconds(5);
        match (why, is_restarted) {
            (Exit::OutOfGpuMemory, false) => (first, "out of GPU memory".to_owned()),
            (Exit::OutOfGpuMemory, true) => (first, "out of GPU memory (restarts: 1)".to_owned()),
            (Exit::Code(code), false) => (first, format!("the container exits with code {code}")),
            // A program that waits for another one may end a few times at first.
            (Exit::Code(code), true) => {
                let seen = first + self.seconds(45);
                let reason = format!("the container exits with code {code} (restarts: 6)");
                (seen, reason)
            }
        }
    }

    /// Returns the course of a container that is started now.
    fn course_of(&mut self, service: &Service) -> Course {
        let mut exit = None;
        self.strikes(|failure| {
            match failure {
                BootFailure::ContainerExits {
                    service: named,
                    code,
                } if *named == service.name && (*code != 0 || service.is_restarted(*code)) => {
                    exit = Some((2, Exit::Code(*code)));
                }
                BootFailure::OutOfGpuMemory { service: named }
                    if *named == service.name && service.uses_gpus =>
                {
                    exit = Some((LOAD_ON_GPUS, Exit::OutOfGpuMemory));
                }
                _ => return false,
            }
            true
        });
        let load = if service.uses_gpus {
            LOAD_ON_GPUS
        } else {
            LOAD
        };
        match exit {
            Some((after, why)) => Course::Exits {
                after: self.seconds(after),
                why,
            },
            None => Course::Serves {
                after: self.seconds(load),
            },
        }
    }

    /// Tells that the script of the services fails, after a last step of that many seconds. Its unit is started again
    /// after two minutes, and the images that have been pulled are there by then.
    fn give_up(&mut self, begin: usize, subject: &str, reason: &str, step: u64) {
        let mut lines: Vec<Line> = self.told.lines[begin..].to_vec();
        for line in &mut lines {
            line.at = self.seconds(RESTART);
        }
        let text = failed(subject, reason);
        self.print(text.clone());
        lines.push(Line {
            at: self.seconds(RESTART + step),
            text,
        });
        self.repeat(self.seconds(RESTART + step), lines);
    }

    /// Returns the number of the stages before the images are pulled.
    fn before_images(&self) -> usize {
        2 + usize::from(!self.script.secrets.is_empty())
    }

    /// Repeats lines from now on.
    fn repeat(&mut self, period: Duration, lines: Vec<Line>) {
        if !period.is_zero() {
            self.told.again = Some(Again {
                from: self.now,
                period,
                lines,
            });
        }
    }

    fn report_gpus(&mut self) {
        if self.script.gpu_check {
            let (count, model) = nvidia_gpus(self.boot);
            let (memory, driver) = memory_and_driver(self.boot);
            self.print(format!(
                "GEUSEMAKER:GPU count={count} model=\"{model}\" memory=\"{memory}\" driver=\"{driver}\""
            ));
        }
    }

    fn stage(&mut self, number: usize, what: &str) {
        let total = self.script.stages();
        self.print(format!("GEUSEMAKER:STAGE {number}/{total} {what}"));
    }

    fn print(&mut self, text: String) {
        self.told.lines.push(Line { at: self.now, text });
    }

    fn wait(&mut self, seconds: u64) {
        self.now += self.seconds(seconds);
    }

    /// Returns that many seconds in the account's timings.
    fn seconds(&self, seconds: u64) -> Duration {
        match self.boot.timings {
            Timings::Instant => Duration::ZERO,
            Timings::Typical | Timings::Slow => Duration::from_secs(seconds),
        }
    }

    fn has_fault(&self, is_due: impl Fn(&BootFailure) -> bool) -> bool {
        self.faults.iter().any(|(_, failure)| is_due(failure))
    }

    /// Returns true if a fault is due now, and notes that it strikes.
    fn strikes(&mut self, mut is_due: impl FnMut(&BootFailure) -> bool) -> bool {
        let struck = self.faults.iter().find(|(_, failure)| is_due(failure));
        if let Some((fault, _)) = struck {
            self.told.struck.push((*fault, self.now));
        }
        struck.is_some()
    }
}

impl Container<'_> {
    /// Returns true if Docker restarts the container when it exits.
    pub(super) fn is_restarted(&self) -> bool {
        match self.course {
            Course::Serves { .. } => false,
            Course::Exits { why, .. } => self.service.is_restarted(why.code()),
        }
    }

    /// Returns the last lines of the log of a container that has exited.
    fn log_end(&self) -> Vec<String> {
        match self.course {
            Course::Serves { .. } => Vec::new(),
            Course::Exits { why, .. } => vec![
                format!("Starting {} (simulated)", self.service.image),
                why.last_words(),
            ],
        }
    }
}

impl Exit {
    /// Returns the exit code.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::OutOfGpuMemory => 1,
        }
    }

    /// Returns the last line of the container's log.
    pub(super) fn last_words(self) -> String {
        match self {
            Self::Code(code) => format!("ERROR: simulated failure, exit code {code}"),
            Self::OutOfGpuMemory => {
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 14.00 GiB."
                    .to_owned()
            }
        }
    }
}

fn failed(subject: &str, reason: &str) -> String {
    format!("GEUSEMAKER:FAILED {subject}: {reason}")
}

fn denied(image: &str) -> String {
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    let name = match image[last..].find([':', '@']) {
        Some(end) => &image[..last + end],
        None => image,
    };
    format!(
        "access to the image denied: pull access denied for {name}, repository does not exist or may require 'docker login'"
    )
}

fn not_found(image: &str) -> String {
    format!("image not found: manifest for {image} not found: manifest unknown: manifest unknown")
}

/// Returns the reason that the script gives for a secret, with the end of what AWS or the system says.
fn unreadable(secret: &Secret) -> String {
    let Secret {
        variable,
        kind,
        name,
        ..
    } = secret;
    let operation = match kind.as_str() {
        "ssm" => "GetParameter",
        "secretsmanager" => "GetSecretValue",
        _ => return format!("the secret {variable} could not be made: mktemp: Permission denied"),
    };
    format!(
        "the secret {variable} could not be read from {kind}:{name}: An error occurred (AccessDeniedException) when calling the {operation} operation: User is not authorized to perform this action"
    )
}

fn no_space(image: &str) -> String {
    format!("no space left on the disk for the image {image}")
}
