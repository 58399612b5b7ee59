//! The reasons for which a teardown does not remove a resource, and what the user can do about each.

use super::target::Target;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::leftover::Leftover;
use crate::resource::protection::Protection;
use crate::spec::Region;

const REMOVE_AGAIN: &str = "then remove the stack again";

/// The reason for which a resource is not removed.
#[derive(Debug)]
pub(super) enum KeptBack {
    /// Others live on it, who would be cut off.
    InUse(String),
    /// Others use it, and AWS refuses to delete it as long as they do.
    Held {
        /// The refusal, if AWS was asked at all.
        error: Option<AwsError>,
        /// The holders in words; none if nobody knows them.
        by: Vec<String>,
    },
    /// Somebody has protected it.
    Protected(Protection),
    /// It is data, or leads to data, and somebody has protected another resource of its stack.
    WithProtected(String),
    /// AWS has refused a call for good.
    Refused {
        /// The part of the removal, if it is not the deletion itself: `it may exist, and AWS could not be asked`.
        doing: Option<&'static str>,
        error: AwsError,
    },
    /// It is unknown what became of it.
    Unknown(String),
}

impl KeptBack {
    /// Sorts a failed call. A refusal is final; without an answer, another attempt may succeed.
    pub(super) fn of(doing: Option<&'static str>, error: AwsError) -> Self {
        if let Some(protection) = Protection::of_refusal(&error) {
            return Self::Protected(protection);
        }
        match error.class {
            ErrorClass::Conflict => Self::Held {
                error: Some(error),
                by: Vec::new(),
            },
            ErrorClass::Permission
            | ErrorClass::Invalid
            | ErrorClass::Quota
            | ErrorClass::Capacity
            | ErrorClass::Credentials => Self::Refused { doing, error },
            ErrorClass::NotFound
            | ErrorClass::NotYet
            | ErrorClass::ServiceFault
            | ErrorClass::Throttled
            | ErrorClass::Unreachable => Self::Unknown(match doing {
                Some(doing) => format!("{doing}: {error}"),
                None => error.to_string(),
            }),
        }
    }

    /// Returns the resource as left over. Its command is never a call that AWS has just refused.
    pub(super) fn leftover(self, target: &Target, id: Option<&str>, region: &Region) -> Leftover {
        match self {
            Self::InUse(why) => target.refused(id, why, None),
            Self::Held { error, by } => {
                let remedy = if by.is_empty() {
                    format!("find and remove what uses it, {REMOVE_AGAIN}")
                } else {
                    format!("remove what holds it, {REMOVE_AGAIN}")
                };
                let held = match by.as_slice() {
                    [] => None,
                    by => Some(format!("held by {}", by.join(", "))),
                };
                let why = match (error, held) {
                    (Some(error), Some(held)) => format!("{error}; {held}"),
                    (Some(error), None) => error.to_string(),
                    (None, held) => held.unwrap_or_default(),
                };
                target.refused(id, why, Some(remedy))
            }
            Self::Protected(protection) => match id {
                Some(id) => target.protected(id, protection, region),
                None => target.refused(None, protection.why().to_owned(), None),
            },
            Self::WithProtected(protected) => target.refused(
                id,
                format!("it stays with its data as long as {protected} is protected"),
                None,
            ),
            Self::Refused { doing, error } => {
                let remedy = remedy(&error);
                let why = match doing {
                    Some(doing) => format!("{doing}: {error}"),
                    None => error.to_string(),
                };
                target.refused(id, why, Some(remedy))
            }
            Self::Unknown(why) => target.leftover(id, why, region),
        }
    }
}

/// Returns what the user can do about a refusal.
fn remedy(error: &AwsError) -> String {
    match (error.class, error.code.as_deref()) {
        (ErrorClass::Permission, Some("OperationNotPermitted")) => {
            format!("correct what AWS names as the reason, {REMOVE_AGAIN}")
        }
        (ErrorClass::Permission, Some("OptInRequired" | "PendingVerification" | "Blocked")) => {
            format!("ask AWS Support about the account's standing, {REMOVE_AGAIN}")
        }
        (ErrorClass::Permission, _) => format!(
            "allow the action {} for these credentials, {REMOVE_AGAIN}",
            error.iam_action()
        ),
        (ErrorClass::Credentials, _) => format!("sign in again, {REMOVE_AGAIN}"),
        _ => format!("correct what AWS names as the reason, {REMOVE_AGAIN}"),
    }
}
