//! Writes the exhibit that the tests use, with and without what happens after sealing:
//!
//! `seal_sample FOLDER` gives exhibit.wacz, key.pem (the public key that checks it) and request.tsq (for an authority);
//! `seal_sample FOLDER ANSWER` adds the authority's answer and an order to it: exhibit-stamped.wacz.

#[path = "../tests/evidence/material.rs"]
#[allow(dead_code)]
mod material;

use std::error::Error;
use std::fs::{File, read, write};
use std::path::PathBuf;
use swordnet_evidence::chain::Event;
use swordnet_evidence::package::{append, head, time_stamp};
use swordnet_evidence::timestamp::{Token, request};

const NONCE: u64 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let package = folder.join("exhibit.wacz");
    let Some(answer) = arguments.next() else {
        write(&package, material::package())?;
        write(folder.join("key.pem"), material::signer().public_key().to_pem())?;
        write(
            folder.join("request.tsq"),
            request(&head(&mut File::open(package)?)?, NONCE)?,
        )?;
        return Ok(());
    };
    let mut file = File::open(package)?;
    let of = head(&mut file)?;
    let token = Token::from_response(&read(answer)?, &of, NONCE)?;
    let stamp = time_stamp(&of, &token, "a local authority", material::at(120));
    let order = Event::new("order", material::at(180), [("notice", "notice-1".to_owned())]);
    append(
        &mut file,
        [stamp, order],
        &material::signer(),
        File::create(folder.join("exhibit-stamped.wacz"))?,
    )?;
    Ok(())
}
