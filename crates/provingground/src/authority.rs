//! A time-stamp authority for the proving ground: a root, an office under it, and openssl that answers (RFC 3161).
//!
//! It goes by the machine's clock, whatever the clock of the campaign says.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Its host; like the sites, it has no port in its address.
const HOST: &str = "time.site.test";
/// Longest question, in bytes: they are under a hundred.
const MOST: usize = 64 << 10;

const CONFIG: &str = "[tsa]\ndefault_tsa=office\n[office]\nserial=serial\nsigner_cert=office.pem\ncerts=office.pem\n\
    signer_key=office.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256,sha512\naccuracy=secs:1\n\
    ordering=yes\ntsa_name=yes\ness_cert_id_alg=sha256\nclock_precision_digits=3\n\
    [stamps]\nextendedKeyUsage=critical,timeStamping\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n\
    [req]\ndistinguished_name=name\nx509_extensions=root\n[name]\n";

/// An authority that answers on a port of this machine until it is dropped.
pub struct Authority {
    folder: PathBuf,
    addr: SocketAddr,
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Authority {
    /// Opens the authority whose keys lie in `folder`, making what is missing; nothing where there is no openssl.
    ///
    /// # Errors
    /// When the folder cannot be written, openssl fails, or no port can be had.
    pub fn open(folder: &Path) -> io::Result<Option<Self>> {
        if Command::new("openssl")
            .arg("version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            return Ok(None);
        }
        fs::create_dir_all(folder)?;
        // The office's certificate is made last: where it is, everything is.
        if !folder.join("office.pem").exists() {
            found(folder)?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let closed = Arc::new(AtomicBool::new(false));
        let (place, over) = (folder.to_owned(), closed.clone());
        let thread = std::thread::Builder::new()
            .name("authority".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    // One at a time: openssl keeps the serial number in a file. Who breaks off gets nothing.
                    let _ = stream.and_then(|stream| answer(stream, &place));
                }
            })?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            addr,
            closed,
            thread: Some(thread),
        }))
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{HOST}/")
    }

    /// Where to connect for it: name, port, address.
    pub fn pin(&self) -> (String, u16, SocketAddr) {
        (HOST.to_owned(), 80, self.addr)
    }

    /// The certificate of its root, PEM: what is to be trusted.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread where it waits.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Root and office, each with a key of its own.
fn found(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("tsa.cnf"), CONFIG)?;
    fs::write(folder.join("serial"), "01\n")?;
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        folder,
        &format!("req -config tsa.cnf -x509 {key} -keyout root.key -out root.pem -days 3650 -subj /CN=root"),
    )?;
    openssl(
        folder,
        &format!("req -config tsa.cnf {key} -keyout office.key -out office.csr -subj /CN=time"),
    )?;
    openssl(
        folder,
        "x509 -req -in office.csr -CA root.pem -CAkey root.key -CAcreateserial -out office.new -days 3650 \
         -extfile tsa.cnf -extensions stamps",
    )?;
    fs::rename(folder.join("office.new"), folder.join("office.pem"))
}

fn openssl(folder: &Path, line: &str) -> io::Result<()> {
    let arguments = line.split_whitespace();
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("openssl {line}: {said}")))
}

/// One request: head, body of the stated length; openssl makes the answer.
fn answer(mut stream: TcpStream, folder: &Path) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut bytes = Vec::new();
    let body = loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..n]);
        if let Some(body) = body(&bytes) {
            break body.to_vec();
        }
        if n == 0 || bytes.len() > MOST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    fs::write(folder.join("question"), body)?;
    let status = match openssl(
        folder,
        "ts -reply -config tsa.cnf -queryfile question -out answer",
    ) {
        Ok(()) => "200 OK",
        Err(_) => "400 Bad Request",
    };
    let reply = fs::read(folder.join("answer")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        reply.len()
    );
    stream.write_all(&[head.as_bytes(), &reply].concat())
}

/// The body of a request, once it is there.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    bytes.get(end..end.checked_add(length.trim().parse().ok()?)?)
}
