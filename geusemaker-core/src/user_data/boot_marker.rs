//! The lines that an instance prints on its console to say how far its first boot has come.

use std::fmt;

const STAGE: &str = "GEUSEMAKER:STAGE ";
const LOG: &str = "GEUSEMAKER:LOG ";
const FAILED: &str = "GEUSEMAKER:FAILED ";
const READY: &str = "GEUSEMAKER:READY";

/// The most lines of a log that are kept.
const LOG_LINES: usize = 20;

/// The last thing that an instance has said about its software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BootReport {
    /// It is still at work.
    AtWork(Stage),
    /// Every container runs.
    Ready,
    /// A container, or the script itself, has failed.
    Failed(BootFailure),
}

/// A stage of the first boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    number: u32,
    total: u32,
    what: String,
}

/// A failure of the software on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootFailure {
    /// The service, or `script`.
    pub(crate) service: String,
    /// The reason in words.
    pub(crate) reason: String,
    /// The last lines of the container's log.
    pub(crate) log: Vec<String>,
}

impl BootReport {
    /// Returns the last report on a console, which may contain any other text. A reboot begins with a stage again, so
    /// the last report is the one that counts.
    pub(crate) fn find_in(console: &str) -> Option<Self> {
        let mut last = None;
        let mut log = Vec::new();
        for line in console.lines() {
            let line = line.trim_end();
            if let Some(stage) = after(line, STAGE).and_then(Stage::parse) {
                last = Some(Self::AtWork(stage));
                log.clear();
            } else if let Some(text) = after(line, LOG) {
                log.push(printable(text));
            } else if let Some((service, reason)) =
                after(line, FAILED).and_then(|text| text.split_once(": "))
            {
                let skipped = log.len().saturating_sub(LOG_LINES);
                last = Some(Self::Failed(BootFailure {
                    service: printable(service),
                    reason: printable(reason),
                    log: log.drain(..).skip(skipped).collect(),
                }));
            } else if after(line, READY) == Some("") {
                last = Some(Self::Ready);
            }
        }
        last
    }
}

impl Stage {
    /// Parses `3/7 pulling vllm/vllm-openai:v0.11.0`.
    fn parse(text: &str) -> Option<Self> {
        let (place, what) = text.split_once(' ')?;
        let (number, total) = place.split_once('/')?;
        Some(Self {
            number: number.parse().ok()?,
            total: total.parse().ok()?,
            what: printable(what),
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            total,
            what,
        } = self;
        write!(f, "{what} (stage {number} of {total})")
    }
}

/// Returns the text after a marker. The kernel and cloud-init may put a time before it.
fn after<'a>(line: &'a str, marker: &str) -> Option<&'a str> {
    line.split_once(marker).map(|(_, text)| text)
}

/// Returns the text without characters that would change a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure(console: &str) -> BootFailure {
        match BootReport::find_in(console) {
            Some(BootReport::Failed(failure)) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn last_report_counts() {
        assert_eq!(BootReport::find_in("[ 0.0] Linux\r\n"), None);
        let pulling = "[   61.2] GEUSEMAKER:STAGE 3/7 pulling vllm/vllm-openai:v0.11.0\r\n";
        let Some(BootReport::AtWork(stage)) = BootReport::find_in(pulling) else {
            panic!("no stage");
        };
        assert_eq!(
            stage.to_string(),
            "pulling vllm/vllm-openai:v0.11.0 (stage 3 of 7)"
        );
        let failed =
            format!("{pulling}GEUSEMAKER:FAILED vllm: image not found: manifest unknown\n");
        assert_eq!(failure(&failed).reason, "image not found: manifest unknown");
        assert_eq!(failure(&failed).service, "vllm");
        let ready = format!("{failed}GEUSEMAKER:READY\r\n");
        assert_eq!(BootReport::find_in(&ready), Some(BootReport::Ready));
        let rebooted = format!("{ready}{pulling}");
        assert_eq!(
            BootReport::find_in(&rebooted),
            Some(BootReport::AtWork(stage))
        );
    }

    /// Lines of an earlier failure do not belong to the next one.
    #[test]
    fn log_belongs_to_its_failure() {
        let console = "GEUSEMAKER:LOG ui: old\nGEUSEMAKER:FAILED ui: it exits with code 1\n\
                       GEUSEMAKER:LOG vllm: loading\nnoise\nGEUSEMAKER:LOG vllm: \u{1b}[31mCUDA out of memory\n\
                       GEUSEMAKER:FAILED vllm: out of GPU memory\n";
        let failed = failure(console);
        assert_eq!(failed.service, "vllm");
        assert_eq!(
            failed.log,
            ["vllm: loading", "vllm: [31mCUDA out of memory"]
        );
        let long: String = (0..50)
            .map(|n| format!("GEUSEMAKER:LOG a: {n}\n"))
            .collect();
        let failed = failure(&format!(
            "{long}GEUSEMAKER:FAILED a: it exits with code 1\n"
        ));
        assert_eq!(failed.log.len(), LOG_LINES);
        assert_eq!(failed.log[0], "a: 30");
    }

    #[test]
    fn broken_markers_are_ignored() {
        for line in [
            "GEUSEMAKER:STAGE",
            "GEUSEMAKER:STAGE 3 pulling",
            "GEUSEMAKER:STAGE x/7 pulling",
            "GEUSEMAKER:FAILED vllm",
            "GEUSEMAKER:READYING",
            "GEUSEMAKER:LOG a: b",
        ] {
            assert_eq!(BootReport::find_in(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn reader_never_panics(noise in "(GEUSEMAKER:(STAGE|LOG|FAILED|READY)|[0-9]/|: |\\PC|\n)*") {
            let _ = BootReport::find_in(&noise);
        }
    }
}
