//! Builds the ground: fills the plan's sites with pages, copies, decoys and innocent things, and writes down the truth.

use crate::cast::{self, Member, Names};
use crate::dice::Dice;
use crate::folder::Folder;
use crate::plan::Plan;
use crate::rights::Parties;
use crate::site::{Means, SiteMaker};
use crate::stock::{Deck, Stock};
use crate::truth::{Answer, Copy, SiteTruth, Truth, WorkTruth};
use crate::web::Host;
use crate::workshop::Workshop;
use crate::{Error, Options, Progress};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use swordnet_core::{
    Date, Exemption, Lang, Licence, Site, Verdict, WarningList, WhiteListEntry, WorkId, WorkKind,
};

/// A work as it is to be registered.
#[derive(Clone, Debug)]
pub struct PlannedWork {
    /// Its identifier, by [`swordnet_core::Work::id_of`].
    pub id: WorkId,
    /// Title.
    pub title: String,
    /// Other titles.
    pub aliases: Vec<String>,
    /// Kind.
    pub kind: WorkKind,
    /// Holder.
    pub holder: String,
    /// First published.
    pub published: Option<Date>,
    /// Why it is free for all, if it is.
    pub exemption: Option<Exemption>,
    /// Reference copies.
    pub files: Vec<PathBuf>,
    /// Where they come from: `rendered`, or file and part.
    pub source: String,
}

/// The ground.
#[derive(Debug)]
pub struct Ground {
    /// Works to be registered.
    pub works: Vec<PlannedWork>,
    /// Licences.
    pub licences: Vec<Licence>,
    /// White list.
    pub white_list: Vec<WhiteListEntry>,
    /// Pre-warning lists.
    pub warning_lists: Vec<WarningList>,
    /// Sites to be checked.
    pub sites: Vec<Site>,
    /// The truth.
    pub truth: Truth,
    pub(crate) hosts: HashMap<String, Host>,
    pub(crate) unreachable: Vec<String>,
}

/// Draws the ground and makes its media; what `options.dir` already holds is used again. Writes `truth.json` there.
///
/// # Errors
/// When a folder cannot be read or written, or ffmpeg fails.
pub fn build(options: &Options, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Ground, Error> {
    let (ground, shop, names) = drawn(options)?;
    shop.make(progress)?;
    for (made, file) in &names {
        if !file.exists() {
            let folder = file.parent().unwrap_or(&options.dir);
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
            let draft = file.with_extension("part");
            std::fs::copy(made, &draft).map_err(|e| Error::io(&draft, e))?;
            std::fs::rename(&draft, file).map_err(|e| Error::io(file, e))?;
        }
    }
    let path = options.dir.join("truth.json");
    let truth = serde_json::to_vec_pretty(&ground.truth).unwrap_or_default();
    std::fs::write(&path, truth).map_err(|e| Error::io(&path, e))?;
    Ok(ground)
}

/// The ground without its media: trees and truth are complete, files are named and not made.
///
/// # Errors
/// When the media folder cannot be read.
pub fn plan(options: &Options) -> Result<Ground, Error> {
    drawn(options).map(|(ground, ..)| ground)
}

type Renamed = Vec<(PathBuf, PathBuf)>;

fn drawn(options: &Options) -> Result<(Ground, Workshop, Renamed), Error> {
    let plan = Plan::built_in();
    let seed = options.seed;
    let mut shop = Workshop::new(&options.dir.join("media"), &options.ffmpeg);
    let folder = options
        .media
        .as_ref()
        .map(|dir| Folder::read(dir, &options.ffmpeg, seed))
        .transpose()?;
    let mut names = Names::new(seed);
    let works = cast::draw(&plan, seed, options.start, &mut names, folder, &mut shop);
    let holders: HashMap<_, _> = works
        .iter()
        .map(|w| (w.label.clone(), w.holder.clone()))
        .collect();
    let operators: BTreeMap<String, String> = plan
        .site
        .iter()
        .map(|row| {
            let holder = row
                .operator
                .as_ref()
                .and_then(|o| o.strip_prefix("holder:"))
                .and_then(|l| holders.get(l));
            let own = if row.lang == Lang::Zh {
                format!("{}网络科技有限公司", row.name)
            } else {
                format!("{} Media Ltd", row.name)
            };
            (row.host.clone(), holder.cloned().unwrap_or(own))
        })
        .collect();
    let parties = Parties {
        works: &works,
        operators: &operators,
        start: options.start,
    };
    let (licences, white_list) = (
        parties.licences(&plan, &mut names),
        parties.white_list(&plan, &mut names),
    );
    let warning_lists = parties.warning_lists(&plan);

    let mut truth = Truth {
        seed,
        start: options.start,
        works: vec![],
        sites: vec![],
        copies: vec![],
        decoys: vec![],
        forbidden: vec![],
    };
    let stock = Stock::ordered(seed, &mut shop);
    let mut deck = Deck::shuffled(seed);
    let (mut hosts, mut sites, mut unreachable) = (HashMap::new(), Vec::new(), Vec::new());
    for row in &plan.site {
        let means = Means {
            works: &works,
            stock: &stock,
            shop: &mut shop,
            truth: &mut truth,
            deck: &mut deck,
        };
        let (host, cdn) = SiteMaker::new(row, seed, options.start, means).make();
        let name = host.face.host.clone();
        let start = format!("http://{name}/");
        let site = Site {
            id: Site::id_of(&format!("http://{name}")),
            name: row.name.clone(),
            start,
            area: row.area,
            service: row.service,
            operator: operators[&row.host].clone(),
            region: row.region.clone(),
            supervised: row.supervised,
            registered_at: options.start,
        };
        let on_site = truth.copies.iter().filter(|c| c.host == name);
        truth.sites.push(SiteTruth {
            id: site.id.clone(),
            host: name.clone(),
            name: row.name.clone(),
            area: row.area,
            reachable: !row.quirks.iter().any(|q| q == "unreachable"),
            pages: host
                .pages()
                .filter(|(path, _)| row.robots.as_ref().is_none_or(|r| !path.starts_with(r.as_str())))
                .count(),
            copies: on_site.clone().count(),
            infringing: on_site.clone().any(|c| c.verdict == Verdict::Infringing),
            quirks: row.quirks.clone(),
        });
        if row.quirks.iter().any(|q| q == "unreachable") {
            unreachable.push(name.clone());
        }
        sites.push(site);
        hosts.insert(name, host);
        hosts.extend(cdn.map(|cdn| (cdn.face.host.clone(), cdn)));
    }
    answers(seed, &plan, &mut truth);
    truth.works = works
        .iter()
        .map(|w| WorkTruth {
            id: w.id.clone(),
            label: w.label.clone(),
            title: w.title.clone(),
            source: w.source.clone(),
            copies: truth.copies.iter().filter(|c| c.work == w.id).count(),
        })
        .collect();
    let (works, renamed) = registered(&works, &options.dir);
    Ok((
        Ground {
            works,
            licences,
            white_list,
            warning_lists,
            sites,
            truth,
            hosts,
            unreachable,
        },
        shop,
        renamed,
    ))
}

/// The works as they are registered: reference copies under names that people can read.
fn registered(works: &[Member], dir: &Path) -> (Vec<PlannedWork>, Renamed) {
    let mut renamed = Vec::new();
    let planned = works
        .iter()
        .map(|w| {
            let made = w.file();
            let stem: String = w
                .title
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == ' ')
                .take(40)
                .collect();
            let key = made.file_stem().unwrap_or_default().to_string_lossy();
            let extension = made.extension().unwrap_or_default().to_string_lossy();
            let file = dir
                .join("works")
                .join(&key[..8.min(key.len())])
                .join(format!("{}.{extension}", stem.trim()));
            renamed.push((made.clone(), file.clone()));
            PlannedWork {
                id: w.id.clone(),
                title: w.title.clone(),
                aliases: w.aliases.clone(),
                kind: w.kind,
                holder: w.holder.clone(),
                published: Some(w.published),
                exemption: w.exemption,
                files: vec![file],
                source: w.source.clone(),
            }
        })
        .collect();
    (planned, renamed)
}

/// Deals answers to the infringing copies: each kind of answer occurs, most platforms obey.
fn answers(seed: u64, plan: &Plan, truth: &mut Truth) {
    let mut dice = Dice::new(seed, "answers");
    let dark: Vec<String> = plan
        .site
        .iter()
        .filter(|s| s.dark)
        .map(|s| host_name(&s.host))
        .collect();
    let open = |c: &&mut Copy| c.verdict == Verdict::Infringing;
    let count = truth.copies.iter_mut().filter(|c| open(c)).count();
    let mut deal: Vec<u8> = (0..count)
        .map(|i| [0, 0, 1, 0, 2, 0, 3, 0, 4, 0][i % 10])
        .collect();
    dice.shuffle(&mut deal);
    for (copy, kind) in truth.copies.iter_mut().filter(open).zip(deal) {
        let movable = copy.moves_to.is_some();
        let answer = match kind {
            _ if dark.contains(&copy.host) => Answer::GoesDark { hours: 12 },
            1 => Answer::Late {
                hours: dice.from(6, 40) as u32,
            },
            2 => Answer::Never,
            3 if movable => Answer::Moves {
                hours: dice.from(3, 20) as u32,
            },
            4 => Answer::ComesBack {
                gone_after: dice.from(2, 18) as u32,
                back_after: dice.from(24, 30) as u32,
            },
            _ => Answer::WithinDeadline {
                hours: dice.from(1, 22) as u32,
            },
        };
        if !matches!(answer, Answer::Moves { .. }) {
            copy.moves_to = None;
        }
        copy.answer = Some(answer);
        copy.outcomes = Copy::timeline(answer);
    }
    for copy in truth
        .copies
        .iter_mut()
        .filter(|c| c.verdict != Verdict::Infringing)
    {
        copy.moves_to = None;
    }
}

pub(crate) fn host_name(label: &str) -> String {
    format!("{label}.site.test")
}
