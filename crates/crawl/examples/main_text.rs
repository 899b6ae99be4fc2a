//! Reads the article of every page in a folder, for scoring: `main_text FOLDER > out.json`.
//!
//! The output is one object, `{NAME: {articleBody, title, author, date, sitename, ms}}`, where `sitename` is the
//! credited source and `ms` the time that the page took.

use std::io::Write;
use std::time::Instant;
use swordnet_crawl::read::main_text;
use url::Url;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder of pages")?;
    let url = Url::parse("http://example.com/a.html")?;
    let mut read = serde_json::Map::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let body = std::fs::read(&path)?;
        let begun = Instant::now();
        let article = main_text(&body, Some("text/html"), Some(&url)).unwrap_or_default();
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let said = serde_json::json!({
            "articleBody": article.text, "title": article.title, "author": article.author,
            "date": article.date, "sitename": article.credit, "ms": ms,
        });
        read.insert(name, said);
    }
    writeln!(std::io::stdout(), "{}", serde_json::Value::Object(read))?;
    Ok(())
}
