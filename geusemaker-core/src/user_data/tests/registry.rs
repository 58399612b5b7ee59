//! Runs of scripts whose images are in private registries of Amazon ECR.

use super::machine::Machine;
use super::*;

const IRELAND: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const LOGIN: &str = "docker login --username AWS --password-stdin ";

fn containers() -> [Container<'static>; 3] {
    let image = |name: &str| String::leak(format!("{IRELAND}/{name}"));
    [
        container("vllm", 8000, image("llm/vllm:v1")),
        container("ui", 8080, image("ui")),
        container("n8n", 5678, "docker.n8n.io/n8nio/n8n:1.110.1"),
    ]
}

fn run(functions: &str) -> Machine {
    let machine = Machine::new(functions);
    machine.first_start(&script(&containers(), GpuMaker::Nvidia, false));
    machine
}

#[test]
fn private_image_is_pulled_after_login() {
    let machine = run("answer() { echo pass-WORD; }");
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    let calls = machine.calls();
    let asked = "aws --region eu-west-1 ecr get-login-password --output text".to_owned();
    let asked = calls.iter().position(|call| *call == asked).unwrap();
    assert_eq!(calls[asked + 1], format!("{LOGIN}{IRELAND}"));
    assert!(calls[asked + 2].starts_with(&format!("docker pull -q {IRELAND}/")));
    assert_eq!(machine.calls_of(LOGIN).len(), 2, "once for each pull");
    assert_eq!(machine.read("password"), "pass-WORD");
    assert!(calls.iter().all(|call| !call.contains("pass-WORD")));

    machine.start_again();
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(machine.calls_of(LOGIN), [""; 0], "the images are there");
}

#[test]
fn public_image_needs_no_login() {
    let machine = Machine::new("").without("aws");
    machine.first_start(&script(&containers()[2..], GpuMaker::Nvidia, false));
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    let calls = machine.calls();
    assert!(!calls.iter().any(|call| call.contains("aws")), "{calls:?}");
}

#[test]
fn refused_login_is_reported() {
    let denied = "answer() {
        echo 'An error occurred (AccessDeniedException): not authorized: ecr:GetAuthorizationToken' >&2
        return 254
    }";
    let password = format!(
        "GEUSEMAKER:FAILED vllm: no password for the registry {IRELAND}: An error occurred (AccessDeniedException): not \
         authorized: ecr:GetAuthorizationToken"
    );
    let wrong = "answer() { echo pass-WORD; }
        can_log_in() { echo 'Error response from daemon: 400 for pass-WORD' >&2; return 1; }";
    let login = format!("GEUSEMAKER:FAILED vllm: no login to the registry {IRELAND}: 400 for ***");
    for (functions, outcome) in [(denied, password), (wrong, login)] {
        let machine = run(functions);
        assert_eq!(machine.outcome(), [outcome]);
        assert_eq!(machine.calls_of("docker pull"), [""; 0]);
    }
}
