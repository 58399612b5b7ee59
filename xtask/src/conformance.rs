//! `cargo xtask conformance`: runs the real `gm` against moto, an independent AWS server.
//!
//! Each tier is deployed, compared with the account, and destroyed; then the account must hold what it held before.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::inventory::{Inventory, Kind};
use crate::moto::Moto;
use crate::process;
use crate::tier::Tier;
use crate::workspace::Workspace;

/// The limit for one command: moto finishes everything at once, so a slower command hangs.
const LIMIT: Duration = Duration::from_secs(300);

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    workspace.build_programs()?;
    let moto = Moto::start(&workspace)?;
    let directory = workspace.target_directory.join("conformance");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let mut tally = Tally::default();
    for tier in Tier::ALL {
        let gm = Gm::new(&workspace, &moto, tier, &directory)?;
        up_and_down(&gm, &moto, tier, &mut tally)?;
    }
    println!(
        "conformance: {} passed, {} failed",
        tally.passed, tally.failed
    );
    ensure!(
        tally.failed == 0,
        "what gm wrote is in {}",
        directory.display()
    );
    Ok(())
}

fn up_and_down(gm: &Gm<'_>, moto: &Moto, tier: Tier, tally: &mut Tally) -> Result<()> {
    let stack = tier.stack();
    let before = Inventory::take(moto)?;

    let deployed = gm.run("deploy", &[&gm.spec.to_string_lossy(), "--yes"]);
    tally.count(tier, "deploy succeeds", no_problems(&deployed));
    let created = Inventory::take(moto)?.beyond(&before);
    tally.count(
        tier,
        "the account has the resources of the tier",
        tier.problems(&created),
    );
    if let Ok(document) = deployed {
        let problems = unlisted(&created, &document);
        tally.count(tier, "gm lists all that it created", problems);
        let status = gm.run("status", &[&stack]);
        let problems = match &status {
            Ok(now) if now.state == document.state => vec![],
            Ok(now) => vec![format!("{:?} after {:?}", now.state, document.state)],
            Err(error) => vec![format!("{error:#}")],
        };
        tally.count(tier, "status says what deploy said", problems);
    }

    let destroyed = gm.run("destroy", &[&stack, "--yes"]);
    tally.count(tier, "destroy succeeds", no_problems(&destroyed));
    let after = Inventory::take(moto)?;
    let left = after
        .beyond(&before)
        .0
        .into_iter()
        .map(|it| format!("left: {it:?}"));
    let lost = before
        .beyond(&after)
        .0
        .into_iter()
        .map(|it| format!("gone: {it:?}"));
    tally.count(tier, "the account is as it was", left.chain(lost).collect());
    Ok(())
}

fn no_problems<T>(outcome: &Result<T>) -> Vec<String> {
    outcome
        .as_ref()
        .err()
        .map(|error| format!("{error:#}"))
        .into_iter()
        .collect()
}

/// Returns the resources that cost money but are not in gm's own list.
fn unlisted(created: &Inventory, document: &Document) -> Vec<String> {
    let billed = created.0.iter().filter(|resource| match resource.kind {
        Kind::Distribution { .. }
        | Kind::FileSystem { .. }
        | Kind::Instance { .. }
        | Kind::LoadBalancer { .. }
        | Kind::NatGateway { .. }
        | Kind::ElasticIp
        | Kind::VpcEndpoint { .. } => true,
        Kind::AccessPoint { .. }
        | Kind::Certificate
        | Kind::DnsRecord
        | Kind::InstanceProfile
        | Kind::InstanceProfileRole
        | Kind::InternetGateway
        | Kind::InternetGatewayAttachment
        | Kind::Role
        | Kind::RolePolicy
        | Kind::Route
        | Kind::RouteTable
        | Kind::RouteTableAssociation
        | Kind::Listener
        | Kind::ListenerRule
        | Kind::MountTarget { .. }
        | Kind::NetworkInterface
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule
        | Kind::Subnet
        | Kind::TargetGroup { .. }
        | Kind::Volume { .. }
        | Kind::Vpc => false,
    });
    let listed = |id: &str| {
        document
            .resources
            .iter()
            .any(|it| it.id.as_deref() == Some(id))
    };
    billed
        .filter(|it| !listed(&it.id))
        .map(|it| format!("{} is not listed", it.id))
        .collect()
}

/// The parts of a `gm --output json` document that the checks use.
#[derive(Deserialize)]
struct Document {
    schema: String,
    ok: bool,
    state: String,
    #[serde(default)]
    resources: Vec<ListedResource>,
}

#[derive(Deserialize)]
struct ListedResource {
    id: Option<String>,
}

/// The program under test, with its spec and its state in its own directory.
struct Gm<'a> {
    program: PathBuf,
    moto: &'a Moto,
    directory: PathBuf,
    spec: PathBuf,
}

impl<'a> Gm<'a> {
    fn new(workspace: &Workspace, moto: &'a Moto, tier: Tier, parent: &Path) -> Result<Self> {
        let directory = parent.join(format!("tier{}", tier.number()));
        fs::create_dir_all(&directory)?;
        let spec = directory.join("gm.toml");
        fs::write(&spec, tier.spec())?;
        Ok(Self {
            program: workspace.gm(),
            moto,
            directory,
            spec,
        })
    }

    /// Runs one gm command, and reads the document that it prints.
    fn run(&self, name: &str, arguments: &[&str]) -> Result<Document> {
        let document = self.directory.join(format!("{name}.json"));
        let log = self.directory.join(format!("{name}.log"));
        let mut gm = Command::new(&self.program);
        self.moto.direct(&mut gm);
        gm.arg(name)
            .args(arguments)
            .args(["--output", "json", "--state"])
            .arg(self.directory.join("state"))
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(File::create(&document)?)
            .stderr(File::create(&log)?);
        let status = process::run_at_most(LIMIT, &mut gm)?;
        let said = || {
            let printed = fs::read_to_string(&document).unwrap_or_default();
            let logged = fs::read_to_string(&log).unwrap_or_default();
            format!("gm {name}: {status}\n{printed}\n{logged}")
        };
        ensure!(status.success(), said());
        let read: Document =
            serde_json::from_str(&fs::read_to_string(&document)?).with_context(said)?;
        ensure!(read.ok && read.schema == "gm/1", said());
        Ok(read)
    }
}

/// The number of checks.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, tier: Tier, check: &str, problems: Vec<String>) {
        if problems.is_empty() {
            self.passed += 1;
            println!("ok      tier {}: {check}", tier.number());
        } else {
            self.failed += 1;
            println!("FAILED  tier {}: {check}", tier.number());
            for problem in problems {
                println!("        {}", problem.trim_end().replace('\n', "\n        "));
            }
        }
    }
}
