//! The live line of a wait: what is waited for, its state, the time so far, and the usual time.

use std::time::Duration;

use geusemaker_core::words::duration;
use geusemaker_core::{UsualDuration, WaitId};
use tokio::time::Instant;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::stopwatch::Stopwatch;

/// The columns below which the beginning of a state says too little.
const MIN_STATE: usize = 24;

/// The columns below which the beginning of a subject says nothing.
const MIN_SUBJECT: usize = 12;

/// A line that changes in place.
#[derive(Clone, Debug)]
pub(crate) struct LiveLine {
    pub(crate) subject: Subject,
    /// The time of the last change, from which on the durations grow.
    pub(crate) at: Instant,
    pub(crate) stopwatch: Stopwatch,
    /// The time since the command began, when the line changed last.
    pub(crate) total: Duration,
}

/// The subject of a live line.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Wait {
        id: WaitId,
        what: String,
        state: String,
        elapsed: Duration,
        usual: UsualDuration,
    },
    /// The reason why things are undone.
    Reason(String),
}

impl LiveLine {
    /// Returns true if both lines have the same subject.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.subject, &other.subject) {
            (Subject::Wait { id, .. }, Subject::Wait { id: other, .. }) => id == other,
            (Subject::Reason(_), Subject::Reason(_)) => true,
            (Subject::Wait { .. }, Subject::Reason(_))
            | (Subject::Reason(_), Subject::Wait { .. }) => false,
        }
    }

    /// Returns the line as it fits on a terminal of this width.
    pub(crate) fn text(&self, now: Instant, width: usize) -> String {
        let since = now.saturating_duration_since(self.at);
        let since = self.stopwatch.in_account(since);
        let total = duration(self.total + since);
        match &self.subject {
            Subject::Wait {
                what,
                state,
                elapsed,
                usual,
                ..
            } => {
                let elapsed = duration(*elapsed + since);
                let usual = format!("usually {} to {}", duration(usual.from), duration(usual.to));
                wait_text((what, state), (&total, &elapsed), &usual, width)
            }
            Subject::Reason(reason) => fitting(&format!("{total:>7}  because {reason}"), width),
        }
    }
}

/// Returns the line of a wait: the longest form that has room for the state, or for the beginning of a long one. The time
/// so far is on every one.
fn wait_text(
    (what, state): (&str, &str),
    (total, elapsed): (&str, &str),
    usual: &str,
    width: usize,
) -> String {
    let forms = [
        (
            format!("{total:>7}  waiting for {what}: "),
            format!(", {elapsed} ({usual})"),
        ),
        (
            format!("{total:>7}  {what}: "),
            format!(", {elapsed} ({usual})"),
        ),
        (format!("{what}: "), format!(", {elapsed} ({usual})")),
        (format!("{what}: "), format!(", {elapsed}")),
    ];
    for (head, tail) in forms {
        let room = width.saturating_sub(head.width() + tail.width());
        if room > state.width().min(MIN_STATE) {
            return format!("{head}{}{tail}", fitting(state, room));
        }
    }
    // Of a long subject, its beginning says most.
    let tail = format!(": {state}, {elapsed}");
    let room = width.saturating_sub(tail.width());
    if room > MIN_SUBJECT {
        return format!("{}{tail}", fitting(what, room));
    }
    fitting(&format!("{elapsed} {what}: {state}"), width)
}

/// Cuts a text to a width, less one column: in the last one, some terminals wrap. Control characters, of which none is
/// expected, become blanks.
pub(crate) fn fitting(text: &str, width: usize) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let most = width.saturating_sub(1);
    if text.width() <= most {
        return text;
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        // The dots take three columns.
        if used + 3 > most {
            break;
        }
        cut.push(c);
    }
    let dots = most.min(3);
    format!("{}{}", cut.trim_end(), &"..."[..dots])
}

#[cfg(test)]
mod tests {
    use super::{fitting, wait_text};
    use unicode_width::UnicodeWidthStr as _;

    fn shown(width: usize) -> String {
        let usual = "usually 2m to 3m";
        wait_text(
            ("ALB to be active", "provisioning"),
            ("1m40s", "1m03s"),
            usual,
            width,
        )
    }

    #[test]
    fn wait_is_shown_in_longest_form() {
        assert_eq!(
            shown(80),
            "  1m40s  waiting for ALB to be active: provisioning, 1m03s (usually 2m to 3m)"
        );
        assert_eq!(
            shown(70),
            "  1m40s  ALB to be active: provisioning, 1m03s (usually 2m to 3m)"
        );
        assert_eq!(shown(40), "ALB to be active: provisioning, 1m03s");
        assert_eq!(shown(36), "ALB to be a...: provisioning, 1m03s");
        assert_eq!(shown(20), "1m03s ALB to be...");
    }

    #[test]
    fn long_state_is_cut_before_times() {
        let state = "healthy 0 of 2; failed: ollama of i-66aebaaae2c2f1cb8, open-webui of i-66aebaaae2c2f1cb8";
        let times = ("1m40s", "53s");
        let usual = "usually 30s to 2m30s";
        assert_eq!(
            wait_text(("targets to be healthy", state), times, usual, 80),
            "targets to be healthy: healthy 0 of 2; failed: o..., 53s (usually 30s to 2m30s)"
        );
    }

    #[test]
    fn wait_fits_every_width() {
        for width in 0..120 {
            assert!(shown(width).width() <= width.saturating_sub(1), "{width}");
        }
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(fitting("日本語日本語", 10), "日本語...");
        assert_eq!(fitting("a\tb\u{1b}[31m", 20), "a b [31m");
    }
}
