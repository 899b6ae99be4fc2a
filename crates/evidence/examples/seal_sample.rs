//! Writes the exhibit that the tests use: `cargo run -p swordnet-evidence --example seal_sample -- FOLDER`
//! gives FOLDER/exhibit.wacz and FOLDER/key.pem, the public key that checks it.

#[path = "../tests/evidence/material.rs"]
#[allow(dead_code)]
mod material;

fn main() -> std::io::Result<()> {
    let folder = std::path::PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::write(folder.join("exhibit.wacz"), material::package())?;
    std::fs::write(folder.join("key.pem"), material::signer().public_key().to_pem())
}
