//! Lists that people hand in: sites, licences, white lists, pre-warning lists.

use crate::{Campaign, Error, InputError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use swordnet_core::*;
use swordnet_store::Query;

/// A row of a table: its columns by name.
pub(crate) type Row = BTreeMap<String, String>;

/// A line's number, and the row on it or why it is bad.
type Numbered = (u64, Result<Row, String>);

/// Reads a table, CSV with a header or JSON Lines: each row with its line number, or why the line is bad.
pub(crate) fn rows(path: &Path) -> Result<Vec<Numbered>, InputError> {
    let text = std::fs::read_to_string(path).map_err(|e| InputError::path(path, e))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim_start().starts_with('{') {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        return Ok(lines.map(|(i, line)| (i as u64 + 1, json_row(line))).collect());
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| InputError::path(path, e))?.clone();
    let mut rows = Vec::new();
    for record in reader.into_records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let row = if record.len() == header.len() {
                    Ok(header
                        .iter()
                        .zip(record.iter())
                        .map(|(k, v)| (k.to_owned(), v.to_owned()))
                        .collect())
                } else {
                    Err(format!(
                        "{} columns where the header has {}",
                        record.len(),
                        header.len()
                    ))
                };
                rows.push((line, row));
            }
            Err(e) => rows.push((e.position().map_or(0, csv::Position::line), Err(e.to_string()))),
        }
    }
    Ok(rows)
}

fn json_row(line: &str) -> Result<Row, String> {
    let value: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).map_err(|e| e.to_string())?;
    Ok(value
        .into_iter()
        .map(|(k, v)| match v {
            serde_json::Value::String(s) => (k, s),
            serde_json::Value::Null => (k, String::new()),
            other => (k, other.to_string()),
        })
        .collect())
}

fn field<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
}

fn needed<'a>(row: &'a Row, name: &str) -> Result<&'a str, String> {
    field(row, name).ok_or_else(|| format!("column '{name}' is empty"))
}

fn parsed<T: std::str::FromStr>(row: &Row, name: &str) -> Result<Option<T>, String>
where
    T::Err: std::fmt::Display,
{
    field(row, name)
        .map(|v| v.parse().map_err(|e| format!("column '{name}': {e}")))
        .transpose()
}

fn flag(row: &Row, name: &str) -> Result<bool, String> {
    match field(row, name).unwrap_or("no").to_lowercase().as_str() {
        "yes" | "true" | "1" | "是" => Ok(true),
        "no" | "false" | "0" | "否" => Ok(false),
        other => Err(format!("column '{name}': '{other}' is neither yes nor no")),
    }
}

fn many(row: &Row, name: &str) -> Vec<String> {
    field(row, name)
        .map(|v| v.split('|').map(|s| s.trim().to_owned()).collect())
        .unwrap_or_default()
}

/// Reads rows by `read` and writes what is good; gives the records and what was bad.
async fn import<T: Noun>(
    campaign: &Campaign,
    path: &Path,
    read: impl Fn(&Row) -> Result<T, String>,
) -> Result<(Vec<T>, Vec<InputError>), Error> {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for (line, row) in rows(path)? {
        match row.and_then(|row| read(&row)) {
            Ok(noun) => good.push(noun),
            Err(why) => bad.push(InputError::at(path.display(), line, why)),
        }
    }
    campaign
        .records
        .put(good.iter().cloned().map(Noun::into_record).collect())
        .await?;
    Ok((good, bad))
}

/// A site from its start address.
pub(crate) fn site(start: &str, area: Area, at: Timestamp) -> Result<Site, String> {
    let url = url::Url::parse(start).map_err(|e| format!("'{start}' is no address: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!("'{start}' is no http or https address"));
    }
    Ok(Site {
        id: Site::id_of(&url.origin().ascii_serialization()),
        name: url.host_str().unwrap_or_default().to_owned(),
        start: url.to_string(),
        area,
        service: service_of(area),
        operator: String::new(),
        region: String::new(),
        supervised: false,
        registered_at: at,
    })
}

/// The kind of service that sites of an area usually are.
fn service_of(area: Area) -> ServiceKind {
    match area {
        Area::CloudStorage | Area::PublicAccount => ServiceKind::UserStorage,
        Area::Shop => ServiceKind::ECommerce,
        Area::AppStore => ServiceKind::AppStore,
        _ => ServiceKind::ContentProvider,
    }
}

/// Imports sites: columns `url,area` and, where known, `name,service,operator,region,supervised`.
pub async fn import_sites(campaign: &Campaign, path: &Path) -> Result<(Vec<Site>, Vec<InputError>), Error> {
    let now = campaign.now();
    import(campaign, path, |row| {
        let area = parsed(row, "area")?.ok_or("column 'area' is empty")?;
        let mut site = site(needed(row, "url")?, area, now)?;
        if let Some(name) = field(row, "name") {
            site.name = name.to_owned();
        }
        if let Some(service) = parsed(row, "service")? {
            site.service = service;
        }
        site.operator = field(row, "operator").unwrap_or_default().to_owned();
        site.region = field(row, "region").unwrap_or_default().to_owned();
        site.supervised = flag(row, "supervised")?;
        Ok(site)
    })
    .await
}

/// Imports licences: columns `title,grantor,grantee,rights,territory,from,to,exclusive,sublicence,document`; several rights or territories
/// are parted by `|`; an empty title covers every work of the grantor.
pub async fn import_licences(
    campaign: &Campaign,
    path: &Path,
) -> Result<(Vec<Licence>, Vec<InputError>), Error> {
    let works = campaign.records.all::<Work>(&Query::default()).await?;
    import(campaign, path, |row| {
        let rights = many(row, "rights")
            .iter()
            .map(|r| r.parse())
            .collect::<Result<_, String>>()?;
        Ok(Licence {
            id: LicenceId::from_text(""),
            work: field(row, "title")
                .map(|t| work_titled(&works, t).map(|w| w.id.clone()))
                .transpose()?,
            grantor: needed(row, "grantor")?.to_owned(),
            grantee: needed(row, "grantee")?.to_owned(),
            rights,
            exclusive: flag(row, "exclusive")?,
            territory: many(row, "territory"),
            from: parsed(row, "from")?.ok_or("column 'from' is empty")?,
            to: parsed(row, "to")?,
            sublicence: flag(row, "sublicence")?,
            document: field(row, "document").unwrap_or_default().to_owned(),
        }
        .identified())
    })
    .await
}

/// Imports a white list: columns `source,credits,reprinters,credit_required,from,to`.
pub async fn import_white_list(
    campaign: &Campaign,
    path: &Path,
) -> Result<(Vec<WhiteListEntry>, Vec<InputError>), Error> {
    import(campaign, path, |row| {
        Ok(WhiteListEntry {
            id: WhiteListId::from_text(""),
            source: needed(row, "source")?.to_owned(),
            credits: many(row, "credits"),
            reprinters: many(row, "reprinters"),
            credit_required: flag(row, "credit_required")?,
            from: parsed(row, "from")?.ok_or("column 'from' is empty")?,
            to: parsed(row, "to")?,
        }
        .identified())
    })
    .await
}

/// A pre-warning list as people write it: TOML, its works by title.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WarningFile {
    title: String,
    issuer: String,
    published: Day,
    duty_template: String,
    #[serde(default)]
    entry: Vec<WarningRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WarningRow {
    title: String,
    from: Day,
    to: Option<Day>,
    #[serde(default)]
    authorised: Vec<String>,
}

/// A date as TOML writes it, in quotation marks or without.
#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
struct Day(Date);

impl TryFrom<toml::Value> for Day {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = match value {
            toml::Value::Datetime(day) => day.to_string(),
            toml::Value::String(day) => day,
            other => return Err(format!("a {} is no date such as 2017-07-25", other.type_str())),
        };
        text.parse()
            .map(Day)
            .map_err(|_| format!("'{text}' is no date such as 2017-07-25"))
    }
}

/// Imports one pre-warning list from a TOML file; entries whose work is not registered are named.
pub async fn import_warning_list(
    campaign: &Campaign,
    path: &Path,
) -> Result<(WarningList, Vec<InputError>), Error> {
    let text = std::fs::read_to_string(path).map_err(|e| InputError::path(path, e))?;
    let file: WarningFile = toml::from_str(&text).map_err(|e| InputError::path(path, e))?;
    if law::duty_template(&file.duty_template).is_none() {
        let known: Vec<_> = law::duty_templates().iter().map(|t| t.id.as_str()).collect();
        let why = format!(
            "duty_template '{}' is none of {}",
            file.duty_template,
            known.join(", ")
        );
        return Err(InputError::path(path, why).into());
    }
    let works = campaign.records.all::<Work>(&Query::default()).await?;
    let mut bad = Vec::new();
    let mut entries = Vec::new();
    for row in file.entry {
        match work_titled(&works, &row.title) {
            Ok(work) => entries.push(WarningEntry {
                work: work.id.clone(),
                from: row.from.0,
                to: row.to.map(|day| day.0),
                authorised: row.authorised,
            }),
            Err(why) => bad.push(InputError::path(path, why)),
        }
    }
    let list = WarningList {
        id: WarningList::id_of(&file.title, &file.issuer),
        title: file.title,
        issuer: file.issuer,
        published: file.published.0,
        duty_template: file.duty_template,
        entries,
    };
    campaign.records.put(vec![list.clone().into()]).await?;
    Ok((list, bad))
}

/// The one registered work of this title or alias.
fn work_titled<'a>(works: &'a [Work], title: &str) -> Result<&'a Work, String> {
    let mut named = works
        .iter()
        .filter(|w| w.title == title || w.aliases.iter().any(|a| a == title));
    match (named.next(), named.next()) {
        (Some(work), None) => Ok(work),
        (Some(_), Some(_)) => Err(format!(
            "several works are titled '{title}': give the work's identifier"
        )),
        (None, _) => works
            .iter()
            .find(|w| w.id.as_str() == title)
            .ok_or_else(|| format!("no registered work is titled '{title}'")),
    }
}

/// A site to be entered.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// Where a check begins.
    pub url: String,
    /// Area.
    pub area: Area,
    /// Name; by default the host.
    pub name: Option<String>,
    /// Kind of service; by default what sites of the area usually are.
    pub service: Option<ServiceKind>,
    /// Who runs it.
    pub operator: String,
    /// Administrative division.
    pub region: String,
    /// Under key supervision?
    pub supervised: bool,
}

impl Campaign {
    /// Enters a site; one with the same origin is replaced.
    pub async fn add_site(&self, new: NewSite) -> Result<Site, Error> {
        let mut site = site(&new.url, new.area, self.now()).map_err(|why| InputError::new("site", why))?;
        site.name = new.name.unwrap_or(site.name);
        site.service = new.service.unwrap_or(site.service);
        site.operator = new.operator;
        site.region = new.region;
        site.supervised = new.supervised;
        self.records.put(vec![site.clone().into()]).await?;
        Ok(site)
    }
}
