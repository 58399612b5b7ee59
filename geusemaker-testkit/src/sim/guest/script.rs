//! The settings in the user data of GeuseMaker.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The settings of a script that installs and starts services.
pub(super) struct Script {
    /// In the order in which they are read.
    pub(super) secrets: Vec<Secret>,
    /// The first service that needs the image, and the image; in the order in which they are pulled.
    pub(super) images: Vec<(String, String)>,
    /// In the order in which they are started.
    pub(super) services: Vec<Service>,
    /// True if the script reports the GPUs.
    pub(super) gpu_check: bool,
    /// The line of the script that prepares the machine's Docker, counted from 1.
    pub(super) docker_line: usize,
}

/// A secret that the instance reads or makes.
pub(super) struct Secret {
    /// The first service that needs it, and the environment variable.
    pub(super) service: String,
    pub(super) variable: String,
    /// `ssm`, `secretsmanager` or `generate`.
    pub(super) kind: String,
    pub(super) name: String,
}

/// A service, which runs in a container of its name.
pub(super) struct Service {
    pub(super) name: String,
    pub(super) image: String,
    /// True if the container gets GPUs.
    pub(super) uses_gpus: bool,
    pub(super) ports: Vec<Port>,
    /// The restart policy, as Docker Compose names it.
    pub(super) restart: String,
}

/// A port of the instance, and the port of the container to which it leads.
#[derive(Clone, Copy)]
pub(super) struct Port {
    pub(super) host: u16,
    pub(super) container: u16,
}

#[derive(Deserialize)]
struct ComposeFile {
    services: BTreeMap<String, ComposeService>,
}

/// The settings of a service that show from outside.
#[derive(Deserialize)]
struct ComposeService {
    image: String,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    restart: String,
}

impl Script {
    /// Reads user data; returns `None` if it is not of this form.
    pub(super) fn read(user_data: &str) -> Option<Self> {
        let run = here_document(user_data, "END-OF-RUN")?;
        let compose = here_document(user_data, "END-OF-COMPOSE")?;
        let mut compose: ComposeFile = serde_json::from_str(compose).ok()?;
        let images = images(run)?;
        // The script of a machine without GPUs has none.
        let gpu_services = array(run, "gpu_services").unwrap_or_default();
        let services = array(run, "services")?.into_iter().map(|name| {
            let settings = compose.services.remove(&name)?;
            Some(Service {
                uses_gpus: gpu_services.contains(&name),
                name,
                // Compose takes two dollar signs for one.
                image: settings.image.replace("$$", "$"),
                ports: settings
                    .ports
                    .iter()
                    .filter_map(|port| Port::parse(port))
                    .collect(),
                restart: settings.restart,
            })
        });
        Some(Self {
            images,
            services: services.collect::<Option<_>>()?,
            secrets: secrets(run)?,
            gpu_check: run.lines().any(|line| line == "gpu_check=1"),
            docker_line: 1 + run
                .lines()
                .position(|line| {
                    line.trim_start()
                        .starts_with("systemctl enable --now docker")
                })
                .unwrap_or_default(),
        })
    }

    /// Returns the number of the stages.
    pub(super) fn stages(&self) -> usize {
        3 + self.images.len() + self.services.len() + usize::from(!self.secrets.is_empty())
    }

    /// Returns true if the first service that needs the image is that one, or it has the same image.
    pub(super) fn needs_image(&self, service: &str, image: &str) -> bool {
        let service = self.services.iter().find(|it| it.name == service);
        service.is_some_and(|service| service.image == image)
    }
}

impl Service {
    /// Returns true if Docker restarts the container when it exits with that code.
    pub(super) fn is_restarted(&self, code: u8) -> bool {
        match self.restart.as_str() {
            "always" | "unless-stopped" => true,
            policy if policy.starts_with("on-failure") => code != 0,
            _ => false,
        }
    }
}

impl Port {
    /// Parses `80:8000`.
    fn parse(text: &str) -> Option<Self> {
        let (host, container) = text.split_once(':')?;
        Some(Self {
            host: host.parse().ok()?,
            container: container.parse().ok()?,
        })
    }
}

/// Returns the text of a here-document of the script.
fn here_document<'a>(script: &'a str, end: &str) -> Option<&'a str> {
    let (_, rest) = script.split_once(&format!("<<'{end}'\n"))?;
    let (text, _) = rest.split_once(&format!("\n{end}\n"))?;
    Some(text)
}

/// Returns the words of a shell array on one line.
fn array(script: &str, name: &str) -> Option<Vec<String>> {
    let start = format!("{name}=(");
    let line = script.lines().find_map(|line| line.strip_prefix(&start))?;
    shlex::split(line.strip_suffix(')')?)
}

/// Returns the words of a shell array with one word a line; returns `None` if one of them is not one.
fn long_array(script: &str, name: &str) -> Option<Vec<String>> {
    let start = format!("{name}=(");
    let lines = script.lines().skip_while(|line| *line != start).skip(1);
    let words = lines.take_while(|line| *line != ")").map(shlex::split);
    let words = words.map(|words| <[String; 1]>::try_from(words?).ok());
    words.map(|word| word.map(|[word]| word)).collect()
}

fn images(script: &str) -> Option<Vec<(String, String)>> {
    let images = long_array(script, "images")?.into_iter().map(|word| {
        let (service, image) = word.split_once(' ')?;
        Some((service.to_owned(), image.to_owned()))
    });
    images.collect()
}

/// Returns the secrets; most scripts have none.
fn secrets(script: &str) -> Option<Vec<Secret>> {
    let secrets = long_array(script, "secrets")?.into_iter().map(|word| {
        let mut words = word.split(' ').map(str::to_owned);
        Some(Secret {
            service: words.next()?,
            variable: words.next()?,
            kind: words.next()?,
            name: words.next()?,
        })
    });
    secrets.collect()
}
