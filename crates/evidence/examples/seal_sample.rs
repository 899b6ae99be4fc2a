//! Writes the exhibit that the tests use, with what happens after sealing:
//!
//! `seal_sample FOLDER` gives exhibit.wacz, key.pem (the public key that checks it) and request.tsq (for an authority);
//! `seal_sample FOLDER ANSWER` adds the authority's answer, an order and a re-check, and hands it out: whole-stamped.wacz and
//! public-stamped.wacz.

#[path = "../tests/evidence/material.rs"]
#[allow(dead_code)]
mod material;

use material::{at, signer};
use std::error::Error;
use std::fs::{File, read, write};
use std::path::PathBuf;
use swordnet_evidence::chain::{Chain, Event};
use swordnet_evidence::package::{self, Version, export, exported, head, seal, time_stamp};
use swordnet_evidence::timestamp::{Token, request};

const NONCE: u64 = 7;
const AUTHORITY: &str = "http://time.example/";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let path = folder.join("exhibit.wacz");
    let Some(answer) = arguments.next() else {
        let mut contents = material::contents();
        contents.files.push(package::File::new(
            "private/offer.json",
            br#"{"uploader":"a person"}"#,
        ));
        contents.private = vec!["archive/data.warc.gz".into(), "private/offer.json".into()];
        contents.time_stamps = vec![AUTHORITY.into()];
        seal(contents, &signer(), File::create(&path)?)?;
        write(folder.join("key.pem"), signer().public_key().to_pem())?;
        write(
            folder.join("request.tsq"),
            request(&head(&mut File::open(path)?)?, NONCE)?,
        )?;
        return Ok(());
    };
    let mut file = File::open(path)?;
    let of = head(&mut file)?;
    let token = Token::from_response(&read(answer)?, &of, NONCE)?;
    let mut chain = Chain::new(of.clone());
    let events = [
        time_stamp(&of, &token, AUTHORITY, at(120)),
        Event::new("order", at(180), [("notice", "notice-1".to_owned())]),
        Event::new("re-check", at(3_600), [("outcome", "gone".to_owned())]),
    ];
    let mut links: Vec<_> = events
        .into_iter()
        .map(|event| chain.append(event, &signer()))
        .collect();
    for version in [Version::Whole, Version::Public] {
        links.push(chain.append(
            exported(version, at(7_200), "an officer", "a court", ""),
            &signer(),
        ));
        let out = File::create(folder.join(format!("{}-stamped.wacz", version.as_str())))?;
        export(&mut file, links.clone(), version, out)?;
    }
    Ok(())
}
