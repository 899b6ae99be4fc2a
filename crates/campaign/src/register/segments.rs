//! The segments of the register's indexes: built over what is new, joined when they are many.

use crate::{Campaign, Error};
use bytes::Bytes;
use std::collections::{BTreeMap, HashSet};
use swordnet_core::*;
use swordnet_recognise::{self as recognise, Fingerprint, media};
use swordnet_store::{Error as StoreError, Query};

/// More segments of one medium than this that are not full are joined.
const SEGMENTS: usize = 8;
/// Bytes of a segment that is full: it is joined no more, and building one fits in memory several times over.
pub const FULL_SEGMENT: usize = 512 << 20;

/// The error of a segment that cannot be used.
fn unusable(segment: &Segment, why: impl std::fmt::Display) -> Error {
    let (id, blob) = (&segment.id, &segment.blob);
    StoreError::Backend(format!("{id}: {why}: restore blob {blob} of the vault")).into()
}

/// Opens a segment's bytes.
pub(super) fn open(segment: &Segment, bytes: Bytes) -> Result<Box<dyn recognise::Segment>, Error> {
    let kind = media::of(segment.medium).filter(|kind| kind.version() == segment.version);
    let kind = kind.ok_or_else(|| {
        let id = &segment.id;
        Error::Bug(format!("{id} is of a version that this program does not read"))
    })?;
    kind.open(bytes).map_err(|e| unusable(segment, e))
}

impl Campaign {
    /// Builds a segment and keeps its bytes; the record is the caller's to commit.
    pub(super) async fn segment(
        &self,
        medium: Medium,
        prints: &[(ReferenceId, Fingerprint)],
    ) -> Result<Segment, Error> {
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

    /// The bytes of a segment. Where another process has put one in its place meanwhile: [`StoreError::Conflict`].
    pub(super) async fn bytes_of(&self, segment: &Segment) -> Result<Bytes, Error> {
        let id = segment.id.as_str();
        match self.vault.map(&segment.blob).await {
            Ok(bytes) => Ok(bytes),
            Err(StoreError::Missing(_)) if self.records.get::<Segment>(id).await?.is_none() => {
                let (kind, id) = (Kind::Segment.key().into(), id.into());
                Err(StoreError::Conflict { kind, id }.into())
            }
            Err(e) => Err(unusable(segment, e)),
        }
    }

    /// What a segment was built from, as far as its references are among these. It must be whole: damage would be built into the next.
    pub(super) async fn held(
        &self,
        segment: &Segment,
        living: impl Fn(&ReferenceId) -> bool,
    ) -> Result<Vec<(ReferenceId, Fingerprint)>, Error> {
        let bytes = self.bytes_of(segment).await?;
        if Sha256Hex::of(&bytes) != segment.blob {
            return Err(unusable(segment, "its bytes are not those that were written"));
        }
        let opened = open(segment, bytes)?;
        let living = opened
            .references()
            .iter()
            .enumerate()
            .filter(|(_, id)| living(id));
        let held = living.map(|(place, id)| Ok((id.clone(), opened.fingerprint(place)?)));
        held.collect::<Result<_, recognise::Error>>()
            .map_err(|e| unusable(segment, e))
    }

    /// Commits works together with segments over their new references. A work that was taken out has its references in older segments until these are
    /// joined; where it comes again, those are written anew without them in the same commit, so that a reference answers once.
    pub(super) async fn put_works(
        &self,
        works: impl Iterator<Item = Work>,
        fresh: &BTreeMap<Medium, Vec<(ReferenceId, Fingerprint)>>,
    ) -> Result<(), Error> {
        let works: Vec<Record> = works.map(Record::from).collect();
        let mut new = Vec::new();
        for (medium, prints) in fresh {
            new.push(self.segment(*medium, prints).await?);
        }
        loop {
            match self.put_once(works.clone(), new.clone()).await {
                // Another process has put others in the place of segments that hold them.
                Err(Error::Store(StoreError::Conflict { .. })) => continue,
                done => return done,
            }
        }
    }

    /// See [`Self::put_works`]: a conflict where the segments that are there have changed meanwhile.
    async fn put_once(&self, works: Vec<Record>, mut new: Vec<Segment>) -> Result<(), Error> {
        let fresh: BTreeMap<Medium, HashSet<ReferenceId>> = new
            .iter()
            .map(|segment| (segment.medium, segment.references.iter().cloned().collect()))
            .collect();
        let again = |medium, id: &ReferenceId| fresh.get(&medium).is_some_and(|ids| ids.contains(id));
        let mut old = self.records.all::<Segment>(&Query::default()).await?;
        old.retain(|segment| segment.references.iter().any(|id| again(segment.medium, id)));
        for segment in &old {
            let others = self.held(segment, |id| !again(segment.medium, id)).await?;
            if !others.is_empty() {
                new.push(self.segment(segment.medium, &others).await?);
            }
        }
        self.exchange_with(works, &old, new).await
    }

    /// Puts segments in the place of others, in one commit; then the room of those is given back.
    pub(super) async fn exchange(&self, old: &[Segment], new: Vec<Segment>) -> Result<(), Error> {
        self.exchange_with(vec![], old, new).await
    }

    /// As [`Self::exchange`], with other records in the same commit.
    async fn exchange_with(
        &self,
        mut records: Vec<Record>,
        old: &[Segment],
        new: Vec<Segment>,
    ) -> Result<(), Error> {
        let stays = |segment: &&Segment| new.iter().any(|n| n.id == segment.id);
        let gone: Vec<&Segment> = old.iter().filter(|segment| !stays(segment)).collect();
        let names = gone.iter().map(|s| (Kind::Segment, s.id.to_string())).collect();
        records.extend(new.iter().cloned().map(Record::from));
        self.records.replace(records, names).await?;
        for segment in gone {
            self.vault.remove(&segment.blob).await?;
        }
        Ok(())
    }

    /// Joins small segments into one; they give back what they were built from, so nothing is decoded again.
    pub(super) async fn compact(&self) -> Result<(), Error> {
        match self.join().await {
            // Another process has joined them.
            Err(Error::Store(StoreError::Conflict { .. })) => Ok(()),
            done => done,
        }
    }

    async fn join(&self) -> Result<(), Error> {
        let mut by_medium: BTreeMap<Medium, Vec<(usize, Segment)>> = BTreeMap::new();
        for segment in self.records.all::<Segment>(&Query::default()).await? {
            let size = self.bytes_of(&segment).await?.len();
            if size < FULL_SEGMENT / 2 {
                by_medium.entry(segment.medium).or_default().push((size, segment));
            }
        }
        by_medium.retain(|_, segments| segments.len() > SEGMENTS);
        if by_medium.is_empty() {
            return Ok(());
        }
        let works = self.records.all::<Work>(&Query::default()).await?;
        let references = works.iter().flat_map(|w| &w.references);
        let living: HashSet<&ReferenceId> = references.map(|r| &r.id).collect();
        for (medium, mut segments) in by_medium {
            segments.sort_by_key(|s| s.0);
            let segments: Vec<Segment> = segments.drain(..worth_joining(&segments)).map(|s| s.1).collect();
            let (mut joined, mut known) = (Vec::new(), HashSet::new());
            for segment in &segments {
                // A reference whose work was taken out is left behind here, and one that came again counts once.
                let held = self.held(segment, |id| living.contains(id)).await?;
                joined.extend(held.into_iter().filter(|(id, _)| known.insert(id.clone())));
            }
            let segment = self.segment(medium, &joined).await?;
            self.exchange(&segments, vec![segment]).await?;
        }
        Ok(())
    }
}

/// How many of some segments, smallest first, are joined: as long as the next is at most twice as large as all before it, so that what a register grows by
/// is written again a few times and not each time (O'Neil and others, "The log-structured merge-tree", 1996).
fn worth_joining(segments: &[(usize, Segment)]) -> usize {
    let mut sum = 0;
    let next = segments.iter().position(|(size, _)| {
        let enough = sum > 0 && (*size > 2 * sum || sum + size > FULL_SEGMENT);
        sum += size;
        enough
    });
    next.unwrap_or(segments.len()).clamp(2, segments.len().max(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Effort;
    use crate::register::tests::{office, register_texts, segments};
    use std::path::PathBuf;

    /// Blobs in a vault.
    async fn blobs(folder: &std::path::Path) -> usize {
        let files = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        let vault = files(folder.join("data/vault")).filter(|path| !path.ends_with("incoming"));
        vault.flat_map(files).flat_map(files).count()
    }

    #[tokio::test]
    async fn many_segments_become_one_and_leave_nothing_behind() {
        let room = tempfile::tempdir().unwrap();
        let campaign = office(room.path()).await;
        let count = SEGMENTS as u64 + 1;
        for n in 0..count {
            register_texts(&campaign, room.path(), n..n + 1).await;
        }
        let works: Vec<Work> = campaign.records.all(&Query::default()).await.unwrap();
        let (mut here, mut held) = (Vec::new(), Vec::new());
        for segment in segments(&campaign, Medium::Text).await {
            held.extend(segment.references);
        }
        here.extend(works.iter().flat_map(|w| &w.references).map(|r| r.id.clone()));
        held.sort();
        here.sort();
        assert_eq!(held, here);
        let segments = segments(&campaign, Medium::Text).await;
        assert!(segments.len() < here.len());
        assert_eq!(blobs(room.path()).await, here.len() + segments.len());
        let files: Vec<PathBuf> = (0..count).map(|n| room.path().join(format!("{n}.txt"))).collect();
        let mut found = 0;
        let each = |_: &std::path::Path, answer: Result<Vec<Candidate>, Error>| {
            found += answer?.len();
            Ok(())
        };
        campaign
            .match_files(&files, Effort::Whole, None, each)
            .await
            .unwrap();
        assert_eq!(found, files.len(), "each work answers once");
    }

    #[tokio::test]
    async fn a_work_that_comes_again_answers_once() {
        let room = tempfile::tempdir().unwrap();
        let campaign = office(room.path()).await;
        // The segment that holds the second work is rewritten where others are in it, and goes where none are.
        register_texts(&campaign, room.path(), 0..2).await;
        register_texts(&campaign, room.path(), 2..3).await;
        let works: Vec<Work> = campaign.records.all(&Query::default()).await.unwrap();
        for work in works.iter().filter(|work| ["1", "2"].contains(&&*work.title)) {
            assert!(campaign.remove_work(&work.id).await.unwrap());
        }
        register_texts(&campaign, room.path(), 1..4).await;
        let works: Vec<Work> = campaign.records.all(&Query::default()).await.unwrap();
        let mut here: Vec<_> = works.iter().flat_map(|w| &w.references).map(|r| &r.id).collect();
        let segments = segments(&campaign, Medium::Text).await;
        let mut held: Vec<_> = segments.iter().flat_map(|s| &s.references).collect();
        here.sort();
        held.sort();
        assert_eq!((held, segments.len()), (here, 2));
        assert_eq!(blobs(room.path()).await, 4 + segments.len());
        let files: Vec<PathBuf> = (0..4).map(|n| room.path().join(format!("{n}.txt"))).collect();
        let mut found = Vec::new();
        let each = |_: &std::path::Path, answer: Result<Vec<Candidate>, Error>| {
            found.push(answer?.len());
            Ok(())
        };
        let matched = campaign.match_files(&files, Effort::Whole, None, each);
        matched.await.unwrap();
        assert_eq!(found, [1; 4]);
    }

    #[tokio::test]
    async fn a_damaged_segment_is_named() {
        let room = tempfile::tempdir().unwrap();
        let campaign = office(room.path()).await;
        register_texts(&campaign, room.path(), 0..1).await;
        let segment = segments(&campaign, Medium::Text).await.remove(0);
        let file = campaign.vault.local(&segment.blob).await.unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let said = campaign.held(&segment, |_| true).await.unwrap_err();
        assert!(matches!(said, Error::Store(_)));
        assert!(said.to_string().contains(segment.id.as_str()), "{said}");
        let said = campaign.register().await.err().unwrap();
        assert!(said.to_string().contains(segment.id.as_str()), "{said}");
        std::fs::remove_file(&file).unwrap();
        let said = campaign.register().await.err().unwrap();
        assert!(said.to_string().contains(segment.id.as_str()), "{said}");
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
                assert!(joined <= FULL_SEGMENT);
                written += joined;
                if joined < FULL_SEGMENT / 2 {
                    segments.push(segment(joined));
                }
            }
        }
        assert!(written < 8 * (4096 << 20), "{}", written >> 20);
    }
}
