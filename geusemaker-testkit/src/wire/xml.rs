//! The elements of the query and REST-XML protocols, for both reading and writing.

use serde::{Deserialize, Serialize};

use crate::xml::{self, Document, Node, is_character, push_escaped};

/// More than the largest configuration of a distribution has.
const MAX_ELEMENTS: usize = 20_000;

/// An element with either text or children; AWS's protocols never mix the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Element {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    children: Vec<Self>,
}

impl Element {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Creates `<name>text</name>`.
    pub(crate) fn leaf(name: impl Into<String>, text: impl ToString) -> Self {
        Self {
            name: name.into(),
            text: text.to_string(),
            ..Self::default()
        }
    }

    pub(crate) fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Adds a child element with text.
    pub(crate) fn with(self, name: &str, text: impl ToString) -> Self {
        self.child(Self::leaf(name, text))
    }

    /// Adds a child element with text, if there is any.
    pub(crate) fn with_some(self, name: &str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.with(name, text),
            None => self,
        }
    }

    pub(crate) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// Creates `<name><item>…</item><item>…</item></name>`, the form of lists in AWS's protocols.
    pub(crate) fn list(name: &str, member: &str, members: impl IntoIterator<Item = Self>) -> Self {
        Self::new(name).children(members.into_iter().map(|mut element| {
            element.name = member.to_owned();
            element
        }))
    }

    /// Returns the element without the elements of these names, at any depth.
    pub(crate) fn pruned(mut self, names: &[&str]) -> Self {
        self.children = self
            .children
            .into_iter()
            .filter(|child| !names.contains(&child.name.as_str()))
            .map(|child| child.pruned(names))
            .collect();
        self
    }

    /// Renames the element.
    pub(crate) fn renamed(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn elements(&self) -> &[Self] {
        &self.children
    }

    /// Returns the first child of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the text at a path of child names.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        path.iter()
            .try_fold(self, |element, name| element.find(name))
            .map(Self::text)
    }

    /// Replaces the first child of that name, or adds it.
    pub(crate) fn set(&mut self, child: Self) {
        match self.children.iter_mut().find(|c| c.name == child.name) {
            Some(slot) => *slot = child,
            None => self.children.push(child),
        }
    }

    /// Returns the element as a document.
    pub(crate) fn to_document(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        if let Some(namespace) = &self.namespace {
            out.push_str(" xmlns=\"");
            push_escaped(out, namespace);
            out.push('"');
        }
        if self.text.is_empty() && self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        push_escaped(out, &self.text);
        for child in &self.children {
            child.write(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }

    /// Parses a document. Attributes carry only namespaces in these protocols, and are dropped.
    ///
    /// # Errors
    /// Returns the problem with the document, in the parser's words where it has some.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, String> {
        let document = std::str::from_utf8(document).map_err(|error| error.to_string())?;
        Self::of(Document::parse(document, MAX_ELEMENTS)?.root)
    }

    /// Returns the element of a document. White space between its children is dropped; other text there is an error.
    fn of(element: xml::Element) -> Result<Self, String> {
        let name = xml::local(&element.name);
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || "_-.".contains(c));
        if !is_name {
            return Err(format!("'{name}' is no name of an element"));
        }
        let mut this = Self::new(name);
        for child in element.children {
            match child {
                Node::Element(child) => this.children.push(Self::of(child)?),
                Node::Text(text) if !text.chars().all(is_character) => {
                    return Err("a character is not allowed".to_owned());
                }
                Node::Text(text) => this.text.push_str(&text),
            }
        }
        if !this.children.is_empty() {
            if !this.text.trim().is_empty() {
                return Err(xml::no_place(&this.text));
            }
            this.text.clear();
        }
        Ok(this)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Element;

    fn element() -> impl Strategy<Value = Element> {
        let leaf = ("[A-Za-z][A-Za-z0-9]{0,8}", "[ -~äß\r\n]{1,12}")
            .prop_map(|(name, text)| Element::leaf(name, text));
        leaf.prop_recursive(3, 16, 4, |inner| {
            (
                "[A-Za-z][A-Za-z0-9]{0,8}",
                prop::collection::vec(inner, 1..4),
            )
                .prop_map(|(name, children)| Element::new(name).children(children))
        })
    }

    proptest! {
        #[test]
        fn document_survives_round_trip(element in element()) {
            let document = element.to_document();
            prop_assert_eq!(Element::parse(document.as_bytes()).unwrap(), element);
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Element::parse(&bytes);
        }

        #[test]
        fn arbitrary_markup_is_read_or_refused(text in "([a-c]|</?[a-c]/?>|<[a-c] [a-c]=\"[a-c]\">|<!--|-->|<!\\[CDATA\\[|]]>|&(#[0-9]{1,7}|[a-z]{1,4});|<\\?xml| ){0,20}") {
            if let Ok(element) = Element::parse(text.as_bytes()) {
                let document = element.to_document();
                prop_assert_eq!(Element::parse(document.as_bytes()).unwrap(), element);
            }
        }

        #[test]
        fn arbitrary_text_can_be_written(text in ".{0,20}") {
            let document = Element::leaf("a", text).to_document();
            prop_assert!(Element::parse(document.as_bytes()).is_ok());
        }
    }

    #[test]
    fn malformed_document_is_refused() {
        for document in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "<a>text<b/></a>",
            "<a>&unknown;</a>",
            "<a>&#1;</a>",
            "<a>\u{0}</a>",
            "<a b></a>",
            "<a b=\"1\" b=\"2\"/>",
            "<1/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        ] {
            assert!(Element::parse(document.as_bytes()).is_err(), "{document}");
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(
            Element::parse(deep.as_bytes())
                .unwrap_err()
                .contains("deep")
        );
        let wide = format!("<a>{}</a>", "<b/>".repeat(20_000));
        assert!(
            Element::parse(wide.as_bytes())
                .unwrap_err()
                .contains("elements")
        );
    }

    #[test]
    fn indented_document_reads_as_elements() {
        let root = Element::parse(b"<a>\n  <b>1 &amp; 2</b>\n  <c/>\n</a>").unwrap();
        assert_eq!(root.text(), "");
        assert_eq!(root.text_at(&["b"]), Some("1 & 2"));
        assert_eq!(root.find("c").map(Element::text), Some(""));
    }
}
