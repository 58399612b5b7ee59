//! The parameters of the query protocols: `Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::str::FromStr;

use super::ServiceError;
use super::error_code::Code;

/// Parameters that know which of them were read, so that an operation can report those that it would ignore.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
    read: BTreeSet<String>,
}

impl Params {
    pub(super) fn new(values: BTreeMap<String, String>) -> Self {
        Self {
            values,
            read: BTreeSet::new(),
        }
    }

    /// Returns true if the call only checks if it would succeed.
    pub(super) fn is_dry_run(&self) -> bool {
        self.values
            .get("DryRun")
            .is_some_and(|value| value == "true")
    }

    /// Parses a form that a test has written.
    #[cfg(test)]
    pub(crate) fn parse(form: &[u8]) -> Self {
        Self::new(form_urlencoded::parse(form).into_owned().collect())
    }

    /// Returns an optional string.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        let value = self.values.get(name)?;
        self.read.insert(name.to_owned());
        Some(value.clone())
    }

    /// Returns a required string.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, ServiceError> {
        self.optional(name).ok_or_else(|| {
            ServiceError::new(
                Code::MissingParameter,
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// Replaces a string.
    pub(crate) fn replace(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// Returns an optional value of a type that parses from text.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, ServiceError> {
        let Some(text) = self.optional(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ServiceError::new(
                Code::InvalidParameterValue,
                format!("Value ({text}) for parameter {name} is invalid."),
            )
        })
    }

    /// Returns the strings of a list: `InstanceId.1`, `InstanceId.2`, or with a middle part `Subnets.member.1`.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        self.indexes(name)
            .into_iter()
            .filter_map(|index| self.optional(&format!("{name}.{index}")))
            .collect()
    }

    /// Returns the structures of a list, each as its place in the parameters.
    pub(crate) fn structures(&mut self, name: &str) -> Vec<Structure> {
        self.indexes(name)
            .into_iter()
            .map(|index| Structure {
                prefix: format!("{name}.{index}"),
            })
            .collect()
    }

    /// Returns true if any parameter starts with `name.` or is `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.below(&format!("{name}.")).next().is_some()
    }

    /// Marks a parameter and all below it as read. This is for parameters without an effect here; a comment at each
    /// call says why.
    pub(crate) fn accept(&mut self, name: &str) {
        let prefix = format!("{name}.");
        let mut read: Vec<String> = self.below(&prefix).cloned().collect();
        read.extend(self.values.contains_key(name).then(|| name.to_owned()));
        self.read.extend(read);
    }

    /// Refuses a call if one of its parameters would be ignored. Operations call this after they have read their
    /// parameters and before they change anything.
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

    /// Returns the parameters that nothing has read.
    fn unread(&self) -> Vec<&str> {
        self.values
            .keys()
            .filter(|key| !self.read.contains(*key))
            .map(String::as_str)
            .collect()
    }

    fn indexes(&self, name: &str) -> BTreeSet<u32> {
        let prefix = format!("{name}.");
        self.below(&prefix)
            .filter_map(|key| index(key.strip_prefix(&prefix)?.split('.').next()?))
            .collect()
    }

    /// Returns the names that begin with the prefix.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a String> {
        self.values
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(move |key| key.starts_with(prefix))
    }
}

/// Returns the number of a list's member, from 1; gaps do not matter. `0`, `+1`, `01` and numbers that are too large
/// are not accepted, so that nothing reads those parameters and they are refused.
fn index(text: &str) -> Option<u32> {
    let index: u32 = text.parse().ok()?;
    (index > 0 && index.to_string() == text).then_some(index)
}

/// One structure of a list: a place in the parameters, `Filter.1`.
#[derive(Clone, Debug)]
pub(crate) struct Structure {
    prefix: String,
}

impl Structure {
    /// Returns the full name of a member, to read with [`Params`].
    pub(crate) fn member(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Params;

    #[test]
    fn lists_are_sorted_by_number() {
        let mut params = Params::parse(b"Id.10=c&Id.2=b&Id.1=a");
        assert_eq!(params.list("Id"), ["a", "b", "c"]);
        assert!(params.unread().is_empty());
    }

    /// Numbers such as `0`, `+1` and `01` are not accepted.
    #[test]
    fn list_accepts_gaps() {
        let mut params =
            Params::parse(b"Id.7=b&Id.3=a&Id.0=z&Id.+1=y&Id.01=x&Id.4294967296=w&Id.=v");
        assert_eq!(params.list("Id"), ["a", "b"]);
        assert_eq!(params.unread().len(), 5);
    }

    /// `TagSpecification.1` is not below `Tag`.
    #[test]
    fn name_prefix_alone_is_not_parent() {
        let mut params = Params::parse(b"Tag=a&Tag.1=b&TagSpecification.1=c&Tag-2=d");
        params.accept("Tag");
        assert!(params.has("Tag") && !params.has("Ta"));
        assert_eq!(params.unread(), ["Tag-2", "TagSpecification.1"]);
    }

    proptest! {
        #[test]
        fn arbitrary_parameters_can_be_read(
            pairs in prop::collection::btree_map("([A-C]|[0-9]{1,11}|[.+-]){1,6}", ".{0,5}", 0..9),
            name in "[A-C]{1,2}(\\.[0-9])?",
        ) {
            let mut params = Params::new(pairs);
            let listed = params.list(&name).len();
            prop_assert!(listed <= params.structures(&name).len());
            let _ = params.parsed::<u16>(&name);
            params.accept(&name);
            let prefix = format!("{name}.");
            let is_below = |unread: &&str| unread.starts_with(&prefix);
            prop_assert!(!params.unread().iter().any(is_below));
        }
    }

    #[test]
    fn unread_parameters_are_named() {
        let mut params = Params::parse(b"Filter.1.Name=x&Filter.1.Value.1=y&DryRun=true");
        for filter in params.structures("Filter") {
            params.optional(&filter.member("Name"));
            params.list(&filter.member("Value"));
        }
        assert_eq!(params.unread(), ["DryRun"]);
    }
}
