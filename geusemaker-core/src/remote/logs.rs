//! The logs of containers, page by page, since a command returns little text at once.

use std::fmt::Write as _;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::Remote;
use crate::error::Error;
use crate::id::InstanceId;
use crate::spec::ServiceName;

/// The most bytes that one command asks for. Systems Manager keeps 24,000 characters.
const PAGE: usize = 22_000;

/// The most services that one command asks.
const MOST_SERVICES: usize = 8;

/// The choice of log lines.
///
/// ```
/// use geusemaker_core::LogQuery;
///
/// let query = LogQuery::default().service("vllm".parse()?).tail(20);
/// assert_eq!(query.since, None);
/// # Ok::<(), geusemaker_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQuery {
    /// The services; all if there are none.
    pub services: Vec<ServiceName>,
    /// The number of the instance; all if there is none.
    pub instance: Option<usize>,
    /// The time of the first line.
    pub since: Option<Timestamp>,
    /// The number of lines of each service, counted from the end.
    pub tail: Option<u32>,
}

impl LogQuery {
    /// Adds a service. Without any, the query is about all.
    #[must_use]
    pub fn service(mut self, name: ServiceName) -> Self {
        self.services.push(name);
        self
    }

    /// Sets the number of the instance.
    #[must_use]
    pub fn instance(self, number: usize) -> Self {
        Self {
            instance: Some(number),
            ..self
        }
    }

    /// Sets the time of the first line.
    #[must_use]
    pub fn since(self, at: Timestamp) -> Self {
        Self {
            since: Some(at),
            ..self
        }
    }

    /// Sets the number of lines of each service, counted from the end.
    #[must_use]
    pub fn tail(self, lines: u32) -> Self {
        Self {
            tail: Some(lines),
            ..self
        }
    }
}

/// A line of the log of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// The number of the instance.
    pub instance: usize,
    /// The service.
    pub service: ServiceName,
    /// The time of the line; none for what Docker itself says instead of a log.
    pub at: Option<Timestamp>,
    /// The text.
    pub text: String,
}

/// The logs of containers from one point on: each call of [`more`](Self::more) continues where the last one ended, also
/// after an error.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// # let stack = session.plan(spec).await?.launch().await?.balance().await?.commit().await?;
/// use geusemaker_core::LogQuery;
///
/// let remote = session.remote(&stack.name).await?;
/// let mut logs = remote.logs(&LogQuery::default().tail(100))?;
/// loop {
///     for line in logs.more().await? {
///         println!("{} {}", line.service, line.text);
///     }
///     if !logs.has_more() {
///         break;
///     }
/// }
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Debug)]
pub struct Logs {
    remote: Remote,
    tail: Option<u32>,
    sources: Vec<Source>,
}

/// The log of one container, and the place up to which it was read.
#[derive(Debug)]
struct Source {
    instance: usize,
    service: ServiceName,
    from: Option<Timestamp>,
    /// The number of lines with the time `from` that were read already.
    read_at_from: usize,
    /// The last text of Docker itself, which stands in place of a log.
    said: Option<String>,
    /// True once lines were read, so that no tail is asked for again.
    is_begun: bool,
    /// True if the last page was full, so that there is another one.
    has_more: bool,
}

impl Remote {
    /// Returns the logs of containers, of which nothing is read yet.
    ///
    /// # Errors
    /// Returns an error if the stack has no such service or instance, or its spec gives Systems Manager no access.
    pub fn logs(&self, query: &LogQuery) -> Result<Logs, Error> {
        self.ensure_opened()?;
        for service in &query.services {
            self.service(service.as_str())?;
        }
        let services = match query.services.as_slice() {
            [] => self.service_names(),
            named => named.to_vec(),
        };
        let instances = match query.instance {
            Some(number) => {
                self.instance(number)?;
                number..number + 1
            }
            None => 0..self.instances().len(),
        };
        let sources = instances.flat_map(|instance| {
            services.iter().map(move |service| Source {
                instance,
                service: service.clone(),
                from: query.since,
                read_at_from: 0,
                said: None,
                is_begun: false,
                has_more: false,
            })
        });
        Ok(Logs {
            remote: self.clone(),
            tail: query.tail,
            sources: sources.collect(),
        })
    }
}

impl Logs {
    /// Returns lines that are new since the last call, in the order of their times: a page of each log, of those logs
    /// that the last call has not read to their ends, if there are any.
    ///
    /// # Errors
    /// Returns an error if an instance is not connected, or if AWS refuses a call or does not answer it.
    pub async fn more(&mut self) -> Result<Vec<LogLine>, Error> {
        let is_behind = self.has_more();
        // One command asks several services of an instance.
        let mut batches: Vec<Vec<usize>> = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            if is_behind && !source.has_more {
                continue;
            }
            match batches.last_mut() {
                Some(batch)
                    if batch.len() < MOST_SERVICES
                        && self.sources[batch[0]].instance == source.instance =>
                {
                    batch.push(index);
                }
                _ => batches.push(vec![index]),
            }
        }
        let asked = join_all(batches.iter().map(|batch| self.ask(batch))).await;
        let outputs: Vec<String> = asked.into_iter().collect::<Result<_, _>>()?;
        let mut lines = Vec::new();
        for (batch, output) in batches.iter().zip(&outputs) {
            for (index, text) in batch.iter().zip(sections(output, batch.len())) {
                let source = &mut self.sources[*index];
                // Bytes that are no text have become longer or shorter.
                source.has_more = text.len() + 4 >= PAGE / batch.len();
                lines.extend(source.take_in(text));
            }
        }
        lines.sort_by_key(|line| line.at);
        Ok(lines)
    }

    /// Returns true if the last call of [`more`](Self::more) has not reached the ends of all logs.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.sources.iter().any(|source| source.has_more)
    }

    async fn ask(&self, batch: &[usize]) -> Result<String, Error> {
        let page = PAGE / batch.len();
        let sources: Vec<_> = batch.iter().map(|index| &self.sources[*index]).collect();
        let mut script = String::new();
        for source in &sources {
            let service = &source.service;
            // Writing to a text cannot fail.
            let _ = writeln!(script, "printf '==> %s <==\\n' '{service}'");
            script += "docker logs --timestamps";
            if let Some(from) = source.from {
                let _ = write!(script, " --since '{from:.9}'");
            }
            if let Some(tail) = self.tail.filter(|_| !source.is_begun) {
                let _ = write!(script, " --tail {tail}");
            }
            let _ = writeln!(script, " '{service}' 2>&1 | head -c {page}");
        }
        let number = sources.first().map_or(0, |source| source.instance);
        let instance: InstanceId = self.remote.instance(number)?.id.clone();
        // The script only reads, so it may be sent twice.
        let ssm = &self.remote.account.reader.ssm;
        let sent = self.remote.send_script(ssm, &instance, script).await?;
        Ok(self.remote.result(&sent).await?.stdout)
    }
}

/// Splits the output of a script at the lines that name the services. No line of a log begins like them: each begins
/// with its time.
fn sections(output: &str, count: usize) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut rest = output;
    while sections.len() < count {
        let Some(begin) = rest.strip_prefix("==> ").and_then(|name| name.find('\n')) else {
            break;
        };
        let body = &rest["==> ".len() + begin + 1..];
        // A page may end within a line.
        let end = if sections.len() + 1 < count {
            body.match_indices("==> ").find_map(|(index, _)| {
                let line = body[index..].lines().next()?;
                line.ends_with(" <==").then_some(index)
            })
        } else {
            None
        };
        let end = end.unwrap_or(body.len());
        sections.push(&body[..end]);
        rest = &body[end..];
    }
    sections
}

impl Source {
    /// Takes in a page, and returns its new lines. A page that is full may end within a line, which the next page has
    /// as a whole.
    fn take_in(&mut self, text: &str) -> Vec<LogLine> {
        let is_full = self.has_more;
        let mut read: Vec<_> = text.lines().map(timed).collect();
        if is_full && read.len() > 1 {
            read.pop();
        }
        let (from, mut known) = (self.from, self.read_at_from);
        let mut lines = Vec::new();
        for (at, text) in read {
            let Some(at) = at else {
                if self.said.as_deref() != Some(text) {
                    self.said = Some(text.to_owned());
                    lines.push(self.line(None, text));
                }
                continue;
            };
            self.is_begun = true;
            if Some(at) < from {
                continue;
            }
            if Some(at) == from && known > 0 {
                known -= 1;
                continue;
            }
            if self.from == Some(at) {
                self.read_at_from += 1;
            } else {
                (self.from, self.read_at_from) = (Some(at), 1);
            }
            lines.push(self.line(Some(at), text));
        }
        if is_full && lines.is_empty() {
            // A line that is longer than a page, or a page of lines with one time: the rest of it is left out.
            let next = from.and_then(|from| from.checked_add(SignedDuration::from_nanos(1)).ok());
            (self.from, self.read_at_from) = (next, 0);
        }
        lines
    }

    fn line(&self, at: Option<Timestamp>, text: &str) -> LogLine {
        LogLine {
            instance: self.instance,
            service: self.service.clone(),
            at,
            text: text.to_owned(),
        }
    }
}

/// Splits a line into its time and its text.
fn timed(line: &str) -> (Option<Timestamp>, &str) {
    let split = line.split_once(' ').unwrap_or((line, ""));
    match split.0.parse() {
        Ok(at) => (Some(at), split.1),
        Err(_) => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source() -> Source {
        Source {
            instance: 0,
            service: "vllm".parse().unwrap(),
            from: None,
            read_at_from: 0,
            said: None,
            is_begun: false,
            has_more: false,
        }
    }

    /// A log as `docker logs --timestamps --since FROM` returns it, cut after some bytes.
    fn page(log: &[(i64, String)], from: Option<Timestamp>, most: usize) -> String {
        let lines = log.iter().filter_map(|(second, text)| {
            let at = Timestamp::from_second(*second).unwrap();
            (from.is_none_or(|from| at >= from)).then(|| format!("{at:.9} {text}\n"))
        });
        let mut all: String = lines.collect();
        all.truncate(most);
        all
    }

    proptest! {
        /// Pages of any size that hold a few lines give each line once, and those that come later as well.
        #[test]
        fn pages_give_each_line_once(
            seconds in proptest::collection::vec(0..6i64, 0..40),
            size in 200..2000usize,
            later in 0..40usize,
        ) {
            let mut seconds = seconds;
            seconds.sort_unstable();
            let log: Vec<_> = seconds.iter().enumerate().map(|(n, second)| (second * 100 + n as i64 / 4, format!("line {n}"))).collect();
            let mut log = log;
            log.sort_by_key(|(second, _)| *second);
            let later = later.min(log.len());
            let mut source = source();
            let mut read = Vec::new();
            for available in [later, log.len()] {
                for _ in 0..200 {
                    let text = page(&log[..available], source.from, size);
                    let is_full = text.len() >= size;
                    source.has_more = is_full;
                    read.extend(source.take_in(&text).into_iter().map(|line| line.text));
                    if !is_full {
                        break;
                    }
                }
            }
            let written: Vec<_> = log.into_iter().map(|(_, text)| text).collect();
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn message_of_docker_is_given_once() {
        let mut source = source();
        let missing = "Error response from daemon: No such container: vllm\n";
        assert_eq!(source.take_in(missing).len(), 1);
        assert!(source.take_in(missing).is_empty());
        let lines = source.take_in("2026-11-26T17:31:02.000000001Z up\n");
        assert_eq!(lines[0].text, "up");
    }

    #[test]
    fn line_longer_than_page_is_left_out() {
        let mut source = source();
        let long = format!("2026-11-26T17:31:02.5Z {}", "x".repeat(500));
        source.has_more = true;
        assert_eq!(source.take_in(&long).len(), 1);
        assert!(source.take_in(&long).is_empty());
        let from = source.from.unwrap();
        assert!(from > "2026-11-26T17:31:02.5Z".parse().unwrap());
    }

    #[test]
    fn output_is_split_by_service() {
        let output = "==> a <==\n1 x\n==> no\n==> b <==\n==> c <==\n2 y\n3";
        assert_eq!(sections(output, 3), ["1 x\n==> no\n", "", "2 y\n3"]);
        assert_eq!(sections("==> a <==\ncut ==> b <==\n", 2), ["cut ", ""]);
        assert!(sections("", 2).is_empty());
    }
}
