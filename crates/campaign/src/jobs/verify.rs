//! Notice → Outcome: gone, still there, moved, back again, or unreachable.

use super::Job;
use super::capture::{Failure, Look};
use super::order::expectation;
use super::patrol;
use crate::{Campaign, Error, Observer};
use std::collections::BTreeMap;
use swordnet_core::*;
use swordnet_crawl::{Fetched, read};
use swordnet_evidence::chain::Event;
use swordnet_store::{Expect, Query};
use url::Url;

/// What a re-check saw, before it is put into the notice's history.
enum Sight {
    /// The work is at the address.
    Present,
    /// The site answers, and neither the address nor the page has the work.
    Absent,
    /// The page offers the work at another address.
    Elsewhere(Box<Sighting>, Box<Look>),
    /// The site does not answer.
    Unknown,
}

impl Campaign {
    /// Re-checks what was ordered removed; gives the outcomes, and what could not be checked.
    pub async fn verify(&self, observer: &dyn Observer) -> Result<(Vec<Outcome>, Vec<String>), Error> {
        let at = self.now();
        let notices = self.records.all::<Notice>(&Query::default()).await?;
        let due = |n: &Notice| n.state != NoticeState::Withdrawn && n.issued_at < at;
        let mut jobs: Vec<Job> = notices
            .iter()
            .filter(|n| due(n))
            .map(|n| Job::Verify {
                notice: n.id.clone(),
                at,
            })
            .collect();
        jobs.extend(self.due_for_findings().await?);
        let mut failures: BTreeMap<String, Error> = self.run(jobs, observer).await?;
        let mut rest = self.due_for_findings().await?;
        rest.retain(|job| !failures.contains_key(&job.key()));
        failures.extend(self.run(rest, observer).await?);
        failures.extend(self.run(self.due_for_stamps().await?, observer).await?);
        let since = Query {
            from: Some(at),
            ..Query::default()
        };
        let outcomes = self.records.all::<Outcome>(&since).await?;
        Ok((
            outcomes,
            failures
                .into_iter()
                .map(|(key, e)| format!("{key}: {e}"))
                .collect(),
        ))
    }

    /// Re-checks one notice at an instant.
    pub(super) async fn verify_notice(
        &self,
        id: &NoticeId,
        at: Timestamp,
        observer: &dyn Observer,
    ) -> Result<Vec<Job>, Error> {
        let outcome_id = Outcome::id_of(id, at);
        if self.records.get::<Outcome>(outcome_id.as_str()).await?.is_some() {
            return Ok(vec![]);
        }
        let mut notice = self.need::<Notice>(id.as_str()).await?;
        let mut finding = self.need::<Finding>(notice.finding.as_str()).await?;
        let mut before = vec![expectation(&notice), expectation(&finding)];
        let was_gone = notice.removed_at.is_some();
        let (sight, detail) = self.see(&finding, was_gone).await?;
        let mut next = Vec::new();
        let mut moved_to = None;
        let kind = match sight {
            Sight::Unknown => OutcomeKind::Unreachable,
            Sight::Present if was_gone => OutcomeKind::BackAgain,
            Sight::Present => OutcomeKind::StillThere,
            Sight::Absent => OutcomeKind::Gone,
            Sight::Elsewhere(sighting, look) => {
                moved_to = Some(sighting.url.clone());
                next = self.follow(&finding, *sighting, *look, observer).await?;
                if was_gone {
                    OutcomeKind::BackAgain
                } else {
                    OutcomeKind::Moved
                }
            }
        };
        settle(&mut notice, &mut finding, kind, at)?;
        let outcome = Outcome {
            id: outcome_id,
            notice: id.clone(),
            url: notice.url.clone(),
            outcome: kind,
            seen_at: at,
            moved_to,
            detail,
        };
        let mut records: Vec<Record> = Vec::new();
        if let Some((entry, free)) = self.logged(&finding, &outcome).await? {
            records.push(entry);
            before.push(free);
        }
        records.extend([outcome.clone().into(), notice.into(), finding.into()]);
        self.records.commit(records, before).await?;
        observer.record(&outcome.into());
        Ok(next)
    }

    /// The entry about an outcome in the log of the finding's exhibit, and the condition on which both are committed.
    pub(super) async fn logged(
        &self,
        finding: &Finding,
        outcome: &Outcome,
    ) -> Result<Option<(Record, Expect)>, Error> {
        let Some(id) = &finding.exhibit else {
            return Ok(None);
        };
        let exhibit = self.need::<Exhibit>(id.as_str()).await?;
        self.entry(&exhibit, checked(outcome)).await.map(Some)
    }

    /// Looks at the address and, when it is dead, at the page that offered it.
    async fn see(&self, finding: &Finding, was_gone: bool) -> Result<(Sight, String), Error> {
        let sighting = self.need::<Sighting>(finding.sighting.as_str()).await?;
        let site = self.need::<Site>(finding.site.as_str()).await?;
        if sighting.access == Access::Page {
            return self.see_text(finding, &sighting, &site).await;
        }
        let look = self.look(&sighting).await?;
        let detail = look.remark.clone();
        if shows(&look, &finding.work) {
            return Ok((Sight::Present, detail));
        }
        if look.failure == Some(Failure::Silent) {
            return Ok((Sight::Unknown, detail));
        }
        let (page, spans) = match self.fetch_page(&finding.page_url).await? {
            Ok(fetched) => fetched,
            Err((Failure::Dead, _)) => return Ok((Sight::Absent, detail)),
            Err((Failure::Silent, why)) => return Ok((Sight::Unknown, why)),
        };
        let offers = match self.offers(finding, &site, &page, spans).await? {
            Ok(offers) => offers,
            Err(why) => return Ok((Sight::Unknown, why)),
        };
        for offered in offers {
            if offered.url == sighting.url || offered.access == Access::Page {
                continue;
            }
            let id = Finding::id_of(&site.id, &offered.url, &finding.work);
            let known = self.records.get::<Finding>(id.as_str()).await?;
            // A copy that is on record has its own notice; only the re-check that found it, done again, may name it.
            if known.is_some_and(|k| was_gone || k.moved_from.as_ref() != Some(&finding.id)) {
                continue;
            }
            let look = self.look(&offered).await?;
            if shows(&look, &finding.work) {
                return Ok((Sight::Elsewhere(Box::new(offered), Box::new(look)), detail));
            }
        }
        Ok((Sight::Absent, detail))
    }

    /// A text is its page: read again and compare.
    async fn see_text(
        &self,
        finding: &Finding,
        old: &Sighting,
        site: &Site,
    ) -> Result<(Sight, String), Error> {
        let (page, _) = match self.fetch_page(&finding.url).await? {
            Ok(fetched) => fetched,
            Err((Failure::Dead, why)) => return Ok((Sight::Absent, why)),
            Err((Failure::Silent, why)) => return Ok((Sight::Unknown, why)),
        };
        let reading = reading(site, &page)?;
        for offer in reading.offers.iter().filter(|o| o.access == Access::Page) {
            let Some(text) = &offer.text else { continue };
            let blob = self.keep_text(text).await?;
            let now = Sighting {
                text: Some(blob),
                ..old.clone()
            };
            if shows(&self.look(&now).await?, &finding.work) {
                return Ok((Sight::Present, String::new()));
            }
        }
        Ok((Sight::Absent, "the page no longer holds the text".into()))
    }

    /// What the page offers now, as sightings of the visit on which the copy was found; or why that cannot be told.
    async fn offers(
        &self,
        finding: &Finding,
        site: &Site,
        page: &Fetched,
        spans: Vec<WarcSpan>,
    ) -> Result<Result<Vec<Sighting>, String>, Error> {
        let mut reading = reading(site, page)?;
        if reading.hidden_player {
            match self.open_one(&page.last().url, site.area).await {
                Ok(offers) => reading.offers.extend(offers),
                Err(why) => return Ok(Err(why)),
            }
        }
        let record = patrol::page(self, &finding.visit, site, page, &reading, spans)
            .map_err(|e| Error::file(&self.scratch, e))?;
        let of = |offer: &read::Offer| {
            let mut sighting = patrol::sighting(&finding.visit, site, &record, offer, None);
            sighting.page = finding.page.clone();
            sighting
        };
        Ok(Ok(reading.offers.iter().map(of).collect()))
    }

    /// The copy stands at another address: a finding of its own, to be preserved and ordered in its turn.
    async fn follow(
        &self,
        from: &Finding,
        sighting: Sighting,
        look: Look,
        observer: &dyn Observer,
    ) -> Result<Vec<Job>, Error> {
        let examination = Examination {
            id: sighting.id.clone(),
            visit: sighting.visit.clone(),
            site: sighting.site.clone(),
            end: look.end,
            remark: look.remark,
            sha256: look.sha256,
            archived: look.archived,
            candidates: look
                .candidates
                .into_iter()
                .filter(|c| c.work == from.work)
                .collect(),
            at: sighting.seen_at,
        };
        self.records.put(vec![sighting.clone().into()]).await?;
        self.record_findings(&sighting, examination, Some(from), observer)
            .await
    }
}

/// The re-check, as the exhibit's log tells it.
fn checked(outcome: &Outcome) -> Event {
    let mut facts = vec![
        ("notice", outcome.notice.to_string()),
        ("outcome", outcome.outcome.to_string()),
        ("url", outcome.url.clone()),
    ];
    facts.extend(outcome.moved_to.iter().map(|url| ("moved_to", url.clone())));
    if !outcome.detail.is_empty() {
        facts.push(("detail", outcome.detail.clone()));
    }
    Event::new("re-check", outcome.seen_at, facts)
}

fn shows(look: &Look, work: &WorkId) -> bool {
    look.candidates.iter().any(|c| c.work == *work)
}

fn reading(site: &Site, page: &Fetched) -> Result<read::Reading, Error> {
    let last = page.last();
    let body = last
        .body
        .bytes()
        .map_err(|e| Error::Unreachable(format!("{}: {e}", last.url)))?;
    let kind = last
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let url: &Url = &last.url;
    Ok(read::read(
        site.area,
        url,
        kind.map(|(_, value)| value.as_str()),
        &body,
    ))
}

/// Puts what was seen into the lives of notice and finding. A copy that was never seen standing past the deadline counts as removed
/// in time: when it went between two checks nobody knows.
fn settle(notice: &mut Notice, finding: &mut Finding, kind: OutcomeKind, at: Timestamp) -> Result<(), Error> {
    match kind {
        OutcomeKind::Unreachable => {}
        OutcomeKind::StillThere => {
            if at > notice.deadline {
                notice.advance(NoticeState::Overdue)?;
                finding.advance(FindingState::Overdue, at)?;
            }
        }
        OutcomeKind::BackAgain => {
            if matches!(notice.state, NoticeState::Complied | NoticeState::CompliedLate) {
                notice.advance(NoticeState::Breached)?;
            }
            if matches!(finding.state, FindingState::Removed | FindingState::Moved) {
                finding.advance(FindingState::Returned, at)?;
            }
        }
        OutcomeKind::Gone | OutcomeKind::Moved => {
            notice.removed_at = notice.removed_at.or(Some(at));
            match notice.state {
                NoticeState::Issued => notice.advance(NoticeState::Complied)?,
                NoticeState::Overdue | NoticeState::Breached => notice.advance(NoticeState::CompliedLate)?,
                _ => {}
            }
            let next = if kind == OutcomeKind::Gone {
                FindingState::Removed
            } else {
                FindingState::Moved
            };
            // One that moved before and is simply gone now stays "moved": its successor has its own notice.
            if finding.state != FindingState::Moved {
                finding.advance(next, at)?;
            }
        }
    }
    notice.next_check = Some(after_hours(at, 24));
    Ok(())
}
