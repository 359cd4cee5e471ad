//! PostgreSQL and MariaDB in pure Rust, dressed as ordinary diesel connections that never wait for ever.

use std::pin::Pin;
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, CacheSize, Connection, ConnectionSealed};
use diesel::connection::{Instrumentation, LoadConnection, SimpleConnection, TransactionManager};
use diesel::migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection};
use futures_util::{Stream, StreamExt};

use super::io;

/// A PostgreSQL connection.
pub type PgConnection = Driver<AsyncPgConnection>;
/// A MariaDB or MySQL connection.
pub type MysqlConnection = Driver<AsyncMysqlConnection>;

/// How long one answer may take where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a connection of a pool may take to say that it is alive.
const PING_PATIENCE: Duration = Duration::from_secs(5);

/// A blocking diesel connection over an asynchronous driver. After an answer that did not come it is broken.
pub struct Driver<C> {
    inner: C,
    transactions: AnsiTransactionManager,
    patience: Duration,
    silent: bool,
}

impl<C: AsyncConnection> Driver<C> {
    /// Wraps an open connection.
    pub fn new(inner: C) -> Self {
        let transactions = AnsiTransactionManager::default();
        Self {
            inner,
            transactions,
            patience: PATIENCE,
            silent: false,
        }
    }

    /// Lets no answer, and no row of one, take longer than this.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }
}

/// Waits for a part of an answer and notes when it does not come.
fn wait<T>(
    silent: &mut bool,
    patience: Duration,
    answer: impl Future<Output = QueryResult<T>>,
) -> QueryResult<T> {
    if *silent {
        return Err(no_answer(patience));
    }
    io::wait(async { tokio::time::timeout(patience, answer).await }).unwrap_or_else(|_| {
        *silent = true;
        Err(no_answer(patience))
    })
}

fn no_answer(patience: Duration) -> Error {
    let text = format!(
        "the server did not answer within {} seconds",
        patience.as_secs()
    );
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(text))
}

impl<C: AsyncConnection> SimpleConnection for Driver<C> {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        wait(
            &mut self.silent,
            self.patience,
            self.inner.batch_execute(query),
        )
    }
}

impl<C> ConnectionSealed for Driver<C> {}

impl<C: AsyncConnection> Connection for Driver<C> {
    type Backend = C::Backend;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        io::wait(C::establish(url)).map(Self::new)
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Self::Backend> + QueryId,
    {
        wait(
            &mut self.silent,
            self.patience,
            self.inner.execute_returning_count(source),
        )
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

impl<C: AsyncConnection> LoadConnection for Driver<C> {
    type Cursor<'conn, 'query>
        = Rows<'conn, C::Stream<'conn, 'query>>
    where
        Self: 'conn;
    type Row<'conn, 'query>
        = C::Row<'conn, 'query>
    where
        Self: 'conn;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Rows<'conn, C::Stream<'conn, 'query>>>
    where
        T: Query + QueryFragment<Self::Backend> + QueryId + 'query,
        Self::Backend: diesel::expression::QueryMetadata<T::SqlType>,
    {
        let Self {
            inner,
            patience,
            silent,
            ..
        } = self;
        let stream = wait(silent, *patience, inner.load(source))?;
        Ok(Rows {
            stream: Box::pin(stream),
            patience: *patience,
            silent,
        })
    }
}

/// The rows of an answer as they come.
pub struct Rows<'conn, S> {
    stream: Pin<Box<S>>,
    patience: Duration,
    silent: &'conn mut bool,
}

impl<R, S: Stream<Item = QueryResult<R>>> Iterator for Rows<'_, S> {
    type Item = QueryResult<R>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = async { self.stream.next().await.transpose() };
        wait(self.silent, self.patience, next).transpose()
    }
}

impl<C: AsyncConnection> MigrationConnection for Driver<C>
where
    Self: Connection,
{
    fn setup(&mut self) -> QueryResult<usize> {
        self.batch_execute(CREATE_MIGRATIONS_TABLE).map(|()| 0)
    }
}

impl<C: AsyncConnection + 'static> diesel::r2d2::R2D2Connection for Driver<C> {
    fn ping(&mut self) -> QueryResult<()> {
        wait(
            &mut self.silent,
            PING_PATIENCE,
            self.inner.batch_execute("select 1"),
        )
    }

    fn is_broken(&mut self) -> bool {
        self.silent || AnsiTransactionManager::is_broken_transaction_manager(self)
    }
}
