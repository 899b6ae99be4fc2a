//! Which addresses a name has.

use async_trait::async_trait;
use std::{
    io,
    net::{IpAddr, SocketAddr},
};

/// Answers what addresses a name has. Asked once for each new connection; every answer is judged before it is used.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of a host, in the order in which they are to be tried.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks as every other program on this machine does: hosts file and name servers.
pub(super) struct System;

#[async_trait]
impl Resolve for System {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|addr: SocketAddr| addr.ip()).collect())
    }
}
