//! The name of a deployment, and the names of AWS resources made from it.

use super::service::ServiceName;
use super::text::{is_hyphenated_name, validated_text};

/// The most characters in the name of a load balancer or a target group.
///
/// Source: Elastic Load Balancing API, `CreateLoadBalancer` and `CreateTargetGroup`, parameter `Name`.
pub(super) const LOAD_BALANCING_NAME_MAX: usize = 32;

/// The suffix of the load balancer's name after the stack's name.
const LOAD_BALANCER_SUFFIX: &str = "-alb";

/// The most characters in a stack name: the name of its load balancer must still fit.
const STACK_NAME_MAX: usize = LOAD_BALANCING_NAME_MAX - LOAD_BALANCER_SUFFIX.len();

/// The prefixes that AWS reserves: in load balancers (`internal-`), security groups (`sg-`) and tags (`aws`).
const RESERVED_PREFIXES: [&str; 3] = ["internal-", "sg-", "aws"];

validated_text! {
    /// The name of a deployment: 2 to 28 lower-case letters, digits and single hyphens.
    ///
    /// The names of the stack's AWS resources start with this name, so it follows the rules of all of them.
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
    /// Returns the name of the load balancer, at most 32 characters.
    pub fn load_balancer_name(&self) -> String {
        format!("{self}{LOAD_BALANCER_SUFFIX}")
    }

    /// Returns the name of a service's target group; in a [`DeploymentSpec`](super::DeploymentSpec) at most 32
    /// characters.
    pub fn target_group_name(&self, service: &ServiceName) -> String {
        format!("{self}-{service}")
    }

    /// Returns the name of the security group with this role.
    pub fn security_group_name(&self, role: &str) -> String {
        format!("{self}-{role}")
    }
}

fn check(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if !(2..=STACK_NAME_MAX).contains(&length) {
        return Err(format!(
            "{text:?} is not a stack name: it has {length} character{}, expected 2 to {STACK_NAME_MAX} \
             (the load balancer is named {{stack}}{LOAD_BALANCER_SUFFIX}, at most {LOAD_BALANCING_NAME_MAX})",
            if length == 1 { "" } else { "s" }
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
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<StackName>().unwrap_err().to_string()
    }

    #[test]
    fn shortest_and_longest_name_are_accepted() {
        for text in ["ab", "a1", "llm-prod", "internal", "sgi", &"a".repeat(28)] {
            assert_eq!(text.parse::<StackName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn wrong_length_is_named_with_limits() {
        assert!(error("a").contains("it has 1 character, expected 2 to 28"));
        assert!(error(&"a".repeat(29)).contains("it has 29 characters, expected 2 to 28"));
        assert!(error("").contains("it has 0 characters"));
    }

    #[test]
    fn other_characters_are_refused() {
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
    fn reserved_names_are_refused() {
        for text in ["internal-llm", "sg-llm", "aws", "awsome"] {
            assert!(error(text).contains("for itself"), "{text}");
        }
    }

    /// Generates any text, and texts near the limits of the accepted ones.
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
        fn accepted_name_gives_valid_aws_names(text in candidates()) {
            if let Ok(stack) = text.parse::<StackName>() {
                let load_balancer = stack.load_balancer_name();
                prop_assert!(is_load_balancing_name(&load_balancer));
                prop_assert!(!load_balancer.starts_with("internal-"));
                let group = stack.security_group_name("load-balancer");
                prop_assert!(group.len() <= 255 && group.is_ascii() && !group.starts_with("sg-"));
                // The name is also a tag value, where the prefix `aws:` is reserved.
                prop_assert!(text.len() <= 256 && !text.starts_with("aws"));
            }
        }

        #[test]
        fn target_group_name_is_valid_or_too_long(
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
