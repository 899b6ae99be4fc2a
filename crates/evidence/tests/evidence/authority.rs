//! A time-stamp authority of our own, by openssl: a root that is trusted, an office that signs.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use swordnet_evidence::timestamp::Authority;

pub struct Office {
    folder: tempfile::TempDir,
    /// One at a time: what is asked, answered and counted lies in files.
    busy: Mutex<()>,
    pub root: Authority,
    pub own: Authority,
}

const CONFIG: &str = "[tsa]\ndefault_tsa=office\n[office]\nserial=serial\nsigner_cert=office.pem\ncerts=office.pem\n\
    signer_key=office.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256,sha512\naccuracy=secs:1,millisecs:5\n\
    ordering=yes\ntsa_name=yes\ness_cert_id_alg=sha256\nclock_precision_digits=3\n\
    [stamps]\nextendedKeyUsage=critical,timeStamping\n[anything]\nbasicConstraints=CA:FALSE\n\
    [root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n\
    [req]\ndistinguished_name=name\nx509_extensions=root\n[name]\n";

fn openssl(folder: &Path, line: &str) -> bool {
    let output = Command::new("openssl")
        .args(line.split(' '))
        .current_dir(folder)
        .output();
    output
        .expect("these tests need the program openssl")
        .status
        .success()
}

impl Office {
    /// `key`: what `openssl req -newkey` takes, for root and office.
    pub fn open(key: &str) -> Self {
        Self::with(key, "stamps")
    }

    fn with(key: &str, extensions: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join("tsa.cnf"), CONFIG).unwrap();
        std::fs::write(path.join("serial"), "01\n").unwrap();
        for line in [
            format!(
                "req -config tsa.cnf -x509 -newkey {key} -nodes -keyout root.key -out root.pem -days 3650 -subj /CN=root"
            ),
            format!(
                "req -config tsa.cnf -newkey {key} -nodes -keyout office.key -out office.csr -subj /CN=office"
            ),
            format!(
                "x509 -req -in office.csr -CA root.pem -CAkey root.key -CAcreateserial -out office.pem -days 3650 \
                 -extfile tsa.cnf -extensions {extensions}"
            ),
        ] {
            assert!(openssl(path, &line), "openssl {line}");
        }
        let pem =
            |name: &str| Authority::from_pem(&std::fs::read_to_string(path.join(name)).unwrap()).unwrap();
        let (root, own) = (pem("root.pem"), pem("office.pem"));
        let busy = Mutex::new(());
        Self {
            folder,
            busy,
            root,
            own,
        }
    }

    /// The answer to a request.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.folder.path();
        std::fs::write(path.join("query"), request).unwrap();
        openssl(path, "ts -reply -config tsa.cnf -queryfile query -out answer");
        std::fs::read(path.join("answer")).unwrap()
    }

    /// Whether openssl itself accepts a token for a digest.
    pub fn accepts(&self, token: &[u8], digest: &str) -> bool {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.folder.path();
        std::fs::write(path.join("token"), token).unwrap();
        openssl(
            path,
            &format!(
                "ts -verify -digest {digest} -token_in -in token -CAfile root.pem -untrusted office.pem"
            ),
        )
    }
}
