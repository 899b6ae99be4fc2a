//! Sitemaps: lists of addresses, lists of such lists, plain text; also compressed.
//!
//! sitemaps.org bounds a file at 50,000 addresses and 50 MB; so do we.

use quick_xml::{Reader, events::Event};
use std::io::{self, BufRead, BufReader, Read, Seek};
use url::Url;

/// Most addresses of one file.
const MOST: usize = 50_000;
/// Most bytes of one file, compressed or not.
pub(super) const MAX_BYTES: u64 = 50 << 20;
/// Longest address.
const MAX_URL: usize = 8192;

/// What a sitemap lists.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sitemap {
    /// Pages.
    pub(super) pages: Vec<Url>,
    /// Further sitemaps.
    pub(super) sitemaps: Vec<Url>,
}

/// Reads a sitemap; what is wrong in it is passed over.
pub(super) fn parse(body: &crate::Spool, at: &Url) -> io::Result<Sitemap> {
    let mut reader = body.reader();
    let mut magic = [0; 2];
    let got = reader.read(&mut magic)?;
    reader.rewind()?;
    if magic[..got] == [0x1f, 0x8b] {
        let plain = flate2::read::MultiGzDecoder::new(reader).take(MAX_BYTES);
        Ok(parse_plain(&mut BufReader::new(plain), at))
    } else {
        Ok(parse_plain(&mut BufReader::new(reader), at))
    }
}

fn parse_plain(reader: &mut dyn BufRead, at: &Url) -> Sitemap {
    let xml = reader
        .fill_buf()
        .is_ok_and(|start| start.iter().take(512).any(|b| *b == b'<'));
    if xml {
        parse_xml(reader, at)
    } else {
        parse_text(reader, at)
    }
}

fn parse_text(reader: &mut dyn BufRead, at: &Url) -> Sitemap {
    let mut found = Sitemap::default();
    let mut line = Vec::new();
    while found.pages.len() < MOST {
        line.clear();
        // A line without end is read in pieces, none of which is an address.
        match io::Read::take(&mut *reader, MAX_URL as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim().trim_start_matches('\u{feff}');
                if text.starts_with("http") {
                    found.pages.extend(at.join(text).ok());
                }
            }
        }
    }
    found
}

fn parse_xml(reader: &mut dyn BufRead, at: &Url) -> Sitemap {
    let mut found = Sitemap::default();
    let mut xml = Reader::from_reader(reader);
    xml.config_mut().check_end_names = false;
    let (mut buf, mut address) = (Vec::new(), String::new());
    let (mut in_index, mut in_loc) = (false, false);
    while found.pages.len() + found.sitemaps.len() < MOST {
        buf.clear();
        match xml.read_event_into(&mut buf) {
            Err(_) | Ok(Event::Eof) => break,
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                b"sitemap" => in_index = true,
                b"url" => in_index = false,
                b"loc" => {
                    in_loc = true;
                    address.clear();
                }
                _ => {}
            },
            Ok(Event::End(tag)) if tag.local_name().as_ref() == b"loc" => {
                in_loc = false;
                if let Ok(url) = at.join(address.trim()) {
                    if in_index {
                        found.sitemaps.push(url)
                    } else {
                        found.pages.push(url)
                    }
                }
            }
            Ok(Event::Text(text)) if in_loc => address.push_str(&String::from_utf8_lossy(&text)),
            Ok(Event::CData(text)) if in_loc => address.push_str(&String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(name)) if in_loc => match &name[..] {
                b"amp" => address.push('&'),
                b"apos" => address.push('\''),
                b"quot" => address.push('"'),
                b"lt" => address.push('<'),
                b"gt" => address.push('>'),
                _ => address.extend(name.resolve_char_ref().ok().flatten()),
            },
            Ok(_) => {}
        }
        if address.len() > MAX_URL {
            in_loc = false;
            address.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use std::io::Write;

    fn read(body: &[u8]) -> (Vec<String>, Vec<String>) {
        let at = "http://a.test/sitemap.xml".parse().unwrap();
        let found = parse(&Bytes::copy_from_slice(body).into(), &at).unwrap();
        let texts = |urls: Vec<Url>| urls.into_iter().map(String::from).collect();
        (texts(found.pages), texts(found.sitemaps))
    }

    #[test]
    fn lists_indexes_text_and_compressed_files_are_read() {
        let list = "\u{feff}<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
            <url><loc> http://a.test/x?a=1&amp;b=%32 </loc><lastmod>2026-01-01</lastmod></url>\
            <url><loc><![CDATA[http://a.test/y]]></loc><image:image><image:loc>/no</image:loc></image:image></url>\
            <url><loc>/片</loc></url><url><loc>http://a.test/cut";
        let pages = [
            "http://a.test/x?a=1&b=%32",
            "http://a.test/y",
            "http://a.test/no",
            "http://a.test/%E7%89%87",
        ];
        assert_eq!(read(list.as_bytes()).0, pages);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(list.as_bytes()).unwrap();
        assert_eq!(read(&gz.finish().unwrap()).0, pages);
        let index = "<sitemapindex><sitemap><loc>http://a.test/1.xml</loc></sitemap></sitemapindex>";
        assert_eq!(read(index.as_bytes()).1, ["http://a.test/1.xml"]);
        assert_eq!(
            read("http://a.test/1\r\nhttp://a.test/2\n\n# no".as_bytes())
                .0
                .len(),
            2
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(body: Vec<u8>, text in "(<url>|<loc>|</loc>|<!\\[CDATA\\[|&amp;|&#x0;|\\PC){0,40}") {
            read(&body);
            read(text.as_bytes());
        }
    }
}
