//! An everyday plan.

use crate::{
    Blocking, Database, Effect, FORMAT, Finding, ForeignKey, Holder, IndexFacts, Live, Lock, Magnitude,
    MigrationReport, Note, Replica, Report, Safer, ScriptClass, Server, Source, StatementReport, Suppression, Table,
    Transaction, Verdict, Work,
};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Returns a plan of four migrations: one dangerous, one of unknown effect, one that adds, one with an index. Two
/// findings are suppressed.
pub fn small() -> Report {
    Report {
        format: FORMAT,
        live: Some(Live {
            digest: "sha256:5f0c9a7d1be24c3388e2f5b46a0d97c1e3b8524f6d7a90cc41b2e8f05a6d3b17".to_owned(),
            bundle: Some("c7a1f0d2936be84455aa0b1c2d3e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60".to_owned()),
            environment: "prod".to_owned(),
            database: Database {
                instance: "db-K7Q2M4XJ5N3WZ6R8T1V9YABCDE".to_owned(),
                endpoint: "shop.c1x2y3z4abcd.eu-central-1.rds.amazonaws.com:5432".to_owned(),
                name: "shop".to_owned(),
                schema: "public".to_owned(),
            },
            server: server(),
        }),
        made_at: "2026-03-09T02:10:45Z".to_owned(),
        verdict: Verdict::Danger,
        why: "20260302101500_order_numbers rewrites public.orders (41 GiB) under a lock that stops every reader and writer \
              for minutes."
            .to_owned(),
        already_applied: 12,
        migrations: vec![order_numbers(), backfill(), index_by_customer(), notes_table()],
        tables: vec![orders(), order_items(), customers()],
        notes: vec![
            Note {
                verdict: Verdict::Caution,
                text: "Process 4711 (nightly-export) has a transaction open for 2 h 5 min that holds public.orders: \
                       20260302101500_order_numbers would wait for it."
                    .to_owned(),
            },
            Note {
                verdict: Verdict::Safe,
                text: "Row counts are the planner's estimates, from statistics of 3 hours ago.".to_owned(),
            },
        ],
    }
}

/// Returns the statement of a migration that begins with `begins`.
fn statement(sql: &str, number: usize, begins: &str, what: &str, verdict: Verdict, why: &str) -> StatementReport {
    let start = sql.find(begins).unwrap_or_default();
    // In these samples no statement has a semicolon inside.
    let end = sql[start..].find(";\n").map_or(sql.len(), |length| start + length);
    let line = |at: usize| sql[..at].matches('\n').count() + 1;
    StatementReport {
        number,
        line: line(start),
        last_line: line(end),
        start,
        end,
        what: what.to_owned(),
        verdict,
        why: why.to_owned(),
        effects: Vec::new(),
        opaque: false,
        blocking: None,
        findings: Vec::new(),
        safer: None,
    }
}

fn effect(relation: &str, lock: Lock, work: &[Work]) -> Effect {
    Effect { relation: relation.to_owned(), lock, work: work.to_vec(), is_new: false }
}

fn blocking(readers: bool, writers: bool, how_long: Magnitude, basis: &str) -> Blocking {
    Blocking { readers, writers, how_long, basis: basis.to_owned() }
}

fn migration(
    name: &str,
    class: ScriptClass,
    verdict: Verdict,
    why: &str,
    sql: &str,
    statements: Vec<StatementReport>,
) -> MigrationReport {
    MigrationReport {
        name: name.to_owned(),
        class,
        verdict,
        why: why.to_owned(),
        sql: sql.to_owned(),
        statements,
        blocking: None,
        suppressed: Vec::new(),
    }
}

#[expect(clippy::too_many_lines, reason = "a long list of facts")]
fn order_numbers() -> MigrationReport {
    let sql = "\
-- squawk-ignore-file prefer-robust-stmts
-- Order numbers outgrow four bytes in about seven weeks.
ALTER TABLE orders
    ALTER COLUMN number TYPE bigint;

-- squawk-ignore adding-required-field
ALTER TABLE orders
    ADD COLUMN channel text NOT NULL DEFAULT 'web';

ALTER TABLE order_items ADD CONSTRAINT order_items_quantity_check CHECK (quantity > 0);

COMMENT ON COLUMN orders.channel IS 'where the order came from: ''web'', ''phone''';
";
    let mut rewrite = statement(
        sql,
        1,
        "ALTER TABLE orders\n    ALTER",
        "ALTER TABLE orders: ALTER COLUMN number TYPE bigint",
        Verdict::Danger,
        "integer and bigint are stored differently: the whole table and its five indexes are rewritten.",
    );
    rewrite.effects = vec![effect("public.orders", Lock::AccessExclusive, &[Work::Rewrite, Work::IndexBuild])];
    rewrite.blocking = Some(blocking(
        true,
        true,
        Magnitude::Minutes,
        "41 GiB to rewrite at 50 to 500 MiB a second, and 18 GiB of indexes to build",
    ));
    rewrite.findings = vec![
        Finding {
            source: Source::Lockstep,
            rule: "rewrites-large-table".to_owned(),
            verdict: Verdict::Danger,
            line: 4,
            text: "public.orders is the largest table here and is read some 1,400 times a second.".to_owned(),
            help: Some("Do it in steps that each hold the lock for a moment.".to_owned()),
        },
        Finding {
            source: Source::Squawk,
            rule: "changing-column-type".to_owned(),
            verdict: Verdict::Caution,
            line: 4,
            text:
                "Changing a column type requires an ACCESS EXCLUSIVE lock on the table which blocks reads and writes \
                   while the table is rewritten. Changing the type of the column may also break other clients reading \
                   from the table."
                    .to_owned(),
            help: None,
        },
    ];
    rewrite.safer = Some(Safer {
        text: "Add a bigint column beside it, fill it in batches, and swap the names in a migration of a moment."
            .to_owned(),
        migrations: [
            "ALTER TABLE orders ADD COLUMN number_wide bigint;",
            "ALTER TABLE orders ADD CONSTRAINT orders_number_wide_not_null\n    \
             CHECK (number_wide IS NOT NULL) NOT VALID;",
            "ALTER TABLE orders VALIDATE CONSTRAINT orders_number_wide_not_null;",
            "ALTER TABLE orders RENAME COLUMN number TO number_narrow;\n\
             ALTER TABLE orders RENAME COLUMN number_wide TO number;",
        ]
        .map(str::to_owned)
        .into(),
    });
    let mut channel = statement(
        sql,
        2,
        "ALTER TABLE orders\n    ADD",
        "ALTER TABLE orders: ADD COLUMN channel",
        Verdict::Safe,
        "The default is a constant: only the catalog changes.",
    );
    channel.effects = vec![effect("public.orders", Lock::AccessExclusive, &[])];
    channel.blocking = Some(blocking(true, true, Magnitude::Moment, "only the catalog changes"));
    let mut check = statement(
        sql,
        3,
        "ALTER TABLE order_items",
        "ALTER TABLE order_items: ADD CONSTRAINT order_items_quantity_check",
        Verdict::Caution,
        "Every row of public.order_items is read while no other session can use the table.",
    );
    check.effects = vec![effect("public.order_items", Lock::AccessExclusive, &[Work::Scan])];
    check.blocking = Some(blocking(true, true, Magnitude::Seconds, "6.2 GiB to read at 200 to 2,000 MiB a second"));
    check.findings = vec![Finding {
        source: Source::Squawk,
        rule: "constraint-missing-not-valid".to_owned(),
        verdict: Verdict::Caution,
        line: 10,
        text: "By default new constraints require a table scan and block writes to the table while that scan occurs."
            .to_owned(),
        help: Some("Use `NOT VALID` with a later `VALIDATE CONSTRAINT` call.".to_owned()),
    }];
    check.safer = Some(Safer {
        text: "Add it NOT VALID here, and validate it in the next migration, which reads the table while other sessions use it."
            .to_owned(),
        migrations: [
            "ALTER TABLE order_items\n    ADD CONSTRAINT order_items_quantity_check CHECK (quantity > 0) NOT VALID;",
            "ALTER TABLE order_items VALIDATE CONSTRAINT order_items_quantity_check;",
        ]
        .map(str::to_owned)
        .into(),
    });
    let mut comment = statement(
        sql,
        4,
        "COMMENT ON",
        "COMMENT ON COLUMN orders.channel",
        Verdict::Safe,
        "Only the catalog changes, and neither readers nor writers wait.",
    );
    comment.effects = vec![effect("public.orders", Lock::ShareUpdateExclusive, &[])];
    MigrationReport {
        blocking: Some(blocking(
            true,
            true,
            Magnitude::Minutes,
            "everything that it locks stays locked until its transaction ends",
        )),
        suppressed: vec![
            Suppression { line: 1, rules: vec!["prefer-robust-stmts".to_owned()], file: true, hides: 3 },
            Suppression { line: 6, rules: vec!["adding-required-field".to_owned()], file: false, hides: 1 },
        ],
        ..migration(
            "20260302101500_order_numbers",
            ScriptClass::Transactional,
            Verdict::Danger,
            "Its first statement rewrites public.orders, 41 GiB, while no other session can read or write it.",
            sql,
            vec![rewrite, channel, check, comment],
        )
    }
}

fn backfill() -> MigrationReport {
    let sql = "\
DO $$
DECLARE
    done integer := 1;
BEGIN
    WHILE done > 0 LOOP
        UPDATE customers SET email = lower(email)
         WHERE id IN (SELECT id FROM customers WHERE email <> lower(email) LIMIT 1000);
        GET DIAGNOSTICS done = ROW_COUNT;
    END LOOP;
END
$$;
";
    let mut block = statement(
        sql,
        1,
        "DO",
        "DO block (plpgsql)",
        Verdict::Caution,
        "What it does is decided while it runs; its text names public.customers.",
    );
    block.end = sql.len() - 2;
    block.last_line = 11;
    block.opaque = true;
    block.blocking =
        Some(blocking(false, true, Magnitude::Unknown, "writers of the rows that it changes wait until it ends"));
    migration(
        "20260303090000_lower_emails",
        ScriptClass::Transactional,
        Verdict::Caution,
        "A DO block: what it does cannot be known before it runs.",
        sql,
        vec![block],
    )
}

fn index_by_customer() -> MigrationReport {
    let sql = "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);\n";
    let mut index = statement(
        sql,
        1,
        "CREATE INDEX",
        "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders",
        Verdict::Safe,
        "The index is built while other sessions read and write.",
    );
    index.effects = vec![effect("public.orders", Lock::ShareUpdateExclusive, &[Work::IndexBuild])];
    index.blocking = Some(blocking(false, false, Magnitude::Minutes, "41 GiB to read twice"));
    migration(
        "20260304120000_index_orders_by_customer",
        ScriptClass::Standalone,
        Verdict::Safe,
        "Its one statement builds an index while other sessions read and write.",
        sql,
        vec![index],
    )
}

fn notes_table() -> MigrationReport {
    let sql = "\
CREATE TABLE order_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL,
    text text NOT NULL CHECK (length(text) < 2000)
);

CREATE INDEX order_notes_order_id_idx ON order_notes (order_id);
";
    let mut table = statement(
        sql,
        1,
        "CREATE TABLE",
        "CREATE TABLE order_notes",
        Verdict::Safe,
        "The table is new: no session uses it yet.",
    );
    table.effects = vec![Effect { is_new: true, ..effect("public.order_notes", Lock::AccessExclusive, &[]) }];
    let mut index = statement(
        sql,
        2,
        "CREATE INDEX",
        "CREATE INDEX order_notes_order_id_idx ON order_notes",
        Verdict::Safe,
        "This migration makes its table: no session waits.",
    );
    index.effects = vec![Effect { is_new: true, ..effect("public.order_notes", Lock::Share, &[Work::IndexBuild]) }];
    migration(
        "20260305083000_order_notes",
        ScriptClass::Transactional,
        Verdict::Safe,
        "It only makes new objects.",
        sql,
        vec![table, index],
    )
}

fn index(name: &str, bytes: u64, unique: bool) -> IndexFacts {
    IndexFacts { name: name.to_owned(), bytes, valid: true, unique }
}

fn orders() -> Table {
    Table {
        name: "public.orders".to_owned(),
        kind: "table".to_owned(),
        rows: Some(183_400_000),
        bytes: 41 * GIB,
        index_bytes: 18 * GIB,
        indexes: vec![
            index("orders_status_created_at_idx", 6 * GIB, false),
            index("orders_pkey", 4 * GIB, true),
            index("orders_number_key", 4 * GIB, true),
            index("orders_created_at_idx", 3 * GIB, false),
            IndexFacts { valid: false, ..index("orders_email_idx", 900 * MIB, false) },
        ],
        referenced_by: vec![
            ForeignKey { name: "order_items_order_id_fkey".to_owned(), table: "public.order_items".to_owned() },
            ForeignKey { name: "invoices_order_id_fkey".to_owned(), table: "billing.invoices".to_owned() },
        ],
        partitions: 0,
        reads: Some(9_412_000_000),
        writes: Some(214_000_000),
        since: Some("2026-01-14T22:00:01Z".to_owned()),
        holders: vec![
            Holder {
                pid: Some(4711),
                application: Some("nightly-export".to_owned()),
                lock: "ACCESS SHARE".to_owned(),
                seconds: Some(7_500),
            },
            Holder { pid: Some(5120), application: None, lock: "ROW EXCLUSIVE".to_owned(), seconds: None },
        ],
    }
}

fn order_items() -> Table {
    Table {
        name: "public.order_items".to_owned(),
        kind: "partitioned table".to_owned(),
        rows: Some(61_000_000),
        bytes: 6 * GIB + 200 * MIB,
        index_bytes: 2 * GIB,
        indexes: vec![index("order_items_pkey", 2 * GIB, true)],
        referenced_by: Vec::new(),
        partitions: 24,
        reads: Some(811_000_000),
        writes: Some(70_200_000),
        since: Some("2026-01-14T22:00:01Z".to_owned()),
        holders: Vec::new(),
    }
}

fn customers() -> Table {
    Table {
        name: "public.customers".to_owned(),
        kind: "table".to_owned(),
        rows: None,
        bytes: 310 * MIB,
        index_bytes: 120 * MIB,
        indexes: vec![index("customers_pkey", 70 * MIB, true), index("customers_email_key", 50 * MIB, true)],
        referenced_by: vec![ForeignKey {
            name: "orders_customer_id_fkey".to_owned(),
            table: "public.orders".to_owned(),
        }],
        partitions: 0,
        reads: None,
        writes: None,
        since: None,
        holders: Vec::new(),
    }
}

fn server() -> Server {
    Server {
        version: "18.4".to_owned(),
        in_recovery: false,
        replicas: vec![Replica {
            name: "shop-replica-1".to_owned(),
            state: "streaming".to_owned(),
            lag_bytes: Some(48 * 1024),
            lag_seconds: Some(0),
        }],
        connections: 212,
        most_connections: 1_662,
        longest_transaction: Some(Transaction {
            pid: 4711,
            application: Some("nightly-export".to_owned()),
            state: Some("idle in transaction".to_owned()),
            seconds: 7_500,
        }),
        prepared_transactions: Vec::new(),
        invalid_indexes: vec!["public.orders_email_idx".to_owned()],
        hidden_transactions: Vec::new(),
        missing_privileges: Vec::new(),
    }
}
