//! Licences, white list and pre-warning lists, with the plan's parties and days filled in.

use crate::cast::{Member, Names, day};
use crate::plan::Plan;
use jiff::Timestamp;
use std::collections::BTreeMap;
use swordnet_core::{Lang, Licence, LicenceId, WarningEntry, WarningList, WhiteListEntry, WhiteListId};

/// Who is who.
pub struct Parties<'a> {
    pub works: &'a [Member],
    /// Operators by host label.
    pub operators: &'a BTreeMap<String, String>,
    pub start: Timestamp,
}

impl Parties<'_> {
    fn work(&self, label: &str) -> Option<&Member> {
        self.works.iter().find(|w| w.label == label)
    }

    fn name(&self, party: &str, names: &mut Names) -> String {
        match party.split_once(':') {
            Some(("holder", label)) => self.work(label).map(|w| w.holder.clone()).unwrap_or_default(),
            Some(("site", host)) => self.operators.get(host).cloned().unwrap_or_default(),
            _ => names.of(party, "holder_film", "", Lang::Zh),
        }
    }

    /// The plan's licences.
    pub fn licences(&self, plan: &Plan, names: &mut Names) -> Vec<Licence> {
        let mut number = 0;
        let licence = |row: &crate::plan::LicenceRow| {
            number += 1;
            Licence {
                id: LicenceId::from_text(""),
                work: row
                    .work
                    .as_ref()
                    .and_then(|label| self.work(label))
                    .map(|w| w.id.clone()),
                grantor: self.name(&row.grantor, names),
                grantee: self.name(&row.grantee, names),
                rights: row.rights.clone(),
                exclusive: row.exclusive,
                territory: row.territory.clone(),
                from: day(self.start, row.from),
                to: row.to.map(|days| day(self.start, days)),
                sublicence: row.sublicence,
                document: format!("合同 {}-{number:03}", day(self.start, row.from).year()),
            }
            .identified()
        };
        plan.licence.iter().map(licence).collect()
    }

    /// The plan's white list.
    pub fn white_list(&self, plan: &Plan, names: &mut Names) -> Vec<WhiteListEntry> {
        let entry = |row: &crate::plan::WhiteRow| {
            let source = self.name(&row.source, names);
            WhiteListEntry {
                id: WhiteListId::from_text(""),
                credits: vec![source.trim_end_matches('社').to_owned(), source.clone()],
                source,
                reprinters: row
                    .reprinters
                    .iter()
                    .filter_map(|host| self.operators.get(host).cloned())
                    .collect(),
                credit_required: true,
                from: day(self.start, row.from),
                to: row.to.map(|days| day(self.start, days)),
            }
            .identified()
        };
        plan.white.iter().map(entry).collect()
    }

    /// The plan's pre-warning lists.
    pub fn warning_lists(&self, plan: &Plan) -> Vec<WarningList> {
        let list = |row: &crate::plan::WarningRow| {
            let published = day(self.start, row.published);
            let title = row.zh.replace("{year}", &published.year().to_string());
            let issuer = "国家版权局";
            let entry = |warned: &crate::plan::WarnedRow| {
                Some(WarningEntry {
                    work: self.work(&warned.work)?.id.clone(),
                    from: day(self.start, warned.from),
                    to: Some(day(self.start, warned.to)),
                    authorised: warned
                        .authorised
                        .iter()
                        .filter_map(|h| self.operators.get(h).cloned())
                        .collect(),
                })
            };
            WarningList {
                id: WarningList::id_of(&title, issuer),
                title,
                issuer: issuer.into(),
                published,
                duty_template: row.template.clone(),
                entries: row.works.iter().filter_map(entry).collect(),
            }
        };
        plan.warning.iter().map(list).collect()
    }
}
