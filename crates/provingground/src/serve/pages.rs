//! Pages that no site's tree holds: what is gone, a calendar without end, style sheets.

use super::reply::{Sending, bytes};
use crate::pages::{Card, Kind, Link, Page, State, render};
use crate::plan::Declared;
use crate::web::Host;
use bytes::Bytes;
use hyper::header::{self, HeaderMap};
use hyper::{Response, StatusCode};
use std::io;

/// What a page of a removed text says.
pub fn farewell(host: &Host, page: &Page) -> Page {
    if page.copy.is_none() {
        return page.clone();
    }
    let said = host
        .face
        .say("This article has been removed.", "您访问的文章已被删除。");
    Page {
        paragraphs: vec![said.into()],
        title: page.title.clone(),
        kind: Kind::Article,
        ..Page::default()
    }
}

/// A month, with links to its days and the months beside it, for ever.
pub fn calendar(path: &str) -> Page {
    let mut numbers = path
        .trim_matches('/')
        .split('/')
        .skip(1)
        .map(|n| n.parse::<i64>().unwrap_or(1));
    let (year, month, day) = (
        numbers.next().unwrap_or(2017),
        numbers.next().unwrap_or(1),
        numbers.next(),
    );
    let at = |months: i64| {
        let index = year.saturating_mul(12).saturating_add(month - 1 + months);
        format!("/calendar/{}/{}/", index.div_euclid(12), index.rem_euclid(12) + 1)
    };
    let days = (1..=28).filter(|_| day.is_none()).map(|d| Card {
        href: format!("/calendar/{year}/{month}/{d}/"),
        title: format!("{month}月{d}日"),
        ..Card::default()
    });
    Page {
        kind: Kind::List,
        title: format!("{year}年{month}月活动日历"),
        cards: days.collect(),
        pager: vec![Link::new(at(-1), "上个月"), Link::new(at(1), "下个月")],
        ..Page::default()
    }
}

pub fn stylesheet(name: &str) -> String {
    let theme = name.trim_end_matches(".css");
    let colour = [
        "maccms", "tube", "blog", "songs", "portal", "columns", "novels", "gallery", "drive",
    ]
    .iter()
    .position(|t| *t == theme);
    let turn = colour.unwrap_or(0) * 40;
    include_str!("../../templates/style.css").replace("TURN", &turn.to_string())
}

pub fn page(
    host: &Host,
    shown: &Page,
    state: &dyn Fn(usize) -> State,
    asked: &HeaderMap,
    status: StatusCode,
) -> Result<Response<Sending>, io::Error> {
    let html = render(&host.face, shown, state).map_err(io::Error::other)?;
    let gb = host.charset == "gb18030";
    let body = if gb {
        encoding_rs::GB18030.encode(&html).0.into_owned()
    } else {
        html.into_bytes()
    };
    let declared = match host.declared {
        Declared::Header if gb => "text/html; charset=GBK",
        Declared::Header => "text/html; charset=utf-8",
        _ => "text/html",
    };
    let mut reply = bytes(Bytes::from(body), declared, asked, host.gzip);
    if reply.status() == StatusCode::OK {
        *reply.status_mut() = status;
    }
    Ok(reply)
}

pub fn missing(host: &Host, status: StatusCode, asked: &HeaderMap) -> Result<Response<Sending>, io::Error> {
    let said = host.face.say(
        "The page you asked for is not here.",
        "抱歉，您访问的页面不存在或已被删除",
    );
    let shown = Page {
        kind: Kind::Article,
        title: status.as_u16().to_string(),
        paragraphs: vec![said.into()],
        ..Page::default()
    };
    page(
        host,
        &shown,
        &|_| State::There,
        &without_conditions(asked),
        status,
    )
}

fn without_conditions(asked: &HeaderMap) -> HeaderMap {
    let kept = asked.get(header::ACCEPT_ENCODING).cloned();
    kept.map(|value| (header::ACCEPT_ENCODING, value))
        .into_iter()
        .collect()
}
