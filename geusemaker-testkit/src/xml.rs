//! XML documents: the one parser, and a tree that keeps enough of a document to change its text and write it back.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::{partial_escape, unescape};
use quick_xml::events::{BytesStart, Event};

/// Deeper than any AWS document, and shallow enough that no recursion over one can overflow the stack.
const MAX_DEPTH: usize = 64;

/// One XML document. Comments and processing instructions are not kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    declared: bool,
    pub(crate) root: Element,
}

/// An element of any document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element {
    /// The name, with its namespace prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

/// A child of an element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
}

impl Document {
    /// Parses a document with at most that many elements.
    ///
    /// # Errors
    /// Returns the problem with the document, in the parser's words where it has some.
    pub(crate) fn parse(document: &str, max_elements: usize) -> Result<Self, String> {
        let mut reader = Reader::from_str(document);
        let mut declared = false;
        let mut count = 0;
        // The first element stands for the document itself. Its children are the root and the white space around it.
        let mut open = vec![Element::named(String::new())];
        // References are separate events, so a text is complete only at the next tag.
        let mut escaped = String::new();
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
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
                // AWS sends no document type. An entity defined in one could hide anything, or grow without end.
                Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
                Event::Start(_) if open.len() > MAX_DEPTH => {
                    return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
                }
                Event::Start(_) | Event::Empty(_) if count == max_elements => {
                    return Err(format!("there are more than {max_elements} elements"));
                }
                Event::Start(tag) => {
                    count += 1;
                    add_text(&mut open, &mut escaped)?;
                    open.push(Element::from_tag(&tag)?);
                }
                Event::Empty(tag) => {
                    count += 1;
                    add_text(&mut open, &mut escaped)?;
                    add_child(&mut open, Node::Element(Element::from_tag(&tag)?));
                }
                Event::End(_) => {
                    add_text(&mut open, &mut escaped)?;
                    if let Some(element) = open.pop() {
                        add_child(&mut open, Node::Element(element));
                    }
                }
                Event::Eof => break,
            }
        }
        add_text(&mut open, &mut escaped)?;
        match (open.pop(), open.is_empty()) {
            (Some(document), true) => Ok(Self {
                declared,
                root: document.only_element()?,
            }),
            _ => Err("the document ends inside an element".to_owned()),
        }
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
        collect_leaves(&self.root, local(&self.root.name), &mut leaves);
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

    fn from_tag(tag: &BytesStart<'_>) -> Result<Self, String> {
        let mut element = Self::named(tag.name().as_ref().to_owned());
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = unescape(&attribute.value).map_err(|error| error.to_string())?;
            element
                .attributes
                .push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(element)
    }

    /// Returns the root of a document whose children these are.
    fn only_element(self) -> Result<Self, String> {
        let mut root = None;
        for child in self.children {
            match child {
                Node::Element(element) if root.is_none() => root = Some(element),
                Node::Element(_) => return Err("the document has more than one root".to_owned()),
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(text) => return Err(no_place(&text)),
            }
        }
        root.ok_or_else(|| "the document has no element".to_owned())
    }
}

/// Returns the problem with a text beside elements.
pub(crate) fn no_place(text: &str) -> String {
    format!("the text '{}' has no place", text.trim())
}

/// Adds the text that was read to the innermost open element.
fn add_text(open: &mut [Element], escaped: &mut String) -> Result<(), String> {
    if !escaped.is_empty() {
        let text = unescape(escaped).map_err(|error| error.to_string())?;
        add_child(open, Node::Text(text.into_owned()));
        escaped.clear();
    }
    Ok(())
}

fn add_child(open: &mut [Element], child: Node) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(child);
    }
}

fn edit_element(
    element: &mut Element,
    above: &[&str],
    edit: &mut impl FnMut(&[&str], &str) -> String,
) -> bool {
    let name = local(&element.name);
    let path: Vec<&str> = above.iter().copied().chain([name]).collect();
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
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    for child in &element.children {
        match child {
            Node::Text(part) => text.push_str(part),
            Node::Element(child) => {
                let name = local(&child.name);
                let count = seen.entry(name).or_default();
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
        push_escaped(text, value);
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
            Node::Text(part) => push_escaped(text, part),
        }
    }
    text.push_str("</");
    text.push_str(&element.name);
    text.push('>');
}

/// Returns the name without its namespace prefix.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Returns true if XML 1.0 can express the character.
pub(crate) fn is_character(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..
    )
}

/// Writes text so that it is read back unchanged: a literal carriage return would be read as the end of a line.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            other if is_character(other) => out.push(other),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, String> {
        Document::parse(text, 100)
    }

    #[test]
    fn document_survives_round_trip() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x=\"1 &amp; 2\"> <b>t &lt; u</b><c/></a>";
        assert_eq!(parse(text).unwrap().write(), text);
    }

    #[test]
    fn character_data_is_decoded() {
        let document = parse("<a><![CDATA[x < y]]>&#33;</a>").unwrap();
        assert_eq!(document.leaves(), [("a".to_owned(), "x < y!".to_owned())]);
    }

    #[test]
    fn leaves_ignore_white_space() {
        let tight = parse("<a><b>1</b><b>2</b><c/></a>").unwrap();
        let loose = parse("<a>\n  <b> 1 </b>\n  <b>2</b>\n  <c></c>\n</a>").unwrap();
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
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn edit_receives_path_from_root() {
        let mut document = parse("<n:a><b k=\"1\">x</b></n:a>").unwrap();
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
