//! `gm open`: opens the address of a stack in the browser.

use std::io::ErrorKind;
use std::process::Stdio;

use geusemaker_core::{DeploymentStatus, Endpoint};

use crate::arguments::Open;
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, open: &Open) -> Result<Document, Failure> {
    let status = context.session.summary(&open.name.name).await?;
    let url = address(context, &status, open)?;
    let document = Document::ok()
        .member("name", &status.name)
        .member("url", &url)
        .line(&url);
    if context.is_sandbox {
        return Ok(document
            .with_note("note: no browser was started: the addresses of the sandbox lead nowhere"));
    }
    // A browser may take a while to start.
    let opened = tokio::task::spawn_blocking(move || start(&url)).await;
    match opened {
        Ok(Ok(())) => Ok(document),
        Ok(Err(why)) => Ok(document.with_failure(no_browser(&why).into_document(false))),
        Err(_) => Err(Failure::local("the browser could not be started")),
    }
}

/// Starts the browser of this system. Returns the reason why none has started.
fn start(url: &str) -> Result<(), String> {
    let mut why = "this system has no program for it".to_owned();
    for mut command in open::commands(url) {
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => why = format!("{program} has ended with {status}"),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => why = format!("{program}: {error}"),
        }
    }
    Err(why)
}

fn no_browser(why: &str) -> Failure {
    Failure::local(format!("no browser could be started: {why}"))
        .remedy("open the address above yourself")
}

/// Returns the address of the stack, or of a service of a stack without a load balancer.
fn address(context: &Context, status: &DeploymentStatus, open: &Open) -> Result<String, Failure> {
    let name = &status.name;
    let outputs = &status.outputs;
    if let Some(url) = &outputs.url {
        return match &open.service {
            Some(service) => Err(Failure::usage(format!(
                "{name} has one address for all services: leave {service} out"
            ))),
            None => Ok(url.clone()),
        };
    }
    let is_asked = |endpoint: &&Endpoint| {
        let asked = open.service.as_ref();
        asked.is_none_or(|service| *service == endpoint.service)
    };
    let Some(endpoint) = outputs.endpoints.iter().find(is_asked) else {
        return Err(without_address(context, status, open));
    };
    if endpoint.open_to.is_empty() {
        let service = &endpoint.service;
        return Err(Failure::usage(format!(
            "{service} of {name} is closed: access.allow admits no address"
        ))
        .remedy(format!(
            "forward a port to it: {}",
            context.command(&format!("port-forward {name} {service}"))
        )));
    }
    Ok(endpoint.url.clone())
}

fn without_address(context: &Context, status: &DeploymentStatus, open: &Open) -> Failure {
    let name = &status.name;
    let mut services: Vec<_> = status.outputs.endpoints.iter().collect();
    services.dedup_by_key(|endpoint| &endpoint.service);
    let services: Vec<_> = services.iter().map(|it| it.service.as_str()).collect();
    match &open.service {
        Some(service) if !services.is_empty() => Failure::usage(format!(
            "{name} has no service {service} with a port; it has: {}",
            services.join(", ")
        )),
        _ => Failure::usage(format!("{name} has no address"))
            .remedy("give a service a port, or finish the deployment")
            .next(context.command(&format!("status {name}"))),
    }
}
