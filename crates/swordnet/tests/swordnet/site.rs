//! A small site on a port of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A text that is somebody's work.
pub const ARTICLE: &str = "山城的早晨从一碗面开始。老人把面下进锅里，孩子背着书包跑过石阶，江上的雾还没有散，卖报的人已经走远了。\
    后来桥修好了，渡口的人就少了，只有摆渡的那只狗还每天坐在水边等船。船工说，它等的不是船，是当年那个把它抱上岸的人。\
    镇上的人从此给它留一碗汤，谁家办喜事，也不忘端一块骨头到河边去。";

/// Media type and bytes of each page, by its path.
type Pages = BTreeMap<String, (&'static str, Vec<u8>)>;

/// A site whose pages can be put up and taken down.
#[derive(Clone, Default)]
pub struct Site(Arc<Mutex<Pages>>);

impl Site {
    /// Serves it on a port of its own for as long as the test runs; gives its address.
    pub fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/", listener.local_addr().expect("an address"));
        let site = self.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut request = BufReader::new(&connection);
                let mut first = String::new();
                let _ = request.read_line(&mut first);
                let mut line = String::new();
                while request.read_line(&mut line).is_ok_and(|n| n > 2) {
                    line.clear();
                }
                let path = first.split(' ').nth(1).unwrap_or_default();
                let page = site.0.lock().expect("the pages").get(path).cloned();
                let (status, (kind, body)) =
                    page.map_or(("404 Not Found", Default::default()), |page| ("200 OK", page));
                let _ = write!(
                    &connection,
                    "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = (&connection).write_all(&body);
            }
        });
        address
    }

    pub fn put(&self, path: &str, body: &str) {
        let page =
            format!("<!doctype html><html><head><title>江湖小报</title></head><body>{body}</body></html>");
        self.put_file(path, "text/html; charset=utf-8", page.into_bytes());
    }

    pub fn put_file(&self, path: &str, kind: &'static str, bytes: Vec<u8>) {
        let mut pages = self.0.lock().expect("the pages");
        pages.insert(path.to_owned(), (kind, bytes));
    }

    pub fn put_article(&self, path: &str) {
        self.put(
            path,
            &format!("<article><h1>山城的早晨</h1><p>{ARTICLE}</p></article>"),
        );
    }

    pub fn remove(&self, path: &str) {
        self.0.lock().expect("the pages").remove(path);
    }
}
