//! A YAML text as a tree whose nodes know their lines.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::spec::error::SpecError;
use crate::spec::service::leading_name;

/// The deepest nesting that is read. A Compose file has a tenth of it.
const DEPTH_MAX: usize = 64;

/// A node of a YAML text. An alias shares the node of its anchor, so that a small text stays small.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The line in the file, counted from one.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    /// A text, number or boolean, as it is written.
    Text(String),
    List(Vec<Rc<Node>>),
    /// The keys with their lines, in the order of the file.
    Map(Vec<(String, usize, Rc<Node>)>),
}

impl Node {
    /// Parses the only document of a text.
    pub(super) fn parse(text: &str) -> Result<Rc<Self>, SpecError> {
        let mut reader = Reader::default();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                // Columns are counted from zero.
                SpecError::new(format!("is not YAML: {}", error.info()))
                    .on_line(Some(error.marker().line()))
                    .on_column(Some(error.marker().col() + 1))
            })?;
            let line = span.start.line();
            reader
                .take(event, line)
                .map_err(|error| error.on_line(Some(line)))?;
        }
        let empty = Self {
            line: 1,
            value: Value::Map(Vec::new()),
        };
        Ok(reader.root.unwrap_or_else(|| Rc::new(empty)))
    }

    /// Returns the noun for the node's value.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// The state of the reader of a text.
#[derive(Default)]
struct Reader {
    root: Option<Rc<Node>>,
    /// The nodes that have begun and not ended, from the outside in.
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

/// A list or mapping that has not ended.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<(String, usize)>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), SpecError> {
        let begin = |anchor, value| Open {
            node: Node { line, value },
            anchor,
            key: None,
        };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null {
                    Value::Null
                } else {
                    Value::Text(text.into_owned())
                };
                self.add(Rc::new(Node { line, value }), anchor, line)
            }
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor).cloned();
                let node =
                    found.ok_or_else(|| SpecError::new("an alias is within its own anchor"))?;
                self.add(node, 0, line)
            }
            Event::SequenceStart(anchor, _) => self.open(begin(anchor, Value::List(Vec::new()))),
            Event::MappingStart(anchor, _) => self.open(begin(anchor, Value::Map(Vec::new()))),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { node, anchor, .. }) => {
                    let line = node.line;
                    self.add(Rc::new(node), anchor, line)
                }
                None => Ok(()),
            },
            Event::DocumentStart(_) if self.root.is_some() => Err(SpecError::new(
                "a second document begins: keep one in a file",
            )),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, open: Open) -> Result<(), SpecError> {
        if self.open.len() == DEPTH_MAX {
            return Err(SpecError::new(format!(
                "is nested more than {DEPTH_MAX} times"
            )));
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a whole node where the text has it. The line is that of an alias, if it is one.
    fn add(&mut self, node: Rc<Node>, anchor: usize, line: usize) -> Result<(), SpecError> {
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some((key, line))) => entries.push((key, line, node)),
            (Value::Map(entries), None) => {
                let Value::Text(key) = &node.value else {
                    return Err(SpecError::new(format!(
                        "a key must be a text, not {}",
                        node.kind()
                    )));
                };
                if entries.iter().any(|(earlier, _, _)| earlier == key) {
                    return Err(SpecError::new(format!(
                        "the key {:?} is there twice: keep one",
                        leading_name(key)
                    )));
                }
                open.key = Some((key.clone(), line));
            }
            (Value::Null | Value::Text(_), _) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nodes_know_their_lines() {
        let root = Node::parse("a: 1\nb:\n  - x\n  - ~\n").unwrap();
        let Value::Map(entries) = &root.value else {
            panic!("{root:?}")
        };
        assert_eq!((entries[1].0.as_str(), entries[1].1), ("b", 2));
        let Value::List(items) = &entries[1].2.value else {
            panic!("{root:?}")
        };
        assert_eq!((items[0].line, items[1].line), (3, 4));
        assert!(matches!(items[1].value, Value::Null));
    }

    #[test]
    fn problems_have_lines() {
        for (text, wanted) in [
            ("a: 1\nb: [", "is not YAML: "),
            (
                "a: 1\na: 2",
                "line 2: the key \"a\" is there twice: keep one",
            ),
            ("a: 1\n[b]: 2", "line 2: a key must be a text, not a list"),
            (
                "a: 1\n---\nb: 2",
                "line 2: a second document begins: keep one in a file",
            ),
            ("a: &a [*a]", "line 1: an alias is within its own anchor"),
            (&"[".repeat(100), "line 1: is nested more than 64 times"),
        ] {
            let error = Node::parse(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    /// Nine aliases of nine aliases and so on share their nodes: the tree has no billion of them.
    #[test]
    fn aliases_share_their_node() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert!(Node::parse(&text).is_ok());
    }

    proptest! {
        #[test]
        fn parser_never_panics(text in "(\\PC|\n|  |: |- |&a|\\*a|[\\[\\]{}'\"|>#])*") {
            let _ = Node::parse(&text);
        }
    }
}
