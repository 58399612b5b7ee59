//! The traffic of an account that is served: where its names are reached, and the user's programs that answer.

use std::net::SocketAddr;
use std::time::Duration;

use geusemaker_testkit::Aws;
use geusemaker_testkit::serve::TrafficServer;
use geusemaker_testkit::traffic::{AddressKind, ServedAddress, Traffic};
use serde_json::{Value, json};

use super::certificate_file::CertificateFile;
use super::guests::Guests;
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
    told: Vec<ServedAddress>,
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
        guests.take_places(&traffic);
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
        let mut entries = self.server.addresses();
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
                changed = entries.changed() => {
                    // The sender lives as long as the server.
                    if changed.is_ok() {
                        let now = entries.borrow_and_update().clone();
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

    fn tell(&mut self, now: Vec<ServedAddress>, display: &ProgressDisplay) {
        for gone in self.told.iter().filter(|entry| !now.contains(entry)) {
            display.note(&format!("closed: {}", named(gone)));
        }
        for new in now.iter().filter(|entry| !self.told.contains(entry)) {
            let limit = match new.kind {
                AddressKind::LoadBalancer => ", as its security groups allow",
                AddressKind::Instance => ", without its security groups",
                // A later version of the library may have more.
                _ => "",
            };
            display.note(&format!("open: {} at {}{limit}", named(new), new.address));
            let is_https = new.port == 443;
            let has_name = match new.kind {
                AddressKind::Distribution | AddressKind::Record => is_https,
                AddressKind::LoadBalancer => true,
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
    fn instruction(&self, entry: &ServedAddress) -> String {
        let ServedAddress {
            name,
            port,
            address,
            ..
        } = entry;
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

fn named(entry: &ServedAddress) -> String {
    let service = entry.service.as_ref();
    let service = service.map_or_else(String::new, |service| format!(" ({service})"));
    format!("{} {}:{}{service}", entry.kind, entry.name, entry.port)
}
