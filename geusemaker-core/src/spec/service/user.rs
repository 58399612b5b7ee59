//! The user of a container.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::scalar::Scalar;
use crate::spec::error::SpecError;

/// The user, and its group if it is given, as whom the program in a container runs: `1000:1000`.
///
/// Only numbers are accepted: the folders of the service are given to this user on the instance, which does not know
/// the names in the image.
///
/// ```
/// use geusemaker_core::spec::ContainerUser;
///
/// let user: ContainerUser = "1000:100".parse()?;
/// assert_eq!((user.uid(), user.gid()), (1000, Some(100)));
/// assert!("node".parse::<ContainerUser>().is_err());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContainerUser {
    uid: u32,
    gid: Option<u32>,
}

impl ContainerUser {
    /// Returns the number of the user.
    pub fn uid(self) -> u32 {
        self.uid
    }

    /// Returns the number of the group, if it is given.
    pub fn gid(self) -> Option<u32> {
        self.gid
    }
}

impl FromStr for ContainerUser {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let read = |digits: &str| {
            // Digits only: the parser of numbers alone would accept a sign. The last number means "no change".
            let digits = digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then_some(digits)?;
            digits.parse::<u32>().ok().filter(|id| *id != u32::MAX)
        };
        let ids = match text.split_once(':') {
            Some((uid, gid)) => read(uid).zip(read(gid)).map(|(uid, gid)| (uid, Some(gid))),
            None => read(text).map(|uid| (uid, None)),
        };
        let (uid, gid) = ids.ok_or_else(|| {
            SpecError::new(format!(
                "{text:?} is not a user: expected the numbers of a user and its group, as in \"1000:1000\""
            ))
        })?;
        Ok(Self { uid, gid })
    }
}

impl fmt::Display for ContainerUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.gid {
            Some(gid) => write!(f, "{}:{gid}", self.uid),
            None => self.uid.fmt(f),
        }
    }
}

impl Serialize for ContainerUser {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContainerUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Scalar(text) = Scalar::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_given_by_numbers() {
        for text in ["0", "1000", "1000:1000", "977:0"] {
            let user: ContainerUser = text.parse().unwrap();
            assert_eq!(user.to_string(), text);
            let json = serde_json::to_string(&user).unwrap();
            assert_eq!(serde_json::from_str::<ContainerUser>(&json).unwrap(), user);
        }
        let number = serde_json::from_str::<ContainerUser>("1000").unwrap();
        assert_eq!((number.uid(), number.gid()), (1000, None));
        for text in [
            "",
            ":",
            "node",
            "1000:",
            ":1000",
            "-1",
            "+1",
            "1:2:3",
            "4294967295",
            "1000:users",
        ] {
            let error = text.parse::<ContainerUser>().unwrap_err().to_string();
            assert!(
                error.contains("is not a user: expected the numbers of"),
                "{error}"
            );
        }
    }
}
