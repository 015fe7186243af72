//! Notes, tables and the server.

use super::badge;
use super::blocks::{Block, Rank};
use super::inline::{add, name, prose};
use crate::quantity::{about, bytes, duration, exactly, moment};
use crate::{Holder, Report, Server, Table, Verdict};

/// The maximum number of items of one kind for one table, or for the server.
const MOST: usize = 20;

pub(super) fn notes(report: &Report) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for note in &report.notes {
        let heading = if blocks.is_empty() { "\n## Notes\n\n" } else { "" };
        let (rank, what) = match note.verdict {
            Verdict::Danger => (Rank::Danger, "danger note"),
            Verdict::Caution => (Rank::Caution, "caution note"),
            Verdict::Safe => (Rank::Safe, "note"),
        };
        let text = format!("{heading}- {}: {}\n", badge(note.verdict), prose(&note.text));
        blocks.push(Block { rank, what, text });
    }
    blocks
}

pub(super) fn tables(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    if report.tables.is_empty() {
        return blocks;
    }
    let text = "\n## Tables that the plan touches\n\n| Table | Rows, about | Size | Its indexes | Reads | Writes | Since |\n\
                | --- | ---: | ---: | ---: | ---: | ---: | --- |\n";
    blocks.push(Block { rank: Rank::Tables, what: "", text: text.to_owned() });
    let known = |number: Option<u64>| number.map_or_else(|| "unknown".to_owned(), about);
    for table in &report.tables {
        let cells = [
            name(&table.name),
            known(table.rows),
            bytes(table.bytes),
            bytes(table.index_bytes),
            known(table.reads),
            known(table.writes),
            table.since.as_ref().map_or_else(|| "unknown".to_owned(), |since| name(&moment(since))),
        ];
        let text = format!("| {} |\n", cells.join(" | "));
        blocks.push(Block { rank: Rank::Tables, what: "table", text });
    }
    // A list directly below a table would be another row of it.
    blocks.push(Block { rank: Rank::Tables, what: "", text: "\n".to_owned() });
    blocks.extend(report.tables.iter().map(details));
    blocks
}

fn details(table: &Table) -> Block {
    let mut text = format!("- **Table** {}, {}", name(&table.name), prose(&table.kind));
    if table.partitions > 0 {
        add(&mut text, format_args!(", {} partitions", exactly(table.partitions)));
    }
    text.push('\n');
    for index in table.indexes.iter().take(MOST) {
        let unique = if index.unique { ", unique" } else { "" };
        let invalid = if index.valid { "" } else { ", **invalid**" };
        add(&mut text, format_args!("  - Index {}: {}{unique}{invalid}\n", name(&index.name), bytes(index.bytes)));
    }
    text += &more(table.indexes.len(), "more index", "more indexes");
    for key in table.referenced_by.iter().take(MOST) {
        add(&mut text, format_args!("  - Referenced by {}, foreign key {}\n", name(&key.table), name(&key.name)));
    }
    text += &more(table.referenced_by.len(), "more foreign key", "more foreign keys");
    for holder in table.holders.iter().take(MOST) {
        add(&mut text, format_args!("  - Held now by {}\n", self::holder(holder)));
    }
    text += &more(table.holders.len(), "more holder", "more holders");
    Block { rank: Rank::TableDetails, what: "table description", text }
}

fn more(of: usize, one: &str, many: &str) -> String {
    match of.saturating_sub(MOST) {
        0 => String::new(),
        1 => format!("  - And 1 {one}\n"),
        left => format!("  - And {left} {many}\n"),
    }
}

fn holder(holder: &Holder) -> String {
    let mut text = holder.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("process {pid}"));
    if let Some(application) = &holder.application {
        add(&mut text, format_args!(" ({})", name(application)));
    }
    add(&mut text, format_args!(": {}", prose(&holder.lock)));
    if let Some(seconds) = holder.seconds {
        add(&mut text, format_args!(", for {}", duration(seconds)));
    }
    text
}

pub(super) fn server(server: &Server) -> Block {
    let mut text = format!("\n## The server\n\n- PostgreSQL {}\n", name(&server.version));
    if server.in_recovery {
        text += "- **It is a replica itself**\n";
    }
    let (open, most) = (exactly(server.connections), exactly(server.most_connections));
    add(&mut text, format_args!("- Connections: {open} of {most}\n"));
    if let Some(transaction) = &server.longest_transaction {
        add(&mut text, format_args!("- Longest transaction: process {}", transaction.pid));
        if let Some(application) = &transaction.application {
            add(&mut text, format_args!(" ({})", name(application)));
        }
        if let Some(state) = &transaction.state {
            add(&mut text, format_args!(", {}", name(state)));
        }
        add(&mut text, format_args!(", for {}\n", duration(transaction.seconds)));
    }
    for replica in server.replicas.iter().take(MOST) {
        add(&mut text, format_args!("- Replica {}, {}", name(&replica.name), name(&replica.state)));
        text += &replica.lag_bytes.map(|lag| format!(", {} to replay", bytes(lag))).unwrap_or_default();
        text += &replica.lag_seconds.map(|lag| format!(", {} behind", duration(lag))).unwrap_or_default();
        text.push('\n');
    }
    for (label, values) in [
        ("Missing privilege", &server.missing_privileges),
        ("Invalid index", &server.invalid_indexes),
        ("Prepared transaction", &server.prepared_transactions),
        ("Hidden transactions", &server.hidden_transactions),
    ] {
        for value in values.iter().take(MOST) {
            add(&mut text, format_args!("- **{label}:** {}\n", name(value)));
        }
        if values.len() > MOST {
            add(&mut text, format_args!("- And {} more of that kind\n", exactly((values.len() - MOST) as u64)));
        }
    }
    Block { rank: Rank::Server, what: "server section", text }
}
