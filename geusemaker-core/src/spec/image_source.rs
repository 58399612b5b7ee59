//! The image that a spec names: an AMI, or a parameter of Systems Manager that has one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SpecError;
use super::service::ParameterName;
use crate::id::AmiId;

/// The beginning of a parameter in the place of an image, as EC2 takes it.
const RESOLVE: &str = "resolve:ssm:";

/// The image that a spec names, instead of the newest Deep Learning AMI.
///
/// ```
/// use geusemaker_core::spec::ImageSource;
///
/// let image: ImageSource = "ami-0a1b2c3d".parse()?;
/// assert!(matches!(image, ImageSource::Ami(_)));
/// let image: ImageSource = "resolve:ssm:/golden/gpu".parse()?;
/// assert!(matches!(&image, ImageSource::Parameter(name) if name.as_str() == "/golden/gpu"));
/// assert_eq!(image.to_string(), "resolve:ssm:/golden/gpu");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageSource {
    /// An AMI: `ami-0123…`.
    Ami(AmiId),
    /// A parameter of Systems Manager whose value is the id of an AMI: `resolve:ssm:/golden/gpu`. It is read when the
    /// stack is planned.
    Parameter(ParameterName),
}

impl FromStr for ImageSource {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text.strip_prefix(RESOLVE) {
            Some(name) => name.parse().map(Self::Parameter),
            None => text
                .parse()
                .map(Self::Ami)
                .map_err(|error: crate::id::InvalidId| {
                    SpecError::new(format!(
                        "{error}, or resolve:ssm: followed by the name of a parameter"
                    ))
                }),
        }
    }
}

impl From<AmiId> for ImageSource {
    fn from(id: AmiId) -> Self {
        Self::Ami(id)
    }
}

impl fmt::Display for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ami(id) => id.fmt(f),
            Self::Parameter(name) => write!(f, "{RESOLVE}{name}"),
        }
    }
}

impl Serialize for ImageSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImageSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
