//! Packages sealed by earlier versions: they verify for ever. Never replace one; add another.

use std::path::{Path, PathBuf};
use swordnet_evidence::package::verify;
use swordnet_evidence::timestamp::Authority;
use swordnet_evidence::{PublicKey, Trust};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

#[test]
fn every_package_ever_sealed_verifies() {
    let read = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
    let key = PublicKey::from_pem(&read("key.pem")).unwrap();
    let authorities = ["authority.pem", "authority-2.pem", "authority-3.pem"]
        .map(|name| Authority::from_pem(&read(name)).unwrap());
    let (mut stamped, mut public) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wacz") {
            continue;
        }
        let is_stamped = path.to_string_lossy().contains("stamped");
        let authorities = if is_stamped {
            authorities.to_vec()
        } else {
            Vec::new()
        };
        let trust = Trust {
            authorities,
            ..Trust::keys([key])
        };
        let report = verify(&mut std::fs::File::open(&path).unwrap(), &trust);
        assert!(report.valid, "{}: {:#?}", path.display(), report.problems);
        stamped.push(is_stamped);
        public += usize::from(!report.withheld.is_empty());
    }
    assert!(stamped.contains(&true) && stamped.contains(&false) && public > 0);
}
