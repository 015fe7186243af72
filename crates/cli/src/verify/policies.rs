//! What Access Analyzer finds in the policies of a stack, as IAM has them.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::stack::{Members, resources};
use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error, encoded};

/// The findings that are more than style.
const SERIOUS: [&str; 2] = ["ERROR", "SECURITY_WARNING"];

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Policy {
    name: String,
    kind: Kind,
    document: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What an identity may do.
    Identity,
    /// Who may take a role: a resource policy, which has rules of its own.
    Trust,
}

/// Returns Access Analyzer's findings in a stack's policies.
pub(super) async fn unsound(aws: &Aws, stack: &str) -> Result<Vec<String>, Error> {
    let mut problems = Vec::new();
    for policy in policies(aws, stack).await? {
        match findings(aws, &policy).await {
            Ok(found) => problems.extend(told(&policy.name, &found)),
            Err(Error::Refused { code, .. }) => {
                return Ok(vec![format!("The policies could not be validated by AWS: {code}")]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(problems)
}

fn told(policy: &str, found: &[Finding]) -> Vec<String> {
    let serious = found.iter().filter(|finding| SERIOUS.contains(&finding.kind.as_str()));
    let sentence = |finding: &Finding| format!("{policy}: Access Analyzer finds {}: {}", finding.code, finding.details);
    serious.map(sentence).collect()
}

#[derive(Debug, Serialize)]
struct Validate<'a> {
    #[serde(rename = "policyDocument")]
    document: &'a str,
    #[serde(rename = "policyType")]
    kind: &'static str,
    #[serde(rename = "validatePolicyResourceType", skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Validated {
    findings: Vec<Finding>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    #[serde(rename = "findingType")]
    kind: String,
    #[serde(rename = "issueCode")]
    code: String,
    #[serde(rename = "findingDetails")]
    details: String,
}

async fn findings(aws: &Aws, policy: &Policy) -> Result<Vec<Finding>, Error> {
    let asked = asked(policy);
    let (mut found, mut next) = (Vec::new(), None::<String>);
    loop {
        let query = next.as_deref().map(|next| format!("?nextToken={}", encoded(next))).unwrap_or_default();
        let path = format!("/policy/validation{query}");
        let page: Validated = aws.rest(Service::AccessAnalyzer, "POST", &path, Some(&asked)).await?;
        found.extend(page.findings);
        next = page.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

fn asked(policy: &Policy) -> Validate<'_> {
    let (kind, resource) = match policy.kind {
        Kind::Identity => ("IDENTITY_POLICY", None),
        Kind::Trust => ("RESOURCE_POLICY", Some("AWS::IAM::AssumeRolePolicyDocument")),
    };
    Validate { document: &policy.document, kind, resource }
}

/// Returns each policy of the stack's roles, and each policy that may be attached.
async fn policies(aws: &Aws, stack: &str) -> Result<Vec<Policy>, Error> {
    let mut found = Vec::new();
    for resource in resources(aws, stack).await? {
        let (name, physical) = (resource.name, resource.physical);
        match resource.kind.as_str() {
            "AWS::IAM::Role" => found.extend(of_role(aws, &name, &physical).await?),
            "AWS::IAM::ManagedPolicy" => {
                let asked = [("PolicyArn", physical.as_str())];
                let policy: GetPolicy = aws.query(Service::Iam, "GetPolicy", &asked).await?;
                let version = policy.result.policy.default_version_id;
                let asked = [("PolicyArn", physical.as_str()), ("VersionId", version.as_str())];
                let version: GetPolicyVersion = aws.query(Service::Iam, "GetPolicyVersion", &asked).await?;
                found.push(Policy {
                    name,
                    kind: Kind::Identity,
                    document: decoded(&version.result.policy_version.document),
                });
            }
            _ => {}
        }
    }
    Ok(found)
}

async fn of_role(aws: &Aws, name: &str, role: &str) -> Result<Vec<Policy>, Error> {
    let found: GetRole = aws.query(Service::Iam, "GetRole", &[("RoleName", role)]).await?;
    let document = decoded(&found.result.role.assume_role_policy_document);
    let mut policies = vec![Policy { name: format!("{name}'s trust"), kind: Kind::Trust, document }];
    let mut marker = None::<String>;
    loop {
        let mut asked = vec![("RoleName", role)];
        asked.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page: ListRolePolicies = aws.query(Service::Iam, "ListRolePolicies", &asked).await?;
        for policy in page.result.policy_names.member {
            let asked = [("RoleName", role), ("PolicyName", policy.as_str())];
            let found: GetRolePolicy = aws.query(Service::Iam, "GetRolePolicy", &asked).await?;
            let document = decoded(&found.result.policy_document);
            policies.push(Policy { name: format!("{name}, {policy}"), kind: Kind::Identity, document });
        }
        marker = page.result.marker;
        if marker.is_none() {
            return Ok(policies);
        }
    }
}

/// IAM encodes a document as for a URL.
fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// Defines the answer of an action of IAM's: its outermost element, and the result in it.
macro_rules! answers {
    ($($name:ident, $element:literal, $result:ident { $($field:ident: $type:ty),* };)*) => {
        $(
            #[derive(Debug, Deserialize)]
            struct $name {
                #[serde(rename = $element)]
                result: $result,
            }

            #[derive(Debug, Deserialize)]
            #[serde(rename_all = "PascalCase")]
            struct $result {
                $($field: $type,)*
            }
        )*
    };
}

answers! {
    GetRole, "GetRoleResult", FoundRole { role: Role };
    ListRolePolicies, "ListRolePoliciesResult", ListedPolicies { policy_names: Members<String>, marker: Option<String> };
    GetRolePolicy, "GetRolePolicyResult", FoundRolePolicy { policy_document: String };
    GetPolicy, "GetPolicyResult", FoundPolicy { policy: Managed };
    GetPolicyVersion, "GetPolicyVersionResult", FoundVersion { policy_version: Version };
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    assume_role_policy_document: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    default_version_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_more_than_style_is_told() {
        let finding = |kind: &str| {
            let finding = json!({ "findingType": kind, "issueCode": "INVALID_ACTION", "findingDetails": "No such action.",
                "learnMoreLink": "", "locations": [] });
            serde_json::from_value::<Finding>(finding).unwrap()
        };
        let found = ["SUGGESTION", "ERROR", "WARNING", "SECURITY_WARNING"].map(finding);
        let said = "Role, inline: Access Analyzer finds INVALID_ACTION: No such action.";
        assert_eq!(told("Role, inline", &found), [said, said]);
    }

    #[test]
    fn each_policy_is_validated_as_what_it_is() {
        let of = |kind| {
            let policy = Policy { name: String::new(), kind, document: "{}".to_owned() };
            serde_json::to_value(asked(&policy)).unwrap()
        };
        assert_eq!(of(Kind::Identity), json!({ "policyDocument": "{}", "policyType": "IDENTITY_POLICY" }));
        let trust = json!({ "policyDocument": "{}", "policyType": "RESOURCE_POLICY",
            "validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument" });
        assert_eq!(of(Kind::Trust), trust);
    }

    #[test]
    fn documents_are_read_as_iam_writes_them() {
        let xml = r#"<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><RoleName>r</RoleName>
            <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument></Role></GetRoleResult>
            </GetRoleResponse>"#;
        let role: GetRole = quick_xml::de::from_str(xml).unwrap();
        assert_eq!(decoded(&role.result.role.assume_role_policy_document), r#"{"Version":"2012-10-17"}"#);
        let xml = "<R><ListRolePoliciesResult><PolicyNames><member>a</member><member>b</member></PolicyNames>
            <IsTruncated>false</IsTruncated></ListRolePoliciesResult></R>";
        let listed: ListRolePolicies = quick_xml::de::from_str(xml).unwrap();
        assert_eq!(
            (listed.result.policy_names.member, listed.result.marker),
            (vec!["a".to_owned(), "b".to_owned()], None)
        );
    }
}
