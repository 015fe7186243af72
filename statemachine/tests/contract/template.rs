//! Compares `template.yaml` with the definition and the code, and with the roles for GitHub.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use report::Verdict;
use serde_json::{Map, Value, json};
use shared::config;
use yaml_serde::Value as Yaml;

use crate::definition::{definition, lambda_tasks, states, text};

/// The AWS SDK reads this variable itself.
const OF_THE_SDK: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";
/// Lambda publishes a version only when something has changed: this variable changes.
const OF_LAMBDA: &str = "RELEASE";
const FUNCTIONS: &[&str] = &["Apply", "Approve", "Notify", "Plan", "Preflight"];
/// The one that migrates, and the one that only plans.
const MACHINES: [&str; 2] = ["MigrationStateMachine", "PlanStateMachine"];
const IN_VPC: &[&str] = &["Apply", "Plan", "Preflight"];

/// Returns the template, with a tag as an object of one field: `!Ref X` is `{"!Ref": "X"}`.
fn template() -> Value {
    yaml("template.yaml")
}

fn yaml(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(path).unwrap_or_else(|failure| panic!("{file}: {failure}"));
    json_of(yaml_serde::from_str(&text).unwrap_or_else(|failure| panic!("{file}: {failure}")))
}

fn json_of(value: Yaml) -> Value {
    match value {
        Yaml::Tagged(tagged) => json!({ tagged.tag.to_string(): json_of(tagged.value) }),
        Yaml::Sequence(items) => items.into_iter().map(json_of).collect(),
        Yaml::Mapping(fields) => {
            let fields =
                fields.into_iter().map(|(name, item)| (name.as_str().expect("a key").to_owned(), json_of(item)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        plain => serde_json::to_value(plain).expect("a plain value is JSON"),
    }
}

fn resource(name: &str) -> Value {
    let resource = template()["Resources"][name]["Properties"].clone();
    assert!(resource.is_object(), "there is no resource {name}");
    resource
}

fn function(name: &str) -> Value {
    resource(&format!("{name}Function"))
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

/// Returns a number, or the default of the parameter that the value refers to.
fn seconds(value: &Value) -> u64 {
    let referred = value["!Ref"].as_str().map(|name| template()["Parameters"][name]["Default"].clone());
    referred.as_ref().unwrap_or(value).as_u64().unwrap_or_else(|| panic!("{value} is not a number of seconds"))
}

/// Returns the statements of a role's own policies, and of the template's policies that are attached to it.
fn statements(role: &str) -> Vec<Value> {
    let role = resource(role);
    let own = role["Policies"].as_array().expect("policies").clone();
    let attached = role["ManagedPolicyArns"].as_array().cloned().unwrap_or_default();
    let attached = attached.iter().map(|policy| resource(policy["!Ref"].as_str().expect("a policy of the template")));
    let lists = own
        .into_iter()
        .chain(attached)
        .map(|policy| policy["PolicyDocument"]["Statement"].as_array().expect("statements").clone());
    lists.flatten().collect()
}

#[test]
fn the_functions_are_the_steps() {
    let template = template();
    let resources = template["Resources"].as_object().expect("resources");
    let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    let found: BTreeMap<String, Value> = functions.map(|(name, found)| (name.clone(), found.clone())).collect();
    assert_eq!(
        found.keys().cloned().collect::<Vec<_>>(),
        FUNCTIONS.iter().map(|name| format!("{name}Function")).collect::<Vec<_>>()
    );
    for name in FUNCTIONS {
        let step = name.to_lowercase();
        let found = &found[&format!("{name}Function")];
        assert_eq!(found["Metadata"]["BuildProperties"]["Binary"], step.as_str());
        let expected = format!("${{Project}}-migrations-${{Environment}}-{step}");
        assert_eq!(found["Properties"]["FunctionName"]["!Sub"], expected.as_str());
    }
}

#[test]
fn the_template_gives_every_substitution_and_no_other() {
    let text = text();
    let used: BTreeSet<String> =
        text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect();
    for machine in MACHINES {
        assert_eq!(keys(&resource(machine)["DefinitionSubstitutions"]), used, "{machine}");
    }
}

#[test]
fn one_machine_only_plans_and_is_the_same_otherwise() {
    let [whole, plan] = MACHINES.map(resource);
    assert_eq!(
        (&whole["DefinitionSubstitutions"]["PlanOnly"], &plan["DefinitionSubstitutions"]["PlanOnly"]),
        (&json!("false"), &json!("true"))
    );
    // No run of the second comes to what these three say.
    let of_the_first = ["PlanOnly", "ApprovalFrom", "NothingPendingMail"];
    for (name, value) in plan["DefinitionSubstitutions"].as_object().expect("substitutions") {
        let differs = *value != whole["DefinitionSubstitutions"][name];
        assert!(!differs || of_the_first.contains(&name.as_str()), "{name}");
    }
    for same in ["DefinitionUri", "Logging", "Tracing"] {
        assert_eq!(plan[same], whole[same], "{same}");
    }
}

#[test]
fn the_machine_calls_versions() {
    for machine in MACHINES {
        let substitutions = &resource(machine)["DefinitionSubstitutions"];
        for (_, _, name) in lambda_tasks() {
            assert_eq!(substitutions[format!("{name}FunctionArn")]["!Ref"], format!("{name}Function.Version").as_str());
        }
    }
}

#[test]
fn production_always_asks_and_the_others_as_they_are_told() {
    let substitutions = &resource("MigrationStateMachine")["DefinitionSubstitutions"];
    let told = json!({ "!Ref": "ApprovalFrom" });
    assert_eq!(substitutions["ApprovalFrom"], json!({ "!If": ["IsProduction", "always", told] }));
    let template = template();
    assert_eq!(template["Conditions"]["IsProduction"], json!({ "!Equals": [{ "!Ref": "Environment" }, "prod"] }));
    assert_eq!(template["Parameters"]["ApprovalFrom"]["Default"], "always");
    let rule = &template["Rules"]["ProdAsksAlways"];
    assert_eq!(rule["RuleCondition"], template["Conditions"]["IsProduction"]);
    assert_eq!(rule["Assertions"][0]["Assert"], json!({ "!Equals": [told, "always"] }));
}

/// The parameter's values are a report's verdicts and `always`, and the definition knows them all.
#[test]
fn approval_starts_at_a_verdict() {
    let verdicts = [Verdict::Safe, Verdict::Caution, Verdict::Danger]
        .map(|verdict| serde_json::to_value(verdict).expect("a verdict is JSON"));
    let allowed = template()["Parameters"]["ApprovalFrom"]["AllowedValues"].clone();
    assert_eq!(allowed, json!([verdicts[1], verdicts[2], "always"]));
    let choices = states()["ApprovalNeeded?"]["Choices"].clone();
    let condition = choices[0]["Condition"].as_str().expect("a condition").to_owned();
    for known in [&verdicts[0], &verdicts[1]] {
        let known = known.as_str().expect("a text");
        assert!(condition.contains(&format!("$run.plan.report.verdict = '{known}'")), "{known}: {condition}");
    }
}

#[test]
fn reports_are_private_and_outlive_the_stack() {
    let template = template();
    for name in ["ReportsBucket", "ReportsBucketPolicy"] {
        let kept = &template["Resources"][name];
        assert_eq!(kept["DeletionPolicy"], "RetainExceptOnCreate", "{name}");
        assert_eq!(kept["UpdateReplacePolicy"], "Retain", "{name}");
    }
    let properties = &template["Resources"]["ReportsBucket"]["Properties"];
    let block = properties["PublicAccessBlockConfiguration"].as_object().expect("a block");
    assert_eq!((block.len(), block.values().all(|on| on == true)), (4, true));
    assert_eq!(properties["OwnershipControls"]["Rules"], json!([{ "ObjectOwnership": "BucketOwnerEnforced" }]));
    assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
    let encryption = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    let expiry = &properties["LifecycleConfiguration"]["Rules"][0];
    let days = json!({ "!Ref": "ReportRetentionDays" });
    assert_eq!((&expiry["ExpirationInDays"], &expiry["NoncurrentVersionExpiration"]["NoncurrentDays"]), (&days, &days));
    let policy = &resource("ReportsBucketPolicy")["PolicyDocument"]["Statement"];
    for denied in policy.as_array().expect("statements") {
        assert_eq!((&denied["Effect"], &denied["Principal"]), (&json!("Deny"), &json!("*")));
    }
    assert_eq!(policy[0]["Condition"], json!({ "Bool": { "aws:SecureTransport": "false" } }));
}

/// A version is deleted as many days after its bundle has expired as a run may take at least.
#[test]
fn a_bundle_outlives_the_run_that_waits_with_it() {
    let days = template()["Parameters"]["ReportRetentionDays"]["MinValue"].as_u64().expect("MinValue");
    let longest = definition()["TimeoutSeconds"].as_u64().expect("TimeoutSeconds");
    assert!(days * 24 * 3600 >= longest, "{days} days");
}

#[test]
fn plan_writes_reports_all_three_read_bundles_and_the_endpoint_lets_nothing_else_through() {
    let reports = (json!("s3:PutObject"), json!({ "!Sub": "${ReportsBucket.Arn}/reports/*" }));
    let bundles = (json!(["s3:GetObject", "s3:GetObjectVersion"]), json!({ "!Sub": "${ReportsBucket.Arn}/bundles/*" }));
    let of_s3 = |statements: &[Value]| {
        let found = statements.iter().filter(|found| found["Action"].to_string().contains("s3:"));
        found.map(|found| (found["Action"].clone(), found["Resource"].clone())).collect::<Vec<_>>()
    };
    for name in FUNCTIONS {
        let expected: Vec<_> = [(&reports, *name == "Plan"), (&bundles, IN_VPC.contains(name))]
            .into_iter()
            .filter(|(_, has_it)| *has_it)
            .map(|(statement, _)| statement.clone())
            .collect();
        assert_eq!(of_s3(&statements(&format!("{name}FunctionRole"))), expected, "{name}");
    }
    let endpoint = resource("S3VpcEndpoint");
    assert_eq!(endpoint["VpcEndpointType"], "Gateway");
    let admitted = endpoint["PolicyDocument"]["Statement"].as_array().expect("statements");
    assert_eq!(of_s3(admitted), [reports, bundles]);
}

#[test]
fn a_tasks_timeout_is_longer_than_its_functions() {
    for (task, state, name) in lambda_tasks() {
        if task == "Approval" {
            continue; // Waits for a person. What it calls has returned long before.
        }
        let timeout = &function(&name)["Timeout"];
        let limit = state["TimeoutSeconds"].as_u64().unwrap_or_else(|| {
            let (parameter, margin) = computed(&state["TimeoutSeconds"]);
            assert_eq!(timeout["!Ref"], parameter.as_str(), "{task}");
            seconds(timeout) + margin
        });
        assert!(limit >= seconds(timeout) + 10, "{task}: {limit} s for a function with {timeout}");
    }
}

/// CPU is allotted by memory. With less memory than this, the report on 20,000 statements is not ready in time, as
/// `python -m proofs.bench --limits` shows.
#[test]
fn plan_has_a_cpu_of_its_own() {
    assert_eq!(function("Plan")["MemorySize"], 1_769);
}

/// A function with time left after a failed call can log the failure.
#[test]
fn a_functions_timeout_is_longer_than_its_calls() {
    for name in ["Approve", "Notify"] {
        let timeout = seconds(&function(name)["Timeout"]);
        assert!(timeout >= shared::aws::LONGEST_CALL.as_secs() + 2, "{name}: {timeout} s");
    }
}

/// Reads `{% $number('${Parameter}') + 30 %}`.
fn computed(expression: &Value) -> (String, u64) {
    let text = expression.as_str().unwrap_or_default();
    let parts = text.strip_prefix("{% $number('${").and_then(|rest| rest.strip_suffix(" %}"));
    let (parameter, margin) = parts.and_then(|rest| rest.split_once("}') + ")).unwrap_or_else(|| panic!("{text}"));
    (parameter.to_owned(), margin.parse().expect("a margin in seconds"))
}

#[test]
fn the_backstop_is_above_the_longest_run() {
    let template = template();
    let longest = ["ApprovalSeconds", "DatabaseWaitSeconds"]
        .map(|name| template["Parameters"][name]["MaxValue"].as_u64().expect("MaxValue"));
    let backstop = definition()["TimeoutSeconds"].as_u64().expect("TimeoutSeconds");
    let hours_for_applying = 6 * 3600;
    assert!(backstop >= longest.iter().sum::<u64>() + hours_for_applying);
}

#[test]
fn the_functions_get_the_variables_that_they_read() {
    let common = keys(&template()["Globals"]["Function"]["Environment"]["Variables"]);
    for name in FUNCTIONS {
        let mut given = &common | &keys(&function(name)["Environment"]["Variables"]);
        assert!(given.remove(OF_LAMBDA), "{name} could not be published twice");
        let read = match *name {
            "Approve" => config::APPROVE_VARIABLES,
            "Notify" => config::NOTIFY_VARIABLES,
            _ => {
                assert!(given.remove(OF_THE_SDK), "{name} would not use the endpoint");
                config::DATABASE_VARIABLES
            }
        };
        assert_eq!(given, read.iter().map(|&variable| variable.to_owned()).collect(), "{name}");
    }
}

#[test]
fn changed_migrations_reach_a_new_version() {
    assert!(template()["Globals"]["Function"]["AutoPublishAlias"].is_string());
    for name in FUNCTIONS {
        assert_eq!(function(name)["AutoPublishAliasAllProperties"], true, "{name}");
        let replaced = &template()["Resources"][format!("{name}Function")]["UpdateReplacePolicy"];
        assert_eq!(replaced, "Retain", "{name}: an execution under way would lose its version");
        assert_eq!(function(name)["Layers"].is_array(), IN_VPC.contains(name), "{name}");
        let number = json!({ "!Select": [7, { "!Split": [":", { "!Ref": "MigrationsLayer" }] }] });
        let told = &function(name)["VersionDescription"]["!Sub"][1]["Layer"];
        assert_eq!(*told == number, IN_VPC.contains(name), "{name}");
    }
}

#[test]
fn logs_and_traces_are_on_and_hold_no_data() {
    for machine in MACHINES.map(resource) {
        assert_eq!(machine["Logging"]["Level"], "ALL");
        assert_eq!(machine["Logging"]["IncludeExecutionData"], false);
        assert_eq!(machine["Tracing"]["Enabled"], true);
    }
    assert_eq!(template()["Globals"]["Function"]["Tracing"], "Active");
    for name in FUNCTIONS {
        assert_eq!(function(name)["LoggingConfig"]["LogFormat"], "JSON", "{name}");
        // Lambda's own level for JSON is INFO: it would drop what RUST_LOG asks for.
        assert_eq!(function(name)["LoggingConfig"]["ApplicationLogLevel"], "TRACE", "{name}");
        assert_eq!(function(name)["LoggingConfig"]["LogGroup"]["!Ref"], format!("{name}LogGroup").as_str());
        assert_eq!(resource(&format!("{name}LogGroup"))["RetentionInDays"]["!Ref"], "LogRetentionDays");
    }
}

#[test]
fn a_machine_may_call_its_functions_and_no_other() {
    for machine in MACHINES {
        let called: BTreeSet<String> = lambda_tasks()
            .into_iter()
            .filter(|(_, _, name)| machine == "MigrationStateMachine" || name != "Apply")
            .map(|(_, _, name)| format!("${{{name}Function.Arn}}:*"))
            .collect();
        let statements = statements(&format!("{machine}Role"));
        let invoke: Vec<&Value> =
            statements.iter().filter(|found| found["Action"] == "lambda:InvokeFunction").collect();
        assert_eq!(invoke.len(), 1);
        let allowed = invoke[0]["Resource"].as_array().expect("resources").iter();
        let allowed = allowed.map(|arn| arn["!Sub"].as_str().expect("!Sub").to_owned());
        assert_eq!(allowed.collect::<BTreeSet<_>>(), called, "{machine}");
    }
}

#[test]
fn each_function_has_its_own_role_and_the_code_cannot_touch_the_network() {
    for name in FUNCTIONS {
        let role = format!("{name}FunctionRole");
        assert_eq!(function(name)["Role"]["!GetAtt"], format!("{role}.Arn").as_str());
        let statements = statements(&role);
        let find = |sid: &str| statements.iter().find(|found| found["Sid"] == sid);
        assert_eq!(function(name)["VpcConfig"].is_object(), IN_VPC.contains(name), "{name}");
        assert_eq!(find("JoinVpc").is_some(), IN_VPC.contains(name), "{name}");
        if let Some(join) = find("JoinVpc") {
            let deny = find("NotFromTheCode").unwrap_or_else(|| panic!("{role} has no Deny"));
            assert_eq!((&deny["Effect"], &deny["Action"]), (&json!("Deny"), &join["Action"]), "{role}");
            // All functions of the stack, with and without a version.
            let denied = deny["Condition"]["ArnLike"]["lambda:SourceFunctionArn"]["!Sub"].as_str().expect("!Sub");
            let own = function(name)["FunctionName"]["!Sub"].as_str().expect("!Sub").to_owned();
            let of_all = own.strip_suffix(&name.to_lowercase()).expect("the step's name comes last");
            assert!(denied.ends_with(&format!(":function:{of_all}*")), "{role} denies {denied}");
        }
        let secret = statements.iter().any(|found| found["Action"] == "secretsmanager:GetSecretValue");
        assert_eq!(secret, IN_VPC.contains(name), "{name}");
    }
}

#[test]
fn only_approve_answers_approvals() {
    for name in FUNCTIONS {
        let statements = statements(&format!("{name}FunctionRole"));
        let answers: Vec<&Value> =
            statements.iter().filter(|found| found["Action"].to_string().contains("states:SendTask")).collect();
        assert_eq!(answers.len(), usize::from(*name == "Approve"), "{name}");
        // A rejection is an answer like an approval: approve never has to report a task failure.
        assert!(answers.iter().all(|found| found["Action"] == "states:SendTaskSuccess"), "{name}");
    }
}

#[test]
fn approve_is_called_by_signed_requests() {
    assert_eq!(function("Approve")["FunctionUrlConfig"], json!({ "AuthType": "AWS_IAM", "InvokeMode": "BUFFERED" }));
    for name in FUNCTIONS {
        assert_eq!(function(name)["FunctionUrlConfig"].is_object(), *name == "Approve", "{name}");
    }
    // SAM puts the URL on the alias. The scripts look for it there, and the policies allow it there.
    assert_eq!(template()["Globals"]["Function"]["AutoPublishAlias"], "live");
}

#[test]
fn approve_knows_the_roles_that_may_only_reject() {
    // By fixed names: the roles are in a stack of its own, which may be deployed later.
    let resources = &yaml("bootstrap/github.yaml")["Resources"];
    let names = ["GitHubRunnerRole", "GitHubShipperRole"].map(|role| resources[role]["Properties"]["RoleName"].clone());
    assert!(names.iter().all(Value::is_object));
    let told = &function("Approve")["Environment"]["Variables"]["REJECT_ONLY_ROLES"];
    assert_eq!(*told, json!({ "!Join": [",", names] }));
}

#[test]
fn an_execution_that_ends_uncaught_is_mailed() {
    let event = &function("Notify")["Events"]["ExecutionEnded"];
    assert_eq!(event["Type"], "EventBridgeRule");
    let detail = &event["Properties"]["Pattern"]["detail"];
    assert_eq!(detail["status"], json!(["FAILED", "TIMED_OUT", "ABORTED"]));
    let machine = resource("MigrationStateMachine")["Name"]["!Sub"].as_str().expect("!Sub").to_owned();
    let watched = detail["stateMachineArn"][0]["!Sub"].as_str().expect("!Sub");
    assert!(watched.ends_with(&format!(":stateMachine:{machine}")), "{watched}");
}
