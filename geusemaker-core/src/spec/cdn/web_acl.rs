//! The web ACL that looks at each request.

use super::policy_id::is_uuid;
use crate::spec::text::validated_text;

validated_text! {
    /// A web ACL of AWS WAF: the ARN of one whose scope is CloudFront, or the id of one of WAF Classic.
    ///
    /// ```
    /// use geusemaker_core::spec::WebAcl;
    ///
    /// let arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/llm/0a1b2c3d-0000-4000-8000-0123456789ab";
    /// assert!(arn.parse::<WebAcl>().is_ok());
    /// let error = arn.replace("global", "regional").parse::<WebAcl>().unwrap_err();
    /// assert!(error.message().contains("with scope CLOUDFRONT"));
    /// ```
    WebAcl, check
}

fn check(text: &str) -> Result<(), String> {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    match parts[..] {
        [_] if is_uuid(text) => Ok(()),
        ["arn", "aws", "wafv2", region, account, resource] => {
            if region != "us-east-1" || resource.starts_with("regional/") {
                return Err(format!(
                    "{text:?} is a web ACL for load balancers of a Region: CloudFront needs one that was created in \
                     us-east-1 with scope CLOUDFRONT (arn:aws:wafv2:us-east-1:…:global/webacl/…)"
                ));
            }
            let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
            let named = resource.strip_prefix("global/webacl/");
            let is_named = named
                .and_then(|rest| rest.split_once('/'))
                .is_some_and(|(name, id)| !name.is_empty() && is_uuid(id));
            if is_account && is_named {
                Ok(())
            } else {
                Err(malformed(text))
            }
        }
        _ => Err(malformed(text)),
    }
}

fn malformed(text: &str) -> String {
    format!(
        "{text:?} is not a web ACL: expected an ARN \
         \"arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID\", or the id of one of WAF Classic"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_acl_is_of_cloudfront() {
        let id = "0a1b2c3d-0000-4000-8000-0123456789ab";
        assert!(id.parse::<WebAcl>().is_ok());
        let error = |text: String| text.parse::<WebAcl>().unwrap_err().to_string();
        let arn = |region, account, scope| {
            format!("arn:aws:wafv2:{region}:{account}:{scope}/webacl/llm/{id}")
        };
        assert!(error(arn("eu-west-1", "123456789012", "global")).contains("in us-east-1"));
        assert!(error(arn("us-east-1", "123456789012", "regional")).contains("scope CLOUDFRONT"));
        assert!(error(arn("us-east-1", "1234", "global")).contains("is not a web ACL"));
        for text in [
            "",
            "llm",
            "arn:aws:wafv2:us-east-1:123456789012:global/webacl/llm",
        ] {
            assert!(
                error(text.to_owned()).contains("is not a web ACL"),
                "{text}"
            );
        }
    }
}
