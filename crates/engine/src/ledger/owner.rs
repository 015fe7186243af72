//! Refuses a ledger that another role made, with its own code behind it.
//!
//! A role that may create objects in the schema can create the ledger before our first run: as a view that calls a
//! function, or with a trigger. A query on the ledger would then run that role's code with our role's rights.

use super::guards::mark;
use super::statements::Statements;
use crate::quote::{identifier, literal};
use crate::session::Session;
use crate::{Error, Result};

/// The text of the error of [`Statements::refuse_others_code`].
const OTHERS_CODE: &str = "lockstep guard: the ledger runs another role's code";

impl Statements {
    /// Returns a statement that fails, before anything is read, if the ledger belongs to another role and is more than
    /// a plain table. Otherwise it gives a row with `false`.
    pub(super) fn refuse_others_code(&self) -> String {
        format!(
            "SELECT CASE WHEN EXISTS ({}) THEN {} IS NULL ELSE false END",
            self.with_others_code(),
            mark(OTHERS_CODE)
        )
    }

    /// Returns a query for the owner of such a ledger. A superuser's ledger is left out: a superuser may do anything
    /// anyway.
    fn with_others_code(&self) -> String {
        let of = |catalog: &str| format!("'pg_catalog.{catalog}'::pg_catalog.regclass::pg_catalog.oid");
        format!(
            "SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.oid = pg_catalog.to_regclass({})::pg_catalog.oid \
             AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') AND NOT r.rolsuper \
             AND (c.relkind <> 'r' OR c.relhasrules OR c.relrowsecurity \
             OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
             OR EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname <> 'pg_catalog') \
             OR EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid IN ({}, {}, {}) AND ( \
             d.classid = {} AND d.objid IN (SELECT x.oid FROM pg_catalog.pg_attrdef x WHERE x.adrelid = c.oid) \
             OR d.classid = {} AND d.objid IN (SELECT x.oid FROM pg_catalog.pg_constraint x WHERE x.conrelid = c.oid) \
             OR d.classid = {} AND d.objid IN (SELECT x.indexrelid FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid))))",
            literal(&self.table),
            // Objects of the system itself have no entry here.
            of("pg_proc"),
            of("pg_operator"),
            of("pg_opclass"),
            of("pg_attrdef"),
            of("pg_constraint"),
            of("pg_class"),
        )
    }
}

/// Returns an error if the ledger would run another role's code.
///
/// # Errors
///
/// [`Error::Config`] if it would; when the query fails, by cause.
pub(crate) async fn check(session: &mut Session, statements: &Statements) -> Result<()> {
    let owners = session.values::<String>("looking for the ledger's owner", &statements.with_others_code()).await?;
    let Some(owner) = owners.first() else { return Ok(()) };
    let (table, user) = (statements.table(), session.role());
    Err(Error::Config {
        name: "the ledger".into(),
        reason: format!(
            "{table} belongs to {owner}, and is more than a plain table (a view, or it has a trigger, a rule, a policy, a type or \
             a default of its own), so that {user} would run {owner}'s code. Look at it; then drop it, or run: \
             ALTER TABLE {table} OWNER TO {}",
            identifier(user)
        ),
    })
}
