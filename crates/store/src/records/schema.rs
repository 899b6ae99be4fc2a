//! The tables, and the migrations that bring an older database to them.
//!
//! A kind that is new in [`Kind::ALL`] needs no migration: its table is made when the database is opened. A migration is
//! for what changes tables that exist.

use sea_orm::sea_query::{ColumnDef, ConditionalStatement, Expr, ExprTrait, Index, SimpleExpr, Table};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::prelude::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use swordnet_core::Kind;

/// The columns that every table has.
pub const COLUMNS: [&str; 9] = [ID, PARENT, SITE, WORK, STATE, AT, DUE, VERSION, BODY];
pub const ID: &str = "id";
pub const PARENT: &str = "parent";
pub const SITE: &str = "site";
pub const WORK: &str = "work";
pub const STATE: &str = "state";
/// Microseconds since 1970, as `DUE`.
pub const AT: &str = "at";
pub const DUE: &str = "due";
pub const VERSION: &str = "version";
pub const BODY: &str = "body";

/// Columns by which records are looked up, each with an index that ends in the identifier, the order of every answer.
const LOOKED_UP: [&str; 6] = [PARENT, SITE, WORK, STATE, AT, DUE];

/// That a column holds something. Indexes leave out the rows where it does not, which for many kinds is all of them; a
/// query says it too, word for word, because a database uses such an index only where it sees that the query needs no more
/// (SQLite, Partial Indexes, section 3; PostgreSQL, section 11.8).
pub fn holds(column: &'static str) -> SimpleExpr {
    match column {
        AT | DUE => Expr::col(column).is_not_null(),
        _ => Expr::cust(format!("{column} <> ''")),
    }
}

/// Brings the database to the present form.
pub async fn prepare(database: &DatabaseConnection) -> Result<(), DbErr> {
    Migrator::up(database, None).await?;
    make_tables(database).await
}

/// Makes the tables and indexes that are not there yet.
async fn make_tables(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    for kind in Kind::ALL {
        let mut table = Table::create();
        table
            .table(kind.key())
            .if_not_exists()
            .col(ColumnDef::new(ID).text().not_null().primary_key());
        for column in [PARENT, SITE, WORK, STATE] {
            table.col(ColumnDef::new(column).text().not_null());
        }
        table
            .col(ColumnDef::new(AT).big_integer())
            .col(ColumnDef::new(DUE).big_integer());
        table.col(ColumnDef::new(VERSION).integer().not_null());
        table.col(ColumnDef::new(BODY).text().not_null());
        database.execute(&table).await?;
        for column in LOOKED_UP {
            let mut index = Index::create();
            index.name(format!("{}_{}", kind.key(), column)).table(kind.key());
            index.if_not_exists().col(column).col(ID).and_where(holds(column));
            database.execute(&index).await?;
        }
    }
    Ok(())
}

/// The migrations, oldest first; one that was released is never changed.
struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Tables)]
    }
}

/// The first form: one table for each kind.
struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "m0001_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make_tables(manager.get_connection()).await
    }
}
