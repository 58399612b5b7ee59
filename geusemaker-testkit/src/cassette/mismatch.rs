//! A request without a recorded answer, and its differences from the most similar recorded call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::request::Call;

/// Error returned when a cassette has no answer for a request.
///
/// The program's SDK call fails with this error. Its text shows the request, and the differences from the most similar
/// recorded call.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Mismatch {
    asked: Call,
    reason: Reason,
}

#[derive(Clone, Debug)]
enum Reason {
    Different(Box<Nearest>),
    EmptyCassette,
    Exhausted { answers: usize },
}

#[derive(Clone, Debug)]
struct Nearest {
    entry: usize,
    call: Call,
    differences: Vec<Difference>,
}

/// A difference in one parameter. The values of a repeated parameter are joined by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The parameter is in both calls, with different values.
    Changed {
        /// The parameter.
        name: String,
        /// The value in the request.
        asked: String,
        /// The value in the cassette.
        recorded: String,
    },
    /// The parameter is in the request only.
    Extra {
        /// The parameter.
        name: String,
        /// The value in the request.
        asked: String,
    },
    /// The parameter is in the cassette only.
    Missing {
        /// The parameter.
        name: String,
        /// The value in the cassette.
        recorded: String,
    },
}

impl Mismatch {
    /// Returns the request, redacted.
    pub fn asked(&self) -> &Call {
        &self.asked
    }

    /// Returns the recorded call that is most like the request: one of the same operation if there is any. Returns
    /// `None` if the exact request is recorded but all its answers have been given, or if nothing is recorded.
    pub fn nearest(&self) -> Option<&Call> {
        self.nearest_entry().map(|nearest| &nearest.call)
    }

    /// Returns the differences between the parameters of the request and those of the nearest call.
    pub fn differences(&self) -> &[Difference] {
        self.nearest_entry()
            .map_or(&[], |nearest| &nearest.differences)
    }

    pub(crate) fn exhausted(asked: Call, answers: usize) -> Self {
        Self {
            asked,
            reason: Reason::Exhausted { answers },
        }
    }

    pub(crate) fn unknown<'a>(
        asked: Call,
        recorded: impl Iterator<Item = (usize, &'a Call)>,
    ) -> Self {
        let nearest = recorded
            .map(|(entry, call)| (entry, call, differences(&asked, call)))
            .min_by_key(|(entry, call, differences)| {
                let other_service = call.service() != asked.service();
                let other_operation = call.operation() != asked.operation();
                (other_service, other_operation, differences.len(), *entry)
            });
        let reason = match nearest {
            Some((entry, call, differences)) => Reason::Different(Box::new(Nearest {
                entry,
                call: call.clone(),
                differences,
            })),
            None => Reason::EmptyCassette,
        };
        Self { asked, reason }
    }

    fn nearest_entry(&self) -> Option<&Nearest> {
        match &self.reason {
            Reason::Different(nearest) => Some(nearest),
            Reason::EmptyCassette | Reason::Exhausted { .. } => None,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no recorded answer for {}", self.asked)?;
        match &self.reason {
            Reason::EmptyCassette => write!(f, "\n  the cassette is empty"),
            Reason::Exhausted { answers } => write!(
                f,
                "\n  it is recorded {answers} time(s), and all answers were given; only reads are answered again"
            ),
            Reason::Different(nearest) => {
                write!(
                    f,
                    "\n  the nearest is entries[{}], {} {}",
                    nearest.entry,
                    nearest.call.service(),
                    nearest.call.operation()
                )?;
                for difference in &nearest.differences {
                    write!(f, "\n    {difference}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed {
                name,
                asked,
                recorded,
            } => write!(f, "different  {name}: asked {asked}, recorded {recorded}"),
            Self::Extra { name, asked } => write!(f, "extra      {name}: asked {asked}"),
            Self::Missing { name, recorded } => write!(f, "missing    {name}: recorded {recorded}"),
        }
    }
}

fn differences(asked: &Call, recorded: &Call) -> Vec<Difference> {
    let asked = by_name(asked);
    let recorded = by_name(recorded);
    let names: BTreeSet<&str> = asked.keys().chain(recorded.keys()).copied().collect();
    names
        .into_iter()
        .filter_map(|name| match (asked.get(name), recorded.get(name)) {
            (Some(asked), Some(recorded)) if asked != recorded => Some(Difference::Changed {
                name: name.to_owned(),
                asked: asked.join(", "),
                recorded: recorded.join(", "),
            }),
            (Some(asked), None) => Some(Difference::Extra {
                name: name.to_owned(),
                asked: asked.join(", "),
            }),
            (None, Some(recorded)) => Some(Difference::Missing {
                name: name.to_owned(),
                recorded: recorded.join(", "),
            }),
            (Some(_), Some(_)) | (None, None) => None,
        })
        .collect()
}

fn by_name(call: &Call) -> BTreeMap<&str, Vec<&str>> {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in call.parameters() {
        values.entry(name).or_default().push(value);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::har::{self, Content};

    fn call(action: &str, fields: &str) -> Call {
        let form = format!("Action={action}&{fields}");
        let content = Content::from_bytes("application/x-www-form-urlencoded", form.as_bytes());
        let request = har::Request::new("POST", "http://h/", Vec::new(), content);
        Call::read("ec2", &request)
    }

    /// Even if a call of another operation has more in common with the request.
    #[test]
    fn diff_prefers_same_operation() {
        let recorded = [
            call("DescribeVpcs", "Id.1=b&Id.2=c"),
            call("DeleteTags", "Id.1=a&Dry=true"),
        ];
        let asked = call("DeleteTags", "Id.1=b&Id.2=c");
        let mismatch = Mismatch::unknown(asked, recorded.iter().enumerate());
        assert_eq!(
            mismatch.to_string(),
            "no recorded answer for ec2 DeleteTags
    Id.1 = b
    Id.2 = c
  the nearest is entries[1], ec2 DeleteTags
    missing    Dry: recorded true
    different  Id.1: asked b, recorded a
    extra      Id.2: asked c"
        );
    }

    /// Among the recorded calls of one operation.
    #[test]
    fn nearest_call_has_fewest_differences() {
        let recorded = [call("DeleteTags", "A=1&B=1"), call("DeleteTags", "A=2&B=1")];
        let mismatch =
            Mismatch::unknown(call("DeleteTags", "A=2&B=2"), recorded.iter().enumerate());
        assert_eq!(mismatch.nearest(), Some(&recorded[1]));
        assert_eq!(mismatch.differences().len(), 1);
    }

    #[test]
    fn empty_cassette_has_no_nearest_call() {
        let mismatch = Mismatch::unknown(call("DeleteTags", ""), std::iter::empty());
        assert_eq!(mismatch.nearest(), None);
        assert!(mismatch.to_string().ends_with("the cassette is empty"));
    }
}
