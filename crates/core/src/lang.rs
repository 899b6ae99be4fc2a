//! The two languages that people read Swordnet in.

use serde::{Deserialize, Serialize};

/// A language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[serde(rename = "en")]
    En,
    /// Simplified Chinese.
    #[serde(rename = "zh")]
    Zh,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-CN",
        }
    }

    /// One of two wordings.
    pub fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}

/// A closed vocabulary: each word has a key (in JSON and on the command line) and a label in both languages.
pub trait Vocabulary: Sized + Copy + PartialEq + 'static {
    /// Every word.
    const ALL: &'static [Self];
    /// The word's key, as in JSON.
    fn key(self) -> &'static str;
    /// The word as people read it.
    fn label(self, lang: Lang) -> &'static str;
    /// The word with this key.
    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.key() == key)
    }
}

/// Declares an enum that is a [`Vocabulary`].
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $key:literal, $en:literal, $zh:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $key)] $variant,)*
        }

        impl $crate::Vocabulary for $name {
            const ALL: &'static [Self] = &[$($name::$variant,)*];
            fn key(self) -> &'static str {
                match self { $($name::$variant => $key,)* }
            }
            fn label(self, lang: $crate::Lang) -> &'static str {
                match self { $($name::$variant => lang.pick($en, $zh),)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::Vocabulary::key(*self))
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(key: &str) -> Result<Self, String> {
                <Self as $crate::Vocabulary>::from_key(key).ok_or_else(|| {
                    let known: Vec<_> = <Self as $crate::Vocabulary>::ALL.iter().map(|w| w.to_string()).collect();
                    format!("'{key}' is none of {}", known.join(", "))
                })
            }
        }
    };
}
pub(crate) use vocabulary;
