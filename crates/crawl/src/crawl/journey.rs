//! The course of one crawl.

use super::{
    Kind, Sink, Summary,
    frontier::{Entry, Frontier, Role},
    scope::{Scope, fingerprint},
    sitemap,
    traps::Traps,
    visit::{UnderWay, Visit, Visited, is_page},
};
use crate::{
    fetch::{Client, Error, Exchange, FetchError, Fetched, Truncation},
    read::Rel,
};

use std::{collections::BTreeMap, time::Instant};
use swordnet_core::{Access, Area, VisitEnd};
use url::Url;

/// Failures in a row, with nothing fetched in between, after which a site counts as down.
const DOWN_AFTER: u32 = 8;
/// Most sitemaps of one crawl, how many indexes deep, and how many bytes of them.
const MAX_SITEMAPS: u32 = 1000;
const MAX_SITEMAP_DEPTH: u8 = 3;
const MAX_SITEMAP_BYTES: u64 = 256 << 20;
/// Addresses sent out for each place at the server: those behind a slow answer go on while it is waited for.
const AHEAD: usize = 4;
/// Kinds of remark that are kept, so that a hostile site cannot fill our memory with them.
const MAX_REMARKS: usize = 40;

pub(super) struct Journey {
    client: Client,
    area: Option<Area>,
    scope: Scope,
    frontier: Frontier,
    traps: Traps,
    began: Instant,
    summary: Summary,
    /// What to remark, with how often it happened.
    remarks: BTreeMap<String, u64>,
    sitemaps: u32,
    sitemap_bytes: u64,
    failures_in_a_row: u32,
    any_answer: bool,
    start_forbidden: bool,
    links_elsewhere: u64,
    links_inside: u64,
    stopped: bool,
}

impl Journey {
    pub(super) fn new(client: &Client, start: &[Url], area: Option<Area>) -> Result<Journey, Error> {
        if start.is_empty() {
            return Err(Error::NoStart);
        }
        let mut frontier = Frontier::new();
        for url in start {
            let mut url = url.clone();
            url.set_fragment(None);
            if frontier.mark(fingerprint(&url))? {
                frontier.push(Entry {
                    url: url.into(),
                    depth: 0,
                    hops: 0,
                    role: Role::Start,
                })?;
            }
        }
        let summary = Summary {
            pages: 0,
            bytes: 0,
            refused_by_robots: 0,
            errors: 0,
            duplicates: 0,
            end: VisitEnd::Complete,
            remarks: Vec::new(),
        };
        Ok(Journey {
            client: client.clone(),
            area,
            scope: Scope::new(start),
            frontier,
            traps: Traps::new(client.policy().max_per_pattern),
            began: Instant::now(),
            summary,
            remarks: BTreeMap::new(),
            sitemaps: 0,
            sitemap_bytes: 0,
            failures_in_a_row: 0,
            any_answer: false,
            start_forbidden: false,
            links_elsewhere: 0,
            links_inside: 0,
            stopped: false,
        })
    }

    pub(super) async fn run(mut self, sink: &mut dyn Sink) -> Result<Summary, Error> {
        let policy = self.client.policy();
        let at_once = policy.concurrency.min(policy.per_host * self.scope.len()).max(1);
        self.hand_over_robots(sink).await?;
        // What comes is taken in the order in which it was sent for, whoever answers first: the same site gives the
        // same pages, depths and closed patterns each time.
        let mut under_way = UnderWay::default();
        loop {
            while under_way.len() < at_once * AHEAD && !self.spent(under_way.len()) {
                let traps = &self.traps;
                let next = self.frontier.pop(|entry| {
                    entry.role == Role::Page && Url::parse(&entry.url).is_ok_and(|url| traps.is_tedious(&url))
                });
                let Some(entry) = next? else { break };
                if self.worthwhile(&entry) {
                    let earlier = match entry.role {
                        Role::Start | Role::Page => sink.earlier(&entry.url).await.map_err(Error::Sink)?,
                        _ => None,
                    };
                    under_way.send_out(&self.client, entry, self.area, earlier);
                }
            }
            let Some(visited) = under_way.next().await? else {
                break;
            };
            self.take(visited, sink).await?;
        }
        Ok(self.finish())
    }

    /// The robots.txt of each site, and the sitemaps that it names.
    async fn hand_over_robots(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let policy = self.client.policy();
        if !policy.obey_robots {
            let by = policy
                .robots_override
                .clone()
                .unwrap_or_else(|| "nobody is named".to_owned());
            self.remark(&format!("robots.txt is not obeyed, by decision: {by}"));
        }
        let mut starts = Vec::new();
        while let Some(entry) = self.frontier.pop(|_| false)? {
            starts.push(entry);
        }
        let mut origins = Vec::new();
        let urls: Vec<Url> = starts
            .iter()
            .filter_map(|entry| Url::parse(&entry.url).ok())
            .collect();
        for url in urls {
            let origin = url.origin();
            if origins.contains(&origin) || crate::fetch::admissible(&url).is_err() {
                continue;
            }
            origins.push(origin);
            let robots = self.client.robots(&url).await;
            if let Some(fetched) = &robots.fetched {
                self.any_answer = true;
                self.count_bytes(fetched);
                sink.exchange(Kind::Robots, fetched, None)
                    .await
                    .map_err(Error::Sink)?;
                if fetched.last().status >= 500 {
                    self.remark(&format!(
                        "robots.txt answered {}, so nothing is fetched",
                        fetched.last().status
                    ));
                }
            }
            // What the start leads to comes before what the sitemaps list.
            for sitemap in robots
                .rules
                .sitemaps
                .iter()
                .filter_map(|sitemap| url.join(sitemap).ok())
            {
                self.add_sitemap(sitemap, 0, &mut starts)?;
            }
        }
        for entry in starts {
            self.frontier.push(entry)?;
        }
        Ok(())
    }

    fn add_sitemap(&mut self, url: Url, level: u8, to: &mut Vec<Entry>) -> Result<(), Error> {
        if level < MAX_SITEMAP_DEPTH
            && self.sitemaps < MAX_SITEMAPS
            && self.sitemap_bytes < MAX_SITEMAP_BYTES
            && self.frontier.mark(fingerprint(&url))?
        {
            self.sitemaps += 1;
            to.push(Entry {
                url: url.into(),
                depth: 0,
                hops: 0,
                role: Role::Sitemap(level),
            });
        }
        Ok(())
    }

    /// Is a limit of the whole crawl reached?
    fn spent(&mut self, under_way: usize) -> bool {
        if self.stopped {
            return true;
        }
        let policy = self.client.policy();
        let why = if self.summary.pages + under_way as u64 >= policy.max_pages {
            // Whether pages are left is known only when those under way are in.
            if under_way > 0 && self.summary.pages < policy.max_pages {
                return true;
            }
            format!("stopped at the limit of {} pages", policy.max_pages)
        } else if policy.max_time.is_some_and(|most| self.began.elapsed() >= most) {
            format!(
                "stopped at the limit of {} s",
                policy.max_time.unwrap_or_default().as_secs()
            )
        } else if self.failures_in_a_row >= DOWN_AFTER {
            "stopped because the site no longer answers".to_owned()
        } else {
            return false;
        };
        if self.frontier.len() == 0 {
            return false;
        }
        self.stopped = true;
        self.remark(&format!("{why}; {} addresses were left", self.frontier.len()));
        true
    }

    fn worthwhile(&self, entry: &Entry) -> bool {
        entry.role != Role::Page || Url::parse(&entry.url).is_ok_and(|url| self.traps.admits(&url))
    }

    async fn take(&mut self, visited: Visited, sink: &mut dyn Sink) -> Result<(), Error> {
        let Visited { entry, result } = visited;
        let visit = match result {
            Ok(visit) => visit,
            Err(error) => {
                self.failed(&entry, &error);
                return Ok(());
            }
        };
        self.failures_in_a_row = 0;
        self.any_answer = true;
        self.count_bytes(&visit.fetched);
        let last = visit.fetched.last();
        let kind = match (entry.role, &visit.reading) {
            (Role::Sitemap(_), _) => Kind::Sitemap,
            (_, Some(_)) if is_page(last) => Kind::Page,
            _ => Kind::Other,
        };
        if last.status >= 500 {
            self.summary.errors += 1;
        }
        if entry.role == Role::Start && last.status >= 400 {
            self.remark(&format!("the start address answered {}", last.status));
        }
        self.note_truncation(last);
        sink.exchange(kind, &visit.fetched, visit.reading.as_ref())
            .await
            .map_err(Error::Sink)?;

        if let (Some(onward), Role::Start | Role::Page) = (last.redirect(), entry.role) {
            self.take_redirect(&entry, &onward)?;
        }
        match (kind, entry.role) {
            (Kind::Sitemap, Role::Sitemap(level)) => self.take_sitemap(last, level)?,
            (Kind::Page, Role::Start | Role::Page) => self.take_page(&entry, &visit)?,
            (Kind::Page, _) => self.summary.pages += 1,
            _ => {}
        }
        Ok(())
    }

    /// A redirect within the site is an address like any other, so that its target is fetched once whoever leads there.
    fn take_redirect(&mut self, entry: &Entry, onward: &Url) -> Result<(), Error> {
        if entry.role == Role::Start && !self.scope.contains(onward) {
            self.remark(&format!("the start address sends us to another site, {onward}"));
        }
        if usize::from(entry.hops) >= self.client.policy().redirects {
            self.remark("redirects without end");
            return Ok(());
        }
        let mut onward = onward.clone();
        onward.set_fragment(None);
        // From http to https, or to `www.`: the same page to us, and yet to be fetched.
        let itself = Url::parse(&entry.url)
            .is_ok_and(|from| from != onward && fingerprint(&from) == fingerprint(&onward));
        if itself {
            let url = onward.into();
            return Ok(self.frontier.push(Entry {
                url,
                depth: entry.depth,
                hops: entry.hops + 1,
                role: entry.role,
            })?);
        }
        self.enqueue(&onward, entry.depth, entry.hops + 1)?;
        Ok(())
    }

    fn take_page(&mut self, entry: &Entry, visit: &Visit) -> Result<(), Error> {
        self.summary.pages += 1;
        let (page, Some(reading)) = (visit.fetched.last(), &visit.reading) else {
            return Ok(());
        };
        for remark in &reading.remarks {
            self.remark(remark);
        }
        let mut duplicate = !self.frontier.mark(visit.body)?;
        if let Some(canonical) = reading
            .canonical
            .as_ref()
            .filter(|canonical| self.scope.contains(canonical))
        {
            let other = fingerprint(canonical) != fingerprint(&page.url);
            let known = !self.enqueue(canonical, entry.depth, 0)?;
            duplicate |= other && known;
        }
        self.summary.duplicates += u64::from(duplicate);
        let nothing_new = self.traps.note(&page.url, visit.content);
        if reading.no_follow && self.client.policy().obey_robots {
            return Ok(());
        }
        // What the page offers as files is fetched by whoever wants to compare it.
        // A link that is only called like a file (`/s/8f3a`, "film.mp4") may lead to the page of a share.
        let file = |url: &Url| {
            let called = url
                .path_segments()
                .and_then(|mut s| s.next_back())
                .unwrap_or_default();
            called.contains('.')
                && reading
                    .offers
                    .iter()
                    .any(|offer| is_file(offer.access) && offer.url == *url)
        };
        let any_file = reading.offers.iter().any(|offer| is_file(offer.access));
        for link in &reading.links {
            if self.scope.contains(&link.url) {
                self.links_inside += 1;
                if !(any_file && file(&link.url))
                    && self.enqueue(&link.url, entry.depth + 1, 0)?
                    && nothing_new
                {
                    self.traps.bred(&link.url);
                }
            } else {
                self.links_elsewhere += 1;
                if link.rel == Rel::Player && self.frontier.mark(fingerprint(&link.url))? {
                    let url = link.url.clone().into();
                    self.frontier.push(Entry {
                        url,
                        depth: entry.depth + 1,
                        hops: 0,
                        role: Role::Frame,
                    })?;
                }
            }
        }
        Ok(())
    }

    fn take_sitemap(&mut self, last: &Exchange, level: u8) -> Result<(), Error> {
        if last.status != 200 {
            return Ok(());
        }
        self.sitemap_bytes += last.body.len();
        let found = sitemap::parse(&last.body, &last.url)?;
        let mut further = Vec::new();
        for url in found.sitemaps {
            self.add_sitemap(url, level + 1, &mut further)?;
        }
        for entry in further {
            self.frontier.push(entry)?;
        }
        for url in found.pages {
            self.enqueue(&url, 1, 0)?;
        }
        Ok(())
    }

    /// Puts an address of the site into the queue; was it new?
    fn enqueue(&mut self, url: &Url, depth: u32, hops: u8) -> Result<bool, Error> {
        if !self.scope.contains(url) || !self.frontier.mark(fingerprint(url))? {
            return Ok(false);
        }
        if depth > self.client.policy().max_depth {
            self.remark("links deeper than we follow");
        } else if self.traps.admits(url) {
            let mut url = url.clone();
            url.set_fragment(None);
            self.frontier.push(Entry {
                url: url.into(),
                depth,
                hops,
                role: Role::Page,
            })?;
        }
        Ok(true)
    }

    fn failed(&mut self, entry: &Entry, error: &FetchError) {
        tracing::debug!(url = %entry.url, %error, "not fetched");
        match error {
            FetchError::Robots { .. } => {
                self.summary.refused_by_robots += 1;
                self.failures_in_a_row = 0;
                self.start_forbidden |= entry.role == Role::Start;
            }
            FetchError::Redirects { .. } => self.remark("redirects without end"),
            // Something answered, or nothing was asked.
            FetchError::Address { .. } | FetchError::Forbidden { .. } => {
                self.summary.errors += 1;
                if entry.role == Role::Start {
                    self.remark(&error.to_string());
                }
            }
            FetchError::Malformed { .. } => {
                self.summary.errors += 1;
                self.any_answer = true;
                self.remark("answers that break HTTP");
            }
            _ => {
                self.summary.errors += 1;
                // A frame of another host says nothing about this one.
                self.failures_in_a_row += u32::from(entry.role != Role::Frame);
                if entry.role == Role::Start || self.failures_in_a_row == DOWN_AFTER {
                    self.remark(&error.to_string());
                }
            }
        }
    }

    fn note_truncation(&mut self, last: &Exchange) {
        match last.truncated {
            Some(Truncation::Length) if is_page(last) => {
                self.remark("pages cut off at the limit of their length")
            }
            Some(Truncation::Time) => self.remark("pages cut off at the limit of their time"),
            Some(Truncation::Disconnect) => self.remark("answers that broke off"),
            _ => {}
        }
    }

    fn count_bytes(&mut self, fetched: &Fetched) {
        self.summary.bytes += fetched.hops.iter().map(|hop| hop.response.len()).sum::<u64>();
    }

    fn remark(&mut self, text: &str) {
        if self.remarks.len() < MAX_REMARKS || self.remarks.contains_key(text) {
            *self.remarks.entry(shortened(text).to_owned()).or_default() += 1;
        }
    }

    fn finish(mut self) -> Summary {
        if self.traps.closed > 0 {
            let text = format!(
                "{} patterns of addresses were closed: their pages kept repeating",
                self.traps.closed
            );
            self.remark(&text);
        }
        self.summary.end = if self.summary.pages > 0 {
            if self.stopped || self.summary.errors > 0 {
                VisitEnd::Partial
            } else {
                VisitEnd::Complete
            }
        } else if self.start_forbidden {
            VisitEnd::Refused
        } else if self.any_answer {
            VisitEnd::Partial
        } else {
            VisitEnd::Unreachable
        };
        if self.summary.pages <= 1 && matches!(self.summary.end, VisitEnd::Complete | VisitEnd::Partial) {
            let text = format!(
                "suspiciously little was found: {} pages; of the links seen, {} lead into the site and {} elsewhere",
                self.summary.pages, self.links_inside, self.links_elsewhere
            );
            self.remark(&text);
        }
        let counted = |(text, times): (&String, &u64)| {
            if *times > 1 {
                format!("{text} ({times} times)")
            } else {
                text.clone()
            }
        };
        self.summary.remarks = self.remarks.iter().map(counted).collect();
        self.summary
    }
}

/// Is the address of such an offer the thing itself, rather than a page about it?
fn is_file(access: Access) -> bool {
    matches!(
        access,
        Access::File | Access::Hls | Access::Dash | Access::Torrent
    )
}

fn shortened(text: &str) -> &str {
    let end = (0..=text.len().min(300))
        .rev()
        .find(|n| text.is_char_boundary(*n))
        .unwrap_or(0);
    &text[..end]
}
