//! Sighting → Candidate → Finding: the offer is fetched, recognised and judged.

use super::Job;
use super::order::expectation;
use crate::{Campaign, Error, Observer};
use std::collections::BTreeMap;
use swordnet_core::*;
use swordnet_store::{Expect, Query};

impl Campaign {
    /// Examines one offer; writes the examination and its findings, all or none.
    pub(super) async fn examine(&self, id: &SightingId, observer: &dyn Observer) -> Result<Vec<Job>, Error> {
        if self.records.get::<Examination>(id.as_str()).await?.is_some() {
            return Ok(vec![]);
        }
        let sighting = self.need::<Sighting>(id.as_str()).await?;
        let look = self.look(&sighting).await?;
        let examination = Examination {
            id: id.clone(),
            visit: sighting.visit.clone(),
            site: sighting.site.clone(),
            end: look.end,
            remark: look.remark,
            sha256: look.sha256,
            archived: look.archived,
            candidates: look.candidates,
            at: sighting.seen_at,
        };
        self.record_findings(&sighting, examination, None, observer).await
    }

    /// Judges what an examination recognised and writes both. A copy that had been removed and is there again is marked so.
    pub(super) async fn record_findings(
        &self,
        sighting: &Sighting,
        examination: Examination,
        moved_from: Option<&Finding>,
        observer: &dyn Observer,
    ) -> Result<Vec<Job>, Error> {
        let mut by_work: BTreeMap<WorkId, Vec<Candidate>> = BTreeMap::new();
        for candidate in &examination.candidates {
            by_work
                .entry(candidate.work.clone())
                .or_default()
                .push(candidate.clone());
        }
        let mut records: Vec<Record> = vec![examination.into()];
        let mut expect: Vec<Expect> = Vec::new();
        let mut found = Vec::new();
        let mut next = Vec::new();
        for (work, candidates) in by_work {
            let mut finding = self.judged(sighting, work, candidates).await?;
            finding.moved_from = moved_from.map(|f| f.id.clone());
            let known = self.records.get::<Finding>(finding.id.as_str()).await?;
            expect.push(match &known {
                Some(known) => expectation(known),
                None => Expect {
                    kind: Kind::Finding,
                    id: finding.id.to_string(),
                    state: None,
                },
            });
            if let Some(known) = known {
                records.extend(self.seen_again(known, &mut finding, &mut expect).await?);
            }
            if finding.state == FindingState::Judged && finding.verdict == Verdict::Infringing {
                next.push(Job::Preserve {
                    finding: finding.id.clone(),
                });
            }
            found.push(finding);
        }
        records.extend(found.iter().cloned().map(Record::from));
        self.records.commit(records, expect).await?;
        for finding in found {
            observer.record(&finding.into());
        }
        Ok(next)
    }

    /// A finding that was on record before: what was done about it stays, and a removed copy has come back.
    async fn seen_again(
        &self,
        known: Finding,
        finding: &mut Finding,
        expect: &mut Vec<Expect>,
    ) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        let judged_anew = known.state == FindingState::Closed && finding.verdict == Verdict::Infringing;
        if judged_anew {
            return Ok(records);
        }
        let at = finding.found_at;
        *finding = Finding {
            visit: finding.visit.clone(),
            sighting: finding.sighting.clone(),
            ..known
        };
        if matches!(finding.state, FindingState::Removed | FindingState::Moved) {
            finding.advance(FindingState::Returned, at)?;
            if let Some(notice) = &finding.notice {
                let mut notice = self.need::<Notice>(notice.as_str()).await?;
                notice.advance(NoticeState::Breached)?;
                let outcome = Outcome {
                    id: Outcome::id_of(&notice.id, at),
                    notice: notice.id.clone(),
                    url: notice.url.clone(),
                    outcome: OutcomeKind::BackAgain,
                    seen_at: at,
                    moved_to: None,
                    detail: "seen by a later patrol".into(),
                };
                if let Some((entry, free)) = self.logged(finding, &outcome).await? {
                    records.push(entry);
                    expect.push(free);
                }
                records.extend([notice.into(), outcome.into()]);
            }
        }
        Ok(records)
    }

    /// Judges the recognised spans of one work in an offer, as of the moment when it was seen.
    async fn judged(
        &self,
        sighting: &Sighting,
        work: WorkId,
        candidates: Vec<Candidate>,
    ) -> Result<Finding, Error> {
        let work = self.need::<Work>(work.as_str()).await?;
        let site = self.need::<Site>(sighting.site.as_str()).await?;
        let licences = self.licences_for(&work.id).await?;
        let white_list = self.records.all::<WhiteListEntry>(&Query::default()).await?;
        let warning_lists = self.records.all::<WarningList>(&Query::default()).await?;
        let circumstances = Circumstances {
            work: &work,
            site: &site,
            sighting,
            candidates: &candidates,
            licences: &licences,
            white_list: &white_list,
            warning_lists: &warning_lists,
            territory: &self.settings.territory,
            certain: self.settings.certain,
        };
        let judgement = judge(&circumstances, sighting.seen_at);
        let lawful = !matches!(judgement.verdict, Verdict::Infringing | Verdict::Unclear);
        let best = candidates.iter().max_by(|a, b| a.score.total_cmp(&b.score));
        Ok(Finding {
            id: Finding::id_of(&site.id, &sighting.url, &work.id),
            visit: sighting.visit.clone(),
            site: site.id.clone(),
            area: site.area,
            sighting: sighting.id.clone(),
            page: sighting.page.clone(),
            page_url: sighting.page_url.clone(),
            url: sighting.url.clone(),
            medium: best.map_or(sighting.medium, |c| c.medium),
            score: best.map_or(0.0, |c| c.score),
            work: work.id,
            title: work.title,
            candidates,
            verdict: judgement.verdict,
            reasons: judgement.reasons,
            state: if lawful {
                FindingState::Closed
            } else {
                FindingState::Judged
            },
            found_at: sighting.seen_at,
            changed_at: sighting.seen_at,
            exhibit: None,
            notice: None,
            moved_from: None,
        })
    }
}
