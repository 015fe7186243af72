//! The secret and its key.

use super::*;

const NAME: &str = "DatabaseSecretArn";
const KEY: &str = "DatabaseSecretKmsKeyArn";

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf")
}

/// An instance without a managed secret, and these secrets.
fn with(secrets: Vec<Secret>) -> Facts {
    let mut facts = facts();
    facts.instance.master_user_secret = None;
    facts.secrets = Ok(secrets);
    facts
}

fn own(name: &str) -> Secret {
    secret(name, &arn(name))
}

#[test]
fn no_secret_is_said_with_the_ways_to_one() {
    let choices = chosen(&with(vec![own("another"), own("app-db2"), own("my-app-dbs")]));
    assert_eq!(value(&choices, NAME), "?");
    assert!(why(&choices, NAME).contains("--manage-master-user-password"));
    assert!(choices.all.iter().all(|choice| choice.name != KEY));
}

#[test]
fn a_secret_is_found_by_its_tag_first_and_then_by_its_name() {
    let mut tagged = own("anything");
    tagged.tags = vec![Tag { key: "instance".to_owned(), value: "app-db".to_owned() }];
    let choices = chosen(&with(vec![own("prod/app-db/migrations"), tagged.clone()]));
    assert_eq!(value(&choices, NAME), tagged.arn);
    assert!(why(&choices, NAME).contains("by its tag instance"));
    let choices = chosen(&with(vec![own("prod/app-db/migrations"), own("app-db-web")]));
    assert_eq!(value(&choices, NAME), arn("prod/app-db/migrations"));
    // RDS tags what it manages with the instance's ARN.
    let mut managed = own("rds!db-9");
    managed.owner = Some("rds".to_owned());
    managed.tags = vec![Tag {
        key: "aws:rds:primaryDBInstanceArn".to_owned(),
        value: "arn:aws:rds:eu-west-1:123456789012:db:app-db".to_owned(),
    }];
    assert_eq!(value(&chosen(&with(vec![managed.clone()])), NAME), managed.arn);
    managed.tags[0].value = "arn:aws:rds:eu-west-1:123456789012:db:other".to_owned();
    managed.description = "app-db".to_owned();
    assert_eq!(value(&chosen(&with(vec![managed])), NAME), "?");
}

#[test]
fn several_secrets_are_asked_about() {
    let choices = chosen(&with(vec![own("app-db/owner"), own("app-db/reader")]));
    assert_eq!(value(&choices, NAME), "?");
    let question = choices.questions.iter().find(|question| question.name == NAME).unwrap();
    assert_eq!(question.options.len(), 2);
    assert_eq!(question.options[0].0, arn("app-db/owner"));
    assert!(why(&choices, NAME).contains("app-db/owner or app-db/reader: give --secret"));
}

#[test]
fn a_name_that_may_be_anothers_is_asked_about_even_if_it_is_alone() {
    let mut described = own("master");
    described.description = "For app-db, made by hand".to_owned();
    for maybe in [own("app-db-replica"), described] {
        let choices = chosen(&with(vec![maybe.clone()]));
        assert_eq!(value(&choices, NAME), "?", "{}", maybe.name);
        assert!(choices.questions.iter().any(|question| question.name == NAME), "{}", maybe.name);
    }
}

#[test]
fn a_secret_is_given_by_its_name_or_its_arn() {
    let facts = with(vec![own("one"), own("two")]);
    for said in ["two".to_owned(), arn("two")] {
        let wishes = Wishes { secret: Some(said), ..Wishes::default() };
        assert_eq!(value(&choose(&facts, &wishes, &Current::new(), STACK).unwrap(), NAME), arn("two"));
    }
    let wishes = Wishes { secret: Some("three".to_owned()), ..Wishes::default() };
    assert!(choose(&facts, &wishes, &Current::new(), STACK).unwrap_err().message.contains("no secret three"));
    let long = "x".repeat(134);
    let wishes = Wishes { secret: Some(long.clone()), ..Wishes::default() };
    let told = choose(&with(vec![own(&long)]), &wishes, &Current::new(), STACK).unwrap_err().message;
    assert!(told.contains("more than 133 characters"), "{told}");
}

#[test]
fn a_secret_of_ones_own_stays_if_it_is_there() {
    let mut facts = facts();
    facts.secrets = Ok(vec![secret("rds!db-1", MANAGED), own("migrator")]);
    let kept = current(&[(NAME, &arn("migrator"))]);
    let choices = choose(&facts, &Wishes::default(), &kept, STACK).unwrap();
    assert_eq!(value(&choices, NAME), arn("migrator"));
    assert!(why(&choices, NAME).contains(MANAGED));
    let gone = current(&[(NAME, &arn("deleted"))]);
    assert_eq!(value(&choose(&facts, &Wishes::default(), &gone, STACK).unwrap(), NAME), MANAGED);
}

#[test]
fn without_the_right_to_list_secrets_the_managed_one_is_still_known() {
    let mut facts = facts();
    facts.secrets = Err(refused("secretsmanager:ListSecrets"));
    let choices = chosen(&facts);
    assert_eq!((value(&choices, NAME), value(&choices, KEY)), (MANAGED, "="));
    facts.instance.master_user_secret = None;
    let choices = chosen(&facts);
    assert_eq!(value(&choices, NAME), "?");
    assert!(why(&choices, NAME).contains("secretsmanager:ListSecrets is not allowed to you"));
    let told = |secret: &str| {
        let wishes = Wishes { secret: Some(secret.to_owned()), ..Wishes::default() };
        choose(&facts, &wishes, &Current::new(), STACK)
    };
    assert_eq!(value(&told(&arn("mine")).unwrap(), NAME), arn("mine"));
    assert!(told("mine").unwrap_err().message.contains("with its ARN"));
}

#[test]
fn a_key_of_ones_own_is_named_by_its_arn() {
    let key = "arn:aws:kms:eu-west-1:123456789012:key/0f1e";
    for (said, expected) in [
        (None, "-"),
        (Some("arn:aws:kms:eu-west-1:123456789012:alias/aws/secretsmanager"), "-"),
        (Some("alias/aws/secretsmanager"), "-"),
        (Some(key), key),
        (Some("0f1e"), key),
        (Some("alias/mine"), "?"),
    ] {
        let mut facts = facts();
        facts.secrets = Ok(vec![Secret { key: said.map(str::to_owned), ..secret("rds!db-1", MANAGED) }]);
        assert_eq!(value(&chosen(&facts), KEY), expected, "{said:?}");
    }
}
