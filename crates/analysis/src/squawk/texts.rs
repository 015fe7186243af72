//! The texts of squawk's findings: what happens to whom, and what to do about it.
//!
//! squawk's own texts are about any database, and some quote a name of any length from the script. Every rendering
//! shows the statement beside the finding, so none of these texts names the object.

use squawk_linter::Rule;

/// The sentence of a finding, and what to do.
const TEXTS: &[(Rule, &str, &str)] = &[
    (
        Rule::AddingRequiredField,
        "An INSERT that does not name the new column fails from now on, as the column is NOT NULL and has no default",
        "Give the column a default. Or add it without NOT NULL, fill the old rows, and set NOT NULL in a later migration, when all code writes the column",
    ),
    (
        Rule::BanAddCompositeAttribute,
        "Code that reads a value of the type by position gets one attribute more",
        "Before this migration, deploy code that can read both forms",
    ),
    (
        Rule::BanAlterDatabaseOptions,
        "Every session that begins later has the new setting, of every application",
        "Let the administrator of the database change it, or set it for one role only",
    ),
    (
        Rule::BanAlterDomainWithAddConstraint,
        "PostgreSQL checks every row of every table with a column of the domain, and writers of these tables wait meanwhile",
        "Add it NOT VALID, and validate it in a later migration",
    ),
    (
        Rule::BanAlterExtension,
        "The extension's own script changes its objects, and may lock tables that use them",
        "Read the notes of the extension's versions in between, and try the update on a copy of the database",
    ),
    (
        Rule::BanAlterFunctionOptions,
        "When this script commits, every caller of the function gets its new options",
        "Check that its callers, and the indexes and policies that use it, still work with them",
    ),
    (
        Rule::BanAlterGeneratedExpression,
        "When this script commits, readers of the column get other values",
        "Before this migration, deploy code that can read both",
    ),
    (
        Rule::BanAlterIdentity,
        "An INSERT that gives a value of its own, or that gives none, may fail from now on",
        "Before this migration, deploy INSERTs that work both ways",
    ),
    (
        Rule::BanAlterPolicyCondition,
        "When this script commits, the roles of the policy see and change other rows",
        "Compare which rows the old and the new condition find, for each of the roles",
    ),
    (
        Rule::BanAlterPolicyRoles,
        "When this script commits, the policy holds for other roles",
        "Name the roles that lose rows by it, and check that they do not need them",
    ),
    (
        Rule::BanAlterRoleOptions,
        "The role may do more or less from now on, in every database of the server",
        "Let the administrator of the server change roles",
    ),
    (
        Rule::BanAlterRowLevelSecurity,
        "Where row level security is on, a role without a policy sees no row of the table",
        "Make the policies in the same script, before it is enabled",
    ),
    (
        Rule::BanAlterSequenceValues,
        "The sequence's next values may be used already, or run out",
        "Compare the new values with the largest one in the table",
    ),
    (
        Rule::BanAlterViewOptions,
        "From now on, the view checks the rights of another role, or accepts other writes",
        "Check that each reader of the view may read the tables below it",
    ),
    (
        Rule::BanCreatePolicy,
        "Where row level security is on, the policy's roles see and change other rows from now on",
        "Count the rows that the condition finds, for each of the roles",
    ),
    (
        Rule::BanDetachInheritance,
        "The rows stay in the table, but a query of the parent table no longer finds them",
        "Before this migration, deploy code that reads the table by its own name",
    ),
    (
        Rule::BanDisableTrigger,
        "From now on, the trigger or the rule does not run, or runs again",
        "Write into the migration when it is enabled again, and how the rows that are written meanwhile are corrected",
    ),
    (
        Rule::BanDropColumn,
        "Code that still uses a dropped column fails, and the column's values are lost",
        "Before this migration, deploy code that neither reads nor writes the column. If it is NOT NULL without a default, drop its NOT NULL in an earlier migration, or the INSERTs of that code fail. Copy the values to another table if they may be needed",
    ),
    (
        Rule::BanDropConstraint,
        "PostgreSQL no longer checks the constraint, and accepts rows that it refused before. If it is a foreign key, rows may refer to rows that do not exist, and its ON DELETE and ON UPDATE actions no longer happen",
        "Check whether this script adds the constraint again. If not, the code has to keep the rule itself. For a foreign key, it also has to handle the referring rows each time it deletes a row or changes its key",
    ),
    (
        Rule::BanDropDatabase,
        "The database is lost with all of its data",
        "Do it by hand, when a backup has been restored as a test",
    ),
    (
        Rule::BanAlterSystemOptions,
        "It changes a setting of the whole server, and RDS refuses it",
        "Set it in the instance's parameter group",
    ),
    (
        Rule::BanDuplicateColumnAssignments,
        "A column is named more than once, and PostgreSQL refuses the statement",
        "Name each column once",
    ),
    (
        Rule::BanDropDefault,
        "An INSERT that leaves the column out gets NULL from now on, or fails if the column is NOT NULL",
        "Before this migration, deploy code that always gives a value",
    ),
    (
        Rule::BanDropDomain,
        "Code that uses the domain, in a cast for example, fails from now on. If a column, or an argument or result of a function, still has the domain, this statement fails",
        "Before this migration, deploy code that does not use it. Before this statement, change or drop the columns and functions that use it",
    ),
    (
        Rule::BanDropExtension,
        "Code that calls the extension's functions fails from now on. If a column is of one of its types, this statement fails",
        "Before this migration, deploy code that does not need the extension, and change those columns",
    ),
    (
        Rule::BanDropFunction,
        "Code that calls the function fails from now on",
        "Before this migration, deploy code that does not call it. To change a function, use CREATE OR REPLACE",
    ),
    (
        Rule::BanDropGeneratedExpression,
        "The column keeps its values, but PostgreSQL no longer computes new ones",
        "Before this migration, deploy code that writes the column",
    ),
    (
        Rule::BanDropIndex,
        "Queries that use the index may become slow. If it is unique, PostgreSQL accepts duplicate values from now on, and INSERT ... ON CONFLICT on its columns fails if no other unique index fits",
        "Check on the primary and on each replica whether idx_scan of the index in pg_stat_user_indexes still grows. If it does, queries use it: keep it, or create another one first. If it is unique, search the code also for ON CONFLICT on these columns, and for code that expects a duplicate key",
    ),
    (
        Rule::BanDropNotNull,
        "Code that reads the column may get NULL from now on, which was not possible before",
        "Before this migration, deploy code that accepts NULL in the column",
    ),
    (
        Rule::BanDropPolicy,
        "Rows that the policy showed to its roles are hidden from now on, or rows that it hid are shown",
        "Count the rows that each role sees before and after, on a copy of the database",
    ),
    (
        Rule::BanDropSchema,
        "Code that names an object of the schema fails. With CASCADE, the tables of the schema are dropped with their rows",
        "Drop the objects by name first, and then the schema, without CASCADE",
    ),
    (
        Rule::BanDropSequence,
        "Code that takes a number from the sequence fails, and the number that it had reached is lost",
        "Before this migration, deploy code that does not use it",
    ),
    (
        Rule::BanDropTable,
        "Code that still uses the table fails, and its rows are lost",
        "Before this migration, deploy code that does not use the table. In this migration, only rename it. If nothing fails, drop it in a later migration",
    ),
    (
        Rule::BanDropTrigger,
        "The trigger does not run any more: its work is not done for new rows",
        "Before this migration, deploy code that does this work, or check that no code needs it",
    ),
    (
        Rule::BanDropType,
        "Code that uses the type, in a cast for example, fails from now on. If a column, or an argument or result of a function, still has the type, this statement fails",
        "Before this migration, deploy code that does not use it. Before this statement, change or drop the columns and functions that use it",
    ),
    (
        Rule::BanDropView,
        "Code that reads the view fails, unless this script creates it again. The rights that were granted on it are lost",
        "Create it again in the same script, with its rights. Or, before this migration, deploy code that does not read it",
    ),
    (
        Rule::BanNewWriteRestriction,
        "From now on, PostgreSQL refuses each write that breaks what this statement adds",
        "Before this migration, look for rows that break it: they make this statement fail, unless it says NOT VALID. Check that running code writes no such row. For a foreign key, check also which rows its ON DELETE action will delete or change",
    ),
    (
        Rule::BanReplaceViewFunction,
        "When this script commits, all code that uses the view or the function gets the new definition. Code that needs the old behaviour may fail or get wrong results",
        "Compare the old and the new definition. If the meaning changes, create one with a new name, and change the code that uses it step by step",
    ),
    (
        Rule::BanReplicaIdentity,
        "Subscribers of the table's changes get other columns of the old row, or none",
        "Check that each subscriber still finds the row by what it gets",
    ),
    (
        Rule::BanRevoke,
        "Code that runs as the role fails where it needs the revoked right",
        "Before this migration, check what the code of this role does",
    ),
    (
        Rule::BanSetSchema,
        "Code that looks for it in its old schema fails from now on",
        "Leave a view with the old name in the old schema, or deploy code that finds it in both schemas",
    ),
    (
        Rule::BanTruncateCascade,
        "CASCADE also empties every table that refers to this one, and the statement does not name them",
        "Name each table that is to be emptied, without CASCADE",
    ),
    (
        Rule::ChangingColumnType,
        "Code that uses the column gets values of another type from now on. If a value cannot be converted, this statement fails",
        "Before this migration, deploy code that works with both types, and change the rows whose values cannot be converted",
    ),
    (
        Rule::IdentifierTooLong,
        "A name is longer than 63 bytes, and PostgreSQL cuts it. IF NOT EXISTS then does nothing if another object has the shortened name",
        "Choose a name of at most 63 bytes",
    ),
    (
        Rule::RenamingColumn,
        "Code that uses the old name of the column fails after this migration, and code that uses the new name fails before it",
        "Do not rename. Add the new column, deploy code that writes both, copy the old values in batches, deploy code that uses only the new one, and drop the old column in a later migration",
    ),
    (
        Rule::RenamingTable,
        "Code that uses the old name of the table fails from now on",
        "Leave a view with the old name until no code uses it",
    ),
    (
        Rule::RenamingObject,
        "Code and functions that use the old name fail from now on, unless this script gives the name to another object",
        "Before this migration, deploy code that does not name it, and change the functions that do in this migration, after the rename. If another object gets the name, check that this code works with it",
    ),
];

/// Returns the texts on `rule`; `None` for a rule that is not used.
pub(super) fn text(rule: Rule) -> Option<(&'static str, &'static str)> {
    TEXTS.iter().find(|(other, ..)| *other == rule).map(|(_, text, way)| (*text, *way))
}
