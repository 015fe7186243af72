//! The SQLSTATEs that decide what happens next, and PostgreSQL's names for them.
//!
//! Source: PostgreSQL's documentation, appendix A, "PostgreSQL Error Codes".

pub(crate) const FEATURE_NOT_SUPPORTED: &str = "0A000";
pub(crate) const ACTIVE_SQL_TRANSACTION: &str = "25001";
pub(crate) const NO_ACTIVE_SQL_TRANSACTION: &str = "25P01";
pub(crate) const READ_ONLY_SQL_TRANSACTION: &str = "25006";
pub(crate) const NOTHING_PREPARED: &str = "26000";
pub(crate) const INVALID_AUTHORIZATION: &str = "28000";
pub(crate) const INVALID_PASSWORD: &str = "28P01";
pub(crate) const INSUFFICIENT_PRIVILEGE: &str = "42501";
pub(crate) const SYNTAX_ERROR: &str = "42601";
pub(crate) const INVALID_TRANSACTION_TERMINATION: &str = "2D000";
pub(crate) const INVALID_CATALOG_NAME: &str = "3D000";
pub(crate) const SERIALIZATION_FAILURE: &str = "40001";
pub(crate) const DEADLOCK_DETECTED: &str = "40P01";
pub(crate) const INVALID_SCHEMA_NAME: &str = "3F000";
pub(crate) const UNDEFINED_OBJECT: &str = "42704";
pub(crate) const UNDEFINED_TABLE: &str = "42P01";
pub(crate) const DISK_FULL: &str = "53100";
pub(crate) const OUT_OF_MEMORY: &str = "53200";
pub(crate) const CONFIGURATION_LIMIT_EXCEEDED: &str = "53400";
pub(crate) const DUPLICATE_OBJECT: &str = "42710";
pub(crate) const OBJECT_IN_USE: &str = "55006";
pub(crate) const UNDEFINED_FUNCTION: &str = "42883";
pub(crate) const UNSAFE_NEW_ENUM_VALUE: &str = "55P04";
pub(crate) const LOCK_NOT_AVAILABLE: &str = "55P03";
pub(crate) const QUERY_CANCELED: &str = "57014";
pub(crate) const ADMIN_SHUTDOWN: &str = "57P01";
pub(crate) const CRASH_SHUTDOWN: &str = "57P02";
pub(crate) const CANNOT_CONNECT_NOW: &str = "57P03";
pub(crate) const TOO_MANY_CONNECTIONS: &str = "53300";

/// Whether running the same script again may well succeed: another session's lock or transaction was in its way.
pub(crate) fn is_contention(code: &str) -> bool {
    [LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE, DEADLOCK_DETECTED].contains(&code)
}

/// Returns PostgreSQL's name for the conditions that migrations meet; for any other, the name of its class.
pub(crate) fn condition(code: &str) -> &'static str {
    match code {
        "22001" => "string_data_right_truncation",
        "22003" => "numeric_value_out_of_range",
        "22004" => "null_value_not_allowed",
        "22007" => "invalid_datetime_format",
        "22008" => "datetime_field_overflow",
        "22012" => "division_by_zero",
        "22023" => "invalid_parameter_value",
        "22P02" => "invalid_text_representation",
        "23001" => "restrict_violation",
        "23502" => "not_null_violation",
        "23503" => "foreign_key_violation",
        "23505" => "unique_violation",
        "23514" => "check_violation",
        "23P01" => "exclusion_violation",
        ACTIVE_SQL_TRANSACTION => "active_sql_transaction",
        READ_ONLY_SQL_TRANSACTION => "read_only_sql_transaction",
        "25P02" => "in_failed_sql_transaction",
        "2BP01" => "dependent_objects_still_exist",
        INVALID_TRANSACTION_TERMINATION => "invalid_transaction_termination",
        INVALID_SCHEMA_NAME => "invalid_schema_name",
        SERIALIZATION_FAILURE => "serialization_failure",
        DEADLOCK_DETECTED => "deadlock_detected",
        INSUFFICIENT_PRIVILEGE => "insufficient_privilege",
        SYNTAX_ERROR => "syntax_error",
        "42701" => "duplicate_column",
        "42703" => "undefined_column",
        UNDEFINED_OBJECT => "undefined_object",
        DUPLICATE_OBJECT => "duplicate_object",
        "42723" => "duplicate_function",
        "42804" => "datatype_mismatch",
        "42830" => "invalid_foreign_key",
        "42846" => "cannot_coerce",
        UNDEFINED_FUNCTION => "undefined_function",
        UNDEFINED_TABLE => "undefined_table",
        "42P06" => "duplicate_schema",
        "42P07" => "duplicate_table",
        "42P16" => "invalid_table_definition",
        "42P17" => "invalid_object_definition",
        DISK_FULL => "disk_full",
        OUT_OF_MEMORY => "out_of_memory",
        CONFIGURATION_LIMIT_EXCEEDED => "configuration_limit_exceeded",
        TOO_MANY_CONNECTIONS => "too_many_connections",
        "54000" => "program_limit_exceeded",
        "55000" => "object_not_in_prerequisite_state",
        OBJECT_IN_USE => "object_in_use",
        LOCK_NOT_AVAILABLE => "lock_not_available",
        UNSAFE_NEW_ENUM_VALUE => "unsafe_new_enum_value_usage",
        QUERY_CANCELED => "query_canceled",
        ADMIN_SHUTDOWN => "admin_shutdown",
        CRASH_SHUTDOWN => "crash_shutdown",
        CANNOT_CONNECT_NOW => "cannot_connect_now",
        "P0001" => "raise_exception",
        "P0004" => "assert_failure",
        _ => match code.get(..2) {
            Some("08") => "connection_exception",
            Some("0A") => "feature_not_supported",
            Some("22") => "data_exception",
            Some("23") => "integrity_constraint_violation",
            Some("25") => "invalid_transaction_state",
            Some("28") => "invalid_authorization_specification",
            Some("42") => "syntax_error_or_access_rule_violation",
            Some("53") => "insufficient_resources",
            Some("54") => "program_limit_exceeded",
            Some("55") => "object_not_in_prerequisite_state",
            Some("57") => "operator_intervention",
            Some("P0") => "plpgsql_error",
            Some("XX") => "internal_error",
            _ => "other",
        },
    }
}

/// Whether the server's text for `code` is about objects and states rather than data.
///
/// Data exceptions, violated constraints and errors that a script raises itself quote rows. In the other classes, a
/// quoted piece can still come from a row, see `server_text`.
pub(crate) fn is_about_objects(code: &str) -> bool {
    ["0A", "25", "2B", "2D", "3F", "40", "42", "53", "54", "55", "57"].iter().any(|class| code.starts_with(class))
}

/// Whether the text for `code` is about the transaction, locks or the server, whatever the statement reads.
pub(crate) fn has_constant_text(code: &str) -> bool {
    const STACK_TOO_DEEP: &str = "54001";
    [LOCK_NOT_AVAILABLE, STACK_TOO_DEEP].contains(&code)
        || ["25", "40", "53", "57"].iter().any(|class| code.starts_with(class))
}

/// Whether the server or an operator caused `code`: the same script may succeed another time.
pub(crate) fn is_not_the_scripts(code: &str) -> bool {
    code == QUERY_CANCELED || ["53", "58"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_can_quote_a_value_are_not_repeated() {
        for code in ["22P02", "23505", "P0001", "XX000"] {
            assert!(!is_about_objects(code), "{code}");
        }
        assert!(is_about_objects("42P01"));
    }
}
