//! The reports of an exhibit: the match, the judgement with all that was consulted, the machine at capture, who was there,
//! and how to do it again. What names a person lies in `private/`, which a public version leaves out.

use crate::archive::SOFTWARE;
use crate::environment::Environment;
use crate::jobs::Clocks;
use crate::{Campaign, Error, Settings};
use bytes::Bytes;
use serde_json::{Value, json};
use swordnet_core::*;
use swordnet_crawl::{Policy, TlsTrust};
use swordnet_evidence::package;
use swordnet_store::Query;
use url::Url;

/// Seconds by which a server's clock may differ from ours before it is worth a remark.
const CLOCK: i64 = 5;

/// Everything that an exhibit's reports are made of.
pub(crate) struct Reports {
    finding: Finding,
    work: Work,
    site: Site,
    page: Option<Page>,
    sighting: Sighting,
    examination: Examination,
    visit: Visit,
    /// What lies in the vault and names persons: the path in the package, and the bytes.
    kept: Vec<(&'static str, Bytes)>,
    environment: Environment,
    consulted: Value,
    settings: Settings,
    policy: Policy,
}

impl Campaign {
    /// Gathers what the reports about a finding are made of.
    pub(crate) async fn reports(&self, finding: &Finding) -> Result<Reports, Error> {
        let sighting = self.need::<Sighting>(finding.sighting.as_str()).await?;
        let visit = self.need::<Visit>(finding.visit.as_str()).await?;
        let work = self.need::<Work>(finding.work.as_str()).await?;
        let page = self.records.get::<Page>(finding.page.as_str()).await?;
        let rendered = page.as_ref().and_then(|page| page.rendered.as_ref());
        let mut kept = Vec::new();
        for (path, blob) in [
            ("private/text.txt", sighting.text.as_ref()),
            ("private/rendered.html", rendered.map(|r| &r.markup)),
            (
                "private/screenshot.png",
                rendered.and_then(|r| r.screenshot.as_ref()),
            ),
        ] {
            if let Some(blob) = blob {
                kept.push((path, self.vault.get(blob).await?));
            }
        }
        let seen = match &visit.environment {
            Some(blob) => blob.clone(),
            None => self.note_environment().await?,
        };
        let environment = serde_json::from_slice(&self.vault.get(&seen).await?)
            .map_err(|e| Error::Evidence(format!("the environment of {}: {e}", visit.id)))?;
        Ok(Reports {
            finding: finding.clone(),
            site: self.need(finding.site.as_str()).await?,
            page,
            examination: self.need(finding.sighting.as_str()).await?,
            consulted: self.consulted(&work).await?,
            work,
            sighting,
            visit,
            kept,
            environment,
            settings: self.settings.clone(),
            policy: self.client.policy().clone(),
        })
    }

    /// Every licence and list entry that concerns a work, as it stands.
    async fn consulted(&self, work: &Work) -> Result<Value, Error> {
        let licences = self.licences_for(&work.id).await?;
        let mut white_list = self.records.all::<WhiteListEntry>(&Query::default()).await?;
        white_list.retain(|e| e.source == work.holder);
        let mut warning_lists = self.records.all::<WarningList>(&Query::default()).await?;
        for list in &mut warning_lists {
            list.entries.retain(|e| e.work == work.id);
        }
        warning_lists.retain(|list| !list.entries.is_empty());
        Ok(json!({ "licences": licences, "white_list": white_list, "warning_lists": warning_lists }))
    }
}

impl Reports {
    /// Where the traffic stands in the vault: what it refers to first.
    pub fn spans(&self) -> impl Iterator<Item = &WarcSpan> {
        let page = self
            .page
            .iter()
            .flat_map(|p| p.beside.iter().chain([&p.archived]));
        page.chain(&self.examination.archived)
    }

    pub fn title(&self) -> String {
        format!("{} @ {}", self.finding.title, self.finding.url)
    }

    /// The page that a replay opens. Its title is left out where it names a person.
    pub fn pages(&self) -> Vec<package::Page> {
        let persons = [&self.sighting.uploader, &self.sighting.author];
        let names = |title: &str| {
            persons
                .iter()
                .any(|name| !name.trim().is_empty() && title.contains(name.trim()))
        };
        let entry = |p: &Page| package::Page {
            url: p.url.clone(),
            at: p.fetched_at,
            title: if names(&p.title) {
                self.finding.title.clone()
            } else {
                p.title.clone()
            },
            text: None,
        };
        self.page.iter().map(entry).collect()
    }

    /// The files of the package with their paths. `salt` keeps the digests of private files from being guessed.
    pub fn files(&self, salt: &[u8; 32], clocks: &Clocks) -> Vec<(String, Bytes)> {
        let salt = Sha256Hex::from_array(salt);
        let private_offer = json!({
            "salt": salt, "site": self.site, "page": self.page, "offer": self.sighting,
        });
        let private_environment = json!({
            "salt": salt,
            "operator": self.settings.operator,
            "witnesses": self.settings.witnesses,
            "hosts_file": self.environment.hosts,
            "running_programs": self.environment.processes,
        });
        let mut files = vec![
            json_file("report/match.json", &self.matched()),
            json_file("report/judgement.json", &self.judgement()),
            json_file("report/offer.json", &self.offer()),
            json_file("report/environment.json", &self.environment(clocks)),
            json_file("report/repeat.json", &self.repeat()),
            json_file("private/offer.json", &private_offer),
            json_file("private/environment.json", &private_environment),
        ];
        let kept = self.kept.iter();
        files.extend(kept.map(|(path, bytes)| ((*path).to_owned(), bytes.clone())));
        files
    }

    fn matched(&self) -> Value {
        let candidates = &self.finding.candidates;
        let references: Vec<_> = self
            .work
            .references
            .iter()
            .filter(|r| candidates.iter().any(|c| c.reference == r.id))
            .collect();
        let media = Medium::ALL
            .iter()
            .filter(|medium| candidates.iter().any(|c| c.medium == **medium));
        let kinds = media.filter_map(|medium| swordnet_recognise::media::of(*medium));
        let fingerprints: Vec<Value> = kinds
            .map(|kind| json!({"medium": kind.medium(), "version": kind.version(), "counts_from": kind.threshold()}))
            .collect();
        json!({
            "work": { "id": self.work.id, "title": self.work.title, "kind": self.work.kind, "holder": self.work.holder },
            "references": references,
            "copy": { "sha256": self.examination.sha256, "url": self.finding.url },
            "recognised_by": SOFTWARE,
            "fingerprints": fingerprints,
            "spans": candidates,
        })
    }

    fn judgement(&self) -> Value {
        json!({
            "finding": self.finding.id,
            "verdict": self.finding.verdict,
            "reasons": self.finding.reasons,
            "judged_as_of": self.finding.found_at,
            "certain_from": self.settings.certain,
            "territory": self.settings.territory,
            "site": { "id": self.site.id, "start": self.site.start, "area": self.site.area, "service": self.site.service },
            "consulted": self.consulted,
            "note": "the program indicates; people decide",
        })
    }

    fn offer(&self) -> Value {
        let page = self.page.as_ref().map(
            |p| json!({"url": p.url, "status": p.status, "fetched_at": p.fetched_at, "unchanged_since": p.unchanged_since, "sha256": p.sha256, "rendered": p.rendered}),
        );
        json!({
            "page": page,
            "url": self.sighting.url,
            "medium": self.sighting.medium,
            "access": self.sighting.access,
            "credit": self.sighting.credit,
            "published": self.sighting.published,
            "seen_at": self.sighting.seen_at,
            "persons": "uploader, author and the operator of the site are in private/offer.json",
        })
    }

    fn environment(&self, clocks: &Clocks) -> Value {
        let (seen, policy) = (&self.environment, &self.policy);
        json!({
            "seen_at": seen.at,
            "software": { "name": seen.software, "sha256_of_the_program": seen.build },
            "system": seen.system,
            "resolvers": seen.resolvers,
            "default_routes": seen.routes,
            "proxy": { "used": null, "variables_set": seen.proxies },
            "hosts_file": { "sha256": Sha256Hex::of(seen.hosts.as_bytes()), "lines_about_the_site": seen.hosts_lines(&self.hosts()).count() },
            "user_agent": policy.user_agent,
            "names_with_a_fixed_address": policy.resolve.iter().filter(|p| self.hosts().contains(&p.host))
                .map(|p| format!("{}:{} -> {}", p.host, p.port, p.addr)).collect::<Vec<_>>(),
            "ranges_opened": policy.allow_net.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "robots_obeyed": policy.obey_robots,
            "robots_override": policy.robots_override,
            "seconds_by_which_servers_were_ahead": clocks,
            // Not "checks": frictionless, and with it wacz validate, takes a file with that word for a description of tables.
            "checked_before": self.checks(clocks),
            "visit": self.visit,
        })
    }

    /// What a notary would check before a capture; each with what was seen.
    fn checks(&self, clocks: &Clocks) -> Vec<Value> {
        let (seen, policy, hosts) = (&self.environment, &self.policy, self.hosts());
        let pinned: Vec<&str> = policy
            .resolve
            .iter()
            .map(|p| p.host.as_str())
            .filter(|host| hosts.iter().any(|h| h == host))
            .collect();
        let named = seen.hosts_lines(&hosts).count();
        let apart = clocks.values().map(|offset| offset.abs()).max();
        let certificates = match policy.tls {
            TlsTrust::Refuse => "a server whose certificate does not hold is refused",
            TlsTrust::Record => "a certificate that does not hold is recorded with the traffic",
        };
        let check = |what: &str, passed: Option<bool>, detail: String| json!({"check": what, "passed": passed, "seen": detail});
        vec![
            check(
                "no proxy stands between",
                Some(true),
                format!("the program knows none; variables set: {:?}", seen.proxies),
            ),
            check(
                "the hosts file does not name the site",
                Some(named == 0),
                format!("{named} lines do"),
            ),
            check(
                "no address was given by the operator",
                Some(pinned.is_empty()),
                format!("given for: {pinned:?}"),
            ),
            check(
                "no closed network was opened",
                Some(policy.allow_net.is_empty()),
                format!("{:?}", policy.allow_net),
            ),
            check(
                "the name server is known",
                Some(!seen.resolvers.is_empty()),
                format!("{:?}", seen.resolvers),
            ),
            check(
                "there is one way out",
                Some(seen.routes.len() == 1),
                format!("{:?}", seen.routes),
            ),
            check(
                "our clock agrees with the servers'",
                apart.map(|a| a <= CLOCK),
                format!("{clocks:?} s"),
            ),
            check(
                "the system keeps its clock by a time server",
                seen.clock_kept.then_some(true),
                String::new(),
            ),
            check(
                "nothing is put into the program",
                Some(seen.preloaded.is_empty()),
                format!("{:?}", seen.preloaded),
            ),
            check("nobody steers the program", Some(!seen.traced), String::new()),
            check("certificates are checked", Some(true), certificates.into()),
            check(
                "nothing is left from before",
                Some(true),
                "the program keeps no cookies, no cache and no log-in".into(),
            ),
        ]
    }

    /// The hosts that the evidence is about.
    fn hosts(&self) -> Vec<String> {
        let urls = [&self.finding.page_url, &self.finding.url, &self.site.start];
        let mut hosts: Vec<String> = urls
            .iter()
            .filter_map(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()))
            .collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// The commands that do it again.
    fn repeat(&self) -> Value {
        let hosts = self.hosts();
        let pins = self.policy.resolve.iter().filter(|p| hosts.contains(&p.host));
        let pins = pins.map(|p| {
            format!(
                " --resolve {}",
                quoted(&format!("{}:{}:{}", p.host, p.port, p.addr))
            )
        });
        let opened = self
            .policy
            .allow_net
            .iter()
            .map(|net| format!(" --allow-net {net}"));
        let network: String = pins.chain(opened).collect();
        json!({
            "check_the_site": format!("swordnet patrol {} --area {}{network}", quoted(&self.site.start), self.site.area),
            "fetch_the_page": format!(
                "swordnet crawl {} --max-pages 1 --warc page.warc.gz{network}", quoted(&self.finding.page_url)
            ),
            "fetch_the_copy": format!(
                "swordnet crawl {} --max-pages 1 --warc copy.warc.gz{network}", quoted(&self.finding.url)
            ),
            "recognise_the_copy": "swordnet match COPY",
            "the_copy_is_the_file_with_sha256": self.examination.sha256,
            "check_this_package": "swordnet evidence verify PACKAGE --trust LIST",
        })
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn json_file(path: &str, value: &Value) -> (String, Bytes) {
    (
        path.to_owned(),
        serde_json::to_vec_pretty(value).unwrap_or_default().into(),
    )
}
