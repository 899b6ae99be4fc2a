//! `demo`: a whole campaign over the built-in proving ground, by a simulated clock, held against the ground truth.

use super::Office;
use crate::{exit, output};
use clap::Args;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use swordnet_campaign::{
    Campaign, Clock, Delivery, Error, InputError, NewWork, PatrolRequest, Place, Progress, Settings,
};
use swordnet_core::*;
use swordnet_crawl::{Pin, Policy};
use swordnet_provingground::{Answer, Authority, Copy, Ground, Options, Served, Truth};
use swordnet_store::Query;

/// Hours after the patrol at which what was ordered is re-checked.
const CHECKS: [i64; 5] = [12, 30, 54, 78, 102];
/// Hours that a platform has after a second order.
const SECOND_ORDER: u32 = 24;
/// When the simulated campaign begins: the month in which that of 2017 did.
const START: &str = "2017-07-25T01:00:00Z";
/// Left in the folder of a campaign that ran to its end.
const FINISHED: &str = "finished.json";

/// Who sealed the packages and who stamped them: for `evidence verify --trust`.
const TRUST: &str = "trust.pem";

#[derive(Debug, Args)]
pub struct Command {
    /// A folder of films, music, pictures and texts to be the protected works; what is missing is rendered.
    #[arg(long, value_name = "DIR")]
    media: Option<PathBuf>,
    /// Everything that chance decides follows from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where the campaign keeps its things. One that was cut off there is taken up again; one that was finished is begun anew.
    #[arg(long, value_name = "DIR", default_value = "swordnet-demo")]
    out: PathBuf,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let began = Instant::now();
    let console = output::Console::quiet();
    let start: Timestamp = START
        .parse()
        .map_err(|_| Error::Bug("the demo's start is no instant".into()))?;
    let options = Options {
        seed: command.seed,
        media: command.media.clone(),
        dir: command.out.join(format!("ground-{}", command.seed)),
        ffmpeg: PathBuf::from("ffmpeg"),
        start,
    };
    let ground = Arc::new(built(&options, &console)?);
    let built_in = began.elapsed();
    let seconds = Arc::new(AtomicI64::new(start.as_second()));
    let clock: Clock = {
        let seconds = seconds.clone();
        Arc::new(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX))
    };
    let served = swordnet_provingground::serve(ground.clone(), clock.clone())
        .map_err(|e| Error::Unreachable(format!("the proving ground cannot be served: {e}")))?;
    let authority = Authority::open(&command.out.join("authority"))
        .map_err(|e| InputError::new("the demo's time-stamp authority", e))?;
    if authority.is_none() {
        output::note("openssl is not installed: the packages get no time-stamps");
    }
    let campaign = opened(&command, &served, authority.as_ref(), clock).await?;
    write_trust_list(&command.out, authority.as_ref())?;
    register(&campaign, &ground, &console).await?;
    let summary = campaign.patrol(&PatrolRequest::default(), &console).await?;
    let pages: u64 = summary.visits.iter().map(|visit| visit.pages).sum();
    let mut failures = summary.failures;
    for hours in CHECKS {
        deliver(&campaign, &served).await?;
        seconds.store(start.as_second() + hours * 3600, Ordering::SeqCst);
        let (_, failed) = campaign.verify(&console).await?;
        failures.extend(failed);
    }
    let closing = close(&campaign, &ground.truth, &command.out).await?;
    served.stop();
    let closing = json!({
        "figures": closing.0,
        "precision": closing.1.precision,
        "recall": closing.1.recall,
        "verdicts_right": closing.1.verdicts_right,
        "outcomes_right": closing.1.outcomes_right,
        "missed": closing.1.missed,
        "wrong": closing.1.wrong,
        "failures": failures,
        "seed": command.seed,
        "works": ground.works.len(),
        "sites": ground.sites.len(),
        "pages": pages,
        "copies": ground.truth.copies.len(),
        "briefing": {
            "en": command.out.join("briefing.en.html"),
            "zh": command.out.join("briefing.zh.html"),
            "json": command.out.join("briefing.json"),
        },
        "trust": command.out.join(TRUST),
        "truth": options.dir.join("truth.json"),
        "seconds": { "ground": built_in.as_secs_f64(), "all": began.elapsed().as_secs_f64() },
    });
    let data = command.out.join("data");
    write(&data.join(FINISHED), &closing.to_string())?;
    tell(office, &closing);
    Ok(ExitCode::from(if failures.is_empty() {
        exit::DONE
    } else {
        exit::UNREACHABLE
    }))
}

/// The proving ground, its media made by ffmpeg where they are not there yet.
fn built(options: &Options, console: &output::Console<'_>) -> Result<Ground, Error> {
    let mut done = 0;
    let ground = swordnet_provingground::build(options, &mut |progress| {
        if done == 0 {
            console.begin("ground", progress.total as u64);
        }
        while done < progress.done {
            console.step("ground", progress.what);
            done += 1;
        }
    })
    .map_err(|e| InputError::new("the proving ground", e))?;
    console.end("ground");
    Ok(ground)
}

/// The campaign's folder: one that was finished is begun anew, one that was cut off is taken up.
async fn opened(
    command: &Command,
    served: &Served,
    authority: Option<&Authority>,
    clock: Clock,
) -> Result<Campaign, Error> {
    let data = command.out.join("data");
    if data.join(FINISHED).exists() {
        std::fs::remove_dir_all(&data).map_err(|e| Error::file(&data, e))?;
    }
    let place = Place {
        data,
        store: None,
        vault: None,
        queue: None,
    };
    Campaign::init(&place).await?;
    let pins = served
        .pins()
        .into_iter()
        .chain(authority.map(Authority::pin))
        .map(|(host, port, addr)| Pin { host, port, addr })
        .collect();
    let policy = Policy {
        resolve: pins,
        allow_net: vec![
            "127.0.0.0/8"
                .parse()
                .map_err(|_| Error::Bug("127.0.0.0/8 is no network".into()))?,
        ],
        delay: Duration::ZERO,
        per_host: 4,
        connect_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(4),
        timeout: Duration::from_secs(20),
        retries: 1,
        back_off: Duration::from_millis(100),
        max_pages: 400,
        ..Policy::default()
    };
    let settings = Settings {
        operator: "demo".into(),
        authorities: authority.iter().filter_map(|a| a.url().parse().ok()).collect(),
        ..Settings::default()
    };
    Campaign::open(&place, clock, policy, settings).await
}

/// The office's key, and the root of the authority.
fn write_trust_list(out: &Path, authority: Option<&Authority>) -> Result<(), Error> {
    let mut list = String::new();
    for path in std::iter::once(out.join("data/signing.pub")).chain(authority.map(Authority::root)) {
        list += &std::fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
    }
    write(&out.join(TRUST), &list)
}

/// Registers works, rights, lists and sites.
async fn register(campaign: &Campaign, ground: &Ground, console: &output::Console<'_>) -> Result<(), Error> {
    let works = ground
        .works
        .iter()
        .map(|w| NewWork {
            title: w.title.clone(),
            aliases: w.aliases.clone(),
            kind: Some(w.kind),
            holder: w.holder.clone(),
            published: w.published,
            exemption: w.exemption,
            files: w.files.clone(),
            line: None,
        })
        .collect();
    let registered = campaign.add_works(works, console).await?;
    if let Some(error) = registered.errors.into_iter().next() {
        return Err(error.into());
    }
    let mut records: Vec<Record> = Vec::new();
    records.extend(ground.licences.iter().cloned().map(Record::from));
    records.extend(ground.white_list.iter().cloned().map(Record::from));
    records.extend(ground.warning_lists.iter().cloned().map(Record::from));
    records.extend(ground.sites.iter().cloned().map(Record::from));
    Ok(campaign.records.put(records).await?)
}

/// Hands every order to its platform: telling one twice changes nothing. A copy that came back is ordered removed again.
async fn deliver(campaign: &Campaign, served: &Served) -> Result<(), Error> {
    let notices = campaign.records.all::<Notice>(&Query::default()).await?;
    for notice in &notices {
        served.deliver(&notice.page_url, &notice.url, notice.issued_at, notice.deadline);
        let delivery = Delivery {
            at: notice.issued_at,
            to: notice.site.to_string(),
            by: "the platform of the proving ground".into(),
            receipt: None,
        };
        campaign.note_delivery(&notice.id, &delivery).await?;
        let came_back = Query {
            parent: Some(notice.id.to_string()),
            states: vec![OutcomeKind::BackAgain.to_string()],
            ..Query::default()
        };
        for outcome in campaign.records.all::<Outcome>(&came_back).await? {
            let deadline = after_hours(outcome.seen_at, SECOND_ORDER);
            served.deliver(&notice.page_url, &notice.url, outcome.seen_at, deadline);
        }
    }
    Ok(())
}

/// Writes the briefing in all its forms, and holds the records against the truth.
async fn close(campaign: &Campaign, truth: &Truth, out: &Path) -> Result<(Vec<Value>, Score), Error> {
    let shown = swordnet_campaign::brief(campaign, None, None).await?;
    for lang in Lang::ALL {
        let name = format!("briefing.{}.html", lang.pick("en", "zh"));
        write(&out.join(name), &swordnet_campaign::to_html(&shown, lang)?)?;
    }
    write(
        &out.join("briefing.json"),
        &swordnet_campaign::to_json(&shown.briefing).to_string(),
    )?;
    let totals = shown.briefing.figures.iter().filter(|f| f.by.is_none());
    let figures = totals
        .map(|f| json!({"figure": f.figure, "value": f.value, "unit": f.unit}))
        .collect();
    Ok((figures, Score::of(&shown.briefing.books, truth)))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|e| Error::file(path, e))
}

/// How the records compare with the truth.
struct Score {
    precision: f64,
    recall: f64,
    verdicts_right: f64,
    outcomes_right: f64,
    missed: Vec<String>,
    wrong: Vec<String>,
}

impl Score {
    fn of(books: &Books, truth: &Truth) -> Self {
        let mut found = HashSet::new();
        let mut wrong = Vec::new();
        let (mut right_copies, mut right_verdicts) = (0, 0);
        for finding in &books.findings {
            let at = format!("'{}' at {} ({})", finding.title, finding.url, finding.page_url);
            match truth.copy(&finding.page_url, &finding.url, &finding.work) {
                None => wrong.push(format!("no copy of {at}, score {:.2}", finding.score)),
                Some(copy) => {
                    right_copies += 1;
                    found.insert((&copy.host, &copy.page_path, &copy.work));
                    if copy.verdict == finding.verdict {
                        right_verdicts += 1;
                    } else {
                        wrong.push(format!(
                            "verdict {} where {} ({}) is right: {at}",
                            finding.verdict, copy.verdict, copy.why
                        ));
                    }
                }
            }
        }
        let missed: Vec<String> = truth
            .copies
            .iter()
            .filter(|c| !found.contains(&(&c.host, &c.page_path, &c.work)))
            .map(|c| {
                format!(
                    "{} '{}' at {}{} ({})",
                    c.medium, c.title, c.host, c.page_path, c.made_by
                )
            })
            .collect();
        let outcomes_right = outcomes(books, truth, &mut wrong);
        let all = truth.copies.len();
        Self {
            precision: share(right_copies, books.findings.len()),
            recall: share(all - missed.len(), all),
            verdicts_right: share(right_verdicts, right_copies),
            outcomes_right,
            missed,
            wrong,
        }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// The share of re-checks that saw what the platform's answer makes true at their moment.
fn outcomes(books: &Books, truth: &Truth, wrong: &mut Vec<String>) -> f64 {
    let findings: BTreeMap<&FindingId, &Finding> = books.findings.iter().map(|f| (&f.id, f)).collect();
    let (mut right, mut all) = (0, 0);
    for notice in &books.notices {
        let Some(finding) = findings.get(&notice.finding) else {
            continue;
        };
        let Some(copy) = truth.copy(&finding.page_url, &finding.url, &finding.work) else {
            continue;
        };
        let mut seen: Vec<&Outcome> = books.outcomes.iter().filter(|o| o.notice == notice.id).collect();
        seen.sort_by_key(|o| o.seen_at);
        let mut before = Vec::new();
        for outcome in seen {
            if let Some(expected) = expected(copy, notice, &before, outcome.seen_at) {
                all += 1;
                if expected == outcome.outcome {
                    right += 1;
                } else {
                    wrong.push(format!(
                        "outcome {} where {expected} is right: '{}' at {} on {} ({})",
                        outcome.outcome, copy.title, outcome.url, outcome.seen_at, outcome.detail
                    ));
                }
            }
            before.push(outcome.outcome);
        }
    }
    share(right, all)
}

/// What a re-check must see; `None` after a second order, whose answer the truth does not time.
fn expected(copy: &Copy, notice: &Notice, before: &[OutcomeKind], at: Timestamp) -> Option<OutcomeKind> {
    let answer = copy.answer?;
    if copy.moves_to.as_deref() == Some(notice.url.as_str()) {
        // The order for the new address is obeyed within six hours.
        return Some(if at >= after_hours(notice.issued_at, 6) {
            OutcomeKind::Gone
        } else {
            OutcomeKind::StillThere
        });
    }
    if before.contains(&OutcomeKind::BackAgain) {
        return None;
    }
    match answer {
        Answer::Moves { .. } if before.contains(&OutcomeKind::Moved) => Some(OutcomeKind::Gone),
        _ => {
            let outcome = answer.outcome(notice.issued_at, notice.deadline, at);
            // Only the page that names the copy links to where it was moved; a thumbnail elsewhere is simply gone.
            let named = copy.urls.first().is_some_and(|first| *first == notice.url);
            Some(if outcome == OutcomeKind::Moved && !named {
                OutcomeKind::Gone
            } else {
                outcome
            })
        }
    }
}

fn tell(office: &Office, closing: &Value) {
    if office.json {
        output::json(closing);
        return;
    }
    for figure in closing["figures"].as_array().into_iter().flatten() {
        let name = figure["figure"].as_str().unwrap_or_default().replace('_', " ");
        output::line_out(&format!(
            "{:>10}  {name} ({})",
            figure["value"],
            figure["unit"].as_str().unwrap_or_default()
        ));
    }
    output::line_out(&format!(
        "against the ground truth of {} copies: precision {:.3}, recall {:.3}, verdicts right {:.3}, re-checks right {:.3}",
        closing["copies"],
        closing["precision"].as_f64().unwrap_or_default(),
        closing["recall"].as_f64().unwrap_or_default(),
        closing["verdicts_right"].as_f64().unwrap_or_default(),
        closing["outcomes_right"].as_f64().unwrap_or_default(),
    ));
    for line in ["missed", "wrong", "failures"]
        .iter()
        .flat_map(|k| closing[*k].as_array().into_iter().flatten())
    {
        output::note(&format!("    {}", line.as_str().unwrap_or_default()));
    }
    output::line_out(&format!(
        "the briefing is in {} and {}",
        closing["briefing"]["en"].as_str().unwrap_or_default(),
        closing["briefing"]["zh"].as_str().unwrap_or_default()
    ));
}
