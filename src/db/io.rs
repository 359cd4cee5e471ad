//! The one runtime that carries the wire protocols, and the wait for it.

use std::future::Future;
use std::sync::LazyLock;

use diesel_async::async_connection_wrapper::BlockOn;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("database-io")
        .enable_all()
        .build()
        .expect("the operating system starts one thread")
});

/// Runs a future of a database driver to its end. Call it on a blocking thread only.
pub fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.handle().block_on(future)
}

/// How every blocking connection waits for its driver.
pub struct Io;

impl BlockOn for Io {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        wait(future)
    }

    fn get_runtime() -> Self {
        Self
    }
}
