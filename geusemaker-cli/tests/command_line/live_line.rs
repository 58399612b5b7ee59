//! The live lines: on a terminal, each wait has one line that changes in place, as long as there is nothing to answer.

use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::shown::{Left, Shown, count};
use crate::spec_text::spec;

/// The load balancer is never active.
const WAIT: &str = "ALB to be active: provisioning";

const XTERM: [(&str, &str); 1] = [("TERM", "xterm-256color")];

/// Creates a machine, and an account whose load balancer never becomes active.
fn machine() -> (Gm, Account) {
    let gm = Gm::new();
    gm.write_spec(&spec(2, "compute.gpu_check = false"));
    let stuck = Fault::on("CreateLoadBalancer").stuck().optional();
    (gm, Account::start(Aws::builder().fault(stuck)))
}

/// Starts a deployment at a terminal of this width.
fn deploying(
    gm: &Gm,
    account: &Account,
    environment: &[(&str, &str)],
    (arguments, columns): (&[&str], u16),
) -> Shown {
    let mut command = account.command(gm, &[&["deploy"], arguments].concat());
    command.envs(environment.iter().copied());
    Shown::start(&mut command, columns)
}

/// Asserts that the rows have one live line, which fits, below the lines that stay.
#[track_caller]
fn assert_one_live_line(rows: &[String], columns: u16) {
    assert_eq!(count(rows, WAIT), 1, "{rows:#?}");
    let place = rows.iter().position(|row| row.contains(WAIT)).unwrap();
    assert!(
        rows[place].chars().count() < usize::from(columns),
        "{rows:#?}"
    );
    assert_eq!(
        rows[place].contains("(usually "),
        columns >= 80,
        "{rows:#?}"
    );
    assert!(rows[place + 1..].iter().all(String::is_empty), "{rows:#?}");
    assert_eq!(count(&rows[..place], "Creating ALB..."), 1, "{rows:#?}");
}

/// Asserts that the terminal shows no live line at the end.
#[track_caller]
fn assert_clean(left: &Left) {
    assert_eq!(count(&left.rows, WAIT), 0, "{:#?}", left.rows);
}

#[test]
fn live_line_fits_terminal_of_any_width() {
    for (before, after) in [(40, 120), (80, 40), (120, 80)] {
        let (gm, account) = machine();
        let shown = deploying(&gm, &account, &XTERM, (&["--yes"], before));
        assert_one_live_line(&shown.until_shows(WAIT), before);
        shown.resize(after);
        let is_adapted = |rows: &[String]| {
            let row = rows.iter().find(|row| row.contains(WAIT));
            // A terminal that has become narrower cuts its rows until they are drawn again.
            let is_cut = |row: &str| row.chars().count() >= usize::from(after);
            row.is_some_and(|row| row.contains("(usually ") == (after >= 80) && !is_cut(row))
        };
        assert_one_live_line(&shown.until(is_adapted), after);
        shown.signal("INT");
        let left = shown.ended();
        assert_eq!(left.code, Some(130), "{}", left.text());
        assert_clean(&left);
        assert_eq!(account.leftovers(), [""; 0]);
    }
}

/// Time passes on the live line, also while AWS is not asked.
#[test]
fn live_line_counts_time() {
    let (gm, account) = machine();
    let shown = deploying(&gm, &account, &XTERM, (&["--yes"], 80));
    let first = shown.until_shows(WAIT);
    let line = |rows: &[String]| rows.iter().find(|row| row.contains(WAIT)).cloned();
    let first = line(&first);
    shown.until(|rows| line(rows).is_some() && line(rows) != first);
    shown.signal("INT");
    assert_clean(&shown.ended());
}

/// A question stands alone: no line is drawn below it or over it.
#[test]
fn live_line_is_hidden_by_question() {
    let (gm, account) = machine();
    let arguments = ["--yes", "--on-failure", "ask"];
    let shown = deploying(&gm, &account, &XTERM, (&arguments, 120));
    shown.until_shows(WAIT);
    shown.signal("INT");
    let rows = shown.until_shows("[k/R]");
    assert_eq!(count(&rows, WAIT), 0, "{rows:#?}");
    let last = rows.iter().rfind(|row| !row.is_empty()).unwrap();
    assert!(
        last.starts_with("Keep the parts of llm (account ") && last.trim_end().ends_with("[k/R]"),
        "{rows:#?}"
    );
    shown.types("Keep");
    let left = shown.ended();
    assert_eq!(left.code, Some(130), "{}", left.text());
    assert_clean(&left);
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// Nothing is drawn before there is something to say, and a short command has nothing to say.
#[test]
fn short_command_draws_nothing() {
    let (gm, account) = machine();
    let mut command = account.command(&gm, &["list"]);
    command.envs(XTERM);
    let left = Shown::start(&mut command, 80).ended();
    assert_eq!((left.code, left.raw.as_str()), (Some(0), ""));

    // The question is the last line, and the cursor stays behind it.
    let shown = deploying(&gm, &account, &XTERM, (&[], 80));
    shown.until_shows("[y/N]");
    shown.types("n");
    let left = shown.ended();
    assert_eq!(left.code, Some(10), "{}", left.text());
    assert!(!left.raw.contains("\x1b[J"), "{:?}", left.raw);
    assert!(
        left.raw.contains("\x1b[1m\x1b[31merror:\x1b[0m declined"),
        "{:?}",
        left.raw
    );
}

/// A terminal that can do nothing gets plain lines.
#[test]
fn dumb_terminal_gets_plain_lines() {
    let (gm, account) = machine();
    let shown = deploying(&gm, &account, &[("TERM", "dumb")], (&["--yes"], 80));
    shown.until_shows(&format!("waiting for {WAIT}"));
    shown.signal("INT");
    let left = shown.ended();
    assert!(!left.raw.contains('\x1b'), "{:?}", left.raw);
}

/// Without color there are still live lines.
#[test]
fn no_color_leaves_live_lines() {
    let (gm, account) = machine();
    let environment = [XTERM[0], ("NO_COLOR", "1")];
    let shown = deploying(&gm, &account, &environment, (&["--yes"], 80));
    assert_one_live_line(&shown.until_shows(WAIT), 80);
    shown.signal("INT");
    let left = shown.ended();
    assert!(left.raw.contains("error: interrupted"), "{:?}", left.raw);
    assert_clean(&left);
}

/// Files get neither colors nor live lines, unless colors are forced; those of clap and of `gm` are the same.
#[test]
fn files_get_no_colors() {
    let gm = Gm::new();
    let color = "\x1b[1m\x1b[31merror:\x1b[0m ";
    for arguments in [&["status", "nope"][..], &["status", "No Name"]] {
        let plain = gm.run(&XTERM, arguments).with(2).stderr;
        assert!(!plain.contains('\x1b'), "{plain:?}");
        let forced = [XTERM[0], ("CLICOLOR_FORCE", "1")];
        let forced = gm.run(&forced, arguments).with(2).stderr;
        assert!(forced.starts_with(color), "{forced:?}");
    }
    let log = gm.sandbox(&["-vv", "leftovers"]).with(0).stderr;
    assert!(
        log.contains("sts:GetCallerIdentity") && !log.contains('\x1b'),
        "{log:?}"
    );
}
