//! The judgement: a recognised copy, less what is lawful, with reasons both ways.

use crate::{
    Area, Candidate, Date, Lang, Licence, Medium, Reason, Right, Sighting, Site, Timestamp, Verdict,
    Vocabulary, WarningList, WhiteListEntry, Work, china_day, covers,
};

/// What a judgement looks at.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The recognised work.
    pub work: &'a Work,
    /// Where the copy was seen.
    pub site: &'a Site,
    /// The offer.
    pub sighting: &'a Sighting,
    /// Every recognised span of this work in the offer.
    pub candidates: &'a [Candidate],
    /// Every licence on record.
    pub licences: &'a [Licence],
    /// The white list.
    pub white_list: &'a [WhiteListEntry],
    /// The pre-warning lists.
    pub warning_lists: &'a [WarningList],
    /// Where the site's public is: ISO 3166 code.
    pub territory: &'a str,
    /// The score from which recognition counts as certain.
    pub certain: f64,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, both ways.
    pub reasons: Vec<Reason>,
    /// Is the work on a pre-warning list whose window holds the day?
    pub warned: bool,
}

/// A copy shorter than this may be a quotation (Copyright Law art. 24(1)(2)): a person decides. In the medium's unit.
fn brief(medium: Medium) -> f64 {
    match medium {
        Medium::Video | Medium::Audio => 5.0,
        Medium::Text => 60.0,
        Medium::Image => 0.0,
    }
}

/// The right that the site's way of using works needs.
pub fn right_needed(area: Area) -> Right {
    match area {
        Area::Live => Right::Broadcasting,
        Area::Shop => Right::Distribution,
        _ => Right::InformationNetwork,
    }
}

/// Judges a recognised copy as of `now`. It indicates; people decide.
pub fn judge(seen: &Circumstances<'_>, now: Timestamp) -> Judgement {
    let day = china_day(now);
    let mut reasons = vec![recognised(seen)];
    let warned = warnings(seen, day, &mut reasons);
    let verdict = if let Some(exemption) = seen.work.exemption {
        reasons.push(free(
            "exempt",
            format!("the law leaves it free: {}", exemption.label(Lang::En)),
            format!("依法不受保护：{}", exemption.label(Lang::Zh)),
            exemption.key(),
        ));
        Verdict::Exempt
    } else if licensed(seen, day, &mut reasons) {
        Verdict::Licensed
    } else if white_listed(seen, day, &mut reasons) {
        Verdict::WhiteListed
    } else if doubtful(seen, &mut reasons) {
        Verdict::Unclear
    } else {
        Verdict::Infringing
    };
    Judgement {
        verdict,
        reasons,
        warned,
    }
}

fn reason(against_site: bool, code: &str, en: String, zh: String, basis: &str) -> Reason {
    Reason {
        against_site,
        code: code.into(),
        en,
        zh,
        basis: basis.into(),
        verified: true,
    }
}

fn against(code: &str, en: String, zh: String, basis: &str) -> Reason {
    reason(true, code, en, zh, basis)
}

fn free(code: &str, en: String, zh: String, basis: &str) -> Reason {
    reason(false, code, en, zh, basis)
}

/// What was recognised, in one sentence.
fn recognised(seen: &Circumstances<'_>) -> Reason {
    let Some(best) = seen.candidates.iter().max_by(|a, b| a.score.total_cmp(&b.score)) else {
        return free(
            "nothing_recognised",
            "nothing was recognised".into(),
            "未识别到内容".into(),
            "",
        );
    };
    let length: f64 = seen
        .candidates
        .iter()
        .filter(|c| c.medium == best.medium)
        .map(|c| c.in_query.length())
        .sum();
    let (en, zh) = match best.medium {
        Medium::Video | Medium::Audio => (format!("{length:.1} s"), format!("{length:.1} 秒")),
        Medium::Text => (format!("{length:.0} characters"), format!("{length:.0} 字")),
        Medium::Image => ("the picture".into(), "图片".into()),
    };
    against(
        "recognised",
        format!(
            "{en} recognised as '{}' by its {} (score {:.2})",
            seen.work.title,
            best.medium.label(Lang::En),
            best.score
        ),
        format!(
            "识别出与《{}》一致的内容：{zh}（{}，得分 {:.2}）",
            seen.work.title,
            best.medium.label(Lang::Zh),
            best.score
        ),
        best.reference.as_str(),
    )
}

/// Notes the pre-warning lists that protect the work today.
fn warnings(seen: &Circumstances<'_>, day: Date, reasons: &mut Vec<Reason>) -> bool {
    let mut warned = false;
    for list in seen.warning_lists {
        let Some(entry) = list.active(&seen.work.id, day) else {
            continue;
        };
        warned = true;
        if entry.authorised.iter().any(|party| seen.site.is_run_by(party)) {
            continue;
        }
        let template = crate::law::duty_template(&list.duty_template);
        let clause = template.and_then(|t| t.clauses.iter().find(|c| c.service == seen.site.service));
        let mut note = against(
            "on_warning_list",
            format!(
                "on the pre-warning list '{}'{}",
                list.title,
                clause
                    .map(|c| format!(": {} ({})", c.en, seen.site.service.label(Lang::En)))
                    .unwrap_or_default()
            ),
            format!(
                "列入《{}》{}",
                list.title,
                clause
                    .map(|c| format!("：{}（{}）", c.zh, seen.site.service.label(Lang::Zh)))
                    .unwrap_or_default()
            ),
            list.id.as_str(),
        );
        note.verified = template.is_some_and(|t| t.verified);
        reasons.push(note);
    }
    warned
}

/// Why a licence, looked at alone, does not cover the use.
fn shortcomings(licence: &Licence, seen: &Circumstances<'_>, day: Date) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut note =
        |code: &str, en: String, zh: String| found.push(against(code, en, zh, licence.id.as_str()));
    if day < licence.from {
        note(
            "licence_not_yet",
            format!("the licence begins on {}", licence.from),
            format!("授权自 {} 起", licence.from),
        );
    }
    if let Some(to) = licence.to.filter(|to| *to < day) {
        note(
            "licence_expired",
            format!("the licence ended on {to}"),
            format!("授权已于 {to} 到期"),
        );
    }
    let needed = right_needed(seen.site.area);
    if !licence.rights.contains(&needed) {
        note(
            "licence_wrong_right",
            format!("the licence does not grant {}", needed.label(Lang::En)),
            format!("授权不含{}（著作权法第二十九条）", needed.label(Lang::Zh)),
        );
    }
    if !licence
        .territory
        .iter()
        .any(|t| t == "*" || t.eq_ignore_ascii_case(seen.territory))
    {
        note(
            "licence_wrong_territory",
            format!("the licence does not cover {}", seen.territory),
            format!("授权地域不含 {}", seen.territory),
        );
    }
    found
}

/// Looks for a chain of sound licences from the holder to whoever runs the site.
fn licensed(seen: &Circumstances<'_>, day: Date, reasons: &mut Vec<Reason>) -> bool {
    if seen.site.is_run_by(&seen.work.holder) {
        reasons.push(free(
            "own_site",
            format!("the site is run by the holder, {}", seen.work.holder),
            format!("网站由权利人{}运营", seen.work.holder),
            "",
        ));
        return true;
    }
    let mut failures = Vec::new();
    let mut last: Vec<&Licence> = seen
        .licences
        .iter()
        .filter(|l| seen.site.is_run_by(&l.grantee))
        .collect();
    last.sort_by(|a, b| a.id.cmp(&b.id));
    for licence in last {
        if !concerns(licence, seen.work) {
            continue;
        }
        let mut chain = vec![licence];
        match climb(&mut chain, seen, day) {
            Ok(()) => {
                let papers: Vec<_> = chain.iter().map(|l| l.id.as_str()).collect();
                reasons.push(free(
                    "licensed",
                    format!(
                        "licensed by {}",
                        chain
                            .iter()
                            .map(|l| l.grantor.as_str())
                            .collect::<Vec<_>>()
                            .join(", by ")
                    ),
                    format!(
                        "已获{}授权",
                        chain
                            .iter()
                            .map(|l| l.grantor.as_str())
                            .collect::<Vec<_>>()
                            .join("、")
                    ),
                    &papers.join(" "),
                ));
                return true;
            }
            Err(why) => failures.extend(why),
        }
    }
    if failures.is_empty() {
        failures.push(against(
            "no_licence",
            "no licence to whoever runs the site is on record".into(),
            "未发现对该网站经营者的授权".into(),
            "",
        ));
    }
    reasons.extend(failures);
    false
}

/// A licence names its work; a catalogue licence covers all works of its root, which the climb finds out.
fn concerns(licence: &Licence, work: &Work) -> bool {
    licence.work.as_ref().is_none_or(|id| *id == work.id)
}

/// From the last link of `chain` up to the holder; every link must be sound, every link but the last may sublicense.
fn climb<'a>(chain: &mut Vec<&'a Licence>, seen: &Circumstances<'a>, day: Date) -> Result<(), Vec<Reason>> {
    let link = chain[chain.len() - 1];
    let faults = shortcomings(link, seen, day);
    if !faults.is_empty() {
        return Err(faults);
    }
    if same_party(&link.grantor, &seen.work.holder) {
        return Ok(());
    }
    let mut failures = Vec::new();
    let mut above: Vec<&Licence> = seen
        .licences
        .iter()
        .filter(|l| same_party(&l.grantee, &link.grantor) && concerns(l, seen.work))
        .filter(|l| !chain.iter().any(|c| c.id == l.id))
        .collect();
    above.sort_by(|a, b| a.id.cmp(&b.id));
    for parent in above {
        if !parent.sublicence {
            failures.push(against(
                "licence_no_sublicence",
                format!(
                    "{} may not sublicense (Implementation Regulations art. 24)",
                    link.grantor
                ),
                format!("{}无权转授权（著作权法实施条例第二十四条）", link.grantor),
                parent.id.as_str(),
            ));
            continue;
        }
        chain.push(parent);
        match climb(chain, seen, day) {
            Ok(()) => return Ok(()),
            Err(why) => failures.extend(why),
        }
        chain.pop();
    }
    if failures.is_empty() {
        failures.push(against(
            "licence_broken_chain",
            format!(
                "{} is not the holder and shows no licence of its own",
                link.grantor
            ),
            format!("{}并非权利人，亦未见其取得授权", link.grantor),
            link.id.as_str(),
        ));
    }
    Err(failures)
}

fn same_party(a: &str, b: &str) -> bool {
    !a.trim().is_empty() && a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Letters and digits only, in lower case: how a credit line is compared with a name.
fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Looks for a white-list entry, or a warning list that names the site as entitled.
fn white_listed(seen: &Circumstances<'_>, day: Date, reasons: &mut Vec<Reason>) -> bool {
    for list in seen.warning_lists {
        let Some(entry) = list.active(&seen.work.id, day) else {
            continue;
        };
        if entry.authorised.iter().any(|party| seen.site.is_run_by(party)) {
            reasons.push(free(
                "authorised_by_warning_list",
                format!("'{}' names the site as entitled to show the work", list.title),
                format!("《{}》载明该网站有权传播", list.title),
                list.id.as_str(),
            ));
            return true;
        }
    }
    let mut entries: Vec<_> = seen
        .white_list
        .iter()
        .filter(|e| same_party(&e.source, &seen.work.holder) && covers(e.from, e.to, day))
        .filter(|e| e.reprinters.is_empty() || e.reprinters.iter().any(|party| seen.site.is_run_by(party)))
        .collect();
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    for entry in entries {
        let credit = folded(&seen.sighting.credit);
        let credited = entry.credits.iter().chain([&entry.source]).any(|name| {
            let name = folded(name);
            !name.is_empty() && credit.contains(&name)
        });
        if credited || !entry.credit_required {
            reasons.push(free(
                "white_listed",
                format!(
                    "{} allows reprints, and the page credits '{}'",
                    entry.source, seen.sighting.credit
                ),
                format!(
                    "{}允许转载，页面已注明来源“{}”",
                    entry.source, seen.sighting.credit
                ),
                entry.id.as_str(),
            ));
            return true;
        }
        let (code, en, zh) = if seen.sighting.credit.is_empty() {
            (
                "credit_missing",
                "names no source".to_owned(),
                "未注明来源".to_owned(),
            )
        } else {
            (
                "credit_wrong",
                format!("names '{}' as its source", seen.sighting.credit),
                format!("注明的来源为“{}”", seen.sighting.credit),
            )
        };
        let mut note = against(
            code,
            format!(
                "{} allows reprints that credit it; this one {en} (国版办发〔2015〕3号 art. 1)",
                entry.source
            ),
            format!(
                "{}允许注明来源的转载，本页{zh}（国版办发〔2015〕3号第一条）",
                entry.source
            ),
            entry.id.as_str(),
        );
        // Articles 1 to 3 of the notice were read in Chinese in a secondary source.
        note.verified = false;
        reasons.push(note);
    }
    false
}

/// Notes what a person should look at before anything is called infringing.
fn doubtful(seen: &Circumstances<'_>, reasons: &mut Vec<Reason>) -> bool {
    let best = seen.candidates.iter().map(|c| c.score).fold(0.0, f64::max);
    if best < seen.certain {
        reasons.push(free(
            "uncertain",
            format!("the score {best:.2} is below {:.2}", seen.certain),
            format!("得分 {best:.2} 低于 {:.2}", seen.certain),
            "",
        ));
        return true;
    }
    let long_enough = Medium::ALL.iter().any(|&medium| {
        let mut spans = seen.candidates.iter().filter(|c| c.medium == medium).peekable();
        spans.peek().is_some() && spans.map(|c| c.in_query.length()).sum::<f64>() >= brief(medium)
    });
    if !long_enough {
        reasons.push(free(
            "brief",
            "so short that it may be a quotation (Copyright Law art. 24(1)(2))".into(),
            "篇幅很短，可能属于适当引用（著作权法第二十四条第一款第二项）".into(),
            "",
        ));
    }
    !long_enough
}
