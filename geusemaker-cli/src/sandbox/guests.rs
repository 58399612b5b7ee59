//! The user's programs that answer for services, as the services come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::process::ExitStatus;

use geusemaker_testkit::traffic::{Place, Service, Traffic};
use tokio::sync::mpsc;

use super::guest_process::{self, GuestProcess, Line, ProcessName};
use crate::arguments::GuestCommand;
use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;

/// An address at which nothing can listen.
const NOWHERE: &str = "127.0.0.1:0";

/// The user's programs that answer for services.
pub(super) struct Guests {
    commands: Vec<GuestCommand>,
    /// The programs that have been started; `None` if one has ended by itself.
    processes: BTreeMap<ProcessName, Option<Running>>,
    /// The names of services so far.
    known: BTreeSet<String>,
    sender: mpsc::Sender<Line>,
    pub(super) lines: mpsc::Receiver<Line>,
}

struct Running {
    process: GuestProcess,
    /// The last line that it has printed.
    last: String,
    /// The status with which it has ended by itself.
    status: Option<ExitStatus>,
}

impl Guests {
    pub(super) fn new(commands: &[GuestCommand]) -> Result<Self, Failure> {
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

    /// Keeps stubs from answering before the programs do.
    pub(super) fn take_places(&self, traffic: &Traffic) {
        for command in &self.commands {
            traffic.forward(Place::service(command.service.as_str()), NOWHERE);
        }
    }

    /// Starts and ends programs, as services come and go.
    pub(super) async fn update(
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
                let address = started.as_ref().map_or(NOWHERE, |it| &it.process.address);
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
        // The last words of programs that have ended with their instance.
        while let Ok(line) = self.lines.try_recv() {
            self.hear(line, display);
        }
        for name in gone {
            traffic.remove_program(place(&name));
            if let Some(Some(mut running)) = self.processes.remove(&name) {
                if let Some(status) = running.status.or_else(|| running.process.ended()) {
                    report_end(&name, status, &running.last, display);
                    continue;
                }
                // The others need not wait for it.
                tokio::spawn(running.process.end());
                display.note(&format!(
                    "{name}: its instance has ended, and its program with it"
                ));
            }
        }
        for (name, started) in &mut self.processes {
            let Some(running) = started else { continue };
            let Some(status) = running.status else {
                // Told at the next look: by then its last line has been read.
                running.status = running.process.ended();
                continue;
            };
            let last = std::mem::take(&mut running.last);
            *started = None;
            report_end(name, status, &last, display);
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

    pub(super) fn hear(&mut self, line: Line, display: &ProgressDisplay) {
        display.note_if_verbose(&format!("{}: {}", line.of, line.text));
        if let Some(Some(running)) = self.processes.get_mut(&line.of)
            && !line.text.is_empty()
        {
            running.last = line.text;
        }
    }

    pub(super) async fn end(self, display: &ProgressDisplay) {
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

/// Tells that a program has ended by itself, with the last line that it has written.
fn report_end(name: &ProcessName, status: ExitStatus, last: &str, display: &ProgressDisplay) {
    let last = if last.is_empty() {
        String::new()
    } else {
        format!(": {last}")
    };
    display.warn(&format!(
        "{name}: its program has ended ({status}), so its port is refused{last}"
    ));
}

fn report_start(
    started: io::Result<GuestProcess>,
    name: &ProcessName,
    display: &ProgressDisplay,
) -> Option<Running> {
    match started {
        Ok(process) => {
            display.note(&format!("{name}: started at {}", process.address));
            Some(Running {
                process,
                last: String::new(),
                status: None,
            })
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
