//! The arguments of `gm logs`.

use std::str::FromStr;

use clap::Args;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::Name;

pub(super) const LOGS_EXAMPLES: &str = "Examples:
  gm logs llm                          the last lines of all services
  gm logs llm vllm --follow            one service, and what it goes on to print
  gm logs llm --since 10m --timestamps
  gm logs llm --boot                   how far the first boot has come";

#[derive(Args, Debug)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Services whose logs are shown [default: all]
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// Go on with new lines until a signal
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines since then: an age such as 10m, 2h or 3d, or a time such as 2026-11-26T17:31:02Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Since>,
    /// Only the last lines of each log; all for no limit [default: 200 without --since]
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<Tail>,
    /// Number of the instance; the first is 0 [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) instance: Option<usize>,
    /// Show the console of the instances, with the stages of their start
    ///
    /// It needs no Systems Manager. AWS has none for the first minutes, and keeps the last 64 KiB.
    #[arg(long, conflicts_with_all = ["services", "follow", "since", "timestamps"])]
    pub(crate) boot: bool,
    /// Begin each line with its time
    #[arg(short, long)]
    pub(crate) timestamps: bool,
}

/// The time of the first line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Ago(SignedDuration),
    At(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let ago = text.parse::<Span>();
        let ago = ago.and_then(|ago| ago.to_duration(SpanRelativeTo::days_are_24_hours()));
        match ago {
            Ok(ago) if !ago.is_negative() => Ok(Self::Ago(ago)),
            _ => Err(
                "expected an age such as 10m, 2h or 3d, or a time such as 2026-11-26T17:31:02Z"
                    .to_owned(),
            ),
        }
    }
}

/// The number of lines at the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    All,
    Last(u32),
}

impl FromStr for Tail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) => Ok(Self::Last(number)),
            Err(_) if text == "all" => Ok(Self::All),
            Err(_) => Err("expected a number, or all".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_age_or_time() {
        let minutes = |minutes| Since::Ago(SignedDuration::from_mins(minutes));
        assert_eq!("10m".parse(), Ok(minutes(10)));
        assert_eq!("1h30m".parse(), Ok(minutes(90)));
        assert_eq!("2d".parse(), Ok(minutes(2 * 24 * 60)));
        let at = "2026-11-26T17:31:02Z".parse().unwrap();
        assert_eq!("2026-11-26T18:31:02+01:00".parse(), Ok(Since::At(at)));
        for wrong in ["", "10", "-10m", "yesterday", "2026-11-26"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tail_is_number_or_all() {
        assert_eq!("0".parse(), Ok(Tail::Last(0)));
        assert_eq!("all".parse(), Ok(Tail::All));
        assert!("-1".parse::<Tail>().is_err());
    }
}
