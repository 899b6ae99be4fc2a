//! Holds robots.txt assertions against the reader: a JSON file of `[name, robots.txt, agent, address, allowed]`.

use std::{env, fs, io::Write};
use swordnet_crawl::robots::Rules;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = env::args().nth(1).ok_or("usage: robots CASES.json")?;
    let cases: Vec<(String, String, String, String, bool)> = serde_json::from_slice(&fs::read(file)?)?;
    let mut wrong = Vec::new();
    for (name, robots, agent, address, allowed) in &cases {
        let rules = Rules::parse(robots.as_bytes(), agent);
        // Paths as they were asked for: a parser of addresses would have escaped them.
        let behind = address.split_once("://").map_or("", |(_, behind)| behind);
        let path = behind.find(['/', '?']).map_or("/", |at| &behind[at..]);
        if rules.allows_path(path.as_bytes()) != *allowed {
            wrong.push(format!("{name}: {agent} {address}"));
        }
    }
    let said = format!("{} of {} right", cases.len() - wrong.len(), cases.len());
    if !wrong.is_empty() {
        return Err(format!("{said}\n{}", wrong.join("\n")).into());
    }
    writeln!(std::io::stdout(), "{said}")?;
    Ok(())
}
