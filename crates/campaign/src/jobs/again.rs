//! What was looked at before and has not changed is not fetched again.

use super::capture::{Draft, Look};
use crate::{Campaign, Error};
use jiff::SignedDuration;
use std::collections::HashSet;
use swordnet_core::*;
use swordnet_crawl::Validators;

/// For so long a server is believed that nothing has changed. It may lie; then the next whole look finds out.
const BELIEVED: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Campaign {
    /// What the last look at this address showed, if the server says that nothing has changed since, and the register is the same.
    /// Where a copy was recognised, its traffic of then is evidence together with the server's answer of now.
    pub(super) async fn look_again(&self, sighting: &Sighting) -> Result<Option<Look>, Error> {
        let id = Capture::id_of(&sighting.url, sighting.access);
        let Some(known) = self.records.get::<Capture>(id.as_str()).await? else {
            return Ok(None);
        };
        let register = self.register().await?;
        let said = Recognition::id_of(&known.sha256, &register.state);
        let Some(recognition) = self.records.get::<Recognition>(said.as_str()).await? else {
            return Ok(None);
        };
        let recognised = !recognition.candidates.is_empty();
        if !self.believed(&known) || (recognised && known.archived.is_empty()) {
            return Ok(None);
        }
        let mut archive = Draft::new(self)?;
        let (mut spans, mut kept, mut unwritten) = (Vec::new(), HashSet::new(), None);
        let unchanged =
            swordnet_crawl::unchanged(&self.client, &known.validators, &mut |fetched| match archive
                .add(fetched)
            {
                Ok(added) => {
                    spans.extend(added.into_iter().filter(|span| kept.insert(span.offset)));
                }
                Err(e) => unwritten = Some(e),
            })
            .await;
        if let Some(e) = unwritten {
            return Err(Error::file(&self.scratch, e));
        }
        // What is wrong, if it is not that something has changed, is said by the fetching of the whole.
        if !matches!(unchanged, Ok(true)) {
            return Ok(None);
        }
        let mut archived = Vec::new();
        if recognised {
            let warc = archive.keep(self).await?;
            archived = known.archived;
            archived.extend(spans.into_iter().map(|span| WarcSpan {
                warc: warc.clone(),
                ..span
            }));
        }
        let end = if recognition.not_judged.is_empty() {
            ExaminationEnd::Known
        } else {
            ExaminationEnd::NotJudged
        };
        let since = format!("its server says that it has not changed since {}", known.at);
        let remarks = [recognition.not_judged, known.remark, since];
        let remarks: Vec<String> = remarks.into_iter().filter(|said| !said.is_empty()).collect();
        Ok(Some(Look {
            sha256: Some(known.sha256),
            archived,
            candidates: recognition.candidates,
            ..Look::ended(end, remarks.join("; "))
        }))
    }

    /// Is a server still believed that nothing has changed since?
    pub(super) fn believed(&self, known: &Capture) -> bool {
        let age = self.now().duration_since(known.at);
        !age.is_negative() && age <= BELIEVED
    }

    /// Notes how the server would know again what was looked at.
    pub(super) async fn remember(
        &self,
        sighting: &Sighting,
        look: &Look,
        validators: Validators,
    ) -> Result<(), Error> {
        let validators = validators.finish();
        let Some(sha256) = look.sha256.clone().filter(|_| !validators.is_empty()) else {
            return Ok(());
        };
        let capture = Capture {
            id: Capture::id_of(&sighting.url, sighting.access),
            url: sighting.url.clone(),
            sha256,
            validators,
            archived: look.archived.clone(),
            remark: match look.end {
                ExaminationEnd::NotJudged => String::new(),
                _ => look.remark.clone(),
            },
            at: self.now(),
        };
        self.records.put(vec![capture.into()]).await?;
        Ok(())
    }
}
