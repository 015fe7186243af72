//! `lockstep report` without a database, and what every command does with its output and its arguments.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::error::ErrorKind;
use serde_json::Value;
use tempfile::TempDir;

fn project(migrations: &[(&str, &str)]) -> TempDir {
    let project = tempfile::tempdir().unwrap();
    for (name, sql) in migrations {
        write(project.path(), name, sql);
    }
    project
}

fn write(project: &Path, name: &str, sql: &str) {
    let directory = project.join("prisma/migrations").join(name);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("migration.sql"), sql).unwrap();
}

fn command(project: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(arguments).current_dir(project.path()).stdin(Stdio::null());
    command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", project.path());
    command
}

fn run(project: &TempDir, arguments: &[&str]) -> Output {
    command(project, arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn git(project: &TempDir, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").args(identity).args(arguments).current_dir(project.path()).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
}

const MADE: (&str, &str) = ("20260101000000_orders", "CREATE TABLE orders (id bigint, name text);\n");
const INDEXED: (&str, &str) = ("20260102000000_index", "\nCREATE INDEX orders_name ON orders (name);\n");

#[test]
fn the_text_alone_is_reported_on_and_says_so() {
    let project = project(&[MADE, INDEXED]);
    let output = run(&project, &["report"]);
    let text = shown(&output);
    assert_eq!(code(&output), 0, "{text}");
    assert!(
        text.starts_with("✗ danger: the scripts, without a database\n") && text.contains("No database was asked"),
        "{text}"
    );
    assert!(text.contains("line 2: CREATE INDEX") && text.contains("CREATE INDEX CONCURRENTLY"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour where there is no terminal: {text}");
}

#[test]
fn the_verdict_decides_the_exit_code_where_that_is_asked_for() {
    let project = project(&[MADE, INDEXED]);
    assert_eq!(code(&run(&project, &["report", "--fail-on", "danger"])), 8);
    assert_eq!(code(&run(&project, &["report", "--fail-on", "caution"])), 8);
    assert_eq!(code(&run(&project, &["report", "--fail-on", "danger", "--up-to", MADE.0])), 0);
    let output = run(&project, &["report", "--up-to", "nothing"]);
    assert!(code(&output) == 2 && shown(&output).contains("--up-to: there is no migration"), "{}", shown(&output));
}

#[test]
fn each_form_is_what_its_reader_takes() {
    let project = project(&[MADE, INDEXED]);
    let form = |name: &str| shown(&run(&project, &["report", "--format", name]));
    let file = "prisma/migrations/20260102000000_index/migration.sql";
    assert!(form("github").starts_with(&format!("::error file={file},line=2,endLine=2,title=")), "{}", form("github"));
    let sarif: Value = serde_json::from_str(&form("sarif")).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&file.into(), &2.into()));
    let json: Value = serde_json::from_str(&form("json")).unwrap();
    assert_eq!((&json["verdict"], json.get("digest")), (&"danger".into(), None));
    assert!(form("markdown").starts_with("# ✗ **danger**: "), "{}", form("markdown"));
    assert!(form("html").to_lowercase().starts_with("<!doctype html>"));
}

#[test]
fn since_a_commit_only_what_was_added_is_reported() {
    let project = project(&[MADE]);
    git(&project, &["init", "-q"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-qm", "one"]);
    git(&project, &["tag", "base"]);
    write(project.path(), INDEXED.0, INDEXED.1);
    // A file that is not committed yet counts too.
    let report = |arguments: &[&str]| -> Value {
        let output = run(&project, &[&["report", "--since", "base", "--json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)))
    };
    let names = |report: &Value| {
        let migrations = report["migrations"].as_array().unwrap().clone();
        migrations.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&report(&[])), [INDEXED.0]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-qm", "two"]);
    assert_eq!((names(&report(&[])), report(&[])["alreadyApplied"].as_u64()), (vec![INDEXED.0.to_owned()], Some(1)));
    Command::new("chmod")
        .arg("+x")
        .arg(project.path().join("prisma/migrations").join(MADE.0).join("migration.sql"))
        .status()
        .unwrap();
    assert_eq!(report(&[])["notes"].as_array().unwrap().len(), 0, "the mode alone is no change of the text");
    write(project.path(), MADE.0, "CREATE TABLE orders (id bigint, name text, more text);\n");
    let edited = report(&[]);
    assert!(edited["notes"][0]["text"].as_str().unwrap().contains("has changed since"), "{edited}");
    fs::remove_dir_all(project.path().join("prisma/migrations").join(MADE.0)).unwrap();
    let gone = report(&[]);
    assert!(gone["notes"][0]["text"].as_str().unwrap().contains("is gone or renamed"), "{gone}");
    // As a hook of git's runs it.
    let mut hook = command(&project, &["report", "--since", "base", "--json"]);
    let output = hook.env("GIT_DIR", "/nowhere").env("GIT_INDEX_FILE", "/nowhere/index").output().unwrap();
    assert_eq!(code(&output), 0, "{}", shown(&output));
    for (reference, said) in
        [("nowhere", "no commit nowhere"), ("", "the name of no commit"), ("--all", "the name of no commit")]
    {
        let output = run(&project, &["report", &format!("--since={reference}")]);
        assert!(code(&output) == 2 && shown(&output).contains(said), "{}", shown(&output));
    }
}

#[test]
fn in_a_part_of_a_repository_a_programs_paths_begin_at_its_root() {
    let project = project(&[]);
    write(&project.path().join("packages/my db"), MADE.0, MADE.1);
    write(&project.path().join("packages/my db"), INDEXED.0, INDEXED.1);
    git(&project, &["init", "-q"]);
    let mut asked = command(&project, &["report", "--format", "github"]);
    let output = asked.current_dir(project.path().join("packages/my db")).output().unwrap();
    let file = "packages/my db/prisma/migrations/20260102000000_index/migration.sql";
    assert!(shown(&output).starts_with(&format!("::error file={file},line=2,")), "{}", shown(&output));
}

#[test]
fn outside_of_a_repository_there_is_no_since() {
    let project = project(&[MADE]);
    let mut asked = command(&project, &["report", "--since", "main"]);
    // The temporary directory may be inside of a repository of the machine's.
    let output = asked.env("GIT_CEILING_DIRECTORIES", project.path().parent().unwrap()).output().unwrap();
    assert!(code(&output) == 2 && shown(&output).contains("in no repository of git"), "{}", shown(&output));
}

#[test]
fn a_script_that_would_be_refused_is_named() {
    let two = "-- two statements\nCREATE INDEX CONCURRENTLY a ON orders (id);\nSELECT 1;\n";
    let project = project(&[MADE, ("20260103000000_two", two), ("20260104000000_gone", "DROP TABLE orders;\n")]);
    let output = run(&project, &["report"]);
    let text = shown(&output);
    let file = "prisma/migrations/20260103000000_two/migration.sql";
    assert!(code(&output) == 0 && text.contains("Lockstep refuses the script: "), "{text}");
    assert!(text.contains("20260104000000_gone"), "the rest of the report goes on: {text}");
    assert_eq!(code(&run(&project, &["report", "--fail-on", "danger"])), 8);
    let text = shown(&run(&project, &["report", "--format", "github"]));
    let annotation = format!("::error file={file},line=2,endLine=2,");
    let said = text.lines().find(|line| line.starts_with(&annotation));
    assert!(said.is_some_and(|line| line.contains("Lockstep refuses the script: ")), "{text}");
}

#[test]
fn wrong_arguments_are_named_and_nothing_panics() {
    let project = project(&[]);
    for (arguments, said) in [
        (&["reprot"][..], "'report'"),
        (&["report", "--formt", "json"], "--format"),
        (&["report", "--format", "xml"], "possible values"),
        (&["report"], "no directory prisma/migrations and no migrations here"),
        (&["report", "--up-to", "", "x"], "is empty"),
        (&["apply", "--lock-timeout-ms", "0"], "--lock-timeout-ms"),
        (&["status", "--sqlx-table", "a.b.c"], "give a table's name"),
        (&["resolve", "x"], "--applied"),
        (&["status", "--database-url", "mysql://u:s3cret@h/x"], "no directory"),
        (&["status", "postgresql://u:s3cret@h/db"], "a URL stands where no URL belongs"),
        (&["report", "--format", "postgres://u:s3cret@h/db"], "a URL stands where no URL belongs"),
        (&["report", "--format=postgres://u:s3cret@h/db"], "a URL stands where no URL belongs"),
        (&["postgresql://u:s3cret@h/db"], "a URL stands where no URL belongs"),
        (&[], "Usage"),
    ] {
        let output = run(&project, arguments);
        assert!(code(&output) == 2 && shown(&output).contains(said), "{arguments:?}: {}", shown(&output));
        assert!(!shown(&output).contains("panicked") && !shown(&output).contains("s3cret"), "{}", shown(&output));
    }
    let output = run(&project, &["reprot", "--json"]);
    let failed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), &failed["exit"]), (2, &2.into()), "{failed}");
    let output = run(&project, &["report", "nowhere"]);
    assert!(code(&output) == 2 && shown(&output).contains("there is no directory nowhere"), "{}", shown(&output));
    fs::create_dir_all(project.path().join("empty")).unwrap();
    let output = run(&project, &["report", "empty"]);
    assert!(code(&output) == 1 && shown(&output).contains("History.Invalid"), "{}", shown(&output));
    assert!(!shown(&output).contains("layer"), "{}", shown(&output));
}

#[test]
fn a_reader_that_leaves_and_a_disk_that_is_full_end_it_calmly() {
    let project = project(&[MADE, INDEXED]);
    let mut child =
        command(&project, &["report", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let output = command(&project, &["report"]).stdout(full).output().unwrap();
        assert!(code(&output) == 1 && shown(&output).contains("the output could not be written"), "{}", shown(&output));
    }
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let project = project(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(shown(&run(&project, &["completions", shell])).contains("baseline"), "{shell}");
    }
    assert_eq!(code(&run(&project, &["man", "pages"])), 0);
    let pages = fs::read_dir(project.path().join("pages")).unwrap().count();
    let help = shown(&run(&project, &["--help"]));
    assert!(pages > 6 && help.contains("Exit status:") && help.contains("baseline"), "{pages}: {help}");
}

#[test]
fn every_command_has_an_example() {
    let project = project(&[]);
    let direct = ["report", "status", "plan", "apply", "resolve", "baseline", "completions", "man"];
    let of_a_stack = ["run", "runs", "show", "approve", "reject", "stop", "logs", "verify", "github"];
    for command in direct.into_iter().chain(of_a_stack) {
        let help = shown(&run(&project, &[command, "--help"]));
        assert!(help.contains(&format!("lockstep {command}")), "{help}");
    }
}

/// Returns the first cells of the rows below a heading of the page.
fn cells(page: &str, heading: &str, column: usize) -> Vec<String> {
    let section = page.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).skip(1);
    rows.map(|row| row.split(" | ").nth(column).unwrap().trim_matches(['|', ' ']).to_owned()).collect()
}

#[test]
fn the_page_says_what_the_command_does() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command.md")).unwrap();
    let codes: Vec<_> = cli::exit::Exit::ALL.iter().map(|exit| exit.code().to_string()).collect();
    let meanings: Vec<_> = cli::exit::Exit::ALL.iter().map(|exit| exit.meaning()).collect();
    assert_eq!(cells(&page, "## Exit status", 0), codes);
    assert_eq!(cells(&page, "## Exit status", 1), meanings);
    let commands = cells(&page, "# The command", 0);
    let help = shown(&run(&project(&[]), &["--help"]));
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: Vec<_> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|it| *it != "help").collect();
    let named: Vec<_> = commands.iter().filter_map(|cell| cell.trim_matches('`').split(' ').nth(1)).collect();
    assert_eq!(named, listed, "the page's commands are those of --help");
}

/// Splits a line as a shell does, as far as the pages need it: words, single quotes, and a comment at the end.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut is_quoted, mut is_new) = (false, true);
    for character in line.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            '#' if is_new && !is_quoted => break,
            other => words.last_mut().unwrap().push(other),
        }
        is_new = character == ' ';
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the lines of a page's listings that call the command, without the variables before it, and its mentions in the
/// running text.
fn called(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut listed, mut mentioned) = (Vec::new(), Vec::new());
    for (number, part) in page.split("```").enumerate() {
        if number % 2 == 1 {
            let part = part.replace("\\\n", " ");
            let calls = part.lines().map(|line| {
                let is_variable = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.contains('-'));
                line.split(' ').skip_while(|word| is_variable(word)).collect::<Vec<_>>().join(" ")
            });
            listed.extend(calls.filter(|call| call.starts_with("lockstep ")));
        } else {
            let codes =
                part.split('`').skip(1).step_by(2).map(|code| code.split_whitespace().collect::<Vec<_>>().join(" "));
            mentioned.extend(codes.filter(|code| code.starts_with("lockstep ")));
        }
    }
    (listed, mentioned)
}

#[test]
fn every_command_in_the_pages_is_one_that_it_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = [root.clone(), root.join("docs")];
    let pages = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let (mut listings, mut mentions) = (0, 0);
    let digest = "0f".repeat(32);
    for page in pages.filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let (listed, mentioned) = called(&fs::read_to_string(&page).unwrap());
        for line in &listed {
            let parsed = cli::command().try_get_matches_from(words(&line.replace("DIGEST", &digest)));
            assert!(parsed.is_ok(), "{}: {line}: {}", page.display(), parsed.unwrap_err());
        }
        for code in &mentioned {
            // A mention has words for the reader's own values, and may leave out what is needed.
            let filled = code.replace(['[', ']'], "").replace("<env>", "dev").replace("ENV", "dev");
            let filled = filled.replace("SHELL", "bash").replace("DIGEST", &digest);
            let Err(error) = cli::command().try_get_matches_from(words(&filled)) else { continue };
            let is_short = matches!(
                error.kind(),
                ErrorKind::MissingRequiredArgument
                    | ErrorKind::MissingSubcommand
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::DisplayHelp
                    | ErrorKind::DisplayVersion
            );
            assert!(is_short, "{}: {code}: {error}", page.display());
        }
        listings += listed.len();
        mentions += mentioned.len();
    }
    assert!(listings > 20 && mentions > 50, "{listings} and {mentions}");
}

/// Stands in for GitHub's command: lists the comments of a file, and keeps what it is to write.
const GH: &str = r#"#!/bin/sh
echo "$*" >> calls
case "$*" in
    *--method*) cat > written; if [ -f forbidden ]; then echo 'gh: Resource not accessible (HTTP 403)' >&2; exit 1; fi; echo '{}' ;;
    *) cat comments ;;
esac
"#;

#[test]
fn a_pull_request_has_one_comment_and_each_push_says_what_it_changes() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = project(&[MADE]);
    let path = |name: &str| project.path().join(name);
    let keep = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    fs::create_dir(path("bin")).unwrap();
    keep("bin/gh", GH);
    fs::set_permissions(path("bin/gh"), fs::Permissions::from_mode(0o755)).unwrap();
    keep("comments", r#"[[{"id": 6, "body": "Looks good"}]]"#);
    let push = |head: &str| {
        keep("event.json", &format!(r#"{{"pull_request": {{"number": 7, "head": {{"sha": "{head}"}}}}}}"#));
        let mut report = command(&project, &["report", "--comment", "--format", "github"]);
        report.env("PATH", format!("{}:{}", path("bin").display(), std::env::var("PATH").unwrap()));
        let output =
            report.env("GITHUB_REPOSITORY", "o/r").env("GITHUB_EVENT_PATH", path("event.json")).output().unwrap();
        assert_eq!(code(&output), 0, "{}", shown(&output));
        let written: Value = serde_json::from_str(&read("written")).unwrap();
        (shown(&output), written["body"].as_str().unwrap().to_owned())
    };
    let (said, first) = push("1111111aaa");
    assert!(said.contains("::notice title=Lockstep::safe") && said.contains("has the report as a comment"), "{said}");
    assert!(first.contains("\n# ✓ **safe**") && !first.contains("**Since"), "{first}");
    assert!(read("calls").ends_with("api --method POST repos/o/r/issues/7/comments --input -\n"), "{}", read("calls"));
    write(project.path(), INDEXED.0, INDEXED.1);
    let comments = serde_json::json!([[{ "id": 6, "body": "Looks good" }], [{ "id": 9, "body": first }]]);
    keep("comments", &comments.to_string());
    let (said, second) = push("2222222bbb");
    assert!(said.contains("has the new report"), "{said}");
    assert!(read("calls").ends_with("api --method PATCH repos/o/r/issues/comments/9 --input -\n"), "{}", read("calls"));
    let changed = format!("**Since `1111111`:** danger instead of safe.\n\n- `{}` is new: danger\n", INDEXED.0);
    assert!(second.contains(&changed), "{second}");
    // A fork's job may not write.
    keep("forbidden", "");
    let (said, _) = push("3333333ccc");
    assert!(said.contains("::error file=") && said.contains("may not write one"), "{said}");
    let output = run(&project, &["report", "--comment"]);
    assert!(code(&output) == 2 && shown(&output).contains("GITHUB_REPOSITORY is not set"), "{}", shown(&output));
}
