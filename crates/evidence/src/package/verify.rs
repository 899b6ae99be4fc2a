//! Checking a package with nothing but the file and a list of trusted keys.

use super::layout::{self, Entry};
use super::manifest::{self, Digest, Manifest};
use super::report::{Happened, Report, Stamped, Withheld};
use super::{DIGEST, EXPORT, FORMAT, MANIFEST, TIME_STAMP, Version};
use crate::chain::{Chain, Statement};
use crate::key::{PublicKey, Trust};
use crate::timestamp::Token;
use crate::warc;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::Crc;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};
use swordnet_core::{Sha256Hex, Timestamp};

/// Longest manifest that is read, in bytes.
pub(super) const MAX_MANIFEST: u64 = 64 << 20;
/// Bytes beyond its own length that an altered archive may inflate to before it is given up.
const MAX_INFLATED: u64 = 4 << 30;
/// Problems listed before the rest is only counted.
const MAX_PROBLEMS: usize = 50;

/// Checks a package from the first byte to the last, without unpacking it and with bounded memory.
pub fn verify(file: &mut (impl Read + Seek), trust: &Trust) -> Report {
    let mut report = Report::default();
    if let Err(error) = check(file, trust, &mut report) {
        report.problem(format!("the file could not be read: {error}"));
    }
    if report.problems.len() > MAX_PROBLEMS {
        let more = report.problems.len() - MAX_PROBLEMS;
        report.problems.truncate(MAX_PROBLEMS);
        report.problem(format!("and {more} more"));
    }
    report.valid = report.problems.is_empty();
    report
}

/// An entry and where its contents must lie.
pub(super) struct Placed {
    pub entry: Entry,
    pub header: Vec<u8>,
    pub at: u64,
}

/// Where every entry must lie, and the first byte behind them.
pub(super) fn place(entries: Vec<Entry>) -> (Vec<Placed>, u64) {
    let mut at = 0_u64;
    let mut placed = Vec::new();
    for entry in entries {
        let header = entry.local_header();
        at = at.saturating_add(header.len() as u64);
        let size = entry.size;
        placed.push(Placed { entry, header, at });
        at = at.saturating_add(size);
    }
    (placed, at)
}

fn check(file: &mut (impl Read + Seek), trust: &Trust, report: &mut Report) -> io::Result<()> {
    report.size = file.seek(SeekFrom::End(0))?;
    let entries = match layout::read_directory(file)? {
        Ok(entries) => entries,
        Err(problem) => {
            report.problem(problem);
            return Ok(());
        }
    };
    let directory = layout::directory(&entries);
    let (placed, at) = place(entries);
    let expected = at.saturating_add(directory.len() as u64);
    if expected != report.size {
        report.problem(format!(
            "the entries account for {expected} of {} bytes: something lies between, before or over them",
            report.size
        ));
        check_names_alone(&placed, report);
        return Ok(());
    }
    file.seek(SeekFrom::Start(at))?;
    if !same(file, &directory)? {
        report.problem("the ZIP directory is not written as a sealed package's is");
    }

    let digest_bytes = read_entry(file, &placed, DIGEST, report)?;
    let manifest_bytes = read_entry(file, &placed, MANIFEST, report)?;
    let manifest = manifest_bytes
        .as_deref()
        .and_then(|bytes| read_manifest(bytes, report));
    if let (Some(digest), Some(bytes)) = (&digest_bytes, &manifest_bytes) {
        check_signature(digest, bytes, manifest.as_ref(), trust, report);
    }
    if let Some(manifest) = &manifest {
        judge_time_stamps(manifest, trust, report);
        judge_end(manifest, report);
        check_names(&placed, manifest, report);
    }
    check_contents(file, &placed, manifest.as_ref(), report)
}

/// Reads one of the two files that speak about the others.
fn read_entry(
    file: &mut (impl Read + Seek),
    placed: &[Placed],
    name: &str,
    report: &mut Report,
) -> io::Result<Option<Vec<u8>>> {
    let Some(found) = placed.iter().find(|placed| placed.entry.name == name) else {
        report.problem(format!("{name} is missing"));
        return Ok(None);
    };
    if found.entry.size > MAX_MANIFEST {
        report.problem(format!("{name} is longer than {MAX_MANIFEST} bytes"));
        return Ok(None);
    }
    found.read(file).map(Some)
}

impl Placed {
    /// The contents; the caller has looked at their length.
    pub fn read(&self, file: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.take(self.entry.size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn read_manifest(bytes: &[u8], report: &mut Report) -> Option<Manifest> {
    let manifest: Manifest = match serde_json::from_slice(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            report.problem(format!("{MANIFEST} cannot be read: {error}"));
            return None;
        }
    };
    if !(1..=FORMAT).contains(&manifest.swordnet.format) || manifest.wacz_version != manifest::WACZ {
        report.problem(format!(
            "{MANIFEST} is of form {} (WACZ {}), which this verifier does not know",
            manifest.swordnet.format, manifest.wacz_version
        ));
    }
    report.id = Some(manifest.swordnet.id.clone());
    report.title = Some(manifest.title.clone());
    report.created = Some(manifest.created.clone());
    report.files = manifest.resources.len();
    Some(manifest)
}

fn check_signature(
    digest_bytes: &[u8],
    manifest_bytes: &[u8],
    manifest: Option<&Manifest>,
    trust: &Trust,
    report: &mut Report,
) {
    let digest: Digest = match serde_json::from_slice(digest_bytes) {
        Ok(digest) => digest,
        Err(error) => {
            return report.problem(format!("{DIGEST} cannot be read, or holds no signature: {error}"));
        }
    };
    if serde_json::to_vec(&digest).ok().as_deref() != Some(digest_bytes) {
        report.problem(format!("{DIGEST} is not written as a sealed package's is"));
    }
    let signed = &digest.signed;
    let actual = manifest::hash_of(&Sha256Hex::of(manifest_bytes));
    if digest.path != MANIFEST || digest.hash != actual || signed.hash != actual {
        report.problem(format!(
            "{MANIFEST} was altered: its SHA-256 is not the one in {DIGEST}"
        ));
    }
    let fits = manifest.is_none_or(|m| m.created == signed.created && m.software == signed.software);
    if !fits || signed.version != manifest::WACZ_AUTH {
        report.problem(format!(
            "{DIGEST}: time, software or version beside the signature were altered"
        ));
    }
    let key = match PublicKey::from_base64(&signed.public_key) {
        Ok(key) => key,
        Err(error) => return report.problem(format!("{DIGEST}: {error}")),
    };
    if !key.accepts(&actual, &signed.signature) {
        return report.problem(format!("the signature does not hold for {MANIFEST}"));
    }
    report.signer = Some(key.fingerprint().to_string());
    judge_key("it was sealed", &key, trust, report);
    check_appended(&digest, trust, report);
}

fn judge_key(what: &str, key: &PublicKey, trust: &Trust, report: &mut Report) {
    if trust.keys.contains(key) {
        return;
    }
    let stranger = format!("{what} with a key that is not trusted: {}", key.fingerprint());
    if trust.anyone {
        report.remark(stranger)
    } else {
        report.problem(stranger)
    }
}

/// The chain of what happened since, and the time-stamps in it.
fn check_appended(digest: &Digest, trust: &Trust, report: &mut Report) {
    let mut chain = Chain::new(digest.root());
    let mut places = HashMap::from([(chain.head().clone(), 0)]);
    for link in &digest.appended {
        let Statement {
            number,
            kind,
            at,
            facts,
            ..
        } = &link.statement;
        let name = format!("appended entry {number} ({kind})");
        match chain.follow(link) {
            Ok(key) => judge_key(&format!("{name} was signed"), &key, trust, report),
            Err(problem) => report.problem(format!("{name}: {problem}")),
        }
        if kind == TIME_STAMP {
            match check_time_stamp(facts, &places, digest, trust) {
                Ok(stamp) => report.time_stamps.push(stamp),
                Err(problem) => report.problem(format!("{name}: {problem}")),
            }
        }
        places.insert(chain.head().clone(), *number);
        let mut facts = facts.clone();
        facts.remove("token");
        report.events.push(Happened {
            number: *number,
            kind: kind.clone(),
            at: *at,
            facts,
        });
    }
    report.head = Some(chain.head().clone());
}

/// What happened since must end with the export of this copy; before form 2 nothing said so.
fn judge_end(manifest: &Manifest, report: &mut Report) {
    match report.events.last() {
        _ if manifest.swordnet.format < 2 => {}
        Some(last) if last.kind == EXPORT => {}
        Some(last) => report.problem(format!(
            "the log does not end with the export of this copy but with appended entry {} ({}): its end was cut off",
            last.number, last.kind
        )),
        None => report.remark("it holds no log: this is how it was sealed, not a copy that was exported"),
    }
}

/// A time-stamp must be there where the manifest promises one, and where the checker trusts authorities.
fn judge_time_stamps(manifest: &Manifest, trust: &Trust, report: &mut Report) {
    let promised = &manifest.swordnet.time_stamps;
    if report.time_stamps.is_empty() && !promised.is_empty() {
        report.problem(format!(
            "the time-stamp that it promises, by {}, is missing: it was not obtained yet, or was cut off",
            promised.join(" or ")
        ));
    }
    if !trust.authorities.is_empty() && !report.time_stamps.iter().any(|stamp| stamp.trusted) {
        report.problem("it has no time-stamp by an authority that is trusted");
    } else if report.time_stamps.is_empty() && promised.is_empty() {
        report.remark("it has no time-stamp: when it was sealed rests on the sealer's word");
    }
    for Stamped {
        authority,
        trusted,
        at,
        gap,
        ..
    } in report.time_stamps.clone()
    {
        if gap.is_some_and(|gap| gap < -60) {
            report.remark(format!(
                "{authority} states {at}, before the moment of sealing: a clock was wrong"
            ));
        }
        if !trusted {
            report.remark(format!(
                "a time-stamp is by an authority that is not listed: {authority}"
            ));
        }
    }
}

fn check_time_stamp(
    facts: &BTreeMap<String, String>,
    places: &HashMap<Sha256Hex, u64>,
    digest: &Digest,
    trust: &Trust,
) -> Result<Stamped, String> {
    let fact = |name: &str| facts.get(name).ok_or(format!("'{name}' is missing"));
    let of = Sha256Hex::try_from(fact("of")?.clone())?;
    let covers = *places
        .get(&of)
        .ok_or("it is for something that does not stand before it")?;
    let der = STANDARD
        .decode(fact("token")?)
        .map_err(|error| error.to_string())?;
    let token = Token::from_der(&der).map_err(|error| error.to_string())?;
    let stamp = token
        .check(&of, &trust.authorities)
        .map_err(|error| error.to_string())?;
    let sealed_at = digest.signed.created.parse::<Timestamp>().ok();
    let gap = sealed_at.map(|sealed| stamp.at.as_second() - sealed.as_second());
    Ok(Stamped {
        authority: stamp.authority,
        trusted: stamp.trusted,
        at: stamp.at,
        covers,
        gap,
    })
}

/// Every entry is listed and every listed file is there, once and in order.
fn check_names(placed: &[Placed], manifest: &Manifest, report: &mut Report) {
    let (left_out, listed): (Vec<_>, Vec<_>) = manifest.resources.iter().partition(|resource| {
        is_public_version(report) && manifest.swordnet.private.contains(&resource.path)
    });
    report.withheld = left_out
        .into_iter()
        .map(|resource| Withheld {
            path: resource.path.clone(),
            hash: resource.hash.clone(),
        })
        .collect();
    if !report.withheld.is_empty() {
        let paths: Vec<&str> = report.withheld.iter().map(|file| file.path.as_str()).collect();
        report.remark(format!(
            "this is the public version, without {}",
            paths.join(", ")
        ));
    }
    let listed = listed.into_iter().map(|resource| resource.path.as_str());
    let wanted: Vec<&str> = listed.chain([MANIFEST, DIGEST]).collect();
    let present: Vec<&str> = placed.iter().map(|placed| placed.entry.name.as_str()).collect();
    if wanted == present {
        // A manifest that lists a name twice was never sealed; the entries would agree with it.
        return check_names_alone(placed, report);
    }
    let before = report.problems.len();
    check_names_alone(placed, report);
    let (have, want): (HashSet<&str>, HashSet<&str>) = (
        present.iter().copied().collect(),
        wanted.iter().copied().collect(),
    );
    for name in wanted
        .iter()
        .filter(|name| !have.contains(*name) && ![MANIFEST, DIGEST].contains(*name))
    {
        report.problem(format!("{name} is missing"));
    }
    for name in present.iter().filter(|name| !want.contains(*name)) {
        report.problem(format!("{name} is not listed in {MANIFEST}"));
    }
    if report.problems.len() == before {
        report.problem("the entries stand in another order than when they were sealed");
    }
}

/// Only the sealer can say that files were left out on purpose: the last signed entry about an export does.
fn is_public_version(report: &Report) -> bool {
    let exported = report.events.iter().rfind(|event| event.kind == EXPORT);
    exported.is_some_and(|event| {
        event
            .facts
            .get("version")
            .is_some_and(|v| v == Version::Public.as_str())
    })
}

fn check_names_alone(placed: &[Placed], report: &mut Report) {
    let mut seen = HashSet::new();
    for name in placed.iter().map(|placed| placed.entry.name.as_str()) {
        if !seen.insert(name) {
            report.problem(format!("{name} is there more than once"));
        }
    }
}

/// Headers as derived, CRCs and SHA-256 of every entry.
fn check_contents(
    file: &mut (impl Read + Seek),
    placed: &[Placed],
    manifest: Option<&Manifest>,
    report: &mut Report,
) -> io::Result<()> {
    let resources: HashMap<&str, _> = manifest
        .iter()
        .flat_map(|manifest| &manifest.resources)
        .map(|resource| (resource.path.as_str(), resource))
        .collect();
    let (mut buffer, mut looked_into) = (vec![0; 256 * 1024], false);
    for Placed { entry, header, at } in placed {
        let name = entry.name.as_str();
        file.seek(SeekFrom::Start(at - header.len() as u64))?;
        if !same(file, header)? {
            report.problem(format!(
                "the ZIP header before {name} is not written as a sealed package's is"
            ));
        }
        let (mut hash, mut crc, mut left) = (Sha256::new(), Crc::new(), entry.size);
        while left > 0 {
            let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.read_exact(&mut buffer[..room])?;
            hash.update(&buffer[..room]);
            crc.update(&buffer[..room]);
            left -= room as u64;
        }
        let hash = manifest::hash_of(&Sha256Hex::from_array(&hash.finalize()));
        match resources.get(name) {
            Some(resource) if resource.hash != hash || resource.bytes != entry.size => {
                report.problem(format!(
                    "{name} was altered: its SHA-256 or length is not the one in {MANIFEST}"
                ));
                if name.starts_with("archive/") && !std::mem::replace(&mut looked_into, true) {
                    file.seek(SeekFrom::Start(*at))?;
                    name_records(name, file.take(entry.size), entry.size, report);
                }
            }
            _ if crc.sum() != entry.crc => report.problem(format!("{name}: its ZIP checksum does not fit")),
            _ => {}
        }
    }
    Ok(())
}

/// Says which records of an altered archive are hit, as far as their own digests tell. One archive, and so many bytes of
/// it: what was made to keep the verifier busy shall not.
fn name_records(name: &str, archive: impl Read, size: u64, report: &mut Report) {
    let mut reader = warc::Reader::new(
        archive,
        size.saturating_mul(100).min(size.saturating_add(MAX_INFLATED)),
    );
    loop {
        let ended = match reader.next() {
            Ok(None) => return,
            Ok(Some(record)) => record.finish(),
            Err(error) => Err(error),
        };
        match ended {
            Ok(ended) if [ended.block, ended.payload].contains(&warc::Digest::Wrong) => {
                report.problem(format!(
                    "{name}: the {} record of {} at byte {} does not fit its own digest",
                    ended.header.kind(),
                    ended.header.target().unwrap_or("no address"),
                    ended.header.offset
                ))
            }
            Ok(_) => {}
            Err(error) => return report.problem(format!("{name}: {error}")),
        }
        if report.problems.len() > MAX_PROBLEMS {
            return;
        }
    }
}

fn same(file: &mut impl Read, expected: &[u8]) -> io::Result<bool> {
    let mut actual = vec![0; expected.len()];
    file.read_exact(&mut actual)?;
    Ok(actual == expected)
}
