//! The parameters of the query protocols: `Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::str::FromStr;

use super::ServiceError;

/// Parameters that know which of them were read, so that an operation which ignores one says so.
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

    /// The parameters of a form that a test has written.
    #[cfg(test)]
    pub(crate) fn parse(form: &[u8]) -> Self {
        Self::new(form_urlencoded::parse(form).into_owned().collect())
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
        self.values.contains_key(name) || self.below(&format!("{name}.")).next().is_some()
    }

    /// Marks a parameter and all below it as read: for what has no effect here and says so beside the call.
    pub(crate) fn accept(&mut self, name: &str) {
        let prefix = format!("{name}.");
        let mut read: Vec<String> = self.below(&prefix).cloned().collect();
        read.extend(self.values.contains_key(name).then(|| name.to_owned()));
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
        self.below(&prefix)
            .filter_map(|key| index(key.strip_prefix(&prefix)?.split('.').next()?))
            .collect()
    }

    /// The names that begin so.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a String> {
        self.values
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(move |key| key.starts_with(prefix))
    }
}

/// The number of a list's member, from 1; gaps do not matter. `0`, `+1`, `01` and what is too large to count are no
/// numbers of members, so that nothing reads those parameters and they are refused.
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
    /// The full name of a member, to read with [`Params`].
    pub(crate) fn member(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Params;

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let mut params = Params::parse(b"Id.10=c&Id.2=b&Id.1=a");
        assert_eq!(params.list("Id"), ["a", "b", "c"]);
        assert!(params.unread().is_empty());
    }

    #[test]
    fn a_list_may_have_gaps_but_no_odd_numbers() {
        let mut params =
            Params::parse(b"Id.7=b&Id.3=a&Id.0=z&Id.+1=y&Id.01=x&Id.4294967296=w&Id.=v");
        assert_eq!(params.list("Id"), ["a", "b"]);
        assert_eq!(params.unread().len(), 5);
    }

    #[test]
    fn a_name_that_another_begins_with_is_not_below_it() {
        let mut params = Params::parse(b"Tag=a&Tag.1=b&TagSpecification.1=c&Tag-2=d");
        params.accept("Tag");
        assert!(params.has("Tag") && !params.has("Ta"));
        assert_eq!(params.unread(), ["Tag-2", "TagSpecification.1"]);
    }

    proptest! {
        #[test]
        fn any_parameters_can_be_asked_for(
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
    fn what_nothing_read_is_named() {
        let mut params = Params::parse(b"Filter.1.Name=x&Filter.1.Value.1=y&DryRun=true");
        for filter in params.structures("Filter") {
            params.optional(&filter.member("Name"));
            params.list(&filter.member("Value"));
        }
        assert_eq!(params.unread(), ["DryRun"]);
    }
}
