//! The briefing as one page of HTML that needs nothing beside it.

use super::{Illustrated, plot, words};
use askama::Template;
use base64::Engine;
use std::collections::{BTreeMap, HashMap};
use swordnet_core::*;

/// The figures under each heading, in the order of the 2017 briefing: sites, links, what was done, how fast.
const SECTIONS: [(&str, &str, &[&str]); 4] = [
    (
        "Websites",
        "网站检查",
        &[
            "site_visits",
            "sites_checked",
            "sites_supervised",
            "sites_infringing",
            "sites_marked_for_sanction",
            "sites_unreachable",
        ],
    ),
    (
        "Links",
        "链接处置",
        &[
            "links_found",
            "links_ordered",
            "links_deleted",
            "links_standing",
            "links_marked_for_sanction",
            "links_moved",
            "links_back_again",
            "links_unreachable",
        ],
    ),
    (
        "Judgement and evidence",
        "研判与取证",
        &[
            "offers_examined",
            "offers_not_judged",
            "exhibits_sealed",
            "links_licensed",
            "links_white_listed",
            "links_exempt",
            "links_unclear",
        ],
    ),
    (
        "Works and response",
        "作品与响应",
        &[
            "works_protected",
            "warning_lists",
            "works_on_warning_lists",
            "works_infringed",
            "links_deleted_in_time",
            "hours_to_deletion_median",
            "hours_to_deletion_longest",
        ],
    ),
];

struct Card {
    name: String,
    label: String,
    value: String,
}

struct Table {
    title: String,
    of: String,
    rows: Vec<TableRow>,
}

struct TableRow {
    label: String,
    cells: Vec<(String, String)>,
}

struct Shown {
    id: String,
    title: String,
    site: String,
    site_host: String,
    page_url: String,
    url: String,
    verdict: &'static str,
    verdict_key: &'static str,
    state: &'static str,
    medium: &'static str,
    score: String,
    found_at: String,
    reasons: Vec<(bool, String, bool)>,
    pictures: Vec<(String, String)>,
    passages: Vec<(String, String)>,
    exhibit: String,
    deadline: String,
    duty: String,
    outcomes: Vec<String>,
}

struct Rows {
    anchor: String,
    title: String,
    items: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "briefing.html")]
struct Page {
    lang: Lang,
    from: String,
    to: String,
    cut_off: String,
    summary: String,
    sections: Vec<(String, Vec<Card>)>,
    plots: Vec<(String, String)>,
    tables: Vec<Table>,
    findings: Vec<Shown>,
    rows: Vec<Rows>,
    unverified: bool,
}

impl Page {
    fn t<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        self.lang.pick(en, zh)
    }
}

/// The page in one language.
pub fn to_html(shown: &Illustrated, lang: Lang) -> Result<String, crate::Error> {
    let briefing = &shown.briefing;
    let page = Page {
        lang,
        from: briefing.from.to_string(),
        to: briefing.to.to_string(),
        cut_off: moment(briefing.cut_off),
        summary: summary(briefing, lang),
        sections: sections(briefing, lang),
        plots: briefing
            .series
            .iter()
            .map(|s| {
                (
                    words::figure(&s.figure, lang).to_owned(),
                    plot::svg(s, words::figure(&s.figure, lang)),
                )
            })
            .collect(),
        tables: tables(briefing, lang),
        findings: findings(shown, lang),
        rows: rows(briefing, lang),
        unverified: briefing
            .books
            .findings
            .iter()
            .flat_map(|f| &f.reasons)
            .any(|r| !r.verified)
            || briefing.books.notices.iter().any(|n| !n.duty.verified),
    };
    page.render().map_err(|e| crate::Error::Bug(e.to_string()))
}

/// An instant as people in China read it.
fn moment(at: Timestamp) -> String {
    let day = china_day(at);
    let seconds = (at.as_second() + 8 * 3600).rem_euclid(86_400);
    format!("{day} {:02}:{:02} (UTC+8)", seconds / 3600, seconds / 60 % 60)
}

fn number(value: f64) -> String {
    if value.fract().abs() > 1e-9 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// The headline, in the form of the 2017 closing briefing.
fn summary(briefing: &Briefing, lang: Lang) -> String {
    let value = |name: &str| number(briefing.total(name).map_or(0.0, |f| f.value));
    match lang {
        Lang::En => format!(
            "{} visits were paid to {} websites; {} of them carried links that appear to infringe. {} such links were found, \
             the removal of {} was ordered and {} are deleted; {} links on {} websites stand past their deadline or came back and \
             are marked for sanction.",
            value("site_visits"),
            value("sites_checked"),
            value("sites_infringing"),
            value("links_found"),
            value("links_ordered"),
            value("links_deleted"),
            value("links_marked_for_sanction"),
            value("sites_marked_for_sanction"),
        ),
        Lang::Zh => format!(
            "共检查网站 {} 次、{} 个，其中涉嫌侵权网站 {} 个；发现涉嫌侵权链接 {} 条，责令删除 {} 条，已删除 {} 条；\
             {} 个网站的 {} 条链接逾期未删或重新上传，拟予处罚。",
            value("site_visits"),
            value("sites_checked"),
            value("sites_infringing"),
            value("links_found"),
            value("links_ordered"),
            value("links_deleted"),
            value("sites_marked_for_sanction"),
            value("links_marked_for_sanction"),
        ),
    }
}

fn sections(briefing: &Briefing, lang: Lang) -> Vec<(String, Vec<Card>)> {
    SECTIONS
        .iter()
        .map(|(en, zh, names)| {
            let cards = names
                .iter()
                .filter_map(|name| briefing.total(name))
                .map(|f| Card {
                    name: f.figure.clone(),
                    label: words::figure(&f.figure, lang).to_owned(),
                    value: number(f.value),
                });
            (lang.pick(en, zh).to_owned(), cards.collect())
        })
        .collect()
}

/// The anchor of the rows behind a figure.
fn anchor(figure: &Figure) -> String {
    match &figure.by {
        None => format!("rows-{}", figure.figure),
        Some(slice) => format!("rows-{}-{}-{}", figure.figure, slice.dimension, slice.key),
    }
}

const COLUMNS: [&str; 4] = [
    "links_found",
    "links_ordered",
    "links_deleted",
    "links_marked_for_sanction",
];

fn tables(briefing: &Briefing, lang: Lang) -> Vec<Table> {
    ["area", "region", "work", "warning_list"]
        .iter()
        .filter_map(|dimension| {
            let mut rows: BTreeMap<&Slice, HashMap<&str, &Figure>> = BTreeMap::new();
            for figure in &briefing.figures {
                if let Some(slice) = figure.by.as_ref().filter(|s| s.dimension == *dimension) {
                    rows.entry(slice).or_default().insert(&figure.figure, figure);
                }
            }
            let rows: Vec<TableRow> = rows
                .into_iter()
                .map(|(slice, figures)| TableRow {
                    label: slice_label(slice, lang),
                    cells: COLUMNS
                        .iter()
                        .map(|c| {
                            figures
                                .get(c)
                                .map_or(("-".into(), String::new()), |f| (number(f.value), anchor(f)))
                        })
                        .collect(),
                })
                .collect();
            let (title, of) = words::dimension(dimension, lang);
            (!rows.is_empty()).then(|| Table {
                title: title.to_owned(),
                of: of.to_owned(),
                rows,
            })
        })
        .collect()
}

fn slice_label(slice: &Slice, lang: Lang) -> String {
    match slice.dimension.as_str() {
        "area" => Area::from_key(&slice.key).map_or(slice.label.clone(), |a| a.label(lang).to_owned()),
        "region" => province_name(&slice.key, lang),
        _ => slice.label.clone(),
    }
}

fn findings(shown: &Illustrated, lang: Lang) -> Vec<Shown> {
    let books = &shown.briefing.books;
    let sites: HashMap<&SiteId, &Site> = books.sites.iter().map(|s| (&s.id, s)).collect();
    let notices: HashMap<&FindingId, &Notice> = books.notices.iter().map(|n| (&n.finding, n)).collect();
    let mut outcomes: HashMap<&NoticeId, Vec<&Outcome>> = HashMap::new();
    for outcome in &books.outcomes {
        outcomes.entry(&outcome.notice).or_default().push(outcome);
    }
    outcomes
        .values_mut()
        .for_each(|list| list.sort_by_key(|o| o.seen_at));
    let mut findings: Vec<&Finding> = books.findings.iter().collect();
    findings.sort_by_key(|f| {
        (
            f.verdict != Verdict::Infringing,
            f.area,
            f.title.clone(),
            f.url.clone(),
        )
    });
    findings
        .into_iter()
        .map(|f| {
            let notice = notices.get(&f.id);
            let pictures = shown.pictures.get(&f.id).map(Vec::as_slice).unwrap_or_default();
            let (texts, images): (Vec<_>, Vec<_>) = pictures
                .iter()
                .partition(|(p, _)| p.media_type.starts_with("text/"));
            Shown {
                id: f.id.to_string(),
                title: f.title.clone(),
                site: sites.get(&f.site).map(|s| s.name.clone()).unwrap_or_default(),
                site_host: sites.get(&f.site).map(|s| s.host()).unwrap_or_default(),
                page_url: f.page_url.clone(),
                url: f.url.clone(),
                verdict: f.verdict.label(lang),
                verdict_key: f.verdict.key(),
                state: f.state.label(lang),
                medium: f.medium.label(lang),
                score: format!("{:.2}", f.score),
                found_at: moment(f.found_at),
                reasons: f
                    .reasons
                    .iter()
                    .map(|r| (r.against_site, lang.pick(&r.en, &r.zh).to_owned(), r.verified))
                    .collect(),
                pictures: images
                    .into_iter()
                    .map(|(p, bytes)| (caption(p, lang), data_uri(p, bytes)))
                    .collect(),
                passages: texts
                    .into_iter()
                    .map(|(p, bytes)| (caption(p, lang), String::from_utf8_lossy(bytes).into_owned()))
                    .collect(),
                exhibit: f.exhibit.as_ref().map(ToString::to_string).unwrap_or_default(),
                deadline: notice.map(|n| moment(n.deadline)).unwrap_or_default(),
                duty: notice.map(|n| duty(&n.duty, lang)).unwrap_or_default(),
                outcomes: notice
                    .and_then(|n| outcomes.get(&n.id))
                    .map(|list| list.iter().map(|o| outcome_text(o, lang)).collect())
                    .unwrap_or_default(),
            }
        })
        .collect()
}

fn caption(picture: &Picture, lang: Lang) -> String {
    lang.pick(&picture.en, &picture.zh).to_owned()
}

fn data_uri(picture: &Picture, bytes: &[u8]) -> String {
    let coded = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("data:{};base64,{coded}", picture.media_type)
}

fn duty(duty: &law::Duty, lang: Lang) -> String {
    let hours = match (duty.hours_in_source, lang) {
        (true, Lang::En) => format!("{} h", duty.hours),
        (true, Lang::Zh) => format!("{} 小时", duty.hours),
        (false, Lang::En) => format!("{} h by this program's setting", duty.hours),
        (false, Lang::Zh) => format!("{} 小时（本程序设定）", duty.hours),
    };
    let mark = if duty.verified {
        ""
    } else {
        lang.pick(" [unverified]", "［未核实］")
    };
    format!(
        "{} ({hours}; {}){mark}",
        lang.pick(&duty.en, &duty.zh),
        duty.source
    )
}

fn outcome_text(outcome: &Outcome, lang: Lang) -> String {
    let moved = outcome
        .moved_to
        .as_ref()
        .map(|to| format!(" → {to}"))
        .unwrap_or_default();
    format!(
        "{}: {}{moved}",
        moment(outcome.seen_at),
        outcome.outcome.label(lang)
    )
}

/// The records behind each figure: every figure opens to a list of them.
fn rows(briefing: &Briefing, lang: Lang) -> Vec<Rows> {
    let books = &briefing.books;
    let mut labels: HashMap<&str, String> = HashMap::new();
    labels.extend(
        books
            .works
            .iter()
            .map(|w| (w.id.as_str(), format!("{} — {}", w.title, w.holder))),
    );
    labels.extend(
        books
            .warning_lists
            .iter()
            .map(|l| (l.id.as_str(), l.title.clone())),
    );
    labels.extend(
        books
            .sites
            .iter()
            .map(|s| (s.id.as_str(), format!("{} — {}", s.name, s.start))),
    );
    let names: HashMap<&SiteId, &str> = books.sites.iter().map(|s| (&s.id, s.name.as_str())).collect();
    labels.extend(books.visits.iter().map(|v| {
        let name = names.get(&v.site).copied().unwrap_or_default();
        (
            v.id.as_str(),
            format!("{name} — {} — {}", moment(v.started_at), v.end.label(lang)),
        )
    }));
    labels.extend(
        books
            .findings
            .iter()
            .map(|f| (f.id.as_str(), format!("{} — {}", f.title, f.url))),
    );
    let titles: HashMap<&FindingId, &str> =
        books.findings.iter().map(|f| (&f.id, f.title.as_str())).collect();
    labels.extend(books.notices.iter().map(|n| {
        let title = titles.get(&n.finding).copied().unwrap_or_default();
        (
            n.id.as_str(),
            format!("{title} — {} — {}", n.url, n.state.label(lang)),
        )
    }));
    labels.extend(books.exhibits.iter().map(|e| {
        (
            e.id.as_str(),
            format!(
                "{} — SHA-256 {}",
                titles.get(&e.finding).copied().unwrap_or_default(),
                e.package
            ),
        )
    }));
    labels.extend(books.examinations.iter().map(|e| {
        let remark = if e.remark.is_empty() {
            String::new()
        } else {
            format!(" — {}", e.remark)
        };
        (e.id.as_str(), format!("{}{remark}", e.end.label(lang)))
    }));
    let of_finding: HashMap<&str, &str> = books
        .notices
        .iter()
        .map(|n| (n.id.as_str(), n.finding.as_str()))
        .chain(books.exhibits.iter().map(|e| (e.id.as_str(), e.finding.as_str())))
        .chain(books.findings.iter().map(|f| (f.id.as_str(), f.id.as_str())))
        .collect();
    briefing
        .figures
        .iter()
        .map(|figure| Rows {
            anchor: anchor(figure),
            title: match &figure.by {
                None => words::figure(&figure.figure, lang).to_owned(),
                Some(slice) => format!(
                    "{} · {}",
                    words::figure(&figure.figure, lang),
                    slice_label(slice, lang)
                ),
            },
            items: figure
                .ids
                .iter()
                .map(|id| {
                    let label = labels.get(id.as_str()).cloned().unwrap_or_else(|| id.clone());
                    let link = of_finding
                        .get(id.as_str())
                        .map(|f| format!("#{f}"))
                        .unwrap_or_default();
                    (link, label)
                })
                .collect(),
        })
        .collect()
}
