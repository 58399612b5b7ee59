//! The AWS Region of a deployment.

use super::text::validated_text;

validated_text! {
    /// The code of an AWS Region, such as `us-east-1`.
    ///
    /// Only the format is checked: AWS adds Regions, and an account may not have all of them enabled.
    ///
    /// ```
    /// use geusemaker_core::spec::Region;
    ///
    /// assert!("eu-central-1".parse::<Region>().is_ok());
    /// let error = "us-east-1a".parse::<Region>().unwrap_err();
    /// assert!(error.message().ends_with("is an Availability Zone: expected its Region, \"us-east-1\""));
    /// ```
    Region, check
}

/// The Regions that every account can use.
///
/// Source: AWS Account Management guide, "Enable or disable AWS Regions in your account".
const ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The Regions that an account has to enable first, and those of the other partitions that are open to the public.
///
/// Source: the same page, and the partitions that the AWS SDKs know.
const OTHERS: [&str; 22] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "eusc-de-east-1",
    "us-gov-east-1",
    "us-gov-west-1",
];

impl Region {
    /// Returns true if this crate knows that AWS has the Region. AWS adds Regions, so others may exist too.
    pub fn is_known(&self) -> bool {
        ENABLED.contains(&self.as_str())
            || OTHERS.contains(&self.as_str())
            || self.partition().contains("-iso")
    }

    /// Returns the Region that a Region which is not known was probably meant to be.
    ///
    /// ```
    /// use geusemaker_core::spec::Region;
    ///
    /// let wrong: Region = "us-esat-1".parse()?;
    /// assert!(!wrong.is_known());
    /// assert_eq!(wrong.near_miss().unwrap().as_str(), "us-east-1");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn near_miss(&self) -> Option<Self> {
        if self.is_known() {
            return None;
        }
        let known = ENABLED.iter().chain(&OTHERS);
        let distances =
            known.map(|known| (strsim::damerau_levenshtein(self.as_str(), known), *known));
        // On a tie, the first: the usual ones come first.
        let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
        (distance <= 3).then(|| Self(nearest.to_owned()))
    }

    /// Returns the partition of AWS that the Region belongs to, as ARNs name it.
    ///
    /// Source: the partitions that the AWS SDKs know.
    pub(crate) fn partition(&self) -> &'static str {
        let partitions = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("eusc-", "aws-eusc"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
            ("eu-isof-", "aws-iso-f"),
        ];
        let mut known = partitions.iter();
        known
            .find(|(prefix, _)| self.as_str().starts_with(prefix))
            .map_or("aws", |(_, partition)| partition)
    }

    /// Returns true if an account has to enable the Region before it can use it.
    ///
    /// Source: AWS Account Management guide, "Enable or disable AWS Regions in your account".
    pub(crate) fn is_opt_in(&self) -> bool {
        self.partition() == "aws" && !ENABLED.contains(&self.as_str())
    }

    /// Returns the end of the host names of AWS's services in the Region.
    ///
    /// Source: the partitions that the AWS SDKs know.
    pub(crate) fn dns_suffix(&self) -> &'static str {
        match self.partition() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => "amazonaws.com",
        }
    }

    /// Returns the address of the page of the AWS console about a quota, or about all quotas of a service.
    pub(crate) fn quota_page(&self, service: &str, code: Option<&str>) -> String {
        let host = match self.partition() {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        let code = code.map(|code| format!("/{code}")).unwrap_or_default();
        format!("https://{self}.{host}/servicequotas/home/services/{service}/quotas{code}")
    }

    /// Returns `us-east-1`, the Region of the catalog's prices.
    pub(crate) fn us_east_1() -> Self {
        Self("us-east-1".to_owned())
    }
}

fn check(text: &str) -> Result<(), String> {
    let mut parts: Vec<&str> = text.split('-').collect();
    let number = parts.pop().unwrap_or_default();
    let words = parts.len() >= 2
        && parts
            .iter()
            .all(|part| is_all(part, |b| b.is_ascii_lowercase()));
    if text.len() <= 32 && words && is_all(number, |b| b.is_ascii_digit()) {
        return Ok(());
    }
    let zone = number.strip_suffix(|c: char| c.is_ascii_lowercase());
    if words && zone.is_some_and(|number| is_all(number, |b| b.is_ascii_digit())) {
        let region = &text[..text.len() - 1];
        return Err(format!(
            "{text:?} is an Availability Zone: expected its Region, {region:?}"
        ));
    }
    Err(format!(
        "{text:?} is not a Region: expected a code such as \"us-east-1\""
    ))
}

fn is_all(text: &str, test: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.as_bytes().iter().all(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_codes_of_aws_are_accepted() {
        for text in [
            "us-east-1",
            "ap-southeast-7",
            "us-gov-west-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "mx-central-1",
        ] {
            assert_eq!(text.parse::<Region>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_texts_are_refused_with_example() {
        for text in [
            "",
            "us",
            "us-east",
            "east-1",
            "US-EAST-1",
            "us-east-1-",
            "us--east-1",
            "us_east_1",
            "N. Virginia",
            "é",
        ] {
            let error = text.parse::<Region>().unwrap_err().to_string();
            assert!(error.contains("\"us-east-1\""), "{error}");
        }
    }

    #[test]
    fn zone_is_told_from_its_region() {
        let error = "us-east-1a".parse::<Region>().unwrap_err().to_string();
        assert_eq!(
            error,
            r#""us-east-1a" is an Availability Zone: expected its Region, "us-east-1""#
        );
    }
}
