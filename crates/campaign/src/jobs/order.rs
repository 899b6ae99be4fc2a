//! Exhibit → Notice: removal is ordered, with a deadline taken from a dated duty.

use super::Job;
use crate::{Campaign, Error, Observer};
use swordnet_core::*;
use swordnet_evidence::chain::Event;
use swordnet_store::{Expect, Query};

impl Campaign {
    /// Issues the notice for a finding whose evidence is sealed.
    pub(super) async fn order(&self, id: &FindingId, observer: &dyn Observer) -> Result<Vec<Job>, Error> {
        let mut finding = self.need::<Finding>(id.as_str()).await?;
        if finding.state != FindingState::Preserved {
            return Ok(vec![]);
        }
        let site = self.need::<Site>(finding.site.as_str()).await?;
        let warned = finding.reasons.iter().any(|r| r.code == "on_warning_list");
        let now = self.now();
        let (deadline, duty) = deadline(site.service, site.area, warned, now);
        let notice = Notice {
            id: Notice::id_of(id),
            finding: id.clone(),
            site: finding.site.clone(),
            work: finding.work.clone(),
            page_url: finding.page_url.clone(),
            url: finding.url.clone(),
            state: NoticeState::Issued,
            issued_at: now,
            deadline,
            duty,
            removed_at: None,
            next_check: Some(deadline),
            follows: finding.moved_from.as_ref().map(Notice::id_of),
        };
        let exhibit = finding.exhibit.clone().unwrap_or_else(|| Exhibit::id_of(id));
        let exhibit = self.need::<Exhibit>(exhibit.as_str()).await?;
        let (entry, free) = self.entry(&exhibit, self.ordered(&notice)).await?;
        let before = expectation(&finding);
        finding.notice = Some(notice.id.clone());
        finding.advance(FindingState::Ordered, now)?;
        self.records
            .commit(
                vec![notice.into(), finding.clone().into(), entry],
                vec![before, free],
            )
            .await?;
        observer.record(&finding.into());
        Ok(if exhibit.awaiting.is_empty() {
            vec![]
        } else {
            vec![Job::Stamp { exhibit: exhibit.id }]
        })
    }

    /// The order, as the exhibit's log tells it.
    fn ordered(&self, notice: &Notice) -> Event {
        let facts = [
            ("notice", notice.id.to_string()),
            ("url", notice.url.clone()),
            ("page", notice.page_url.clone()),
            ("deadline", notice.deadline.to_string()),
            ("duty", notice.duty.id.clone()),
            ("by", self.settings.operator.clone()),
        ];
        Event::new("order", notice.issued_at, facts)
    }

    /// A record that must be there.
    pub(crate) async fn need<T: Noun>(&self, id: &str) -> Result<T, Error> {
        self.records
            .get::<T>(id)
            .await?
            .ok_or_else(|| Error::Bug(format!("{} {id} is not on record", T::KIND.key())))
    }

    /// Licences that may cover a work: its own, and those for a whole catalogue.
    pub(crate) async fn licences_for(&self, work: &WorkId) -> Result<Vec<Licence>, Error> {
        let own = Query {
            work: Some(work.to_string()),
            ..Query::default()
        };
        let catalogue = Query {
            states: vec!["catalogue".into()],
            ..Query::default()
        };
        let mut licences = self.records.all::<Licence>(&own).await?;
        licences.extend(self.records.all::<Licence>(&catalogue).await?);
        Ok(licences)
    }

    /// Findings in a state, for what is due.
    pub(crate) async fn findings_in(&self, state: FindingState) -> Result<Vec<Finding>, Error> {
        let query = Query {
            states: vec![state.to_string()],
            ..Query::default()
        };
        Ok(self.records.all::<Finding>(&query).await?)
    }
}

/// The condition that a record is still in the state in which it was read.
pub(crate) fn expectation<T: Noun>(noun: &T) -> Expect {
    Expect {
        kind: T::KIND,
        id: noun.id().to_owned(),
        state: Some(noun.keys().state),
    }
}
