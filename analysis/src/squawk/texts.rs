//! What a finding of squawk's says here: what happens to whom, and what to do about it.
//!
//! squawk's own texts are about any database, and some quote a name of any length out of the script. The statement stands
//! beside the finding in every rendering, so none of these names what it is about.

use squawk_linter::Rule;

/// The sentence of a finding, and what to do.
const TEXTS: &[(Rule, &str, &str)] = &[
    (
        Rule::AddingRequiredField,
        "An INSERT that does not name the new column fails from now on, as the column is NOT NULL and has no default",
        "Give the column a default, or add it without NOT NULL, and set that when all code fills it",
    ),
    (
        Rule::BanAddCompositeAttribute,
        "Code that reads a value of the type by position gets one attribute more",
        "Before this migration, deploy code that can read both forms",
    ),
    (
        Rule::BanAlterDatabaseOptions,
        "Every session that begins later has the new setting, of every application",
        "Leave settings of the database to who administers it, or set it for the role alone",
    ),
    (
        Rule::BanAlterDomainWithAddConstraint,
        "The constraint is tried on every row of every table with a column of the domain, while their writers wait",
        "Add it NOT VALID, and validate it in a later migration",
    ),
    (
        Rule::BanAlterExtension,
        "The extension's own script changes its objects, and may lock tables that use them",
        "Read the notes of the extension's versions in between, and try the update on a copy of the database",
    ),
    (
        Rule::BanAlterFunctionOptions,
        "Every caller of the function has its new options from the end of this script on",
        "Make sure that its callers, its indexes and its policies still hold with them",
    ),
    (
        Rule::BanAlterGeneratedExpression,
        "Readers of the column get other values from the end of this script on",
        "Before this migration, deploy code that can read both",
    ),
    (
        Rule::BanAlterIdentity,
        "An INSERT that gives a value of its own, or that gives none, may fail from now on",
        "Before this migration, deploy INSERTs that work both ways",
    ),
    (
        Rule::BanAlterPolicyCondition,
        "The roles of the policy see and change other rows from the end of this script on",
        "Compare which rows the old and the new condition find, for each of the roles",
    ),
    (
        Rule::BanAlterPolicyRoles,
        "Other roles see the rows of the policy from the end of this script on",
        "Name the roles that lose the rows, and make sure that none of them needs them",
    ),
    (
        Rule::BanAlterRoleOptions,
        "The role may do more or less from now on, in every database of the server",
        "Leave roles to who administers the server",
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
        "Whose privileges count, or what can be written through the view, is another from now on",
        "Make sure that each reader of the view may read what is below it",
    ),
    (
        Rule::BanCreatePolicy,
        "Where row level security is on, the policy's roles see and change other rows from now on",
        "Count the rows that the condition finds, for each of the roles",
    ),
    (
        Rule::BanDetachInheritance,
        "The rows stay where they are, and no query of the parent table finds them any more",
        "Before this migration, deploy code that reads the table by its own name",
    ),
    (
        Rule::BanDisableTrigger,
        "What the trigger or the rule did for each row is not done from now on, or is done again",
        "Say in the migration when it is enabled again, and what becomes of the rows in between",
    ),
    (
        Rule::BanDropColumn,
        "Code that still uses the column fails, and its values are lost",
        "Before this migration, deploy code that does not use the column, also not through SELECT *",
    ),
    (
        Rule::BanDropConstraint,
        "Rows that the constraint refused are accepted from now on; without a foreign key, rows may refer to rows that are not there",
        "Make sure that the code keeps to what the constraint said, or that the same script adds it again",
    ),
    (
        Rule::BanDropDatabase,
        "The database is lost with all of its data",
        "Do it by hand, with a backup that has been tried",
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
        "Code that names the domain fails, and so does the statement while a column is of the domain",
        "Give the columns another type first",
    ),
    (
        Rule::BanDropExtension,
        "Code that calls the extension's functions fails, and so does the statement while a column is of one of its types",
        "Before this migration, deploy code that does without it, and change those columns",
    ),
    (
        Rule::BanDropFunction,
        "Code that calls the function fails from now on",
        "Before this migration, deploy code that does not call it; use CREATE OR REPLACE where it is only changed",
    ),
    (
        Rule::BanDropGeneratedExpression,
        "The column keeps the values that it has, and nothing computes new ones",
        "Before this migration, deploy code that writes the column",
    ),
    (
        Rule::BanDropIndex,
        "Queries that used the index may become slow. A unique index that is dropped refuses no second row any more, and ON CONFLICT on its columns fails",
        "Make sure that no code relies on its uniqueness. Whether queries use it, idx_scan in pg_stat_user_indexes tells, on each replica too; it does not count checks of uniqueness",
    ),
    (
        Rule::BanDropNotNull,
        "Readers may get NULL from the column, where they never did",
        "Deploy code that can read NULL before the first one is written",
    ),
    (
        Rule::BanDropPolicy,
        "Rows that the policy showed are hidden from its roles, or the other way round",
        "Count the rows that each role sees before and after, on a copy of the database",
    ),
    (
        Rule::BanDropSchema,
        "Code that names something in the schema fails, and CASCADE takes its tables with their rows",
        "Drop what is in it by name first, and the schema last, without CASCADE",
    ),
    (
        Rule::BanDropSequence,
        "Code that asks the sequence for a value fails, and the value that it had is lost",
        "Before this migration, deploy code that does without it",
    ),
    (
        Rule::BanDropTable,
        "Code that still uses the table fails, and its rows are lost",
        "Before this migration, deploy code that does not use the table. Rename it first, and drop it in a later migration",
    ),
    (
        Rule::BanDropTrigger,
        "What the trigger did for each row is not done any more",
        "Before this migration, deploy code that does it, or make sure that nothing relies on it",
    ),
    (
        Rule::BanDropType,
        "Code that names the type fails, and so does the statement while a column is of the type",
        "Give the columns another type first",
    ),
    (
        Rule::BanDropView,
        "Code that reads the view fails, unless this script makes it again; rights that were granted on it are lost",
        "Make it again in the same script, with its rights, or deploy code that does not read it before this migration",
    ),
    (
        Rule::BanNewWriteRestriction,
        "Writes that were accepted before may fail from now on",
        "Make sure that running code writes no row that is refused",
    ),
    (
        Rule::BanReplaceViewFunction,
        "From the end of this script on, all code gets the new definition, also code that is deployed already",
        "Compare the old and the new definition: columns, arguments and meaning. Make one of another name if the meaning changes",
    ),
    (
        Rule::BanReplicaIdentity,
        "Subscribers that follow the table's changes get other columns of the old row, or none",
        "Make sure that each of them still finds the row by what it gets",
    ),
    (
        Rule::BanRevoke,
        "Code that runs as the role fails where it needs what is revoked",
        "Look at what the role's code does before this runs",
    ),
    (
        Rule::BanSetSchema,
        "Code that looks for it in its old schema fails from now on",
        "Leave a view of the old name behind, or deploy code that finds it in both",
    ),
    (
        Rule::BanTruncateCascade,
        "CASCADE empties every table that refers to it too, and those are not named here",
        "Name each table that is to be emptied, without CASCADE",
    ),
    (
        Rule::ChangingColumnType,
        "Code that uses the column gets values of another type from now on",
        "Before this migration, deploy code that works with both types",
    ),
    (
        Rule::IdentifierTooLong,
        "A name is longer than 63 bytes: PostgreSQL cuts it, and IF NOT EXISTS does nothing where another object has what is left of it",
        "Choose a name of at most 63 bytes",
    ),
    (
        Rule::RenamingColumn,
        "Code that uses the old name of the column fails from now on, and code that uses the new one fails before",
        "Add a column of the new name, have the code write both, fill the old rows in batches, and drop the old column later",
    ),
    (
        Rule::RenamingTable,
        "Code that uses the old name of the table fails from now on",
        "Leave a view of the old name behind until no code uses it",
    ),
    (
        Rule::RenamingObject,
        "Code that uses the old name fails from now on",
        "Search the code, and functions of the database, for the old name; for a constraint or an index there is hardly ever any",
    ),
];

/// What is said of `rule`; `None` for one that is not used.
pub(super) fn text(rule: Rule) -> Option<(&'static str, &'static str)> {
    TEXTS.iter().find(|(other, ..)| *other == rule).map(|(_, text, way)| (*text, *way))
}
