//! The page or status that viewers get in place of an error.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::spec::bounded::WholeNumber;
use crate::spec::duration::BoundedDuration;
use crate::spec::error::SpecError;
use crate::spec::text::validated_text;

/// The statuses that CloudFront can replace.
///
/// Source: Amazon CloudFront Developer Guide, "Create a custom error page for specific HTTP status codes".
const ERRORS: &[u16] = &[400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/// A year, the most that CloudFront keeps an error.
type MinTtl = BoundedDuration<0, 31_536_000, 10>;

/// The treatment of an error of the application: how long it is kept, and the page that viewers get in its place.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Cdn, Compute, CustomErrorResponse, DeploymentSpec, Service, Tier};
///
/// // A program whose own router reads the path.
/// let page = CustomErrorResponse::new(404.try_into()?).page("/index.html".parse()?, 200.try_into()?);
/// // The next request after a failure is tried at once.
/// let failure = CustomErrorResponse::new(503.try_into()?).min_ttl(Duration::ZERO);
/// let spec = DeploymentSpec::builder("ui".parse()?, Tier::Cdn, Compute::builder("g5.xlarge".parse()?))
///     .service(Service::builder("ui".parse()?, 8080, "example/ui:1".parse()?))
///     .cdn(Cdn::builder().error(page).error(failure))
///     .build()?;
/// assert_eq!(spec.cdn().errors()[0].code().number(), 404);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { code = 404, page = \"/index.html\", response = 200 }"
)]
pub struct CustomErrorResponse {
    code: ErrorStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<ErrorPagePath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<ResponseStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_ttl: Option<WrittenTtl>,
}

/// The time as it is written; its bounds are checked with the rest of the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WrittenTtl(Duration);

impl Serialize for WrittenTtl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ttl = MinTtl::new(self.0).map_err(serde::ser::Error::custom)?;
        ttl.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WrittenTtl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MinTtl::deserialize(deserializer).map(|ttl| Self(ttl.value()))
    }
}

impl CustomErrorResponse {
    /// Creates the treatment of this status, which has no effect until a page or a time is set.
    pub fn new(code: ErrorStatus) -> Self {
        Self {
            code,
            page: None,
            response: None,
            min_ttl: None,
        }
    }

    /// Sets the page that viewers get in place of the error, and the status with which they get it.
    #[must_use]
    pub fn page(mut self, page: ErrorPagePath, response: ResponseStatus) -> Self {
        self.page = Some(page);
        self.response = Some(response);
        self
    }

    /// Sets the shortest time for which an edge location answers with the error, in whole seconds: at most a year, 10 s
    /// by default.
    #[must_use]
    pub fn min_ttl(mut self, time: Duration) -> Self {
        self.min_ttl = Some(WrittenTtl(time));
        self
    }

    /// Returns the status that the application answers with.
    pub fn code(&self) -> ErrorStatus {
        self.code
    }

    /// Returns the path of the page that viewers get, and its status.
    pub fn replacement(&self) -> Option<(&ErrorPagePath, ResponseStatus)> {
        Some((self.page.as_ref()?, self.response?))
    }

    /// Returns the shortest time for which an edge location answers with the error, if the spec has one.
    pub fn shortest_ttl(&self) -> Option<Duration> {
        self.min_ttl.map(|ttl| ttl.0)
    }

    /// Checks the keys against each other.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if let Some(WrittenTtl(time)) = self.min_ttl {
            MinTtl::new(time).map_err(|error| error.at("min_ttl"))?;
        }
        match (&self.page, self.response, self.min_ttl) {
            (Some(page), None, _) => Err(SpecError::new(format!(
                "{page} needs the status with which viewers get it: add response = 200, or response = {}",
                self.code.number()
            ))
            .at("page")),
            (None, Some(response), _) => Err(SpecError::new(format!(
                "{} is the status of a page: add its path, as in page = \"/errors/{}.html\"",
                response.number(),
                self.code.number()
            ))
            .at("response")),
            (None, None, None) => Err(SpecError::new(
                "says nothing about the error: add page and response, or min_ttl",
            )),
            (Some(_), Some(_), _) | (None, None, Some(_)) => Ok(()),
        }
    }
}

/// A status of an error that CloudFront can replace.
///
/// ```
/// use geusemaker_core::spec::ErrorStatus;
///
/// assert_eq!(ErrorStatus::try_from(502)?.number(), 502);
/// let error = ErrorStatus::try_from(401).unwrap_err();
/// assert!(error.message().starts_with("CloudFront replaces no answers with status 401"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ErrorStatus(u16);

impl ErrorStatus {
    /// Returns the number.
    pub fn number(self) -> u16 {
        self.0
    }

    fn of(number: i128) -> Result<Self, SpecError> {
        match u16::try_from(number) {
            Ok(number) if ERRORS.contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(SpecError::new(format!(
                "CloudFront replaces no answers with status {number}: expected one of {}",
                listed(ERRORS)
            ))),
        }
    }
}

impl TryFrom<u16> for ErrorStatus {
    type Error = SpecError;

    fn try_from(number: u16) -> Result<Self, SpecError> {
        Self::of(number.into())
    }
}

impl<'de> Deserialize<'de> for ErrorStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        Self::of(number).map_err(D::Error::custom)
    }
}

/// A status with which viewers get a page in place of an error: 200, or that of an error.
///
/// ```
/// use geusemaker_core::spec::ResponseStatus;
///
/// assert_eq!(ResponseStatus::try_from(200)?.number(), 200);
/// assert!(ResponseStatus::try_from(302).is_err());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ResponseStatus(u16);

impl ResponseStatus {
    /// Returns the number.
    pub fn number(self) -> u16 {
        self.0
    }

    fn of(number: i128) -> Result<Self, SpecError> {
        match u16::try_from(number) {
            Ok(number) if number == 200 || ERRORS.contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(SpecError::new(format!(
                "CloudFront gives no page the status {number}: expected 200 or one of {}",
                listed(ERRORS)
            ))),
        }
    }
}

impl TryFrom<u16> for ResponseStatus {
    type Error = SpecError;

    fn try_from(number: u16) -> Result<Self, SpecError> {
        Self::of(number.into())
    }
}

impl<'de> Deserialize<'de> for ResponseStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        Self::of(number).map_err(D::Error::custom)
    }
}

validated_text! {
    /// The path of a page that viewers get in place of an error. CloudFront requests it as it would for a viewer.
    ///
    /// ```
    /// use geusemaker_core::spec::ErrorPagePath;
    ///
    /// assert!("/errors/404.html".parse::<ErrorPagePath>().is_ok());
    /// assert!("errors/404.html".parse::<ErrorPagePath>().is_err());
    /// ```
    ErrorPagePath, check_page
}

fn check_page(text: &str) -> Result<(), String> {
    let is_plain = |b: u8| b.is_ascii_graphic() && !b"*?#".contains(&b);
    if text.starts_with('/') && text.len() <= 4096 && text.bytes().all(is_plain) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not the path of a page: expected one that starts with \"/\", without blanks, \"*\", \"?\" and \
             \"#\", as in \"/errors/404.html\""
        ))
    }
}

fn listed(numbers: &[u16]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u16::to_string).collect();
    numbers.join(", ")
}
