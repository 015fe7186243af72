//! The database's answers: its tables and the server.

use super::migrations::names;
use super::picture;
use super::writer::Writer;
use crate::quantity::{about, bytes, duration, exactly, moment, plural};
use crate::{Holder, Server, Table, Transaction, words};

pub(super) fn tables(page: &mut Writer, tables: &[Table]) {
    if tables.is_empty() {
        return;
    }
    let largest = tables.iter().map(|table| table.bytes.saturating_add(table.index_bytes)).max().unwrap_or_default();
    page.with("section", &[("aria-labelledby", "tables")], |section| {
        section.with("h2", &[("id", "tables")], |heading| heading.text("Tables that the plan touches"));
        section.say("p", "small", "The largest first. Filled: the table with TOAST. Open: its indexes.");
        let scrolls = [("class", "scroll"), ("tabindex", "0"), ("role", "group"), ("aria-labelledby", "sizes")];
        section.with("div", &scrolls, |scroll| {
            scroll.of("table", "", |table| {
                table.with("caption", &[("id", "sizes")], |caption| caption.text("Sizes and use of the tables"));
                table.of("thead", "", |head| {
                    head.of("tr", "", |row| {
                        for title in ["Table", "Size", "Rows, about", "Reads", "Writes", "Held now"] {
                            row.with("th", &[("scope", "col")], |cell| cell.text(title));
                        }
                    });
                });
                table.of("tbody", "", |body| {
                    for table in tables {
                        row(body, table, largest);
                    }
                });
            });
        });
        for table in tables {
            details(section, table);
        }
    });
}

fn row(body: &mut Writer, table: &Table, largest: u64) {
    let known = |number: Option<u64>| number.map_or_else(|| "unknown".to_owned(), about);
    body.of("tr", "", |row| {
        row.with("th", &[("scope", "row")], |cell| cell.name(&table.name));
        row.of("td", "sized", |cell| {
            picture::size(cell, table, largest);
            cell.text(&format!("{} + {}", bytes(table.bytes), bytes(table.index_bytes)));
        });
        for number in [table.rows, table.reads, table.writes] {
            row.say("td", "number", &known(number));
        }
        let held = plural(table.holders.len(), "transaction");
        row.say("td", "number", if table.holders.is_empty() { "none" } else { &held });
    });
}

fn details(section: &mut Writer, table: &Table) {
    section.of("details", "table", |details| {
        details.of("summary", "", |summary| {
            summary.name(&table.name);
            summary.text(&format!(
                ": {}, {} referring to it, {} holding it",
                indexes(table.indexes.len()),
                plural(table.referenced_by.len(), "foreign key"),
                plural(table.holders.len(), "transaction"),
            ));
        });
        details.of("p", "small", |line| {
            line.text(&table.kind);
            if table.partitions > 0 {
                line.text(&format!(", {} partitions", exactly(table.partitions)));
            }
            line.text(&format!(", {}", words::rows(table.rows)));
            match &table.since {
                Some(since) => line.text(&format!(". Reads and writes are counted since {}.", moment(since))),
                None => line.text(". It is not known since when reads and writes are counted."),
            }
        });
        details.of("ul", "", |list| {
            for index in &table.indexes {
                list.of("li", "", |item| {
                    item.text("Index ");
                    item.name(&index.name);
                    item.text(&format!(", {}", bytes(index.bytes)));
                    item.text(if index.unique { ", unique" } else { "" });
                    if !index.valid {
                        item.text(", ");
                        item.say("strong", "", "invalid");
                    }
                });
            }
            for key in &table.referenced_by {
                list.of("li", "", |item| {
                    item.text("Referred to by ");
                    item.name(&key.table);
                    item.text(", foreign key ");
                    item.name(&key.name);
                });
            }
            for holder in &table.holders {
                list.of("li", "", |item| self::holder(item, holder));
            }
        });
    });
}

fn indexes(many: usize) -> String {
    if many == 1 { "1 index".to_owned() } else { format!("{many} indexes") }
}

fn holder(item: &mut Writer, holder: &Holder) {
    item.text("Held by ");
    match holder.pid {
        None => item.text("a prepared transaction"),
        Some(pid) => item.text(&format!("process {pid}")),
    }
    application(item, holder.application.as_deref());
    item.text(&format!(", {}", holder.lock));
    if let Some(seconds) = holder.seconds {
        item.text(&format!(", for {}", duration(seconds)));
    }
}

fn application(page: &mut Writer, application: Option<&str>) {
    if let Some(application) = application {
        page.text(" (");
        page.name(application);
        page.text(")");
    }
}

pub(super) fn server(page: &mut Writer, server: &Server) {
    page.with("section", &[("aria-labelledby", "server")], |section| {
        section.with("h2", &[("id", "server")], |heading| heading.text("The server"));
        section.of("dl", "facts", |list| {
            fact(list, "Version", |value| value.text(&server.version));
            fact(list, "Role", |value| value.text(if server.in_recovery { "a replica itself" } else { "primary" }));
            fact(list, "Connections", |value| {
                value.text(&format!("{} of {}", exactly(server.connections), exactly(server.most_connections)));
            });
            fact(list, "Longest transaction", |value| match &server.longest_transaction {
                None if server.hidden_transactions.is_empty() => value.text("none"),
                None => value.text("none that the role may see"),
                Some(transaction) => longest(value, transaction),
            });
            if !server.hidden_transactions.is_empty() {
                fact(list, "Hidden transactions", |value| {
                    names(value, server.hidden_transactions.iter().map(String::as_str));
                });
            }
            fact(list, "Replicas", |value| replicas(value, server));
            for (label, values) in [
                ("Missing privileges", &server.missing_privileges),
                ("Invalid indexes", &server.invalid_indexes),
                ("Prepared transactions", &server.prepared_transactions),
            ] {
                fact(list, label, |value| match values.as_slice() {
                    [] => value.text("none"),
                    values => names(value, values.iter().map(String::as_str)),
                });
            }
        });
    });
}

fn fact(list: &mut Writer, label: &str, value: impl FnOnce(&mut Writer)) {
    list.of("div", "", |pair| {
        pair.say("dt", "", label);
        pair.of("dd", "", value);
    });
}

fn longest(value: &mut Writer, transaction: &Transaction) {
    value.text(&format!("process {}", transaction.pid));
    application(value, transaction.application.as_deref());
    if let Some(state) = &transaction.state {
        value.text(&format!(", {state}"));
    }
    value.text(&format!(", for {}", duration(transaction.seconds)));
}

fn replicas(value: &mut Writer, server: &Server) {
    if server.replicas.is_empty() {
        value.text("none seen");
    }
    for (at, replica) in server.replicas.iter().enumerate() {
        value.text(if at > 0 { "; " } else { "" });
        value.name(&replica.name);
        value.text(&format!(", {}", replica.state));
        if let Some(lag) = replica.lag_bytes {
            value.text(&format!(", {} to replay", bytes(lag)));
        }
        if let Some(lag) = replica.lag_seconds {
            value.text(&format!(", {} behind", duration(lag)));
        }
    }
}
