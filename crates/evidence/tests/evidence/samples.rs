//! Packages sealed by earlier versions: they verify for ever. Never replace one; add another.

use std::path::Path;
use swordnet_evidence::package::verify;
use swordnet_evidence::{PublicKey, Trust};

#[test]
fn every_package_ever_sealed_verifies() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let key = PublicKey::from_pem(&std::fs::read_to_string(folder.join("key.pem")).unwrap()).unwrap();
    let mut checked = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wacz") {
            let report = verify(&mut std::fs::File::open(&path).unwrap(), &Trust::keys([key]));
            assert!(report.valid, "{}: {:#?}", path.display(), report.problems);
            checked += 1;
        }
    }
    assert!(checked > 0);
}
