//! Decides which of squawk's rules are used, and how much each matters here.
//!
//! Four kinds are left out. Rules about a table's size or use: our own rules know both. Rules about a transaction, a
//! timeout or a second run: the engine cares for these in every script. Rules about additions, which break no running
//! code. And rules about design: such advice comes too late for an approval, and belongs into the review of the change.

use std::fmt::Write as _;

use report::Verdict;
use squawk_linter::Rule;

/// How a rule is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// How much its findings matter; `None` where the rule is not used.
    pub verdict: Option<Verdict>,
    /// Why, as a clause.
    pub reason: &'static str,
}

/// Makes the list and the match from one list, so that neither can lack a rule: a match without one does not compile.
macro_rules! mappings {
    ($($rule:ident => $verdict:expr, $reason:expr;)*) => {
        /// Every rule of squawk's.
        pub const ALL: &[Rule] = &[$(Rule::$rule),*];

        /// Returns how `rule` is used.
        pub fn mapping(rule: Rule) -> Mapping {
            let (verdict, reason) = match rule {
                $(Rule::$rule => ($verdict, $reason),)*
            };
            Mapping { verdict, reason }
        }
    };
}

const DANGER: Option<Verdict> = Some(Verdict::Danger);
const CAUTION: Option<Verdict> = Some(Verdict::Caution);
const SAFE: Option<Verdict> = Some(Verdict::Safe);
const UNUSED: Option<Verdict> = None;

mappings! {
    // Data is lost, or running code fails for certain.
    BanDropColumn => DANGER, "the column's values are lost, and code that names it fails";
    BanDropDatabase => DANGER, "all of its data is lost";
    BanDropSchema => DANGER, "with CASCADE everything in it is dropped";
    BanDropTable => DANGER, "its rows are lost, and code that names it fails";
    BanSetSchema => DANGER, "code that looks for it in its old schema fails";
    BanTruncateCascade => DANGER, "tables that the statement does not name lose their rows";
    RenamingColumn => DANGER, "code that runs meanwhile fails on the old name";
    RenamingTable => DANGER, "code that runs meanwhile fails on the old name";

    // Running code may fail, or do something else.
    AddingRequiredField => CAUTION,
        "it fails if the table has rows; if not, INSERTs of code that does not know the column fail";
    BanAddCompositeAttribute => CAUTION, "code that reads the type by position gets one value more";
    BanAlterDatabaseOptions => CAUTION, "it changes every new session of the database, and is no part of the schema";
    BanAlterDomainWithAddConstraint => CAUTION, "every table with a column of the domain is scanned, and none is named";
    BanAlterExtension => CAUTION, "what the extension's own script changes is not in the migration";
    BanAlterFunctionOptions => CAUTION, "callers get another volatility, search path or set of privileges at once";
    BanAlterGeneratedExpression => CAUTION, "readers get other values, and writers must leave the column alone";
    BanAlterIdentity => CAUTION, "INSERTs that give a value, or that give none, may fail";
    BanAlterPolicyCondition => CAUTION, "other rows are seen and writable at once";
    BanAlterPolicyRoles => CAUTION, "other roles see the rows at once";
    BanAlterRoleOptions => CAUTION, "it changes the whole server, and is no part of the schema";
    BanAlterRowLevelSecurity => CAUTION, "without a policy, only the table's owner sees rows";
    BanAlterSequenceValues => CAUTION, "the sequence may give a value a second time, or run out of values";
    BanAlterSystemOptions => CAUTION, "it changes the whole server, and RDS refuses it";
    BanAlterViewOptions => CAUTION, "the view checks another role's rights, or accepts other writes, at once";
    BanCreatePolicy => CAUTION, "with row security on, other rows are seen and writable at once";
    BanDetachInheritance => CAUTION, "the rows stay, but no query of the parent finds them";
    BanDisableTrigger => CAUTION, "triggers, rules or policies stop their work, or start it";
    BanDropConstraint => CAUTION, "PostgreSQL no longer checks what code relied on";
    BanDropDefault => CAUTION, "INSERTs that leave the column out get NULL, or fail";
    BanDropDomain => CAUTION, "code that names it fails; a column of it stops the statement, or CASCADE drops the column";
    BanDropExtension => CAUTION,
        "code that calls it fails; a column of its types stops the statement, or CASCADE drops the column";
    BanDropFunction => CAUTION, "callers fail, unless the script makes it anew";
    BanDropGeneratedExpression => CAUTION, "the column keeps its values, and PostgreSQL computes no new ones";
    BanDropIndex => CAUTION, "queries that used it become slow, and a unique one no longer holds";
    BanDropNotNull => CAUTION, "readers may get NULL where they never did";
    BanDropPolicy => CAUTION, "other rows are seen and writable at once";
    BanDropSequence => CAUTION, "code that takes its values fails, and its last value is lost";
    BanDropTrigger => CAUTION, "the trigger's work is no longer done";
    BanDropType => CAUTION, "code that names it fails; a column of it stops the statement, or CASCADE drops the column";
    BanDropView => CAUTION, "readers fail, unless the script makes it anew";
    BanDuplicateColumnAssignments => CAUTION, "PostgreSQL refuses the statement, and the migration fails";
    BanNewWriteRestriction => SAFE,
        "writes that worked may be refused, which is what the statement is for: a note; not reported of a column that is new itself: no running code writes it";
    BanReplaceViewFunction => CAUTION, "callers get the new one while they run";
    BanReplicaIdentity => CAUTION, "a subscriber gets less of each changed row, or nothing";
    BanRevoke => CAUTION, "code may lose what it was allowed";
    ChangingColumnType => CAUTION,
        "code may not expect the new type; whether the table is rewritten, our rules know";
    IdentifierTooLong => CAUTION,
        "PostgreSQL cuts the name without an error";
    RenamingObject => CAUTION,
        "harmless for a constraint or an index, while code that names a view, a function or an enum's value fails";
    UnusedIgnore => CAUTION,
        "a comment that hides nothing now may hide something later; no comment hides this rule itself";

    // Our rules know the table's size, and that newer versions of PostgreSQL need no rewrite or scan.
    AddingFieldWithDefault => UNUSED,
        "left to our rules: they know which functions are volatile, and how large the table is";
    AddingForeignKeyConstraint => UNUSED, "left to our rules: how long writers wait depends on the tables' sizes";
    AddingNotNullableField => UNUSED,
        "left to our rules: they see a validated CHECK that saves the scan, and the table's size";
    AddingSerialPrimaryKeyField => UNUSED, "left to our rules: how long the index takes depends on the table's size";
    ConstraintMissingNotValid => UNUSED, "left to our rules: how long the scan takes depends on the table's size";
    DisallowedUniqueConstraint => UNUSED, "left to our rules: how long the index takes depends on the table's size";
    PreferRepack => UNUSED, "left to our rules: how long the rewrite takes depends on the table's size";
    RequireConcurrentIndexCreation => UNUSED, "left to our rules: how long writers wait depends on the table's size";
    RequireConcurrentIndexDeletion => UNUSED,
        "left to our rules: the lock is held for a moment, and the wait for it depends on the table's use";
    RequireConcurrentPartitionDetach => UNUSED,
        "left to our rules: the lock is held for a moment, and the wait for it depends on the table's use";
    RequireConcurrentReindex => UNUSED, "left to our rules: how long it takes depends on the index's size";

    // The engine does it for every script.
    BanConcurrentIndexCreationInTransaction => UNUSED,
        "such a script is refused; a statement that is alone in its script runs outside a transaction";
    BanUncommittedTransaction => UNUSED, "such a script is refused";
    PreferRobustStmts => UNUSED,
        "a script is applied whole or not at all, and IF NOT EXISTS would take an invalid index for a good one";
    RequireLockTimeout => UNUSED,
        "every script in a transaction runs with a lock timeout, and every other one with a deadline";
    RequireStatementTimeout => UNUSED,
        "every attempt has a deadline, and a statement timeout would cut off statements that only take long";
    RequireTimeoutSettings => UNUSED, "another name for `require-lock-timeout` and `require-statement-timeout`";
    TransactionNesting => UNUSED,
        "a balanced BEGIN and COMMIT are folded into the script's transaction, and others refused";

    // Additions: they are the way to make a change that breaks no running code.
    BanAddColumn => UNUSED, "adding a column is harmless: only code without a column list notices it";
    BanAddEnumValue => UNUSED, "no session reads the value before a session writes it";
    BanSetDefault => UNUSED, "it concerns only new rows that leave the column out";

    // Advice on design.
    BanCharField => UNUSED, "design: no session is blocked, and no code breaks";
    BanCreateDomainWithConstraint => UNUSED, "design: nothing has the new domain yet";
    PreferBigintOverInt => UNUSED, "design: no session is blocked, and no code breaks";
    PreferBigintOverSmallint => UNUSED, "design: no session is blocked, and no code breaks";
    PreferIdentity => UNUSED, "design: no session is blocked, and no code breaks";
    PreferTextField => UNUSED, "design, and its reason no longer holds: a longer varchar needs no rewrite";
    PreferTimestampTz => UNUSED, "design: no session is blocked, and no code breaks";
    RequireEnumValueOrdering => UNUSED, "design: most users want new values at the end";
    RequireTableSchema => UNUSED, "every script runs with the search path of the stack's schema";
}

/// Returns the rules that are used.
pub fn used() -> impl Iterator<Item = Rule> {
    ALL.iter().copied().filter(|rule| mapping(*rule).verdict.is_some())
}

/// Returns every rule with its verdict and the reason, for the documentation.
pub fn table() -> String {
    let mut rows: Vec<_> = ALL.iter().map(|rule| (mapping(*rule), rule.to_string())).collect();
    rows.sort_by(|(a, a_name), (b, b_name)| b.verdict.cmp(&a.verdict).then_with(|| a_name.cmp(b_name)));
    let mut table = String::from(HEAD);
    for (Mapping { verdict, reason }, name) in rows {
        let verdict = verdict.map_or("not used", Verdict::name);
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| `{name}` | {verdict} | {reason} |");
    }
    table
}

const HEAD: &str = "# squawk's rules

What a plan's report makes of each rule of squawk's linter. \"Not used\" is a rule that reports nothing here.

| Rule | Verdict | Why |
| --- | --- | --- |
";
