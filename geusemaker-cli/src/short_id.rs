//! Short ids in text for people: only the part that identifies the resource. JSON documents keep ids whole.

/// Shortens each Elastic Load Balancing ARN in a text to the part after its kind: `app/llm-prod-alb/84460a2945be2de1`,
/// and each id of a DNS record to its type and name: `A llm.example.com`.
pub(crate) fn shorten_ids(text: &str) -> String {
    let all: Vec<_> = text.split(' ').map(short).collect();
    let mut words = Vec::new();
    let mut rest = &all[..];
    while let [word, after @ ..] = rest {
        let record = record_at(rest);
        rest = match record {
            Some((shown, length)) => {
                words.extend(shown);
                &rest[length..]
            }
            None => {
                words.push(*word);
                after
            }
        };
    }
    words.join(" ")
}

/// Returns the words to show for the id of a DNS record at the start of these words, and the number of words that it
/// has: the hosted zone, the type, the name, the target, and for an alias the zone of the target.
fn record_at<'a>(words: &[&'a str]) -> Option<([&'a str; 2], usize)> {
    let [zone, record_type, name, _, after @ ..] = words else {
        return None;
    };
    if !is_zone(zone) {
        return None;
    }
    match *record_type {
        "CNAME" => Some(([record_type, name], 4)),
        "A" | "AAAA" if after.first().is_some_and(|word| is_zone(word)) => {
            Some(([record_type, name], 5))
        }
        _ => None,
    }
}

/// Returns true for the id of a hosted zone.
fn is_zone(word: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    word.len() > 3 && word.starts_with('Z') && word.bytes().all(is_part)
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
    use super::shorten_ids;

    #[test]
    fn load_balancing_arns_are_shortened() {
        let text = "registration arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/llm-ollama/7684ced7 \
                    i-5ef3 created";
        assert_eq!(
            shorten_ids(text),
            "registration llm-ollama/7684ced7 i-5ef3 created"
        );
        let arn = "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:listener-rule/app/llm-alb/84/32/71";
        assert_eq!(shorten_ids(arn), "app/llm-alb/84/32/71");
    }

    #[test]
    fn records_are_shortened() {
        assert_eq!(
            shorten_ids("DNS record ZX4A A llm.example.com d1.cloudfront.net Z2FDTN created"),
            "DNS record A llm.example.com created"
        );
        assert_eq!(
            shorten_ids("ZX4A CNAME _1.llm.example.com _2.acm-validations.aws"),
            "CNAME _1.llm.example.com"
        );
    }

    #[test]
    fn other_text_is_unchanged() {
        for text in [
            "",
            "a  b ",
            "ZX4A A b c",
            "the zone Z1 A b c Z2",
            "arn:aws:iam::123456789012:user/ann",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:odd",
        ] {
            assert_eq!(shorten_ids(text), text);
        }
    }
}
