//! Runs jobs to the end: takes keys from the queue, does the jobs, pushes what follows.

use crate::jobs::Job;
use crate::{Campaign, Error};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A job that fails is tried so often in one run; the next run tries again.
const ATTEMPTS: u32 = 3;

/// Told how long work goes on.
pub trait Progress: Send + Sync {
    /// A stage of `total` steps begins.
    fn begin(&self, stage: &str, total: u64);
    /// The total has changed.
    fn more(&self, stage: &str, by: u64);
    /// One step is done.
    fn step(&self, stage: &str, what: &str);
    /// The stage is done.
    fn end(&self, stage: &str);
}

/// Told what comes out of a run, as it comes.
pub trait Observer: Progress {
    /// A record that people wait for: a finding, an outcome.
    fn record(&self, record: &swordnet_core::Record);
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &str, _total: u64) {}
    fn more(&self, _stage: &str, _by: u64) {}
    fn step(&self, _stage: &str, _what: &str) {}
    fn end(&self, _stage: &str) {}
}

impl Observer for Silent {
    fn record(&self, _record: &swordnet_core::Record) {}
}

/// The jobs of one run: which are open, which failed for good.
#[derive(Default)]
struct Course {
    open: Mutex<HashSet<String>>,
    failed: Mutex<BTreeMap<String, Error>>,
}

impl Course {
    /// Notes a job as open; false when it is already.
    fn begin(&self, key: &str) -> bool {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned())
    }

    fn end(&self, key: &str) {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }

    fn fail(&self, key: &str, error: Error) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned(), error);
    }

    fn is_over(&self) -> bool {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }
}

impl Campaign {
    /// Does these jobs and all that follow from them. Gives the jobs that failed for good, with the reason.
    pub(crate) async fn run(
        &self,
        jobs: Vec<Job>,
        observer: &dyn Observer,
    ) -> Result<BTreeMap<String, Error>, Error> {
        let course = Course::default();
        observer.begin("jobs", jobs.len() as u64);
        self.offer(&course, jobs).await?;
        let workers = (0..self.settings.workers.max(1)).map(|_| self.work(&course, observer));
        futures::future::try_join_all(workers).await?;
        observer.end("jobs");
        Ok(course.failed.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts jobs into the queue, each once; gives how many were new.
    async fn offer(&self, course: &Course, jobs: Vec<Job>) -> Result<u64, Error> {
        let mut new = 0;
        for job in jobs {
            let key = job.key();
            if course.begin(&key) {
                self.queue.push(&key).await?;
                new += 1;
            }
        }
        Ok(new)
    }

    /// One worker: until no job is open.
    async fn work(&self, course: &Course, observer: &dyn Observer) -> Result<(), Error> {
        while !course.is_over() {
            let Some(lease) = self.queue.take(Duration::from_millis(50)).await? else {
                continue;
            };
            let key = lease.key.clone();
            let Some(job) = Job::from_key(&key) else {
                tracing::error!(key, "no job of this program");
                self.queue.done(lease).await?;
                continue;
            };
            match self.perform(&job, observer).await {
                Ok(next) => observer.more("jobs", self.offer(course, next).await?),
                Err(e) if lease.attempt < ATTEMPTS && !matches!(e, Error::Input(_)) => {
                    tracing::warn!(key, "will be tried again: {e}");
                    self.queue.retry(lease, Duration::from_millis(200)).await?;
                    continue;
                }
                Err(e) => {
                    tracing::error!(key, "failed: {e}");
                    course.fail(&key, e);
                }
            }
            observer.step("jobs", &job.about());
            self.queue.done(lease).await?;
            course.end(&key);
        }
        Ok(())
    }
}
