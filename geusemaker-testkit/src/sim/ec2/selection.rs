//! The selection of a Describe call: its ids, its filters and its page.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use regex::Regex;

use super::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A filter: its name, and the values of a resource that it compares.
pub(crate) type Field<T> = (&'static str, Values<T>);

type Values<T> = fn(&Ec2, Timestamp, &T) -> Vec<String>;

/// A resource that a Describe call lists.
pub(crate) trait Described: Sized + 'static {
    /// The parameter that lists ids: `VpcId`.
    const IDS: Option<&'static str>;
    /// The parameter that lists names, such as `GroupName`, for kinds that can be found by either.
    const NAMES: Option<&'static str> = None;
    /// The filters, in addition to those on tags.
    const FIELDS: &'static [Field<Self>];
    /// The page sizes that a call may ask for.
    const PAGE_SIZES: RangeInclusive<usize> = 5..=1000;
    /// The page size of a call that names neither a size nor ids.
    const USUAL_PAGE: usize = usize::MAX;
    /// True if a call that lists ids may ask for a page.
    const PAGES_OF_IDS: bool = true;
    /// AWS's term for the ids when it refuses a page of them, if that is not the parameter's name.
    const SET: Option<&'static str> = None;

    /// Returns the identifier that calls use: the id, or for some kinds the name.
    fn handle(&self) -> &str;

    /// Returns the id to which the tags belong.
    fn tagged_id(&self) -> &str {
        self.handle()
    }

    /// Returns AWS's answer to an unknown id.
    fn unknown(id: &str) -> ServiceError;

    /// Returns true if a call can find the resource by that name.
    fn is_called(&self, _ec2: &Ec2, _name: &str) -> bool {
        false
    }

    /// Returns AWS's answer to an unknown name.
    fn unknown_name(_ec2: &Ec2, name: &str) -> ServiceError {
        Self::unknown(name)
    }

    /// Returns the value that the filter `tag:KEY` compares.
    fn tag_value(&self, ec2: &Ec2, key: &str) -> Option<String> {
        ec2.tags.value(self.tagged_id(), key)
    }
}

/// The request of a Describe call.
pub(crate) struct Selection<T: 'static> {
    ids: Vec<String>,
    names: Vec<String>,
    filters: Vec<Filter<T>>,
    start: usize,
    limit: usize,
}

struct Filter<T: 'static> {
    subject: Subject<T>,
    patterns: Vec<Regex>,
}

enum Subject<T: 'static> {
    Field(Values<T>),
    Tag(String),
    TagKey,
}

/// The result of a Describe call.
pub(crate) struct Page<'a, T> {
    pub(crate) items: Vec<&'a T>,
    next: Option<usize>,
}

impl<T: Described> Selection<T> {
    /// Reads the parameters of a Describe call, and refuses the call if any parameter is left unread.
    pub(crate) fn read(params: &mut Params, operation: &str) -> Result<Self, ServiceError> {
        let ids = T::IDS.map_or_else(Vec::new, |name| params.list(name));
        let names = T::NAMES.map_or_else(Vec::new, |name| params.list(name));
        let mut filters = Vec::new();
        for structure in params.structures("Filter") {
            let name = params.required(&structure.member("Name"))?;
            let values = params.list(&structure.member("Value"));
            filters.push(Filter::new(operation, &name, &values)?);
        }
        let asked: Option<usize> = params.parsed("MaxResults")?;
        if let Some(name) = T::IDS
            && asked.is_some()
            && !ids.is_empty()
            && !T::PAGES_OF_IDS
        {
            let message = match T::SET {
                Some(set) => {
                    format!("The parameter {set} cannot be used with the parameter maxResults")
                }
                None => {
                    format!("The parameter {name} cannot be used with the parameter MaxResults")
                }
            };
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        let limit = match asked {
            Some(asked) => page_size::<T>(asked)?,
            None if ids.is_empty() => T::USUAL_PAGE,
            // Resources that are named by id come in one page.
            None => usize::MAX,
        };
        let start = match params.optional("NextToken") {
            Some(token) => token
                .parse()
                .map_err(|_| invalid("Unable to parse pagination token."))?,
            None => 0,
        };
        params.refuse_unread(operation)?;
        Ok(Self {
            ids,
            names,
            filters,
            start,
            limit,
        })
    }

    /// Returns true if the call names resources by id.
    pub(crate) fn has_ids(&self) -> bool {
        !self.ids.is_empty()
    }

    /// Returns the requested page, out of all resources that other calls know.
    pub(crate) fn choose<'a>(
        &self,
        ec2: &Ec2,
        now: Timestamp,
        all: impl IntoIterator<Item = &'a T>,
    ) -> Result<Page<'a, T>, ServiceError> {
        self.choose_where(ec2, now, all, |_| true)
    }

    /// Returns the same page with only the resources that pass a test. An id counts as known even if its resource fails
    /// the test.
    pub(crate) fn choose_where<'a>(
        &self,
        ec2: &Ec2,
        now: Timestamp,
        all: impl IntoIterator<Item = &'a T>,
        passes: impl Fn(&T) -> bool,
    ) -> Result<Page<'a, T>, ServiceError> {
        let mut items: Vec<&T> = all.into_iter().collect();
        if self.has_ids() {
            // An unknown id fails the call; a filter without a match finds nothing.
            for id in &self.ids {
                if !items.iter().any(|item| item.handle() == id) {
                    return Err(T::unknown(id));
                }
            }
        }
        for name in &self.names {
            if !items.iter().any(|item| item.is_called(ec2, name)) {
                return Err(T::unknown_name(ec2, name));
            }
        }
        if self.has_ids() || !self.names.is_empty() {
            items.retain(|item| {
                self.ids.iter().any(|id| id == item.handle())
                    || self.names.iter().any(|name| item.is_called(ec2, name))
            });
        }
        items.retain(|item| {
            let mut filters = self.filters.iter();
            passes(item) && filters.all(|filter| filter.admits(ec2, now, item))
        });
        let end = self.start.saturating_add(self.limit);
        let next = (end < items.len()).then_some(end);
        let items = items
            .into_iter()
            .skip(self.start)
            .take(self.limit)
            .collect();
        Ok(Page { items, next })
    }
}

impl<T> Page<'_, T> {
    /// Returns the page as a reply.
    pub(crate) fn reply(self, set: &str, write: impl Fn(&T) -> Element) -> Reply {
        let items = self.items.iter().map(|item| write(item));
        Reply::xml(
            Element::new("reply")
                .child(Element::list(set, "item", items))
                .with_some("nextToken", self.next),
        )
    }

    /// Returns the page as a reply, with sets that the caller has written.
    pub(crate) fn reply_with(self, sets: impl IntoIterator<Item = Element>) -> Reply {
        Reply::xml(
            Element::new("reply")
                .children(sets)
                .with_some("nextToken", self.next),
        )
    }
}

impl<T: Described> Filter<T> {
    fn new(operation: &str, name: &str, values: &[String]) -> Result<Self, ServiceError> {
        let subject = match name.strip_prefix("tag:") {
            Some(key) => Subject::Tag(key.to_owned()),
            None if name == "tag-key" => Subject::TagKey,
            None => T::FIELDS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, values)| Subject::Field(*values))
                .ok_or_else(|| {
                    ServiceError::unsupported(format_args!("the filter {name} of {operation}"))
                })?,
        };
        let patterns = values.iter().map(|value| pattern(value));
        Ok(Self {
            subject,
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    fn admits(&self, ec2: &Ec2, now: Timestamp, item: &T) -> bool {
        let values = match &self.subject {
            Subject::Field(values) => values(ec2, now, item),
            Subject::Tag(key) => item.tag_value(ec2, key).into_iter().collect(),
            Subject::TagKey => ec2.tags.keys(item.tagged_id()),
        };
        values
            .iter()
            .any(|value| self.patterns.iter().any(|pattern| pattern.is_match(value)))
    }
}

fn page_size<T: Described>(asked: usize) -> Result<usize, ServiceError> {
    let (least, most) = (T::PAGE_SIZES.start(), T::PAGE_SIZES.end());
    let wrong = |expected: String| {
        Err(invalid(&format!(
            "Value ( {asked} ) for parameter maxResults is invalid. Expecting a value {expected}."
        )))
    };
    match asked {
        // AWS says "greater than 5" and accepts 5.
        asked if asked < *least => wrong(format!("greater than {least}")),
        asked if asked > *most => wrong(format!("less than {most}")),
        asked => Ok(asked),
    }
}

/// Returns the pattern of a filter's value, in which `*` stands for any characters and `?` for any one character.
fn pattern(value: &str) -> Result<Regex, ServiceError> {
    let escaped = regex::escape(value)
        .replace("\\*", ".*")
        .replace("\\?", ".");
    Regex::new(&format!("(?s)^{escaped}$")).map_err(|_| invalid("A filter value is too long."))
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(Code::InvalidParameterValue, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::pattern;

    #[test]
    fn star_and_question_mark_are_wildcards() {
        let name = "Deep Learning AMI (Ubuntu 24.04) 20261009";
        assert!(
            pattern("Deep*(Ubuntu 24.04) ????????")
                .unwrap()
                .is_match(name)
        );
        assert!(!pattern("Deep*(Ubuntu 24.04) ?").unwrap().is_match(name));
        assert!(!pattern("deep*").unwrap().is_match(name));
    }

    proptest! {
        #[test]
        fn plain_value_matches_only_itself(value in "[^*?]{0,20}", other in ".{0,20}") {
            let pattern = pattern(&value).unwrap();
            prop_assert!(pattern.is_match(&value));
            prop_assert_eq!(pattern.is_match(&other), other == value);
        }
    }
}
