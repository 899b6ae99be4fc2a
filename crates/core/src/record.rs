//! The records that a store keeps, and what each can be found by.

use crate::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One file of the recognition index: an immutable segment over some references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Derived from medium and blob.
    pub id: SegmentId,
    /// What it indexes.
    pub medium: Medium,
    /// Version of its form.
    pub version: u16,
    /// Where the vault keeps it.
    pub blob: Sha256Hex,
    /// The references in it; one whose work was taken out of the register no longer answers.
    pub references: Vec<ReferenceId>,
}

/// The columns by which records are found. What does not apply is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    /// The record above it: a visit's patrol, a page's visit, an exhibit's or notice's finding, an outcome's notice, an
    /// entry's exhibit.
    pub parent: String,
    /// The site.
    pub site: String,
    /// The work.
    pub work: String,
    /// The state, verdict or medium: the closed word by which lists of this kind are narrowed.
    pub state: String,
    /// The moment by which it sorts.
    pub at: Option<Timestamp>,
    /// When something must have happened: a notice's deadline or next re-check; since when an exhibit awaits a time-stamp.
    pub due: Option<Timestamp>,
}

/// A kind of record that a store keeps.
pub trait Noun: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Its identifier.
    fn id(&self) -> &str;
    /// What it is found by.
    fn keys(&self) -> Keys;
    /// As one record among all.
    fn into_record(self) -> Record;
    /// Out of a record of this kind.
    fn from_record(record: Record) -> Option<Self>;
}

macro_rules! nouns {
    ($($noun:ident = $key:literal, |$n:ident| $keys:expr;)*) => {
        /// Kinds of record; each has a table of its own, named by the key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum Kind { $(#[serde(rename = $key)] $noun,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$noun,)*];
            /// Name of the kind's table.
            pub fn key(self) -> &'static str {
                match self { $(Kind::$noun => $key,)* }
            }
        }

        /// A record of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "body")]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum Record { $(#[serde(rename = $key)] $noun($noun),)* }

        impl Record {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Record::$noun(_) => Kind::$noun,)* }
            }
            /// Its identifier.
            pub fn id(&self) -> &str {
                match self { $(Record::$noun(n) => Noun::id(n),)* }
            }
            /// What it is found by.
            pub fn keys(&self) -> Keys {
                match self { $(Record::$noun(n) => n.keys(),)* }
            }
            /// Its body as JSON.
            pub fn body(&self) -> serde_json::Result<String> {
                match self { $(Record::$noun(n) => serde_json::to_string(n),)* }
            }
            /// A record from its kind and body.
            pub fn from_body(kind: Kind, body: &str) -> serde_json::Result<Record> {
                match kind { $(Kind::$noun => serde_json::from_str(body).map(Record::$noun),)* }
            }
        }

        $(impl Noun for $noun {
            const KIND: Kind = Kind::$noun;
            fn id(&self) -> &str { self.id.as_str() }
            fn keys(&self) -> Keys { let $n = self; $keys }
            fn into_record(self) -> Record { Record::$noun(self) }
            fn from_record(record: Record) -> Option<Self> {
                match record { Record::$noun(n) => Some(n), _ => None }
            }
        }

        impl From<$noun> for Record {
            fn from(noun: $noun) -> Record { Record::$noun(noun) }
        })*
    };
}

fn text(id: impl ToString) -> String {
    id.to_string()
}

nouns! {
    Work = "works", |n| Keys { work: text(&n.id), state: text(n.kind), at: Some(n.registered_at), ..Keys::default() };
    Licence = "licences", |n| Keys {
        work: n.work.as_ref().map(text).unwrap_or_default(),
        state: if n.work.is_some() { "one_work" } else { "catalogue" }.into(),
        ..Keys::default()
    };
    WhiteListEntry = "white_list", |_n| Keys::default();
    WarningList = "warning_lists", |_n| Keys::default();
    Site = "sites", |n| Keys { site: text(&n.id), state: text(n.area), at: Some(n.registered_at), ..Keys::default() };
    Patrol = "patrols", |n| Keys {
        state: if n.done { "done" } else { "running" }.into(), at: Some(n.started_at), ..Keys::default()
    };
    Visit = "visits", |n| Keys {
        parent: text(&n.patrol), site: text(&n.site), state: text(n.end), at: Some(n.started_at), ..Keys::default()
    };
    Page = "pages", |n| Keys {
        parent: text(&n.visit), site: text(&n.site), at: Some(n.fetched_at), ..Keys::default()
    };
    Sighting = "sightings", |n| Keys {
        parent: text(&n.visit), site: text(&n.site), state: text(n.medium), at: Some(n.seen_at), ..Keys::default()
    };
    Recognition = "recognitions", |n| Keys { parent: text(&n.sha256), at: Some(n.at), ..Keys::default() };
    Capture = "captures", |n| Keys { parent: text(&n.sha256), at: Some(n.at), ..Keys::default() };
    Examination = "examinations", |n| Keys {
        parent: text(&n.visit), site: text(&n.site), state: text(n.end), at: Some(n.at), ..Keys::default()
    };
    Finding = "findings", |n| Keys {
        parent: text(&n.visit), site: text(&n.site), work: text(&n.work), state: text(n.state),
        at: Some(n.found_at), ..Keys::default()
    };
    Exhibit = "exhibits", |n| Keys {
        parent: text(&n.finding), state: text(n.state), at: Some(n.sealed_at),
        due: (!n.awaiting.is_empty()).then_some(n.sealed_at), ..Keys::default()
    };
    Entry = "entries", |n| Keys {
        parent: text(&n.exhibit), state: n.what.clone(), at: Some(n.at), ..Keys::default()
    };
    Notice = "notices", |n| Keys {
        parent: text(&n.finding), site: text(&n.site), work: text(&n.work), state: text(n.state),
        at: Some(n.issued_at), due: n.next_check
    };
    Outcome = "outcomes", |n| Keys {
        parent: text(&n.notice), state: text(n.outcome), at: Some(n.seen_at), ..Keys::default()
    };
    Segment = "segments", |n| Keys { state: text(n.medium), ..Keys::default() };
}
