//! The name of a deployment, and the names of AWS resources made from it.

use super::ServiceName;
use super::text::{is_hyphenated_name, validated_text};

/// The longest name of a load balancer or a target group.
///
/// Source: Elastic Load Balancing API, `CreateLoadBalancer` and `CreateTargetGroup`, parameter `Name`.
pub(super) const LOAD_BALANCING_NAME_MAX: usize = 32;

/// What the load balancer's name adds to the stack's.
const LOAD_BALANCER_SUFFIX: &str = "-alb";

/// The longest stack name: its load balancer must still be nameable.
const STACK_NAME_MAX: usize = LOAD_BALANCING_NAME_MAX - LOAD_BALANCER_SUFFIX.len();

/// What AWS keeps for its own names: load balancers (`internal-`), security groups (`sg-`), tags (`aws`).
const RESERVED_PREFIXES: [&str; 3] = ["internal-", "sg-", "aws"];

validated_text! {
    /// The name of a deployment: 2 to 28 lower-case letters, digits and single hyphens.
    ///
    /// The names of its AWS resources start with it, so it keeps to what AWS allows in all of them.
    ///
    /// ```
    /// use geusemaker_core::spec::StackName;
    ///
    /// let stack: StackName = "llm-prod".parse()?;
    /// assert_eq!(stack.load_balancer_name(), "llm-prod-alb");
    /// assert_eq!(stack.target_group_name(&"ollama".parse()?), "llm-prod-ollama");
    /// assert_eq!(stack.security_group_name("instances"), "llm-prod-instances");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    StackName, check
}

impl StackName {
    /// The name of the load balancer, at most 32 characters.
    pub fn load_balancer_name(&self) -> String {
        format!("{self}{LOAD_BALANCER_SUFFIX}")
    }

    /// The name of a service's target group; in a [`DeploymentSpec`](super::DeploymentSpec) at most 32 characters.
    pub fn target_group_name(&self, service: &ServiceName) -> String {
        format!("{self}-{service}")
    }

    /// The name of the security group with this role.
    pub fn security_group_name(&self, role: &str) -> String {
        format!("{self}-{role}")
    }
}

fn check(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if !(2..=STACK_NAME_MAX).contains(&length) {
        return Err(format!(
            "{text:?} is not a stack name: it has {length} characters, expected 2 to {STACK_NAME_MAX} \
             (the load balancer is named {{stack}}{LOAD_BALANCER_SUFFIX}, at most {LOAD_BALANCING_NAME_MAX})"
        ));
    }
    if !is_hyphenated_name(text) {
        return Err(format!(
            "{text:?} is not a stack name: expected lower-case letters, digits and single hyphens, \
             starting with a letter and ending with a letter or digit"
        ));
    }
    match RESERVED_PREFIXES
        .iter()
        .find(|prefix| text.starts_with(**prefix))
    {
        Some(prefix) => Err(format!(
            "{text:?} is not a stack name: AWS keeps names that start with {prefix:?} for itself; choose another start"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        text.parse::<StackName>().unwrap_err().to_string()
    }

    #[test]
    fn the_shortest_and_the_longest_name_are_accepted() {
        for text in ["ab", "a1", "llm-prod", "internal", "sgi", &"a".repeat(28)] {
            assert_eq!(text.parse::<StackName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_name_of_the_wrong_length_says_its_length_and_the_right_one() {
        assert!(error("a").contains("it has 1 characters, expected 2 to 28"));
        assert!(error(&"a".repeat(29)).contains("it has 29 characters, expected 2 to 28"));
        assert!(error("").contains("it has 0 characters"));
    }

    #[test]
    fn a_name_with_other_characters_is_refused() {
        for text in [
            "Llm",
            "1llm",
            "-llm",
            "llm-",
            "llm--prod",
            "llm_prod",
            "llm prod",
            "llmé",
            "llm\n",
        ] {
            assert!(
                error(text).contains("expected lower-case letters, digits and single hyphens"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_name_that_aws_keeps_for_itself_is_refused() {
        for text in ["internal-llm", "sg-llm", "aws", "awsome"] {
            assert!(error(text).contains("for itself"), "{text}");
        }
    }

    /// Any text at all, and texts near the border of what is accepted.
    fn candidates() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z0-9-]{0,34}",
            "(internal|sg|aws)?-?[a-zA-Z0-9-]{1,30}"
        ]
    }

    fn is_load_balancing_name(name: &str) -> bool {
        (1..=32).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-')
    }

    proptest! {
        #[test]
        fn every_accepted_name_gives_names_that_aws_accepts(text in candidates()) {
            if let Ok(stack) = text.parse::<StackName>() {
                let load_balancer = stack.load_balancer_name();
                prop_assert!(is_load_balancing_name(&load_balancer));
                prop_assert!(!load_balancer.starts_with("internal-"));
                let group = stack.security_group_name("load-balancer");
                prop_assert!(group.len() <= 255 && group.is_ascii() && !group.starts_with("sg-"));
                // The tag value, whose prefix `aws:` is reserved.
                prop_assert!(text.len() <= 256 && !text.starts_with("aws"));
            }
        }

        #[test]
        fn every_accepted_pair_gives_a_target_group_name_that_is_at_most_too_long(
            stack in candidates(),
            service in candidates(),
        ) {
            if let (Ok(stack), Ok(service)) = (stack.parse::<StackName>(), service.parse::<ServiceName>()) {
                let name = stack.target_group_name(&service);
                prop_assert!(is_load_balancing_name(&name) || name.len() > 32, "{}", name);
            }
        }
    }
}
