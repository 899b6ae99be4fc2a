//! Rules of law as dated rows of data, each with its source and whether anybody verified it.

use crate::{Area, Date, ServiceKind, covers};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A duty to act within some hours of a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duty {
    /// Key of the row.
    pub id: String,
    /// Kinds of service that it binds; empty is every kind.
    #[serde(default)]
    pub services: Vec<ServiceKind>,
    /// Areas that it binds; empty is every area.
    #[serde(default)]
    pub areas: Vec<Area>,
    /// Does it bind only for works on a pre-warning list?
    #[serde(default)]
    pub warned_only: bool,
    /// Hours from the notice.
    pub hours: u32,
    /// Do the hours stand in the source (true), or are they this program's setting for "immediately" or "speed up"?
    pub hours_in_source: bool,
    /// First day in force.
    pub from: Date,
    /// Last day in force.
    #[serde(default)]
    pub to: Option<Date>,
    /// The duty in English.
    pub en: String,
    /// The duty in Chinese.
    pub zh: String,
    /// Where it is written.
    pub source: String,
    /// Has the source been read in full?
    pub verified: bool,
}

#[derive(Deserialize)]
struct DutyFile {
    duty: Vec<Duty>,
}

static DUTIES: LazyLock<Vec<Duty>> = LazyLock::new(|| {
    let file: DutyFile =
        toml::from_str(include_str!("../law/duties.toml")).expect("law/duties.toml is checked by a test");
    file.duty
});

/// Every duty, in the order of the file.
pub fn duties() -> &'static [Duty] {
    &DUTIES
}

/// The strictest duty in force on `day` for this kind of service: fewest hours first, then the verified one.
pub fn duty_for(service: ServiceKind, area: Area, warned: bool, day: Date) -> Duty {
    DUTIES
        .iter()
        .filter(|d| covers(d.from, d.to, day))
        .filter(|d| d.services.is_empty() || d.services.contains(&service))
        .filter(|d| d.areas.is_empty() || d.areas.contains(&area))
        .filter(|d| warned || !d.warned_only)
        .min_by_key(|d| (d.hours, !d.verified))
        .cloned()
        .unwrap_or_else(general_duty)
}

/// What binds when no dated row does: nobody may keep what is ordered removed.
fn general_duty() -> Duty {
    Duty {
        id: "general".into(),
        services: vec![],
        areas: vec![],
        warned_only: false,
        hours: 72,
        hours_in_source: false,
        from: Date::MIN,
        to: None,
        en: "remove on order".into(),
        zh: "按通知删除".into(),
        source: "setting of this program".into(),
        verified: false,
    }
}

/// A versioned wording of the duties that a pre-warning list lays on each kind of service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DutyTemplate {
    /// Key.
    pub id: String,
    /// Does the window end with the theatrical run?
    #[serde(default)]
    pub theatrical: bool,
    /// What each kind of service must do.
    pub clauses: Vec<Clause>,
    /// Where it is written.
    pub source: String,
    /// Has the source been read in full?
    pub verified: bool,
}

/// One duty of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// Whom it binds.
    pub service: ServiceKind,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

#[derive(Deserialize)]
struct TemplateFile {
    template: Vec<DutyTemplate>,
}

static TEMPLATES: LazyLock<Vec<DutyTemplate>> = LazyLock::new(|| {
    let file: TemplateFile = toml::from_str(include_str!("../law/warning-duties.toml"))
        .expect("law/warning-duties.toml is checked by a test");
    file.template
});

/// Every template, in the order of the file.
pub fn duty_templates() -> &'static [DutyTemplate] {
    &TEMPLATES
}

/// The template with this key.
pub fn duty_template(id: &str) -> Option<&'static DutyTemplate> {
    TEMPLATES.iter().find(|t| t.id == id)
}
