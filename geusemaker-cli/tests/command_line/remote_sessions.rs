//! `gm ssh` and `gm port-forward`: what they give to AWS's session-manager-plugin.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use geusemaker_testkit::CommandOutput;
use serde_json::{Value, json};

use crate::account::{Account, Running};
use crate::gm::Gm;
use crate::guest::Machine;

/// Writes a program in place of the plugin, which records its arguments and its environment and goes on with this.
fn install_plugin(gm: &Gm, version: &str, then: &str) {
    let folder = gm.home().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "#!/bin/sh\n\
         [ \"$1\" = --version ] && echo {version} && exit\n\
         printf '%s\\n' \"$@\" > \"$HOME/arguments\"\n\
         printenv AWS_SSM_START_SESSION_RESPONSE > \"$HOME/response\"\n\
         {then}\n"
    );
    let program = folder.join("session-manager-plugin");
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

fn command(gm: &Gm, account: &Account, arguments: &[&str]) -> Command {
    let mut command = account.command(gm, arguments);
    let path = std::env::var("PATH").unwrap();
    let folder = gm.home().join("bin");
    command.env("PATH", format!("{}:{path}", folder.display()));
    command.env("AWS_PROFILE", "");
    command
}

fn begin(gm: &Gm, account: &Account, arguments: &[&str]) -> Running {
    Running(command(gm, account, arguments).spawn().unwrap())
}

/// Returns the request that the plugin has got, after a look at everything else that it has got.
#[track_caller]
fn request(gm: &Gm, account: &Account) -> Value {
    let arguments = fs::read_to_string(gm.home().join("arguments")).unwrap();
    let arguments: Vec<_> = arguments.lines().collect();
    let [variable, region, operation, profile, request, endpoint] = arguments[..] else {
        panic!("{arguments:?}");
    };
    assert_eq!(variable, "AWS_SSM_START_SESSION_RESPONSE");
    assert_eq!(
        (region, operation, profile),
        ("us-east-1", "StartSession", "")
    );
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    let response = fs::read(gm.home().join("response")).unwrap();
    let response: Value = serde_json::from_slice(&response).unwrap();
    let token = response["TokenValue"].as_str().unwrap();
    assert!(
        token.len() > 20 && response["StreamUrl"].is_string(),
        "{response}"
    );
    assert!(arguments.iter().all(|argument| !argument.contains(token)));
    assert_eq!(
        account.count("StartSession"),
        account.count("TerminateSession")
    );
    let request: Value = serde_json::from_str(request).unwrap();
    assert!(request["Target"].as_str().unwrap().starts_with("i-"));
    request
}

#[test]
fn ssh_gives_plugin_session() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    install_plugin(&gm, "1.2.707.0", "exit 9");
    let ended = begin(&gm, &account, &["ssh", "llm"]).ended().with(9);
    assert_eq!(ended.stdout, "");
    let shell = request(&gm, &account);
    assert!(shell.get("DocumentName").is_none(), "{shell}");

    begin(&gm, &account, &["ssh", "llm", "ollama"])
        .ended()
        .with(9);
    let shell = request(&gm, &account);
    assert_eq!(shell["DocumentName"], "AWS-StartInteractiveCommand");
    let command = shell["Parameters"]["command"][0].as_str().unwrap();
    assert!(
        command.starts_with("sudo docker exec -it ollama sh -c "),
        "{command}"
    );
}

#[test]
fn forwarded_port_leads_to_service() {
    let address = Machine::answering(CommandOutput::success("172.18.0.3 \n"));
    let (gm, account) = address.deployed(
        "[[service]]\nname = \"db\"\ninternal = true\nimage = \"postgres:17\"\n\
         [[service]]\nname = \"ui\"\nport = \"80:8080\"\nimage = \"ui:1\"\npaths = [\"/ui/*\"]",
    );
    install_plugin(&gm, "1.2.707.0", "exit 0");
    let forward = |words: &[&str]| {
        let arguments = [&["port-forward", "llm"], words].concat();
        let ended = begin(&gm, &account, &arguments).ended().with(0);
        (request(&gm, &account), ended.stderr)
    };
    let (same, hint) = forward(&["ollama"]);
    assert_eq!(same["DocumentName"], "AWS-StartPortForwardingSession");
    let ports = |remote, local| json!({ "portNumber": [remote], "localPortNumber": [local] });
    assert_eq!(same["Parameters"], ports("11434", "11434"));
    assert!(hint.contains("ollama: http://localhost:11434"), "{hint}");
    // The port in the container is the one that the user knows.
    assert_eq!(forward(&["ui"]).0["Parameters"], ports("80", "8080"));
    assert_eq!(
        forward(&["ui", "9000:8080"]).0["Parameters"],
        ports("80", "9000")
    );

    let (database, hint) = forward(&["db", "15432:5432"]);
    assert_eq!(
        database["DocumentName"],
        "AWS-StartPortForwardingSessionToRemoteHost"
    );
    assert_eq!(
        database["Parameters"],
        json!({ "host": ["172.18.0.3"], "portNumber": ["5432"], "localPortNumber": ["15432"] })
    );
    assert!(hint.contains("db: localhost:15432"), "{hint}");

    account.run(&gm, &["exec", "llm", "--", "ls"]).with(0);
    let unnamed = begin(&gm, &account, &["port-forward", "llm", "db"]).ended();
    unnamed.with(2).says(&["db is internal", "name the port"]);
}

/// The shell that the plugin has opened hears Ctrl-C, not this program.
#[test]
fn interrupt_is_left_to_plugin() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    install_plugin(&gm, "1.2.707.0", "kill -INT $PPID; exit 5");
    begin(&gm, &account, &["ssh", "llm"]).ended().with(5);
    request(&gm, &account);
}

/// So is that of a terminal that is closed.
#[test]
fn terminated_session_is_ended() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    for signal in ["TERM", "HUP"] {
        let then = format!("kill -{signal} $PPID; exec sleep 60");
        install_plugin(&gm, "1.2.707.0", &then);
        begin(&gm, &account, &["ssh", "llm"]).ended().with(143);
        request(&gm, &account);
    }
}

/// AWS is not asked for anything then.
#[test]
fn missing_plugin_says_how_to_install_it() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    let calls = account.aws.calls().len();
    for arguments in [&["ssh", "llm"][..], &["port-forward", "llm", "ollama"]] {
        let mut missing = account.command(&gm, arguments);
        missing.env("PATH", gm.home());
        let ended = Running(missing.spawn().unwrap()).ended().with(2);
        ended.says(&[
            "session-manager-plugin is not installed",
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
        ]);
    }
    install_plugin(&gm, "1.2.497.0", "exit 0");
    begin(&gm, &account, &["ssh", "llm"])
        .ended()
        .with(2)
        .says(&["1.2.497.0 is too old"]);
    assert_eq!(account.aws.calls().len(), calls);
}

#[test]
fn sandbox_refuses_sessions() {
    let gm = Gm::new();
    gm.sandbox(&["ssh", "llm"])
        .with(2)
        .says(&["no shell in the sandbox"]);
    gm.sandbox(&["port-forward", "llm", "ollama"])
        .with(2)
        .says(&["no program listens on a simulated instance"]);
}
