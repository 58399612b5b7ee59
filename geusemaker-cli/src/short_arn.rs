//! Short ARNs in text for people: only the part that identifies the resource. JSON documents keep ARNs whole.

/// Shortens each Elastic Load Balancing ARN in a text to the part after its kind: `app/llm-prod-alb/84460a2945be2de1`.
pub(crate) fn shorten_arns(text: &str) -> String {
    let words: Vec<_> = text.split(' ').map(short).collect();
    words.join(" ")
}

/// Shortens `arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT:KIND/REST` to `REST`; any other word stays as it is.
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
    fn load_balancing_arns_are_shortened() {
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
    fn other_text_is_unchanged() {
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
