//! Chromium without a window, which opens files of this machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::process;

const PROGRAM: &str = "chromium";

const PATIENCE: Duration = Duration::from_secs(60);

/// No window, and nothing that Chromium would do on its own.
const OPTIONS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
    // What it still wants to ask on its own, it asks nobody.
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
];

/// Chromium, with a directory for what it leaves.
pub(crate) struct Chromium {
    directory: PathBuf,
}

/// A file as Chromium has shown it.
pub(crate) struct Shown {
    /// The document after it was loaded.
    pub(crate) dom: String,
    /// The messages on the console.
    complaints: Vec<String>,
    /// The addresses that were asked for over the network.
    requests: Vec<String>,
}

impl Shown {
    /// Ensures that the console is empty, and that nothing was asked for.
    pub(crate) fn ensure_quiet(&self) -> Result<()> {
        let Self {
            complaints,
            requests,
            ..
        } = self;
        ensure!(complaints.is_empty(), "on the console: {complaints:?}");
        ensure!(requests.is_empty(), "asked for: {requests:?}");
        Ok(())
    }
}

impl Chromium {
    /// Finds Chromium, which leaves its files below this directory.
    pub(crate) fn new(directory: &Path) -> Result<Self> {
        let version = process::output(Command::new(PROGRAM).arg("--version"));
        let version = version.context("install Chromium: `apt-get install chromium`")?;
        println!("with {}", version.trim());
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Opens a file, and returns what became of it.
    pub(crate) fn open(&self, file: &Path) -> Result<Shown> {
        let log = self.directory.join("net-log.json");
        let options = [
            "--dump-dom".to_owned(),
            "--enable-logging=stderr".to_owned(),
            format!("--log-net-log={}", log.display()),
        ];
        let (dom, said) = self.run(&options, file)?;
        let complaints = said.lines().filter(|line| line.contains(":CONSOLE"));
        Ok(Shown {
            dom,
            complaints: complaints.map(str::to_owned).collect(),
            requests: requests(&fs::read_to_string(&log)?)?,
        })
    }

    /// Returns the width that a page needs in a frame of this width.
    pub(crate) fn width_in_frame(&self, page: &Path, width: u32) -> Result<u32> {
        // A window has a least width, and a frame has not.
        let frame = format!(
            "<!DOCTYPE html><iframe width=\"{width}\" height=\"800\" style=\"border:0\" src=\"{}\"></iframe>\
             <script>onload = () => {{ document.title = 'needs ' + \
             document.querySelector('iframe').contentDocument.documentElement.scrollWidth; }};</script>",
            page.file_name().context("no file")?.display()
        );
        let file = self.directory.join("frame.html");
        fs::write(&file, frame)?;
        let options = [
            "--dump-dom".to_owned(),
            "--allow-file-access-from-files".to_owned(),
        ];
        let (dom, _) = self.run(&options, &file)?;
        let after = dom.split_once("<title>needs ").map(|(_, after)| after);
        let number = after.and_then(|after| after.split_once('<'));
        let (number, _) = number.with_context(|| format!("the page was not measured: {dom}"))?;
        Ok(number.parse()?)
    }

    /// Makes a screenshot in a window of this width, and returns its size in bytes.
    pub(crate) fn screenshot(&self, file: &Path, width: u32) -> Result<u64> {
        let name = file.file_stem().context("no file")?.display();
        let image = self.directory.join(format!("{name}-{width}.png"));
        let options = [
            format!("--screenshot={}", image.display()),
            format!("--window-size={width},3000"),
        ];
        self.run(&options, file)?;
        let made = fs::metadata(&image).context("no screenshot was made")?;
        Ok(made.len())
    }

    /// Runs Chromium to its end, and returns what it wrote to standard output and standard error.
    fn run(&self, options: &[String], file: &Path) -> Result<(String, String)> {
        let profile = self.directory.join("profile");
        if profile.exists() {
            fs::remove_dir_all(&profile)?;
        }
        let (out, said) = (self.directory.join("stdout"), self.directory.join("stderr"));
        let mut command = Command::new(PROGRAM);
        command
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(options)
            .arg(format!("file://{}", file.display()))
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::create(&said)?);
        let status = process::run_at_most(PATIENCE, &mut command)?;
        let said = String::from_utf8_lossy(&fs::read(&said)?).into_owned();
        ensure!(status.success(), "Chromium failed: {status}\n{said}");
        Ok((String::from_utf8_lossy(&fs::read(&out)?).into_owned(), said))
    }
}

/// The part of a net log that has the requests.
#[derive(Deserialize)]
struct NetLog {
    events: Vec<NetEvent>,
}

#[derive(Deserialize)]
struct NetEvent {
    #[serde(default)]
    params: Value,
}

/// Returns the addresses in a net log that a page has asked for over the network. Chromium's own requests have no
/// origin.
fn requests(log: &str) -> Result<Vec<String>> {
    let log: NetLog = serde_json::from_str(log).context("the net log cannot be read")?;
    let of_pages = log.events.iter().filter(|event| {
        let initiator = event.params["initiator"].as_str();
        initiator.is_some_and(|initiator| initiator != "not an origin")
    });
    let urls = of_pages.filter_map(|event| event.params["url"].as_str());
    let mut urls: Vec<_> = urls
        .filter(|url| !url.starts_with("file:"))
        .map(str::to_owned)
        .collect();
    urls.dedup();
    Ok(urls)
}

#[cfg(test)]
mod tests {
    use super::requests;

    #[test]
    fn requests_of_pages_are_found() {
        let log = r#"{"constants":{},"events":[{"type":1},{"params":{"host":"c"}},
            {"params":{"url":"file:///a.html","initiator":"file://"}},
            {"params":{"url":"https://example.com/own","initiator":"not an origin"}},
            {"params":{"url":"https://example.com/b","initiator":"file://"}}]}"#;
        assert_eq!(requests(log).unwrap(), ["https://example.com/b"]);
    }
}
