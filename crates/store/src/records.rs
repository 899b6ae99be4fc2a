//! Records in an SQL database: a table for each kind, the keys as columns, the body as JSON.
//!
//! The statements are built by sea-query and are the same for every database; what differs stands in `records/sqlite.rs`
//! (how to connect and lock) and `records/schema.rs` (column types). Instants are whole microseconds since 1970 in UTC, so
//! that they sort as numbers everywhere.

mod schema;
mod sqlite;

use crate::{Error, Expect, Query, Records};
use async_trait::async_trait;
use schema::{AT, BODY, COLUMNS, DUE, ID, PARENT, SITE, STATE, WORK};
use sea_orm::sea_query::{
    DeleteStatement, Expr, ExprTrait, Func, InsertStatement, OnConflict, Order, Query as Sql,
    SelectStatement, SimpleExpr,
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionOptions, TransactionTrait,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use swordnet_core::{Kind, Record, Timestamp};

/// Version of the form in which records are written; beside each body, for those who must read it later.
const VERSION: i32 = 1;
/// Rows written by one statement: powers of four, so that few statements are prepared. SQLite takes 32 766 parameters,
/// PostgreSQL 65 535; a row has nine.
const ROWS: [usize; 5] = [1024, 256, 64, 16, 1];
/// Identifiers asked for by one statement.
const IDS: usize = 1000;

/// Opens the records that a URL names, making what is missing: `sqlite:///path/to/file.db`.
pub async fn open(url: &str) -> Result<Arc<dyn Records>, Error> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Arc::new(sqlite::open(url).await?)),
        _ => Err(Error::BadUrl(url.into(), "records are kept at sqlite:///FILE")),
    }
}

/// Records in an SQL database.
struct SqlRecords {
    database: DatabaseConnection,
    /// How a writing transaction begins, so that what it read holds until it ends.
    writing: TransactionOptions,
    /// Writers of one process queue here, in order, instead of at the database's lock.
    turn: tokio::sync::Mutex<()>,
}

fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.as_microsecond())
}

fn backend(error: DbErr) -> Error {
    Error::Backend(error.to_string())
}

impl SqlRecords {
    async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        let begun = self.database.begin_with_options(self.writing);
        begun.await.map_err(backend)
    }
}

#[async_trait]
impl Records for SqlRecords {
    async fn commit(&self, records: Vec<Record>, expect: Vec<Expect>) -> Result<(), Error> {
        let rows = rows(records)?;
        let _turn = self.turn.lock().await;
        let transaction = self.begin().await?;
        check(&transaction, &expect).await?;
        write(&transaction, rows).await?;
        transaction.commit().await.map_err(backend)
    }

    async fn replace(&self, records: Vec<Record>, gone: Vec<(Kind, String)>) -> Result<(), Error> {
        let rows = rows(records)?;
        let _turn = self.turn.lock().await;
        let transaction = self.begin().await?;
        for (kind, id) in gone {
            let deleted = transaction.execute(&delete(kind, &id)).await.map_err(backend)?;
            if deleted.rows_affected() == 0 {
                let kind = kind.key().into();
                return Err(Error::Conflict { kind, id });
            }
        }
        write(&transaction, rows).await?;
        transaction.commit().await.map_err(backend)
    }

    async fn fetch(&self, kind: Kind, id: &str) -> Result<Option<Record>, Error> {
        let mut select = bodies(kind);
        select.and_where(Expr::col(ID).eq(id));
        let row = self.database.query_one(&select).await.map_err(backend)?;
        row.map(|row| read(kind, &row)).transpose()
    }

    async fn select(&self, kind: Kind, query: &Query) -> Result<Vec<Record>, Error> {
        let mut select = bodies(kind);
        restrict(&mut select, query);
        select.order_by(ID, Order::Asc);
        if let Some(limit) = query.limit {
            select.limit(limit);
        }
        let rows = self.database.query_all(&select).await.map_err(backend)?;
        rows.iter().map(|row| read(kind, row)).collect()
    }

    async fn count(&self, kind: Kind, query: &Query) -> Result<u64, Error> {
        let mut select = Sql::select();
        select.expr(Func::count(Expr::col(ID))).from(kind.key());
        restrict(&mut select, query);
        let row = self.database.query_one(&select).await.map_err(backend)?;
        let count: i64 = row
            .map(|row| row.try_get_by_index(0))
            .transpose()
            .map_err(backend)?
            .unwrap_or(0);
        Ok(count.unsigned_abs())
    }

    async fn remove(&self, kind: Kind, id: &str) -> Result<bool, Error> {
        let _turn = self.turn.lock().await;
        let gone = self.database.execute(&delete(kind, id)).await.map_err(backend)?;
        Ok(gone.rows_affected() > 0)
    }
}

/// Values in the order of [`COLUMNS`], by kind and identifier: of two with the same, the later counts.
type Rows = BTreeMap<Kind, BTreeMap<String, [SimpleExpr; 9]>>;

fn rows(records: Vec<Record>) -> Result<Rows, Error> {
    let mut rows = Rows::new();
    for record in records {
        let (id, keys) = (record.id().to_owned(), record.keys());
        let body = record
            .body()
            .map_err(|e| Error::Unreadable(id.clone(), e.to_string()))?;
        let row = [
            id.clone().into(),
            keys.parent.into(),
            keys.site.into(),
            keys.work.into(),
            keys.state.into(),
            micros(keys.at).into(),
            micros(keys.due).into(),
            VERSION.into(),
            body.into(),
        ];
        rows.entry(record.kind()).or_default().insert(id, row);
    }
    Ok(rows)
}

async fn write(transaction: &DatabaseTransaction, rows: Rows) -> Result<(), Error> {
    for (kind, rows) in rows {
        let mut rest: Vec<[SimpleExpr; 9]> = rows.into_values().collect();
        while let Some(size) = ROWS.into_iter().find(|&size| size <= rest.len()) {
            let batch = rest.split_off(rest.len() - size);
            transaction.execute(&upsert(kind, batch)).await.map_err(backend)?;
        }
    }
    Ok(())
}

fn delete(kind: Kind, id: &str) -> DeleteStatement {
    let mut delete = Sql::delete();
    delete.from_table(kind.key()).and_where(Expr::col(ID).eq(id));
    delete
}

fn upsert(kind: Kind, rows: Vec<[SimpleExpr; 9]>) -> InsertStatement {
    let mut insert = Sql::insert();
    insert.into_table(kind.key()).columns(COLUMNS);
    for row in rows {
        insert.values_panic(row);
    }
    insert.on_conflict(
        OnConflict::column(ID)
            .update_columns(COLUMNS.into_iter().skip(1))
            .to_owned(),
    );
    insert
}

/// Do the expectations hold? Asked inside the transaction that then writes.
async fn check(transaction: &DatabaseTransaction, expect: &[Expect]) -> Result<(), Error> {
    let mut kinds: BTreeMap<Kind, Vec<&Expect>> = BTreeMap::new();
    for one in expect {
        kinds.entry(one.kind).or_default().push(one);
    }
    for (kind, expected) in kinds {
        for some in expected.chunks(IDS) {
            let mut select = Sql::select();
            select.columns([ID, STATE]).from(kind.key());
            select.and_where(Expr::col(ID).is_in(some.iter().map(|one| one.id.as_str())));
            let mut states: BTreeMap<String, String> = BTreeMap::new();
            for row in transaction.query_all(&select).await.map_err(backend)? {
                let id = row.try_get_by_index(0).map_err(backend)?;
                states.insert(id, row.try_get_by_index(1).map_err(backend)?);
            }
            if let Some(broken) = some.iter().find(|one| states.get(&one.id) != one.state.as_ref()) {
                return Err(Error::Conflict {
                    kind: kind.key().into(),
                    id: broken.id.clone(),
                });
            }
        }
    }
    Ok(())
}

fn bodies(kind: Kind) -> SelectStatement {
    let mut select = Sql::select();
    select.columns([ID, BODY]).from(kind.key());
    select
}

fn read(kind: Kind, row: &sea_orm::QueryResult) -> Result<Record, Error> {
    let id: String = row.try_get_by_index(0).map_err(backend)?;
    let body: String = row.try_get_by_index(1).map_err(backend)?;
    Record::from_body(kind, &body)
        .map_err(|e| Error::Unreadable(format!("{} {id}", kind.key()), e.to_string()))
}

fn restrict(select: &mut SelectStatement, query: &Query) {
    let texts = [(PARENT, &query.parent), (SITE, &query.site), (WORK, &query.work)];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            narrow(
                select,
                column,
                Expr::col(column).eq(wanted.as_str()),
                !wanted.is_empty(),
            );
        }
    }
    let states = || query.states.iter().map(String::as_str);
    if !query.states.is_empty() {
        narrow(
            select,
            STATE,
            Expr::col(STATE).is_in(states()),
            states().all(|state| !state.is_empty()),
        );
    }
    if let Some(from) = micros(query.from) {
        narrow(select, AT, Expr::col(AT).gte(from), true);
    }
    if let Some(until) = micros(query.until) {
        narrow(select, AT, Expr::col(AT).lt(until), true);
    }
    if let Some(due) = micros(query.due_by) {
        narrow(select, DUE, Expr::col(DUE).lte(due), true);
    }
    if let Some(after) = &query.after {
        select.and_where(Expr::col(ID).gt(after.as_str()));
    }
}

/// Adds a condition on a column; `indexed`: only rows in which the column holds something can fit.
fn narrow(select: &mut SelectStatement, column: &'static str, condition: SimpleExpr, indexed: bool) {
    select.and_where(condition);
    if indexed {
        select.and_where(schema::holds(column));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::sea_query::SqliteQueryBuilder;

    /// Each way to narrow is answered by its index, not by reading the whole table.
    #[test]
    fn queries_use_their_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/r.db", folder.path().display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let records = sqlite::open(&url).await.unwrap();
            let text = || Some("x".to_owned());
            let now = Some(Timestamp::UNIX_EPOCH);
            for (query, index) in [
                (
                    Query {
                        parent: text(),
                        ..Query::default()
                    },
                    "notices_parent",
                ),
                (
                    Query {
                        site: text(),
                        ..Query::default()
                    },
                    "notices_site",
                ),
                (
                    Query {
                        work: text(),
                        ..Query::default()
                    },
                    "notices_work",
                ),
                (
                    Query {
                        states: vec!["issued".into()],
                        ..Query::default()
                    },
                    "notices_state",
                ),
                (
                    Query {
                        from: now,
                        until: now,
                        ..Query::default()
                    },
                    "notices_at",
                ),
                (
                    Query {
                        due_by: now,
                        ..Query::default()
                    },
                    "notices_due",
                ),
            ] {
                let mut select = bodies(Kind::Notice);
                restrict(&mut select, &query);
                // Without the order: an empty table may as well be read in the order of its identifiers.
                let plan = format!("EXPLAIN QUERY PLAN {}", select.to_string(SqliteQueryBuilder));
                let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, plan);
                let rows = records.database.query_all_raw(statement).await.unwrap();
                let plan: String = rows[0].try_get("", "detail").unwrap();
                assert!(plan.contains(&format!("USING INDEX {index} ")), "{plan}");
            }
        });
    }

    /// A kind that joined after the database was made.
    #[test]
    fn a_missing_table_is_made_on_opening() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/r.db", folder.path().display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let records = sqlite::open(&url).await.unwrap();
            records
                .database
                .execute_unprepared("DROP TABLE segments")
                .await
                .unwrap();
            assert!(matches!(
                records.count(Kind::Segment, &Query::default()).await,
                Err(Error::Backend(_))
            ));
            let records = sqlite::open(&url).await.unwrap();
            assert_eq!(records.count(Kind::Segment, &Query::default()).await.unwrap(), 0);
        });
    }
}
