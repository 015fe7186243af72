//! `lockstep init`: finds the values of an environment's section in samconfig.toml, and explains each.
//!
//! AWS is only read ([`look`]). [`choices`] decides, without a call. [`section`] writes.

mod addresses;
pub(crate) mod choice;
pub(crate) mod choices;
mod database;
pub(crate) mod facts;
pub(crate) mod look;
mod network;
pub(crate) mod permissions;
mod secret;
pub(crate) mod section;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::arguments::InitArguments;
use crate::directory;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::samconfig;
use crate::screen::{self, Look, Screen};
use crate::target::{Target, Where};
use crate::template::{self, Template};
use choice::{Choice, Choices, Question, Value, Wishes};
use facts::Facts;
use section::{Change, Section};

/// The way out where AWS refuses a permission that no choice can do without.
const RIGHTS: &str = "`lockstep init ENV --policy` prints the rights that it needs";

/// Runs the command.
///
/// # Errors
///
/// When there is no instance that can be migrated, samconfig.toml cannot be read or written, or AWS does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &InitArguments, as_json: bool) -> Result<Exit, Problem> {
    if arguments.policy {
        screen.json(&permissions::policy());
        return Ok(Exit::Done);
    }
    let file = File::find(&std::env::current_dir().unwrap_or_default())?;
    let word = arguments.environment.word();
    let mut section = Section::read(&file.text, word, arguments.place.project.as_deref())?;
    let current = section.current();
    let instance = arguments.instance.as_ref().or_else(|| current.get("DatabaseInstance")).ok_or_else(|| {
        Problem::usage("no RDS instance is named: give --instance with its identifier (aws rds describe-db-instances)")
    })?;
    let stack = section.stack();
    let project = stack.strip_suffix(&format!("-migrations-{word}")).map(str::to_owned);
    let place = Where { project, ..arguments.place.clone() };
    let aws = Target::find(Some(arguments.environment), &place, None).await?.aws;
    Template::read_or_built_in(&file.root)?.check_region(aws.region())?;
    let found = look::instance(&aws, instance).await?;
    // What cannot be migrated is said before EC2 is asked.
    database::vpc(&found)?;
    let facts = look::around(&aws, found).await.map_err(|error| error.explain(&stack, aws.region(), RIGHTS))?;
    let mut wishes = Wishes {
        security_group: arguments.security_group.clone(),
        secret: arguments.secret.clone(),
        database: arguments.database.clone(),
        mail: arguments.mail.clone(),
    };
    let choose = |wishes: &Wishes| choices::choose(&facts, wishes, &current, &stack);
    let choices = if as_json || arguments.yes { choose(&wishes)? } else { ask(screen, &mut wishes, choose)? };
    let changes = section.write(&choices.all);
    let outcome =
        Outcome { facts: &facts, choices: &choices.all, changes: &changes, unfilled: section.unfilled(), word };
    let text = section.text();
    let is_new = text != file.text;
    if as_json {
        if is_new && arguments.yes {
            file.write(&text)?;
        }
        screen.json(&outcome.json(is_new && arguments.yes));
        return Ok(outcome.exit());
    }
    outcome.show(screen);
    if !is_new {
        screen.styled(Look::Good, "✓ samconfig.toml says all of this already");
        outcome.show_unfilled(screen);
        return Ok(outcome.exit());
    }
    outcome.show_changes(screen);
    if !arguments.yes {
        let Some(answer) = screen.ask(&format!("Write this into {}? [y/N]", file.path.display())) else {
            return Err(Problem::usage("there is no terminal to ask at: give --yes to write this into samconfig.toml"));
        };
        if !matches!(answer.to_lowercase().as_str(), "y" | "yes") {
            return Ok(crate::direct::not_approved(screen, false));
        }
    }
    file.write(&text)?;
    screen.styled(Look::Good, &format!("✓ Written into {}", file.path.display()));
    outcome.show_unfilled(screen);
    if outcome.unfilled.is_empty() {
        screen.line(&format!("Next: lockstep deploy {word}"));
    }
    Ok(outcome.exit())
}

/// Asks what only a person knows, and chooses again with each answer. An empty answer leaves the value to be filled in.
fn ask(
    screen: &mut Screen,
    wishes: &mut Wishes,
    choose: impl Fn(&Wishes) -> Result<Choices, Problem>,
) -> Result<Choices, Problem> {
    let mut passed = BTreeSet::new();
    let mut choices = choose(wishes)?;
    if !screen::is_interactive() {
        return Ok(choices);
    }
    while let Some(question) = choices.questions.iter().find(|question| !passed.contains(question.name)).cloned() {
        screen.complain(Look::Bold, &format!("{}?", question.text));
        for (number, (option, about)) in (1..).zip(&question.options) {
            let about = if about.is_empty() { String::new() } else { format!("  ({about})") };
            screen.complain(Look::Plain, &format!("  {number}  {option}{about}"));
        }
        let how =
            if question.options.is_empty() { "nothing decides later" } else { "its number; nothing decides later" };
        let Some(answer) = screen.ask(&format!("{} ({how}):", question.name)).filter(|answer| !answer.is_empty())
        else {
            passed.insert(question.name);
            continue;
        };
        let Some(answer) = question.answer(&answer) else {
            screen.complain(Look::Warning, &format!("{answer} is none of the numbers"));
            continue;
        };
        let mut tried = wishes.clone();
        tried.take(question.name, answer);
        match choose(&tried) {
            Ok(better) => {
                *wishes = tried;
                choices = better;
            }
            Err(problem) => screen.complain(Look::Warning, &problem.message),
        }
    }
    Ok(choices)
}

impl Question {
    /// Returns what an answer means: the number of an option, an option itself, or any text where there are no options.
    fn answer(&self, said: &str) -> Option<String> {
        if self.options.is_empty() {
            return Some(said.to_owned());
        }
        let number = said.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_number = number.and_then(|number| self.options.get(number));
        by_number.or_else(|| self.options.iter().find(|(option, _)| option == said)).map(|(option, _)| option.clone())
    }
}

impl Wishes {
    /// Takes the answer to the question about a value.
    fn take(&mut self, name: &str, answer: String) {
        let wish = match name {
            "DatabaseSecurityGroupId" => &mut self.security_group,
            "DatabaseSecretArn" => &mut self.secret,
            "DatabaseName" => &mut self.database,
            _ => &mut self.mail,
        };
        *wish = Some(answer);
    }
}

/// samconfig.toml, there or not.
struct File {
    /// The project's root.
    root: PathBuf,
    path: PathBuf,
    text: String,
}

impl File {
    fn find(here: &Path) -> Result<Self, Problem> {
        let beside_the_template = || {
            let root = here.ancestors().find(|directory| directory.join(template::FILE).is_file())?;
            Some(root.join(samconfig::FILE))
        };
        // A stack of a release needs no checkout: only the settings, and the migrations beside them.
        let beside_the_migrations = || directory::is_in(here).then(|| here.join(samconfig::FILE));
        let path = samconfig::find(here).or_else(beside_the_template).or_else(beside_the_migrations).ok_or_else(|| {
            Problem::usage(format!(
                "there is no {} and no {} here, nor above, and no directory of migrations here: run this in the checkout of Lockstep, \
                 or beside your migrations",
                samconfig::FILE,
                template::FILE
            ))
        })?;
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| Problem::usage(format!("{} cannot be read: {error}", path.display())))?,
        };
        let root = path.parent().unwrap_or(here).to_owned();
        Ok(Self { root, path, text })
    }

    /// Writes the text in place of the old one: all of it, or nothing.
    fn write(&self, text: &str) -> Result<(), Problem> {
        let written = || {
            // A link stays one.
            let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
            let mut new = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(&self.root))?;
            new.write_all(text.as_bytes())?;
            match path.metadata() {
                Ok(about) => new.as_file().set_permissions(about.permissions())?,
                // A temporary file is for its owner alone.
                #[cfg(unix)]
                Err(_) => new.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?,
                #[cfg(not(unix))]
                Err(_) => {}
            }
            new.persist(&path).map_err(|error| error.error)?;
            Ok::<(), std::io::Error>(())
        };
        written().map_err(|error| Problem::failed(format!("{} cannot be written: {error}", self.path.display())))
    }
}

/// What was found, for people and for programs.
struct Outcome<'a> {
    facts: &'a Facts,
    choices: &'a [Choice],
    changes: &'a [Change],
    unfilled: Vec<String>,
    word: &'static str,
}

impl Outcome<'_> {
    fn exit(&self) -> Exit {
        if self.unfilled.is_empty() { Exit::Done } else { Exit::Failed }
    }

    fn show(&self, screen: &mut Screen) {
        screen.styled(Look::Bold, &format!("{} in {}", self.facts.instance.id, self.facts.region));
        for choice in self.choices {
            let (mark, look, value) = match &choice.value {
                Value::Set(value) => ("✓", Look::Good, value.as_str()),
                Value::Default => ("·", Look::Dim, "no line"),
                Value::Kept => ("·", Look::Dim, "as it is"),
                Value::Left => ("?", Look::Warning, "to be filled in"),
            };
            screen.parts(&[(look, &format!("  {mark} ")), (Look::Plain, &format!("{:<24}{value}", choice.name))]);
            screen.styled(Look::Dim, &format!("      {}", choice.why));
        }
    }

    fn show_changes(&self, screen: &mut Screen) {
        screen.styled(Look::Bold, &format!("samconfig.toml, [{}.deploy.parameters]", self.word));
        for Change { name, before, after } in self.changes {
            for (mark, look, value) in [("-", Look::Bad, before), ("+", Look::Good, after)] {
                if let Some(value) = value {
                    screen.styled(look, &format!("  {mark} {name}={value}"));
                }
            }
        }
        if self.changes.is_empty() {
            screen.line("  the values stay, and what the section lacks is added");
        }
    }

    fn show_unfilled(&self, screen: &mut Screen) {
        if !self.unfilled.is_empty() {
            screen.styled(
                Look::Warning,
                &format!("! Still to be filled in by hand: {} (docs/deploying.md#by-hand)", self.unfilled.join(", ")),
            );
        }
    }

    fn json(&self, is_written: bool) -> serde_json::Value {
        let choice = |choice: &Choice| {
            let (decision, value) = match &choice.value {
                Value::Set(value) => ("set", Some(value)),
                Value::Default => ("default", None),
                Value::Kept => ("kept", None),
                Value::Left => ("left", None),
            };
            json!({ "name": choice.name, "decision": decision, "value": value, "why": choice.why })
        };
        let change = |one: &Change| json!({ "name": one.name, "before": one.before, "after": one.after });
        json!({
            "environment": self.word,
            "instance": self.facts.instance.id,
            "region": self.facts.region,
            "choices": self.choices.iter().map(choice).collect::<Vec<_>>(),
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
            "unfilled": self.unfilled,
            "written": is_written,
        })
    }
}
