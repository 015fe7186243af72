//! Tests that the inferred effects of each form of a statement are those that a server was observed to have.

mod claim;
pub(crate) mod read;

use analysis::catalog::{Catalog, ask_catalog};
use analysis::effects::{Effects, infer, named};
use sqlx::PgConnection;

use crate::support::{Database, run, text};
use claim::{Claims, within};
use read::Form;

#[tokio::test]
async fn what_is_inferred_is_what_was_observed() {
    let database = Database::create().await;
    let mut session = database.session().await;
    let major = text(&mut session, "current_setting('server_version_num')::int / 10000").await.parse().unwrap();
    let mut forms = read::forms(major);
    assert!(forms.len() > 400, "{} forms were read", forms.len());
    // To work on some of the forms only.
    let only = std::env::var("FORM").unwrap_or_default();
    forms.retain(|form| form.name.contains(&only));
    let mut wrong = Vec::new();
    for form in &forms {
        run(&mut session, &form.setup).await;
        wrong.extend(differs(form, &mut session).await);
        run(&mut session, "DROP OWNED BY CURRENT_USER CASCADE").await;
    }
    assert!(wrong.is_empty(), "{} of {} forms differ:\n\n{}", wrong.len(), forms.len(), wrong.join("\n\n"));
}

#[test]
fn a_snapshot_is_read_as_it_was_written() {
    for form in [15, 18].into_iter().flat_map(read::forms) {
        let written = form.observed.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
        assert_eq!(claim::text(&claim::observed(&form.observed)), written, "{}", form.name);
    }
}

/// Returns how the inferred effects differ from the observed ones, if they do.
async fn differs(form: &Form, session: &mut PgConnection) -> Option<String> {
    let plan = format!("{}{}", form.plan, form.statement);
    let catalog = catalog(&plan, session).await;
    let all: Vec<_> = infer(&plan, &catalog).into_iter().map(|(_, effects)| effects).collect();
    let statements = form.plan.matches(";\n").count() + 1;
    let Some((effects, before)) = all.split_last().filter(|_| all.len() == statements) else {
        return Some(format!("{}: not {statements} statements: {plan}", form.name));
    };
    let inferred = claim::inferred(effects, before, &catalog);
    let mut observed = claim::observed(&form.observed);
    // A sequence that is dropped with its table need not be reported.
    observed.retain(|relation, _| !relation.starts_with("sequence ") || inferred.contains_key(relation));
    let what = verdict(form, effects, &inferred, &observed)?;
    let (inferred, observed) = (claim::text(&inferred), claim::text(&observed));
    Some(format!("{}: {what}: {}\n  inferred\n{inferred}\n  observed\n{observed}", form.name, form.statement))
}

fn verdict(form: &Form, effects: &Effects, inferred: &Claims, observed: &Claims) -> Option<&'static str> {
    if form.observed.is_empty() {
        return Some("never observed");
    }
    if effects.is_opaque() != form.opaque {
        return Some(if form.opaque { "not said to be opaque" } else { "said to be opaque" });
    }
    // Where versions differ, the inferred effects may agree with one version and not with another.
    let is_same = inferred == observed && !form.by_major;
    match (form.opaque, form.worse.is_empty(), form.less.is_empty()) {
        // There may be more effects than are known, but not fewer.
        (true, _, _) => (!within(inferred, observed)).then_some("more than was observed"),
        (_, true, true) => (inferred != observed).then_some("differs"),
        (_, false, _) if is_same => Some("not worse at all"),
        (_, false, _) => (!within(observed, inferred)).then_some("less than was observed"),
        (_, _, false) if is_same => Some("not less at all"),
        (_, _, false) => (!within(inferred, observed)).then_some("more than was observed"),
    }
}

async fn catalog(statement: &str, session: &mut PgConnection) -> Catalog {
    ask_catalog(session, &named(statement)).await.unwrap()
}
