//! The traffic of an account that is served: where its names are reached, and the user's programs that answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use geusemaker_testkit::Aws;
use geusemaker_testkit::serve::TrafficServer;
use geusemaker_testkit::traffic::{DoorKind, OpenDoor, Place, Service, Traffic};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::guest_process::{self, GuestProcess, Line, ProcessName};
use crate::arguments::GuestCommand;
use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;

/// The time between two looks at the services: they come up as time goes on.
const INTERVAL: Duration = Duration::from_millis(250);

/// The traffic, for as long as it is served.
pub(crate) struct ServedTraffic {
    server: TrafficServer,
    traffic: Traffic,
    certificate: CertificateFile,
    guests: Guests,
    /// The addresses that have been told.
    told: Vec<OpenDoor>,
}

impl ServedTraffic {
    /// Starts to serve the traffic, with the proxy on that address.
    pub(crate) async fn start(
        aws: &Aws,
        address: SocketAddr,
        commands: &[GuestCommand],
    ) -> Result<Self, Failure> {
        let guests = Guests::new(commands)?;
        let server = TrafficServer::bind(aws.clone(), address).await;
        let server = server.map_err(|error| {
            Failure::usage(format!(
                "cannot listen on {address}: {error}; choose another --traffic-port (0 is any free port)"
            ))
        })?;
        let traffic = aws.traffic();
        let written = CertificateFile::write(server.proxy().port(), &traffic.root_certificate());
        let certificate = written.map_err(|error| {
            Failure::local(format!(
                "the certificate of the account's authority cannot be written: {error}; set TMPDIR to a folder of yours"
            ))
        })?;
        Ok(Self {
            server,
            traffic,
            certificate,
            guests,
            told: Vec::new(),
        })
    }

    /// Returns where the traffic is reached, for the document.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "proxy": self.proxy(),
            "root_certificate": self.certificate.path,
        })
    }

    /// Tells how the account's names are reached.
    pub(crate) fn announce(&self, display: &ProgressDisplay) {
        display.note(&format!(
            "its names answer through a proxy: curl --proxy {} --cacert {} URL",
            self.proxy(),
            self.certificate.path.display()
        ));
    }

    /// Tells which addresses come and go, and runs the user's programs, until it is dropped.
    pub(crate) async fn follow(&mut self, display: &ProgressDisplay) {
        let mut doors = self.server.doors();
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            tokio::select! {
                _ = interval.tick() => {
                    let services = self.traffic.services();
                    self.guests.update(&self.traffic, services, display).await;
                }
                line = self.guests.lines.recv() => {
                    if let Some(line) = line {
                        self.guests.hear(line, display);
                    }
                }
                changed = doors.changed() => {
                    // The sender lives as long as the server.
                    if changed.is_ok() {
                        let now = doors.borrow_and_update().clone();
                        self.tell(now, display);
                    }
                }
            }
        }
    }

    /// Ends the user's programs. Tells which of them nobody has needed.
    pub(crate) async fn end(self, display: &ProgressDisplay) {
        self.guests.end(display).await;
    }

    fn proxy(&self) -> String {
        format!("http://{}", self.server.proxy())
    }

    fn tell(&mut self, now: Vec<OpenDoor>, display: &ProgressDisplay) {
        for gone in self.told.iter().filter(|door| !now.contains(door)) {
            display.note(&format!("closed: {}", named(gone)));
        }
        for new in now.iter().filter(|door| !self.told.contains(door)) {
            display.note(&format!("open: {} at {}", named(new), new.address));
            let is_https = new.port == 443;
            let has_name = match new.kind {
                DoorKind::Distribution | DoorKind::Record => is_https,
                DoorKind::LoadBalancer => true,
                // A later version of the library may have more.
                _ => false,
            };
            if has_name {
                display.note(&format!("  {}", self.instruction(new)));
            }
        }
        self.told = now;
    }

    /// Returns the command that reaches a name without the proxy.
    fn instruction(&self, door: &OpenDoor) -> String {
        let OpenDoor {
            name,
            port,
            address,
            ..
        } = door;
        let to = format!("curl --connect-to {name}:{port}:{address}");
        match port {
            443 => {
                let root = self.certificate.path.display();
                format!("{to} --cacert {root} https://{name}/")
            }
            80 => format!("{to} http://{name}/"),
            port => format!("{to} http://{name}:{port}/"),
        }
    }
}

fn named(door: &OpenDoor) -> String {
    let service = door.service.as_ref();
    let service = service.map_or_else(String::new, |service| format!(" ({service})"));
    format!("{} {}:{}{service}", door.kind, door.name, door.port)
}

/// The user's programs that answer for services.
struct Guests {
    commands: Vec<GuestCommand>,
    /// The programs that have been started; `None` if one has ended by itself.
    processes: BTreeMap<ProcessName, Option<Running>>,
    /// The names of services so far.
    known: BTreeSet<String>,
    sender: mpsc::Sender<Line>,
    lines: mpsc::Receiver<Line>,
}

struct Running {
    process: GuestProcess,
    /// The last line that it has printed.
    last: String,
}

impl Guests {
    fn new(commands: &[GuestCommand]) -> Result<Self, Failure> {
        let mut services = BTreeSet::new();
        for command in commands {
            if !services.insert(command.service.as_str()) {
                let message = format!("two commands with --guest for {}", command.service);
                return Err(Failure::usage(message).remedy("give one for each service"));
            }
        }
        let (sender, lines) = guest_process::lines();
        Ok(Self {
            commands: commands.to_vec(),
            processes: BTreeMap::new(),
            known: BTreeSet::new(),
            sender,
            lines,
        })
    }

    /// Starts and ends programs, as services come and go.
    async fn update(
        &mut self,
        traffic: &Traffic,
        services: Vec<Service>,
        display: &ProgressDisplay,
    ) {
        self.warn_of_unknown(&services, display);
        let mut wanted = BTreeSet::new();
        for service in services {
            let name = ProcessName {
                service: service.name.clone(),
                instance: service.instance.clone(),
            };
            let is_new = !self.processes.contains_key(&name) && !wanted.contains(&name);
            if is_new && let Some(command) = self.command_of(&service.name) {
                let started = GuestProcess::start(command, &service, &self.sender);
                let started = report_start(started, &name, display);
                // A port whose program does not run is refused.
                let address = started
                    .as_ref()
                    .map_or("127.0.0.1:0", |it| &it.process.address);
                traffic.forward(place(&name), address);
                self.processes.insert(name.clone(), started);
            }
            wanted.insert(name);
        }
        let gone: Vec<ProcessName> = self
            .processes
            .keys()
            .filter(|name| !wanted.contains(name))
            .cloned()
            .collect();
        for name in gone {
            traffic.remove_program(place(&name));
            if let Some(Some(running)) = self.processes.remove(&name) {
                // The others need not wait for it.
                tokio::spawn(running.process.end());
                display.note(&format!(
                    "{name}: its instance has ended, and its program with it"
                ));
            }
        }
        for (name, running) in &mut self.processes {
            let Some(status) = running.as_mut().and_then(|it| it.process.ended()) else {
                continue;
            };
            let last = running.take().map(|it| it.last).unwrap_or_default();
            let last = if last.is_empty() {
                last
            } else {
                format!(": {last}")
            };
            display.warn(&format!(
                "{name}: its program has ended ({status}), so its port is refused{last}"
            ));
        }
    }

    fn command_of(&self, service: &str) -> Option<&GuestCommand> {
        let mut commands = self.commands.iter();
        commands.find(|command| command.service.as_str() == service)
    }

    /// Tells of commands whose service no stack has, when the first services come up: a name may be misspelled.
    fn warn_of_unknown(&mut self, services: &[Service], display: &ProgressDisplay) {
        let before = self.known.len();
        let names = services.iter().map(|service| service.name.clone());
        self.known.extend(names);
        if self.known.len() == before {
            return;
        }
        for command in &self.commands {
            if !self.known.contains(command.service.as_str()) {
                let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
                display.warn(&format!(
                    "--guest {}: no service has this name so far; there is {}",
                    command.service,
                    known.join(", ")
                ));
            }
        }
    }

    fn hear(&mut self, line: Line, display: &ProgressDisplay) {
        display.note_if_verbose(&format!("{}: {}", line.of, line.text));
        if let Some(Some(running)) = self.processes.get_mut(&line.of)
            && !line.text.is_empty()
        {
            running.last = line.text;
        }
    }

    async fn end(self, display: &ProgressDisplay) {
        for command in &self.commands {
            if !self.known.contains(command.service.as_str()) {
                display.warn(&format!(
                    "--guest {}: no service had this name, so the program was never started",
                    command.service
                ));
            }
        }
        // All at the same time: each may need some seconds.
        let processes = self.processes.into_values().flatten();
        let ends = processes.map(|running| running.process.end());
        futures::future::join_all(ends).await;
    }
}

fn report_start(
    started: io::Result<GuestProcess>,
    name: &ProcessName,
    display: &ProgressDisplay,
) -> Option<Running> {
    match started {
        Ok(process) => {
            display.note(&format!("{name}: started at {}", process.address));
            let last = String::new();
            Some(Running { process, last })
        }
        Err(error) => {
            display.warn(&format!("{name}: its program cannot be started: {error}"));
            None
        }
    }
}

fn place(name: &ProcessName) -> Place {
    Place::service(&name.service).on_instance_id(&name.instance)
}

/// The file with the certificate that viewers trust. It goes when it is dropped.
struct CertificateFile {
    path: PathBuf,
}

impl CertificateFile {
    /// Writes a new file into the folder for temporary files.
    fn write(port: u16, pem: &str) -> io::Result<Self> {
        let name = format!("gm-sandbox-{}-{port}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        // One of a process that was killed may have the name. Nobody else's file is overwritten: it has to be new.
        remove(&path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let written = Self { path };
        file.write_all(pem.as_bytes())?;
        Ok(written)
    }
}

impl Drop for CertificateFile {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    // It may be gone already.
    let _ = fs::remove_file(path);
}
