//! Taking fingerprints anew, from the copies that the vault keeps: what was registered with an older form of them tells less.

use super::Registered;
use crate::fingerprint::read_again;
use crate::{Campaign, Error, InputError, Progress};
use futures::StreamExt;
use std::collections::{BTreeSet, HashMap, HashSet};
use swordnet_core::*;
use swordnet_recognise::{Fingerprint, media};
use swordnet_store::{Error as StoreError, Query};

/// References of a segment that are committed together: what is done again after a kill.
const PART: usize = 64;

/// Which fingerprints are taken anew.
struct Wanted<'a> {
    /// The references of all works, each with its work.
    living: HashMap<&'a ReferenceId, (&'a Work, &'a Reference)>,
    works: HashSet<&'a WorkId>,
    all: bool,
}

impl Wanted<'_> {
    fn lives(&self, id: &ReferenceId) -> bool {
        self.living.contains_key(id)
    }

    fn is(&self, (id, print): &(ReferenceId, Fingerprint)) -> bool {
        let work = self.living.get(id).map(|(work, _)| &work.id);
        let old = || media::of(print.medium).is_some_and(|kind| !kind.is_current(print));
        work.is_some_and(|id| self.works.contains(id)) && (self.all || old())
    }
}

impl Campaign {
    /// Takes the fingerprints of some works, or of all, anew from the vault's copies: those of a form before today's or, with `all`, every one. What is done is
    /// committed as it goes, so that doing it again goes on where it was ended. What cannot be read is named in the answer and stays as it is.
    pub async fn refresh_works(
        &self,
        works: &[WorkId],
        all: bool,
        progress: &dyn Progress,
    ) -> Result<Registered, Error> {
        let known = self.records.all::<Work>(&Query::default()).await?;
        let named = |id: &WorkId| works.is_empty() || works.contains(id);
        let wanted = Wanted {
            living: known
                .iter()
                .flat_map(|work| work.references.iter().map(move |r| (&r.id, (work, r))))
                .collect(),
            works: known.iter().map(|work| &work.id).filter(|id| named(id)).collect(),
            all,
        };
        if let Some(unknown) = works.iter().find(|id| !wanted.works.contains(id)) {
            return Err(InputError::new(unknown, "is no registered work").into());
        }
        let (mut refreshed, mut answer) = (BTreeSet::new(), Registered::default());
        progress.begin("refresh", 0);
        for segment in self.records.all::<Segment>(&Query::default()).await? {
            for part in self.parts(segment, &wanted).await? {
                let done = self.refresh(part, &wanted, &mut answer.errors, progress).await?;
                refreshed.extend(done);
            }
        }
        progress.end("refresh");
        self.compact().await?;
        self.forget_prints().await?;
        *self.register.write().await = None;
        answer.works = known.into_iter().filter(|w| refreshed.contains(&w.id)).collect();
        Ok(answer)
    }

    /// A segment in parts that are refreshed one by one, and what it holds. Where it is more than one, parts of it take its place first.
    async fn parts(&self, segment: Segment, wanted: &Wanted<'_>) -> Result<Vec<Part>, Error> {
        let held = self.held(&segment, |id| wanted.lives(id)).await?;
        let (mut old, current): (Vec<_>, Vec<_>) = held.into_iter().partition(|held| wanted.is(held));
        if old.is_empty() {
            return Ok(Vec::new());
        }
        if old.len() <= PART {
            old.extend(current);
            return Ok(vec![Part { segment, held: old }]);
        }
        let mut parts = Vec::new();
        if !current.is_empty() {
            let segment = self.segment(segment.medium, &current).await?;
            parts.push(Part {
                segment,
                held: vec![],
            });
        }
        while !old.is_empty() {
            let held = old.split_off(old.len().saturating_sub(PART));
            let segment = self.segment(segment.medium, &held).await?;
            parts.push(Part { segment, held });
        }
        let new = parts.iter().map(|part| part.segment.clone()).collect();
        self.exchange(&[segment], new).await?;
        Ok(parts)
    }

    /// Takes what is wanted of a part anew; gives the works whose fingerprints it replaced.
    async fn refresh(
        &self,
        mut part: Part,
        wanted: &Wanted<'_>,
        errors: &mut Vec<InputError>,
        progress: &dyn Progress,
    ) -> Result<Vec<WorkId>, Error> {
        let medium = part.segment.medium;
        let chosen = part.held.iter().enumerate().filter(|(_, held)| wanted.is(held));
        let chosen = chosen.filter_map(|(at, (id, _))| Some((at, *wanted.living.get(id)?)));
        let chosen: Vec<(usize, (&Work, &Reference))> = chosen.collect();
        progress.more("refresh", chosen.len() as u64);
        let mut taken = futures::stream::iter(chosen)
            .map(|(at, (work, reference))| async move {
                (at, work, reference, self.again(reference, medium).await)
            })
            .buffered(2 * self.processors.available_permits().max(1));
        let mut done = Vec::new();
        while let Some((at, work, reference, print)) = taken.next().await {
            progress.step("refresh", &reference.file);
            match print {
                Ok(print) => {
                    part.held[at].1 = print;
                    done.push(work.id.clone());
                }
                Err(Error::Input(e)) => {
                    let what = format!("{} of '{}' ({})", reference.file, work.title, work.id);
                    errors.push(InputError { what, ..e });
                }
                Err(e) => return Err(e),
            }
        }
        drop(taken);
        if !done.is_empty() {
            let new = self.segment(medium, &part.held).await?;
            self.exchange(&[part.segment], vec![new]).await?;
        }
        Ok(done)
    }

    /// One fingerprint of a reference, from the vault's copy.
    async fn again(&self, reference: &Reference, medium: Medium) -> Result<Fingerprint, Error> {
        let copy = match self.vault.local(&reference.sha256).await {
            Err(StoreError::Missing(blob)) => {
                let why = format!("the vault has no copy of it: restore blob {blob}");
                return Err(InputError::new(&reference.file, why).into());
            }
            copy => copy?,
        };
        let (media, name) = (self.media.clone(), reference.file.clone());
        let print = self
            .compute(move || read_again(&media, &copy, &name, medium))
            .await??;
        let nothing = || InputError::new(&reference.file, format!("nothing of {medium} to recognise in it"));
        Ok(print.ok_or_else(nothing)?)
    }

    /// Takes fingerprints that were kept beside the segments out of the vault and the works. Nothing reads them.
    async fn forget_prints(&self) -> Result<(), Error> {
        let mut works = self.records.all::<Work>(&Query::default()).await?;
        works.retain(|work| work.references.iter().any(|r| !r.prints.is_empty()));
        let references = works.iter_mut().flat_map(|work| &mut work.references);
        for print in references.flat_map(|r| std::mem::take(&mut r.prints)) {
            self.vault.remove(&print.blob).await?;
        }
        Ok(self
            .records
            .put(works.into_iter().map(Record::from).collect())
            .await?)
    }
}

/// A segment, and what it was built from.
struct Part {
    segment: Segment,
    held: Vec<(ReferenceId, Fingerprint)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;
    use crate::register::tests::{office, register_texts, segments};

    #[tokio::test]
    async fn what_cannot_be_read_stays_and_old_blobs_go() {
        let room = tempfile::tempdir().unwrap();
        let campaign = office(room.path()).await;
        register_texts(&campaign, room.path(), 0..2).await;
        // As a program before left it: the fingerprint in the vault besides.
        let blob = campaign.vault.put("a fingerprint".into()).await.unwrap();
        let works: Vec<Work> = campaign.records.all(&Query::default()).await.unwrap();
        let mut before = works.clone();
        before[0].references[0].prints.push(Print {
            medium: Medium::Text,
            version: 1,
            blob: blob.clone(),
        });
        campaign
            .records
            .put(vec![before[0].clone().into()])
            .await
            .unwrap();
        let segment = segments(&campaign, Medium::Text).await;
        let none = campaign.refresh_works(&[], false, &Silent).await.unwrap();
        assert_eq!(
            (none.works, none.errors),
            (vec![], vec![]),
            "texts have had one form"
        );
        assert!(!campaign.vault.has(&blob).await.unwrap());
        let now: Vec<Work> = campaign.records.all(&Query::default()).await.unwrap();
        assert_eq!(now, works);

        campaign
            .vault
            .remove(&works[1].references[0].sha256)
            .await
            .unwrap();
        let one = campaign.refresh_works(&[], true, &Silent).await.unwrap();
        assert_eq!(one.works, works[..1]);
        let said = one.errors[0].to_string();
        assert!(
            said.contains(works[1].id.as_str()) && said.contains("restore"),
            "{said}"
        );
        assert_eq!(segments(&campaign, Medium::Text).await, segment);
    }

    #[tokio::test]
    async fn a_large_segment_is_refreshed_in_parts() {
        let room = tempfile::tempdir().unwrap();
        let campaign = office(room.path()).await;
        let count = 2 * PART + 1;
        register_texts(&campaign, room.path(), 0..count as u64).await;
        let held = async || {
            let segments = segments(&campaign, Medium::Text).await;
            let mut all: Vec<_> = segments.iter().flat_map(|s| s.references.clone()).collect();
            all.sort();
            (segments.len(), all)
        };
        let (one, all) = held().await;
        assert_eq!((one, all.len()), (1, count));
        let some: Vec<Work> = campaign.records.all(&Query::default()).await.unwrap();
        let some: Vec<WorkId> = some.into_iter().take(PART + 1).map(|w| w.id).collect();
        let answer = campaign.refresh_works(&some, true, &Silent).await.unwrap();
        assert_eq!((answer.works.len(), answer.errors.len()), (PART + 1, 0));
        assert_eq!(held().await, (3, all), "two parts, and the others");
        let unknown = campaign
            .refresh_works(&[WorkId::from_text("work-x")], true, &Silent)
            .await;
        assert!(matches!(unknown, Err(Error::Input(_))));
    }
}
