//! The nouns of copyright supervision and the rules between them.
//!
//! Architecture invariant: nothing here reads a clock, a file, the environment or a source of randomness,
//! and nothing is async. Time and randomness are arguments, so that every decision can be repeated.

mod briefing;
mod candidate;
mod capture;
mod exhibit;
mod finding;
mod id;
mod judge;
mod lang;
pub mod law;
mod notice;
mod outcome;
mod patrol;
mod record;
mod region;
mod rights;
mod sighting;
mod site;
mod tally;
mod warning;
mod work;

pub use briefing::*;
pub use candidate::*;
pub use capture::*;
pub use exhibit::*;
pub use finding::*;
pub use id::*;
pub use judge::*;
pub use lang::*;
pub use notice::*;
pub use outcome::*;
pub use patrol::*;
pub use record::*;
pub use region::*;
pub use rights::*;
pub use sighting::*;
pub use site::*;
pub use tally::*;
pub use warning::*;
pub use work::*;

/// An instant in UTC; written as RFC 3339.
pub use jiff::Timestamp;
/// A calendar day; licence terms and protection windows are given in days, both ends included.
pub use jiff::civil::Date;

/// The calendar day on which `at` falls in China (UTC+8, no daylight saving since 1991): licence terms and
/// legal periods run by that day.
pub fn china_day(at: Timestamp) -> Date {
    jiff::tz::Offset::constant(8).to_datetime(at).date()
}
