//! Site → Page → Sighting: a patrol over sites, and the visit to each.

use super::Job;
use super::capture::Draft;
use super::recall::{self, Recalled};
use crate::{Campaign, Error, InputError, Observer};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap, HashSet};
use swordnet_core::*;
use swordnet_crawl::{BoxError, Earlier, Fetched, Sink, read};
use swordnet_store::Query;
use url::Url;

/// Which sites a patrol checks.
#[derive(Clone, Debug, Default)]
pub struct PatrolRequest {
    /// Hosts, identifiers or addresses; empty is every registered site.
    pub sites: Vec<String>,
    /// Only sites of this area; the area of sites that are named by address and not registered yet.
    pub area: Option<Area>,
}

/// What a patrol did.
#[derive(Clone, Debug)]
pub struct PatrolSummary {
    /// The patrol.
    pub patrol: Patrol,
    /// Its visits.
    pub visits: Vec<Visit>,
    /// What was found on them.
    pub findings: Vec<Finding>,
    /// What could not be done, and why.
    pub failures: Vec<String>,
}

impl Campaign {
    /// Checks sites: fetch, read, recognise, judge, preserve, order removal. A patrol over the same sites that was cut off is taken up again.
    pub async fn patrol(
        &self,
        request: &PatrolRequest,
        observer: &dyn Observer,
    ) -> Result<PatrolSummary, Error> {
        let sites = self.chosen(request).await?;
        let mut patrol = self.begin_patrol(request.area, sites).await?;
        let mut failures = BTreeMap::new();
        loop {
            let mut due = self.due(&patrol).await?;
            due.retain(|job| !failures.contains_key(&job.key()));
            if due.is_empty() {
                break;
            }
            failures.extend(self.run(due, observer).await?);
        }
        failures.extend(self.run(self.due_for_stamps().await?, observer).await?);
        if failures.is_empty() {
            patrol.done = true;
            self.records.put(vec![patrol.clone().into()]).await?;
        }
        let visits = self
            .records
            .all::<Visit>(&Query {
                parent: Some(patrol.id.to_string()),
                ..Query::default()
            })
            .await?;
        let mut findings = Vec::new();
        for visit in &visits {
            let on = Query {
                parent: Some(visit.id.to_string()),
                ..Query::default()
            };
            findings.extend(self.records.all::<Finding>(&on).await?);
        }
        let failures = failures
            .into_iter()
            .map(|(key, e)| format!("{key}: {e}"))
            .collect();
        Ok(PatrolSummary {
            patrol,
            visits,
            findings,
            failures,
        })
    }

    /// The sites asked for, by identifier; unknown addresses are registered when an area is given.
    async fn chosen(&self, request: &PatrolRequest) -> Result<Vec<Site>, Error> {
        let registered = self.records.all::<Site>(&Query::default()).await?;
        let in_area = |s: &&Site| request.area.is_none_or(|area| s.area == area);
        if request.sites.is_empty() {
            let sites: Vec<Site> = registered.iter().filter(in_area).cloned().collect();
            if sites.is_empty() {
                return Err(InputError::new(
                    "patrol",
                    "no site is registered: add some with `swordnet site add`",
                )
                .into());
            }
            return Ok(sites);
        }
        let mut sites = Vec::new();
        for name in &request.sites {
            let known = registered.iter().find(|s| {
                s.id.as_str() == name
                    || s.host() == name.to_lowercase()
                    || s.start == *name
                    || s.name == *name
            });
            match (known, request.area) {
                (Some(site), _) => sites.push(site.clone()),
                (None, Some(area)) => {
                    let site = crate::lists::site(name, area, self.now())
                        .map_err(|why| InputError::new(name, why))?;
                    self.records.put(vec![site.clone().into()]).await?;
                    sites.push(site);
                }
                (None, None) => {
                    let why = "is no registered site: give its address and --area, or add it with `swordnet site add`";
                    return Err(InputError::new(name, why).into());
                }
            }
        }
        sites.sort_by(|a, b| a.id.cmp(&b.id));
        sites.dedup_by(|a, b| a.id == b.id);
        Ok(sites)
    }

    /// The running patrol over these sites, or a new one.
    async fn begin_patrol(&self, area: Option<Area>, sites: Vec<Site>) -> Result<Patrol, Error> {
        let sites: Vec<SiteId> = sites.into_iter().map(|s| s.id).collect();
        let running = Query {
            states: vec!["running".into()],
            ..Query::default()
        };
        let cut_off = self.records.all::<Patrol>(&running).await?;
        if let Some(patrol) = cut_off.into_iter().find(|p| p.area == area && p.sites == sites) {
            return Ok(patrol);
        }
        let started_at = self.now();
        let names: Vec<&str> = sites.iter().map(SiteId::as_str).collect();
        let id = PatrolId::derive(&[&started_at.to_string(), &names.join(" ")]);
        let patrol = Patrol {
            id,
            area,
            sites,
            started_at,
            done: false,
        };
        self.records.put(vec![patrol.clone().into()]).await?;
        Ok(patrol)
    }

    /// What the records say is still to be done of a patrol.
    async fn due(&self, patrol: &Patrol) -> Result<Vec<Job>, Error> {
        let under = |parent: &str| Query {
            parent: Some(parent.to_owned()),
            ..Query::default()
        };
        let visits = self.records.all::<Visit>(&under(patrol.id.as_str())).await?;
        let visited: HashSet<&SiteId> = visits.iter().map(|v| &v.site).collect();
        let mut jobs: Vec<Job> = patrol
            .sites
            .iter()
            .filter(|site| !visited.contains(site))
            .map(|site| Job::Visit {
                patrol: patrol.id.clone(),
                site: site.clone(),
            })
            .collect();
        for visit in &visits {
            let done = self.records.all::<Examination>(&under(visit.id.as_str())).await?;
            let done: HashSet<&SightingId> = done.iter().map(|e| &e.id).collect();
            let sightings = self.records.all::<Sighting>(&under(visit.id.as_str())).await?;
            jobs.extend(
                sightings
                    .iter()
                    .filter(|s| !done.contains(&s.id))
                    .map(|s| Job::Examine {
                        sighting: s.id.clone(),
                    }),
            );
        }
        jobs.extend(self.due_for_findings().await?);
        Ok(jobs)
    }

    /// Findings that wait for their evidence or their notice.
    pub(super) async fn due_for_findings(&self) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for finding in self.findings_in(FindingState::Judged).await? {
            if finding.verdict == Verdict::Infringing {
                jobs.push(Job::Preserve { finding: finding.id });
            }
        }
        for finding in self.findings_in(FindingState::Preserved).await? {
            jobs.push(Job::Order { finding: finding.id });
        }
        Ok(jobs)
    }

    /// Fetches and reads a site; writes its pages, sightings and the visit, all or none.
    pub(super) async fn visit(&self, patrol: &PatrolId, site: &SiteId) -> Result<Vec<Job>, Error> {
        let id = Visit::id_of(patrol, site);
        if self.records.get::<Visit>(id.as_str()).await?.is_some() {
            return Ok(vec![]);
        }
        let site = self.need::<Site>(site.as_str()).await?;
        let start = Url::parse(&site.start).map_err(|e| InputError::new(&site.start, e))?;
        let started_at = self.now();
        let environment = self.note_environment().await?;
        let mut record = Recorder {
            campaign: self,
            visit: &id,
            site: &site,
            archive: Draft::new(self)?,
            seen: Vec::new(),
            recalled: HashMap::new(),
        };
        let summary = swordnet_crawl::crawl(&self.client, &[start], Some(site.area), &mut record)
            .await
            .map_err(|e| Error::Unreachable(format!("{}: {e}", site.start)))?;
        let Recorder {
            archive, mut seen, ..
        } = record;
        let warc = archive.keep(self).await?;
        let mut captures = Vec::new();
        for seen in &mut seen {
            captures.extend(seen.settle(&warc));
        }
        let mut remarks = summary.remarks;
        let unchanged = seen.iter().filter(|s| s.page.unchanged_since.is_some()).count();
        if unchanged > 0 {
            remarks.push(format!(
                "{unchanged} pages have not changed since an earlier visit, as their server says; what it gave then was read"
            ));
        }
        remarks.extend(self.open_hidden(site.area, &mut seen).await?);
        let sightings = self.sightings(&id, &site, &seen).await?;
        let visit = Visit {
            id,
            patrol: patrol.clone(),
            site: site.id.clone(),
            started_at,
            finished_at: self.now(),
            end: summary.end,
            remarks,
            pages: summary.pages,
            bytes: summary.bytes,
            refused_by_robots: summary.refused_by_robots,
            errors: summary.errors,
            warc: Some(warc),
            environment: Some(environment),
        };
        let next = sightings
            .iter()
            .map(|s| Job::Examine {
                sighting: s.id.clone(),
            })
            .collect();
        let mut records: Vec<Record> = seen.into_iter().map(|seen| seen.page.into()).collect();
        records.extend(captures.into_iter().map(Record::from));
        records.extend(sightings.into_iter().map(Record::from));
        records.push(visit.into());
        self.records.put(records).await?;
        Ok(next)
    }

    /// One sighting for each address and medium that the pages offer: of several pages the one that says most about it.
    async fn sightings(&self, visit: &VisitId, site: &Site, seen: &[Seen]) -> Result<Vec<Sighting>, Error> {
        let mut best: BTreeMap<(String, Medium), Sighting> = BTreeMap::new();
        let named: HashSet<&str> = seen
            .iter()
            .flat_map(|s| &s.offers)
            .map(|o| o.url.as_str())
            .collect();
        for Seen {
            page, offers, asked, ..
        } in seen
        {
            for offer in offers {
                // A file that a page offers by an address which redirects to it is that offer, not one more.
                if offer.url.as_str() == page.url && *asked != page.url && named.contains(asked.as_str()) {
                    continue;
                }
                let text = match &offer.text {
                    Some(text) => Some(self.vault.put(bytes::Bytes::from(text.clone())).await?),
                    None => None,
                };
                let sighting = sighting(visit, site, page, offer, text);
                let key = (sighting.url.clone(), sighting.medium);
                let rank = |s: &Sighting| {
                    let said = [
                        &s.title,
                        &s.uploader,
                        &s.author,
                        &s.credit,
                        &s.published,
                        &s.pass_code,
                    ];
                    (
                        said.iter().filter(|t| !t.is_empty()).count(),
                        std::cmp::Reverse(s.page_url.clone()),
                    )
                };
                if best.get(&key).is_none_or(|known| rank(known) < rank(&sighting)) {
                    best.insert(key, sighting);
                }
            }
        }
        Ok(best.into_values().collect())
    }
}

/// An offer as a record.
pub(super) fn sighting(
    visit: &VisitId,
    site: &Site,
    page: &Page,
    offer: &read::Offer,
    text: Option<Sha256Hex>,
) -> Sighting {
    Sighting {
        id: Sighting::id_of(visit, &page.url, offer.url.as_str(), offer.medium),
        visit: visit.clone(),
        site: site.id.clone(),
        page: page.id.clone(),
        page_url: page.url.clone(),
        url: offer.url.to_string(),
        medium: offer.medium,
        access: offer.access,
        title: offer.title.clone(),
        uploader: offer.uploader.clone(),
        author: offer.author.clone(),
        credit: offer.credit.clone(),
        published: offer.published.clone(),
        pass_code: offer.pass_code.clone(),
        text,
        seen_at: page.fetched_at,
    }
}

/// Archives everything that a crawl fetches, and notes the pages.
struct Recorder<'a> {
    campaign: &'a Campaign,
    visit: &'a VisitId,
    site: &'a Site,
    archive: Draft,
    seen: Vec<Seen>,
    /// By address: pages of earlier visits whose servers are being asked whether they have changed.
    recalled: HashMap<String, Recalled>,
}

/// A page, what it offers, and the address that was asked for.
pub(super) struct Seen {
    pub page: Page,
    pub offers: Vec<read::Offer>,
    asked: String,
    pub hidden_player: bool,
    /// What came earlier, where the server says that it has not changed.
    earlier: Option<Capture>,
    /// How the server would know again what came now.
    validator: Option<Validator>,
}

impl Seen {
    /// Says where the archive, now that it is closed, holds the page; gives what a later visit is to know of it.
    fn settle(&mut self, warc: &Sha256Hex) -> Option<Capture> {
        let page = &mut self.page;
        for span in page.beside.iter_mut().chain([&mut page.archived]) {
            span.warc = warc.clone();
        }
        if let Some(earlier) = self.earlier.take() {
            page.unchanged_since = Some(earlier.at);
            page.beside.splice(0..0, earlier.archived);
        }
        let validator = self.validator.take()?;
        Some(Capture {
            id: Capture::id_of(&page.url, Access::Page),
            url: page.url.clone(),
            sha256: page.sha256.clone(),
            validators: vec![validator],
            archived: page.beside.iter().chain([&page.archived]).cloned().collect(),
            remark: String::new(),
            at: page.fetched_at,
        })
    }
}

#[async_trait]
impl Sink for Recorder<'_> {
    async fn exchange(
        &mut self,
        _kind: swordnet_crawl::Kind,
        fetched: &Fetched,
        reading: Option<&read::Reading>,
    ) -> Result<(), BoxError> {
        let recalled = self.recalled.remove(fetched.hops[0].url.as_str());
        let recalled = recalled.filter(|_| fetched.last().unchanged);
        let archived = match &recalled {
            Some(recalled) => self.archive.add_unchanged(fetched, &recalled.original)?,
            None => self.archive.add(fetched)?,
        };
        let Some(reading) = reading else { return Ok(()) };
        let page = page(self.campaign, self.visit, self.site, fetched, reading, archived)?;
        if !self.seen.iter().any(|known| known.page.id == page.id) {
            let asked = fetched
                .hops
                .first()
                .map_or_else(String::new, |hop| hop.url.to_string());
            self.seen.push(Seen {
                page,
                offers: reading.offers.clone(),
                asked,
                hidden_player: reading.hidden_player,
                earlier: recalled.map(|recalled| recalled.capture),
                validator: recall::validator(fetched),
            });
        }
        Ok(())
    }

    async fn earlier(&mut self, url: &str) -> Result<Option<Earlier>, BoxError> {
        let recalled = self.campaign.recall(url).await?;
        Ok(recalled.map(|(recalled, earlier)| {
            self.recalled.insert(url.to_owned(), recalled);
            earlier
        }))
    }
}

/// A fetched page as a record; the archive's digest is filled in when it is closed.
pub(super) fn page(
    campaign: &Campaign,
    visit: &VisitId,
    site: &Site,
    fetched: &Fetched,
    reading: &read::Reading,
    mut archived: Vec<WarcSpan>,
) -> Result<Page, std::io::Error> {
    let exchanges = archived
        .pop()
        .ok_or_else(|| std::io::Error::other("a fetch that was not archived"))?;
    let last = fetched.last();
    let url = last.url.to_string();
    Ok(Page {
        id: Page::id_of(visit, &url),
        visit: visit.clone(),
        site: site.id.clone(),
        url,
        title: reading.title.clone(),
        status: last.status,
        fetched_at: campaign.now(),
        sha256: Sha256Hex::of(&last.body.bytes()?),
        archived: exchanges,
        beside: archived,
        unchanged_since: None,
        rendered: None,
    })
}
