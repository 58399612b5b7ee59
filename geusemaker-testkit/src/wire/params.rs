//! The parameters of the query protocols: `Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1`.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::ServiceError;

/// Parameters that know which of them were read, so that an operation which ignores one says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
    read: BTreeSet<String>,
}

impl Params {
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self {
            values: form_urlencoded::parse(body).into_owned().collect(),
            read: BTreeSet::new(),
        }
    }

    /// An optional string.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        let value = self.values.get(name)?;
        self.read.insert(name.to_owned());
        Some(value.clone())
    }

    /// A required string.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, ServiceError> {
        self.optional(name).ok_or_else(|| {
            ServiceError::new(
                "MissingParameter",
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// An optional value of a type that parses from text.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, ServiceError> {
        let Some(text) = self.optional(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ServiceError::new(
                "InvalidParameterValue",
                format!("Value ({text}) for parameter {name} is invalid."),
            )
        })
    }

    /// The strings of a list: `InstanceId.1`, `InstanceId.2`, or with a middle part `Subnets.member.1`.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        self.indexes(name)
            .into_iter()
            .filter_map(|index| self.optional(&format!("{name}.{index}")))
            .collect()
    }

    /// The structures of a list, each as its place.
    pub(crate) fn structures(&mut self, name: &str) -> Vec<Structure> {
        self.indexes(name)
            .into_iter()
            .map(|index| Structure {
                prefix: format!("{name}.{index}"),
            })
            .collect()
    }

    /// Whether any parameter starts with `name.` or is `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        let prefix = format!("{name}.");
        self.values
            .keys()
            .any(|key| key == name || key.starts_with(&prefix))
    }

    /// Marks a parameter and all below it as read: for what has no effect here and says so beside the call.
    pub(crate) fn accept(&mut self, name: &str) {
        let prefix = format!("{name}.");
        let read: Vec<String> = self
            .values
            .keys()
            .filter(|key| *key == name || key.starts_with(&prefix))
            .cloned()
            .collect();
        self.read.extend(read);
    }

    /// Refuses a call of which a parameter would be ignored. Operations call it after they have read theirs and before
    /// they change anything.
    pub(crate) fn refuse_unread(&self, operation: &str) -> Result<(), ServiceError> {
        let unread = self.unread();
        if unread.is_empty() {
            return Ok(());
        }
        let names = unread.join(", ");
        Err(ServiceError::unsupported(format_args!(
            "the parameter {names} of {operation}"
        )))
    }

    /// The parameters that nothing has read.
    fn unread(&self) -> Vec<&str> {
        self.values
            .keys()
            .filter(|key| !self.read.contains(*key))
            .map(String::as_str)
            .collect()
    }

    fn indexes(&self, name: &str) -> BTreeSet<u32> {
        let prefix = format!("{name}.");
        self.values
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix)?.split('.').next()?.parse().ok())
            .collect()
    }
}

/// One structure of a list: a place in the parameters, `Filter.1`.
#[derive(Clone, Debug)]
pub(crate) struct Structure {
    prefix: String,
}

impl Structure {
    /// The full name of a member, to read with [`Params`].
    pub(crate) fn member(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let mut params = Params::parse(b"Id.10=c&Id.2=b&Id.1=a");
        assert_eq!(params.list("Id"), ["a", "b", "c"]);
        assert!(params.unread().is_empty());
    }

    #[test]
    fn what_nothing_read_is_named() {
        let mut params = Params::parse(b"Filter.1.Name=x&Filter.1.Value.1=y&DryRun=true");
        for filter in params.structures("Filter") {
            params.optional(&filter.member("Name"));
            params.list(&filter.member("Value"));
        }
        assert_eq!(params.unread(), ["DryRun"]);
    }
}
