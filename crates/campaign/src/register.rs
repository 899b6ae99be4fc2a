//! The register of protected works: adding them in batches, and recognising against it.

use crate::fingerprint::{self, Effort, Reading, digest_file, read_file};
use crate::{Campaign, Error, InputError, Progress};
use bytes::Bytes;
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swordnet_core::*;
use swordnet_media::Media;
use swordnet_recognise::{Fingerprint, Match, Purpose, index::Index, media};
use swordnet_store::{Query, mapped};

/// Works of a batch that are committed together, with the segments over them.
const CHUNK: usize = 256;
/// Scores in a sweep below which there is nothing, and from which nothing more need be seen.
const DOUBT: f64 = 0.02;
/// See `DOUBT`.
const SETTLED: f64 = 0.9;
/// More segments of one medium than this that are not full are joined.
const SEGMENTS: usize = 8;
/// Bytes of a segment that is full: it is joined no more, and building one fits in memory several times over.
const FULL: usize = 512 << 20;

/// A work to be registered.
#[derive(Clone, Debug, PartialEq)]
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
            self.vault.put_file(&file).await?;
            let mut prints = Vec::new();
            for print in reading.prints {
                let blob = self.vault.put(Bytes::from(print.bytes.clone())).await?;
                prints.push(Print {
                    medium: print.medium,
                    version: print.version,
                    blob,
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
        }
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

    /// Builds a segment and keeps its bytes; the record is the caller's to commit.
    async fn segment(&self, medium: Medium, prints: &[(ReferenceId, Fingerprint)]) -> Result<Segment, Error> {
        let kind = media::of(medium).ok_or_else(|| Error::Bug(format!("nothing recognises {medium}")))?;
        let borrowed: Vec<_> = prints.iter().map(|(id, print)| (id.clone(), print)).collect();
        let blob = self.vault.put(Bytes::from(kind.build(&borrowed)?)).await?;
        Ok(Segment {
            id: SegmentId::derive(&[medium.key(), blob.as_str()]),
            medium,
            version: kind.version(),
            blob,
            references: prints.iter().map(|(id, _)| id.clone()).collect(),
        })
    }

    /// Joins small segments into one. The references' fingerprints are in the vault, so nothing is decoded again.
    async fn compact(&self) -> Result<(), Error> {
        let mut by_medium: BTreeMap<Medium, Vec<(usize, Segment)>> = BTreeMap::new();
        for segment in self.records.all::<Segment>(&Query::default()).await? {
            let size = self.vault.map(&segment.blob).await?.len();
            if size < FULL / 2 {
                by_medium.entry(segment.medium).or_default().push((size, segment));
            }
        }
        by_medium.retain(|_, segments| segments.len() > SEGMENTS);
        if by_medium.is_empty() {
            return Ok(());
        }
        let works = self.records.all::<Work>(&Query::default()).await?;
        let prints: HashMap<(&ReferenceId, Medium), &Print> = works
            .iter()
            .flat_map(|w| &w.references)
            .flat_map(|r| r.prints.iter().map(move |p| ((&r.id, p.medium), p)))
            .collect();
        for (medium, mut segments) in by_medium {
            segments.sort_by_key(|s| s.0);
            let segments: Vec<Segment> = segments.drain(..worth_joining(&segments)).map(|s| s.1).collect();
            let mut joined = Vec::new();
            for reference in segments.iter().flat_map(|s| &s.references) {
                // A reference whose work was taken out is left behind here.
                let Some(print) = prints.get(&(reference, medium)) else {
                    continue;
                };
                let bytes = self.vault.get(&print.blob).await?.to_vec();
                joined.push((
                    reference.clone(),
                    Fingerprint {
                        medium,
                        version: print.version,
                        bytes,
                    },
                ));
            }
            let segment = self.segment(medium, &joined).await?;
            self.records.put(vec![segment.clone().into()]).await?;
            for old in segments.iter().filter(|s| s.id != segment.id) {
                self.records.remove(Kind::Segment, old.id.as_str()).await?;
            }
        }
        Ok(())
    }

    /// Takes a work out of the register: it answers no more. True when it was there.
    pub async fn remove_work(&self, id: &WorkId) -> Result<bool, Error> {
        let there = self.records.remove(Kind::Work, id.as_str()).await?;
        *self.register.write().await = None;
        Ok(there)
    }

    /// The opened register; opened once.
    pub async fn register(&self) -> Result<Arc<Register>, Error> {
        if let Some(register) = self.register.read().await.as_ref() {
            return Ok(register.clone());
        }
        let mut place = self.register.write().await;
        if let Some(register) = place.as_ref() {
            return Ok(register.clone());
        }
        let register = Arc::new(Register::open(self).await?);
        *place = Some(register.clone());
        Ok(register)
    }

    /// Recognises files against the register, several at a time; gives the answers in the order of the files, nothing that scores
    /// under `least` (by default under a medium's threshold). Writes no record.
    pub async fn match_files(
        &self,
        files: &[PathBuf],
        effort: Effort,
        least: Option<f64>,
        mut each: impl FnMut(&Path, Result<Vec<Candidate>, Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let register = self.register().await?;
        let mut answers = futures::stream::iter(files)
            .map(|file| {
                let (media, path, register) = (self.media.clone(), file.clone(), register.clone());
                async move {
                    let recognise = move || register.recognise_file(&media, &path, effort, least);
                    (file, self.compute(recognise).await.and_then(|answer| answer))
                }
            })
            .buffered(2 * self.processors.available_permits().max(1));
        while let Some((file, answer)) = answers.next().await {
            each(file, answer)?;
        }
        Ok(())
    }
}

/// How many of some segments, smallest first, are joined: as long as the next is at most twice as large as all before it, so that what a register grows by
/// is written again a few times and not each time (O'Neil and others, "The log-structured merge-tree", 1996).
fn worth_joining(segments: &[(usize, Segment)]) -> usize {
    let mut sum = 0;
    let next = segments.iter().position(|(size, _)| {
        let enough = sum > 0 && (*size > 2 * sum || sum + size > FULL);
        sum += size;
        enough
    });
    next.unwrap_or(segments.len()).clamp(2, segments.len().max(2))
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

/// The opened register: an index a medium, and what the references belong to.
pub struct Register {
    indexes: BTreeMap<Medium, Index>,
    owners: HashMap<ReferenceId, (WorkId, f64)>,
    titles: HashMap<WorkId, String>,
    /// Names this state of the register: equal states recognise alike.
    pub state: String,
}

impl Register {
    async fn open(campaign: &Campaign) -> Result<Self, Error> {
        let works = campaign.records.all::<Work>(&Query::default()).await?;
        let segments = campaign.records.all::<Segment>(&Query::default()).await?;
        let mut owners = HashMap::new();
        let mut titles = HashMap::new();
        let mut state = String::new();
        for work in &works {
            titles.insert(work.id.clone(), work.title.clone());
            for reference in &work.references {
                owners.insert(reference.id.clone(), (work.id.clone(), reference.length));
                state.push_str(reference.id.as_str());
            }
        }
        let mut indexes: BTreeMap<Medium, Index> = BTreeMap::new();
        for segment in segments {
            let kind = media::of(segment.medium)
                .filter(|kind| kind.version() == segment.version)
                .ok_or_else(|| {
                    Error::Bug(format!(
                        "{} is of a version that this program does not read",
                        segment.id
                    ))
                })?;
            let index = indexes.entry(segment.medium).or_default();
            for reference in segment.references.iter().filter(|r| !owners.contains_key(r)) {
                index.remove(reference.clone());
            }
            let opened = kind.open(campaign.vault.map(&segment.blob).await?)?;
            opened.seldom().iter().for_each(mapped::seldom);
            index.add(opened);
            state.push_str(&format!("{}{}", segment.medium, segment.version));
        }
        Ok(Self {
            indexes,
            owners,
            titles,
            state: Sha256Hex::of(state.as_bytes()).to_string(),
        })
    }

    /// The title of a work.
    pub fn title(&self, work: &WorkId) -> &str {
        self.titles.get(work).map_or("", String::as_str)
    }

    /// The work that a reference belongs to, and the reference's length.
    pub(crate) fn owner(&self, reference: &ReferenceId) -> Option<(&WorkId, f64)> {
        self.owners.get(reference).map(|(work, length)| (work, *length))
    }

    /// What one fingerprint matches, whatever it scores.
    pub(crate) fn matches(&self, print: &Fingerprint) -> Result<Vec<Match>, Error> {
        let index = self.indexes.get(&print.medium);
        Ok(index.map_or(Ok(Vec::new()), |index| index.search(print))?)
    }

    /// What a file matches, on the terms of [`Self::recognise`].
    pub fn recognise_file(
        &self,
        media: &Media,
        path: &Path,
        effort: Effort,
        least: Option<f64>,
    ) -> Result<Vec<Candidate>, Error> {
        if let Some(seen) = self.sweep(media, path, effort)? {
            return self.recognise(&seen, least);
        }
        self.recognise(&read_file(media, path, Purpose::Query)?, least)
    }

    /// What key frames alone show of a film, where that settles what it is.
    pub fn sweep(&self, media: &Media, path: &Path, effort: Effort) -> Result<Option<Reading>, Error> {
        let Some(reading) = fingerprint::sweep(media, path, effort)? else {
            return Ok(None);
        };
        let found = self.recognise(&reading, Some(DOUBT))?;
        let settled = |c: &Candidate| effort == Effort::Sweep && c.score >= SETTLED;
        Ok(found.iter().all(settled).then_some(reading))
    }

    /// What a file's fingerprints match, best first; nothing that scores under `least`, by default under a medium's threshold.
    /// Picture and sound of one film support each other.
    pub fn recognise(&self, reading: &Reading, least: Option<f64>) -> Result<Vec<Candidate>, Error> {
        let mut found = Vec::new();
        for print in &reading.prints {
            let Some(index) = self.indexes.get(&print.medium) else {
                continue;
            };
            for m in index.search(print)? {
                let Some((work, length)) = self.owners.get(&m.reference) else {
                    continue;
                };
                found.push(Candidate {
                    work: work.clone(),
                    reference: m.reference,
                    medium: print.medium,
                    score: m.score,
                    in_reference: m.in_reference,
                    in_query: m.query,
                    query_length: reading.length,
                    reference_length: *length,
                    transform: m.transform,
                    carried_by: vec![print.medium],
                });
            }
        }
        support(&mut found);
        let threshold = |medium| media::of(medium).map_or(1.0, |kind| kind.threshold());
        found.retain(|c| c.score >= least.unwrap_or_else(|| threshold(c.medium)));
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.work.cmp(&b.work)));
        Ok(found)
    }
}

/// Seconds by which picture and sound may disagree on where in the work a moment is.
const TOGETHER: f64 = 1.5;

/// Where a film's picture and its sound say the same of the same moments, either is right unless both are wrong.
fn support(found: &mut [Candidate]) {
    let alone = found.to_vec();
    for candidate in found.iter_mut() {
        let agreeing = alone.iter().filter(|other| agree(candidate, other));
        if let Some(other) = agreeing.max_by(|a, b| a.score.total_cmp(&b.score)) {
            candidate.score = 1.0 - (1.0 - candidate.score) * (1.0 - other.score);
            candidate.carried_by = vec![Medium::Video, Medium::Audio];
        }
    }
}

/// Are these a picture's and a sound's spans of one reference, and do they lie on one another in both?
fn agree(a: &Candidate, b: &Candidate) -> bool {
    let film = matches!(
        (a.medium, b.medium),
        (Medium::Video, Medium::Audio) | (Medium::Audio, Medium::Video)
    );
    let (start, end) = (
        a.in_query.start.max(b.in_query.start),
        a.in_query.end.min(b.in_query.end),
    );
    let at = |c: &Candidate, moment: f64| {
        let speed = c.in_reference.length() / c.in_query.length().max(1e-3);
        c.in_reference.start + (moment - c.in_query.start) * speed
    };
    film && a.reference == b.reference
        && end > start
        && [start, end]
            .iter()
            .all(|&t| (at(a, t) - at(b, t)).abs() <= TOGETHER)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(medium: Medium, query: f64, reference: f64, score: f64) -> Candidate {
        Candidate {
            work: WorkId::from_text("w"),
            reference: ReferenceId::from_text("r"),
            medium,
            score,
            in_reference: Span {
                start: reference,
                end: reference + 20.0,
            },
            in_query: Span {
                start: query,
                end: query + 20.0,
            },
            query_length: 60.0,
            reference_length: 600.0,
            transform: Transform::default(),
            carried_by: vec![medium],
        }
    }

    #[test]
    fn segments_are_written_again_a_few_times_only() {
        let segment = |size: usize| {
            let id = SegmentId::from_text("s");
            let blob = Sha256Hex::of(b"");
            let (medium, version, references) = (Medium::Image, 1, vec![]);
            (
                size,
                Segment {
                    id,
                    medium,
                    version,
                    blob,
                    references,
                },
            )
        };
        let (mut segments, mut written) = (Vec::new(), 0);
        for _ in 0..4096 {
            segments.push(segment(1 << 20));
            if segments.len() > SEGMENTS {
                segments.sort_by_key(|s| s.0);
                let joined = segments.drain(..worth_joining(&segments)).map(|s| s.0).sum();
                assert!(joined <= FULL);
                written += joined;
                if joined < FULL / 2 {
                    segments.push(segment(joined));
                }
            }
        }
        assert!(written < 8 * (4096 << 20), "{}", written >> 20);
    }

    #[test]
    fn picture_and_sound_that_agree_support_each_other() {
        let mut found = vec![
            candidate(Medium::Video, 5.0, 105.0, 0.4),
            candidate(Medium::Audio, 12.0, 112.5, 0.5),
        ];
        support(&mut found);
        for c in &found {
            assert!((c.score - 0.7).abs() < 1e-9, "{c:?}");
            assert_eq!(c.carried_by, [Medium::Video, Medium::Audio]);
        }
    }

    #[test]
    fn those_that_say_different_things_do_not() {
        let alone = [
            candidate(Medium::Video, 5.0, 105.0, 0.4),
            // Another moment of the work; no moment in common; the same medium.
            candidate(Medium::Audio, 5.0, 108.0, 0.5),
            candidate(Medium::Audio, 30.0, 130.0, 0.5),
            candidate(Medium::Video, 6.0, 106.0, 0.5),
        ];
        let mut found = alone.to_vec();
        support(&mut found);
        assert_eq!(found, alone);
    }
}
