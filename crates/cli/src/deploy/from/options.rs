//! The options of `sam deploy` in samconfig.toml that a deployment without SAM follows too.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::Item;

use crate::problem::Problem;
use crate::samconfig;

/// What SAM's options mean here is said elsewhere, or is the same in any case: that nothing has changed is no failure.
const ELSEWHERE: [&str; 8] = [
    "stack_name",
    "region",
    "profile",
    "parameter_overrides",
    "template_file",
    "template",
    "fail_on_empty_changeset",
    "no_fail_on_empty_changeset",
];

/// The options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The bucket of the uploads. None is the one that SAM manages.
    pub(crate) bucket: Option<String>,
    /// What the keys of the uploads begin with.
    pub(crate) prefix: String,
    /// What the deployer acknowledges.
    pub(crate) capabilities: Vec<String>,
    /// The tags of the stack and of what is in it.
    pub(crate) tags: BTreeMap<String, String>,
    /// The role that `CloudFormation` works with.
    pub(crate) role: Option<String>,
    /// Whether a person has to agree to the changes.
    pub(crate) is_asked: bool,
    /// The options that only SAM follows.
    pub(crate) ignored: Vec<String>,
}

impl Options {
    /// Reads the options of an environment. `stack` is the default of the uploads' prefix.
    ///
    /// # Errors
    ///
    /// Names an option that is wrong.
    pub(crate) fn read(file: &Path, environment: &str, stack: &str) -> Result<Self, Problem> {
        let heading = format!("{}, [{environment}.deploy.parameters]", samconfig::FILE);
        let mut given = samconfig::of_deploy(file, environment)?;
        given.retain(|name, _| !ELSEWHERE.contains(&name.as_str()));
        let mut text = |name: &str| match given.remove(name) {
            None => Ok(None),
            Some(item) => match item.as_str() {
                Some(text) => Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
                None => Err(Problem::usage(format!("{heading}: write {name} as a text"))),
            },
        };
        let (bucket, prefix, role) = (text("s3_bucket")?, text("s3_prefix")?, text("role_arn")?);
        let mut is = |name: &str| match given.remove(name) {
            None => Ok(false),
            Some(item) => {
                item.as_bool().ok_or_else(|| Problem::usage(format!("{heading}: {name} has to be true or false")))
            }
        };
        let (resolves, is_asked) = (is("resolve_s3")?, is("confirm_changeset")?);
        if bucket.is_none() && !resolves {
            return Err(Problem::usage(format!(
                "{heading}: say where the code is uploaded to: s3_bucket = \"<a bucket of yours in the Region>\", or resolve_s3 = true \
                 for the bucket that SAM manages"
            )));
        }
        let capabilities = words(given.remove("capabilities").as_ref());
        let capabilities =
            capabilities.ok_or_else(|| Problem::usage(format!("{heading}: write capabilities as a list of texts")))?;
        let tags = words(given.remove("tags").as_ref()).and_then(|tags| {
            let pairs = tags.iter().map(|tag| tag.split_once('=').filter(|(name, _)| !name.is_empty()));
            pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
        });
        let tags = tags.ok_or_else(|| {
            Problem::usage(format!("{heading}: write tags as a list, [\"name=value\", \"name=value\"]"))
        })?;
        Ok(Self {
            bucket,
            prefix: prefix.unwrap_or_else(|| stack.to_owned()).trim_matches('/').to_owned(),
            capabilities,
            tags,
            role,
            is_asked,
            ignored: given.into_keys().collect(),
        })
    }
}

/// Returns the words of a list, or of one text. Returns `None` if it is neither.
fn words(item: Option<&Item>) -> Option<Vec<String>> {
    let Some(item) = item else { return Some(Vec::new()) };
    if let Some(text) = item.as_str() {
        return Some(text.split_whitespace().map(str::to_owned).collect());
    }
    item.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &str) -> Result<Options, Problem> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(samconfig::FILE);
        let text = format!("[dev.global.parameters]\nstack_name = \"s\"\n[dev.deploy.parameters]\n{options}");
        std::fs::write(&file, text).unwrap();
        Options::read(&file, "dev", "shop-migrations-dev")
    }

    #[test]
    fn the_options_of_sam_are_followed() {
        let options = read(
            "resolve_s3 = true\ns3_prefix = \"shop/x/\"\ncapabilities = \"CAPABILITY_IAM CAPABILITY_X\"\nconfirm_changeset = true\n\
             tags = [\"a=b=c\", \"d=\"]\nregion = \"eu-west-1\"\ndisable_rollback = true\nrole_arn = \"\"",
        )
        .unwrap();
        assert_eq!((options.bucket, options.prefix.as_str(), options.role), (None, "shop/x", None));
        assert_eq!(options.capabilities, ["CAPABILITY_IAM", "CAPABILITY_X"]);
        assert_eq!(options.tags, [("a", "b=c"), ("d", "")].map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        assert!(options.is_asked);
        assert_eq!(options.ignored, ["disable_rollback"]);
        let plain = read("s3_bucket = \"mine\"").unwrap();
        assert_eq!((plain.bucket.as_deref(), plain.prefix.as_str()), (Some("mine"), "shop-migrations-dev"));
        assert!(plain.tags.is_empty() && !plain.is_asked && plain.ignored.is_empty());
    }

    #[test]
    fn a_wrong_option_is_named() {
        for (options, told) in [
            ("", "say where the code is uploaded to"),
            ("s3_bucket = 7", "write s3_bucket as a text"),
            ("resolve_s3 = \"yes\"", "resolve_s3 has to be true or false"),
            ("resolve_s3 = true\ntags = [\"a\"]", "write tags as a list"),
            ("resolve_s3 = true\ntags = 7", "write tags as a list"),
            ("resolve_s3 = true\ncapabilities = [7]", "write capabilities as a list"),
        ] {
            let message = read(options).unwrap_err().message;
            assert!(message.contains(told) && message.contains("[dev.deploy.parameters]"), "{message}");
        }
    }
}
