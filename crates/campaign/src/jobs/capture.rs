//! Fetching what a page offers, archiving every byte of it, and recognising it.

use crate::archive::Archive;
use crate::fingerprint::{self, Effort, read_file};
use crate::register::Register;
use crate::{Campaign, Error, InputError};
use bytes::Bytes;
use std::collections::HashSet;
use std::path::Path;
use swordnet_core::*;
use swordnet_crawl::{FetchError, Fetched, Spool, Validators};
use swordnet_evidence::warc;
use swordnet_recognise::Purpose;
use tempfile::NamedTempFile;
use url::Url;

/// Most bytes of an app.
const MAX_APP: u64 = 512 << 20;

/// What a look at an offer showed.
pub(super) struct Look {
    pub end: ExaminationEnd,
    pub remark: String,
    pub sha256: Option<Sha256Hex>,
    pub archived: Vec<WarcSpan>,
    pub candidates: Vec<Candidate>,
    /// Why nothing was fetched, when nothing was.
    pub failure: Option<Failure>,
}

/// The two ways in which a fetch fails: the site says that there is nothing, or it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// 404, 410 and the like: an answer.
    Dead,
    /// No answer, or one that says nothing about the copy: 5xx, time-out, refused connection.
    Silent,
}

impl Look {
    pub(super) fn ended(end: ExaminationEnd, remark: String) -> Self {
        Look {
            end,
            remark,
            sha256: None,
            archived: vec![],
            candidates: vec![],
            failure: None,
        }
    }
}

/// An archive in the scratch folder, to be kept in the vault or dropped.
pub(super) struct Draft {
    file: NamedTempFile,
    archive: Archive,
}

impl Draft {
    /// Begins an archive.
    pub fn new(campaign: &Campaign) -> Result<Self, Error> {
        let failed = |e| Error::file(&campaign.scratch, e);
        let file = NamedTempFile::new_in(&campaign.scratch).map_err(failed)?;
        let out = file.reopen().map_err(failed)?;
        let archive = Archive::begin(out, &campaign.settings.operator, campaign.now()).map_err(failed)?;
        Ok(Self { file, archive })
    }

    /// Archives a fetch; gives the spans of its records, the exchanges last. Their digest is filled in when the archive is kept.
    pub fn add(&mut self, fetched: &Fetched) -> std::io::Result<Vec<WarcSpan>> {
        self.archive.add(fetched, None)
    }

    /// Archives an answer that says "not modified", and what it stands for.
    pub fn add_unchanged(
        &mut self,
        fetched: &Fetched,
        original: &warc::Original,
    ) -> std::io::Result<Vec<WarcSpan>> {
        self.archive.add(fetched, Some(original))
    }

    /// Closes the archive and puts it into the vault.
    pub async fn keep(self, campaign: &Campaign) -> Result<Sha256Hex, Error> {
        self.archive
            .finish()
            .map_err(|e| Error::file(self.file.path(), e))?;
        Ok(campaign.vault.put_file(self.file.path()).await?)
    }
}

impl Campaign {
    /// Fetches an offer, unless it is the page's own text, and recognises it.
    pub(super) async fn look(&self, sighting: &Sighting) -> Result<Look, Error> {
        match sighting.access {
            Access::Page => self.look_at_text(sighting).await,
            Access::File | Access::Hls | Access::Dash => self.look_at_file(sighting).await,
            Access::App => self.look_at_app(sighting).await,
            Access::Torrent | Access::Share => {
                let remark = format!("{}: noted, not fetched", sighting.access.label(Lang::En));
                Ok(Look::ended(ExaminationEnd::Unfetched, remark))
            }
        }
    }

    async fn look_at_text(&self, sighting: &Sighting) -> Result<Look, Error> {
        let Some(blob) = &sighting.text else {
            return Ok(Look::ended(
                ExaminationEnd::NotJudged,
                "the page has no main text".into(),
            ));
        };
        let text = self.vault.get(blob).await?;
        self.look_into(blob.clone(), move |_media, _register| {
            fingerprint::read_text(&String::from_utf8_lossy(&text), Purpose::Query)
        })
        .await
    }

    async fn look_at_file(&self, sighting: &Sighting) -> Result<Look, Error> {
        let url = Url::parse(&sighting.url).map_err(|e| InputError::new(&sighting.url, e))?;
        if let Some(look) = self.look_again(sighting).await? {
            return Ok(look);
        }
        let folder = tempfile::tempdir_in(&self.scratch).map_err(|e| Error::file(&self.scratch, e))?;
        if let Some(look) = self.look_at_places(sighting, &url, folder.path()).await? {
            return Ok(look);
        }
        let mut archive = Draft::new(self)?;
        let (mut spans, mut kept) = (Vec::new(), HashSet::new());
        let (mut unwritten, mut validators) = (None, Validators::default());
        let captured = swordnet_crawl::capture(
            &self.client,
            &url,
            sighting.access,
            folder.path(),
            self.settings.max_media,
            &mut |fetched| {
                validators.note(fetched);
                match archive.add(fetched) {
                    Ok(added) => spans.extend(added.into_iter().filter(|span| kept.insert(span.offset))),
                    Err(e) => unwritten = Some(e),
                }
            },
        )
        .await;
        if let Some(e) = unwritten {
            return Err(Error::file(&self.scratch, e));
        }
        let captured = match captured {
            Ok(captured) => captured,
            Err(e) => {
                let failure = failure_of(&e);
                return Ok(Look {
                    failure: Some(failure),
                    ..Look::ended(ExaminationEnd::Unfetched, e.to_string())
                });
            }
        };
        let file = captured.file.clone();
        let sound = captured.sound.clone();
        let expected = sighting.medium;
        let mut look = self
            .look_into(captured.sha256.clone(), move |media, register| {
                // Most films are nobody's copy: their key frames show it.
                let mut reading = match register.sweep(media, &file, Effort::Screen)? {
                    Some(swept) => swept,
                    None => read_file(media, &file, Purpose::Query)?,
                };
                if let Some(sound) = sound {
                    fingerprint::read_sound(media, &sound, Purpose::Query, &mut reading)?;
                }
                if reading.medium == Medium::Text && expected != Medium::Text {
                    let why = format!("a text that is offered as {}", expected.label(Lang::En));
                    return Err(InputError::new("the file", why).into());
                }
                Ok(reading)
            })
            .await?;
        if !look.candidates.is_empty() {
            self.vault.put_file(&captured.file).await?;
            let warc = archive.keep(self).await?;
            look.archived = spans
                .into_iter()
                .map(|s| WarcSpan {
                    warc: warc.clone(),
                    ..s
                })
                .collect();
        }
        if !captured.cut_off {
            self.remember(sighting, &look, validators).await?;
        }
        Ok(look)
    }

    /// Fetches an app and says who signed it and whom it talks to; what it shows is not judged.
    async fn look_at_app(&self, sighting: &Sighting) -> Result<Look, Error> {
        let url = Url::parse(&sighting.url).map_err(|e| InputError::new(&sighting.url, e))?;
        let folder = tempfile::tempdir_in(&self.scratch).map_err(|e| Error::file(&self.scratch, e))?;
        let most = self.settings.max_media.min(MAX_APP);
        let captured =
            match swordnet_crawl::capture(&self.client, &url, Access::App, folder.path(), most, &mut |_| ())
                .await
            {
                Ok(captured) => captured,
                Err(e) => {
                    return Ok(Look {
                        failure: Some(failure_of(&e)),
                        ..Look::ended(ExaminationEnd::Unfetched, e.to_string())
                    });
                }
            };
        let file = Spool::open(&captured.file).map_err(|e| Error::file(&captured.file, e))?;
        let package = self.compute(move || swordnet_crawl::apk::read(&file)).await?;
        let remark = package.map_or_else(|| "no Android package".to_owned(), |package| package.to_string());
        Ok(Look {
            sha256: Some(captured.sha256),
            ..Look::ended(ExaminationEnd::NotJudged, remark)
        })
    }

    /// Looks at a few places of a long film first; `None` where all of it is to be fetched: it is short, or something
    /// was recognised and is now to be proved.
    async fn look_at_places(
        &self,
        sighting: &Sighting,
        url: &Url,
        folder: &Path,
    ) -> Result<Option<Look>, Error> {
        if !matches!(sighting.medium, Medium::Video) {
            return Ok(None);
        }
        let mut validators = Validators::default();
        let note = &mut |fetched: &Fetched| validators.note(fetched);
        let probe = swordnet_crawl::probe(&self.client, url, sighting.access, folder, note).await;
        let glimpses = match probe {
            Ok(Some(glimpses)) => glimpses,
            // What is wrong is said by the fetching of the whole.
            Ok(None) | Err(_) => return Ok(None),
        };
        let places = glimpses.places.clone();
        let look = self
            .look_into(glimpses.sha256.clone(), move |media, _register| {
                fingerprint::read_places(media, &places, Purpose::Query)
            })
            .await?;
        if !look.candidates.is_empty() || look.end == ExaminationEnd::NotJudged {
            return Ok(None);
        }
        let of = glimpses.of.map_or_else(String::new, |of| format!(" of {of}"));
        let look = Look {
            remark: format!(
                "looked at {} places, {} bytes{of}: nothing was recognised",
                glimpses.places.len(),
                glimpses.bytes
            ),
            ..look
        };
        self.remember(sighting, &look, validators).await?;
        Ok(Some(look))
    }

    /// What recognition says of bytes with this digest; they are read only when it has not said so before.
    async fn look_into<F>(&self, sha256: Sha256Hex, read: F) -> Result<Look, Error>
    where
        F: FnOnce(&swordnet_media::Media, &Register) -> Result<fingerprint::Reading, Error> + Send + 'static,
    {
        let register = self.register().await?;
        let id = Recognition::id_of(&sha256, &register.state);
        let (recognition, end) = match self.records.get::<Recognition>(id.as_str()).await? {
            Some(known) => (known, ExaminationEnd::Known),
            None => {
                let media = self.media.clone();
                let answer = self
                    .compute(move || read(&media, &register).and_then(|r| register.recognise(&r, None)))
                    .await?;
                let (candidates, not_judged) = match answer {
                    Ok(candidates) => (candidates, String::new()),
                    Err(Error::Input(e)) => (vec![], e.why),
                    Err(e) => return Err(e),
                };
                let new = Recognition {
                    id,
                    sha256: sha256.clone(),
                    not_judged,
                    candidates,
                    at: self.now(),
                };
                self.records.put(vec![new.clone().into()]).await?;
                (new, ExaminationEnd::Compared)
            }
        };
        let end = if recognition.not_judged.is_empty() {
            end
        } else {
            ExaminationEnd::NotJudged
        };
        Ok(Look {
            sha256: Some(sha256),
            candidates: recognition.candidates,
            ..Look::ended(end, recognition.not_judged)
        })
    }

    /// Fetches one address into an archive of its own: for re-checks.
    pub(super) async fn fetch_page(
        &self,
        url: &str,
    ) -> Result<Result<(Fetched, Vec<WarcSpan>), (Failure, String)>, Error> {
        let parsed = Url::parse(url).map_err(|e| InputError::new(url, e))?;
        let request = swordnet_crawl::Request::get(parsed);
        let fetched = match self.client.fetch(request).await {
            Ok(fetched) => fetched,
            Err(e) => return Ok(Err((failure_of(&e), e.to_string()))),
        };
        let status = fetched.last().status;
        if !(200..300).contains(&status) {
            let failure = if is_dead(status) {
                Failure::Dead
            } else {
                Failure::Silent
            };
            return Ok(Err((failure, format!("status {status}"))));
        }
        let mut archive = Draft::new(self)?;
        let mut spans = archive.add(&fetched).map_err(|e| Error::file(&self.scratch, e))?;
        let warc = archive.keep(self).await?;
        for span in &mut spans {
            span.warc = warc.clone();
        }
        Ok(Ok((fetched, spans)))
    }

    /// Keeps a text in the vault.
    pub(super) async fn keep_text(&self, text: &str) -> Result<Sha256Hex, Error> {
        Ok(self.vault.put(Bytes::from(text.to_owned())).await?)
    }
}

/// Does this status say that there is nothing at the address?
fn is_dead(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | 403 | 407 | 408 | 425 | 429)
}

fn failure_of(error: &FetchError) -> Failure {
    match error {
        FetchError::Status { status, .. } if is_dead(*status) => Failure::Dead,
        _ => Failure::Silent,
    }
}
