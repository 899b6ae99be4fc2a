//! Adding works in batches, and taking them out.

use super::manifest::NewWork;
use crate::fingerprint::{Reading, digest_file, read_file};
use crate::{Campaign, Error, InputError, Progress};
use futures::StreamExt;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use swordnet_core::*;
use swordnet_media::Media;
use swordnet_recognise::{Fingerprint, Purpose};
use swordnet_store::Content;

/// Works of a batch that are committed together, with the segments over them.
const CHUNK: usize = 256;

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
                    .compute(move || read_reference(&media, &path))
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
        let mut files = Vec::new();
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
            for print in reading.prints {
                fresh
                    .entry(print.medium)
                    .or_default()
                    .push((reference.clone(), print));
            }
            files.push(Copied {
                reference: reference.clone(),
                file: file.clone(),
                line: new.line,
                read: digest.clone(),
            });
            work.references.push(Reference {
                id: reference,
                file: file
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                medium: reading.medium,
                length: reading.length,
                sha256: digest,
                prints: vec![],
            });
        }
        let changed = self.keep(files, answer).await?;
        let stays = |id: &ReferenceId| !changed.contains(id);
        works
            .values_mut()
            .for_each(|work| work.references.retain(|r| stays(&r.id)));
        fresh
            .values_mut()
            .for_each(|prints| prints.retain(|(id, _)| stays(id)));
        fresh.retain(|_, prints| !prints.is_empty());
        works.retain(|_, work| !work.references.is_empty());
        self.put_works(works.values().cloned(), &fresh).await?;
        self.compact().await?;
        answer.works.extend(works.into_values());
        Ok(())
    }

    /// Copies reference files into the vault; gives the references whose file is no longer what was read.
    async fn keep(&self, files: Vec<Copied>, answer: &mut Registered) -> Result<HashSet<ReferenceId>, Error> {
        let contents = files.iter().map(|f| Content::File(f.file.clone())).collect();
        let kept = self.vault.put_all(contents).await?;
        let mut changed = HashSet::new();
        for (file, kept) in files.into_iter().zip(kept) {
            if let Err(e) = file.is_what_was_read(&kept) {
                answer.errors.push(e);
                changed.insert(file.reference);
            }
        }
        Ok(changed)
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

/// Reads a reference and its digest: the digest first, so that a change while it is read shows when it is copied.
fn read_reference(media: &Media, path: &Path) -> Result<(Reading, Sha256Hex), Error> {
    let digest = digest_file(path).map_err(|e| InputError::path(path, e))?;
    Ok((read_file(media, path, Purpose::Reference)?, digest))
}

/// A reference file that is copied into the vault.
struct Copied {
    reference: ReferenceId,
    file: PathBuf,
    /// The line of the manifest.
    line: Option<u64>,
    /// Its digest when it was read.
    read: Sha256Hex,
}

impl Copied {
    /// Has the copy the digest that the file had when its fingerprints were taken?
    fn is_what_was_read(&self, kept: &Sha256Hex) -> Result<(), InputError> {
        if *kept == self.read {
            return Ok(());
        }
        Err(InputError {
            what: self.file.display().to_string(),
            line: self.line,
            why: "it changed while it was read: register it when nobody writes to it".into(),
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::read_text;
    use crate::register::tests::office;

    const TEXT: &str =
        "看灯塔的人把每一条过往的船都记在一本蓝皮簿子里：挂什么旗，点几盏灯，几点几分经过，一条也不漏。";

    #[tokio::test]
    async fn a_file_that_changed_is_refused_and_the_others_kept() {
        let room = tempfile::tempdir().unwrap();
        let campaign = office(room.path()).await;
        let files = ["kept.txt", "changed.txt"].map(|name| room.path().join(name));
        files.iter().for_each(|file| std::fs::write(file, TEXT).unwrap());
        let chunk = files.clone().map(|file| NewWork {
            title: file.display().to_string(),
            files: vec![file],
            ..NewWork::default()
        });
        let read = files.iter().cloned().enumerate().map(|(i, file)| {
            let reading = read_text(TEXT, Purpose::Reference).unwrap();
            (i, file, reading, Sha256Hex::of(TEXT.as_bytes()))
        });
        let read = read.collect();
        std::fs::write(&files[1], "另一篇文章").unwrap();
        let mut answer = Registered::default();
        campaign.commit_chunk(&chunk, read, &mut answer).await.unwrap();
        let wrong: Vec<_> = answer.errors.iter().map(|e| e.what.as_str()).collect();
        assert_eq!(wrong, [files[1].to_str().unwrap()]);
        assert!(answer.errors[0].why.contains("changed"));
        let works: Vec<Work> = campaign.records.all(&Default::default()).await.unwrap();
        let titles: Vec<_> = works.iter().map(|w| w.title.as_str()).collect();
        assert_eq!(titles, [files[0].to_str().unwrap()]);
        let segments: Vec<Segment> = campaign.records.all(&Default::default()).await.unwrap();
        assert_eq!(segments[0].references, [works[0].references[0].id.clone()]);
    }
}
