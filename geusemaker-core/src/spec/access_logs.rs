//! The place of the access logs of a load balancer.

use serde::{Deserialize, Serialize};

use super::text::validated_text;

/// The place in S3 to which a load balancer writes a line about each request. The bucket must exist, in the Region of the
/// stack, and its policy must let Elastic Load Balancing write.
///
/// ```
/// use geusemaker_core::spec::{AccessLogs, LoadBalancer};
///
/// let logs = AccessLogs::new("my-logs".parse()?).prefix("llm".parse()?);
/// let load_balancer = LoadBalancer::builder().access_logs(logs);
/// # let _ = load_balancer;
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { bucket = \"my-logs\" }"
)]
pub struct AccessLogs {
    bucket: BucketName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<AccessLogsPrefix>,
}

impl AccessLogs {
    /// Names the bucket.
    #[must_use]
    pub fn new(bucket: BucketName) -> Self {
        Self {
            bucket,
            prefix: None,
        }
    }

    /// Sets the folder in the bucket.
    #[must_use]
    pub fn prefix(mut self, prefix: AccessLogsPrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Returns the bucket.
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// Returns the folder in the bucket, if the logs have one of their own.
    pub fn folder(&self) -> Option<&AccessLogsPrefix> {
        self.prefix.as_ref()
    }
}

validated_text! {
    /// The name of a bucket of S3: 3 to 63 lower-case letters, digits, dots and hyphens.
    ///
    /// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
    ///
    /// ```
    /// use geusemaker_core::spec::BucketName;
    ///
    /// assert!("my-logs".parse::<BucketName>().is_ok());
    /// assert!("s3://my-logs".parse::<BucketName>().is_err());
    /// ```
    BucketName, check_bucket
}

validated_text! {
    /// The folder of the access logs in their bucket, without a slash at either end.
    ///
    /// Source: Application Load Balancers guide, "Access logs": it must not contain `AWSLogs`.
    ///
    /// ```
    /// use geusemaker_core::spec::AccessLogsPrefix;
    ///
    /// assert!("llm/prod".parse::<AccessLogsPrefix>().is_ok());
    /// assert!("/llm".parse::<AccessLogsPrefix>().is_err());
    /// ```
    AccessLogsPrefix, check_prefix
}

fn check_bucket(text: &str) -> Result<(), String> {
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    let is_end = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    let is_name = (3..=63).contains(&text.len())
        && text.bytes().all(is_part)
        && is_end(bytes.first())
        && is_end(bytes.last())
        && !text.contains("..");
    if is_name {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not the name of a bucket: expected 3 to 63 lower-case letters, digits, dots and hyphens, as in \
             \"my-logs\""
        ))
    }
}

fn check_prefix(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{text:?} is not a folder for logs: {why}"));
    if text.is_empty() || text.starts_with('/') || text.ends_with('/') {
        wrong("leave out the slash at its start and end, as in \"llm/prod\"")
    } else if text.contains("AWSLogs") {
        wrong("AWS adds AWSLogs itself")
    } else if text.len() > 256 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        wrong("expected at most 256 visible ASCII characters")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_and_folder_are_checked() {
        for text in [
            "",
            "ab",
            "My-Logs",
            "my_logs",
            "-logs",
            "logs-",
            "a..b",
            "arn:aws:s3:::a",
        ] {
            assert!(text.parse::<BucketName>().is_err(), "{text}");
        }
        for text in ["", "/a", "a/", "AWSLogs", "a/AWSLogs/b", "a b"] {
            assert!(text.parse::<AccessLogsPrefix>().is_err(), "{text}");
        }
    }
}
