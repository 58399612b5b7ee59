//! Logs, commands and sessions on the instances of a stack.

use std::time::Duration;

use geusemaker_core::{
    Error, LogLine, LogQuery, Logs, Remote, RemoteCommand, RemoteError, SessionPurpose,
};
use geusemaker_testkit::{Aws, Boot, CommandOutput, GpuGuest, Guest};

use crate::scenario::{Scenario, spec_with, stack};

/// An instance with containers that write a line each second, and a few commands.
#[derive(Debug)]
struct Containers;

impl Guest for Containers {
    fn console_output(&self, boot: &Boot) -> String {
        GpuGuest::default().console_output(boot)
    }

    fn run_command(&self, boot: &Boot, commands: &[String]) -> CommandOutput {
        let script = commands.join("\n");
        if script.contains("docker logs") {
            return CommandOutput::success(
                script
                    .lines()
                    .map(|line| log(boot, line))
                    .collect::<String>(),
            );
        }
        let words = shlex::split(&script).unwrap();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["docker", "exec", "webui", "echo", text] => {
                CommandOutput::success(format!("{text}\n"))
            }
            ["false"] => CommandOutput::failure(1, "no\n"),
            ["docker", "inspect", .., "webui"] => CommandOutput::success("172.18.0.2 \n"),
            ["docker", "inspect", ..] => CommandOutput::failure(1, "no such object\n"),
            ["sleep", seconds] => {
                CommandOutput::success("").taking(Duration::from_secs(seconds.parse().unwrap()))
            }
            _ => CommandOutput::success("x".repeat(30_000)),
        }
    }
}

/// Answers a line of a script that asks for logs.
fn log(boot: &Boot, line: &str) -> String {
    let words = shlex::split(line.split(" 2>&1").next().unwrap()).unwrap();
    let after = |option: &str| {
        let place = words.iter().position(|word| word == option)?;
        Some(words[place + 1].clone())
    };
    if words[0] == "printf" {
        return format!("==> {} <==\n", words[2]);
    }
    let most: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
    let since = after("--since").unwrap_or_default();
    let lines = (0..boot.since.as_secs())
        .map(|second| {
            format!(
                "2026-11-01T{:02}:{:02}:{:02}.000000000Z line {second}\n",
                second / 3600,
                second / 60 % 60,
                second % 60
            )
        })
        .filter(|line| *line >= since);
    let lines: Vec<_> = lines.collect();
    let tail = after("--tail").map_or(lines.len(), |tail| tail.parse().unwrap());
    let mut text = lines[lines.len().saturating_sub(tail)..].concat();
    text.truncate(most);
    text
}

async fn committed(scenario: &Scenario) -> Remote {
    let more = "count = 2\n[[service]]\nname = 'db'\ninternal = true\nimage = 'postgres:17'";
    let planned = scenario.session.plan(spec_with(1, more)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    ready.commit().await.unwrap();
    scenario.session.remote(&stack()).await.unwrap()
}

fn scenario() -> Scenario {
    let aws = Aws::builder().guest(Containers).build();
    Scenario::on(aws)
}

/// Waits until the agents of the instances have connected.
async fn connected(remote: &Remote) {
    remote.sleep(Duration::from_secs(600)).await;
}

#[tokio::test(start_paused = true)]
async fn command_has_output_and_exit_code() {
    let scenario = scenario();
    let remote = committed(&scenario).await;
    connected(&remote).await;
    let first = &remote.instances()[0].id;
    let run = async |command: RemoteCommand| {
        let sent = remote.send(first, &command).await.unwrap();
        remote.result(&sent).await.unwrap()
    };
    let quoted = "it's $HOME";
    let echo = RemoteCommand::in_container(&"webui".parse().unwrap(), ["echo", quoted]);
    let result = run(echo).await;
    assert_eq!(
        (result.exit_code, result.stdout.as_str()),
        (0, "it's $HOME\n")
    );
    let failed = run(RemoteCommand::on_instance(["false"])).await;
    assert_eq!((failed.exit_code, failed.stderr.as_str()), (1, "no\n"));
    let long = run(RemoteCommand::on_instance(["cat", "/var/log/syslog"])).await;
    assert!(long.is_cut && !failed.is_cut);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn canceled_command_has_no_result() {
    let scenario = scenario();
    let remote = committed(&scenario).await;
    connected(&remote).await;
    let first = &remote.instances()[0].id;
    let command = RemoteCommand::on_instance(["sleep", "3600"]);
    let sent = remote.send(first, &command).await.unwrap();
    remote.sleep(Duration::from_secs(30)).await;
    remote.cancel(&sent).await.unwrap();
    let error = remote.result(&sent).await.unwrap_err();
    assert!(
        matches!(&error, Error::Remote(RemoteError::NoResult { state, .. }) if state == "Cancelled"),
        "{error:?}"
    );
    scenario.destroy().await;
}

/// Reads to the ends of the logs.
async fn all(logs: &mut Logs) -> Vec<LogLine> {
    let mut lines = logs.more().await.unwrap();
    while logs.has_more() {
        lines.extend(logs.more().await.unwrap());
    }
    lines
}

/// A log that is longer than an answer comes whole, and once.
#[tokio::test(start_paused = true)]
async fn long_log_is_read_in_pages() {
    let scenario = scenario();
    let remote = committed(&scenario).await;
    remote.sleep(Duration::from_secs(3600)).await;
    let query = LogQuery::default()
        .service("webui".parse().unwrap())
        .instance(1);
    let mut logs = remote.logs(&query).unwrap();
    let first = all(&mut logs).await;
    assert!(first.len() > 3000, "{}", first.len());
    remote.sleep(Duration::from_secs(60)).await;
    let later = all(&mut logs).await;
    assert!(!later.is_empty());
    for (number, line) in first.iter().chain(&later).enumerate() {
        assert_eq!(line.text, format!("line {number}"));
        assert_eq!(line.instance, 1);
    }
    let tail = LogQuery::default().tail(3);
    let lines = all(&mut remote.logs(&tail).unwrap()).await;
    // Two instances with three services.
    assert_eq!(lines.len(), 18);
    assert!(lines.is_sorted_by_key(|line| line.at));
    let since = query.since(first[100].at.unwrap());
    let lines = all(&mut remote.logs(&since).unwrap()).await;
    assert_eq!(lines[0].text, "line 100");
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn unconnected_instance_is_explained() {
    let scenario = scenario();
    let remote = committed(&scenario).await;
    connected(&remote).await;
    let first = remote.instances()[0].id.clone();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let stop = ec2.stop_instances().instance_ids(first.as_str());
    stop.send().await.unwrap();
    remote.sleep(Duration::from_secs(600)).await;
    let command = RemoteCommand::on_instance(["true"]);
    let error = remote.send(&first, &command).await.unwrap_err();
    let Error::Remote(RemoteError::NotConnected { last_seen, .. }) = &error else {
        panic!("{error:?}")
    };
    assert!(last_seen.is_some());
    let error = remote
        .start_session(&first, &SessionPurpose::Shell)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is not connected to Systems Manager")
    );
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_are_started_and_ended() {
    let scenario = scenario();
    let remote = committed(&scenario).await;
    connected(&remote).await;
    let first = &remote.instances()[0].id;
    let webui = remote.service("webui").unwrap();
    let db = remote.service("db").unwrap();
    let port = remote.port_of(first, webui, None, Some(9000)).await;
    let port = port.unwrap();
    assert_eq!(
        port,
        SessionPurpose::Port {
            remote: 8080,
            local: 9000
        }
    );
    let error = remote.port_of(first, db, None, None).await.unwrap_err();
    assert!(matches!(error, Error::Remote(RemoteError::NoPort { .. })));
    let error = remote.port_of(first, db, Some(5432), None).await;
    assert!(matches!(
        error.unwrap_err(),
        Error::Remote(RemoteError::NoContainer { .. })
    ));
    let inner = remote.port_of(first, webui, Some(9090), None).await;
    let inner = inner.unwrap();
    assert_eq!(
        inner,
        SessionPurpose::ContainerPort {
            host: "172.18.0.2".to_owned(),
            remote: 9090,
            local: 9090
        }
    );
    let container = SessionPurpose::ContainerShell {
        service: "webui".parse().unwrap(),
    };
    for purpose in [SessionPurpose::Shell, container, port, inner] {
        let session = remote.start_session(first, &purpose).await.unwrap();
        let arguments = session.plugin_arguments("AWS_SSM_START_SESSION_RESPONSE", "", None);
        let response: serde_json::Value = serde_json::from_str(session.response()).unwrap();
        let token = response["TokenValue"].as_str().unwrap();
        assert!(arguments.iter().all(|argument| !argument.contains(token)));
        assert!(!format!("{session:?}").contains(token));
        let request: serde_json::Value = serde_json::from_str(&arguments[4]).unwrap();
        assert_eq!(request["Target"], first.as_str());
        remote.end_session(&session).await.unwrap();
    }
    let open = scenario.aws.states();
    assert!(
        open.iter()
            .all(|state| !state.to_string().contains("Connected")),
        "{open:?}"
    );
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn unknown_names_list_what_exists() {
    let scenario = scenario();
    let remote = committed(&scenario).await;
    let error = remote.service("vllm").unwrap_err();
    assert_eq!(error.to_string(), "stack llm has no service vllm");
    assert_eq!(error.remedy(), "its services are webui, ollama, db");
    assert_eq!(
        remote.instance(2).unwrap_err().remedy(),
        "its instances have the numbers from 0 to 1"
    );
    scenario.destroy().await;
}
