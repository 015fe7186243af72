//! Why there is no report.

/// Why there is no report, as a clause.
#[derive(Debug, thiserror::Error)]
pub enum NoReport {
    /// The server refused a query, or the connection broke.
    #[error("the database did not answer what the analysis asked")]
    Query(#[source] sqlx::Error),
    /// The server did not answer in time.
    #[error("the database gave no answer in time")]
    NoAnswer,
    /// The plan is of another history.
    #[error("a pending migration has no file")]
    NoFile,
    /// No thread could be started for the work.
    #[error("no thread could be started")]
    NoThread,
    /// The work panicked.
    #[error("the analysis failed")]
    GaveUp,
    /// The work took too long.
    #[error("the analysis took too long")]
    TookTooLong,
}
