//! What is to be registered, as a manifest lists it.

use crate::InputError;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use swordnet_core::*;

/// A work to be registered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewWork {
    /// Title.
    pub title: String,
    /// Other titles.
    pub aliases: Vec<String>,
    /// Kind; by the first file's medium when not given.
    pub kind: Option<WorkKind>,
    /// Holder.
    pub holder: String,
    /// First published.
    pub published: Option<Date>,
    /// Why the law leaves it free, when it does.
    pub exemption: Option<Exemption>,
    /// Its reference copies.
    pub files: Vec<PathBuf>,
    /// The line of the manifest, for messages.
    pub line: Option<u64>,
}

/// Reads a manifest of works: CSV with a header, or JSON Lines, with columns `file,title,kind,holder`; rows of the same title, kind
/// and holder are one work. Files are relative to the manifest. Bad rows are named; the good ones are returned.
pub fn manifest(path: &Path) -> Result<(Vec<NewWork>, Vec<InputError>), InputError> {
    let rows = crate::lists::rows(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut works: Vec<NewWork> = Vec::new();
    let mut places: HashMap<(String, Option<WorkKind>, String), usize> = HashMap::new();
    let mut errors = Vec::new();
    for (line, row) in rows {
        let row = match row.and_then(|row| work_row(&row)) {
            Ok(row) => row,
            Err(why) => {
                errors.push(InputError::at(path.display(), line, why));
                continue;
            }
        };
        let (file, mut work) = row;
        let key = (work.title.clone(), work.kind, work.holder.clone());
        let place = *places.entry(key).or_insert_with(|| {
            work.line = Some(line);
            works.push(work);
            works.len() - 1
        });
        works[place].files.push(folder.join(file));
    }
    Ok((works, errors))
}

fn work_row(row: &BTreeMap<String, String>) -> Result<(PathBuf, NewWork), String> {
    let field = |name: &str| row.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
    let file = field("file").ok_or("column 'file' is empty")?;
    let title = field("title").ok_or("column 'title' is empty")?;
    let kind = field("kind")
        .map(str::parse)
        .transpose()
        .map_err(|e: String| format!("column 'kind': {e}"))?;
    let published = field("published")
        .map(str::parse)
        .transpose()
        .map_err(|_| "column 'published': a date such as 2017-07-01 is wanted")?;
    let exemption = field("exemption")
        .map(str::parse)
        .transpose()
        .map_err(|e: String| format!("column 'exemption': {e}"))?;
    let aliases = field("alias")
        .map(|a| a.split('|').map(|s| s.trim().to_owned()).collect())
        .unwrap_or_default();
    let work = NewWork {
        title: title.to_owned(),
        aliases,
        kind,
        holder: field("holder").unwrap_or_default().to_owned(),
        published,
        exemption,
        files: vec![],
        line: None,
    };
    Ok((PathBuf::from(file), work))
}
