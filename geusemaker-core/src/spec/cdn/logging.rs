//! The access logs of the CDN.

use serde::{Deserialize, Serialize};

use crate::spec::text::validated_text;

/// The place of the access logs: an S3 bucket that exists, and admits CloudFront by an access control list.
///
/// ```
/// use geusemaker_core::spec::CdnLogging;
///
/// let logging = CdnLogging::to_bucket("my-logs.s3.amazonaws.com".parse()?).with_prefix("cf/".parse()?);
/// assert_eq!(logging.prefix().map(|prefix| prefix.as_str()), Some("cf/"));
/// assert!(!logging.cookies());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { bucket = \"my-logs.s3.amazonaws.com\", prefix = \"cf/\" }"
)]
pub struct CdnLogging {
    bucket: LogBucket,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<LogPrefix>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cookies: bool,
}

impl CdnLogging {
    /// Creates the place of the logs: the top of a bucket.
    pub fn to_bucket(bucket: LogBucket) -> Self {
        Self {
            bucket,
            prefix: None,
            cookies: false,
        }
    }

    /// Sets the beginning of the names of the log files.
    #[must_use]
    pub fn with_prefix(mut self, prefix: LogPrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Sets if the logs have the cookies of requests.
    #[must_use]
    pub fn with_cookies(mut self, cookies: bool) -> Self {
        self.cookies = cookies;
        self
    }

    /// Returns the bucket.
    pub fn bucket(&self) -> &LogBucket {
        &self.bucket
    }

    /// Returns the beginning of the names of the log files, if they have one.
    pub fn prefix(&self) -> Option<&LogPrefix> {
        self.prefix.as_ref()
    }

    /// Returns true if the logs have the cookies of requests.
    pub fn cookies(&self) -> bool {
        self.cookies
    }
}

validated_text! {
    /// The domain name of an S3 bucket for logs.
    ///
    /// ```
    /// use geusemaker_core::spec::LogBucket;
    ///
    /// assert!("my-logs.s3.amazonaws.com".parse::<LogBucket>().is_ok());
    /// let error = "my-logs".parse::<LogBucket>().unwrap_err();
    /// assert!(error.message().ends_with("as in \"my-logs.s3.amazonaws.com\""));
    /// ```
    LogBucket, check_bucket
}

fn check_bucket(text: &str) -> Result<(), String> {
    let name = text.strip_suffix(".amazonaws.com").and_then(|host| {
        let (name, region) = host.rsplit_once(".s3")?;
        let is_region = region.is_empty() || region.strip_prefix('.').is_some_and(is_label);
        is_region.then_some(name)
    });
    let is_name = |name: &str| (3..=63).contains(&name.len()) && name.split('.').all(is_label);
    if name.is_some_and(is_name) {
        return Ok(());
    }
    // A name alone is the usual mistake.
    let name = if is_name(text) { text } else { "my-logs" };
    Err(format!(
        "{text:?} is not the domain name of a bucket: expected its name and \".s3.amazonaws.com\", as in \
         \"{name}.s3.amazonaws.com\""
    ))
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

validated_text! {
    /// The beginning of the names of log files.
    ///
    /// Source: Amazon CloudFront Developer Guide, "Log prefix": at most 256 characters, without "/" at the beginning.
    ///
    /// ```
    /// use geusemaker_core::spec::LogPrefix;
    ///
    /// assert!("cf/".parse::<LogPrefix>().is_ok());
    /// assert!("/cf".parse::<LogPrefix>().is_err());
    /// ```
    LogPrefix, check_prefix
}

fn check_prefix(text: &str) -> Result<(), String> {
    let is_graphic = text.bytes().all(|b| b.is_ascii_graphic());
    if (1..=256).contains(&text.len()) && is_graphic && !text.starts_with('/') {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a prefix of log files: expected 1 to 256 characters without blanks, and no \"/\" at the \
             beginning, as in \"cf/\""
        ))
    }
}
