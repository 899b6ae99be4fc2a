//! Sealed packages: WACZ 1.1.1 files in which every byte is accounted for.
//!
//! ```text
//! archive/*.warc.gz          the traffic (ISO 28500)
//! indexes/index.cdx          where each address lies in it
//! pages/pages.jsonl          the pages that a reader opens
//! FOLDER/NAME                whatever else was sealed: reports, judgement, pictures, environment
//! datapackage.json           the manifest: path, length and SHA-256 of each of the above
//! datapackage-digest.json    SHA-256 of the manifest, and the signature over it (wacz-auth 0.1.0, anonymous form);
//!                            then what happened since: time-stamps, orders, re-checks, in a signed chain
//! ```
//!
//! The manifest covers the contents, the signature the manifest, and [the one ZIP layout](layout) everything between.
//! So whatever differs by one bit from what was sealed is no valid package. Existing tools open it as any WACZ.
//!
//! Some files are sealed as private: those that hold personal data, and the traffic, which may hold anything. A public
//! version leaves them out, and nothing else: manifest, signature and chain are the same, the digests of what is left out
//! stay in the manifest, and the last signed entry of the chain says that this is the public version.

mod append;
mod layout;
mod manifest;
mod report;
mod seal;
mod verify;

pub use append::{Version, append, export, exported, extract, files, head, time_stamp};
pub use report::{Happened, Report, Stamped, Withheld};
pub use seal::{Archive, Contents, Error, File, Page, Sealed, seal};
pub use verify::verify;

/// Version of this form of package; the verifier knows every version that was ever written. From 2 on, what happened since
/// the sealing ends with the export of the very copy, so that its end cannot be cut off.
const FORMAT: u32 = 2;
const MANIFEST: &str = "datapackage.json";
/// Kind of the appended entry that holds a time-stamp token.
pub const TIME_STAMP: &str = "time-stamp";
/// Kind of the appended entry that says to whom which version was handed out.
const EXPORT: &str = "export";
const DIGEST: &str = "datapackage-digest.json";
