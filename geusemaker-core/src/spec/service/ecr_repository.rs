//! Repositories of Amazon ECR, for which Docker logs in with the role of the instance.

use crate::id::AccountId;
use crate::spec::region::Region;

/// A private repository of container images in Amazon ECR.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EcrRepository<'a> {
    /// The host of the registry: `123456789012.dkr.ecr.us-east-1.amazonaws.com`.
    pub(crate) registry: &'a str,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The name of the repository in its registry: `llm/vllm`.
    pub(crate) name: &'a str,
}

impl<'a> EcrRepository<'a> {
    /// Reads the reference of an image. Returns `None` if the image is elsewhere, as in the public gallery of ECR.
    ///
    /// Source: Amazon ECR User Guide, "Amazon ECR endpoints and quotas": `dkr.ecr`, `dkr.ecr-fips`, and `dkr-ecr` for
    /// the hosts with addresses of IPv6.
    pub(crate) fn of_image(reference: &'a str) -> Option<Self> {
        let (registry, rest) = reference.split_once('/')?;
        let (account, rest_of_host) = registry.split_once('.')?;
        let hosts = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."];
        let mut hosts = hosts.iter();
        let rest_of_host = hosts.find_map(|host| rest_of_host.strip_prefix(host))?;
        let (region, suffix) = rest_of_host.split_once('.')?;
        if !suffix.starts_with("amazonaws.") && !suffix.starts_with("on.") {
            return None;
        }
        let name = rest.split(['@', ':']).next()?;
        Some(Self {
            registry,
            account: account.parse().ok()?,
            region: region.parse().ok()?,
            name,
        })
    }

    /// Returns the ARN of the repository.
    pub(crate) fn arn(&self) -> String {
        let (partition, region) = (self.region.partition(), &self.region);
        let (account, name) = (&self.account, self.name);
        format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_from_other_images() {
        let digest = format!("@sha256:{}", "0a".repeat(32));
        for (host, region, arn) in [
            (
                "dkr.ecr.us-east-1.amazonaws.com",
                "us-east-1",
                "arn:aws:ecr:us-east-1",
            ),
            (
                "dkr.ecr.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
                "arn:aws-cn:ecr:cn-north-1",
            ),
            (
                "dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
                "arn:aws-us-gov:ecr:us-gov-west-1",
            ),
            (
                "dkr-ecr.eu-west-1.on.aws",
                "eu-west-1",
                "arn:aws:ecr:eu-west-1",
            ),
        ] {
            for rest in ["", ":v1", &digest] {
                let image = format!("123456789012.{host}/llm/vllm{rest}");
                let found = EcrRepository::of_image(&image).unwrap();
                assert_eq!(found.registry, format!("123456789012.{host}"));
                assert_eq!(found.region.as_str(), region);
                assert_eq!(
                    found.arn(),
                    format!("{arn}:123456789012:repository/llm/vllm")
                );
            }
        }
        for image in [
            "ollama/ollama",
            "public.ecr.aws/llm/vllm:latest",
            "ghcr.io/a/b",
            "dkr.ecr.us-east-1.amazonaws.com/a",
            "1234.dkr.ecr.us-east-1.amazonaws.com/a",
            "123456789012.dkr.ecr.us-east-1.example.com/a",
            "123456789012.dkr.ecr/a",
        ] {
            assert_eq!(EcrRepository::of_image(image), None, "{image}");
        }
    }
}
