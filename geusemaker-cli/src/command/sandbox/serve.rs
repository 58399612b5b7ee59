//! `gm sandbox serve`: serves a simulated AWS account on a socket, for any program.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use clap::ValueEnum as _;
use geusemaker_core::ClockSpeed;
use geusemaker_core::words::{count, duration};
use geusemaker_testkit::serve::AwsServer;
use geusemaker_testkit::{
    Aws, AwsBuilder, CallRecord, FaultFile, Outcome, ServiceGuest, Throttling,
};
use serde_json::json;

use crate::arguments::{Output, Serve, Timings};
use crate::clock_speed::CLOCK_SPEED;
use crate::document::Document;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::progress_display::ProgressDisplay;
use crate::sandbox::{self, KeptAccount, Lock, ServedTraffic};
use crate::screen::Screen;
use crate::settings::{Setting, Settings};
use crate::standard_output;
use crate::state_directory::StateDirectory;

/// Serves until a signal arrives, and returns the document that says what has happened until then.
pub(crate) async fn run(
    settings: &Settings,
    serve: &Serve,
    screen: Screen,
) -> Result<Document, Failure> {
    if settings.sandbox.is_of_flag() {
        return Err(Failure::usage(
            "`gm sandbox serve` takes no --sandbox: give --keep to serve the account that `gm --sandbox` works in",
        ));
    }
    let timings = timings(settings, serve)?;
    let display = ProgressDisplay::new(screen, settings.quiet.value, settings.verbose.value > 0);
    // From here on a signal ends the server in an orderly way, as readers of the output below may expect. This comes
    // before the account, which would report its faults as unfired if the registration of the signals failed.
    let interrupts = Interrupts::listen()?;
    let (aws, kept) = account(settings, serve, timings)?;
    let begun = begin(&aws, settings, serve).await;
    let (server, mut traffic) = begun.inspect_err(|_| {
        // Taking the unfired faults now keeps the account from reporting them when it is dropped.
        let _ = unfired(&aws);
    })?;
    let described = describe(serve, timings);
    display.note(&format!("serving {described}; Ctrl-C ends it"));
    match &mut traffic {
        None => drop(interrupts.next().await),
        Some(traffic) => {
            traffic.announce(&display);
            tokio::select! {
                _ = interrupts.next() => {}
                () = traffic.follow(&display) => {}
            }
        }
    }

    server.shutdown().await;
    if let Some(traffic) = traffic {
        traffic.end(&display).await;
    }
    let ended = summary(&aws, settings.output.value, &display);
    if let Some(kept) = kept {
        kept.close(&aws);
    }
    ended
}

/// Starts to serve, and prints the environment variables that programs need.
async fn begin(
    aws: &Aws,
    settings: &Settings,
    serve: &Serve,
) -> Result<(AwsServer, Option<ServedTraffic>), Failure> {
    let server = listen(aws, SocketAddr::new(serve.host, serve.port)).await?;
    let traffic = if serve.no_traffic {
        None
    } else {
        let proxy = SocketAddr::new(serve.host, serve.traffic_port);
        Some(ServedTraffic::start(aws, proxy, &serve.guests).await?)
    };
    announce(&server, traffic.as_ref(), serve.speed, settings)?;
    Ok((server, traffic))
}

/// Returns the timings of the account. No profile of AWS has a meaning here, so `--profile` names them too.
fn timings(settings: &Settings, serve: &Serve) -> Result<Timings, Failure> {
    let profile = settings.profile.as_ref().filter(|it| it.is_of_flag());
    let Some(Setting { value, .. }) = profile else {
        return Ok(serve.timings.unwrap_or_default());
    };
    let timings = Timings::from_str(value, false).map_err(|_| {
        let message = format!("`gm sandbox serve` has no profile {value:?}");
        Failure::usage(message).remedy("give one of instant, typical and slow")
    })?;
    if serve.timings.is_some() || serve.keep {
        let other = if serve.keep { "--keep" } else { "--timings" };
        let message = format!("--profile {value} cannot be used with {other}");
        return Err(Failure::usage(message).remedy("leave --profile out"));
    }
    Ok(timings)
}

fn account(
    settings: &Settings,
    serve: &Serve,
    timings: Timings,
) -> Result<(Aws, Option<KeptAccount>), Failure> {
    let mut account = sandbox::account(settings)
        .seed(serve.seed)
        .timings(timings.into())
        .speed(serve.speed.factor());
    if !serve.eventual_consistency {
        account = account.consistent();
    }
    if serve.throttling {
        account = account.throttling(Throttling::Published);
    }
    let mut traffic_faults = Vec::new();
    if let Some(file) = &serve.faults {
        let file = faults(file)?;
        traffic_faults = file.traffic_faults;
        let boot_faults = file.boot_faults.into_iter();
        account = file
            .faults
            .into_iter()
            .fold(account, AwsBuilder::fault)
            .guest(boot_faults.fold(ServiceGuest::new(), ServiceGuest::fault));
    }
    if settings.verbose.value > 0 {
        account = account.on_call(log);
    }
    if serve.no_traffic && !traffic_faults.is_empty() {
        let message = "--no-traffic leaves the [[traffic-fault]]s of --faults without effect";
        return Err(Failure::usage(message).remedy("leave one of them out"));
    }
    let with_faults = |aws: Aws| {
        if serve.no_traffic {
            // From the first use of it on, load balancers make health checks.
            return aws;
        }
        let traffic = aws.traffic();
        for fault in traffic_faults {
            traffic.fault(fault);
        }
        aws
    };
    if !serve.keep {
        return Ok((with_faults(account.build()), None));
    }
    let state = StateDirectory::choose(settings.state.as_ref(), true)?;
    // Opening the journals creates the directory that also holds the account.
    state.journals()?;
    let kept = KeptAccount::lock(&state, Lock::Refuse)?;
    Ok((with_faults(kept.restore(account)?), Some(kept)))
}

fn faults(file: &Path) -> Result<FaultFile, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("fault file {}: {error}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
    FaultFile::parse(&text).map_err(|error| wrong(&error))
}

async fn listen(aws: &Aws, address: SocketAddr) -> Result<AwsServer, Failure> {
    AwsServer::bind(aws.clone(), address).await.map_err(|error| {
        Failure::usage(format!(
            "cannot listen on {address}: {error}; choose another --host or --port (0 is any free port)"
        ))
    })
}

/// Prints the environment variables that programs need, before anything is served.
fn announce(
    server: &AwsServer,
    traffic: Option<&ServedTraffic>,
    speed: ClockSpeed,
    settings: &Settings,
) -> Result<(), Failure> {
    let region = sandbox::region(settings).unwrap_or_else(|| "us-east-1".to_owned());
    let environment = [
        ("AWS_ENDPOINT_URL", server.uri()),
        ("AWS_ACCESS_KEY_ID", "AKIASIMULATED".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "simulated".to_owned()),
        // The AWS CLI and boto3 read the second name only.
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        (CLOCK_SPEED, speed.to_string()),
    ];
    let text = match settings.output.value {
        Output::Text => environment
            .iter()
            .map(|(name, value)| format!("export {name}={value}\n"))
            .collect(),
        Output::Json => {
            let environment: serde_json::Map<_, _> = environment
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            let document = Document::ok()
                .of_command(Some("sandbox serve"))
                .member("endpoint", server.uri())
                .member("port", server.address().port())
                .member("environment", environment);
            let document = match traffic {
                Some(traffic) => document.member("traffic", traffic.to_json()),
                None => document,
            };
            format!("{}\n", document.to_json())
        }
    };
    // A reader that has closed its end may know the port anyway.
    standard_output::write(text.as_bytes()).map(drop)
}

fn describe(serve: &Serve, timings: Timings) -> String {
    let speed = match serve.speed.factor() {
        1.0 => "as fast as AWS".to_owned(),
        speed => format!("{speed} times as fast as AWS"),
    };
    if serve.keep {
        return format!("the account of `gm --sandbox`, {speed}");
    }
    let timings = match timings {
        Timings::Instant => "instant",
        Timings::Typical => "typical",
        Timings::Slow => "slow",
    };
    format!(
        "a new account: {timings} timings, seed {}, {speed}",
        serve.seed
    )
}

/// Logs one line per call to standard error: the time, the operation and the outcome.
fn log(call: &CallRecord) {
    let at = call.at.strftime("%Y-%m-%dT%H:%M:%SZ");
    let service = call
        .service
        .map_or_else(String::new, |service| format!("{service}:"));
    let outcome = match &call.outcome {
        Outcome::Success => "ok",
        Outcome::Refused(code) => code,
        Outcome::Silence => "no answer",
        _ => "?",
    };
    // A closed standard error is no reason to stop serving.
    let _ = writeln!(
        std::io::stderr(),
        "{at}  {service}{operation}  {outcome}",
        operation = call.operation
    );
}

/// Returns the faults that have not fired, as sentences.
fn unfired(aws: &Aws) -> Vec<String> {
    let faults = aws.unfired();
    let boot_faults = aws.unfired_boot_faults();
    let traffic_faults = aws.unfired_traffic_faults();
    let faults = faults.iter().map(ToString::to_string);
    faults
        .chain(boot_faults.iter().map(ToString::to_string))
        .chain(traffic_faults.iter().map(ToString::to_string))
        .collect()
}

/// Summarizes the calls: as text on standard error, or as a second JSON document on standard output.
fn summary(aws: &Aws, output: Output, display: &ProgressDisplay) -> Result<Document, Failure> {
    let calls = aws.calls().len();
    let leftovers: Vec<_> = aws.leftovers().iter().map(ToString::to_string).collect();
    let unfired = unfired(aws);
    if output == Output::Text {
        let elapsed = duration(aws.clock().elapsed());
        display.note(&format!(
            "ended: {} in {elapsed} of simulated time",
            count(calls, "call")
        ));
        for leftover in &leftovers {
            display.note(&format!("  still there: {leftover}"));
        }
    }
    let served = json!({ "calls": calls, "leftovers": leftovers, "unfired": unfired });
    if unfired.is_empty() {
        Ok(Document::ok().member("served", served))
    } else {
        Err(Failure::unfired(&unfired, served))
    }
}
