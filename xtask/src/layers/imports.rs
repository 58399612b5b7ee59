//! The paths that a source file names inside its own crate.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::vec::IntoIter;

/// A path that begins in the crate, as the file spells it once `self` and `super` are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The segments after `crate`.
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// True for `pub use`, with which a module shows the items of other files as its own.
    pub(super) reexported: bool,
}

/// The facts about one file that the checks need.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) imports: Vec<Import>,
    /// The names that `use` brings into the module, with the path that each stands for.
    pub(super) names: BTreeMap<String, Vec<String>>,
    /// The child modules that are compiled for tests only.
    pub(super) test_modules: BTreeSet<String>,
}

impl Source {
    /// Reads the text of the file of `module`. Code that is compiled for tests only is left out.
    pub(super) fn read(text: &str, module: &[String]) -> Self {
        let tokens = tokens(text);
        let children = tokens
            .windows(3)
            .filter(|tokens| tokens[0].text == "mod" && tokens[2].text == ";")
            .map(|tokens| tokens[1].text.clone())
            .collect();
        let mut reader = Reader {
            tokens: tokens.into_iter().peekable(),
            module: module.to_vec(),
            children,
            inline: Vec::new(),
            depth: 0,
            previous: String::new(),
            source: Self::default(),
        };
        reader.read();
        reader.source
    }
}

#[derive(Clone, Debug)]
struct Token {
    text: String,
    line: usize,
}

struct Reader {
    tokens: Peekable<IntoIter<Token>>,
    /// The module of the file, and the inline modules around the current token.
    module: Vec<String>,
    /// The modules that the file declares, and that therefore stand in files of their own.
    children: BTreeSet<String>,
    /// The depths at which inline modules end.
    inline: Vec<usize>,
    depth: usize,
    previous: String,
    source: Source,
}

impl Reader {
    fn read(&mut self) {
        let mut public = false;
        while let Some(token) = self.tokens.next() {
            match token.text.as_str() {
                "#" => self.attribute(),
                "{" => self.depth += 1,
                "}" => self.close(),
                "mod" => self.open_module(),
                "pub" => {
                    public = true;
                    self.skip_restriction();
                }
                "use" => {
                    self.use_item(public);
                    public = false;
                }
                _ => {
                    public = false;
                    self.path(&token);
                }
            }
            self.previous = token.text;
        }
    }

    /// Skips the `(crate)` or `(in crate::spec)` of `pub(crate)` and `pub(in crate::spec)`.
    fn skip_restriction(&mut self) {
        if self.peek() == "(" {
            self.skip_group("(", ")");
        }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.inline.last() == Some(&self.depth) {
            self.inline.pop();
            self.module.pop();
        }
    }

    /// Enters an inline module. A module in a file of its own needs nothing.
    fn open_module(&mut self) {
        let Some(name) = self.tokens.next() else {
            return;
        };
        if self.peek() == "{" {
            self.inline.push(self.depth);
            self.module.push(name.text);
        }
    }

    /// Reads an attribute, and skips the item below one that compiles it for tests only.
    fn attribute(&mut self) {
        if self.peek() == "!" {
            self.tokens.next();
        }
        if self.peek() != "[" {
            return;
        }
        let words = self.skip_group("[", "]");
        let tests_only =
            words.starts_with("cfg ( test )") || words.starts_with("cfg ( all ( test ");
        if tests_only {
            self.skip_item();
        }
    }

    /// Skips an item up to its `;` or the end of its braces.
    fn skip_item(&mut self) {
        let mut words = Vec::new();
        loop {
            match self.peek() {
                "" => return,
                ";" => {
                    self.tokens.next();
                    if let [.., keyword, name] = words.as_slice()
                        && keyword == "mod"
                    {
                        self.source.test_modules.insert(String::clone(name));
                    }
                    return;
                }
                "{" => {
                    self.skip_group("{", "}");
                    if self.peek() != ";" {
                        return;
                    }
                }
                "}" => return,
                _ => words.extend(self.tokens.next().map(|token| token.text)),
            }
        }
    }

    /// Skips a group with its delimiters, and returns the tokens inside.
    fn skip_group(&mut self, open: &str, close: &str) -> String {
        let mut depth = 0;
        let mut inside = Vec::new();
        for token in self.tokens.by_ref() {
            if token.text == open {
                depth += 1;
            } else if token.text == close {
                depth -= 1;
            }
            if depth == 0 {
                break;
            }
            inside.push(token.text);
        }
        inside.get(1..).unwrap_or_default().join(" ")
    }

    fn use_item(&mut self, public: bool) {
        if let Some(first) = self.tokens.next() {
            self.tree(first, None, public);
        }
    }

    /// Reads a path outside of `use`. Only one that begins in the crate for certain counts.
    fn path(&mut self, token: &Token) {
        if self.previous == "::" || self.peek() != "::" {
            return;
        }
        if let Some(mut path) = self.beginning(&token.text) {
            while self.peek() == "::" {
                self.tokens.next();
                let Some(next) = self.tokens.next() else {
                    break;
                };
                if !is_identifier(&next.text) {
                    break;
                }
                extend(&mut path, next.text);
            }
            self.import(path, token.line, false);
        }
    }

    /// Reads one tree of a `use` item: a path, which may end in a group. Paths into other crates are skipped.
    fn tree(&mut self, first: Token, parent: Option<&[String]>, public: bool) {
        let line = first.line;
        let mut name = first.text.clone();
        let mut path = match parent {
            None => self.beginning(&first.text),
            Some(parent) => {
                let mut path = parent.to_vec();
                extend(&mut path, first.text);
                Some(path)
            }
        };
        while self.peek() == "::" {
            self.tokens.next();
            let Some(next) = self.tokens.next() else {
                return;
            };
            if next.text == "{" {
                return match path {
                    Some(path) => self.group(&path, public),
                    None => self.skip_rest_of_group(),
                };
            }
            name.clone_from(&next.text);
            if let Some(path) = &mut path {
                extend(path, next.text);
            }
        }
        if self.peek() == "as" {
            self.tokens.next();
            if let Some(renamed) = self.tokens.next() {
                name = renamed.text;
            }
        }
        let Some(path) = path else {
            return;
        };
        if name == "self" {
            name = path.last().cloned().unwrap_or_default();
        }
        if self.inline.is_empty() {
            self.source.names.insert(name, path.clone());
        }
        self.import(path, line, public);
    }

    fn group(&mut self, parent: &[String], public: bool) {
        while let Some(token) = self.tokens.next() {
            match token.text.as_str() {
                "}" => return,
                "," => {}
                _ => self.tree(token, Some(parent), public),
            }
        }
    }

    fn skip_rest_of_group(&mut self) {
        let mut depth = 1;
        for token in self.tokens.by_ref() {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Returns the module that a path's first segment stands for, or nothing for another crate.
    fn beginning(&self, word: &str) -> Option<Vec<String>> {
        match word {
            "crate" => Some(Vec::new()),
            "self" => Some(self.module.clone()),
            "super" => {
                let mut module = self.module.clone();
                module.pop();
                Some(module)
            }
            child if self.inline.is_empty() && self.children.contains(child) => {
                let mut module = self.module.clone();
                module.push(child.to_owned());
                Some(module)
            }
            _ => None,
        }
    }

    fn import(&mut self, path: Vec<String>, line: usize, reexported: bool) {
        self.source.imports.push(Import {
            path,
            line,
            reexported,
        });
    }

    fn peek(&mut self) -> &str {
        self.tokens.peek().map_or("", |token| token.text.as_str())
    }
}

/// Appends a segment to a path; `super` takes one away, and `self` and `*` stand for the module itself.
fn extend(path: &mut Vec<String>, segment: String) {
    match segment.as_str() {
        "super" => {
            path.pop();
        }
        "self" | "*" => {}
        _ => path.push(segment),
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Splits a text into identifiers, `::` and single characters, without comments, strings and numbers.
fn tokens(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(&first) = characters.get(at) {
        let rest = &characters[at..];
        let length = match first {
            '/' if rest.starts_with(&['/', '/']) => length_until(rest, |c| c == '\n'),
            '/' if rest.starts_with(&['/', '*']) => block_comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if raw_string(rest).is_some() => raw_string(rest).unwrap_or(1),
            '\'' => character_or_lifetime(rest),
            _ if first.is_alphanumeric() || first == '_' => {
                length_until(rest, |c| !c.is_alphanumeric() && c != '_')
            }
            ':' if rest.starts_with(&[':', ':']) => 2,
            _ => 1,
        };
        let token: String = rest[..length].iter().collect();
        let lines = token.matches('\n').count();
        let is_kept = is_identifier(&token) && !token.contains(['"', '\''])
            || token == "::"
            || length == 1 && first.is_ascii_punctuation();
        if is_kept {
            tokens.push(Token { text: token, line });
        }
        line += lines;
        at += length;
    }
    tokens
}

fn length_until(text: &[char], ends: impl Fn(char) -> bool) -> usize {
    text.iter()
        .position(|&character| ends(character))
        .unwrap_or(text.len())
}

fn block_comment(text: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn string(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Returns the length of a string with a prefix (`r#"…"#`, `b"…"`), or nothing if the text does not begin with one.
fn raw_string(text: &[char]) -> Option<usize> {
    let letters = length_until(text, |c| !matches!(c, 'r' | 'b' | 'c'));
    let hashes = length_until(&text[letters..], |c| c != '#');
    let quote = letters + hashes;
    if text.get(quote) != Some(&'"') {
        return None;
    }
    if !text[..letters].contains(&'r') {
        return Some(quote + string(&text[quote..]));
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let body = &text[quote + 1..];
    let length = body
        .windows(end.len())
        .position(|window| window == end)
        .map_or(body.len(), |at| at + end.len());
    Some(quote + 1 + length)
}

fn character_or_lifetime(text: &[char]) -> usize {
    match text {
        [_, '\\', ..] => 3 + length_until(&text[3.min(text.len())..], |c| c == '\''),
        [_, _, '\'', ..] => 3,
        _ => 1 + length_until(&text[1..], |c| !c.is_alphanumeric() && c != '_'),
    }
    .min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, usize, bool)> {
        let module = ["ledger".to_owned(), "undo".to_owned()];
        let source = Source::read(text, &module);
        let import = |import: Import| (import.path.join("::"), import.line, import.reexported);
        source.imports.into_iter().map(import).collect()
    }

    fn paths(text: &str) -> Vec<String> {
        read(text).into_iter().map(|(path, ..)| path).collect()
    }

    #[test]
    fn use_items_are_expanded() {
        let text = "use std::{fmt, crate_like::x};\n\
                    use crate::{aws::{error::AwsError, clients}, id::*};\n\
                    pub(crate) use super::state::{self, State as S};";
        assert_eq!(
            read(text),
            [
                ("aws::error::AwsError".to_owned(), 2, false),
                ("aws::clients".to_owned(), 2, false),
                ("id".to_owned(), 2, false),
                ("ledger::state".to_owned(), 3, true),
                ("ledger::state::State".to_owned(), 3, true),
            ]
        );
    }

    #[test]
    fn paths_in_code_count() {
        let text = "fn f() -> crate::error::Error { super::super::plan::new(std::x::y()) }\n\
                    macro_rules! m { () => { $crate::spec::SpecError } }";
        assert_eq!(
            paths(text),
            ["error::Error", "plan::new", "spec::SpecError"]
        );
    }

    #[test]
    fn comments_and_texts_do_not_count() {
        let text = "//! [`crate::a`]\n/* crate::b /* crate::c */ crate::d */\n\
                    const T: &str = \"crate::e \\\" crate::f\"; const R: &str = r#\"crate::g \" \"#;\n\
                    fn f<'a>(x: &'a str) { g('\"', '\\'', b'x'); crate::h::i() }";
        assert_eq!(read(text), [("h::i".to_owned(), 4, false)]);
    }

    #[test]
    fn test_code_does_not_count() {
        let text = "#[cfg(test)]\nmod race;\n#[cfg(test)]\nuse crate::a::{b, c};\n\
                    #[cfg(test)]\n#[allow(x)]\npub(crate) fn f() { crate::d::e() }\n\
                    use crate::f::g;\n#[cfg(test)]\nmod tests { use crate::h::i; mod m { } }\nuse crate::j::k;";
        let source = Source::read(text, &["ledger".to_owned()]);
        assert_eq!(paths(text), ["f::g", "j::k"]);
        assert!(source.test_modules.contains("race"));
    }

    #[test]
    fn visibility_is_no_import() {
        assert_eq!(
            paths("pub(in crate::ledger) struct A; pub(crate) fn b() {}"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn inline_module_shifts_super() {
        let text =
            "mod sealed { use super::State; use super::super::plan::Plan; }\nuse super::a::B;";
        assert_eq!(
            paths(text),
            ["ledger::undo::State", "ledger::plan::Plan", "ledger::a::B"]
        );
    }

    #[test]
    fn declared_module_begins_path() {
        let text =
            "mod claim;\npub use claim::Holder;\nfn f() { claim::take() }\nuse other::Thing;";
        assert_eq!(
            paths(text),
            ["ledger::undo::claim::Holder", "ledger::undo::claim::take"]
        );
    }
}
