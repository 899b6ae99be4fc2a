//! Finding → Exhibit: what was fetched, recognised, consulted and judged is sealed into one package.

use super::Job;
use super::order::expectation;
use crate::archive::SOFTWARE;
use crate::{Campaign, Error};
use bytes::Bytes;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use swordnet_core::*;
use swordnet_evidence::package::{self, Contents};
use swordnet_evidence::{IndexEntry, warc};
use tempfile::NamedTempFile;
use url::Url;

/// Where the traffic lies in a package.
const TRAFFIC: &str = "data.warc.gz";

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
        let mut exhibit = Exhibit::id_of(id);
        if self.records.get::<Exhibit>(exhibit.as_str()).await?.is_some() {
            // A case that was closed and is opened again keeps its first exhibit and gets one more.
            exhibit = ExhibitId::derive(&[id.as_str(), &now.to_string()]);
        }
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
        let (package, size) = self.seal(&exhibit, &finding, drawings, now).await?;
        let exhibit = Exhibit {
            id: exhibit,
            finding: id.clone(),
            state: ExhibitState::Sealed,
            package,
            size,
            sealed_at: now,
            pictures,
            awaiting: self.settings.authorities.iter().map(Url::to_string).collect(),
        };
        let before = expectation(&finding);
        finding.exhibit = Some(exhibit.id.clone());
        finding.advance(FindingState::Preserved, now)?;
        self.records
            .commit(vec![exhibit.into(), finding.into()], vec![before])
            .await?;
        Ok(vec![order])
    }

    /// Writes the package into the vault; gives its digest and size.
    async fn seal(
        &self,
        exhibit: &ExhibitId,
        finding: &Finding,
        drawings: Vec<(String, Bytes)>,
        now: Timestamp,
    ) -> Result<(Sha256Hex, u64), Error> {
        let reports = self.reports(finding).await?;
        let mut pieces = Vec::new();
        let mut seen = HashSet::new();
        for span in reports.spans() {
            if seen.insert((span.warc.clone(), span.offset)) {
                pieces.push((self.vault.local(&span.warc).await?, span.offset, span.length));
            }
        }
        let failed = |e: io::Error| Error::file(&self.scratch, e);
        let traffic = NamedTempFile::new_in(&self.scratch).map_err(failed)?;
        let sealed = NamedTempFile::new_in(&self.scratch).map_err(failed)?;
        let mut out = BufWriter::new(sealed.reopen().map_err(failed)?);
        let salt = self.signer.secret(&format!("the private files of {exhibit}"));
        let (signer, id) = (self.signer.clone(), exhibit.to_string());
        let authorities = self.settings.authorities.iter().map(Url::to_string).collect();
        let size = self
            .compute(move || {
                let (index, clocks) = gather(&pieces, &traffic)?;
                let mut files = reports.files(&salt, &clocks);
                files.extend(drawings);
                let mut private: Vec<String> = vec![format!("archive/{TRAFFIC}")];
                private.extend(
                    files
                        .iter()
                        .map(|f| f.0.clone())
                        .filter(|path| path.starts_with("private/")),
                );
                let contents = Contents {
                    id,
                    title: reports.title(),
                    description: None,
                    created_at: now,
                    software: SOFTWARE.into(),
                    archives: vec![package::Archive {
                        name: TRAFFIC.into(),
                        source: Box::new(traffic.reopen().map_err(|e| Error::file(traffic.path(), e))?),
                        index: Some(index),
                    }],
                    pages: reports.pages(),
                    files: files
                        .into_iter()
                        .map(|(path, bytes)| package::File::new(path, bytes))
                        .collect(),
                    private,
                    time_stamps: authorities,
                };
                let sealed = package::seal(contents, &signer, &mut out);
                sealed
                    .map(|sealed| sealed.size)
                    .map_err(|e| Error::Evidence(e.to_string()))
            })
            .await??;
        Ok((self.vault.put_file(sealed.path()).await?, size))
    }
}

/// What the servers' clocks said against ours: seconds by host.
pub(crate) type Clocks = BTreeMap<String, i64>;

/// Copies the pieces, file, offset and length, into one archive; every record's digests are checked on the way.
fn gather(pieces: &[(PathBuf, u64, u64)], out: &NamedTempFile) -> Result<(Vec<IndexEntry>, Clocks), Error> {
    let mut target = BufWriter::new(out.reopen().map_err(|e| Error::file(out.path(), e))?);
    for (path, offset, length) in pieces {
        let copied = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(*offset))?;
            io::copy(&mut file.take(*length), &mut target)
        });
        match copied {
            Ok(copied) if copied == *length => {}
            Ok(_) => {
                return Err(Error::Evidence(format!(
                    "{}: the archive is too short",
                    path.display()
                )));
            }
            Err(e) => return Err(Error::file(path, e)),
        }
    }
    target.flush().map_err(|e| Error::file(out.path(), e))?;
    let broken = |e: &dyn std::fmt::Display| Error::Evidence(format!("the traffic: {e}"));
    let file = out.reopen().map_err(|e| Error::file(out.path(), e))?;
    let mut reader = warc::Reader::new(file, u64::MAX);
    let (mut index, mut clocks) = (Vec::new(), Clocks::new());
    while let Some(record) = reader.next().map_err(|e| broken(&e))? {
        let ended = record.finish().map_err(|e| broken(&e))?;
        if [ended.block, ended.payload].contains(&warc::Digest::Wrong) {
            return Err(broken(&format!(
                "the record at byte {} does not fit its digest",
                ended.header.offset
            )));
        }
        if let Some((host, offset)) = clock(&ended) {
            clocks.entry(host).or_insert(offset);
        }
        index.extend(ended.index_entry());
    }
    Ok((index, clocks))
}

/// By how much a server's clock was ahead of ours, from the Date of its response (RFC 9110, 6.6.1).
fn clock(response: &warc::Ended) -> Option<(String, i64)> {
    let host = Url::parse(response.header.target()?).ok()?.host_str()?.to_owned();
    let said = jiff::fmt::rfc2822::parse(&response.head.field("date")?)
        .ok()?
        .timestamp();
    Some((host, said.as_second() - response.header.at()?.as_second()))
}
