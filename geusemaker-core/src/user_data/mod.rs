//! The script that every instance runs when it first starts.

mod boot_marker;
mod gpu_marker;

pub(crate) use boot_marker::{BootFailure, BootReport};
pub use gpu_marker::{GpuMismatch, GpuReport};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use thiserror::Error;

use crate::id::FileSystemId;
use crate::spec::{Gpus, Service, StackName, Volume};

/// The most bytes of user data that `RunInstances` accepts, before base64.
pub(crate) const USER_DATA_MAX: usize = 16384;

/// The values that the script is rendered from.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct UserData<'a> {
    pub(crate) stack: &'a StackName,
    pub(crate) file_system: &'a FileSystemId,
    pub(crate) region: &'a str,
    #[serde(skip)]
    pub(crate) services: &'a [Service],
    /// True if the instance reports its GPUs on its console.
    pub(crate) gpu_check: bool,
}

impl UserData<'_> {
    /// Renders the script, which holds no secret.
    #[expect(
        clippy::expect_used,
        reason = "the template is part of the program and is given all that it names"
    )]
    pub(crate) fn render(&self) -> Result<String, UserDataTooLarge> {
        let script = self
            .render_template()
            .expect("the user data template renders");
        if script.len() <= USER_DATA_MAX {
            Ok(script)
        } else {
            Err(UserDataTooLarge {
                bytes: script.len(),
            })
        }
    }

    fn render_template(&self) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .keep_trailing_newline(true)
                .build()?,
        );
        environment.add_filter("quote", quote);
        let containers: Vec<_> = self.services.iter().map(Container::of).collect();
        environment.render_str(
            include_str!("template.sh"),
            Serde(Values {
                user_data: self,
                containers,
            }),
        )
    }
}

/// All that the template names.
#[derive(Serialize)]
struct Values<'a> {
    #[serde(flatten)]
    user_data: &'a UserData<'a>,
    containers: Vec<Container<'a>>,
}

/// A service as the script starts it.
#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    image: &'a str,
    folders: Vec<&'a str>,
    user: String,
    options: Vec<String>,
    command: Vec<&'a str>,
}

impl<'a> Container<'a> {
    fn of(service: &'a Service) -> Self {
        let entrypoint = service.entrypoint();
        let rest = entrypoint.iter().flat_map(|words| words.iter().skip(1));
        let command = rest.chain(service.command().unwrap_or_default());
        Self {
            name: service.name().as_str(),
            image: service.image().as_str(),
            folders: service.volumes().iter().map(Volume::host_folder).collect(),
            user: service
                .user()
                .map(|user| user.to_string())
                .unwrap_or_default(),
            options: options(service),
            command: command.map(String::as_str).collect(),
        }
    }
}

/// Returns the options of `docker run`.
fn options(service: &Service) -> Vec<String> {
    let mut options = vec![format!("--restart={}", service.restart())];
    match service.gpus() {
        Gpus::None => {}
        gpus => options.push(format!("--gpus={gpus}")),
    }
    let ports = service.port();
    for port in ports.iter().chain(service.published_ports()) {
        options.push(format!("-p{}:{}", port.host(), port.container()));
    }
    let volumes = service.volumes().iter();
    options.extend(volumes.map(|volume| format!("-v{}:{}", volume.host_folder(), volume.path())));
    let env = service.env().iter();
    options.extend(env.map(|(name, value)| format!("-e{name}={value}")));
    options.extend(service.shm_size().map(|size| format!("--shm-size={size}")));
    let limits = service.ulimits().iter();
    options.extend(limits.map(|(name, limit)| format!("--ulimit={name}={limit}")));
    options.extend(service.user().map(|user| format!("--user={user}")));
    let program = service
        .entrypoint()
        .map(|words| words.first().map_or("", String::as_str));
    options.extend(program.map(|program| format!("--entrypoint={program}")));
    options
}

/// Error returned when the script is longer than `RunInstances` accepts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the user data would be {bytes} bytes; the limit is {USER_DATA_MAX}")]
pub(crate) struct UserDataTooLarge {
    /// The length of the script in bytes.
    pub(crate) bytes: usize,
}

/// Quotes any text as one word of shell.
fn quote(text: String) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn service(name: &str, port: u16, image: &str) -> Service {
        let service = serde_json::json!({ "name": name, "port": port, "image": image });
        serde_json::from_value(service).unwrap()
    }

    fn render(services: &[Service], gpu_check: bool) -> Result<String, UserDataTooLarge> {
        UserData {
            stack: &"llm-prod".parse().unwrap(),
            file_system: &"fs-0a1".parse().unwrap(),
            region: "us-east-1",
            services,
            gpu_check,
        }
        .render()
    }

    /// The effects of one run of the script.
    #[cfg(unix)]
    struct Run {
        succeeded: bool,
        console: String,
        printed: String,
        fstab: String,
    }

    /// Runs the script below a folder that stands for the machine's root. Functions that only print their arguments
    /// replace the machine's commands. `nvidia_smi` is the body of that command.
    #[cfg(unix)]
    fn run(script: &str, nvidia_smi: &str) -> Run {
        let root = tempfile::tempdir().unwrap();
        let root_path = root.path().to_str().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        let script = ["/etc/", "/mnt/", "/dev/console"]
            .iter()
            .fold(script.to_owned(), |script, path| {
                script.replace(path, &format!("{root_path}{path}"))
            })
            .replace(" >/", " >>/");
        std::fs::create_dir(root.path().join("dev")).unwrap();
        let machine = format!(
            "nvidia-smi() {{ {nvidia_smi}; }}\n\
             sleep() {{ SECONDS=$((SECONDS + $1)); }}\n\
             timeout() {{ shift; \"$@\"; }}\n\
             mount.nfs4() {{ :; }}\n\
             mount() {{ ((SECONDS >= 300)) && echo \"mount $*\"; }}\n\
             systemctl() {{ :; }}\n\
             docker() {{ echo \"docker $*\"; }}\n"
        );
        let output = Command::new("bash")
            .arg("-c")
            .arg(machine + &script)
            .output()
            .unwrap();
        let read = |path: &str| std::fs::read_to_string(root.path().join(path)).unwrap_or_default();
        Run {
            succeeded: output.status.success(),
            console: read("dev/console"),
            printed: String::from_utf8(output.stdout)
                .unwrap()
                .replace(root_path, ""),
            fstab: read("etc/fstab").replace(root_path, ""),
        }
    }

    /// The mount target becomes available late.
    #[test]
    #[cfg(unix)]
    fn script_mounts_and_starts_services() {
        let services = [
            service("ollama", 11434, "ollama/ollama:latest"),
            service("ui", 8080, "ghcr.io/a/ui:main"),
        ];
        let run = run(&render(&services, true).unwrap(), "echo 'NVIDIA A10G'");
        assert!(run.succeeded, "{}", run.console);
        assert_eq!(
            run.fstab,
            "fs-0a1.efs.us-east-1.amazonaws.com:/ /mnt/shared nfs4 nfsvers=4.1,rsize=1048576,wsize=1048576,hard,\
             timeo=600,retrans=2,noresvport,_netdev 0 0\n"
        );
        assert_eq!(
            run.printed.lines().collect::<Vec<_>>(),
            [
                "mount /mnt/shared",
                "docker pull ollama/ollama:latest",
                "docker run -d --name ollama --add-host host.docker.internal:host-gateway --restart=unless-stopped \
                 --gpus=all -p11434:11434 -v/mnt/shared/ollama:/data ollama/ollama:latest",
                "docker pull ghcr.io/a/ui:main",
                "docker run -d --name ui --add-host host.docker.internal:host-gateway --restart=unless-stopped \
                 --gpus=all -p8080:8080 -v/mnt/shared/ui:/data ghcr.io/a/ui:main",
            ]
        );
    }

    #[test]
    #[cfg(unix)]
    fn marker_is_readable_and_printed_twice() {
        let script = render(&[], true).unwrap();
        let report = |nvidia_smi: &str| {
            let run = run(&script, nvidia_smi);
            assert!(
                run.succeeded && run.console.lines().count() == 2,
                "{}",
                run.console
            );
            GpuReport::find_in(&run.console)
        };
        assert_eq!(
            report(r"echo 'NVIDIA A10G'"),
            Some(GpuReport::new(1, "NVIDIA A10G"))
        );
        assert_eq!(
            report(r"printf 'Tesla T4\nTesla T4\n'"),
            Some(GpuReport::new(2, "Tesla T4"))
        );
        assert_eq!(
            report("((SECONDS >= 30)) && echo L4"),
            Some(GpuReport::new(1, "L4"))
        );
        assert_eq!(report("echo no driver; false"), Some(GpuReport::new(0, "")));
        assert_eq!(report("true"), Some(GpuReport::new(0, "")));
    }

    #[test]
    #[cfg(unix)]
    fn failure_is_printed_on_console() {
        let script = render(&[service("a", 1, "a")], false).unwrap();
        let broken = run(&script.replace("docker run", "false"), "true");
        assert!(!broken.succeeded);
        assert!(
            broken
                .console
                .starts_with("GEUSEMAKER:ERROR user data failed at line "),
            "{}",
            broken.console
        );
        let never_mounted = run(&script.replace("retry_for 900", "retry_for 290"), "true");
        assert!(
            !never_mounted.succeeded && never_mounted.printed.is_empty(),
            "{}",
            never_mounted.printed
        );
    }

    #[test]
    fn marker_is_absent_without_gpu_check() {
        assert!(render(&[], true).unwrap().contains("GEUSEMAKER:GPU"));
        let script = render(&[], false).unwrap();
        assert!(
            !script.contains("GEUSEMAKER:GPU") && !script.contains("nvidia-smi"),
            "{script}"
        );
    }

    #[test]
    fn long_script_is_refused_with_length() {
        let service = service("a", 1, &"i".repeat(500));
        let error = render(&vec![service; 40], true).unwrap_err();
        assert!(error.bytes > USER_DATA_MAX);
        assert_eq!(
            error.to_string(),
            format!(
                "the user data would be {} bytes; the limit is 16384",
                error.bytes
            )
        );
    }

    /// The script ends with a newline, and no template syntax is left in it.
    #[test]
    fn script_is_rendered_completely() {
        let script = render(&[service("a", 1, "a")], true).unwrap();
        assert!(
            script.starts_with("#!/bin/bash\n") && script.ends_with("\nreport_gpus\n"),
            "{script}"
        );
        assert!(
            !script.contains("{{") && !script.contains("{%") && !script.contains("\n\n\n"),
            "{script}"
        );
    }

    proptest! {
        #[test]
        fn quoted_text_is_one_shell_word(text: String) {
            let quoted = quote(text.clone());
            let inner = quoted.strip_prefix('\'').and_then(|q| q.strip_suffix('\'')).unwrap();
            prop_assert!(!inner.replace(r"'\''", "").contains('\''));
            prop_assert_eq!(inner.replace(r"'\''", "'"), text);
        }
    }
}
