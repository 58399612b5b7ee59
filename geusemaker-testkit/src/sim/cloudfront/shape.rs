//! Shapes of configuration documents: their allowed and required content, and the values that AWS fills in.

use std::collections::BTreeSet;

use super::Code;
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// The allowed content of an element.
#[derive(Debug)]
pub(super) enum Shape {
    Flag,
    /// A list as CloudFront writes it: a quantity, the items, and sometimes other members beside them.
    List {
        item: &'static str,
        of: &'static Self,
        beside: &'static [Member],
    },
    Number {
        low: u32,
        high: u32,
    },
    OneOf(&'static [&'static str]),
    /// The only value that is simulated. AWS has others.
    Only(&'static str),
    /// 80, 443, or 1024 to 65535.
    Port,
    Structure(&'static [Member]),
    /// Text of a limited number of characters.
    Text {
        longest: usize,
    },
}

/// A child element.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) shape: &'static Shape,
    pub(super) absent: Absent,
}

/// The treatment of a member that is absent.
#[derive(Debug)]
pub(super) enum Absent {
    /// AWS fills in this text: in a list these items, separated by blanks; in a structure its own defaults.
    Filled(&'static str),
    /// The member stays absent.
    Left,
    Refused,
}

impl Shape {
    /// Checks the element, and returns it completed as AWS shows it. `path` names it in errors.
    ///
    /// # Errors
    /// Returns AWS's refusal of a wrong value, or a clear error for a value that is not simulated.
    pub(super) fn complete(&self, element: &Element, path: &str) -> Result<Element, ServiceError> {
        match self {
            Self::Structure(members) => complete_structure(element, members, path),
            Self::List { item, of, beside } => complete_list(element, item, of, beside, path),
            Self::Flag
            | Self::Number { .. }
            | Self::OneOf(_)
            | Self::Only(_)
            | Self::Port
            | Self::Text { .. } => {
                refuse_children(element, path)?;
                self.check_text(element.text(), path)?;
                Ok(element.clone())
            }
        }
    }

    /// Returns the element that AWS fills in, before it is completed.
    fn default(&self, name: &str, text: &str) -> Element {
        match self {
            Self::List { item, .. } => {
                let items = text
                    .split_whitespace()
                    .map(|text| Element::leaf(*item, text));
                let items: Vec<_> = items.collect();
                Element::new(name)
                    .with("Quantity", items.len().to_string())
                    .child(Element::new("Items").children(items))
            }
            Self::Flag
            | Self::Number { .. }
            | Self::OneOf(_)
            | Self::Only(_)
            | Self::Port
            | Self::Structure(_)
            | Self::Text { .. } => Element::leaf(name, text),
        }
    }

    fn check_text(&self, text: &str, path: &str) -> Result<(), ServiceError> {
        let fits = match self {
            Self::Flag => ["true", "false"].contains(&text),
            Self::Number { low, high } => text
                .parse()
                .is_ok_and(|number| (*low..=*high).contains(&number)),
            Self::OneOf(values) => values.contains(&text),
            Self::Only(value) if text != *value => {
                return Err(ServiceError::unsupported(format_args!(
                    "the value {text} of {path}"
                )));
            }
            Self::Port => text
                .parse()
                .is_ok_and(|port: u16| matches!(port, 80 | 443 | 1024..)),
            Self::Text { longest } => text.chars().count() <= *longest,
            Self::Only(_) | Self::Structure(_) | Self::List { .. } => true,
        };
        if fits {
            Ok(())
        } else {
            Err(invalid_argument(format!(
                "The parameter {path} does not take the value '{text}'."
            )))
        }
    }
}

pub(super) fn invalid_argument(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::InvalidArgument, message)
}

fn complete_structure(
    element: &Element,
    members: &[Member],
    path: &str,
) -> Result<Element, ServiceError> {
    refuse_unknown(element, path, |name| {
        members.iter().any(|member| member.name == name)
    })?;
    Ok(Element::new(element.name()).children(complete_members(element, members, path)?))
}

fn complete_members(
    element: &Element,
    members: &[Member],
    path: &str,
) -> Result<Vec<Element>, ServiceError> {
    let mut complete = Vec::new();
    for member in members {
        let path = format!("{path}.{}", member.name);
        let filled;
        let child = match (element.find(member.name), &member.absent) {
            (Some(child), _) => child,
            (None, Absent::Filled(text)) => {
                filled = member.shape.default(member.name, text);
                &filled
            }
            (None, Absent::Left) => continue,
            (None, Absent::Refused) => {
                return Err(invalid_argument(format!(
                    "The parameter {path} is required."
                )));
            }
        };
        complete.push(member.shape.complete(child, &path)?);
    }
    Ok(complete)
}

fn complete_list(
    element: &Element,
    item: &str,
    of: &Shape,
    beside: &[Member],
    path: &str,
) -> Result<Element, ServiceError> {
    refuse_unknown(element, path, |name| {
        ["Quantity", "Items"].contains(&name) || beside.iter().any(|member| member.name == name)
    })?;
    let items = element.find("Items").map_or(&[][..], Element::elements);
    if let Some(stranger) = items.iter().find(|child| child.name() != item) {
        return Err(ServiceError::unsupported(format_args!(
            "the element {} of {path}",
            stranger.name()
        )));
    }
    let is_filled = element.elements().is_empty();
    let quantity = match element.find("Quantity").map(Element::text) {
        Some(quantity) => quantity.to_owned(),
        None if is_filled => "0".to_owned(),
        None => {
            return Err(invalid_argument(format!(
                "The parameter {path}.Quantity is required."
            )));
        }
    };
    if quantity != items.len().to_string() {
        return Err(ServiceError::new(
            Code::InconsistentQuantities,
            "The value of Quantity and the size of Items don't match.",
        ));
    }
    let mut complete = Element::new(element.name()).with("Quantity", quantity);
    if !items.is_empty() {
        let items = items
            .iter()
            .map(|child| of.complete(child, &format!("{path}.{item}")))
            .collect::<Result<Vec<_>, _>>()?;
        complete = complete.child(Element::new("Items").children(items));
    }
    Ok(complete.children(complete_members(element, beside, path)?))
}

fn refuse_unknown(
    element: &Element,
    path: &str,
    is_known: impl Fn(&str) -> bool,
) -> Result<(), ServiceError> {
    let mut seen = BTreeSet::new();
    for child in element.elements() {
        let name = child.name();
        if !is_known(name) {
            return Err(ServiceError::unsupported(format_args!(
                "the element {path}.{name}"
            )));
        }
        if !seen.insert(name) {
            return Err(ServiceError::unsupported(format_args!(
                "which {path}.{name} AWS takes when there are two"
            )));
        }
    }
    Ok(())
}

fn refuse_children(element: &Element, path: &str) -> Result<(), ServiceError> {
    refuse_unknown(element, path, |_| false)
}

#[cfg(test)]
mod tests {
    use super::{Absent, Member, Shape};
    use crate::wire::xml::Element;

    const SHAPE: Shape = Shape::Structure(&[
        Member {
            name: "Names",
            shape: &Shape::List {
                item: "Name",
                of: &Shape::Text { longest: 4 },
                beside: &[],
            },
            absent: Absent::Filled(""),
        },
        Member {
            name: "On",
            shape: &Shape::Flag,
            absent: Absent::Refused,
        },
    ]);

    fn complete(document: &str) -> Result<String, String> {
        let element = Element::parse(document.as_bytes()).unwrap();
        match SHAPE.complete(&element, "C") {
            Ok(complete) => Ok(complete.to_document().lines().nth(1).unwrap().to_owned()),
            Err(error) => Err(format!("{}: {}", error.code, error.message)),
        }
    }

    #[test]
    fn absent_member_is_filled_in_or_refused() {
        assert_eq!(
            complete("<C><On>true</On></C>").unwrap(),
            "<C><Names><Quantity>0</Quantity></Names><On>true</On></C>"
        );
        assert!(complete("<C/>").unwrap_err().contains("C.On is required"));
    }

    #[test]
    fn wrong_quantity_is_refused() {
        let error = complete(
            "<C><Names><Quantity>2</Quantity><Items><Name>a</Name></Items></Names><On>true</On></C>",
        );
        assert!(error.unwrap_err().starts_with("InconsistentQuantities"));
    }

    #[test]
    fn unknown_element_is_named_in_error() {
        let error = complete("<C><On>true</On><Off>true</Off></C>").unwrap_err();
        assert!(
            error.starts_with("SimulatorUnsupported") && error.contains("C.Off"),
            "{error}"
        );
    }
}
