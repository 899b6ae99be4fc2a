//! When an article was published.

use jiff::Timestamp;
use jiff::civil::Date;
use regex::Regex;
use std::sync::LazyLock;

/// Days before which no web page was published, and after which a page cannot be meant.
const FIRST_YEAR: i16 = 1990;
const LAST_YEAR: i16 = 2099;

static NUMERIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b((?:19|20)\d\d)\s*[-/.年]\s*(1[0-2]|0?[1-9])\s*[-/.月]\s*(3[01]|[12]\d|0?[1-9])(?:\D|$)")
        .expect("a fixed pattern")
});
static PACKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\D|^)((?:19|20)\d\d)(1[0-2]|0[1-9])(3[01]|[12]\d|0[1-9])(?:\d{4}|\d{6})?(?:\D|$)")
        .expect("a fixed pattern")
});
static IN_PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"/((?:19|20)\d\d)[-/_]?(1[0-2]|0[1-9])[-/_]?(3[01]|[12]\d|0[1-9])(?:\D|$)")
        .expect("a fixed pattern")
});
static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b").expect("a fixed pattern")
});
static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?\s+((?:19|20)\d\d)\b").expect("a fixed pattern")
});
static WITH_TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?[\sT]+\d{1,2}\s*[:：时]")
        .expect("a fixed pattern")
});

/// The date of a value that is meant to be one: an instant stays an instant, anything else becomes a day.
pub(crate) fn stated(value: &str) -> Option<String> {
    let value = value.trim();
    if let Ok(instant) = value.parse::<Timestamp>() {
        let year = jiff::tz::Offset::UTC.to_datetime(instant).year();
        return (FIRST_YEAR..=LAST_YEAR).contains(&year).then(|| value.to_owned());
    }
    first(value)
}

/// The first date in a text, as a day. Where one date stands with a time of day, it is preferred: that is a time of
/// publication, while bare dates are often those of events.
pub(crate) fn first(text: &str) -> Option<String> {
    let timed = WITH_TIME
        .find(text)
        .and_then(|found| numeric(&NUMERIC, &format!("{} ", found.as_str())));
    timed.or_else(|| {
        let mut candidates: Vec<(usize, String)> = Vec::new();
        for pattern in [&NUMERIC, &PACKED] {
            for found in pattern.captures_iter(text).take(4) {
                if let Some(day) = day(&found[1], &found[2], &found[3]) {
                    candidates.push((found.get(0).map_or(0, |all| all.start()), day));
                    break;
                }
            }
        }
        for (pattern, (d, m, y)) in [(&MONTH_FIRST, (2, 1, 3)), (&DAY_FIRST, (1, 2, 3))] {
            if let Some(found) = pattern.captures(text)
                && let Some(day) = day(&found[y], &month(&found[m]).to_string(), &found[d])
            {
                candidates.push((found.get(0).map_or(0, |all| all.start()), day));
            }
        }
        candidates.into_iter().min().map(|(_, day)| day)
    })
}

/// The date in an address: `/2026/11/23/`, `/20261123/`, `/2026-11/23/`.
pub(crate) fn of_path(path: &str) -> Option<String> {
    numeric(&IN_PATH, path)
}

fn numeric(pattern: &Regex, text: &str) -> Option<String> {
    pattern
        .captures(text)
        .and_then(|found| day(&found[1], &found[2], &found[3]))
}

fn month(name: &str) -> usize {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let name = name.to_ascii_lowercase();
    NAMES
        .iter()
        .position(|known| name.starts_with(known))
        .map_or(0, |at| at + 1)
}

fn day(year: &str, month: &str, day: &str) -> Option<String> {
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    (FIRST_YEAR..=LAST_YEAR)
        .contains(&date.year())
        .then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_forms_that_pages_use() {
        for (text, day) in [
            ("2019年9月23日 10:23 来源", "2019-09-23"),
            ("发布时间：2019-09-23 10:23:00", "2019-09-23"),
            ("2019/9/3", "2019-09-03"),
            ("20190923", "2019-09-23"),
            ("Published on Sept. 3, 2019", "2019-09-03"),
            ("3rd of September 2019", "2019-09-03"),
            ("为纪念1949年10月1日，2019-09-23 10:23 发布", "2019-09-23"),
        ] {
            assert_eq!(first(text).as_deref(), Some(day), "{text}");
        }
        assert_eq!(first("13812345678 电话 99 and 2019-13-45"), None);
        assert_eq!(
            of_path("/n1/2019/0923/c1001-3.html").as_deref(),
            Some("2019-09-23")
        );
        assert_eq!(
            stated("2019-09-23T10:23:00+08:00").as_deref(),
            Some("2019-09-23T10:23:00+08:00")
        );
        assert_eq!(stated("2019-09-23T10:23:00").as_deref(), Some("2019-09-23"));
    }
}
