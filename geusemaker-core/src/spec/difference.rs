//! The differences between two specs, field by field.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::DeploymentSpec;

/// The fields that no resource is made from: they only say how long to wait, what a verification asks
/// for, and what a removal keeps. `*` stands for the
/// name of a service.
const WITHOUT_RESOURCE: [&str; 9] = [
    "load_balancer.wait_timeout",
    "cdn.wait_timeout",
    "domain.wait_timeout",
    "service.*.health.grace",
    "service.*.verify.path",
    "service.*.verify.stream",
    "service.*.verify.stream_body",
    "service.*.verify.websocket",
    "storage.keep_on_destroy",
];

/// A field that differs between two specs.
///
/// ```
/// use geusemaker_core::spec::DeploymentSpec;
///
/// let spec = |more| {
///     DeploymentSpec::from_toml(&format!("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n{more}"))
/// };
/// let differences = spec("")?.differences(&spec("storage.keep_on_destroy = true")?);
/// assert_eq!(differences[0].to_string(), "storage.keep_on_destroy: false -> true");
/// assert!(!differences[0].touches_resources());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The field: `compute.count`, `service.vllm.image`.
    pub field: String,
    /// The value before, as in JSON; `None` if there was none.
    pub before: Option<String>,
    /// The value after, as in JSON; `None` if there is none.
    pub after: Option<String>,
}

impl Difference {
    /// Returns true if the field has a part in what is created at AWS.
    #[must_use]
    pub fn touches_resources(&self) -> bool {
        !WITHOUT_RESOURCE.iter().any(|pattern| {
            let (mut pattern, mut field) = (pattern.split('.'), self.field.split('.'));
            loop {
                match (pattern.next(), field.next()) {
                    (None, None) => return true,
                    (Some("*"), Some(_)) => {}
                    (Some(wanted), Some(part)) if wanted == part => {}
                    (Some(_), _) | (None, Some(_)) => return false,
                }
            }
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            before,
            after,
        } = self;
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "{field}: {} -> {}", shown(before), shown(after))
    }
}

impl DeploymentSpec {
    /// Returns the fields in which another spec differs from this one, sorted; those of services by their names.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let (before, after) = (fields(self), fields(other));
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort();
        names.dedup();
        let differing = names
            .into_iter()
            .filter(|field| before.get(*field) != after.get(*field));
        let mut differences: Vec<_> = differing
            .map(|field| Difference {
                field: field.clone(),
                before: before.get(field).cloned(),
                after: after.get(field).cloned(),
            })
            .collect();
        if differences.is_empty() && self != other {
            // The order of services decides which is the first to be asked, where paths are equal.
            let order = |spec: &Self| {
                let names = spec.services().iter().map(|it| it.name().to_string());
                Some(names.collect::<Vec<_>>().join(", "))
            };
            differences.push(Difference {
                field: "service".to_owned(),
                before: order(self),
                after: order(other),
            });
        }
        differences
    }
}

/// Returns the values of a spec by their fields.
fn fields(spec: &DeploymentSpec) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    // Every field of a spec can be written as JSON: journals have them so.
    if let Ok(value) = serde_json::to_value(spec) {
        collect("", &value, &mut fields);
    }
    fields
}

fn collect(field: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    let of = |name: &str| match field {
        "" => name.to_owned(),
        field => format!("{field}.{name}"),
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(&of(name), value, fields);
            }
        }
        // The services, and what else has names of its own.
        Value::Array(items)
            if !items.is_empty() && items.iter().all(|it| name_of(it).is_some()) =>
        {
            for item in items {
                let name = name_of(item).unwrap_or_default();
                collect(&of(name), item, fields);
            }
        }
        value => {
            fields.insert(field.to_owned(), value.to_string());
        }
    }
}

fn name_of(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(wait: &str, grace: &str, image: &str) -> DeploymentSpec {
        let spec = format!(
            "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
             load_balancer.wait_timeout = '{wait}'\n\
             [[service]]\nname = 'a'\nport = 80\nimage = '{image}'\nhealth.grace = '{grace}'"
        );
        DeploymentSpec::from_toml(&spec).unwrap()
    }

    #[test]
    fn same_spec_differs_in_nothing() {
        let one = spec("10m", "0s", "nginx:1");
        assert_eq!(one.differences(&one.clone()), []);
    }

    #[test]
    fn waits_touch_no_resource() {
        let differences = spec("10m", "1m", "nginx:1").differences(&spec("20m", "2m", "nginx:1"));
        let shown: Vec<_> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "load_balancer.wait_timeout: \"10m\" -> \"20m\"",
                "service.a.health.grace: \"1m\" -> \"2m\"",
            ]
        );
        assert!(!differences.iter().any(Difference::touches_resources));
    }

    #[test]
    fn images_touch_resources() {
        let differences = spec("10m", "0s", "nginx:1").differences(&spec("20m", "0s", "nginx:2"));
        let touching: Vec<_> = differences
            .iter()
            .filter(|it| it.touches_resources())
            .collect();
        assert_eq!(touching.len(), 1, "{differences:?}");
        assert_eq!(touching[0].field, "service.a.image");
    }

    #[test]
    fn order_of_services_is_difference() {
        let spec = |first, second| {
            let service = |name: char| {
                let port = u32::from(name) + 8000;
                format!(
                    "[[service]]\nname = '{name}'\nport = {port}\npaths = ['/{name}']\nimage = 'nginx:1'\n"
                )
            };
            let spec = format!(
                "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n{}{}",
                service(first),
                service(second)
            );
            DeploymentSpec::from_toml(&spec).unwrap()
        };
        let differences = spec('a', 'b').differences(&spec('b', 'a'));
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].to_string(), "service: a, b -> b, a");
        assert!(differences[0].touches_resources());
    }
}
