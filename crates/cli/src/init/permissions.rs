//! What `lockstep init` has to be allowed, and what a policy of an endpoint allows.

use serde_json::{Value, json};

/// The rights, each with the values that have to be looked up by hand without it.
pub(crate) const RIGHTS: [(&str, &str); 9] = [
    ("rds:DescribeDBInstances", "all of them"),
    ("ec2:DescribeSubnets", "SubnetIds, S3RouteTableIds"),
    ("ec2:DescribeRouteTables", "SubnetIds, S3RouteTableIds"),
    ("ec2:DescribeNatGateways", "none: whether a NAT works is then not known"),
    ("ec2:DescribeVpcEndpoints", "S3RouteTableIds, where the subnets have no NAT"),
    ("ec2:DescribeVpcEndpointServices", "none: whether an endpoint can be made in a zone is then not known"),
    ("ec2:DescribeSecurityGroups", "none: an endpoint that is there already is then not used"),
    ("ec2:DescribeManagedPrefixLists", "S3PrefixListId"),
    ("secretsmanager:ListSecrets", "DatabaseSecretArn, where RDS manages no secret; DatabaseSecretKmsKeyArn"),
];

/// Returns the policy with all rights. They only read, and none of them reads a secret's value.
pub(crate) fn policy() -> Value {
    let actions: Vec<_> = RIGHTS.iter().map(|(action, _)| *action).collect();
    json!({
        "Version": "2012-10-17",
        // None of these actions is asked for one resource alone.
        "Statement": [{ "Sid": "LockstepInit", "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
}

/// Returns whether an endpoint's policy allows everything, as the one does that AWS gives it.
pub(super) fn is_open(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        one => std::slice::from_ref(one),
    };
    let is_any = |value: &Value| *value == json!("*") || *value == json!(["*"]);
    let is_everything = |one: &Value| {
        let whose = &one["Principal"];
        one["Effect"] == "Allow"
            && (is_any(whose) || is_any(&whose["AWS"]))
            && is_any(&one["Action"])
            && is_any(&one["Resource"])
            && one.get("Condition").is_none()
    };
    let denies = statements.iter().any(|one| one["Effect"] == "Deny");
    !denies && statements.iter().any(is_everything)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_only_reads() {
        let policy = policy();
        let actions = policy["Statement"][0]["Action"].as_array().unwrap();
        assert_eq!(actions.len(), RIGHTS.len());
        for action in actions {
            let name = action.as_str().unwrap().split_once(':').unwrap().1;
            assert!(name.starts_with("Describe") || name.starts_with("List"), "{name}");
        }
    }

    #[test]
    fn a_policy_is_open_if_it_allows_everything() {
        let with = |statement: Value| json!({ "Statement": statement }).to_string();
        let everything = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
        assert!(is_open(&with(json!([everything]))));
        assert!(is_open(&with(everything.clone())));
        let mut by_account = everything.clone();
        by_account["Principal"] = json!({ "AWS": "*" });
        assert!(is_open(&with(by_account)));
        for (field, value) in
            [("Action", json!("secretsmanager:GetSecretValue")), ("Resource", json!("arn:x")), ("Condition", json!({}))]
        {
            let mut less = everything.clone();
            less[field] = value;
            assert!(!is_open(&with(json!([less]))), "{field}");
        }
        assert!(!is_open(&with(json!([everything, { "Effect": "Deny", "Action": "s3:*" }]))));
        assert!(!is_open("not JSON"));
    }
}
