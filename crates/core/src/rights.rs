//! Licences and white lists: what is subtracted before anything is called infringing.

use crate::{Date, LicenceId, WhiteListId, WorkId, lang::vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The right that a use needs: items of Copyright Law 2020 art. 10(1).
    Right {
        /// Item 5.
        Reproduction = "reproduction", "reproduction, art. 10(1)(5)", "复制权（第十条第一款第五项）";
        /// Item 6: sale or gift of copies.
        Distribution = "distribution", "distribution, art. 10(1)(6)", "发行权（第十条第一款第六项）";
        /// Item 11: live streams and relays, since 1 June 2021.
        Broadcasting = "broadcasting", "broadcasting, art. 10(1)(11)", "广播权（第十条第一款第十一项）";
        /// Item 12: on demand.
        InformationNetwork = "information_network", "communication through information networks, art. 10(1)(12)", "信息网络传播权（第十条第一款第十二项）";
    }
}

/// A licence, or one link of a chain: `grantor` allows `grantee` to use `work`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Licence {
    /// Derived from all other fields.
    pub id: LicenceId,
    /// The work; `None` covers every work of the grantor (a catalogue licence).
    pub work: Option<WorkId>,
    /// Who grants: the holder, or a licensee who may sublicense.
    pub grantor: String,
    /// Who may use: an operator's name, or a host.
    pub grantee: String,
    /// The rights granted; what is not named is not granted (art. 29).
    pub rights: Vec<Right>,
    /// Exclusive or not.
    #[serde(default)]
    pub exclusive: bool,
    /// ISO 3166 codes; `*` is everywhere.
    pub territory: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day; open when absent.
    #[serde(default)]
    pub to: Option<Date>,
    /// May the grantee sublicense (Implementation Regulations art. 24: only with consent)?
    #[serde(default)]
    pub sublicence: bool,
    /// The document that shows it.
    #[serde(default)]
    pub document: String,
}

impl Licence {
    /// Sets the identifier from the other fields.
    pub fn identified(mut self) -> Self {
        self.id = LicenceId::derive(&[""]);
        let body = serde_json::to_string(&self).unwrap_or_default();
        self.id = LicenceId::derive(&[&body]);
        self
    }
}

/// A source whose articles may be reprinted on the list's terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhiteListEntry {
    /// Derived from source, reprinter and first day.
    pub id: WhiteListId,
    /// The holder whose works may be reprinted.
    pub source: String,
    /// Names that count as crediting the source.
    pub credits: Vec<String>,
    /// Who may reprint: operators' names or hosts; empty is everybody.
    #[serde(default)]
    pub reprinters: Vec<String>,
    /// Must the reprint name the source (NCAC notice 国版办发〔2015〕3号 art. 1)?
    pub credit_required: bool,
    /// First day.
    pub from: Date,
    /// Last day; open when absent.
    #[serde(default)]
    pub to: Option<Date>,
}

impl WhiteListEntry {
    /// Sets the identifier from the entry's key.
    pub fn identified(mut self) -> Self {
        self.id = WhiteListId::derive(&[&self.source, &self.reprinters.join("\n"), &self.from.to_string()]);
        self
    }
}
