//! Adding works in batches, and taking them out.

use super::manifest::NewWork;
use crate::fingerprint::{Reading, digest_file, read_file};
use crate::{Campaign, Error, InputError, Progress};
use bytes::Bytes;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use swordnet_core::*;
use swordnet_recognise::{Fingerprint, Purpose};
use swordnet_store::Content;

/// Works of a batch that are committed together, with the segments over them.
const CHUNK: usize = 256;
/// Bytes of fingerprints that are put into the vault together.
const TOGETHER: usize = 64 << 20;

/// What became of a batch: what was good is kept.
#[derive(Debug, Default)]
pub struct Registered {
    /// The works, new and known before.
    pub works: Vec<Work>,
    /// What was wrong.
    pub errors: Vec<InputError>,
}

impl Campaign {
    /// Registers works. Files that cannot be read are named in the answer; the rest is kept.
    pub async fn add_works(&self, works: Vec<NewWork>, progress: &dyn Progress) -> Result<Registered, Error> {
        let mut answer = Registered::default();
        progress.begin("register", works.len() as u64);
        for chunk in works.chunks(CHUNK) {
            let mut read = Vec::new();
            let mut files = futures::stream::iter(
                chunk
                    .iter()
                    .enumerate()
                    .flat_map(|(i, work)| work.files.iter().map(move |file| (i, file.clone()))),
            )
            .map(|(i, file)| async move {
                let media = self.media.clone();
                let path = file.clone();
                let result = self
                    .compute(move || {
                        read_file(&media, &path, Purpose::Reference).and_then(|r| with_digest(&path, r))
                    })
                    .await
                    .and_then(|r| r);
                (i, file, result)
            })
            .buffered(2 * self.processors.available_permits().max(1));
            while let Some((i, file, result)) = files.next().await {
                progress.step("register", &file.display().to_string());
                match result {
                    Ok((reading, digest)) => read.push((i, file, reading, digest)),
                    Err(Error::Input(mut e)) => {
                        e.line = e.line.or(chunk[i].line);
                        answer.errors.push(e);
                    }
                    Err(e) => return Err(e),
                }
            }
            self.commit_chunk(chunk, read, &mut answer).await?;
        }
        progress.end("register");
        *self.register.write().await = None;
        Ok(answer)
    }

    /// Writes the works of a chunk and the segments over their new references, all or none.
    async fn commit_chunk(
        &self,
        chunk: &[NewWork],
        read: Vec<(usize, PathBuf, Reading, Sha256Hex)>,
        answer: &mut Registered,
    ) -> Result<(), Error> {
        let mut works: BTreeMap<WorkId, Work> = BTreeMap::new();
        let mut fresh: BTreeMap<Medium, Vec<(ReferenceId, Fingerprint)>> = BTreeMap::new();
        let (mut contents, mut weight) = (Vec::new(), 0);
        for (i, file, reading, digest) in read {
            let new = &chunk[i];
            let kind = new.kind.unwrap_or_else(|| kind_of(&reading));
            let id = Work::id_of(&new.title, kind, &new.holder);
            if !works.contains_key(&id) {
                let known = self.records.get::<Work>(id.as_str()).await?;
                works.insert(
                    id.clone(),
                    known.unwrap_or_else(|| self.blank_work(&id, new, kind)),
                );
            }
            let Some(work) = works.get_mut(&id) else { continue };
            let reference = ReferenceId::derive(&[id.as_str(), digest.as_str()]);
            if work.references.iter().any(|r| r.id == reference) {
                continue;
            }
            if reading.prints.is_empty() {
                let why = "nothing to recognise in it: silent, black or without letters";
                answer.errors.push(InputError {
                    what: file.display().to_string(),
                    line: new.line,
                    why: why.into(),
                });
                continue;
            }
            let mut prints = Vec::new();
            for print in reading.prints {
                weight += print.bytes.len();
                contents.push(Content::Bytes(Bytes::from(print.bytes.clone())));
                prints.push(Print {
                    medium: print.medium,
                    version: print.version,
                    blob: Sha256Hex::of(&print.bytes),
                });
                fresh
                    .entry(print.medium)
                    .or_default()
                    .push((reference.clone(), print));
            }
            work.references.push(Reference {
                id: reference,
                file: file
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                medium: reading.medium,
                length: reading.length,
                sha256: digest,
                prints,
            });
            contents.push(Content::File(file));
            if weight >= TOGETHER {
                self.vault.put_all(std::mem::take(&mut contents)).await?;
                weight = 0;
            }
        }
        self.vault.put_all(contents).await?;
        works.retain(|_, work| !work.references.is_empty());
        let mut records: Vec<Record> = works.values().cloned().map(Record::from).collect();
        for (medium, prints) in fresh {
            records.push(self.segment(medium, &prints).await?.into());
        }
        self.records.put(records).await?;
        self.compact().await?;
        answer.works.extend(works.into_values());
        Ok(())
    }

    fn blank_work(&self, id: &WorkId, new: &NewWork, kind: WorkKind) -> Work {
        Work {
            id: id.clone(),
            title: new.title.clone(),
            aliases: new.aliases.clone(),
            kind,
            holder: new.holder.clone(),
            published: new.published,
            exemption: new.exemption,
            references: vec![],
            registered_at: self.now(),
        }
    }

    /// Takes a work out of the register: it answers no more. True when it was there.
    pub async fn remove_work(&self, id: &WorkId) -> Result<bool, Error> {
        let there = self.records.remove(Kind::Work, id.as_str()).await?;
        *self.register.write().await = None;
        Ok(there)
    }
}

fn with_digest(path: &Path, reading: Reading) -> Result<(Reading, Sha256Hex), Error> {
    let digest = digest_file(path).map_err(|e| InputError::path(path, e))?;
    Ok((reading, digest))
}

/// The kind of work that a file of this medium usually is.
fn kind_of(reading: &Reading) -> WorkKind {
    match reading.medium {
        Medium::Video => WorkKind::Film,
        Medium::Audio => WorkKind::Song,
        Medium::Image => WorkKind::Photograph,
        Medium::Text if reading.length < 8000.0 => WorkKind::NewsArticle,
        Medium::Text => WorkKind::Novel,
    }
}
