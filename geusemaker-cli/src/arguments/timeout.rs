//! `--timeout STAGE=DURATION`.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use geusemaker_core::{InvalidStage, Stage};
use jiff::{Span, SpanRelativeTo};

#[derive(Args, Debug)]
pub(crate) struct Timeouts {
    /// Longest wait in a stage, for this run alone: --timeout load-balancer=30m [env: GM_TIMEOUT]
    ///
    /// The stages are instances, load-balancer, certificate, cdn and deletion. May be given once for each; GM_TIMEOUT has
    /// several with commas between them.
    #[arg(long = "timeout", value_name = "STAGE=DURATION")]
    pub(crate) timeouts: Vec<StageTimeout>,
}

/// The longest wait in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StageTimeout {
    pub(crate) stage: Stage,
    pub(crate) limit: Duration,
}

impl FromStr for StageTimeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((stage, limit)) = text.split_once('=') else {
            return Err("expected a stage and a duration, such as cdn=1h30m".to_owned());
        };
        let stage = stage
            .parse()
            .map_err(|error: InvalidStage| error.to_string())?;
        let span: Result<Span, _> = limit.parse();
        let limit = span
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|limit| Duration::try_from(limit).ok())
            .filter(|limit| (Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(limit));
        match limit {
            Some(limit) => Ok(Self { stage, limit }),
            None => Err("expected a duration from 1s to 24h, such as 45m or 1h30m".to_owned()),
        }
    }
}

/// The longest time limit of a stage that makes sense.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeout_names_stage_and_duration() {
        let timeout = |stage, seconds| {
            let limit = Duration::from_secs(seconds);
            Ok(StageTimeout { stage, limit })
        };
        assert_eq!("cdn=1h30m".parse(), timeout(Stage::Cdn, 5400));
        assert_eq!(
            "load-balancer=90s".parse(),
            timeout(Stage::LoadBalancer, 90)
        );
        for wrong in [
            "", "cdn", "cdn=", "cdn=0s", "cdn=-1h", "cdn=10", "cdn=25h", "alb=1h", "=1h",
        ] {
            assert!(wrong.parse::<StageTimeout>().is_err(), "{wrong}");
        }
    }
}
