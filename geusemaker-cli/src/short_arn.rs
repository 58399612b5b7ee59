//! ARNs in text for people: the part that tells one resource from another. Documents keep them whole.

/// Cuts each ARN of Elastic Load Balancing in a text down to what follows its kind: `app/llm-prod-alb/84460a2945be2de1`.
pub(crate) fn shorten_arns(text: &str) -> String {
    let words: Vec<_> = text.split(' ').map(short).collect();
    words.join(" ")
}

/// `arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT:KIND/REST` becomes `REST`; any other word stays.
fn short(word: &str) -> &str {
    let mut parts = word.splitn(6, ':');
    match (parts.next(), parts.nth(1), parts.nth(2)) {
        (Some("arn"), Some("elasticloadbalancing"), Some(resource)) => {
            resource.split_once('/').map_or(word, |(_, rest)| rest)
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::shorten_arns;

    #[test]
    fn load_balancing_arns_lose_what_they_share() {
        let text = "registration arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/llm-ollama/7684ced7 \
                    i-5ef3 created";
        assert_eq!(
            shorten_arns(text),
            "registration llm-ollama/7684ced7 i-5ef3 created"
        );
        let arn = "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:listener-rule/app/llm-alb/84/32/71";
        assert_eq!(shorten_arns(arn), "app/llm-alb/84/32/71");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in [
            "",
            "a  b ",
            "arn:aws:iam::123456789012:user/ann",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:odd",
        ] {
            assert_eq!(shorten_arns(text), text);
        }
    }
}
