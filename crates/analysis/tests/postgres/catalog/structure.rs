//! Tests the facts on relations, and which relations are related.

use analysis::catalog::{Catalog, RelationKind};

use super::{facts, index_names, keys, look_for, relation};
use crate::support::{Database, run, text, written};

#[tokio::test]
async fn columns_constraints_and_indexes_are_told() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE customers (id bigint PRIMARY KEY, region int NOT NULL, UNIQUE (region, id)); \
             CREATE TABLE orders (dropped int, id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                 code varchar(20) NOT NULL, \
                 price numeric(10, 2), region int, customer bigint, note text, during int4range, \
                 CONSTRAINT positive CHECK (price > 0 AND code <> ''), \
                 CONSTRAINT of_customer FOREIGN KEY (region, customer) REFERENCES customers (region, id) \
                     ON DELETE SET NULL, \
                 CONSTRAINT apart EXCLUDE USING gist (during WITH &&)); \
             ALTER TABLE orders DROP COLUMN dropped; \
             ALTER TABLE orders ADD CONSTRAINT later CHECK (note IS NOT NULL) NOT VALID; \
             CREATE INDEX by_lower ON orders (lower(code)) WHERE price > 10; \
             CREATE UNIQUE INDEX covering ON orders (customer, id) INCLUDE (note); \
             CREATE VIEW shown AS SELECT id FROM orders; CREATE MATERIALIZED VIEW kept AS SELECT id FROM orders; \
             CREATE TYPE pair AS (one int, two text); CREATE SEQUENCE numbers",
        )
        .await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["orders", "shown", "kept", "pair", "numbers", "by_lower"]).await;
    let orders = relation(&catalog, "orders");
    let columns: Vec<_> = orders
        .columns
        .iter()
        .map(|column| {
            format!("{} {} {} {}", column.name, column.of_type, column.not_null, written(&column.indexes).join(","))
        })
        .collect();
    assert_eq!(
        columns,
        [
            "id bigint true public.covering,public.orders_pkey",
            "code character varying(20) true public.by_lower",
            "price numeric(10,2) false public.by_lower",
            "region integer false ",
            "customer bigint false public.covering",
            "note text false public.covering",
            "during int4range false public.apart",
        ]
    );
    let constraints: Vec<_> = orders
        .constraints
        .iter()
        .filter(|constraint| constraint.kind != 'n')
        .map(|constraint| {
            format!(
                "{} {} {} ({}) {} ({}) {} {}",
                constraint.name,
                constraint.kind,
                constraint.validated,
                constraint.columns.join(","),
                constraint.refers_to.as_ref().map(ToString::to_string).unwrap_or_default(),
                constraint.refers_to_columns.join(","),
                constraint.on_delete,
                constraint.definition
            )
        })
        .collect();
    assert_eq!(
        constraints,
        [
            "apart x true (during)  ()   ",
            "later c false (note)  ()   CHECK ((note IS NOT NULL)) NOT VALID",
            "of_customer f true (region,customer) public.customers (region,id) n ",
            "orders_pkey p true (id)  ()   ",
            "positive c true (price,code)  ()   CHECK (((price > (0)::numeric) AND ((code)::text <> ''::text)))",
        ]
    );
    let not_null = orders.constraints.iter().filter(|constraint| constraint.kind == 'n').count();
    assert_eq!(not_null, if catalog.version >= 180_000 { 2 } else { 0 });
    assert_eq!(orders.kind, RelationKind::Table);
    let mut indexes = index_names(&orders.facts);
    indexes.sort_unstable();
    assert_eq!(indexes, ["apart", "by_lower", "covering", "orders_pkey"]);
    assert!(orders.facts.indexes.iter().all(|index| index.valid));
    assert!(
        orders
            .facts
            .indexes
            .iter()
            .all(|index| index.unique == matches!(index.name.as_str(), "covering" | "orders_pkey"))
    );

    let index = relation(&catalog, "by_lower");
    assert_eq!(
        (index.kind, index.table.as_ref().unwrap().to_string()),
        (RelationKind::Index, "public.orders".to_owned())
    );
    assert!(index.columns.is_empty() && index.owned);
    assert_eq!(index.facts, orders.facts);
    assert_eq!(keys(facts(&catalog, "public.customers")), ["public.orders of_customer"]);
    for (name, kind, told) in [
        ("shown", RelationKind::View, "view"),
        ("kept", RelationKind::MaterializedView, "materialized view"),
        ("pair", RelationKind::Composite, "composite type"),
        ("numbers", RelationKind::Sequence, "sequence"),
    ] {
        assert_eq!((relation(&catalog, name).kind, facts(&catalog, name).kind.as_str()), (kind, told));
    }
}

#[tokio::test]
async fn what_refers_to_a_table_is_known_however_far_away() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE a (id int PRIMARY KEY, a int REFERENCES a); \
             CREATE TABLE b (id int PRIMARY KEY REFERENCES a); \
             CREATE TABLE c (id int PRIMARY KEY REFERENCES b ON DELETE CASCADE); \
             CREATE TABLE d (id int REFERENCES c ON DELETE RESTRICT, up int); \
             CREATE TABLE above (id int PRIMARY KEY); ALTER TABLE d ADD FOREIGN KEY (up) REFERENCES above; \
             CREATE TABLE apart (id int)",
        )
        .await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["a_pkey"]).await;
    let known = ["a_pkey", "public.a", "public.a_pkey", "public.above", "public.b", "public.c", "public.d"];
    assert_eq!(written(catalog.relations.keys()), known);
    assert_eq!(keys(facts(&catalog, "public.a")), ["public.b b_id_fkey"]);
    assert_eq!(keys(facts(&catalog, "public.c")), ["public.d d_id_fkey"]);
    assert_eq!(keys(facts(&catalog, "public.above")), ["public.d d_up_fkey"]);
    let on_delete = |name| {
        let rules = relation(&catalog, name).constraints.iter().filter(|rule| rule.kind == 'f');
        rules.map(|rule| rule.on_delete).collect::<String>()
    };
    assert_eq!(["public.b", "public.c", "public.d"].map(on_delete), ["a", "c", "ra"]);
}

#[tokio::test]
async fn a_partitioned_table_is_the_sum_of_its_partitions() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE events (id int, day int, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day); \
             CREATE TABLE early PARTITION OF events FOR VALUES FROM (0) TO (10); \
             CREATE TABLE late PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (day); \
             CREATE TABLE late_one PARTITION OF late FOR VALUES IN (10, 11); \
             CREATE TABLE late_rest PARTITION OF late DEFAULT; \
             CREATE TABLE rest PARTITION OF events DEFAULT; \
             CREATE INDEX by_note ON events (note); CREATE INDEX unattached ON ONLY events (day); \
             CREATE TABLE refers (id int, day int, CONSTRAINT to_events FOREIGN KEY (id, day) REFERENCES events) \
                 PARTITION BY LIST (day); \
             CREATE TABLE refers_one PARTITION OF refers FOR VALUES IN (1); \
             INSERT INTO events SELECT i, i % 12, 'note' FROM generate_series(1, 1200) i; \
             ANALYZE events; ANALYZE late_rest",
        )
        .await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["late_one", "by_note"]).await;
    let events = relation(&catalog, "public.events");
    assert_eq!(events.kind, RelationKind::Partitioned);
    assert_eq!(
        written(&events.descendants),
        ["public.early", "public.late", "public.late_one", "public.late_rest", "public.rest"]
    );
    assert_eq!(events.default_partition.as_ref().unwrap().to_string(), "public.rest");
    assert_eq!(events.parent, None);
    let late = relation(&catalog, "public.late");
    assert_eq!(late.default_partition.as_ref().unwrap().to_string(), "public.late_rest");
    assert_eq!(late.parent.as_ref().unwrap().to_string(), "public.events");
    assert_eq!(relation(&catalog, "late_one").parent.as_ref().unwrap().to_string(), "public.late");
    assert_eq!((events.facts.kind.as_str(), events.facts.partitions), ("partitioned table", 5));
    assert_eq!((events.facts.rows, late.facts.rows), (Some(1200), Some(200)));

    let leaves = ["early", "late_one", "late_rest", "rest"].map(|name| facts(&catalog, &format!("public.{name}")));
    let size = text(
        &mut session,
        "SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relname IN ('early', 'late_one', 'late_rest', 'rest')",
    );
    assert_eq!(events.facts.bytes.to_string(), size.await);
    assert_eq!(events.facts.bytes, leaves.iter().map(|table| table.bytes).sum::<u64>());
    // The index without counterparts in the partitions is not among the partitions' indexes.
    assert_eq!(index_names(&events.facts).len(), 3);
    let invalid: Vec<_> =
        events.facts.indexes.iter().filter(|index| !index.valid).map(|index| index.name.as_str()).collect();
    assert_eq!(invalid, ["unattached"]);
    assert_eq!(events.facts.index_bytes, leaves.iter().map(|table| table.index_bytes).sum::<u64>());
    assert!(events.facts.index_bytes > 0);

    // A foreign key has an entry for each pair of partitions, but is one key.
    assert_eq!(keys(&events.facts), ["public.refers to_events"]);
    assert_eq!(keys(facts(&catalog, "late_one")), ["public.refers to_events"]);
    for name in ["public.refers", "public.refers_one"] {
        let rules = relation(&catalog, name).constraints.iter().filter(|constraint| constraint.kind == 'f');
        let rules: Vec<_> = rules.map(|rule| rule.refers_to.as_ref().unwrap().to_string()).collect();
        assert_eq!(rules, ["public.events"], "{name}");
    }
    let index = relation(&catalog, "by_note");
    assert_eq!(index.table.as_ref().unwrap().to_string(), "public.events");
    assert_eq!(index.descendants.len(), 5);
    assert!(index.descendants.iter().all(|name| relation(&catalog, &name.to_string()).parent.is_some()));
}

#[tokio::test]
async fn tables_that_inherit_are_known() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE base (id int); CREATE TABLE one () INHERITS (base); CREATE TABLE two () INHERITS (base); \
             CREATE TABLE joint () INHERITS (one, two); INSERT INTO one SELECT generate_series(1, 50); \
             ANALYZE base; ANALYZE one",
        )
        .await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["base"]).await;
    let base = relation(&catalog, "base");
    assert_eq!(written(&base.descendants), ["public.joint", "public.one", "public.two"]);
    // These are tables of their own, with rows of their own.
    assert_eq!((base.kind, base.facts.partitions, base.facts.rows), (RelationKind::Table, 0, Some(0)));
    assert_eq!(facts(&catalog, "public.one").rows, Some(50));
    assert!(catalog.relations.values().all(|relation| relation.parent.is_none()));
}

#[tokio::test]
async fn what_an_index_is_made_of_is_known() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE t (a int, b int, c text, d text COLLATE \"C\", e varchar(9) COLLATE \"POSIX\", \
                 f text COLLATE \"default\", CONSTRAINT late UNIQUE (b, a) DEFERRABLE, CONSTRAINT key UNIQUE (a, b)); \
             CREATE DOMAIN plain AS text COLLATE \"C\"; ALTER TABLE t ADD COLUMN g plain; \
             CREATE INDEX ordinary ON t (c, a); CREATE UNIQUE INDEX covering ON t (b) INCLUDE (c, a); \
             CREATE UNIQUE INDEX partly ON t (a) WHERE b > 0; CREATE UNIQUE INDEX computed ON t (lower(c), a); \
             CREATE TABLE parts (id int PRIMARY KEY, a int) PARTITION BY LIST (id); \
             CREATE TABLE part PARTITION OF parts DEFAULT; CREATE INDEX unattached ON ONLY parts (a); \
             CREATE MATERIALIZED VIEW kept AS SELECT a FROM t; CREATE UNIQUE INDEX kept_a ON kept (a)",
        )
        .await;
    let mut session = database.session().await;
    // The statement fails, and leaves an invalid index.
    run(&mut session, "INSERT INTO t (a, b, c, f) VALUES (1, 1, 'one', 'twice'), (2, 2, 'two', 'twice')").await;
    let refused = sqlx::raw_sql("CREATE UNIQUE INDEX CONCURRENTLY failed ON t (f)").execute(&mut session).await;
    refused.unwrap_err();
    let catalog = look_for(&mut session, &["t", "kept", "parts"]).await;
    let told = |name| {
        let indexes = relation(&catalog, name).indexes.iter();
        let told = indexes.map(|it| format!("{} {} ({}) {}", it.name, it.unique, it.key.join(","), it.computed));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        told("t"),
        [
            "public.computed false () true",
            "public.covering true (b) false",
            "public.failed false (f) false",
            "public.key true (a,b) false",
            "public.late false (b,a) false",
            "public.ordinary false (c,a) false",
            "public.partly false (a) true",
        ]
    );
    assert_eq!(told("kept"), ["public.kept_a true (a) false"]);
    assert_eq!(told("parts"), ["public.parts_pkey true (id) false", "public.unattached false (a) false"]);
    assert_eq!(told("public.part"), ["public.part_pkey true (id) false"]);
    let collated = relation(&catalog, "t").columns.iter().filter(|column| column.collated);
    assert_eq!(collated.map(|column| column.name.as_str()).collect::<Vec<_>>(), ["d", "e"]);
}

#[tokio::test]
async fn what_a_view_reads_is_known_through_other_views() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE one (id int PRIMARY KEY, note text); CREATE TABLE two (id int); CREATE TABLE other (id int); \
             CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts DEFAULT; \
             CREATE SEQUENCE numbers; INSERT INTO one SELECT generate_series(1, 1000); \
             CREATE VIEW direct AS SELECT id FROM one WHERE note IS NULL; \
             CREATE VIEW above AS SELECT id FROM direct WHERE EXISTS (SELECT FROM two) AND id < nextval('numbers'); \
             CREATE MATERIALIZED VIEW kept AS SELECT id FROM above UNION ALL SELECT id FROM parts; \
             CREATE INDEX of_kept ON kept (id); \
             CREATE VIEW top AS SELECT id FROM kept JOIN one USING (id) JOIN pg_class c ON c.reltype = id; \
             CREATE VIEW system AS SELECT table_name FROM information_schema.tables; \
             CREATE VIEW again AS SELECT 1 AS id; CREATE VIEW again_too AS SELECT id FROM again; \
             CREATE OR REPLACE VIEW again AS SELECT id FROM two UNION ALL SELECT id FROM again_too",
        )
        .await;
    let mut session = database.session().await;
    let read = |catalog: &Catalog, name: &str| written(&relation(catalog, name).reads).join(" ");
    let catalog = look_for(&mut session, &["top"]).await;
    assert_eq!(read(&catalog, "top"), "public.kept public.one");
    // The relations below the materialized view are there too, with all partitions, and with sizes.
    assert_eq!(read(&catalog, "public.kept"), "public.one public.parts public.two");
    assert_eq!(read(&catalog, "public.direct"), "public.one");
    assert_eq!(relation(&catalog, "public.parts").facts.partitions, 1);
    assert!(facts(&catalog, "public.one").bytes > 30_000);
    assert!(!catalog.relations.keys().any(|name| name.to_string() == "public.other"));

    let catalog = look_for(&mut session, &["of_kept", "system", "pg_stat_activity", "again", "again_too"]).await;
    assert_eq!(read(&catalog, "public.kept"), "public.one public.parts public.two");
    assert_eq!(
        ["system", "pg_stat_activity", "public.one", "again"].map(|name| read(&catalog, name)),
        ["", "", "", "public.two"]
    );
}
