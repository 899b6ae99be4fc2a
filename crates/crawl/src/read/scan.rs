//! One linear pass over a page's tags: what it says in the order in which it says it.
//!
//! A tokenizer rather than a tree, because a tree of hostile markup costs quadratic time in every conforming parser
//! (deep nesting, thousands of attributes, misnested formatting), and links and players need none. The tree is built
//! for the main text alone, and only where this pass found the page sane.

use super::element::{Element, breaks, is_stage, labelled, matters, spans, void};
use html5gum::emitters::ForwardingEmitter;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, Span, Tokenizer};
use std::borrow::Cow;
use std::convert::Infallible;

/// Elements kept of one page; a page of ten megabytes holds at most about a million.
const MAX_ELEMENTS: usize = 200_000;
/// Attributes kept of one element.
const MAX_ATTRIBUTES: usize = 64;
/// Bytes of visible text kept.
const MAX_TEXT: usize = 4 * 1024 * 1024;
/// `<noscript>` and the like are scanned as markup inside markup, this deep.
const MAX_INNER: u8 = 3;

/// A script, with what its tag says of it.
#[derive(Debug)]
pub(super) struct Script {
    /// The `type` attribute, lower case.
    pub kind: String,
    pub body: String,
}

/// A page, flattened.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub title: String,
    /// Visible text; blocks end with a newline.
    pub text: String,
    pub elements: Vec<Element>,
    pub scripts: Vec<Script>,
    /// Number of start tags, kept or not.
    pub tags: usize,
    /// Tags open at once, at most, as far as a flat pass can tell.
    pub depth: usize,
    /// Attributes of one tag, at most.
    pub attributes: usize,
    /// Does an element say that a script is to build a player there?
    pub stage: bool,
    pub remarks: Vec<String>,
    raw: Raw,
    current: Element,
    attribute: Box<str>,
    kept_attributes: usize,
    kind: String,
    open: Vec<usize>,
    level: usize,
    inner: u8,
}

/// What the text between two tags belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Raw {
    #[default]
    Text,
    Title,
    Script,
    /// Markup that browsers with scripts do not show.
    Markup,
    Ignored,
}

impl Scan {
    pub fn of(html: &str) -> Scan {
        let mut scan = Scan::default();
        scan.run(html);
        scan.current = Element::default();
        for open in std::mem::take(&mut scan.open) {
            scan.elements[open].end = scan.text.len();
        }
        scan
    }

    /// The visible text of an element that has an end, white space folded.
    pub fn text_of(&self, element: &Element) -> String {
        fold(&self.text[element.start..element.end])
    }

    /// The text after a position, `bytes` long at most, cut at characters.
    pub fn text_after(&self, at: usize, bytes: usize) -> &str {
        let at = self.boundary(at);
        &self.text[at..self.boundary(at.saturating_add(bytes))]
    }

    /// The text before a position, `bytes` long at most, cut at characters.
    pub fn text_before(&self, at: usize, bytes: usize) -> &str {
        let at = self.boundary(at);
        &self.text[self.boundary(at.saturating_sub(bytes))..at]
    }

    /// The beginning of the character in which a position lies.
    fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Elements of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| &*element.name == name)
    }

    /// The content of the first `<meta>` that bears one of these names (`name`, `property`, `itemprop`, `http-equiv`),
    /// in the order of the names.
    pub fn meta(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.named_meta(name).next())
    }

    /// The contents of every `<meta>` of this name.
    pub fn metas(&self, name: &str) -> Vec<&str> {
        self.named_meta(name).collect()
    }

    fn named_meta<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.named("meta").filter_map(move |meta| {
            let named = ["property", "name", "itemprop", "http-equiv"].iter().any(|key| {
                meta.get(key)
                    .is_some_and(|value| value.trim().eq_ignore_ascii_case(name))
            });
            named
                .then(|| meta.get("content"))
                .flatten()
                .map(str::trim)
                .filter(|content| !content.is_empty())
        })
    }

    fn run(&mut self, html: &str) {
        let mut emitter =
            CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
                self.event(event);
                None
            });
        emitter.naively_switch_states(true);
        let Ok(()) = Tokenizer::new_with_emitter(html, Unasked(emitter)).finish();
    }

    fn event(&mut self, event: CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.begin(name),
            CallbackEvent::AttributeName { name } => self.attribute_name(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { self_closing } => self.opened(self_closing),
            CallbackEvent::EndTag { name } => self.end(name),
            CallbackEvent::String { value } => self.string(value),
            _ => {}
        }
    }

    fn begin(&mut self, name: &[u8]) {
        self.tags += 1;
        self.kept_attributes = 0;
        self.attribute = Box::default();
        self.current = Element {
            name: text(name).into(),
            start: self.text.len(),
            ..Element::default()
        };
    }

    fn attribute_name(&mut self, name: &[u8]) {
        self.kept_attributes += 1;
        self.attributes = self.attributes.max(self.kept_attributes);
        self.attribute = Box::default();
        if self.kept_attributes <= MAX_ATTRIBUTES && !self.current.name.is_empty() {
            let name: Box<str> = text(name).into();
            // The first of two attributes of one name counts (HTML, "attribute name state").
            if self.current.get(&name).is_none() {
                self.current.attributes.push((name.clone(), Box::default()));
                self.attribute = name;
            }
        }
    }

    fn attribute_value(&mut self, value: &[u8]) {
        if !self.attribute.is_empty()
            && let Some(last) = self.current.attributes.last_mut()
        {
            last.1 = text(value).into();
        }
        self.attribute = Box::default();
    }

    fn opened(&mut self, self_closing: bool) {
        let mut element = std::mem::take(&mut self.current);
        let name = element.name.clone();
        if breaks(&name) {
            self.newline();
            element.start = self.text.len();
        }
        if matches!(&*name, "td" | "th") {
            self.push_text(" ");
        }
        element.end = element.start;
        self.raw = match &*name {
            "title" if self.title.is_empty() => Raw::Title,
            "script" => {
                self.kind = element
                    .get("type")
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase();
                Raw::Script
            }
            "noscript" | "noframe" => Raw::Markup,
            "title" | "style" | "textarea" | "iframe" | "xmp" | "noembed" | "plaintext" => Raw::Ignored,
            _ => Raw::Text,
        };
        if !void(&name) && !self_closing {
            self.level += 1;
            self.depth = self.depth.max(self.level);
        }
        if name.as_ref() == "img"
            && let Some(alt) = element.get("alt").filter(|_| !self.open.is_empty())
        {
            // A link that holds nothing but a picture is known by the picture's text.
            let alt = format!(" {} ", alt.trim());
            self.push_text(&alt);
        }
        self.stage |= is_stage(&element);
        if !matters(&element) {
            return;
        }
        if self.elements.len() == MAX_ELEMENTS {
            if self.remarks.is_empty() {
                self.remarks.push(format!(
                    "more than {MAX_ELEMENTS} elements; the rest of the page was not read"
                ));
            }
            return;
        }
        element.inside = self.open.last().copied();
        if (spans(&name) || labelled(&element)) && !self_closing {
            // A link inside a link ends the outer one (HTML, "in body").
            if &*name == "a" {
                self.close("a");
            }
            if self.open.len() < 64 {
                self.open.push(self.elements.len());
            }
        }
        self.elements.push(element);
    }

    fn end(&mut self, name: &[u8]) {
        let name = text(name);
        self.level = self.level.saturating_sub(1);
        self.raw = Raw::Text;
        self.close(&name);
        if breaks(&name) {
            self.newline();
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(at) = self
            .open
            .iter()
            .rposition(|&open| &*self.elements[open].name == name)
        {
            for open in self.open.drain(at..) {
                self.elements[open].end = self.text.len();
            }
        }
    }

    fn string(&mut self, value: &[u8]) {
        match self.raw {
            Raw::Text => self.push_text(&text(value)),
            Raw::Title => self.title = fold(&text(value)),
            Raw::Script => {
                let script = Script {
                    kind: std::mem::take(&mut self.kind),
                    body: text(value).into_owned(),
                };
                self.scripts.push(script);
            }
            Raw::Markup if self.inner < MAX_INNER => {
                let markup = text(value).into_owned();
                self.inner += 1;
                self.raw = Raw::Text;
                self.run(&markup);
                self.inner -= 1;
            }
            Raw::Markup | Raw::Ignored => {}
        }
    }

    fn push_text(&mut self, value: &str) {
        let mut room = MAX_TEXT.saturating_sub(self.text.len()).min(value.len());
        while !value.is_char_boundary(room) {
            room -= 1;
        }
        self.text.push_str(&value[..room]);
    }

    fn newline(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') && self.text.len() < MAX_TEXT {
            self.text.push('\n');
        }
    }
}

/// Nobody asks what is wrong with a page; the tokenizer would look at every byte a second time to say it.
struct Unasked<E>(E);

impl<E: Emitter> ForwardingEmitter for Unasked<E> {
    type Token = E::Token;

    fn inner(&mut self) -> &mut impl Emitter<Token = Self::Token> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    // What a tokenizer cuts out of text is text; to look for the place where it is none is the slower way.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// White space folded to single spaces, none at the ends.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_links_keep_their_order() {
        let scan =
            Scan::of("<title> A &amp; B </title><p>one <a href=x>two <b>three</b></a> four</p><p>five");
        assert_eq!(scan.title, "A & B");
        assert_eq!(scan.text, "one two three four\nfive");
        let link = scan.named("a").next().unwrap();
        assert_eq!(scan.text_of(link), "two three");
        assert_eq!(scan.text_after(link.end, 100), " four\nfive");
    }

    #[test]
    fn comments_and_scripts_are_no_markup_but_noscript_is() {
        let scan = Scan::of(
            "<!-- <a href=c> --><script>'<a href=s>'</script><noscript><a href=n>x</a></noscript><a href=y>",
        );
        let links: Vec<_> = scan.named("a").map(|a| a.get("href").unwrap()).collect();
        assert_eq!(links, ["n", "y"]);
        assert_eq!(scan.scripts[0].body, "'<a href=s>'");
    }

    #[test]
    fn depth_and_attributes_are_measured() {
        let scan = Scan::of(&"<div>".repeat(5000));
        assert_eq!((scan.depth, scan.tags), (5000, 5000));
        let many: String = (0..1000).map(|n| format!(" a{n}=1")).collect();
        let scan = Scan::of(&format!("<a{many} href=x>"));
        assert_eq!(scan.attributes, 1001);
    }
}
