//! The credit line: which source and which author a page names.
//!
//! A reprint must name both (Copyright Law of the PRC 2020, arts. 24 and 25; the statutory licence between newspapers
//! of art. 35(2) presupposes it), so a page that names none is treated otherwise than one that does.

use regex::Regex;
use std::sync::LazyLock;

/// Longer names are sentences.
const MAX_NAME: usize = 40;

static SOURCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:(?:本文|文章|信息|新闻|消息|稿件|资料|内容|原文)?(?:来\s*源|來\s*源|稿源|出处|出處)(?:于|自)?\s*[:：丨|]|(?:转载自|转自|轉載自|轉自|原载于?|摘自|首发于|来自)\s*[:：]?)\s*[<《【\[「“]?\s*([^\s，。；;、|｜<>《》【】\[\]「」“”()（）]{2,40}(?: [A-Za-z][^\s，。；;、|｜<>《》【】\[\]()（）]{0,30}){0,4})",
    )
    .expect("a fixed pattern")
});
static SOURCE_EN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s(\[])(?:[Ss]ource|SOURCE|[Vv]ia|[Rr]eprinted from|[Oo]riginally (?:published|appeared) (?:in|on|at|by)|[Ff]irst published (?:in|on|by))\s*[:：]?\s+(?:the )?([A-Z][\w&.'’-]*(?: (?:of|the|and|for|&|[A-Z0-9][\w&.'’-]*)){0,6})").expect("a fixed pattern")
});
static AUTHOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:(?:本文|文章)?作\s*者|作\s*者|撰文|撰稿|特约撰稿人|本报记者|见习记者|记者|文\s*[/／丨|])\s*[:：丨|]?\s*([\p{Han}·•]{2,10}(?:[、，, ][\p{Han}·•]{2,4}){0,3})").expect("a fixed pattern")
});
static AUTHOR_LABEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:作\s*者|撰文|撰稿|文\s*[/／])\s*[:：丨|]\s*([^\s，。；;|｜<>()（）]{2,30})")
        .expect("a fixed pattern")
});
static AUTHOR_EN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)(?:^|[|•·]\s*)(?:[Ww]ritten )?(?:[Bb]y|BY|[Aa]uthor:?)\s+([A-Z][\w.'’-]+(?: (?:[a-z]{2,3} )?[A-Z][\w.'’-]+){0,4}(?:(?:,| and| &) [A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+){1,3}){0,3})").expect("a fixed pattern")
});

/// The source that a text credits.
pub(super) fn source(text: &str) -> Option<String> {
    SOURCE
        .captures_iter(text)
        .take(20)
        .filter_map(|found| name(&found[1]))
        .next()
        .or_else(|| {
            SOURCE_EN
                .captures_iter(text)
                .take(20)
                .find_map(|found| name(&found[1]))
        })
}

/// The author that a text names.
pub(super) fn author(text: &str) -> Option<String> {
    AUTHOR_LABEL
        .captures(text)
        .or_else(|| AUTHOR.captures(text))
        .or_else(|| AUTHOR_EN.captures(text))
        .and_then(|found| name(&found[1]))
}

/// The publisher in a byline without labels: `原创 南方都市报 2019-09-09 16:01`. Such a line holds a date.
pub(super) fn of_byline(line: &str) -> Option<String> {
    super::date::first(line)?;
    line.split([' ', '\n', '\t', '|', '｜', '·', '⋅', '\u{a0}'])
        .map(str::trim)
        .filter(|word| {
            !word.is_empty()
                && !word.contains(['：', ':', '/', '评', '阅', '享'])
                && !word.starts_with(|c: char| c.is_ascii_digit())
        })
        .find(|word| {
            !matches!(
                *word,
                "原创" | "转载" | "关注" | "发布" | "发布时间" | "分享到" | "字号"
            )
        })
        .filter(|word| word.chars().any(|c| c > '\u{2e80}') || line.chars().any(|c| c > '\u{2e80}'))
        .and_then(name)
}

/// What follows a label, as a name: without marks, dates and the next label.
pub(super) fn name(raw: &str) -> Option<String> {
    let raw = raw.trim().trim_start_matches(['：', ':', '丨', '|']).trim();
    let mut end = raw.len();
    for stop in [
        "作者",
        "责任编辑",
        "责编",
        "编辑",
        "记者",
        "发布时间",
        "时间",
        "字号",
        "字体",
        "浏览",
        "阅读",
        "评论",
        "微信公众号",
        "http",
        "www.",
        "原标题",
        "【",
        "(",
        "（",
        "分享",
    ] {
        if let Some(at) = raw.find(stop)
            && at > 0
        {
            end = end.min(at);
        }
    }
    // A date runs into the name where a page sets no space.
    if let Some(at) = raw
        .find("20")
        .or_else(|| raw.find("19"))
        .filter(|&at| at > 0 && raw[at..].chars().take(5).filter(char::is_ascii_digit).count() >= 4)
    {
        end = end.min(at);
    }
    let name = raw[..end]
        .trim()
        .trim_matches([
            '：', ':', '-', '—', '|', '｜', '/', '·', '⋅', ',', '，', '.', '。', '\'', '"', '“', '”', '《',
            '》', '【', '】', ' ', '\u{3000}',
        ])
        .trim();
    let length = name.chars().count();
    let letters = name.chars().any(char::is_alphabetic);
    ((2..=MAX_NAME).contains(&length) && letters).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_from_credit_lines() {
        for (text, name) in [
            ("2019-09-23 10:23 来源：新华社 作者：张三", "新华社"),
            ("来源: 新京报", "新京报"),
            ("（来源：人民日报海外版）责编：李四", "人民日报海外版"),
            ("稿源：中国新闻网2019-09-23", "中国新闻网"),
            ("本文转载自微言大义公号", "微言大义公号"),
            ("来 源：央视新闻客户端", "央视新闻客户端"),
            ("(Source: Xinhua News Agency)", "Xinhua News Agency"),
            (
                "Originally published in The Atlantic Monthly",
                "The Atlantic Monthly",
            ),
            ("来源：BBC News 编辑：王五", "BBC News"),
        ] {
            assert_eq!(source(text).as_deref(), Some(name), "{text}");
        }
        assert_eq!(source("他的收入来源很多，没有人知道"), None);
    }

    #[test]
    fn authors_are_read_from_bylines() {
        for (text, name) in [
            ("作者：张三 来源：新华社", "张三"),
            ("文/李四", "李四"),
            ("By Jane Doe\n3 May 2019", "Jane Doe"),
            ("新华社北京9月23日电 本报记者 王小明", "王小明"),
        ] {
            assert_eq!(author(text).as_deref(), Some(name), "{text}");
        }
    }
}
