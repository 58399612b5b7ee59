//! A machine whose commands are stubs, below a folder that stands for its root.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The folders and devices of the machine that the script names.
const PATHS: [&str; 9] = [
    "/opt/",
    "/etc/",
    "/mnt/",
    "/var/",
    "/run/",
    "/sys/",
    "/usr/local/",
    "/dev/console",
    "/dev/dri/",
];
const COMPOSE: &str = "<<'END-OF-COMPOSE'\n";

/// A machine on which the user data is run.
pub(super) struct Machine {
    root: TempDir,
    missing: &'static str,
    limit: u32,
}

impl Machine {
    /// Creates a machine with Ubuntu whose commands behave as in `stubs.sh`, except for these functions.
    pub(super) fn new(functions: &str) -> Self {
        let machine = Self {
            root: tempfile::tempdir().unwrap(),
            missing: "mount.efs",
            limit: 900,
        };
        for folder in [
            "dev/dri",
            "mnt",
            "usr/local",
            "sys/class/bdi/0:50",
            "var/log",
            "var/lib",
            "etc/apt/apt.conf.d",
            "etc/apt/sources.list.d",
            "etc/yum.repos.d",
            "etc/systemd/system",
        ] {
            fs::create_dir_all(machine.root.path().join(folder)).unwrap();
        }
        fs::write(
            machine.root.path().join("stubs.sh"),
            format!("{}\n{functions}\n", include_str!("stubs.sh")),
        )
        .unwrap();
        machine
    }

    /// Names the commands that the machine lacks until something is installed.
    pub(super) fn without(mut self, missing: &'static str) -> Self {
        self.missing = missing;
        self
    }

    /// Sets the number of seconds after which a process is stopped.
    pub(super) fn for_seconds(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the user data, and what it starts.
    pub(super) fn first_start(&self, script: &str) {
        let (before, compose) = script.split_once(COMPOSE).unwrap();
        // Replaced in two steps: the path of the root may contain one of these itself.
        let mut before = before.replace(" >/dev/console", " >>/dev/console");
        for path in PATHS {
            before = before.replace(path, &format!("@ROOT@{path}"));
        }
        let end = "exec bash /opt/";
        let compose = compose.replace(end, "exec bash @ROOT@/opt/");
        let script = before.replace("@ROOT@", self.root())
            + COMPOSE
            + &compose.replace("@ROOT@", self.root());
        fs::write(self.path("user-data"), script).unwrap();
        self.bash(&format!("bash {}", self.path("user-data").display()));
    }

    /// Stops the machine, which erases its own disks, and starts it again.
    pub(super) fn start_again(&self) {
        for lost in ["mounts", "calls", "dev/console", "ended"] {
            let _ = fs::remove_file(self.path(lost));
        }
        self.bash("boot");
    }

    pub(super) fn bash(&self, command: &str) {
        let output = Command::new("bash")
            .args(["-c", command])
            .env("BASH_ENV", self.path("stubs.sh"))
            .env("ROOT", self.root())
            .env("MISSING", self.missing)
            .env("LIMIT", self.limit.to_string())
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        fs::write(self.path("user-data-printed"), printed).unwrap();
    }

    fn root(&self) -> &str {
        self.root.path().to_str().unwrap()
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Returns a file of the machine; empty if there is none.
    pub(super) fn read(&self, path: &str) -> String {
        let bytes = fs::read(self.path(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace(self.root(), "")
    }

    /// Returns the lines of the console.
    pub(super) fn console(&self) -> Vec<String> {
        lines(&self.read("dev/console"))
    }

    /// Returns the lines of the console that report no stage and no GPUs.
    pub(super) fn outcome(&self) -> Vec<String> {
        let is_progress = |line: &String| line.contains(":STAGE ") || line.contains(":GPU ");
        self.console()
            .into_iter()
            .filter(|line| !is_progress(line))
            .collect()
    }

    /// Returns the commands that were called, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        lines(&self.read("calls"))
    }

    /// Returns the calls that begin with a text.
    pub(super) fn calls_of(&self, start: &str) -> Vec<String> {
        self.calls()
            .into_iter()
            .filter(|call| call.starts_with(start))
            .collect()
    }

    /// Returns the units that ended and their exit codes; 99 for one that was still running.
    pub(super) fn ended(&self) -> Vec<String> {
        lines(&self.read("ended"))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
