//! The register of protected works, and recognising against it.

mod adding;
mod manifest;
mod refreshing;
mod segments;
mod sweep;

pub use adding::Registered;
pub use manifest::{NewWork, manifest};
pub use segments::FULL_SEGMENT;

use crate::fingerprint::{Effort, Reading};
use crate::{Campaign, Error};
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swordnet_core::*;
use swordnet_recognise::{Fingerprint, Match, index::Index, media, room};
use swordnet_store::{Error as StoreError, Query, mapped};

impl Campaign {
    /// The opened register; opened once.
    pub async fn register(&self) -> Result<Arc<Register>, Error> {
        if let Some(register) = self.register.read().await.as_ref() {
            return Ok(register.clone());
        }
        let mut place = self.register.write().await;
        if let Some(register) = place.as_ref() {
            return Ok(register.clone());
        }
        let register = loop {
            match Register::open(self).await {
                // Segments were joined meanwhile by another process.
                Err(Error::Store(StoreError::Conflict { .. })) => continue,
                opened => break Arc::new(opened?),
            }
        };
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
        room::made_by(mapped::make_room);
        for segment in segments {
            let index = indexes.entry(segment.medium).or_default();
            for reference in segment.references.iter().filter(|r| !owners.contains_key(r)) {
                index.remove(reference.clone());
            }
            let opened = segments::open(&segment, campaign.bytes_of(&segment).await?)?;
            opened.seldom().iter().for_each(mapped::seldom);
            index.add(opened);
            state.push_str(segment.id.as_str());
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
        Ok(best(found, least))
    }
}

/// The score from which a medium acts upon a match.
fn threshold(medium: Medium) -> f64 {
    media::of(medium).map_or(1.0, |kind| kind.threshold())
}

/// Candidates best first; none that scores under `least`, by default under its medium's threshold.
fn best(mut found: Vec<Candidate>, least: Option<f64>) -> Vec<Candidate> {
    found.retain(|c| c.score >= least.unwrap_or_else(|| threshold(c.medium)));
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.work.cmp(&b.work)));
    found
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
    film && same_line(a, b)
}

/// Are these spans of one reference that lie on one another in both?
fn same_line(a: &Candidate, b: &Candidate) -> bool {
    let (start, end) = (
        a.in_query.start.max(b.in_query.start),
        a.in_query.end.min(b.in_query.end),
    );
    let at = |c: &Candidate, moment: f64| {
        let speed = c.in_reference.length() / c.in_query.length().max(1e-3);
        c.in_reference.start + (moment - c.in_query.start) * speed
    };
    a.reference == b.reference
        && end > start
        && [start, end]
            .iter()
            .all(|&t| (at(a, t) - at(b, t)).abs() <= TOGETHER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, Settings, Silent};
    use swordnet_crawl::Policy;

    /// A new office in a folder.
    pub async fn office(folder: &Path) -> Campaign {
        let place = Place {
            data: folder.join("data"),
            store: None,
            vault: None,
            queue: None,
        };
        Campaign::init(&place).await.unwrap();
        let clock = Arc::new(|| Timestamp::UNIX_EPOCH);
        let opened = Campaign::open(&place, clock, Policy::default(), Settings::default());
        opened.await.unwrap()
    }

    /// Registers a text of its own for each number.
    pub async fn register_texts(campaign: &Campaign, folder: &Path, numbers: std::ops::Range<u64>) {
        let works = numbers.map(|n| {
            let file = folder.join(format!("{n}.txt"));
            let words =
                (0..60).map(|w| Sha256Hex::of(format!("{n} {w}").as_bytes()).as_str()[..7].to_owned());
            std::fs::write(&file, words.collect::<Vec<_>>().join(" ")).unwrap();
            NewWork {
                title: n.to_string(),
                files: vec![file],
                ..NewWork::default()
            }
        });
        let added = campaign.add_works(works.collect(), &Silent).await.unwrap();
        assert_eq!(added.errors, []);
    }

    /// The references of each segment of a medium.
    pub async fn segments(campaign: &Campaign, medium: Medium) -> Vec<Segment> {
        let mut all: Vec<Segment> = campaign.records.all(&Query::default()).await.unwrap();
        all.retain(|segment| segment.medium == medium);
        all
    }

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
