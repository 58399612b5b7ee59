//! The log of a simulated container.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::first_boot::{Container, Course};
use super::{Boot, nvidia_gpus};

/// The time between two lines of a container that serves.
const REQUESTS: Duration = Duration::from_secs(30);

/// The time until Docker starts a container again that has exited.
const RESTART: Duration = Duration::from_secs(5);

/// The most lines that are printed: more than any command of Systems Manager returns.
const LONGEST: usize = 2000;

/// The log of a container. Its lines are functions of their numbers, so that a log of any age costs nothing.
pub(super) struct ContainerLog<'a> {
    container: &'a Container<'a>,
    boot: &'a Boot,
    /// The time at which the container was started first.
    begun: Timestamp,
}

impl<'a> ContainerLog<'a> {
    pub(super) fn new(container: &'a Container<'a>, boot: &'a Boot) -> Self {
        let age = boot.since.saturating_sub(container.started);
        Self {
            container,
            boot,
            begun: boot.now - age,
        }
    }

    /// Returns the lines since a time, and of these the last; returns `None` if the time cannot be read. The time is
    /// one of RFC 3339, a number of seconds since 1970, or a duration before the present.
    pub(super) fn lines(
        &self,
        since: Option<&str>,
        tail: Option<&str>,
    ) -> Option<impl Iterator<Item = (Timestamp, String)>> {
        let end = self.count_until(|at| at <= self.boot.now);
        let first = match since {
            None => 0,
            Some(since) => {
                let since = self.point_in_time(since)?;
                self.count_until(|at| at < since).min(end)
            }
        };
        let begin = match tail.and_then(|tail| tail.parse::<u64>().ok()) {
            Some(tail) => first.max(end.saturating_sub(tail)),
            None => first,
        };
        let lines = (begin..end).take(LONGEST);
        Some(lines.map(|number| (self.time_of(number), self.text_of(number))))
    }

    fn point_in_time(&self, text: &str) -> Option<Timestamp> {
        let seconds = |text: &str| Timestamp::from_second(text.parse().ok()?).ok();
        let ago = |text: &str| {
            let duration = text.parse::<SignedDuration>().ok()?;
            self.boot.now.checked_sub(duration).ok()
        };
        let time = text.parse().ok();
        time.or_else(|| seconds(text)).or_else(|| ago(text))
    }

    /// Returns the number of lines at the beginning whose times are as asked.
    fn count_until(&self, is_before: impl Fn(Timestamp) -> bool) -> u64 {
        let age = self.boot.now.duration_since(self.begun).as_secs();
        let (mut low, mut high) = (0, u64::try_from(age).unwrap_or_default() + 10);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(self.time_of(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn time_of(&self, number: u64) -> Timestamp {
        let times = |duration: Duration, times: u64| {
            duration.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
        };
        let offset = match self.container.course {
            Course::Serves { after } => match number {
                0 => Duration::ZERO,
                1 => after / 2,
                2 => after,
                _ => after + times(REQUESTS, number - 2),
            },
            Course::Exits { after, .. } => {
                let run = times(after + RESTART, number / 2);
                if number.is_multiple_of(2) {
                    run
                } else {
                    run + after
                }
            }
        };
        // Lines of real programs do not come at whole seconds. The order of the first, which can come at one time with
        // timings that are instant, stays.
        let odd = number.wrapping_mul(179_424_673) % 100_000_000 + number.min(4) * 100_000_000;
        let at = self.begun.checked_add(offset + Duration::from_nanos(odd));
        at.unwrap_or(Timestamp::MAX)
    }

    fn text_of(&self, number: u64) -> String {
        let service = self.container.service;
        match (self.container.course, number) {
            (Course::Serves { .. }, 0) => format!("Starting {} (simulated)", service.image),
            (Course::Serves { .. }, 1) if service.uses_gpus => {
                let (count, model) = nvidia_gpus(self.boot);
                format!("Loading on {count} x {model}")
            }
            (Course::Serves { .. }, 1) => "Loading".to_owned(),
            (Course::Serves { .. }, 2) => match service.ports.first() {
                Some(port) => format!("Listening on port {}", port.container),
                None => "Ready".to_owned(),
            },
            (Course::Serves { .. }, _) => match service.ports.first() {
                Some(_) => "\"GET / HTTP/1.1\" 200".to_owned(),
                None => "Idle".to_owned(),
            },
            (Course::Exits { .. }, _) if number.is_multiple_of(2) => {
                format!("Starting {} (simulated)", service.image)
            }
            (Course::Exits { why, .. }, _) => why.last_words(),
        }
    }
}
