//! DASH (ISO/IEC 23009-1), as far as a recording needs it: one representation of each period, its segments given by a
//! template, a list, or a base address.

use super::{
    MIN_HEIGHT, Part, Sound,
    join::{ByteRange, Joint},
};
use crate::fetch::FetchError;
use quick_xml::{Reader, escape::unescape, events::Event};
use std::collections::HashMap;
use url::Url;

/// Deepest nesting and most elements of a manifest that are read.
const MAX_DEPTH: usize = 24;
const MAX_ELEMENTS: usize = 200_000;
/// Most segments that are followed.
const MAX_SEGMENTS: usize = 50_000;

/// Records the presentation of a manifest; gives the sound that it keeps apart.
pub(super) async fn capture(joint: &mut Joint<'_>, url: &Url) -> Result<Option<Sound>, FetchError> {
    let (manifest, at) = fetched(joint, url).await?;
    joint
        .parts(&plan(&manifest, &at, "video").map_err(|problem| problem.at(&at))?)
        .await?;
    // Where there is no picture, the sound was what came.
    let pictures = manifest
        .all("Period")
        .any(|period| choose(period, "video").is_some_and(|one| is(one, "video")));
    let sound = plan(&manifest, &at, "audio").ok().filter(|_| pictures);
    Ok(sound.filter(|parts| !parts.is_empty()).map(Sound::Parts))
}

/// The segments of a few places of a presentation that lasts `short` seconds or more and is cut into many; none of any
/// other.
pub(super) async fn places(
    joint: &mut Joint<'_>,
    url: &Url,
    places: usize,
    short: f64,
) -> Result<Vec<Vec<Part>>, FetchError> {
    let (manifest, at) = fetched(joint, url).await?;
    let parts = plan(&manifest, &at, "video").map_err(|problem| problem.at(&at))?;
    let length = manifest
        .attribute("mediaPresentationDuration")
        .and_then(seconds)
        .unwrap_or(0.0);
    if length < short || parts.len() < 20 * places {
        return Ok(Vec::new());
    }
    let place = |n: usize| {
        let at = parts.len() * (2 * n + 1) / (2 * places);
        let initial = parts[..at].iter().rfind(|part| part.initial).cloned();
        let media = parts[at..]
            .iter()
            .filter(|part| !part.initial)
            .take(if parts.len() > 100 * places { 2 } else { 1 });
        initial.into_iter().chain(media.cloned()).collect()
    };
    Ok((0..places).map(place).collect())
}

async fn fetched(joint: &mut Joint<'_>, url: &Url) -> Result<(Element, Url), FetchError> {
    let (at, body) = joint.playlist(url).await?;
    let manifest = parse(&body).ok_or_else(|| Problem::Broken("it is no manifest").at(&at))?;
    Ok((manifest, at))
}

#[derive(Debug, PartialEq)]
enum Problem {
    Encrypted(String),
    Broken(&'static str),
}

impl Problem {
    fn at(self, url: &Url) -> FetchError {
        let url = url.to_string();
        match self {
            Problem::Encrypted(method) => FetchError::Encrypted { url, method },
            Problem::Broken(why) => FetchError::Playlist {
                url,
                why: why.to_owned(),
            },
        }
    }
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: HashMap<String, String>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name)?.trim().parse().ok()
    }
}

fn parse(body: &[u8]) -> Option<Element> {
    let mut xml = Reader::from_reader(body);
    let mut open = vec![Element::default()];
    let mut elements = 0;
    loop {
        match xml.read_event().ok()? {
            Event::Start(tag) => {
                open.push(element(&tag));
                elements += 1;
            }
            Event::Empty(tag) => {
                let child = element(&tag);
                open.last_mut()?.children.push(child);
                elements += 1;
            }
            Event::End(_) => {
                let child = open.pop()?;
                open.last_mut()?.children.push(child);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&String::from_utf8_lossy(&text)),
            Event::GeneralRef(name) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                open.last_mut()?
                    .text
                    .push_str(&unescape(&format!("&{name};")).ok()?);
            }
            Event::Eof => break,
            _ => {}
        }
        if open.len() > MAX_DEPTH || elements > MAX_ELEMENTS {
            return None;
        }
    }
    open.into_iter()
        .next()?
        .children
        .into_iter()
        .find(|root| root.name == "MPD")
}

fn element(tag: &quick_xml::events::BytesStart<'_>) -> Element {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut attributes = tag.attributes();
    let attributes = attributes.with_checks(false).flatten().map(|attribute| {
        let value = text(&attribute.value);
        (
            text(attribute.key.local_name().as_ref()),
            unescape(&value).map(|v| v.into_owned()).unwrap_or(value),
        )
    });
    Element {
        name: text(tag.local_name().as_ref()),
        attributes: attributes.collect(),
        ..Element::default()
    }
}

/// The segments to fetch, in order, of picture or of sound: where the one is missing, of what there is.
fn plan(manifest: &Element, at: &Url, medium: &'static str) -> Result<Vec<Part>, Problem> {
    let total = manifest.attribute("mediaPresentationDuration").and_then(seconds);
    let at = based(at, manifest)?;
    let mut parts = Vec::new();
    for period in manifest.all("Period") {
        let at = based(&at, period)?;
        let length = period.attribute("duration").and_then(seconds).or(total);
        let Some((set, representation)) = choose(period, medium) else {
            continue;
        };
        let protection = set
            .first("ContentProtection")
            .or_else(|| representation.first("ContentProtection"));
        if let Some(protection) = protection {
            let scheme = protection.attribute("schemeIdUri").unwrap_or("unnamed scheme");
            return Err(Problem::Encrypted(
                protection.attribute("value").unwrap_or(scheme).to_owned(),
            ));
        }
        let at = based(&based(&at, set)?, representation)?;
        let levels = [period, set, representation];
        segments(&levels, &at, length, &mut parts)?;
    }
    if parts.is_empty() {
        Err(Problem::Broken("it lists nothing that can be fetched"))
    } else {
        Ok(parts)
    }
}

fn based(at: &Url, element: &Element) -> Result<Url, Problem> {
    match element.first("BaseURL") {
        Some(base) => at
            .join(base.text.trim())
            .map_err(|_| Problem::Broken("a BaseURL is no address")),
        None => Ok(at.clone()),
    }
}

/// The picture with enough lines and the fewest bytes; where there is no picture, the sound with the fewest.
fn choose<'a>(period: &'a Element, medium: &'static str) -> Option<(&'a Element, &'a Element)> {
    let bandwidth =
        |(_, representation): &(&Element, &Element)| representation.number("bandwidth").unwrap_or(u64::MAX);
    let of = |medium: &'static str| {
        let sets = period.all("AdaptationSet");
        let all = sets.flat_map(|set| {
            set.all("Representation")
                .map(move |representation| (set, representation))
        });
        all.filter(move |one| is(*one, medium))
    };
    if medium == "audio" {
        return of("audio").min_by_key(bandwidth);
    }
    let height = |(set, representation): &(&Element, &Element)| {
        representation.number("height").or_else(|| set.number("height"))
    };
    let good = of("video").filter(|one| height(one).is_some_and(|lines| lines >= u64::from(MIN_HEIGHT)));
    good.min_by_key(|one| (height(one), bandwidth(one)))
        .or_else(|| of("video").filter(|one| height(one).is_some()).max_by_key(height))
        .or_else(|| of("video").min_by_key(bandwidth))
        .or_else(|| of("audio").min_by_key(bandwidth))
        .or_else(|| of("").min_by_key(bandwidth))
        .or_else(|| {
            let set = period.first("AdaptationSet")?;
            Some((set, set.first("Representation")?))
        })
}

/// Does a representation hold this medium?
fn is((set, representation): (&Element, &Element), medium: &str) -> bool {
    let kinds = [
        set.attribute("contentType"),
        set.attribute("mimeType"),
        representation.attribute("mimeType"),
    ];
    kinds.into_iter().flatten().any(|kind| kind.starts_with(medium))
}

fn segments(
    levels: &[&Element; 3],
    at: &Url,
    length: Option<f64>,
    parts: &mut Vec<Part>,
) -> Result<(), Problem> {
    let join = |address: &str| {
        at.join(address)
            .map_err(|_| Problem::Broken("a segment's address is none"))
    };
    // The innermost level that says something of a kind is heard; attributes are inherited from those around it.
    let inherited = |kind: &str| {
        levels
            .iter()
            .rev()
            .filter_map(|level| level.first(kind))
            .collect::<Vec<_>>()
    };
    let templates = inherited("SegmentTemplate");
    if !templates.is_empty() {
        let attribute = |name: &str| templates.iter().find_map(|template| template.attribute(name));
        let number = |name: &str| attribute(name).and_then(|value| value.trim().parse::<u64>().ok());
        let timeline = templates
            .iter()
            .find_map(|template| template.first("SegmentTimeline"));
        let representation = levels[2];
        let fill = |pattern: &str, n: u64, time: u64| filled(pattern, representation, n, time);
        if let Some(initialization) = attribute("initialization") {
            parts.push(Part {
                url: join(&fill(initialization, 0, 0))?,
                range: None,
                initial: true,
            });
        }
        let media = attribute("media").ok_or(Problem::Broken("a template names no media"))?;
        let (timescale, first) = (
            number("timescale").unwrap_or(1).max(1),
            number("startNumber").unwrap_or(1),
        );
        let times = match timeline {
            Some(timeline) => times_of(timeline, length, timescale),
            None => {
                let duration = number("duration")
                    .filter(|d| *d > 0)
                    .ok_or(Problem::Broken("segments without a duration"))?;
                let length = length.ok_or(Problem::Broken("a live presentation without a timeline"))?;
                let count = (length * timescale as f64 / duration as f64)
                    .ceil()
                    .clamp(1.0, MAX_SEGMENTS as f64) as u64;
                (0..count).map(|n| n.saturating_mul(duration)).collect()
            }
        };
        for (n, time) in times.into_iter().enumerate() {
            let address = fill(media, first.saturating_add(n as u64), time);
            parts.push(Part {
                url: join(&address)?,
                range: None,
                initial: false,
            });
            if parts.len() > MAX_SEGMENTS {
                return Err(Problem::Broken("it lists too many segments"));
            }
        }
        return Ok(());
    }
    let lists = inherited("SegmentList");
    if let Some(list) = lists.first() {
        if let Some(start) = lists.iter().find_map(|list| list.first("Initialization")) {
            let url = join(start.attribute("sourceURL").unwrap_or_default())?;
            parts.push(Part {
                url,
                range: start.attribute("range").and_then(range),
                initial: true,
            });
        }
        for segment in list.all("SegmentURL").take(MAX_SEGMENTS) {
            let url = join(segment.attribute("media").unwrap_or_default())?;
            parts.push(Part {
                url,
                range: segment.attribute("mediaRange").and_then(range),
                initial: false,
            });
        }
        return Ok(());
    }
    // Nothing but an address: the whole file.
    parts.push(Part {
        url: at.clone(),
        range: None,
        initial: false,
    });
    Ok(())
}

/// The start of each segment of a timeline, in ticks.
fn times_of(timeline: &Element, length: Option<f64>, timescale: u64) -> Vec<u64> {
    let mut times = Vec::new();
    let mut time = 0u64;
    let entries: Vec<&Element> = timeline.all("S").collect();
    for (n, entry) in entries.iter().enumerate() {
        time = entry.number("t").unwrap_or(time);
        let Some(duration) = entry.number("d").filter(|d| *d > 0) else {
            continue;
        };
        let repeats = match entry
            .attribute("r")
            .and_then(|r| r.trim().parse::<i64>().ok())
            .unwrap_or(0)
        {
            // Negative: until the next entry, or the end of the period.
            r if r < 0 => {
                let next = entries.get(n + 1).and_then(|next| next.number("t"));
                let end = next
                    .or(length.map(|length| (length * timescale as f64) as u64))
                    .unwrap_or(time);
                end.saturating_sub(time).div_ceil(duration).saturating_sub(1)
            }
            r => r as u64,
        };
        for _ in 0..=repeats.min(MAX_SEGMENTS as u64) {
            if times.len() >= MAX_SEGMENTS {
                return times;
            }
            times.push(time);
            time = time.saturating_add(duration);
        }
    }
    times
}

/// A template with its identifiers filled in: `$RepresentationID$`, `$Number%05d$`, `$Time$`, `$Bandwidth$`, `$$`.
fn filled(template: &str, representation: &Element, number: u64, time: u64) -> String {
    let mut out = String::new();
    for (n, piece) in template.split('$').enumerate() {
        if n % 2 == 0 {
            out.push_str(piece);
            continue;
        }
        let (name, format) = piece.split_once('%').unwrap_or((piece, ""));
        let width = format
            .trim_end_matches('d')
            .trim_start_matches('0')
            .parse::<usize>()
            .unwrap_or(0)
            .min(20);
        match name {
            "" => out.push('$'),
            "RepresentationID" => out.push_str(representation.attribute("id").unwrap_or_default()),
            "Number" => out.push_str(&format!("{number:0width$}")),
            "Time" => out.push_str(&format!("{time:0width$}")),
            "Bandwidth" => out.push_str(&format!(
                "{:0width$}",
                representation.number("bandwidth").unwrap_or(0)
            )),
            _ => {}
        }
    }
    out
}

/// `first-last`, both included.
fn range(text: &str) -> Option<ByteRange> {
    let (first, last) = text.trim().split_once('-')?;
    let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    Some(ByteRange {
        from: first,
        length: last.checked_sub(first)?.checked_add(1)?,
    })
}

/// A duration of ISO 8601 in days, hours, minutes and seconds.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().strip_prefix('P')?;
    let (days, time) = text.split_once('T').unwrap_or((text, ""));
    let mut total = days
        .strip_suffix('D')
        .and_then(|d| d.parse::<f64>().ok())
        .unwrap_or(0.0)
        * 86_400.0;
    let mut number = String::new();
    for c in time.chars() {
        match c {
            'H' | 'M' | 'S' => {
                let unit = [('H', 3600.0), ('M', 60.0), ('S', 1.0)]
                    .into_iter()
                    .find(|(u, _)| *u == c)?
                    .1;
                total += std::mem::take(&mut number).parse::<f64>().ok()? * unit;
            }
            c => number.push(c),
        }
    }
    (total.is_finite() && total > 0.0).then_some(total)
}

/// Reads a manifest and plans what is fetched of it.
#[cfg(feature = "fuzzing")]
pub(crate) fn read(url: &Url, body: &[u8]) {
    if let Some(manifest) = parse(body) {
        drop(plan(&manifest, url, "video"));
        drop(plan(&manifest, url, "audio"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn planned(body: &str) -> Result<Vec<String>, Problem> {
        let at = "http://a.test/film/x.mpd".parse().unwrap();
        let parts = plan(
            &parse(body.as_bytes()).ok_or(Problem::Broken("no manifest"))?,
            &at,
            "video",
        )?;
        let text = |part: Part| match part.range {
            Some(range) => format!("{} {}+{}", part.url.path(), range.from, range.length),
            None => part.url.path().to_owned(),
        };
        Ok(parts.into_iter().map(text).collect())
    }

    #[test]
    fn templates_with_numbers_and_with_a_timeline_are_filled_in() {
        let numbered = r#"<?xml version="1.0"?><MPD mediaPresentationDuration="PT9.5S"><Period>
            <AdaptationSet mimeType="audio/mp4"><Representation id="a" bandwidth="64000"/></AdaptationSet>
            <AdaptationSet contentType="video"><BaseURL>v/</BaseURL>
              <SegmentTemplate initialization="$RepresentationID$/i.mp4" media="$RepresentationID$/$Number%03d$.m4s" timescale="10" duration="40" startNumber="5"/>
              <Representation id="hd" bandwidth="3000000" height="720"/><Representation id="sd" bandwidth="700000" height="360"/>
            </AdaptationSet></Period></MPD>"#;
        let expected = [
            "/film/v/sd/i.mp4",
            "/film/v/sd/005.m4s",
            "/film/v/sd/006.m4s",
            "/film/v/sd/007.m4s",
        ];
        assert_eq!(planned(numbered).unwrap(), expected);
        let timed = r#"<MPD><Period><AdaptationSet mimeType="video/mp4"><Representation id="v" height="480">
            <SegmentTemplate media="t$Time$.m4s"><SegmentTimeline><S t="7" d="3" r="1"/><S d="5"/></SegmentTimeline></SegmentTemplate>
            </Representation></AdaptationSet></Period></MPD>"#;
        assert_eq!(
            planned(timed).unwrap(),
            ["/film/t7.m4s", "/film/t10.m4s", "/film/t13.m4s"]
        );
    }

    #[test]
    fn lists_and_plain_addresses_are_followed() {
        let listed = r#"<MPD><Period><AdaptationSet mimeType="video/mp4"><Representation height="480"><BaseURL>/all.mp4</BaseURL>
            <SegmentList><Initialization range="0-99"/><SegmentURL mediaRange="100-199"/><SegmentURL media="b.mp4"/></SegmentList>
            </Representation></AdaptationSet></Period></MPD>"#;
        assert_eq!(
            planned(listed).unwrap(),
            ["/all.mp4 0+100", "/all.mp4 100+100", "/b.mp4"]
        );
        let plain = r#"<MPD><BaseURL>http://a.test/c/</BaseURL><Period><AdaptationSet><Representation><BaseURL>x&amp;y.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"#;
        assert_eq!(planned(plain).unwrap(), ["/c/x&y.mp4"]);
    }

    #[test]
    fn encryption_is_said_and_nonsense_refused() {
        let encrypted = r#"<MPD><Period><AdaptationSet mimeType="video/mp4"><ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"/>
            <Representation/></AdaptationSet></Period></MPD>"#;
        assert_eq!(planned(encrypted), Err(Problem::Encrypted("cenc".into())));
        for nonsense in ["", "<html/>", "<MPD/>", &"<a>".repeat(100_000)] {
            assert!(planned(nonsense).is_err());
        }
        let endless = r#"<MPD mediaPresentationDuration="PT99999999H"><Period><AdaptationSet mimeType="video/mp4"><Representation>
            <SegmentTemplate media="$Number$" timescale="1000000" duration="1"/></Representation></AdaptationSet></Period></MPD>"#;
        assert!(planned(endless).is_ok_and(|parts| parts.len() <= MAX_SEGMENTS));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(
            inner in "(<S t=\"[0-9]{1,20}\" d=\"[0-9]{1,20}\" r=\"-?[0-9]{1,19}\"/>|<BaseURL>|</BaseURL>|\\PC){0,20}",
            media in "(\\$Number%0?[0-9]{0,12}d\\$|\\$Time\\$|\\$|\\PC){0,6}",
        ) {
            let _ = planned(&inner);
            let _ = planned(&format!("<MPD><Period><AdaptationSet><Representation><SegmentTemplate media='{}' duration='1'><SegmentTimeline>{inner}</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>", media.replace(['\'', '<', '&'], "")));
        }
    }
}
