//! Whether the version of a function that runs is the one that was deployed last.

use serde::Deserialize;
use serde_json::Value;

use crate::arguments::stack::Step;
use crate::aws::endpoint::Service;
use crate::aws::{Error, encoded};
use crate::target::Target;

/// The settings that a function's newest version must share with the function itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Configuration {
    code_sha256: String,
    environment: Value,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<String>,
    memory_size: u64,
    timeout: u64,
    layers: Vec<Layer>,
    vpc_config: Option<Network>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Layer {
    arn: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Network {
    security_group_ids: Vec<String>,
    subnet_ids: Vec<String>,
}

impl Configuration {
    /// Returns the configuration with its lists in one order.
    fn ordered(mut self) -> Self {
        let mut network = self.vpc_config.take().unwrap_or_default();
        network.security_group_ids.sort();
        network.subnet_ids.sort();
        Self { vpc_config: Some(network), ..self }
    }

    /// Returns the names of the settings in which the two differ.
    fn differences(self, other: Self) -> Vec<&'static str> {
        let (one, other) = (self.ordered(), other.ordered());
        let (network, others) = (one.vpc_config.unwrap_or_default(), other.vpc_config.unwrap_or_default());
        [
            ("CodeSha256", one.code_sha256 == other.code_sha256),
            ("Environment", one.environment == other.environment),
            ("KMSKeyArn", one.kms_key_arn == other.kms_key_arn),
            ("MemorySize", one.memory_size == other.memory_size),
            ("Timeout", one.timeout == other.timeout),
            ("Layers", one.layers == other.layers),
            ("SecurityGroupIds", network.security_group_ids == others.security_group_ids),
            ("SubnetIds", network.subnet_ids == others.subnet_ids),
        ]
        .into_iter()
        .filter_map(|(name, is_same)| (!is_same).then_some(name))
        .collect()
    }
}

/// Returns the functions whose newest version differs from the function as last deployed.
pub(super) async fn stale(target: &Target) -> Result<Vec<String>, Error> {
    let mut problems = Vec::new();
    for step in Step::ALL {
        let name = target.function(step.word());
        let (latest, live) =
            (configuration(target, &name, "$LATEST").await?, configuration(target, &name, "live").await?);
        let different = latest.differences(live);
        if !different.is_empty() {
            problems
                .push(format!("{name}: the version that runs was published before {} changed", different.join(", ")));
        }
    }
    Ok(problems)
}

async fn configuration(target: &Target, function: &str, qualifier: &str) -> Result<Configuration, Error> {
    let path = format!("/2015-03-31/functions/{}/configuration?Qualifier={}", encoded(function), encoded(qualifier));
    target.aws.rest(Service::Lambda, "GET", &path, None::<&Value>).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::made::with;

    fn read(more: Value) -> Configuration {
        let configuration = json!({
            "CodeSha256": "a", "Environment": { "Variables": { "A": "1" } }, "MemorySize": 256, "Timeout": 60,
            "Layers": [{ "Arn": "l:1", "CodeSize": 1 }],
            "VpcConfig": { "SubnetIds": ["s-1", "s-2"], "SecurityGroupIds": ["g-1"], "VpcId": "v" }, "FunctionName": "f",
        });
        serde_json::from_value(with(configuration, more)).unwrap()
    }

    #[test]
    fn each_setting_that_differs_is_named() {
        let same = json!({ "VpcConfig": { "SubnetIds": ["s-2", "s-1"], "SecurityGroupIds": ["g-1"] } });
        assert!(read(json!({})).differences(read(same)).is_empty());
        for (more, name) in [
            (json!({ "CodeSha256": "b" }), "CodeSha256"),
            (json!({ "Environment": {} }), "Environment"),
            (json!({ "KMSKeyArn": "k" }), "KMSKeyArn"),
            (json!({ "MemorySize": 128 }), "MemorySize"),
            (json!({ "Timeout": 61 }), "Timeout"),
            (json!({ "Layers": [{ "Arn": "l:2" }] }), "Layers"),
            (json!({ "VpcConfig": { "SubnetIds": ["s-1", "s-2"], "SecurityGroupIds": ["g-2"] } }), "SecurityGroupIds"),
            (json!({ "VpcConfig": { "SubnetIds": ["s-1"], "SecurityGroupIds": ["g-1"] } }), "SubnetIds"),
        ] {
            assert_eq!(read(json!({})).differences(read(more)), [name]);
        }
    }

    #[test]
    fn a_function_outside_of_the_network_has_none() {
        let outside = || read(json!({ "VpcConfig": null, "Layers": [] }));
        assert!(outside().differences(outside()).is_empty());
    }
}
