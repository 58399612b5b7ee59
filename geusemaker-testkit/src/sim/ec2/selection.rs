//! Which resources a Describe call asks for: its ids, its filters and its page.

use jiff::Timestamp;
use regex::Regex;

use super::Ec2;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// What a filter looks at: its name, and the values that a resource has there.
pub(crate) type Field<T> = (&'static str, Values<T>);

type Values<T> = fn(&Ec2, Timestamp, &T) -> Vec<String>;

/// A resource that a Describe call lists.
pub(crate) trait Described: Sized + 'static {
    /// The parameter that lists ids: `VpcId`.
    const IDS: Option<&'static str>;
    /// The filters, beside those on tags.
    const FIELDS: &'static [Field<Self>];

    /// What calls name it by: its id, or of some kinds its name.
    fn handle(&self) -> &str;

    /// The id to which the tags belong.
    fn tagged_id(&self) -> &str {
        self.handle()
    }

    /// What AWS answers to an id that it does not know.
    fn unknown(id: &str) -> ServiceError;
}

/// What a Describe call asks for.
pub(crate) struct Selection<T: 'static> {
    ids: Vec<String>,
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

/// What a Describe call found.
pub(crate) struct Page<'a, T> {
    pub(crate) items: Vec<&'a T>,
    next: Option<usize>,
}

impl<T: Described> Selection<T> {
    /// Reads the parameters of a Describe call, and refuses the call if any is left over.
    pub(crate) fn read(params: &mut Params, operation: &str) -> Result<Self, ServiceError> {
        let ids = T::IDS.map_or_else(Vec::new, |name| params.list(name));
        let mut filters = Vec::new();
        for structure in params.structures("Filter") {
            let name = params.required(&structure.member("Name"))?;
            let values = params.list(&structure.member("Value"));
            filters.push(Filter::new(operation, &name, &values)?);
        }
        let limit = match params.parsed("MaxResults")? {
            Some(limit @ 1..) => limit,
            None => usize::MAX,
            Some(0) => return Err(invalid("Value ( 0 ) for parameter maxResults is invalid.")),
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
            filters,
            start,
            limit,
        })
    }

    /// Whether the call names what it wants by id.
    pub(crate) fn has_ids(&self) -> bool {
        !self.ids.is_empty()
    }

    /// The page that is asked for, out of everything that other calls know of.
    pub(crate) fn choose<'a>(
        &self,
        ec2: &Ec2,
        now: Timestamp,
        all: impl IntoIterator<Item = &'a T>,
    ) -> Result<Page<'a, T>, ServiceError> {
        let mut items: Vec<&T> = all.into_iter().collect();
        if self.has_ids() {
            // An id that is not there fails the call; a filter that matches nothing finds nothing.
            for id in &self.ids {
                if !items.iter().any(|item| item.handle() == id) {
                    return Err(T::unknown(id));
                }
            }
            items.retain(|item| self.ids.iter().any(|id| id == item.handle()));
        }
        items.retain(|item| {
            self.filters
                .iter()
                .all(|filter| filter.admits(ec2, now, item))
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
    /// The page as a reply.
    pub(crate) fn reply(self, set: &str, write: impl Fn(&T) -> Element) -> Reply {
        let items = self.items.iter().map(|item| write(item));
        Reply::xml(
            Element::new("reply")
                .child(Element::list(set, "item", items))
                .with_some("nextToken", self.next),
        )
    }

    /// The page as a reply whose set has been written otherwise.
    pub(crate) fn reply_with(self, set: Element) -> Reply {
        Reply::xml(
            Element::new("reply")
                .child(set)
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
            Subject::Tag(key) => ec2.tags.value(item.tagged_id(), key).into_iter().collect(),
            Subject::TagKey => ec2.tags.keys(item.tagged_id()),
        };
        values
            .iter()
            .any(|value| self.patterns.iter().any(|pattern| pattern.is_match(value)))
    }
}

/// A filter's value, in which `*` stands for any characters and `?` for any one.
fn pattern(value: &str) -> Result<Regex, ServiceError> {
    let escaped = regex::escape(value)
        .replace("\\*", ".*")
        .replace("\\?", ".");
    Regex::new(&format!("(?s)^{escaped}$")).map_err(|_| invalid("A filter value is too long."))
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidParameterValue", message)
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
        fn a_value_without_wildcards_matches_itself_only(value in "[^*?]{0,20}", other in ".{0,20}") {
            let pattern = pattern(&value).unwrap();
            prop_assert!(pattern.is_match(&value));
            prop_assert_eq!(pattern.is_match(&other), other == value);
        }
    }
}
