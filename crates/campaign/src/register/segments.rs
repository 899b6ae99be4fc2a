//! The segments of the register's indexes: built over what is new, joined when they are many.

use crate::{Campaign, Error};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use swordnet_core::*;
use swordnet_recognise::{Fingerprint, media};
use swordnet_store::Query;

/// More segments of one medium than this that are not full are joined.
const SEGMENTS: usize = 8;
/// Bytes of a segment that is full: it is joined no more, and building one fits in memory several times over.
pub const FULL_SEGMENT: usize = 512 << 20;

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

    /// Joins small segments into one. The references' fingerprints are in the vault, so nothing is decoded again.
    pub(super) async fn compact(&self) -> Result<(), Error> {
        let mut by_medium: BTreeMap<Medium, Vec<(usize, Segment)>> = BTreeMap::new();
        for segment in self.records.all::<Segment>(&Query::default()).await? {
            let size = self.vault.map(&segment.blob).await?.len();
            if size < FULL_SEGMENT / 2 {
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
