//! The trees of the sites: what stands at which address.

use crate::pages::{Face, Page};
use crate::plan::Declared;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What stands at an address.
#[derive(Clone, Debug)]
pub enum Resource {
    /// A page.
    Page(Box<Page>),
    /// A file of a type; `copy` is taken away with the copy, `moved` appears when the copy moves.
    File {
        file: PathBuf,
        media_type: &'static str,
        copy: Option<usize>,
        moved: bool,
    },
    /// Text as it stands.
    Text(String, &'static str),
    /// A redirect to another address.
    Redirect(String),
    /// Something that does not work.
    Broken(Fault),
}

/// Ways in which a server fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 500, always.
    Error,
    /// 503 the first time, then the page below `/real`.
    Flaky,
    /// The connection closes in the middle of the body.
    Cut,
    /// A byte now and then.
    Drip,
}

/// How a removed page answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// 404.
    NotFound,
    /// 410.
    Gone,
    /// 200 with a page that says so; the file is 404.
    Notice,
}

/// A virtual host.
#[derive(Clone, Debug)]
pub struct Host {
    pub face: Face,
    pub charset: String,
    pub declared: Declared,
    pub gzip: bool,
    /// Milliseconds before each answer.
    pub delay: u64,
    /// Does it have an endless calendar?
    pub trap: bool,
    pub farewell: Farewell,
    /// By path and query.
    pub tree: BTreeMap<String, Resource>,
    /// Folders of stream segments, by path with a slash at the end: folder, copy, moved.
    pub folders: BTreeMap<String, (PathBuf, Option<usize>, bool)>,
}

impl Host {
    /// The pages that a crawler can reach, in the order of their paths.
    pub fn pages(&self) -> impl Iterator<Item = (&String, &Page)> {
        self.tree.iter().filter_map(|(path, resource)| match resource {
            Resource::Page(page) => Some((path, page.as_ref())),
            _ => None,
        })
    }
}

/// The type of a file, by its ending.
pub fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "mp4" => "video/mp4",
        "m3u8" => "application/vnd.apple.mpegurl",
        "ts" => "video/mp2t",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "m4a" => "audio/mp4",
        "jpg" => "image/jpeg",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}
