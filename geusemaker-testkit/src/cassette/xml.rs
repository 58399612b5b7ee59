//! A small XML tree: enough of an AWS body to redact its text, write it back, and list its leaves.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::{escape, partial_escape, unescape};
use quick_xml::events::{BytesStart, Event};

/// One XML document. Comments and processing instructions are not kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    declared: bool,
    root: Element,
}

#[derive(Clone, Debug, PartialEq)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Element(Element),
    Text(String),
}

impl Document {
    /// Parses a text; returns `None` if it is not one well-formed document.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut declared = false;
        // The first element stands for the document itself. Its children are the root and the white space around it.
        let mut open = vec![Element::named(String::new())];
        // References are separate events, so a text is complete only at the next tag.
        let mut escaped = String::new();
        loop {
            let event = reader.read_event().ok()?;
            match event {
                Event::Text(text) => escaped.push_str(&text.into_inner()),
                Event::GeneralRef(reference) => {
                    escaped.push('&');
                    escaped.push_str(&reference.into_inner());
                    escaped.push(';');
                }
                Event::CData(text) => escaped.push_str(&partial_escape(text.into_inner())),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Decl(_) => declared = true,
                // AWS sends no document type, and an entity defined in one could hide anything.
                Event::DocType(_) => return None,
                Event::Start(tag) => {
                    let element = Element::from_tag(&tag)?;
                    open.last_mut()?.push_text(&mut escaped)?;
                    open.push(element);
                }
                Event::Empty(tag) => {
                    let element = Element::from_tag(&tag)?;
                    let parent = open.last_mut()?;
                    parent.push_text(&mut escaped)?;
                    parent.children.push(Node::Element(element));
                }
                Event::End(_) => {
                    let mut element = open.pop()?;
                    element.push_text(&mut escaped)?;
                    open.last_mut()?.children.push(Node::Element(element));
                }
                Event::Eof => break,
            }
        }
        let mut document = open.pop()?;
        document.push_text(&mut escaped)?;
        if !open.is_empty() {
            return None;
        }
        let mut root = None;
        for child in document.children {
            match child {
                Node::Element(element) if root.is_none() => root = Some(element),
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Element(_) | Node::Text(_) => return None,
            }
        }
        Some(Self {
            declared,
            root: root?,
        })
    }

    /// Replaces each text and attribute value for which `edit`, given the names from the root down, returns another
    /// value. Returns true if anything changed.
    pub(crate) fn edit(&mut self, edit: &mut impl FnMut(&[&str], &str) -> String) -> bool {
        edit_element(&mut self.root, &[], edit)
    }

    /// Returns every leaf as (path, text), independent of the white space between the elements and of the order of
    /// different siblings.
    pub(crate) fn leaves(&self) -> Vec<(String, String)> {
        let mut leaves = Vec::new();
        collect_leaves(&self.root, &local(&self.root.name), &mut leaves);
        leaves
    }

    /// Returns the document as text.
    pub(crate) fn write(&self) -> String {
        let mut text = String::new();
        if self.declared {
            text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        }
        write_element(&self.root, &mut text);
        text
    }
}

impl Element {
    fn named(name: String) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    fn from_tag(tag: &BytesStart<'_>) -> Option<Self> {
        let mut element = Self::named(tag.name().as_ref().to_owned());
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let value = unescape(&attribute.value).ok()?.into_owned();
            element
                .attributes
                .push((attribute.key.as_ref().to_owned(), value));
        }
        Some(element)
    }

    fn push_text(&mut self, escaped: &mut String) -> Option<()> {
        if !escaped.is_empty() {
            self.children
                .push(Node::Text(unescape(escaped).ok()?.into_owned()));
            escaped.clear();
        }
        Some(())
    }
}

fn edit_element(
    element: &mut Element,
    above: &[&str],
    edit: &mut impl FnMut(&[&str], &str) -> String,
) -> bool {
    let name = local(&element.name);
    let path: Vec<&str> = above.iter().copied().chain([name.as_str()]).collect();
    let mut changed = false;
    let mut replace = |path: &[&str], value: &mut String| {
        let edited = edit(path, value);
        changed |= edited != *value;
        *value = edited;
    };
    for (attribute, value) in &mut element.attributes {
        let path: Vec<&str> = path.iter().copied().chain([attribute.as_str()]).collect();
        replace(&path, value);
    }
    for child in &mut element.children {
        if let Node::Text(text) = child {
            replace(&path, text);
        }
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            changed |= edit_element(child, &path, edit);
        }
    }
    changed
}

fn collect_leaves(element: &Element, path: &str, leaves: &mut Vec<(String, String)>) {
    for (name, value) in &element.attributes {
        // A namespace adds nothing to the service and the operation.
        if name != "xmlns" && !name.starts_with("xmlns:") {
            leaves.push((format!("{path}@{name}"), value.clone()));
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut text = String::new();
    for child in &element.children {
        match child {
            Node::Text(part) => text.push_str(part),
            Node::Element(child) => {
                let name = local(&child.name);
                let count = seen.entry(name.clone()).or_default();
                *count += 1;
                let path = match *count {
                    1 => format!("{path}.{name}"),
                    count => format!("{path}.{name}[{count}]"),
                };
                collect_leaves(child, &path, leaves);
            }
        }
    }
    let text = text.trim();
    if seen.is_empty() || !text.is_empty() {
        leaves.push((path.to_owned(), text.to_owned()));
    }
}

fn write_element(element: &Element, text: &mut String) {
    text.push('<');
    text.push_str(&element.name);
    for (name, value) in &element.attributes {
        text.push(' ');
        text.push_str(name);
        text.push_str("=\"");
        text.push_str(&escape(value.as_str()));
        text.push('"');
    }
    if element.children.is_empty() {
        text.push_str("/>");
        return;
    }
    text.push('>');
    for child in &element.children {
        match child {
            Node::Element(child) => write_element(child, text),
            Node::Text(part) => text.push_str(&partial_escape(part.as_str())),
        }
    }
    text.push_str("</");
    text.push_str(&element.name);
    text.push('>');
}

/// Returns the name without its namespace prefix.
fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_survives_round_trip() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x=\"1 &amp; 2\"> <b>t &lt; u</b><c/></a>";
        assert_eq!(Document::parse(text).unwrap().write(), text);
    }

    #[test]
    fn character_data_is_decoded() {
        let document = Document::parse("<a><![CDATA[x < y]]>&#33;</a>").unwrap();
        assert_eq!(document.leaves(), [("a".to_owned(), "x < y!".to_owned())]);
    }

    #[test]
    fn leaves_ignore_white_space() {
        let tight = Document::parse("<a><b>1</b><b>2</b><c/></a>").unwrap();
        let loose = Document::parse("<a>\n  <b> 1 </b>\n  <b>2</b>\n  <c></c>\n</a>").unwrap();
        assert_eq!(tight.leaves(), loose.leaves());
        assert_eq!(tight.leaves()[1], ("a.b[2]".to_owned(), "2".to_owned()));
    }

    #[test]
    fn malformed_document_is_refused() {
        for text in [
            "",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "text",
            "<a>&nonsense;</a>",
            "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
        ] {
            assert_eq!(Document::parse(text), None, "{text}");
        }
    }

    #[test]
    fn edit_receives_path_from_root() {
        let mut document = Document::parse("<n:a><b k=\"1\">x</b></n:a>").unwrap();
        let mut seen = Vec::new();
        let changed = document.edit(&mut |path, value| {
            seen.push(format!("{}={value}", path.join("/")));
            "y".to_owned()
        });
        assert!(changed);
        assert_eq!(seen, ["a/b/k=1", "a/b=x"]);
        assert_eq!(document.write(), "<n:a><b k=\"y\">y</b></n:a>");
    }
}
