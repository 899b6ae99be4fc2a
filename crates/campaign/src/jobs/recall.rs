//! Pages that were fetched on an earlier visit, so that their servers can be asked whether they have changed.

use crate::Campaign;
use swordnet_core::*;
use swordnet_crawl::Earlier;
use swordnet_evidence::warc;
use swordnet_store::Error;

/// Longer pages are fetched anew: what is recalled is held in memory while its server is asked.
const LONGEST: u64 = 4 << 20;

/// A page of an earlier visit.
pub(super) struct Recalled {
    /// How it was fetched.
    pub capture: Capture,
    /// The record of the archive that holds it.
    pub original: warc::Original,
}

impl Campaign {
    /// What a page gave when it was last fetched whole, if that is not too long ago and can still be read.
    pub(super) async fn recall(&self, url: &str) -> Result<Option<(Recalled, Earlier)>, Error> {
        let id = Capture::id_of(url, Access::Page);
        let known = self.records.get::<Capture>(id.as_str()).await?;
        let Some(capture) = known.filter(|known| self.believed(known)) else {
            return Ok(None);
        };
        let Some(span) = capture.archived.last().filter(|span| span.length <= LONGEST) else {
            return Ok(None);
        };
        // Without the bytes of then the page is fetched as if it had never been.
        let Ok(stored) = self.vault.get_range(&span.warc, span.offset, span.length).await else {
            return Ok(None);
        };
        let read = answer(&stored).and_then(|(original, response)| {
            let validator = capture.validators.first()?.clone();
            let earlier = Earlier::read(validator, &response.into(), self.client.policy())?;
            let same = Sha256Hex::of(&earlier.body().bytes().ok()?) == capture.sha256;
            same.then_some((original, earlier))
        });
        Ok(read.map(|(original, earlier)| (Recalled { capture, original }, earlier)))
    }
}

/// The first record, which is the response, and its bytes.
fn answer(stored: &[u8]) -> Option<(warc::Original, Vec<u8>)> {
    let mut reader = warc::Reader::new(stored, 2 * LONGEST);
    let mut record = reader.next().ok()??;
    if record.header.kind() != "response" {
        return None;
    }
    let mut response = Vec::new();
    std::io::Read::read_to_end(&mut record, &mut response).ok()?;
    let record = record.finish().ok()?;
    let whole = record.block == warc::Digest::Right && record.header.field("WARC-Truncated").is_none();
    Some((warc::Original::of(&record).filter(|_| whole)?, response))
}

/// How the server would know a page again that has just been fetched whole.
pub(super) fn validator(page: &swordnet_crawl::Fetched) -> Option<Validator> {
    let last = page.last();
    let whole = page.hops.len() == 1 && last.status == 200 && last.truncated.is_none() && !last.unchanged;
    last.validator()
        .filter(|_| whole && last.response.len() <= LONGEST)
}
