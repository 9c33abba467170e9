//! A link between an origin and its Redis that loses every packet above a size, as behind a tunnel
//! with a wrong MTU.

use super::Loopback;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The most that passes at once. A bid for the lead is a few hundred bytes, a publication a few
/// hundred thousand.
const LARGEST: usize = 1_200;

/// Passes everything until it is told to be narrow. Ends with the test's runtime.
pub(crate) struct NarrowLink {
    address: SocketAddr,
    /// Where new connections lead.
    target: Arc<Mutex<SocketAddr>>,
    is_narrow: Arc<AtomicBool>,
    _ours: Loopback,
}

impl NarrowLink {
    /// A link to a Redis.
    pub(crate) async fn to(redis: SocketAddr) -> Self {
        let ours = Loopback::claim();
        let address = ours.at(21_379);
        let listener = TcpListener::bind(address).await.unwrap();
        let is_narrow = Arc::new(AtomicBool::new(false));
        let narrow = Arc::clone(&is_narrow);
        let target = Arc::new(Mutex::new(redis));
        let now = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let redis = *now.lock().unwrap();
                tokio::spawn(pass(client, redis, Arc::clone(&narrow)));
            }
        });
        Self {
            address,
            target,
            is_narrow,
            _ours: ours,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// Leads new connections to another Redis, as a balancer does after a fail-over. Those that are
    /// open end with the server that they lead to.
    pub(crate) fn lead_to(&self, redis: SocketAddr) {
        *self.target.lock().unwrap() = redis;
    }

    pub(crate) fn narrow(&self, is_narrow: bool) {
        self.is_narrow.store(is_narrow, Ordering::Relaxed);
    }
}

async fn pass(client: TcpStream, redis: SocketAddr, is_narrow: Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect(redis).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 64 * 1_024];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        if read > LARGEST && is_narrow.load(Ordering::Relaxed) {
            // TCP sends the lost packet again and again, and nothing after it arrives. The
            // connection stays open.
            std::future::pending::<()>().await;
        }
        if to_server.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
