//! Kills `gm` again and again, at random moments.

use std::fmt;

use fastrand::Rng;

use super::at_each::at_each;
use super::sampling::sample;
use super::stack::{Census, census, is_destroyed, resumes_to_running, rolls_back_to_gone};
use super::world::World;
use crate::account::Account;
use crate::gm::Gm;

/// A sequence of commands on one stack, most of them killed; the number is its seed.
struct Life(u64);

impl Life {
    /// Kills a run after a random number of calls, wherever the program is by then.
    fn kill(&self, rng: &mut Rng, gm: &Gm, account: &Account, words: &str) {
        let mut heard = rng.u32(1..=MOST_CALLS);
        let arguments: Vec<_> = words.split(' ').chain(["--yes"]).collect();
        account.forget();
        let mut running = account.begin(gm, &arguments);
        account.hears_before_the_end(&mut running, |_| {
            heard -= 1;
            heard == 0
        });
        running.kill();
    }

    fn goes(&self, nothing: &World, running: &World, whole: &Census) {
        let mut rng = Rng::with_seed(self.0);
        let way = self.0 % 4;
        let (gm, account) = if way == 3 { running } else { nothing }.begin();
        let mut kill = |words: &str| self.kill(&mut rng, &gm, &account, words);
        match way {
            0 => {
                kill("deploy");
                kill("resume llm");
                kill("resume llm");
                resumes_to_running(&gm, &account, whole);
            }
            1 => {
                kill("deploy");
                kill("resume llm");
                kill("rollback llm");
                rolls_back_to_gone(&gm, &account);
            }
            2 => {
                kill("deploy");
                kill("deploy");
                kill("destroy llm");
                is_destroyed(&gm, &account);
            }
            _ => {
                kill("destroy llm");
                kill("rollback llm");
                kill("destroy llm");
                is_destroyed(&gm, &account);
            }
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}", self.0)
    }
}

/// After repeated kills the stack ends where the last command takes it.
#[test]
fn stack_survives_repeated_kills() {
    let nothing = World::new();
    let (gm, account) = nothing.begin();
    account.run(&gm, &["deploy", "--yes"]).with(0);
    let whole = census(&account);
    let running = World::of(gm, account);
    let lives: Vec<_> = (0..SEEDS).map(Life).collect();
    at_each(&sample(lives, STRIDE), |life| {
        life.goes(&nothing, &running, &whole);
    });
}

const SEEDS: u64 = 120;

/// The stride of the sample: coprime to the four sequences of commands, so that each of them is sampled.
const STRIDE: usize = 11;

/// About the number of calls of a complete run.
const MOST_CALLS: u32 = 45;
