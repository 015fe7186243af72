//! Asks the database about everything that a plan's report needs, within a time limit.

use std::time::Duration;

use report::{Report, Server};
use sqlx::PgConnection;

use super::scripts::Scripts;
use super::{Pending, Subject, needs, report};
use crate::apart::apart;
use crate::catalog::{self, Catalog, Named};
use crate::effects::named_in;
use crate::{NoReport, server};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A plan's scripts, with the database's answers about the objects that they touch.
#[derive(Clone)]
pub struct Answers {
    pub(super) scripts: Scripts,
    /// The relations that the scripts name, and related ones.
    pub catalog: Catalog,
    /// The state of the server, and the privileges that the role lacks.
    pub server: Server,
}

/// Asks the database for all that the report on `pending` needs. The session must not be in a transaction.
///
/// # Errors
///
/// By cause: see [`NoReport`].
pub async fn ask_database(connection: &mut PgConnection, pending: Vec<Pending>) -> Result<Answers, NoReport> {
    let (scripts, named) = apart(move || {
        let scripts = Scripts::parse(pending);
        let mut named = Named::default();
        for script in scripts.iter() {
            named.extend(named_in(&script.parse));
        }
        (scripts, named)
    })
    .await?;
    let (catalog, mut server) = asked(async {
        let catalog = catalog::ask_catalog(&mut *connection, &named).await?;
        Ok((catalog, server::ask_server(&mut *connection).await?))
    })
    .await?;
    let (scripts, catalog, needs) = apart(move || {
        let needs = needs(&scripts, &catalog);
        (scripts, catalog, needs)
    })
    .await?;
    server.missing_privileges = asked(server::missing(connection, &needs)).await?;
    Ok(Answers { scripts, catalog, server })
}

/// Returns the database's answer, if it comes in time.
async fn asked<T>(answer: impl Future<Output = sqlx::Result<T>>) -> Result<T, NoReport> {
    tokio::time::timeout(PATIENCE, answer).await.map_err(|_| NoReport::NoAnswer)?.map_err(NoReport::Query)
}

impl Answers {
    /// Makes the report. That needs a [deep stack](crate::apart).
    pub fn report(self, subject: Subject) -> Report {
        report(subject, self)
    }
}
