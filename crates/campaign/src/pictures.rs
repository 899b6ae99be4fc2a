//! Pictures of evidence: the reference beside the copy at the same moment, aligned.

use crate::{Campaign, Error};
use bytes::Bytes;
use image::{ExtendedColorType, RgbImage, imageops};
use similar::{ChangeTag, TextDiff};
use std::path::Path;
use swordnet_core::*;
use swordnet_media::{Media, OwnedFrame};

/// Height of one frame in a picture, in pixels.
const HEIGHT: u32 = 180;
/// Between reference and copy, in pixels.
const GAP: u32 = 8;
/// Where in the matched span frames are compared.
const MOMENTS: [f64; 3] = [0.2, 0.5, 0.8];
/// Characters of a passage that are shown.
const PASSAGE: usize = 900;
/// Passages that are shown.
const PASSAGES: usize = 3;

/// A picture before it is kept.
pub(crate) struct Drawn {
    pub bytes: Bytes,
    pub media_type: &'static str,
    pub en: String,
    pub zh: String,
}

impl Campaign {
    /// Draws what a finding's best candidates look like. A copy that cannot be drawn any more gives no picture.
    pub(crate) async fn draw(&self, finding: &Finding) -> Result<Vec<Drawn>, Error> {
        let work = self.need::<Work>(finding.work.as_str()).await?;
        let Some(examination) = self.records.get::<Examination>(finding.sighting.as_str()).await? else {
            return Ok(vec![]);
        };
        let Some(copy) = examination.sha256 else {
            return Ok(vec![]);
        };
        let mut drawn = Vec::new();
        for medium in Medium::ALL {
            let mut spans: Vec<&Candidate> = finding
                .candidates
                .iter()
                .filter(|c| c.medium == *medium)
                .collect();
            spans.sort_by(|a, b| {
                b.score
                    .total_cmp(&a.score)
                    .then(b.in_query.length().total_cmp(&a.in_query.length()))
            });
            let Some(best) = spans.first().copied() else {
                continue;
            };
            let Some(reference) = work.references.iter().find(|r| r.id == best.reference) else {
                continue;
            };
            if *medium == Medium::Text {
                drawn.extend(self.passages(reference, &copy, &spans).await?);
                continue;
            }
            let genuine = self.vault.local(&reference.sha256).await?;
            let copied = self.vault.local(&copy).await?;
            let (media, best) = (self.media.clone(), best.clone());
            let picture = self
                .compute(move || match best.medium {
                    Medium::Video => frames(&media, &genuine, &copied, &best),
                    Medium::Audio => spectra(&media, &genuine, &copied, &best),
                    _ => stills(&media, &genuine, &copied),
                })
                .await?;
            drawn.extend(picture);
        }
        Ok(drawn)
    }

    /// The longest passages, with what was changed marked.
    async fn passages(
        &self,
        reference: &Reference,
        copy: &Sha256Hex,
        spans: &[&Candidate],
    ) -> Result<Option<Drawn>, Error> {
        let genuine = self.vault.local(&reference.sha256).await?;
        let media = self.media.clone();
        let read = self
            .compute(move || crate::read_file(&media, &genuine, swordnet_recognise::Purpose::Query))
            .await??;
        let genuine = read.text.unwrap_or_default();
        let copy = self.vault.get(copy).await?;
        let copy = String::from_utf8_lossy(&copy);
        let mut spans = spans.to_vec();
        spans.sort_by(|a, b| b.in_query.length().total_cmp(&a.in_query.length()));
        spans.truncate(PASSAGES);
        spans.sort_by(|a, b| a.in_query.start.total_cmp(&b.in_query.start));
        let html: String = spans
            .iter()
            .map(|c| diff(&passage(&genuine, c.in_reference), &passage(&copy, c.in_query)))
            .collect();
        Ok(Some(Drawn {
            bytes: Bytes::from(html),
            media_type: "text/html; charset=utf-8",
            en: "passages: work and copy, differences marked".into(),
            zh: "段落比对：作品与涉嫌侵权文本，差异已标出".into(),
        }))
    }
}

fn passage(text: &str, span: Span) -> String {
    let length = (span.length() as usize).min(PASSAGE);
    text.chars()
        .skip(span.start.max(0.0) as usize)
        .take(length)
        .collect()
}

/// A passage of the work and of the copy as one line of HTML: `<del>` stood only in the work, `<ins>` stands only in the copy.
fn diff(genuine: &str, copy: &str) -> String {
    let diff = TextDiff::from_unicode_words(genuine, copy);
    let mut html = String::from("<p class=\"passage\">");
    for change in diff.iter_all_changes() {
        let text = escape(change.value());
        match change.tag() {
            ChangeTag::Equal => html.push_str(&text),
            ChangeTag::Delete => html.push_str(&format!("<del>{text}</del>")),
            ChangeTag::Insert => html.push_str(&format!("<ins>{text}</ins>")),
        }
    }
    html.push_str("</p>");
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Where in the reference the moment of a query lies.
fn reference_time(candidate: &Candidate, share: f64) -> (f64, f64) {
    let at = |span: Span| span.start + span.length() * share;
    (at(candidate.in_reference), at(candidate.in_query))
}

fn image_of(frame: OwnedFrame) -> Option<RgbImage> {
    let image = RgbImage::from_raw(frame.width, frame.height, frame.pixels)?;
    let width = (u64::from(image.width()) * u64::from(HEIGHT) / u64::from(image.height().max(1)))
        .clamp(1, 640) as u32;
    Some(imageops::resize(
        &image,
        width,
        HEIGHT,
        imageops::FilterType::Triangle,
    ))
}

/// Rows of reference and copy side by side, on white.
fn beside(rows: &[(RgbImage, RgbImage)]) -> Option<RgbImage> {
    let left = rows.iter().map(|(a, _)| a.width()).max()?;
    let right = rows.iter().map(|(_, b)| b.width()).max()?;
    let height = rows.len() as u32 * (HEIGHT + GAP) - GAP;
    let mut sheet = RgbImage::from_pixel(left + GAP + right, height, image::Rgb([255, 255, 255]));
    for (i, (a, b)) in rows.iter().enumerate() {
        let y = i64::from(i as u32 * (HEIGHT + GAP));
        imageops::replace(&mut sheet, a, i64::from((left - a.width()) / 2), y);
        imageops::replace(&mut sheet, b, i64::from(left + GAP + (right - b.width()) / 2), y);
    }
    Some(sheet)
}

fn jpeg(sheet: &RgbImage) -> Option<Bytes> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 80);
    encoder
        .encode(
            sheet.as_raw(),
            sheet.width(),
            sheet.height(),
            ExtendedColorType::Rgb8,
        )
        .ok()?;
    Some(Bytes::from(bytes))
}

fn frames(media: &Media, genuine: &Path, copied: &Path, candidate: &Candidate) -> Option<Drawn> {
    let rows: Vec<_> = MOMENTS
        .iter()
        .filter_map(|&share| {
            let (reference, query) = reference_time(candidate, share);
            let a = image_of(media.still(genuine, reference, 480).ok()?)?;
            let b = image_of(media.still(copied, query, 480).ok()?)?;
            Some((a, b))
        })
        .collect();
    let (from, to) = (
        reference_time(candidate, MOMENTS[0]),
        reference_time(candidate, MOMENTS[2]),
    );
    Some(Drawn {
        bytes: jpeg(&beside(&rows)?)?,
        media_type: "image/jpeg",
        en: format!(
            "left: the work from {:.1} s to {:.1} s; right: the copy at the same moments, {:.1} s to {:.1} s",
            from.0, to.0, from.1, to.1
        ),
        zh: format!(
            "左：作品第 {:.1} 至 {:.1} 秒；右：涉嫌侵权视频同一时刻，第 {:.1} 至 {:.1} 秒",
            from.0, to.0, from.1, to.1
        ),
    })
}

fn stills(media: &Media, genuine: &Path, copied: &Path) -> Option<Drawn> {
    let a = image_of(media.picture(genuine, 640, 3).ok()?)?;
    let b = image_of(media.picture(copied, 640, 3).ok()?)?;
    Some(Drawn {
        bytes: jpeg(&beside(&[(a, b)])?)?,
        media_type: "image/jpeg",
        en: "left: the work; right: the copy".into(),
        zh: "左：作品；右：涉嫌侵权图片".into(),
    })
}

/// Spectrograms of the same span, one above the other: time runs to the right, both to the same scale.
fn spectra(media: &Media, genuine: &Path, copied: &Path, candidate: &Candidate) -> Option<Drawn> {
    let (r, q) = (candidate.in_reference, candidate.in_query);
    let draw = |path: &Path, span: Span| {
        let frame = media.spectrogram(path, span.start, span.end, 560, 120).ok()?;
        RgbImage::from_raw(frame.width, frame.height, frame.pixels)
    };
    let (a, b) = (draw(genuine, r)?, draw(copied, q)?);
    let mut sheet = RgbImage::from_pixel(
        a.width().max(b.width()),
        a.height() + GAP + b.height(),
        image::Rgb([255, 255, 255]),
    );
    imageops::replace(&mut sheet, &a, 0, 0);
    imageops::replace(&mut sheet, &b, 0, i64::from(a.height() + GAP));
    Some(Drawn {
        bytes: jpeg(&sheet)?,
        media_type: "image/jpeg",
        en: format!(
            "spectra, above: the work from {:.1} s to {:.1} s; below: the copy from {:.1} s to {:.1} s",
            r.start, r.end, q.start, q.end
        ),
        zh: format!(
            "频谱，上：作品第 {:.1} 至 {:.1} 秒；下：涉嫌侵权音频第 {:.1} 至 {:.1} 秒",
            r.start, r.end, q.start, q.end
        ),
    })
}
