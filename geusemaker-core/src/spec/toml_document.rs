//! A parsed TOML text that can find the line of every field.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Deserializer, Spanned};

use super::error::SpecError;
use super::excerpt::Excerpt;
use super::plain_secret;

/// A TOML text and the values parsed from it.
#[derive(Clone)]
pub(super) struct Document<'a> {
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Parses the text.
    pub(super) fn parse(text: &'a str) -> Result<Self, SpecError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { text, root }),
            Err(error) => Err(syntax_error(text, &error)),
        }
    }

    /// Returns the deserializer with which serde reads the document.
    pub(super) fn reader(&self) -> Deserializer<'a> {
        self.root.clone().into()
    }

    /// Returns the line of the field at this path, or of the innermost table around it that exists.
    pub(super) fn line_of(&self, path: &str) -> Option<usize> {
        let (key, _) = self.spans_of(path)?;
        Some(line_at(self.text, key.start))
    }

    /// Returns the line of the field, with its key marked.
    pub(super) fn key_of(&self, path: &str) -> Option<Excerpt> {
        let (key, _) = self.spans_of(path)?;
        Excerpt::of(self.text, key)
    }

    /// Returns the line of the field, with its value marked; of a table, its name.
    pub(super) fn value_of(&self, path: &str) -> Option<Excerpt> {
        let (key, value) = self.spans_of(path)?;
        let is_beside = line_at(self.text, key.start) == line_at(self.text, value.start);
        let is_after = value.start > key.start;
        Excerpt::of(self.text, if is_beside && is_after { value } else { key })
    }

    /// Returns the places of the key and of the value at this path, or of the innermost table around it that exists.
    fn spans_of(&self, path: &str) -> Option<(Range<usize>, Range<usize>)> {
        let mut place = Place::Table(self.root.get_ref());
        let mut spans = None;
        for step in path.split(['.', '[']) {
            let value = match (place, step.strip_suffix(']')) {
                (Place::Table(table) | Place::Value(DeValue::Table(table)), None) => {
                    let Some((key, value)) = table.get_key_value(step) else {
                        break;
                    };
                    spans = Some((key.span(), value.span()));
                    value
                }
                (Place::Value(DeValue::Array(array)), Some(index)) => {
                    let Some(value) = index.parse().ok().and_then(|index: usize| array.get(index))
                    else {
                        break;
                    };
                    spans = Some((value.span(), value.span()));
                    value
                }
                _ => break,
            };
            place = Place::Value(value.get_ref());
        }
        spans
    }

    /// Returns the texts among the values.
    pub(super) fn texts(&self) -> Vec<TextAt<'_>> {
        let mut texts = Vec::new();
        texts_of_table(self.root.get_ref(), &mut Vec::new(), &mut texts);
        texts
    }

    /// Puts another text in the place of one.
    pub(super) fn set_text(&mut self, steps: &[Step], text: &'a str) {
        if let Some(value) = self.value_mut(steps) {
            *value = DeValue::String(text.into());
        }
    }

    /// Puts the number or the boolean in the place of a text that the text is written like. Returns false if it is written
    /// like neither, or if there is no text.
    pub(super) fn set_scalar(&mut self, steps: &[Step], text: &'a str) -> bool {
        let Some(place @ DeValue::String(_)) = self.value_mut(steps) else {
            return false;
        };
        match DeValue::parse(text).map(Spanned::into_inner) {
            Ok(value @ (DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_))) => {
                *place = value;
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    fn value_mut(&mut self, steps: &[Step]) -> Option<&mut DeValue<'a>> {
        let (Step::Key(first), rest) = steps.split_first()? else {
            return None;
        };
        let mut value = self.root.get_mut().get_mut(first.as_str())?.get_mut();
        for step in rest {
            value = match (value, step) {
                (DeValue::Table(table), Step::Key(key)) => table.get_mut(key.as_str())?.get_mut(),
                (DeValue::Array(items), Step::Index(index)) => items.get_mut(*index)?.get_mut(),
                _ => return None,
            };
        }
        Some(value)
    }

    /// Removes the field at this path, and returns true if it was there. Items of arrays stay, so that the others keep
    /// their numbers.
    pub(super) fn remove(&mut self, path: &str) -> bool {
        let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
        let mut table = self.root.get_mut();
        let mut steps = parent
            .split(['.', '['])
            .filter(|step| !step.is_empty())
            .peekable();
        while let Some(step) = steps.next() {
            let Some(value) = table.get_mut(step) else {
                return false;
            };
            let index = steps.next_if(|step| step.ends_with(']'));
            let value = match (value.get_mut(), index) {
                (DeValue::Array(items), Some(index)) => {
                    let index = index.trim_end_matches(']').parse::<usize>();
                    match index.ok().and_then(|index| items.get_mut(index)) {
                        Some(item) => item.get_mut(),
                        None => return false,
                    }
                }
                (value, None) => value,
                (_, Some(_)) => return false,
            };
            let DeValue::Table(inner) = value else {
                return false;
            };
            table = inner;
        }
        // One item of an array that is wrong makes the whole array wrong.
        let key = key.split_once('[').map_or(key, |(key, _)| key);
        table.remove(key).is_some()
    }
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A text among the values of a document.
pub(super) struct TextAt<'d> {
    pub(super) steps: Vec<Step>,
    pub(super) text: &'d str,
}

fn texts_of_table<'d>(table: &'d DeTable<'_>, steps: &mut Vec<Step>, texts: &mut Vec<TextAt<'d>>) {
    for (key, value) in table {
        steps.push(Step::Key(key.get_ref().to_string()));
        texts_of_value(value.get_ref(), steps, texts);
        steps.pop();
    }
}

fn texts_of_value<'d>(value: &'d DeValue<'_>, steps: &mut Vec<Step>, texts: &mut Vec<TextAt<'d>>) {
    match value {
        DeValue::String(text) => {
            let steps = steps.clone();
            texts.push(TextAt { steps, text });
        }
        DeValue::Table(table) => texts_of_table(table, steps, texts),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                steps.push(Step::Index(index));
                texts_of_value(item.get_ref(), steps, texts);
                steps.pop();
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

/// The place that one step of a path leads to.
enum Place<'d, 'a> {
    Table(&'d DeTable<'a>),
    Value(&'d DeValue<'a>),
}

fn syntax_error(text: &str, error: &toml::de::Error) -> SpecError {
    let message = match text.trim_start().chars().next() {
        Some('{') => "looks like JSON: gm specs are TOML, as in name = \"llm\"".to_owned(),
        _ if text.trim_start().starts_with("---") => {
            "looks like YAML: gm specs are TOML, as in name = \"llm\"".to_owned()
        }
        _ => format!("is not TOML: {}", error.message()),
    };
    match error.span() {
        Some(span) => SpecError::new(message)
            .on_line(Some(line_at(text, span.start)))
            .on_column(Some(column_at(text, span.start)))
            .with_excerpt(
                Excerpt::of(text, span)
                    .filter(|excerpt| plain_secret::may_be_shown("", excerpt.line())),
            ),
        None => SpecError::new(message),
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

fn column_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.chars().rev().take_while(|c| *c != '\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(text: &str, path: &str) -> Option<usize> {
        Document::parse(text).unwrap().line_of(path)
    }

    #[test]
    fn keys_have_lines_in_every_table_form() {
        assert_eq!(
            line_of("\n[compute]\n\ncount = 1", "compute.count"),
            Some(4)
        );
        assert_eq!(
            line_of("compute.ami = ''\ncompute.count = 1", "compute.count"),
            Some(2)
        );
        assert_eq!(
            line_of("compute = { ami = '',\n count = 1 }", "compute.count"),
            Some(2)
        );
        assert_eq!(
            line_of("[[service]]\n[[service]]\nport = 1", "service[1].port"),
            Some(3)
        );
        assert_eq!(
            line_of("[[service]]\n[[service]]\nport = 1", "service[1]"),
            Some(2)
        );
    }

    #[test]
    fn array_items_have_own_lines() {
        let text = "[network]\nsubnets = [\n  'a',\n  'b',\n]";
        assert_eq!(line_of(text, "network.subnets"), Some(2));
        assert_eq!(line_of(text, "network.subnets[1]"), Some(4));
    }

    #[test]
    fn missing_field_has_line_of_parent() {
        assert_eq!(line_of("\n[compute]\ncount = 1", "compute.ami"), Some(2));
        assert_eq!(line_of("a = [\n1]", "a[7]"), Some(1));
        assert_eq!(line_of("a = 1", "b.c"), None);
        assert_eq!(line_of("a = 1", ""), None);
    }

    #[test]
    fn columns_count_characters() {
        let error = Document::parse("a = 1\nb = 'é' é").err().unwrap();
        assert_eq!((error.line(), error.column()), (Some(2), Some(9)));
    }
}
