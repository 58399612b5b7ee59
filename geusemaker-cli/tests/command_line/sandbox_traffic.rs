//! The traffic of a served account: its proxy, its addresses, and programs of the user's.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use crate::gm::Gm;
use crate::json_schema;
use crate::served::Served;
use crate::spec_text::spec;

/// Sends a GET request, and returns the whole answer; `None` if nothing listens.
fn get(address: &str, target: &str) -> Option<String> {
    let address = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        Ok(_) => {}
        // A port that is refused is closed with the request unread.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    Some(answer)
}

/// Returns where the traffic is served, as the endpoint says it.
fn traffic(endpoint: &str) -> Value {
    let answer = get(endpoint, "/_geusemaker/traffic").unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// Returns the address of a service on an instance.
fn address_of(traffic: &Value, service: &str) -> String {
    let addresses = traffic["addresses"].as_array().unwrap();
    let found = addresses.iter().find(|it| it["service"] == service);
    found.unwrap()["address"].as_str().unwrap().to_owned()
}

#[test]
fn document_says_where_traffic_is_served() {
    let gm = Gm::new();
    let served = Served::start(&gm, &["-o", "json"]);
    let document: Value = serde_json::from_str(&served.printed).unwrap();
    json_schema::assert_document(&document);
    let proxy = document["traffic"]["proxy"].as_str().unwrap();
    let told = traffic(document["endpoint"].as_str().unwrap());
    assert_eq!(told["proxy"], proxy);
    let certificate = document["traffic"]["root_certificate"].as_str().unwrap();
    let certificate = Path::new(certificate);
    let pem = fs::read_to_string(certificate).unwrap();
    assert_eq!(told["root_certificate"], pem);
    let answer = get(proxy, "http://example.org/").unwrap();
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");

    let ended = served.end("TERM").with(0);
    let says = format!(
        "curl --proxy {proxy} --cacert {} URL",
        certificate.display()
    );
    assert!(ended.stderr.contains(&says), "{}", ended.stderr);
    assert!(!certificate.exists());
    assert_eq!(get(proxy, "/"), None);
}

#[test]
fn no_traffic_serves_none() {
    let gm = Gm::new();
    let served = Served::start(&gm, &["-o", "json", "--no-traffic"]);
    let document: Value = serde_json::from_str(&served.printed).unwrap();
    json_schema::assert_document(&document);
    assert_eq!(document["traffic"], Value::Null);
    let endpoint = document["endpoint"].as_str().unwrap();
    let answer = get(endpoint, "/_geusemaker/traffic").unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    served.end("TERM").with(0);
}

#[test]
fn deployed_service_answers() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let served = Served::start(&gm, &["--speed", "1000"]);
    let environment = served.environment();
    gm.run(&environment, &["deploy", "--yes"]).with(0);
    let endpoint = environment[0].1;
    let ollama = address_of(&traffic(endpoint), "ollama");
    let answer = get(&ollama, "/api/tags").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("simulated-model"), "{answer}");
    gm.run(&environment, &["destroy", "llm", "--yes"]).with(0);
    let ended = served.end("INT").with(0);
    let opened = ended.stderr.lines().find(|line| line.starts_with("open: "));
    let opened = opened.unwrap();
    assert!(opened.starts_with("open: instance i-"), "{opened}");
    assert!(
        opened.ends_with(&format!(
            ":11434 (ollama) at {ollama}, without its security groups"
        )),
        "{opened}"
    );
    assert!(
        ended.stderr.contains("\nclosed: instance i-"),
        "{}",
        ended.stderr
    );
}

/// The program of the test is another `gm`, whose proxy answers any path.
#[test]
fn program_of_user_answers_for_service() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let program = env!("CARGO_BIN_EXE_gm");
    let guest = format!("ollama={program} sandbox serve --traffic-port {{port}}");
    let served = Served::start(&gm, &["--speed", "1000", "--guest", &guest, "--verbose"]);
    let environment = served.environment();
    gm.run(&environment, &["deploy", "--yes"]).with(0);
    let endpoint = environment[0].1.to_owned();
    let answer = loop {
        // The program needs a moment to listen, and its port is refused until then.
        let answer = get(&address_of(&traffic(&endpoint), "ollama"), "/").unwrap();
        if !answer.is_empty() {
            break answer;
        }
    };
    assert!(answer.contains("This is an HTTP proxy"), "{answer}");

    let ended = served.end("TERM").with(0);
    let started = ended
        .stderr
        .lines()
        .find_map(|line| line.split_once(": started at "));
    let (name, address) = started.unwrap();
    assert!(name.starts_with("ollama on i-"), "{name}");
    let printed = format!("{name}: export AWS_ENDPOINT_URL=");
    assert!(ended.stderr.contains(&printed), "{}", ended.stderr);
    // It has been ended as well.
    assert_eq!(get(address, "/"), None);
}

#[test]
fn program_that_ends_is_told() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let ends = "ollama=sh -c 'echo no such model on {port} >&2; exit 3'";
    let unused = "web=./nowhere";
    let arguments = ["--speed", "1000", "--guest", ends, "--guest", unused];
    let served = Served::start(&gm, &arguments);
    let environment = served.environment();
    gm.run(&environment, &["deploy", "--yes"]).with(0);
    let ollama = address_of(&traffic(environment[0].1), "ollama");
    assert_eq!(get(&ollama, "/").unwrap(), "");
    // Its end is seen within four looks at the processes, and the account's time goes on meanwhile.
    gm.run(&environment, &["destroy", "llm", "--yes"]).with(0);
    let ended = served.end("TERM").with(0);
    for says in [
        ": its program has ended (exit status: 3), so its port is refused: no such model on ",
        "--guest web: no service has this name so far; there is ollama",
        "--guest web: no service had this name, so the program was never started",
    ] {
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
    }
}

#[test]
fn traffic_fault_of_file_fires() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let faults = gm.home().join("faults.toml");
    let fault = "[[traffic-fault]]\nfault = \"answers\"\nstatus = 503\nservice = \"ollama\"\n";
    fs::write(&faults, fault).unwrap();
    let faults = faults.to_str().unwrap();
    let served = Served::start(&gm, &["--speed", "1000", "--faults", faults]);
    let environment = served.environment();
    gm.run(&environment, &["deploy", "--yes"]).with(0);
    let ollama = address_of(&traffic(environment[0].1), "ollama");
    let answer = get(&ollama, "/").unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    served.end("TERM").with(0);

    let served = Served::start(&gm, &["--faults", faults, "-o", "json"]);
    let ended = served.end("INT").with(7).document();
    let unfired = &ended["served"]["unfired"];
    assert_eq!(unfired[0], "every request to ollama is answered with 503");

    gm.run(
        &[],
        &["sandbox", "serve", "--no-traffic", "--faults", faults],
    )
    .with(2)
    .says(&[
        "--no-traffic leaves the [[traffic-fault]]s",
        "leave one of them out",
    ]);
}

#[test]
fn wrong_guest_is_usage_error() {
    let gm = Gm::new();
    let refused = |arguments: &[&str], fragments: &[&str]| {
        gm.run(&[], &[&["sandbox", "serve"], arguments].concat())
            .with(2)
            .says(fragments);
    };
    refused(
        &["--guest", "ollama"],
        &["--guest", "expected SERVICE=COMMAND"],
    );
    refused(&["--guest", "Ollama=x"], &["is not a service name"]);
    refused(&["--guest", "ollama='x"], &["without its end"]);
    refused(
        &["--guest", "a=x", "--guest", "a=y"],
        &[
            "two commands with --guest for a",
            "give one for each service",
        ],
    );
    refused(
        &["--guest", "a=x", "--no-traffic"],
        &["--guest", "--no-traffic"],
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(
        &["--traffic-port", &port],
        &["in use", "choose another --traffic-port"],
    );
}
