//! Does the work of a campaign: joins crawling, recognition, evidence and the store.
//!
//! Architecture invariants: one idempotent job per arrow of the path; the records say what is due, the queue only
//! carries keys; time is an argument (the campaign's clock), so that a campaign can be simulated and repeated.

mod archive;
mod briefing;
mod custody;
mod environment;
mod error;
mod exhibit;
mod fingerprint;
mod jobs;
mod keys;
mod lists;
mod live;
mod pictures;
mod register;
mod run;

pub use archive::crawl;
pub use briefing::{Illustrated, brief, to_html, to_json};
pub use custody::{Delivery, Handover};
pub use error::{Error, InputError};
pub use fingerprint::{Effort, Reading, read_file};
pub use jobs::{Job, PatrolRequest, PatrolSummary, Stamping};
pub use lists::{NewSite, import_licences, import_sites, import_warning_list, import_white_list};
pub use live::{Heard, Hearing, Listener, Source};
pub use register::{FULL_SEGMENT, NewWork, Register, Registered, manifest};
pub use run::{Observer, Progress, Silent};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use swordnet_core::{Sha256Hex, Timestamp};
use swordnet_crawl::{Client, Policy};
use swordnet_evidence::{Signer, Trust};
use swordnet_media::Media;
use swordnet_store::{Queue, Records, Vault};
use tokio::sync::{Mutex, RwLock, Semaphore};
use url::Url;

/// Tells the time. Only a program's outermost layer knows whether it is the real one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What an office sets for itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The score from which recognition counts as certain; below it a person looks.
    pub certain: f64,
    /// Where the sites' public is: ISO 3166 code.
    pub territory: String,
    /// Who runs the checks, for the evidence.
    pub operator: String,
    /// Who stands by and can testify, for the evidence.
    pub witnesses: Vec<String>,
    /// Time-stamp authorities (RFC 3161), by their addresses; every package that is sealed promises a time-stamp by one of them.
    pub authorities: Vec<Url>,
    /// At most so many bytes of one media file.
    pub max_media: u64,
    /// May a browser open the pages whose player hides what it plays, where one is installed?
    pub browser: bool,
    /// A yt-dlp that is asked where the browser finds nothing; off without.
    pub resolver: Option<PathBuf>,
    /// Jobs at a time.
    pub workers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            certain: 0.5,
            territory: "CN".into(),
            operator: String::new(),
            witnesses: Vec::new(),
            authorities: Vec::new(),
            max_media: 4 << 30,
            browser: true,
            resolver: None,
            workers: 8,
        }
    }
}

/// Where a campaign keeps its things; the URLs name the backends.
#[derive(Clone, Debug)]
pub struct Place {
    /// The data folder.
    pub data: PathBuf,
    /// Records: `sqlite:///…`.
    pub store: Option<String>,
    /// Blobs: `file:///…`.
    pub vault: Option<String>,
    /// Queue: `local`.
    pub queue: Option<String>,
}

/// A campaign at work.
pub struct Campaign {
    /// Records.
    pub records: Arc<dyn Records>,
    /// Blobs.
    pub vault: Arc<dyn Vault>,
    queue: Arc<dyn Queue>,
    media: Media,
    clock: Clock,
    client: Client,
    settings: Settings,
    signer: Signer,
    scratch: PathBuf,
    /// Decoding and recognition take a place each: as many as there are processors.
    processors: Arc<Semaphore>,
    register: RwLock<Option<Arc<Register>>>,
    /// What was last seen of the machine, when, and where the vault keeps it.
    environment: Mutex<Option<(Timestamp, Sha256Hex)>>,
    /// Time-stamp authorities that did not answer, and when.
    silent: Mutex<HashMap<String, i64>>,
}

impl Campaign {
    /// Makes a data folder ready: records, vault and a signing key. Doing it again changes nothing.
    pub async fn init(place: &Place) -> Result<(), Error> {
        std::fs::create_dir_all(&place.data).map_err(|e| Error::file(&place.data, e))?;
        keys::create(&place.data)?;
        open_store(place).await?;
        Ok(())
    }

    /// Opens a data folder that `init` made.
    pub async fn open(
        place: &Place,
        clock: Clock,
        policy: Policy,
        settings: Settings,
    ) -> Result<Self, Error> {
        let signer = keys::open(&place.data)?;
        let (records, vault, queue) = open_store(place).await?;
        let scratch = place.data.join("tmp");
        std::fs::create_dir_all(&scratch).map_err(|e| Error::file(&scratch, e))?;
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            records,
            vault,
            queue,
            media: Media::new(swordnet_media::Options::default())?,
            client: client(policy, &clock)?,
            clock,
            settings,
            signer,
            scratch,
            processors: Arc::new(Semaphore::new(processors)),
            register: RwLock::new(None),
            environment: Mutex::new(None),
            silent: Mutex::default(),
        })
    }

    /// The time by the campaign's clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The keys that this office signs with.
    pub fn trust(&self) -> Trust {
        keys::trust(&self.signer)
    }

    /// Runs something that computes, in a place of its own.
    pub(crate) async fn compute<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let _place = self
            .processors
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Error::Stopped)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| Error::Bug(e.to_string()))
    }
}

/// A client that goes by the campaign's clock.
fn client(policy: Policy, clock: &Clock) -> Result<Client, Error> {
    Client::new(Policy {
        clock: clock.clone(),
        ..policy
    })
    .map_err(|e| Error::Bug(e.to_string()))
}

/// The three backends of a place.
type Backends = (Arc<dyn Records>, Arc<dyn Vault>, Arc<dyn Queue>);

async fn open_store(place: &Place) -> Result<Backends, Error> {
    let beside =
        |name: &str| std::path::absolute(place.data.join(name)).map_err(|e| Error::file(&place.data, e));
    let store = match &place.store {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", beside("records.db")?.display()),
    };
    let vault = match &place.vault {
        Some(url) => url.clone(),
        None => format!("file://{}", beside("vault")?.display()),
    };
    let queue = place.queue.as_deref().unwrap_or("local");
    Ok((
        swordnet_store::records::open(&store).await?,
        swordnet_store::vault::open(&vault).await?,
        swordnet_store::queue::open(queue).await?,
    ))
}
