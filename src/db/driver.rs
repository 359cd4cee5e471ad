//! PostgreSQL and MariaDB in pure Rust, dressed as ordinary diesel connections.

use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
};
use diesel::connection::{LoadConnection, SimpleConnection, TransactionManager};
use diesel::migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection};

use super::io::Io;

/// A PostgreSQL connection.
pub type PgConnection = Driver<AsyncPgConnection>;
/// A MariaDB or MySQL connection.
pub type MysqlConnection = Driver<AsyncMysqlConnection>;

type Inner<C> = AsyncConnectionWrapper<C, Io>;

/// A blocking diesel connection over an asynchronous driver.
pub struct Driver<C> {
    inner: Inner<C>,
    transactions: AnsiTransactionManager,
}

impl<C: AsyncConnection> Driver<C> {
    /// Wraps an open connection.
    pub fn new(connection: C) -> Self {
        Self {
            inner: connection.into(),
            transactions: AnsiTransactionManager::default(),
        }
    }
}

impl<C: AsyncConnection> SimpleConnection for Driver<C> {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.inner.batch_execute(query)
    }
}

impl<C> ConnectionSealed for Driver<C> {}

impl<C: AsyncConnection> Connection for Driver<C>
where
    Inner<C>: Connection<Backend = C::Backend>,
{
    type Backend = C::Backend;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        let connection = super::io::wait(C::establish(url))?;
        Ok(Self::new(connection))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Self::Backend> + QueryId,
    {
        self.inner.execute_returning_count(source)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        Connection::instrumentation(&mut self.inner)
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        Connection::set_instrumentation(&mut self.inner, instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        Connection::set_prepared_statement_cache_size(&mut self.inner, size);
    }
}

impl<C: AsyncConnection> LoadConnection for Driver<C>
where
    Inner<C>: LoadConnection<Backend = C::Backend>,
{
    type Cursor<'conn, 'query>
        = <Inner<C> as LoadConnection>::Cursor<'conn, 'query>
    where
        Self: 'conn;
    type Row<'conn, 'query>
        = <Inner<C> as LoadConnection>::Row<'conn, 'query>
    where
        Self: 'conn;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Self::Backend> + QueryId + 'query,
        Self::Backend: diesel::expression::QueryMetadata<T::SqlType>,
    {
        LoadConnection::load(&mut self.inner, source)
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

impl<C: AsyncConnection + 'static> diesel::r2d2::R2D2Connection for Driver<C>
where
    Self: Connection<TransactionManager = AnsiTransactionManager>,
{
    fn ping(&mut self) -> QueryResult<()> {
        self.batch_execute("select 1")
    }

    fn is_broken(&mut self) -> bool {
        AnsiTransactionManager::is_broken_transaction_manager(self)
    }
}
