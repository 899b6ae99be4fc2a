//! Finding → Exhibit: what was fetched, recognised, consulted and judged is sealed into one package.

use super::Job;
use super::order::expectation;
use crate::archive::SOFTWARE;
use crate::{Campaign, Error};
use bytes::Bytes;
use serde_json::{Value, json};
use std::io::Cursor;
use swordnet_core::*;
use swordnet_evidence::package::{self, Contents, File};
use swordnet_store::Query;

impl Campaign {
    /// Seals the evidence of a finding and writes its exhibit.
    pub(super) async fn preserve(&self, id: &FindingId) -> Result<Vec<Job>, Error> {
        let mut finding = self.need::<Finding>(id.as_str()).await?;
        let order = Job::Order { finding: id.clone() };
        if finding.state != FindingState::Judged {
            return Ok(if finding.state == FindingState::Preserved {
                vec![order]
            } else {
                vec![]
            });
        }
        let now = self.now();
        let mut pictures = Vec::new();
        let mut drawings = Vec::new();
        for (i, drawn) in self.draw(&finding).await?.into_iter().enumerate() {
            let blob = self.vault.put(drawn.bytes.clone()).await?;
            let ending = if drawn.media_type == "image/jpeg" {
                "jpg"
            } else {
                "html"
            };
            drawings.push((format!("pictures/{i}.{ending}"), drawn.bytes));
            pictures.push(Picture {
                blob,
                media_type: drawn.media_type.into(),
                en: drawn.en,
                zh: drawn.zh,
            });
        }
        let mut sealed = Vec::new();
        let contents = self.contents(&finding, drawings, now).await?;
        let result =
            package::seal(contents, &self.signer, &mut sealed).map_err(|e| Error::Evidence(e.to_string()))?;
        let blob = self.vault.put(Bytes::from(sealed)).await?;
        let exhibit = Exhibit {
            id: Exhibit::id_of(id),
            finding: id.clone(),
            state: ExhibitState::Sealed,
            package: blob,
            size: result.size,
            sealed_at: now,
            pictures,
        };
        let before = expectation(&finding);
        finding.exhibit = Some(exhibit.id.clone());
        finding.advance(FindingState::Preserved, now)?;
        self.records
            .commit(vec![exhibit.into(), finding.into()], vec![before])
            .await?;
        Ok(vec![order])
    }

    /// What goes into the package: the traffic, the match, the judgement with all that was consulted, the environment.
    async fn contents(
        &self,
        finding: &Finding,
        drawings: Vec<(String, Bytes)>,
        now: Timestamp,
    ) -> Result<Contents<'static>, Error> {
        let sighting = self.need::<Sighting>(finding.sighting.as_str()).await?;
        let examination = self.need::<Examination>(finding.sighting.as_str()).await?;
        let site = self.need::<Site>(finding.site.as_str()).await?;
        let work = self.need::<Work>(finding.work.as_str()).await?;
        let visit = self.need::<Visit>(finding.visit.as_str()).await?;
        let page = self.records.get::<Page>(finding.page.as_str()).await?;
        let mut traffic = Vec::new();
        for span in page.iter().map(|p| &p.archived).chain(&examination.archived) {
            traffic.extend_from_slice(&self.vault.get_range(&span.warc, span.offset, span.length).await?);
        }
        let archives = vec![package::Archive {
            name: "data.warc.gz".into(),
            source: Box::new(Cursor::new(traffic)),
            index: None,
        }];
        let mut files = vec![
            json_file("report/match.json", &match_report(finding, &work, &examination)),
            json_file(
                "report/judgement.json",
                &self.judgement(finding, &work, &site).await?,
            ),
            json_file(
                "report/offer.json",
                &json!({ "site": site, "page": page, "offer": sighting }),
            ),
            json_file("report/environment.json", &self.environment(&visit)),
        ];
        if let Some(blob) = &sighting.text {
            files.push(File::new("report/text.txt", self.vault.get(blob).await?));
        }
        files.extend(drawings.into_iter().map(|(path, bytes)| File::new(path, bytes)));
        let pages = page
            .iter()
            .map(|p| package::Page {
                url: p.url.clone(),
                at: p.fetched_at,
                title: p.title.clone(),
                text: None,
            })
            .collect();
        Ok(Contents {
            id: Exhibit::id_of(&finding.id).to_string(),
            title: format!("{} @ {}", finding.title, finding.url),
            description: None,
            created_at: now,
            software: SOFTWARE.into(),
            archives,
            pages,
            files,
            withheld: vec![],
        })
    }

    /// The judgement, with every licence and list entry that concerns the work as it stood.
    async fn judgement(&self, finding: &Finding, work: &Work, site: &Site) -> Result<Value, Error> {
        let mut licences = self.records.all::<Licence>(&Query::default()).await?;
        licences.retain(|l| l.work.as_ref().is_none_or(|id| *id == work.id));
        let mut white_list = self.records.all::<WhiteListEntry>(&Query::default()).await?;
        white_list.retain(|e| e.source == work.holder);
        let mut warning_lists = self.records.all::<WarningList>(&Query::default()).await?;
        for list in &mut warning_lists {
            list.entries.retain(|e| e.work == work.id);
        }
        warning_lists.retain(|list| !list.entries.is_empty());
        Ok(json!({
            "finding": finding.id,
            "verdict": finding.verdict,
            "reasons": finding.reasons,
            "judged_as_of": finding.found_at,
            "site": site,
            "consulted": { "licences": licences, "white_list": white_list, "warning_lists": warning_lists },
            "note": "the program indicates; people decide",
        }))
    }

    fn environment(&self, visit: &Visit) -> Value {
        let policy = self.client.policy();
        json!({
            "software": SOFTWARE,
            "operator": self.settings.operator,
            "system": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
            "user_agent": policy.user_agent,
            "proxy": "none: the program connects directly and knows no proxy",
            "names_with_a_fixed_address": policy.resolve.iter().map(|p| format!("{}:{} -> {}", p.host, p.port, p.addr)).collect::<Vec<_>>(),
            "ranges_opened": policy.allow_net.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "robots_obeyed": policy.obey_robots,
            "robots_override": policy.robots_override,
            "visit": visit,
        })
    }
}

fn match_report(finding: &Finding, work: &Work, examination: &Examination) -> Value {
    let references: Vec<_> = work
        .references
        .iter()
        .filter(|r| finding.candidates.iter().any(|c| c.reference == r.id))
        .collect();
    json!({
        "work": { "id": work.id, "title": work.title, "kind": work.kind, "holder": work.holder },
        "references": references,
        "copy": { "sha256": examination.sha256, "url": finding.url },
        "spans": finding.candidates,
    })
}

fn json_file(path: &str, value: &Value) -> File<'static> {
    File::new(path, serde_json::to_vec_pretty(value).unwrap_or_default())
}

impl Campaign {
    /// Writes the sealed package of an exhibit to a file, which appears when it is whole.
    pub async fn export_exhibit(&self, id: &str, out: &std::path::Path) -> Result<Exhibit, Error> {
        let failed = |e| crate::InputError::path(out, e);
        let mut exhibit = self
            .records
            .get::<Exhibit>(id)
            .await?
            .ok_or_else(|| crate::InputError::new(id, "is no exhibit on record"))?;
        let folder = out
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(std::path::Path::new("."));
        let draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        std::fs::copy(self.vault.local(&exhibit.package).await?, draft.path()).map_err(failed)?;
        draft.persist(out).map_err(|e| failed(e.error))?;
        if exhibit.state.may_become(ExhibitState::Delivered) {
            let before = expectation(&exhibit);
            exhibit.state = ExhibitState::Delivered;
            self.records
                .commit(vec![exhibit.clone().into()], vec![before])
                .await?;
        }
        Ok(exhibit)
    }
}
