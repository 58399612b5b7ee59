//! From a command to its result: the session that the command works with, and the function that carries it out.

use std::sync::Arc;

use geusemaker_core::{ConfigLoader, Listener, ProgressEvent, SdkConfig, Session, StackName};
use jiff::Timestamp;

#[cfg(feature = "sandbox")]
use crate::arguments::SandboxCommand;
use crate::arguments::{Command, Gpus, Graph, StackCommand, StageTimeout};
use crate::clock_speed;
use crate::command;
use crate::context::Context;
use crate::event_lines::EventLines;
use crate::failure::Failure;
use crate::internet::Simulated;
use crate::interrupt::Interrupts;
use crate::outcome::Outcome;
use crate::profile::MissingProfile;
use crate::progress_display::ProgressDisplay;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::state_directory::StateDirectory;

/// A callback for the end of the command.
type AtEnd = Box<dyn FnOnce()>;

/// Carries out the command.
pub(crate) async fn carry_out(
    command: Command,
    name: &str,
    settings: Settings,
    screen: Screen,
) -> Result<Outcome, Failure> {
    let region = settings.region.as_ref().map(|region| &region.value);
    match command {
        Command::Stack(StackCommand::Graph(graph)) => drawing(settings, graph, screen).await,
        Command::Stack(command) => match command.events() {
            Some(place) => {
                let lines = EventLines::open(place, screen.clone())?;
                with_events(settings, command, (name, lines), screen).await
            }
            None => on_stacks(settings, command, None, screen).await.0,
        },
        Command::Init(init) => command::init::run(&init, region).map(Outcome::from),
        Command::Validate(file) => command::validate::run(&settings, &file).map(Outcome::from),
        Command::Version => Ok(command::version::run().into()),
        Command::Gpus(gpus) if gpus.available => asking_for_gpus(settings, &gpus, screen).await,
        Command::Gpus(gpus) => command::gpus::list(&gpus, region).map(Outcome::from),
        Command::IamPolicy(asked) => command::iam_policy::run(&settings, &asked).map(Outcome::from),
        Command::Completions(completions) => Ok(command::completions::run(&completions).into()),
        Command::Man(man) => command::man::run(&man).map(Outcome::from),
        Command::Schema(schema) => Ok(command::schema::run(&schema).into()),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(sandbox) => match sandbox.command {
            SandboxCommand::Serve(serve) => command::sandbox::serve::run(&settings, &serve, screen)
                .await
                .map(Outcome::from),
        },
    }
}

/// Draws a graph. That of a spec needs no account.
async fn drawing(settings: Settings, graph: Graph, screen: Screen) -> Result<Outcome, Failure> {
    match graph.spec() {
        Some(file) => command::graph::of_spec(&graph, &file, &settings, &screen).map(Outcome::from),
        None => {
            on_stacks(settings, StackCommand::Graph(graph), None, screen)
                .await
                .0
        }
    }
}

/// Carries out a command whose events are written, and writes its end.
async fn with_events(
    settings: Settings,
    command: StackCommand,
    (name, lines): (&str, EventLines),
    screen: Screen,
) -> Result<Outcome, Failure> {
    let is_verbose = settings.verbose.value > 0;
    let lines = Arc::new(lines);
    let (ended, now) = on_stacks(settings, command, Some(Arc::clone(&lines)), screen).await;
    let outcome = ended.unwrap_or_else(|failure| Outcome::of_failure(failure, is_verbose));
    Ok(lines.end(name, now, outcome))
}

/// Carries out a command. Returns its outcome, and the time of its end in the account.
async fn on_stacks(
    settings: Settings,
    command: StackCommand,
    lines: Option<Arc<EventLines>>,
    screen: Screen,
) -> (Result<Outcome, Failure>, Timestamp) {
    let opened = open(settings, Some(&command), lines, screen).await;
    let (context, at_end) = match opened {
        Ok(opened) => opened,
        #[expect(
            clippy::disallowed_methods,
            reason = "the account, whose time it would be, is not there"
        )]
        Err(failure) => return (Err(failure), Timestamp::now()),
    };
    let mut ended = match ensure_region(&context, command.existing_stack()).await {
        Ok(()) => dispatch(&context, command).await,
        Err(failure) => Err(failure),
    };
    if let Err(failure) = ended {
        ended = Err(with_places(failure, &context).await);
    }
    let now = context.session.now();
    context.display.finish();
    if let Some(at_end) = at_end {
        at_end();
    }
    // The AWS CLI works on a real account, which does not have the sandbox's leftovers.
    let ended = ended.map_err(|failure| {
        if context.is_sandbox {
            failure.without_commands()
        } else {
            failure
        }
    });
    (ended, now)
}

/// Refuses a command line whose Region is not that of the stack, or of the file systems that it has kept: the journal
/// says where they are.
async fn ensure_region(context: &Context, stack: Option<&StackName>) -> Result<(), Failure> {
    let (Some(region), Some(name)) = (context.settings.region_of_flag(), stack) else {
        return Ok(());
    };
    let mut regions = Vec::new();
    // The command reports a journal that is missing, or cannot be read.
    match context.session.summary(name).await {
        Ok(existing) => regions.push(existing.region),
        Err(_) => {
            let kept = context.session.kept_file_systems(name).await;
            regions.extend(kept.unwrap_or_default().into_iter().map(|kept| kept.region));
        }
    }
    match regions.iter().find(|found| *found != region) {
        None => Ok(()),
        Some(found) => Err(Failure::elsewhere(name, found, "--region", region)),
    }
}

/// Lists the GPU instance types that the account can have. Without that question, no account is needed.
async fn asking_for_gpus(
    settings: Settings,
    gpus: &Gpus,
    screen: Screen,
) -> Result<Outcome, Failure> {
    let (context, at_end) = open(settings, None, None, screen).await?;
    let ended = context
        .unless_interrupted(command::gpus::list_available(&context, gpus))
        .await;
    context.display.finish();
    if let Some(at_end) = at_end {
        at_end();
    }
    ended.map(Outcome::from)
}

/// Adds to a failure about a stack that does not exist where it was looked for, and the stacks that are elsewhere.
async fn with_places(failure: Failure, context: &Context) -> Failure {
    if !failure.is_about_missing_stack() {
        return failure;
    }
    let here = &context.state;
    let places = format!(" (in {here})");
    #[cfg(feature = "sandbox")]
    let places = places + &elsewhere(context).await;
    failure.add(&places)
}

/// Returns the stacks in the other directory: that of the sandbox, or that outside it.
#[cfg(feature = "sandbox")]
async fn elsewhere(context: &Context) -> String {
    let is_sandbox = context.is_sandbox;
    let there = StateDirectory::choose(context.settings.state.as_ref(), !is_sandbox);
    let Some(there) = there.ok().filter(StateDirectory::has_journals) else {
        return String::new();
    };
    let Ok(journals) = there.journals() else {
        return String::new();
    };
    let session = Session::new(context.config.clone(), journals);
    let stacks = session.stacks().await.unwrap_or_default();
    if stacks.is_empty() {
        return String::new();
    }
    let stacks: Vec<_> = stacks.iter().map(ToString::to_string).collect();
    let with = if is_sandbox { "without" } else { "with" };
    format!("; {with} --sandbox: {}", stacks.join(", "))
}

/// Opens the session, on the sandbox or on the account of the settings and the environment.
async fn open(
    settings: Settings,
    command: Option<&StackCommand>,
    lines: Option<Arc<EventLines>>,
    screen: Screen,
) -> Result<(Context, Option<AtEnd>), Failure> {
    // No command is the question for instance types.
    let only_reads = command.is_none_or(StackCommand::only_reads);
    let asks_aws = command.is_none_or(|command| !command.asks_journals_alone());
    let is_sandbox = settings.sandbox.value;
    let state = StateDirectory::choose(settings.state.as_ref(), is_sandbox)?;
    let journals = state.journals()?;
    // In the sandbox time is virtual.
    let speed = match is_sandbox {
        true => None,
        false => clock_speed::from_environment()?.filter(|_| asks_aws),
    };
    if let Some(missing) = settings
        .profile
        .as_ref()
        .and_then(MissingProfile::of_setting)
    {
        return Err(missing.into());
    }
    let display = ProgressDisplay::new(screen, settings.quiet.value, settings.verbose.value > 0);
    let display = Arc::new(display);
    // This may wait for the sandbox; until then a signal ends the program by itself.
    let sandbox = sandbox(&settings, &state, &display, only_reads)?;
    let interrupts = Interrupts::listen()?;
    let (config, simulated_internet, at_end) = match sandbox {
        Some((config, internet, at_end)) => (config, Some(internet), Some(at_end)),
        // Looking for credentials, certificates and a region takes longer than the command.
        None if !asks_aws => (ConfigLoader::without_aws(), None, None),
        None => tokio::select! {
            config = loader(&settings).load() => (config, None, None),
            code = interrupts.next() => return Err(Failure::stopped(code)),
        },
    };
    let mut builder = Session::builder(config.clone(), journals);
    builder = match lines {
        Some(lines) => builder.listener(Both(lines, Arc::clone(&display))),
        None => builder.listener(Arc::clone(&display)),
    };
    for timeout in &settings.timeouts {
        let StageTimeout { stage, limit } = timeout.value;
        builder = match timeout.is_asked_for() {
            true => builder.timeout(stage, limit),
            false => builder.default_timeout(stage, limit),
        };
    }
    let session = clock_speed::session(builder, speed, &display)?;
    let context = Context {
        session,
        is_sandbox,
        state,
        config,
        simulated_internet,
        output: settings.output.value,
        settings,
        display,
        interrupts,
    };
    Ok((context, at_end))
}

/// The listener of a command whose events are written.
struct Both(Arc<EventLines>, Arc<ProgressDisplay>);

impl Listener for Both {
    fn on_event(&self, event: &ProgressEvent) {
        let Self(lines, display) = self;
        lines.on_event(event);
        display.on_event(event);
    }
}

/// Returns the loader for what the settings and the environment say about AWS.
fn loader(settings: &Settings) -> ConfigLoader {
    let mut loader = Session::config_loader();
    if let Some(profile) = &settings.profile {
        loader = loader.profile(&profile.value);
    }
    if let Some(region) = &settings.region {
        loader = loader.region(region.value.clone());
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url.value.as_str());
    }
    loader
}

/// Runs the command. A signal ends a command that only reads; the others hear signals by themselves.
async fn dispatch(context: &Context, command: StackCommand) -> Result<Outcome, Failure> {
    let document = match command {
        StackCommand::Plan(plan) => {
            context
                .unless_interrupted(command::plan::run(context, &plan))
                .await
        }
        StackCommand::Deploy(deploy) => command::deploy::run(context, &deploy).await,
        StackCommand::Resume(resume) => command::resume::run(context, &resume).await,
        StackCommand::Wait(wait) => command::wait::run(context, &wait).await,
        StackCommand::Verify(verify) => {
            context
                .unless_interrupted(command::verify::run(context, &verify))
                .await
        }
        StackCommand::Status(status) => return command::status::run(context, &status).await,
        StackCommand::List(list) => {
            context
                .unless_interrupted(command::list::run(context, &list))
                .await
        }
        StackCommand::Outputs(outputs) => {
            context
                .unless_interrupted(command::outputs::run(context, &outputs))
                .await
        }
        StackCommand::Open(open) => {
            context
                .unless_interrupted(command::open::run(context, &open))
                .await
        }
        StackCommand::Events(name) => {
            context
                .unless_interrupted(command::events::run(context, &name))
                .await
        }
        StackCommand::Graph(graph) => {
            context
                .unless_interrupted(command::graph::of_stack(context, &graph))
                .await
        }
        StackCommand::Report(report) => {
            context
                .unless_interrupted(command::report::run(context, &report))
                .await
        }
        StackCommand::Logs(logs) => return command::logs::run(context, &logs).await,
        StackCommand::Exec(exec) => return command::exec::run(context, &exec).await,
        StackCommand::Ssh(ssh) => return command::ssh::run(context, &ssh).await,
        StackCommand::PortForward(forward) => {
            return command::port_forward::run(context, &forward).await;
        }
        StackCommand::Invalidate(invalidate) => {
            command::invalidate::run(context, &invalidate).await
        }
        StackCommand::RotateOriginSecret(rotate) => {
            command::rotate_origin_secret::run(context, &rotate).await
        }
        StackCommand::Token(name) => {
            context
                .unless_interrupted(command::token::run(context, &name))
                .await
        }
        StackCommand::RotateToken(rotate) => command::rotate_token::run(context, &rotate).await,
        StackCommand::Unlock(unlock) => command::unlock::run(context, &unlock).await,
        StackCommand::Doctor => command::doctor::run(context).await,
        StackCommand::Leftovers(leftovers) => command::leftovers::run(context, &leftovers).await,
        StackCommand::Destroy(destroy) => command::destroy::run(context, &destroy).await,
        StackCommand::Rollback(rollback) => command::rollback::run(context, &rollback).await,
    };
    document.map(Outcome::from)
}

/// A configuration whose clients talk to the sandbox, its internet, and what is left to do at the end.
type Sandbox = (SdkConfig, Simulated, AtEnd);

/// Opens the sandbox, if it is asked for.
#[cfg(feature = "sandbox")]
fn sandbox(
    settings: &Settings,
    state: &StateDirectory,
    display: &ProgressDisplay,
    only_reads: bool,
) -> Result<Option<Sandbox>, Failure> {
    if !settings.sandbox.value {
        return Ok(None);
    }
    let (config, internet, keep) = crate::sandbox::open(settings, state, display, only_reads)?;
    Ok(Some((config, internet, Box::new(keep))))
}

#[cfg(not(feature = "sandbox"))]
fn sandbox(
    settings: &Settings,
    _: &StateDirectory,
    _: &ProgressDisplay,
    _: bool,
) -> Result<Option<Sandbox>, Failure> {
    if settings.sandbox.value {
        return Err(Failure::usage(
            "this gm was built without the sandbox; build it with the feature `sandbox`",
        ));
    }
    Ok(None)
}
