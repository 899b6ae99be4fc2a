//! The office's signing key: PKCS #8 in PEM in the data folder, readable by its owner alone.

use crate::Error;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use swordnet_evidence::{Signer, Trust};

const PRIVATE: &str = "signing.key";
const PUBLIC: &str = "signing.pub";

/// Makes the key unless there is one.
pub(crate) fn create(data: &Path) -> Result<(), Error> {
    if data.join(PRIVATE).exists() {
        return Ok(());
    }
    let source = Path::new("/dev/urandom");
    let mut seed = [0u8; 32];
    fs::File::open(source)
        .and_then(|mut f| f.read_exact(&mut seed))
        .map_err(|e| Error::file(source, e))?;
    let signer = Signer::from_seed(seed);
    let pem = signer.to_pem().map_err(|e| Error::Bug(e.to_string()))?;
    write(data, PUBLIC, &signer.public_key().to_pem(), 0o644)?;
    write(data, PRIVATE, &pem, 0o600)
}

/// Under a temporary name first: a kill leaves no half key.
fn write(data: &Path, name: &str, text: &str, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = data.join(name);
    let draft = data.join(format!("{name}.{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let written = options.open(&draft).and_then(|mut f| {
        f.write_all(text.as_bytes())?;
        f.sync_all()
    });
    written
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(|e| Error::file(&path, e))
}

/// Opens the key of a data folder.
pub(crate) fn open(data: &Path) -> Result<Signer, Error> {
    let path = data.join(PRIVATE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Error::NotInitialised(data.to_owned())),
        Err(e) => return Err(Error::file(&path, e)),
    };
    Signer::from_pem(&text).map_err(|e| {
        Error::file(
            &path,
            io::Error::other(format!("{e}: restore the key from a backup")),
        )
    })
}

/// Trust in this office's own key.
pub(crate) fn trust(signer: &Signer) -> Trust {
    Trust::keys([signer.public_key()])
}
