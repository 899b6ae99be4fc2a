//! The strings of a script, with what they are called there: `{video: {url: "…"}}` has one called `url` in an object
//! called `video`.
//!
//! No script is run. What pages hide addresses behind is undone where it needs no running: sums of strings, `join`,
//! `reverse`, `atob`, `unescape`, `String.fromCharCode`, constants, and Edwards' packer.

mod fold;
mod lexer;
mod packer;

pub(super) use fold::{base64_decoded, unescaped};

use fold::Folder;
use lexer::{Token, tokens};

/// A string.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    /// The property, variable, or function to which it is given; empty when none.
    pub key: String,
    pub text: String,
    /// The object in which it stands.
    pub object: usize,
}

/// An object literal (or the script itself, which is the first).
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    /// The property, variable or function to which it is given.
    pub key: String,
    pub parent: usize,
    /// Its first strings, by their place among the script's values.
    values: Vec<usize>,
}

/// Strings of one object that its neighbours can be asked for: a playlist's entry has a dozen, a minified script's
/// outermost object has all of them.
const MAX_NEIGHBOURS: usize = 48;

/// The strings of a script, in its order.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub values: Vec<Value>,
    pub objects: Vec<Object>,
    /// Words that stand before a parenthesis or after `new`: what the script calls.
    pub calls: Vec<String>,
    /// Is one of them a player? Whoever asks says so.
    pub plays: bool,
    /// Does it make frames?
    pub frames: bool,
    /// Does it ask for the whole screen?
    pub full_screen: bool,
    /// Bytes of strings that may still be kept.
    left: usize,
}

impl Script {
    /// Keeps a string, as long as all of them are not much longer than the script: constants repeat.
    fn keep(&mut self, value: Value) {
        self.left = self.left.saturating_sub(value.text.len() + value.key.len() + 1);
        if self.left > 0 {
            let neighbours = &mut self.objects[value.object].values;
            if neighbours.len() < MAX_NEIGHBOURS {
                neighbours.push(self.values.len());
            }
            self.values.push(value);
        }
    }

    /// The value of a property of the same object.
    pub fn sibling(&self, value: &Value, keys: &[&str]) -> Option<&str> {
        self.property(value.object, keys)
    }

    /// The value of the first of these properties that an object has.
    pub fn property(&self, object: usize, keys: &[&str]) -> Option<&str> {
        let values = || self.objects[object].values.iter().map(|&at| &self.values[at]);
        keys.iter().find_map(|key| {
            values()
                .find(|value| value.key.eq_ignore_ascii_case(key) && !value.text.trim().is_empty())
                .map(|value| value.text.as_str())
        })
    }

    /// The names of the objects around a value, the nearest first.
    pub fn around(&self, value: &Value) -> impl Iterator<Item = &str> {
        let mut at = value.object;
        let mut left = 4;
        std::iter::from_fn(move || {
            if left == 0 || at == 0 {
                return None;
            }
            left -= 1;
            let object = &self.objects[at];
            at = object.parent;
            Some(object.key.as_str())
        })
    }
}

/// Reads a script, or JSON.
pub(super) fn read(source: &str) -> Script {
    let left = 2 * source.len() + 256 * 1024;
    let mut script = Script {
        objects: vec![Object::default()],
        frames: source.contains("createElement") && source.contains("iframe"),
        full_screen: ["allowfullscreen", "allowFullscreen", "allowFullScreen"]
            .iter()
            .any(|word| source.contains(word)),
        left,
        ..Script::default()
    };
    collect(source, &mut script, 0);
    script
}

fn collect(source: &str, script: &mut Script, depth: u8) {
    if depth < 3 {
        for packed in packer::unpack(source) {
            collect(&packed, script, depth + 1);
        }
    }
    let tokens = tokens(source);
    let mut folder = Folder::new(&tokens);
    // Brackets open now: the object that a brace opened, or none.
    let mut open: Vec<(Option<usize>, String)> = Vec::new();
    let mut object = 0;
    let mut key = String::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        match token {
            Token::Mark('{') => {
                let parent = object;
                object = script.objects.len();
                let name = if key.is_empty() {
                    open.last().map(|(_, key)| key.clone()).unwrap_or_default()
                } else {
                    std::mem::take(&mut key)
                };
                script.objects.push(Object {
                    key: name,
                    parent,
                    values: Vec::new(),
                });
                open.push((Some(parent), String::new()));
                at += 1;
            }
            Token::Mark('}') => {
                // An unmatched closing mark closes what is open, as long as anything is.
                while let Some((parent, _)) = open.pop() {
                    if let Some(parent) = parent {
                        object = parent;
                        break;
                    }
                }
                key.clear();
                at += 1;
            }
            Token::Text(_) | Token::Word(_)
                if next == Some(&Token::Mark(':'))
                    && !matches!(tokens.get(at.wrapping_sub(1)), Some(Token::Mark('?'))) =>
            {
                key = match token {
                    Token::Text(text) => text.clone(),
                    Token::Word(word) => (*word).to_owned(),
                    _ => String::new(),
                };
                at += 2;
            }
            Token::Word(word)
                if next == Some(&Token::Mark('='))
                    && !matches!(tokens.get(at + 2), Some(Token::Mark('=' | '>'))) =>
            {
                key = (*word).to_owned();
                at += 2;
            }
            Token::Mark('=') if !matches!(next, Some(Token::Mark('=' | '>'))) => {
                // `a["src"] = …`: the key is the string in the brackets.
                if let (Some(Token::Text(name)), Some(Token::Mark(']'))) =
                    (tokens.get(at.wrapping_sub(2)), tokens.get(at.wrapping_sub(1)))
                {
                    key = name.clone();
                }
                at += 1;
            }
            _ => {
                if let Some((text, end)) = folder.value(at) {
                    if !key.is_empty() {
                        folder.name(&key, &text);
                    } else if let Some((_, around)) = open.last() {
                        // `load("…")`, `src: ["…", "…"]`: the function or the list names what is in it.
                        key = around.clone();
                    }
                    let used = std::mem::take(&mut key);
                    let follows_comma = tokens.get(end) == Some(&Token::Mark(','));
                    if follows_comma
                        && open
                            .last()
                            .is_some_and(|(parent, call)| parent.is_none() && call == "setAttribute")
                    {
                        key = text.clone();
                    }
                    script.keep(Value {
                        key: used,
                        text,
                        object,
                    });
                    at = end.max(at + 1);
                    if tokens.get(at) == Some(&Token::Mark(',')) && !key.is_empty() {
                        at += 1;
                    }
                    continue;
                }
                match token {
                    Token::Word(word) if next == Some(&Token::Mark('(')) => {
                        script.calls.push((*word).to_owned());
                        key.clear();
                        open.push((None, (*word).to_owned()));
                        at += 2;
                        continue;
                    }
                    Token::Mark('[') | Token::Mark('(') => {
                        folder.name_list(&key, at);
                        open.push((None, std::mem::take(&mut key)))
                    }
                    Token::Mark(']') | Token::Mark(')') => {
                        if open.last().is_some_and(|(parent, _)| parent.is_none()) {
                            open.pop();
                        }
                        key.clear();
                    }
                    Token::Mark(',') | Token::Mark(';') => key.clear(),
                    _ => {}
                }
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &str) -> Vec<(String, String)> {
        read(source)
            .values
            .into_iter()
            .map(|value| (value.key, value.text))
            .collect()
    }

    #[test]
    fn strings_have_names_and_neighbours() {
        let script = read(r#"var dp = new DPlayer({video: {url: '/v/p.m3u8', type: "hls"}, lang: 'zh'})"#);
        let url = &script.values[0];
        assert_eq!((url.key.as_str(), url.text.as_str()), ("url", "/v/p.m3u8"));
        assert_eq!(script.sibling(url, &["type"]), Some("hls"));
        assert_eq!(script.around(url).collect::<Vec<_>>(), ["video", "DPlayer"]);
        assert_eq!(script.calls, ["DPlayer"]);
    }

    #[test]
    fn sums_and_calls_are_folded() {
        for (source, value) in [
            (r#"e.src = "/v/" + ["v","mp4"].join(".")"#, "/v/v.mp4"),
            (
                r#"var b = 'http://c/'; p.src = b + 'a' + 1 + '.mp4'"#,
                "http://c/a1.mp4",
            ),
            (r#"x = `${b}/v.mp4`"#, "/v.mp4"),
            (r#"x = atob('aHR0cDovL2MvYS5tcDQ=')"#, "http://c/a.mp4"),
            (
                r#"x = unescape("http%3A%2F%2Fc%2F%u4e2d.mp4")"#,
                "http://c/中.mp4",
            ),
            (r#"x = decodeURIComponent("%2Fa.mp4")"#, "/a.mp4"),
            (r#"x = String.fromCharCode(47, 97, 46, 109, 112, 52)"#, "/a.mp4"),
            (r#"x = "4pm.a/".split("").reverse().join("")"#, "/a.mp4"),
            (r#"x = "/a!.mp4".replace("!", "")"#, "/a.mp4"),
            (r#"e.setAttribute("src", "/a.mp4")"#, "/a.mp4"),
        ] {
            let values = all(source);
            assert!(
                values.iter().any(|(_, text)| text == value),
                "{source}: {values:?}"
            );
        }
    }

    #[test]
    fn packed_scripts_are_unpacked() {
        let source = r#"eval(function(p,a,c,k,e,d){e=function(c){return c};while(c--){}return p}('0 1={2:"3://4/5.6"};',7,7,'var|player|url|http|c|a|m3u8'.split('|'),0,{}))"#;
        assert!(
            all(source).contains(&("url".into(), "http://c/a.m3u8".into())),
            "{:?}",
            all(source)
        );
    }

    #[test]
    fn json_is_read_too() {
        assert_eq!(
            all(r#"{"u":"http:\/\/c\/a.mp4"}"#),
            [("u".into(), "http://c/a.mp4".into())]
        );
    }

    #[test]
    fn doubling_strings_stay_small() {
        let source = format!("var a='{}';{}", "x".repeat(1000), "a=a+a;".repeat(100));
        let total: usize = read(&source).values.iter().map(|value| value.text.len()).sum();
        assert!(total < 20_000_000);
    }
}
