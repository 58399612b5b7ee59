//! One life of a stack: commands under faults and kills, and then an end without faults.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use super::account::Account;
use super::fault::FaultProfile;
use super::gm::{Document, End, Gm, Run};
use super::proxy::{Injection, Moment, Proxy, Signal};
use super::rng::Rng;
use super::verdict;
use crate::inventory::Inventory;
use crate::tier::{NAME, Tier};

/// The parameters of a round.
pub(super) struct Round<'a> {
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) rng: Rng,
    pub(super) is_slow: bool,
    pub(super) gm: &'a Path,
    pub(super) directory: PathBuf,
}

/// The result of a round.
pub(super) struct Report {
    seed: u64,
    number: u64,
    plot: String,
    /// The commands, with the end of each and the faults meanwhile.
    story: Vec<String>,
    pub(super) problems: Vec<String>,
    directory: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Deploy,
    Destroy,
    Resume,
    Rollback,
}

/// The end of a life, once no more faults happen.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Down,
    /// The journal is lost together with its machine.
    MachineLost,
    UpAndDown,
}

impl Round<'_> {
    pub(super) fn live(mut self, account: &mut Account, proxy: &Proxy) -> Result<Report> {
        let tier = self.rng.pick(&[
            (1, Tier::Instances),
            (2, Tier::LoadBalancer),
            (3, Tier::Cdn),
        ]);
        let is_adopting = self.rng.chance(250);
        let has_network = !is_adopting && self.rng.chance(300);
        let has_name = tier >= Tier::LoadBalancer && self.rng.chance(400);
        let ending = self.rng.pick(&[
            (4, Ending::UpAndDown),
            (4, Ending::Down),
            (1, Ending::MachineLost),
        ]);
        // Without a journal, nobody knows whose the mount targets in a file system of others are: gm lists them, and
        // deletes neither them nor their group.
        let ending = match ending {
            Ending::MachineLost if is_adopting => Ending::Down,
            ending => ending,
        };
        if self.directory.exists() {
            fs::remove_dir_all(&self.directory)?;
        }
        fs::create_dir_all(&self.directory)?;
        proxy.wait_until_idle(true)?;
        let file_system = account.begin()?;
        let gm = Gm {
            program: self.gm,
            proxy,
            directory: self.directory.clone(),
            count: 0,
        };
        let mut spec = tier.spec();
        if is_adopting {
            // The access points do not go with a file system that stays.
            spec.push_str(&format!(
                "\n[storage]\nfile_system = \"{file_system}\"\naccess_points = true\n"
            ));
        }
        if has_network {
            spec.push_str("\n[network]\ncreate = true\n");
        }
        if has_name {
            spec.push_str(&format!(
                "\n[domain]\nname = \"{NAME}\"\nhosted_zone = \"example.com\"\n"
            ));
        }
        fs::write(gm.spec(), spec)?;
        let seeds = account.inventory()?;
        let mut special = match (is_adopting, has_network) {
            (true, _) => ", adopting",
            (false, true) => ", with a network",
            (false, false) => "",
        }
        .to_owned();
        if has_name {
            special.push_str(", with a name");
        }
        let mut life = Life {
            tier,
            is_adopting,
            account,
            proxy,
            gm,
            alive: Inventory(Vec::new()),
            seeds,
            story: Vec::new(),
            problems: Vec::new(),
        };
        self.trouble(&mut life)?;
        if life.problems.is_empty() {
            life.end(ending)?;
        }
        if life.problems.is_empty() {
            fs::remove_dir_all(&self.directory)?;
        } else {
            life.testify()?;
        }
        let Life {
            story, problems, ..
        } = life;
        Ok(Report {
            seed: self.seed,
            number: self.number,
            plot: format!("tier {}{special}, {ending:?}", tier.number()),
            story,
            problems,
            directory: self.directory,
        })
    }

    /// Runs a few commands under faults, most of them killed or interrupted.
    fn trouble(&mut self, life: &mut Life<'_>) -> Result<()> {
        const MOST: u64 = 6;
        let mut verb = Verb::Deploy;
        for _ in 0..2 + self.rng.below(MOST) {
            let profile = FaultProfile::thrown(self.rng.of("profile"), self.is_slow);
            let strike = self.strike();
            let on_failure = self.rng.pick(&[
                (3, None),
                (2, Some("--on-failure=keep")),
                (1, Some("--on-failure=rollback")),
            ]);
            life.command(verb, on_failure, profile, strike)?;
            if !life.problems.is_empty() {
                return Ok(());
            }
            verb = match life.known()?.and_then(|known| known.phase).as_deref() {
                None => Verb::Deploy,
                Some("deployed") => Verb::Destroy,
                Some("ending") => self.rng.pick(&[(1, Verb::Destroy), (1, Verb::Rollback)]),
                Some(_) => self.rng.pick(&[
                    (4, Verb::Resume),
                    (1, Verb::Deploy),
                    (3, Verb::Rollback),
                    (1, Verb::Destroy),
                ]),
            };
            // Sometimes a useless command, which must do no harm either.
            if self.rng.chance(150) {
                verb = self.rng.pick(&[
                    (1, Verb::Deploy),
                    (1, Verb::Destroy),
                    (1, Verb::Resume),
                    (1, Verb::Rollback),
                ]);
            }
        }
        Ok(())
    }

    fn strike(&mut self) -> Option<Injection> {
        let rng = &mut self.rng;
        let signal = rng.pick(&[
            (2, None),
            (6, Some(Signal::Kill)),
            (1, Some(Signal::Interrupt)),
            (1, Some(Signal::Terminate)),
        ])?;
        let pause = Duration::from_millis(rng.below(3_000));
        let moment = rng.pick(&[
            (1, Moment::BeforeTheServer),
            (1, Moment::BeforeTheReply),
            (1, Moment::After(pause)),
        ]);
        let again = Duration::from_millis(50 + rng.below(2_000));
        Some(Injection {
            request: 1 + rng.below(100),
            moment,
            signal,
            again: (signal != Signal::Kill && rng.chance(300)).then_some(again),
        })
    }
}

/// A round in progress.
struct Life<'a> {
    tier: Tier,
    is_adopting: bool,
    account: &'a mut Account,
    proxy: &'a Proxy,
    gm: Gm<'a>,
    /// The resources that existed before.
    seeds: Inventory,
    /// The resources that have been added since.
    alive: Inventory,
    story: Vec<String>,
    problems: Vec<String>,
}

impl Life<'_> {
    /// Runs a command, and checks the account afterwards.
    fn command(
        &mut self,
        verb: Verb,
        on_failure: Option<&str>,
        profile: FaultProfile,
        strike: Option<Injection>,
    ) -> Result<Run> {
        let spec = self.gm.spec();
        let spec = spec.to_string_lossy();
        let stack = self.tier.stack();
        let mut arguments = match verb {
            Verb::Deploy => vec!["deploy", &spec, "--yes"],
            Verb::Destroy => vec!["destroy", &stack, "--yes"],
            Verb::Resume => vec!["resume", &stack, "--yes"],
            Verb::Rollback => vec!["rollback", &stack, "--yes"],
        };
        if matches!(verb, Verb::Deploy | Verb::Resume) {
            arguments.extend(on_failure);
        }
        let was_calm = !self.proxy.has_late();
        let run = self.gm.run(&arguments, profile, strike)?;
        self.tell(&arguments, &run);
        let before = std::mem::replace(&mut self.alive, Inventory(Vec::new()));
        self.look()?;
        let known = self.known()?;
        let before = was_calm.then_some(&before);
        let mut problems = verdict::problems(&run, &self.alive, before, known.as_ref());
        if run.end == End::Code(0) {
            match verb {
                Verb::Deploy | Verb::Resume => problems.extend(self.not_up(known.as_ref())),
                Verb::Destroy | Verb::Rollback => problems.extend(verdict::left(&self.alive)),
            }
        }
        self.note(problems);
        Ok(run)
    }

    /// Lists the account, and checks that the earlier resources are unchanged.
    fn look(&mut self) -> Result<()> {
        let now = self.account.inventory()?;
        let touched = self.seeds.beyond(&now).0;
        self.alive = Inventory(
            now.0
                .into_iter()
                .filter(|it| self.seeds.0.iter().all(|seed| seed.id != it.id))
                .collect(),
        );
        self.note(
            touched
                .iter()
                .map(|seed| format!("touched, although it is not gm's: {seed:?}"))
                .collect(),
        );
        Ok(())
    }

    /// Returns the stack's status, or `None` if `gm` knows no such stack.
    fn known(&mut self) -> Result<Option<Document>> {
        let stack = self.tier.stack();
        let run = self
            .gm
            .run(&["status", &stack], FaultProfile::fair(), None)?;
        match run.end {
            End::Code(0) => Ok(run.document),
            End::Code(2) => Ok(None),
            end => bail!("gm status: {end:?}\n{}", run.log),
        }
    }

    fn not_up(&self, known: Option<&Document>) -> Vec<String> {
        let mut problems = if self.is_adopting {
            self.tier.problems_without_file_system(&self.alive)
        } else {
            self.tier.problems(&self.alive)
        };
        match known {
            Some(known) if known.phase.as_deref() == Some("deployed") => {
                problems.extend(verdict::missing(&self.alive, known));
            }
            known => problems.push(format!("it is up, and its status is {known:?}")),
        }
        problems
    }

    /// Ends the life without faults, which must succeed.
    fn end(&mut self, ending: Ending) -> Result<()> {
        match ending {
            Ending::UpAndDown => {
                self.up()?;
                self.down()?;
            }
            Ending::Down => self.down()?,
            Ending::MachineLost => self.find_again()?,
        }
        if !self.problems.is_empty() {
            return Ok(());
        }
        // Requests that were still on their way when everything was gone must not create anything.
        self.proxy.wait_until_idle(true)?;
        self.look()?;
        let mut problems = verdict::left(&self.alive);
        let run = self.gm.run(&["leftovers"], FaultProfile::fair(), None)?;
        if run.end != End::Code(0) {
            problems.push(format!("gm leftovers: {run:?}"));
        }
        self.note(problems);
        Ok(())
    }

    fn up(&mut self) -> Result<()> {
        let run = self.command(Verb::Deploy, None, FaultProfile::fair(), None)?;
        if run.end == End::Code(0) {
            return Ok(());
        }
        // A stack whose removal has begun can only be removed.
        let known = self.known()?;
        if known.is_some_and(|known| known.phase.as_deref() == Some("ending")) {
            self.must(Verb::Destroy)?;
        }
        self.must(Verb::Deploy)
    }

    fn down(&mut self) -> Result<()> {
        match self.known()? {
            None => Ok(()),
            Some(known) if known.phase.as_deref() == Some("deployed") => self.must(Verb::Destroy),
            Some(_) => self.must(Verb::Rollback),
        }
    }

    fn must(&mut self, verb: Verb) -> Result<()> {
        let run = self.command(verb, None, FaultProfile::fair(), None)?;
        if run.end != End::Code(0) {
            let problem = format!(
                "{verb:?} ends with {:?} although no fault was injected",
                run.end
            );
            self.note(vec![problem]);
        }
        Ok(())
    }

    /// Removes the stack without its journal: the tags mark the resources of `gm`.
    fn find_again(&mut self) -> Result<()> {
        self.proxy.wait_until_idle(true)?;
        let state = self.gm.state();
        if state.exists() {
            fs::remove_dir_all(state)?;
        }
        let arguments = ["leftovers", "--delete", "--yes"];
        let run = self.gm.run(&arguments, FaultProfile::fair(), None)?;
        self.tell(&arguments, &run);
        if run.end != End::Code(0) {
            self.note(vec![format!("{run:?}")]);
        }
        self.look()?;
        let left = verdict::left(&self.alive);
        self.note(left);
        Ok(())
    }

    /// Saves the evidence for finding the cause: the existing resources and the journal.
    fn testify(&mut self) -> Result<()> {
        let alive: Vec<_> = self.alive.0.iter().map(|it| format!("{it:?}\n")).collect();
        fs::write(self.gm.directory.join("alive.txt"), alive.concat())?;
        let stack = self.tier.stack();
        self.gm
            .run(&["events", &stack], FaultProfile::fair(), None)?;
        Ok(())
    }

    fn tell(&mut self, arguments: &[&str], run: &Run) {
        let mut line = format!("gm {}: {:?}", arguments.join(" "), run.end);
        for struck in self.proxy.struck() {
            line.push_str("\n    ");
            line.push_str(&struck);
        }
        self.story.push(line);
    }

    fn note(&mut self, problems: Vec<String>) {
        self.problems.extend(problems);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.problems.is_empty() {
            "ok    "
        } else {
            "FAILED"
        };
        let ends: Vec<_> = self
            .story
            .iter()
            .map(|line| line.lines().next().unwrap_or_default())
            .filter_map(|line| {
                let verb = line.split(' ').nth(1)?;
                let (_, end) = line.rsplit_once(": ")?;
                Some(format!("{verb} {end}"))
            })
            .collect();
        write!(
            f,
            "{word}  round {} ({}): {}",
            self.number,
            self.plot,
            ends.join(", ")
        )?;
        if self.problems.is_empty() {
            return Ok(());
        }
        for line in &self.story {
            write!(f, "\n  {line}")?;
        }
        for problem in &self.problems {
            write!(f, "\n  problem: {problem}")?;
        }
        write!(
            f,
            "\n  kept, with the journal and the existing resources: {}\n  again: cargo xtask chaos --seed {} --first {} --rounds 1",
            self.directory.display(),
            self.seed,
            self.number
        )
    }
}
