//! An environment's settings in samconfig.toml. Errors in them are named so that they can be corrected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike};

use crate::aws::Place;
use crate::problem::Problem;

/// The name of the file.
pub(crate) const FILE: &str = "samconfig.toml";

/// The beginning of a value that is still to be filled in.
pub(crate) const PLACEHOLDER: &str = "FILL-IN";

/// The parameters without a default in the template that the commands need.
const NEEDED: [&str; 3] = ["Environment", "DatabaseInstance", "NotificationAddress"];

/// The template's defaults of the parameters that the commands need.
const DEFAULTS: [(&str, &str); 2] = [("Project", "lockstep"), ("Architecture", "x86_64")];

/// The settings of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The stack's name.
    pub(crate) stack: String,
    /// The Region.
    pub(crate) region: String,
    /// The profile, if one is named.
    pub(crate) profile: Option<String>,
    /// The template's parameters that are set.
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Returns the nearest samconfig.toml: in `here`, or in a directory above it up to the root of the repository.
pub(crate) fn find(here: &Path) -> Option<PathBuf> {
    for directory in here.ancestors() {
        let file = directory.join(FILE);
        if file.is_file() {
            return Some(file);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Returns an environment's settings.
///
/// # Errors
///
/// Names every value that is missing, wrong, or still to be filled in.
pub(crate) fn read(file: &Path, environment: &str) -> Result<Settings, Problem> {
    of_text(&load(file)?, environment)
}

/// Returns Region and profile of a stack, for a process whose own environment names none. `is_set` tells whether a
/// variable of the environment has a value. The settings of another stack do not count.
///
/// # Errors
///
/// When the file cannot be read, or is not TOML.
pub(crate) fn place(
    file: &Path,
    environment: &str,
    stack: &str,
    is_set: impl Fn(&str) -> bool,
) -> Result<Place, Problem> {
    let document = parse(&load(file)?)?;
    let Some(config) = document.get(environment).and_then(Item::as_table_like) else { return Ok(Place::default()) };
    let deploy = options(config, "deploy");
    let text = |name: &str| deploy.get(name).and_then(|item| item.as_str());
    if text("stack_name") != Some(stack) {
        return Ok(Place::default());
    }
    let filled_in = |name: &str, said_by: &[&str]| {
        let is_said = said_by.iter().any(|variable| is_set(variable));
        text(name).filter(|value| !value.contains(PLACEHOLDER) && !is_said).map(str::to_owned)
    };
    Ok(Place {
        region: filled_in("region", &["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"]),
        profile: filled_in("profile", &["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"]),
    })
}

fn load(file: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(file).map_err(|error| Problem::usage(format!("{} cannot be read: {error}", file.display())))
}

fn parse(text: &str) -> Result<DocumentMut, Problem> {
    // The parser's message names the line and the column.
    text.parse().map_err(|error| Problem::usage(format!("{FILE} is not TOML: {error}")))
}

fn of_text(text: &str, environment: &str) -> Result<Settings, Problem> {
    let document = parse(text)?;
    let Some(config) = document.get(environment).and_then(Item::as_table_like) else {
        return Err(Problem::usage(format!("{FILE} has no settings for {environment}")));
    };
    let heading = format!("{FILE}, [{environment}.deploy.parameters]");
    let deploy = options(config, "deploy");
    let parameters = overrides(&deploy, &heading)?;
    let texts: BTreeMap<_, _> = deploy.iter().filter_map(|(name, item)| Some((*name, item.as_str()?))).collect();
    let mut unfilled: Vec<_> =
        texts.iter().filter(|(_, value)| value.contains(PLACEHOLDER)).map(|(name, _)| *name).collect();
    unfilled.extend(parameters.iter().filter(|(_, value)| value.contains(PLACEHOLDER)).map(|(name, _)| name.as_str()));
    if !unfilled.is_empty() {
        return Err(Problem::usage(format!("{heading}: fill in {}", unfilled.join(", "))));
    }
    let missing: Vec<_> = ["stack_name", "region"].into_iter().filter(|name| !texts.contains_key(name)).collect();
    if !missing.is_empty() {
        return Err(Problem::usage(format!("{heading}: add {}", missing.join(", "))));
    }
    let is_missing = |name: &&str| parameters.get(*name).is_none_or(String::is_empty);
    let missing: Vec<_> = NEEDED.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        return Err(Problem::usage(format!("{heading}: add {} to parameter_overrides", missing.join(", "))));
    }
    let stack = texts["stack_name"];
    check(config, environment, stack, &parameters)?;
    Ok(Settings {
        stack: stack.to_owned(),
        region: texts["region"].to_owned(),
        profile: texts.get("profile").map(|profile| (*profile).to_owned()),
        parameters,
    })
}

/// Checks that the values fit together.
fn check(
    config: &dyn TableLike,
    environment: &str,
    stack: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<(), Problem> {
    let heading = format!("{FILE}, [{environment}.deploy.parameters]");
    let deployed =
        |name: &str| parameters.get(name).map(String::as_str).or_else(|| default_of(name)).unwrap_or_default();
    if deployed("Environment") != environment {
        return Err(Problem::usage(format!("{heading}: Environment is {}", deployed("Environment"))));
    }
    let of_build = format!("{FILE}, [{environment}.build.parameters]");
    let built = overrides(&options(config, "build"), &of_build)?;
    let built =
        built.get("Architecture").map(String::as_str).or_else(|| default_of("Architecture")).unwrap_or_default();
    if built != deployed("Architecture") {
        return Err(Problem::usage(format!(
            "{FILE}: Architecture is {built} under [{environment}.build.parameters] and {} under \
             [{environment}.deploy.parameters]; the functions would not start",
            deployed("Architecture")
        )));
    }
    let wanted = format!("{}-migrations-{environment}", deployed("Project"));
    if stack != wanted {
        return Err(Problem::usage(format!(
            "{FILE}, [{environment}.global.parameters]: stack_name is {stack}; make it {wanted}, because the template gives its \
             parts names that begin with this, and the commands find them by it"
        )));
    }
    Ok(())
}

fn default_of(name: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|(of, _)| *of == name).map(|(_, value)| *value)
}

/// Returns the options of an environment's `sam deploy`, as TOML.
///
/// # Errors
///
/// When the file cannot be read, is not TOML, or has no settings for the environment.
pub(crate) fn of_deploy(file: &Path, environment: &str) -> Result<BTreeMap<String, Item>, Problem> {
    let document = parse(&load(file)?)?;
    let config = document.get(environment).and_then(Item::as_table_like);
    let config = config.ok_or_else(|| Problem::usage(format!("{FILE} has no settings for {environment}")))?;
    Ok(options(config, "deploy").into_iter().map(|(name, item)| (name.to_owned(), item.clone())).collect())
}

/// Returns a command's options on top of the options for all commands, as SAM merges them.
fn options<'a>(config: &'a dyn TableLike, command: &str) -> BTreeMap<&'a str, &'a Item> {
    let of = |command: &str| config.get(command)?.as_table_like()?.get("parameters")?.as_table_like();
    let mut merged = BTreeMap::new();
    for command in ["global", command] {
        if let Some(parameters) = of(command) {
            merged.extend(parameters.iter());
        }
    }
    merged
}

/// Returns the template's parameters. SAM also takes them as one text. This refuses that, because only a list shows its
/// values.
fn overrides(options: &BTreeMap<&str, &Item>, heading: &str) -> Result<BTreeMap<String, String>, Problem> {
    let Some(given) = options.get("parameter_overrides") else { return Ok(BTreeMap::new()) };
    let Some(list) = given.as_array() else {
        return Err(Problem::usage(format!(
            "{heading}: write parameter_overrides as a list, [\"Name=value\", \"Name=value\"]"
        )));
    };
    let pair = |value: &toml_edit::Value| {
        let found = value.as_str().and_then(|text| text.split_once('='));
        let (name, value) = found.ok_or_else(|| {
            let value = value.clone().decorated("", "");
            Problem::usage(format!("{heading}: in parameter_overrides, {value} is not of the form \"Name=value\""))
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    list.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [dev.global.parameters]
        stack_name = "lockstep-migrations-dev"
        [dev.build.parameters]
        parameter_overrides = ["Architecture=x86_64"]
        [dev.deploy.parameters]
        region = "eu-west-1"
        profile = "work"
        confirm_changeset = false
        parameter_overrides = ["Environment=dev", "DatabaseInstance=app", "NotificationAddress=a@example.com", "X=a=b"]
    "#;

    fn refused(text: &str) -> String {
        of_text(text, "dev").unwrap_err().message
    }

    #[test]
    fn settings_are_read() {
        let read = of_text(GOOD, "dev").unwrap();
        assert_eq!((read.stack.as_str(), read.region.as_str()), ("lockstep-migrations-dev", "eu-west-1"));
        assert_eq!(
            (read.profile.as_deref(), read.parameters.get("X").map(String::as_str)),
            (Some("work"), Some("a=b"))
        );
    }

    #[test]
    fn each_value_that_is_wrong_is_named() {
        for (from, to, said) in [
            ("dev.", "qa.", "samconfig.toml has no settings for dev"),
            ("eu-west-1", "FILL-IN-region", "[dev.deploy.parameters]: fill in region"),
            ("=app", "=FILL-IN-x", "fill in DatabaseInstance"),
            ("region = \"eu-west-1\"", "", "add region"),
            ("\"DatabaseInstance=app\",", "", "add DatabaseInstance to parameter_overrides"),
            ("=a@example.com", "=", "add NotificationAddress to parameter_overrides"),
            ("Environment=dev", "Environment=qa", "[dev.deploy.parameters]: Environment is qa"),
            (
                "Architecture=x86_64",
                "Architecture=arm64",
                "Architecture is arm64 under [dev.build.parameters] and x86_64 under",
            ),
            ("lockstep-migrations-dev", "mine", "stack_name is mine; make it lockstep-migrations-dev"),
            ("\"X=a=b\"", "\"X\"", "in parameter_overrides, \"X\" is not of the form \"Name=value\""),
            ("\"X=a=b\"", "7", "in parameter_overrides, 7 is not of the form"),
            ("[\"Architecture=x86_64\"]", "\"Architecture=x86_64\"", "write parameter_overrides as a list"),
            ("region =", "region", "is not TOML: TOML parse error at line 7"),
        ] {
            let message = refused(&GOOD.replace(from, to));
            assert!(message.contains(said), "{said}: {message}");
        }
    }

    #[test]
    fn the_projects_own_file_is_valid_but_for_what_is_to_be_filled_in() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samconfig.toml");
        let message = read(&file, "prod").unwrap_err().message;
        assert!(message.starts_with("samconfig.toml, [prod.deploy.parameters]: fill in region, "), "{message}");
    }

    #[test]
    fn region_and_profile_are_for_a_process_that_names_none() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        std::fs::write(&file, GOOD).unwrap();
        let found = |set: &[&str]| {
            let place = place(&file, "dev", "lockstep-migrations-dev", |name| set.contains(&name)).unwrap();
            (place.region.is_some(), place.profile.is_some())
        };
        assert_eq!(found(&[]), (true, true));
        assert_eq!(found(&["AWS_REGION"]), (false, true));
        assert_eq!(found(&["AWS_PROFILE"]), (false, false));
        assert_eq!(found(&["AWS_ACCESS_KEY_ID"]), (true, false));
        assert_eq!(place(&file, "dev", "shop-migrations-dev", |_| false).unwrap(), Place::default());
        assert_eq!(place(&file, "qa", "lockstep-migrations-qa", |_| false).unwrap(), Place::default());
        std::fs::write(&file, GOOD.replace("eu-west-1", "FILL-IN")).unwrap();
        assert_eq!(found(&[]), (false, true));
    }

    #[test]
    fn the_nearest_file_of_the_repository_is_found() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(root.path().join(FILE), "").unwrap();
        assert_eq!(find(&inner), Some(root.path().join(FILE)));
        std::fs::create_dir(root.path().join("a/.git")).unwrap();
        assert_eq!(find(&inner), None);
        std::fs::write(root.path().join("a").join(FILE), "").unwrap();
        assert_eq!(find(&inner), Some(root.path().join("a").join(FILE)));
    }
}
